CREATE TABLE deployment (
  id BLOB NOT NULL,
  name TEXT,
  source TEXT,
  tenant_id TEXT,
  deploy_time INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deployment_by_time ON deployment (deploy_time);

CREATE TABLE deployment_resource (
  id BLOB NOT NULL,
  deployment_id BLOB NOT NULL,
  name TEXT NOT NULL,
  contents BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX deployment_resource_by_name ON deployment_resource (deployment_id, name);

CREATE TABLE camunda_form_definition (
  id BLOB NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  deployment_id BLOB NOT NULL,
  resource_name TEXT NOT NULL,
  tenant_id TEXT,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX camunda_form_definition_by_key ON camunda_form_definition (key, version);

CREATE INDEX camunda_form_definition_by_deployment ON camunda_form_definition (deployment_id);

CREATE TABLE process_definition (
  id TEXT NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  name TEXT,
  category TEXT,
  description TEXT,
  version_tag TEXT,
  deployment_id BLOB NOT NULL,
  resource_name TEXT NOT NULL,
  diagram_resource_name TEXT,
  tenant_id TEXT,
  is_suspended INTEGER NOT NULL,
  history_time_to_live_days INTEGER,
  is_startable_in_tasklist INTEGER NOT NULL,
  is_latest INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX process_definition_by_version ON process_definition (key, coalesce(tenant_id, ''), version);

CREATE INDEX process_definition_by_deployment ON process_definition (deployment_id);

CREATE INDEX process_definition_latest ON process_definition (key) WHERE is_latest = 1;

CREATE TABLE job_definition (
  id BLOB NOT NULL,
  process_definition_id TEXT,
  process_definition_key TEXT,
  activity_id TEXT,
  job_type TEXT NOT NULL,
  configuration TEXT,
  is_suspended INTEGER NOT NULL,
  override_priority INTEGER,
  tenant_id TEXT,
  deployment_id BLOB,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_definition_by_process_definition ON job_definition (process_definition_id);

CREATE TABLE process_instance (
  id BLOB NOT NULL,
  root_process_instance_id BLOB NOT NULL,
  super_execution_id BLOB,
  definition_id TEXT NOT NULL,
  definition_key TEXT NOT NULL,
  business_key TEXT,
  tenant_id TEXT,
  is_suspended INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  next_number INTEGER NOT NULL,
  case_instance_id TEXT,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX process_instance_by_root ON process_instance (root_process_instance_id) WHERE root_process_instance_id <> id;

CREATE INDEX process_instance_by_super_execution ON process_instance (super_execution_id) WHERE super_execution_id IS NOT NULL;

CREATE INDEX process_instance_by_definition ON process_instance (definition_id);

CREATE INDEX process_instance_by_business_key ON process_instance (business_key) WHERE business_key IS NOT NULL;

CREATE TABLE execution (
  id BLOB NOT NULL,
  process_instance_id BLOB NOT NULL,
  parent_id BLOB,
  kind INTEGER NOT NULL,
  scope_activity_id TEXT,
  scope_activity_instance_id BLOB,
  activity_id TEXT,
  activity_instance_id BLOB,
  is_active INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE external_task (
  id BLOB NOT NULL,
  execution_id BLOB NOT NULL,
  process_instance_id BLOB NOT NULL,
  root_process_instance_id BLOB NOT NULL,
  definition_id TEXT NOT NULL,
  definition_key TEXT NOT NULL,
  definition_version_tag TEXT,
  business_key TEXT,
  tenant_id TEXT,
  activity_id TEXT NOT NULL,
  activity_instance_id BLOB NOT NULL,
  topic TEXT NOT NULL,
  priority INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  is_suspended INTEGER NOT NULL,
  worker_id TEXT,
  lock_expiration INTEGER,
  lock_epoch INTEGER NOT NULL,
  retries INTEGER,
  error_message TEXT,
  error_details TEXT,
  available_at INTEGER,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX external_task_fetch_in_order ON external_task (topic, create_time, id) WHERE available_at = 0 AND priority <> 0;

CREATE INDEX external_task_fetch_by_priority ON external_task (topic, priority DESC, create_time, id) WHERE available_at = 0;

CREATE INDEX external_task_next_available ON external_task (available_at) WHERE available_at > 0;

CREATE TABLE task (
  id BLOB NOT NULL,
  execution_id BLOB,
  process_instance_id BLOB,
  root_process_instance_id BLOB NOT NULL,
  definition_id TEXT,
  definition_key TEXT,
  business_key TEXT,
  tenant_id TEXT,
  activity_id TEXT,
  activity_instance_id BLOB,
  name TEXT,
  description TEXT,
  assignee TEXT,
  owner TEXT,
  priority INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  last_updated INTEGER,
  due_date INTEGER,
  follow_up_date INTEGER,
  is_suspended INTEGER NOT NULL,
  delegation_state TEXT,
  parent_task_id BLOB,
  revision INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX task_by_assignee ON task (assignee);

CREATE INDEX task_by_create_time ON task (create_time);

CREATE INDEX task_by_root ON task (root_process_instance_id) WHERE process_instance_id IS NULL;

CREATE INDEX task_by_parent_task ON task (parent_task_id) WHERE parent_task_id IS NOT NULL;

CREATE TABLE identity_link (
  task_id BLOB NOT NULL,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  user_id TEXT,
  group_id TEXT,
  PRIMARY KEY (task_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX identity_link_by_user ON identity_link (user_id);

CREATE INDEX identity_link_by_group ON identity_link (group_id);

CREATE TABLE variable (
  id BLOB NOT NULL,
  process_instance_id BLOB,
  execution_id BLOB,
  task_id BLOB,
  activity_id TEXT,
  activity_instance_id BLOB,
  tenant_id TEXT,
  name TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  value_type TEXT NOT NULL,
  text_value TEXT,
  integer_value INTEGER,
  real_value REAL,
  bytes_value BLOB,
  value_info TEXT,
  revision INTEGER NOT NULL,
  is_inner INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX variable_by_execution ON variable (execution_id) WHERE is_inner = 1;

CREATE INDEX variable_by_task ON variable (task_id) WHERE task_id IS NOT NULL;

CREATE TABLE job (
  id BLOB NOT NULL,
  job_definition_id BLOB,
  handler TEXT NOT NULL,
  handler_configuration TEXT,
  batch_id BLOB,
  execution_id BLOB,
  process_instance_id BLOB,
  root_process_instance_id BLOB,
  definition_id TEXT,
  definition_key TEXT,
  tenant_id TEXT,
  activity_id TEXT,
  due_date INTEGER,
  create_time INTEGER NOT NULL,
  retries INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  is_suspended INTEGER NOT NULL,
  is_exclusive INTEGER NOT NULL,
  exception_message TEXT,
  exception_details TEXT,
  failed_activity_id TEXT,
  lock_owner TEXT,
  lock_expiration INTEGER,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_claimable ON job (priority DESC, create_time, id) WHERE retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) <= 0;

CREATE INDEX job_next_claimable ON job (coalesce(lock_expiration, due_date, 0)) WHERE retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) > 0;

CREATE INDEX job_locked ON job (process_instance_id) WHERE lock_owner IS NOT NULL;

CREATE INDEX job_by_batch ON job (batch_id) WHERE batch_id IS NOT NULL;

CREATE INDEX job_by_definition ON job (job_definition_id);

CREATE INDEX job_by_process_definition ON job (definition_id) WHERE process_instance_id IS NULL;

CREATE TABLE event_subscription (
  id BLOB NOT NULL,
  event_type TEXT NOT NULL,
  event_name TEXT,
  execution_id BLOB,
  process_instance_id BLOB,
  activity_id TEXT NOT NULL,
  tenant_id TEXT,
  create_time INTEGER NOT NULL,
  definition_id TEXT,
  compensating_execution_id BLOB,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX event_subscription_by_event ON event_subscription (event_type, event_name);

CREATE INDEX event_subscription_by_definition ON event_subscription (definition_id) WHERE definition_id IS NOT NULL;

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

CREATE INDEX incident_by_configuration ON incident (configuration);

CREATE INDEX incident_by_job_definition ON incident (job_definition_id) WHERE process_instance_id IS NULL;

CREATE TABLE batch (
  id BLOB NOT NULL,
  batch_type TEXT NOT NULL,
  total_jobs INTEGER NOT NULL,
  jobs_created INTEGER NOT NULL,
  batch_jobs_per_seed INTEGER NOT NULL,
  invocations_per_batch_job INTEGER NOT NULL,
  seed_job_definition_id BLOB NOT NULL,
  monitor_job_definition_id BLOB NOT NULL,
  batch_job_definition_id BLOB NOT NULL,
  is_suspended INTEGER NOT NULL,
  tenant_id TEXT,
  start_time INTEGER NOT NULL,
  execution_start_time INTEGER,
  configuration TEXT NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE historic_process_instance (
  id BLOB NOT NULL,
  root_process_instance_id BLOB NOT NULL,
  super_process_instance_id BLOB,
  restarted_process_instance_id BLOB,
  definition_id TEXT NOT NULL,
  definition_key TEXT NOT NULL,
  business_key TEXT,
  tenant_id TEXT,
  start_time INTEGER NOT NULL,
  end_time INTEGER,
  start_activity_id TEXT NOT NULL,
  end_activity_id TEXT,
  state TEXT NOT NULL,
  delete_reason TEXT,
  removal_time INTEGER,
  case_instance_id TEXT,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX historic_process_instance_by_definition ON historic_process_instance (definition_id);

CREATE INDEX historic_process_instance_by_business_key ON historic_process_instance (business_key) WHERE business_key IS NOT NULL;

CREATE INDEX historic_process_instance_by_root ON historic_process_instance (root_process_instance_id) WHERE root_process_instance_id <> id;

CREATE INDEX historic_process_instance_removable ON historic_process_instance (removal_time) WHERE removal_time IS NOT NULL AND end_time IS NOT NULL;

CREATE TABLE historic_activity_instance (
  id BLOB NOT NULL,
  activity_id TEXT NOT NULL,
  parent_id BLOB NOT NULL,
  parent_activity_id TEXT,
  process_instance_id BLOB NOT NULL,
  execution_id BLOB NOT NULL,
  activity_name TEXT,
  activity_type TEXT NOT NULL,
  tenant_id TEXT,
  task_id BLOB,
  assignee TEXT,
  start_time INTEGER NOT NULL,
  end_time INTEGER,
  sequence INTEGER NOT NULL,
  is_canceled INTEGER NOT NULL,
  is_complete_scope INTEGER NOT NULL,
  called_process_instance_id BLOB,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE historic_task (
  id BLOB NOT NULL,
  process_instance_id BLOB,
  root_process_instance_id BLOB,
  execution_id BLOB,
  definition_id TEXT,
  definition_key TEXT,
  activity_id TEXT,
  activity_instance_id BLOB,
  tenant_id TEXT,
  name TEXT,
  description TEXT,
  assignee TEXT,
  owner TEXT,
  priority INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER,
  due_date INTEGER,
  follow_up_date INTEGER,
  parent_task_id BLOB,
  delete_reason TEXT,
  state TEXT NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity_link_log (
  id BLOB NOT NULL,
  time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  user_id TEXT,
  group_id TEXT,
  task_id BLOB,
  operation TEXT NOT NULL,
  process_instance_id BLOB,
  root_process_instance_id BLOB,
  definition_id TEXT,
  definition_key TEXT,
  tenant_id TEXT,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX identity_link_log_by_task ON identity_link_log (task_id);

CREATE INDEX identity_link_log_by_definition ON identity_link_log (definition_id) WHERE process_instance_id IS NULL;

CREATE TABLE historic_variable (
  id BLOB NOT NULL,
  process_instance_id BLOB,
  execution_id BLOB,
  task_id BLOB,
  activity_id TEXT,
  activity_instance_id BLOB,
  tenant_id TEXT,
  name TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  state TEXT NOT NULL,
  value_type TEXT NOT NULL,
  text_value TEXT,
  integer_value INTEGER,
  real_value REAL,
  bytes_value BLOB,
  value_info TEXT,
  first_write INTEGER,
  writer_activity_id TEXT,
  writer_activity_instance_id BLOB,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX historic_variable_by_task ON historic_variable (task_id) WHERE task_id IS NOT NULL;

CREATE TABLE historic_detail (
  id BLOB NOT NULL,
  kind TEXT NOT NULL,
  time INTEGER NOT NULL,
  process_instance_id BLOB,
  execution_id BLOB,
  activity_id TEXT,
  activity_instance_id BLOB,
  task_id BLOB,
  tenant_id TEXT,
  name TEXT NOT NULL,
  variable_instance_id BLOB,
  revision INTEGER,
  is_initial INTEGER NOT NULL,
  value_type TEXT NOT NULL,
  text_value TEXT,
  integer_value INTEGER,
  real_value REAL,
  bytes_value BLOB,
  value_info TEXT,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE historic_external_task_log (
  id BLOB NOT NULL,
  kind INTEGER NOT NULL,
  logged_at INTEGER NOT NULL,
  external_task_id BLOB NOT NULL,
  topic TEXT NOT NULL,
  worker_id TEXT,
  priority INTEGER NOT NULL,
  retries INTEGER,
  error_message TEXT,
  error_details TEXT,
  activity_id TEXT NOT NULL,
  activity_instance_id BLOB NOT NULL,
  execution_id BLOB NOT NULL,
  process_instance_id BLOB NOT NULL,
  tenant_id TEXT,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

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

CREATE INDEX historic_incident_by_job_definition ON historic_incident (job_definition_id) WHERE job_definition_id IS NOT NULL;

CREATE TABLE historic_batch (
  id BLOB NOT NULL,
  batch_type TEXT NOT NULL,
  total_jobs INTEGER NOT NULL,
  batch_jobs_per_seed INTEGER NOT NULL,
  invocations_per_batch_job INTEGER NOT NULL,
  seed_job_definition_id BLOB NOT NULL,
  monitor_job_definition_id BLOB NOT NULL,
  batch_job_definition_id BLOB NOT NULL,
  tenant_id TEXT,
  start_time INTEGER NOT NULL,
  execution_start_time INTEGER,
  end_time INTEGER,
  removal_time INTEGER,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX historic_batch_removable ON historic_batch (removal_time) WHERE removal_time IS NOT NULL AND end_time IS NOT NULL;

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

CREATE INDEX historic_job_log_by_job ON historic_job_log (job_id);

CREATE INDEX historic_job_log_by_batch ON historic_job_log (batch_id) WHERE batch_id IS NOT NULL;

CREATE INDEX historic_job_log_by_definition ON historic_job_log (definition_id) WHERE process_instance_id IS NULL;

CREATE INDEX historic_job_log_by_deployment ON historic_job_log (deployment_id) WHERE process_instance_id IS NULL;

CREATE TABLE comment (
  id BLOB NOT NULL,
  task_id BLOB NOT NULL,
  process_instance_id TEXT,
  root_process_instance_id BLOB,
  time INTEGER NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX comment_by_task ON comment (task_id);

CREATE INDEX comment_by_process_instance ON comment (process_instance_id) WHERE process_instance_id IS NOT NULL;

CREATE TABLE attachment (
  id BLOB NOT NULL,
  task_id BLOB NOT NULL,
  root_process_instance_id BLOB,
  create_time INTEGER NOT NULL,
  name TEXT,
  description TEXT,
  attachment_type TEXT,
  url TEXT,
  contents BLOB,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX attachment_by_task ON attachment (task_id);

CREATE TABLE idempotency_key (
  key TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  status INTEGER,
  content_type TEXT,
  body BLOB,
  PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_key_by_expiry ON idempotency_key (expires_at);

CREATE TABLE given_id (
  id BLOB NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE candidate_starter (
  definition_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  user_id TEXT,
  group_id TEXT,
  PRIMARY KEY (definition_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX candidate_starter_by_user ON candidate_starter (user_id);

CREATE TABLE definition_generation (
  id INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE VIEW every_historic_detail (id, kind, time, process_instance_id, execution_id, activity_id, activity_instance_id, task_id, tenant_id, name, variable_instance_id, revision, is_initial, value_type, text_value, integer_value, real_value, bytes_value, value_info) AS SELECT id, kind, time, process_instance_id, execution_id, activity_id, activity_instance_id, task_id, tenant_id, name, variable_instance_id, revision, is_initial, value_type, text_value, integer_value, real_value, bytes_value, value_info FROM historic_detail UNION ALL SELECT id, CAST('variableUpdate' AS TEXT), create_time, process_instance_id, execution_id, CAST(CASE WHEN writer_activity_instance_id IS NULL THEN activity_id ELSE writer_activity_id END AS TEXT), CAST(coalesce(writer_activity_instance_id, activity_instance_id) AS BLOB), task_id, tenant_id, name, id, CAST(0 AS bigint), first_write, value_type, text_value, integer_value, real_value, bytes_value, value_info FROM historic_variable WHERE first_write IS NOT NULL;
