-- Configurations of incidents are texts, as those that are made by hand say anything.

ALTER TABLE incident RENAME TO incident_before;

CREATE TABLE incident (
  id BLOB NOT NULL,
  incident_type TEXT NOT NULL,
  message TEXT,
  configuration TEXT,
  execution_id BLOB,
  process_instance_id BLOB,
  definition_id TEXT,
  definition_key TEXT,
  tenant_id TEXT,
  activity_id TEXT,
  failed_activity_id TEXT,
  job_definition_id BLOB,
  create_time INTEGER NOT NULL,
  cause_incident_id BLOB NOT NULL,
  root_cause_incident_id BLOB NOT NULL,
  history_configuration BLOB,
  annotation TEXT,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

INSERT INTO incident (id, incident_type, message, configuration, execution_id, process_instance_id, definition_id, definition_key, tenant_id, activity_id, failed_activity_id, job_definition_id, create_time, cause_incident_id, root_cause_incident_id, history_configuration, annotation)
  SELECT id, incident_type, message, lower(substr(hex(configuration), 1, 8) || '-' || substr(hex(configuration), 9, 4) || '-' || substr(hex(configuration), 13, 4) || '-'
    || substr(hex(configuration), 17, 4) || '-' || substr(hex(configuration), 21)), execution_id, process_instance_id, definition_id, definition_key, tenant_id, activity_id, failed_activity_id, job_definition_id, create_time, cause_incident_id, root_cause_incident_id, history_configuration, annotation
  FROM incident_before;

DROP TABLE incident_before;

CREATE INDEX incident_by_process_instance ON incident (process_instance_id);

CREATE INDEX incident_by_configuration ON incident (configuration);

ALTER TABLE historic_incident RENAME TO historic_incident_before;

CREATE TABLE historic_incident (
  id BLOB NOT NULL,
  incident_type TEXT NOT NULL,
  message TEXT,
  configuration TEXT,
  history_configuration BLOB,
  create_time INTEGER NOT NULL,
  end_time INTEGER,
  state INTEGER NOT NULL,
  execution_id BLOB,
  process_instance_id BLOB,
  root_process_instance_id BLOB,
  definition_id TEXT,
  definition_key TEXT,
  tenant_id TEXT,
  activity_id TEXT,
  failed_activity_id TEXT,
  job_definition_id BLOB,
  cause_incident_id BLOB NOT NULL,
  root_cause_incident_id BLOB NOT NULL,
  annotation TEXT,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

INSERT INTO historic_incident (id, incident_type, message, configuration, history_configuration, create_time, end_time, state, execution_id, process_instance_id, root_process_instance_id, definition_id, definition_key, tenant_id, activity_id, failed_activity_id, job_definition_id, cause_incident_id, root_cause_incident_id, annotation)
  SELECT id, incident_type, message, lower(substr(hex(configuration), 1, 8) || '-' || substr(hex(configuration), 9, 4) || '-' || substr(hex(configuration), 13, 4) || '-'
    || substr(hex(configuration), 17, 4) || '-' || substr(hex(configuration), 21)), history_configuration, create_time, end_time, state, execution_id, process_instance_id, root_process_instance_id, definition_id, definition_key, tenant_id, activity_id, failed_activity_id, job_definition_id, cause_incident_id, root_cause_incident_id, annotation
  FROM historic_incident_before;

DROP TABLE historic_incident_before;

CREATE INDEX historic_incident_by_process_instance ON historic_incident (process_instance_id);


-- What happened to jobs.

CREATE TABLE historic_job_log (
  id BLOB NOT NULL,
  kind INTEGER NOT NULL,
  logged_at INTEGER NOT NULL,
  job_id BLOB NOT NULL,
  due_date INTEGER,
  retries INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  exception_message TEXT,
  exception_details TEXT,
  job_definition_id BLOB,
  job_type TEXT NOT NULL,
  job_configuration TEXT,
  activity_id TEXT,
  failed_activity_id TEXT,
  execution_id BLOB,
  process_instance_id BLOB,
  root_process_instance_id BLOB,
  definition_id TEXT,
  definition_key TEXT,
  deployment_id BLOB,
  tenant_id TEXT,
  host_name TEXT NOT NULL,
  batch_id BLOB,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX historic_job_log_by_process_instance ON historic_job_log (process_instance_id);

CREATE INDEX historic_job_log_by_job ON historic_job_log (job_id);
