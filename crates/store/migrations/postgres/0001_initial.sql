CREATE TABLE deployment (
  id uuid NOT NULL,
  name TEXT COLLATE "C",
  source TEXT COLLATE "C",
  tenant_id TEXT COLLATE "C",
  deploy_time bigint NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX deployment_by_time ON deployment (deploy_time);

CREATE TABLE deployment_resource (
  id uuid NOT NULL,
  deployment_id uuid NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  contents bytea NOT NULL,
  sha256 bytea NOT NULL,
  PRIMARY KEY (id)
);

CREATE UNIQUE INDEX deployment_resource_by_name ON deployment_resource (deployment_id, name);

CREATE TABLE camunda_form_definition (
  id uuid NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  deployment_id uuid NOT NULL,
  resource_name TEXT COLLATE "C" NOT NULL,
  tenant_id TEXT COLLATE "C",
  PRIMARY KEY (id)
);

CREATE INDEX camunda_form_definition_by_key ON camunda_form_definition (key, version);

CREATE INDEX camunda_form_definition_by_deployment ON camunda_form_definition (deployment_id);

CREATE TABLE process_definition (
  id TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  name TEXT COLLATE "C",
  category TEXT COLLATE "C",
  description TEXT COLLATE "C",
  version_tag TEXT COLLATE "C",
  deployment_id uuid NOT NULL,
  resource_name TEXT COLLATE "C" NOT NULL,
  diagram_resource_name TEXT COLLATE "C",
  tenant_id TEXT COLLATE "C",
  is_suspended bigint NOT NULL,
  history_time_to_live_days bigint,
  is_startable_in_tasklist bigint NOT NULL,
  is_latest bigint NOT NULL,
  PRIMARY KEY (id)
);

CREATE UNIQUE INDEX process_definition_by_version ON process_definition (key, coalesce(tenant_id, ''), version);

CREATE INDEX process_definition_by_deployment ON process_definition (deployment_id);

CREATE INDEX process_definition_latest ON process_definition (key) WHERE is_latest = 1;

CREATE TABLE job_definition (
  id uuid NOT NULL,
  process_definition_id TEXT COLLATE "C",
  process_definition_key TEXT COLLATE "C",
  activity_id TEXT COLLATE "C",
  job_type TEXT COLLATE "C" NOT NULL,
  configuration TEXT COLLATE "C",
  is_suspended bigint NOT NULL,
  override_priority bigint,
  tenant_id TEXT COLLATE "C",
  deployment_id uuid,
  PRIMARY KEY (id)
);

CREATE INDEX job_definition_by_process_definition ON job_definition (process_definition_id);

CREATE TABLE process_instance (
  id uuid NOT NULL,
  root_process_instance_id uuid NOT NULL,
  super_execution_id uuid,
  definition_id TEXT COLLATE "C" NOT NULL,
  definition_key TEXT COLLATE "C" NOT NULL,
  business_key TEXT COLLATE "C",
  tenant_id TEXT COLLATE "C",
  is_suspended bigint NOT NULL,
  start_time bigint NOT NULL,
  revision bigint NOT NULL,
  next_number bigint NOT NULL,
  case_instance_id TEXT COLLATE "C",
  PRIMARY KEY (id)
);

CREATE INDEX process_instance_by_root ON process_instance (root_process_instance_id) WHERE root_process_instance_id <> id;

CREATE INDEX process_instance_by_super_execution ON process_instance (super_execution_id) WHERE super_execution_id IS NOT NULL;

CREATE INDEX process_instance_by_definition ON process_instance (definition_id);

CREATE INDEX process_instance_by_business_key ON process_instance (business_key) WHERE business_key IS NOT NULL;

CREATE TABLE execution (
  id uuid NOT NULL,
  process_instance_id uuid NOT NULL,
  parent_id uuid,
  kind bigint NOT NULL,
  scope_activity_id TEXT COLLATE "C",
  scope_activity_instance_id uuid,
  activity_id TEXT COLLATE "C",
  activity_instance_id uuid,
  is_active bigint NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE external_task (
  id uuid NOT NULL,
  execution_id uuid NOT NULL,
  process_instance_id uuid NOT NULL,
  root_process_instance_id uuid NOT NULL,
  definition_id TEXT COLLATE "C" NOT NULL,
  definition_key TEXT COLLATE "C" NOT NULL,
  definition_version_tag TEXT COLLATE "C",
  business_key TEXT COLLATE "C",
  tenant_id TEXT COLLATE "C",
  activity_id TEXT COLLATE "C" NOT NULL,
  activity_instance_id uuid NOT NULL,
  topic TEXT COLLATE "C" NOT NULL,
  priority bigint NOT NULL,
  create_time bigint NOT NULL,
  is_suspended bigint NOT NULL,
  worker_id TEXT COLLATE "C",
  lock_expiration bigint,
  lock_epoch bigint NOT NULL,
  retries bigint,
  error_message TEXT COLLATE "C",
  error_details TEXT COLLATE "C",
  available_at bigint,
  PRIMARY KEY (id)
);

CREATE INDEX external_task_fetch_in_order ON external_task (topic, create_time, id) WHERE available_at = 0 AND priority <> 0;

CREATE INDEX external_task_fetch_by_priority ON external_task (topic, priority DESC, create_time, id) WHERE available_at = 0;

CREATE INDEX external_task_next_available ON external_task (available_at) WHERE available_at > 0;

CREATE TABLE task (
  id uuid NOT NULL,
  execution_id uuid,
  process_instance_id uuid,
  root_process_instance_id uuid NOT NULL,
  definition_id TEXT COLLATE "C",
  definition_key TEXT COLLATE "C",
  business_key TEXT COLLATE "C",
  tenant_id TEXT COLLATE "C",
  activity_id TEXT COLLATE "C",
  activity_instance_id uuid,
  name TEXT COLLATE "C",
  description TEXT COLLATE "C",
  assignee TEXT COLLATE "C",
  owner TEXT COLLATE "C",
  priority bigint NOT NULL,
  create_time bigint NOT NULL,
  last_updated bigint,
  due_date bigint,
  follow_up_date bigint,
  is_suspended bigint NOT NULL,
  delegation_state TEXT COLLATE "C",
  parent_task_id uuid,
  revision bigint NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX task_by_assignee ON task (assignee);

CREATE INDEX task_by_create_time ON task (create_time);

CREATE INDEX task_by_root ON task (root_process_instance_id) WHERE process_instance_id IS NULL;

CREATE INDEX task_by_parent_task ON task (parent_task_id) WHERE parent_task_id IS NOT NULL;

CREATE TABLE identity_link (
  task_id uuid NOT NULL,
  position bigint NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  user_id TEXT COLLATE "C",
  group_id TEXT COLLATE "C",
  PRIMARY KEY (task_id, position)
);

CREATE INDEX identity_link_by_user ON identity_link (user_id);

CREATE INDEX identity_link_by_group ON identity_link (group_id);

CREATE TABLE variable (
  id uuid NOT NULL,
  process_instance_id uuid,
  execution_id uuid,
  task_id uuid,
  activity_id TEXT COLLATE "C",
  activity_instance_id uuid,
  tenant_id TEXT COLLATE "C",
  name TEXT COLLATE "C" NOT NULL,
  create_time bigint NOT NULL,
  value_type TEXT COLLATE "C" NOT NULL,
  text_value TEXT COLLATE "C",
  integer_value bigint,
  real_value double precision,
  bytes_value bytea,
  value_info TEXT COLLATE "C",
  revision bigint NOT NULL,
  is_inner bigint NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX variable_by_execution ON variable (execution_id) WHERE is_inner = 1;

CREATE INDEX variable_by_task ON variable (task_id) WHERE task_id IS NOT NULL;

CREATE TABLE job (
  id uuid NOT NULL,
  job_definition_id uuid,
  handler TEXT COLLATE "C" NOT NULL,
  handler_configuration TEXT COLLATE "C",
  batch_id uuid,
  execution_id uuid,
  process_instance_id uuid,
  root_process_instance_id uuid,
  definition_id TEXT COLLATE "C",
  definition_key TEXT COLLATE "C",
  tenant_id TEXT COLLATE "C",
  activity_id TEXT COLLATE "C",
  due_date bigint,
  create_time bigint NOT NULL,
  retries bigint NOT NULL,
  priority bigint NOT NULL,
  is_suspended bigint NOT NULL,
  is_exclusive bigint NOT NULL,
  exception_message TEXT COLLATE "C",
  exception_details TEXT COLLATE "C",
  failed_activity_id TEXT COLLATE "C",
  lock_owner TEXT COLLATE "C",
  lock_expiration bigint,
  PRIMARY KEY (id)
);

CREATE INDEX job_claimable ON job (priority DESC, create_time, id) WHERE retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) <= 0;

CREATE INDEX job_next_claimable ON job (coalesce(lock_expiration, due_date, 0)) WHERE retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) > 0;

CREATE INDEX job_locked ON job (process_instance_id) WHERE lock_owner IS NOT NULL;

CREATE INDEX job_by_batch ON job (batch_id) WHERE batch_id IS NOT NULL;

CREATE INDEX job_by_definition ON job (job_definition_id);

CREATE INDEX job_by_process_definition ON job (definition_id) WHERE process_instance_id IS NULL;

CREATE TABLE event_subscription (
  id uuid NOT NULL,
  event_type TEXT COLLATE "C" NOT NULL,
  event_name TEXT COLLATE "C",
  execution_id uuid,
  process_instance_id uuid,
  activity_id TEXT COLLATE "C" NOT NULL,
  tenant_id TEXT COLLATE "C",
  create_time bigint NOT NULL,
  definition_id TEXT COLLATE "C",
  compensating_execution_id uuid,
  PRIMARY KEY (id)
);

CREATE INDEX event_subscription_by_event ON event_subscription (event_type, event_name);

CREATE INDEX event_subscription_by_definition ON event_subscription (definition_id) WHERE definition_id IS NOT NULL;

CREATE TABLE incident (
  id uuid NOT NULL,
  incident_type TEXT COLLATE "C" NOT NULL,
  message TEXT COLLATE "C",
  configuration TEXT COLLATE "C",
  execution_id uuid,
  process_instance_id uuid,
  definition_id TEXT COLLATE "C",
  definition_key TEXT COLLATE "C",
  tenant_id TEXT COLLATE "C",
  activity_id TEXT COLLATE "C",
  failed_activity_id TEXT COLLATE "C",
  job_definition_id uuid,
  create_time bigint NOT NULL,
  cause_incident_id uuid NOT NULL,
  root_cause_incident_id uuid NOT NULL,
  history_configuration uuid,
  annotation TEXT COLLATE "C",
  PRIMARY KEY (id)
);

CREATE INDEX incident_by_configuration ON incident (configuration);

CREATE INDEX incident_by_job_definition ON incident (job_definition_id) WHERE process_instance_id IS NULL;

CREATE TABLE batch (
  id uuid NOT NULL,
  batch_type TEXT COLLATE "C" NOT NULL,
  total_jobs bigint NOT NULL,
  jobs_created bigint NOT NULL,
  batch_jobs_per_seed bigint NOT NULL,
  invocations_per_batch_job bigint NOT NULL,
  seed_job_definition_id uuid NOT NULL,
  monitor_job_definition_id uuid NOT NULL,
  batch_job_definition_id uuid NOT NULL,
  is_suspended bigint NOT NULL,
  tenant_id TEXT COLLATE "C",
  start_time bigint NOT NULL,
  execution_start_time bigint,
  configuration TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE historic_process_instance (
  id uuid NOT NULL,
  root_process_instance_id uuid NOT NULL,
  super_process_instance_id uuid,
  restarted_process_instance_id uuid,
  definition_id TEXT COLLATE "C" NOT NULL,
  definition_key TEXT COLLATE "C" NOT NULL,
  business_key TEXT COLLATE "C",
  tenant_id TEXT COLLATE "C",
  start_time bigint NOT NULL,
  end_time bigint,
  start_activity_id TEXT COLLATE "C" NOT NULL,
  end_activity_id TEXT COLLATE "C",
  state TEXT COLLATE "C" NOT NULL,
  delete_reason TEXT COLLATE "C",
  removal_time bigint,
  case_instance_id TEXT COLLATE "C",
  PRIMARY KEY (id)
);

CREATE INDEX historic_process_instance_by_definition ON historic_process_instance (definition_id);

CREATE INDEX historic_process_instance_by_business_key ON historic_process_instance (business_key) WHERE business_key IS NOT NULL;

CREATE INDEX historic_process_instance_by_root ON historic_process_instance (root_process_instance_id) WHERE root_process_instance_id <> id;

CREATE INDEX historic_process_instance_removable ON historic_process_instance (removal_time) WHERE removal_time IS NOT NULL AND end_time IS NOT NULL;

CREATE TABLE historic_activity_instance (
  id uuid NOT NULL,
  activity_id TEXT COLLATE "C" NOT NULL,
  parent_id uuid NOT NULL,
  parent_activity_id TEXT COLLATE "C",
  process_instance_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  activity_name TEXT COLLATE "C",
  activity_type TEXT COLLATE "C" NOT NULL,
  tenant_id TEXT COLLATE "C",
  task_id uuid,
  assignee TEXT COLLATE "C",
  start_time bigint NOT NULL,
  end_time bigint,
  sequence bigint NOT NULL,
  is_canceled bigint NOT NULL,
  is_complete_scope bigint NOT NULL,
  called_process_instance_id uuid,
  PRIMARY KEY (id)
);

CREATE TABLE historic_task (
  id uuid NOT NULL,
  process_instance_id uuid,
  root_process_instance_id uuid,
  execution_id uuid,
  definition_id TEXT COLLATE "C",
  definition_key TEXT COLLATE "C",
  activity_id TEXT COLLATE "C",
  activity_instance_id uuid,
  tenant_id TEXT COLLATE "C",
  name TEXT COLLATE "C",
  description TEXT COLLATE "C",
  assignee TEXT COLLATE "C",
  owner TEXT COLLATE "C",
  priority bigint NOT NULL,
  start_time bigint NOT NULL,
  end_time bigint,
  due_date bigint,
  follow_up_date bigint,
  parent_task_id uuid,
  delete_reason TEXT COLLATE "C",
  state TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE identity_link_log (
  id uuid NOT NULL,
  time bigint NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  user_id TEXT COLLATE "C",
  group_id TEXT COLLATE "C",
  task_id uuid,
  operation TEXT COLLATE "C" NOT NULL,
  process_instance_id uuid,
  root_process_instance_id uuid,
  definition_id TEXT COLLATE "C",
  definition_key TEXT COLLATE "C",
  tenant_id TEXT COLLATE "C",
  PRIMARY KEY (id)
);

CREATE INDEX identity_link_log_by_task ON identity_link_log (task_id);

CREATE INDEX identity_link_log_by_definition ON identity_link_log (definition_id) WHERE process_instance_id IS NULL;

CREATE TABLE historic_variable (
  id uuid NOT NULL,
  process_instance_id uuid,
  execution_id uuid,
  task_id uuid,
  activity_id TEXT COLLATE "C",
  activity_instance_id uuid,
  tenant_id TEXT COLLATE "C",
  name TEXT COLLATE "C" NOT NULL,
  create_time bigint NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  value_type TEXT COLLATE "C" NOT NULL,
  text_value TEXT COLLATE "C",
  integer_value bigint,
  real_value double precision,
  bytes_value bytea,
  value_info TEXT COLLATE "C",
  first_write bigint,
  writer_activity_id TEXT COLLATE "C",
  writer_activity_instance_id uuid,
  PRIMARY KEY (id)
);

CREATE INDEX historic_variable_by_task ON historic_variable (task_id) WHERE task_id IS NOT NULL;

CREATE TABLE historic_detail (
  id uuid NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  time bigint NOT NULL,
  process_instance_id uuid,
  execution_id uuid,
  activity_id TEXT COLLATE "C",
  activity_instance_id uuid,
  task_id uuid,
  tenant_id TEXT COLLATE "C",
  name TEXT COLLATE "C" NOT NULL,
  variable_instance_id uuid,
  revision bigint,
  is_initial bigint NOT NULL,
  value_type TEXT COLLATE "C" NOT NULL,
  text_value TEXT COLLATE "C",
  integer_value bigint,
  real_value double precision,
  bytes_value bytea,
  value_info TEXT COLLATE "C",
  PRIMARY KEY (id)
);

CREATE TABLE historic_external_task_log (
  id uuid NOT NULL,
  kind bigint NOT NULL,
  logged_at bigint NOT NULL,
  external_task_id uuid NOT NULL,
  topic TEXT COLLATE "C" NOT NULL,
  worker_id TEXT COLLATE "C",
  priority bigint NOT NULL,
  retries bigint,
  error_message TEXT COLLATE "C",
  error_details TEXT COLLATE "C",
  activity_id TEXT COLLATE "C" NOT NULL,
  activity_instance_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  process_instance_id uuid NOT NULL,
  tenant_id TEXT COLLATE "C",
  PRIMARY KEY (id)
);

CREATE TABLE historic_incident (
  id uuid NOT NULL,
  incident_type TEXT COLLATE "C" NOT NULL,
  message TEXT COLLATE "C",
  configuration TEXT COLLATE "C",
  history_configuration uuid,
  create_time bigint NOT NULL,
  end_time bigint,
  state bigint NOT NULL,
  execution_id uuid,
  process_instance_id uuid,
  root_process_instance_id uuid,
  definition_id TEXT COLLATE "C",
  definition_key TEXT COLLATE "C",
  tenant_id TEXT COLLATE "C",
  activity_id TEXT COLLATE "C",
  failed_activity_id TEXT COLLATE "C",
  job_definition_id uuid,
  cause_incident_id uuid NOT NULL,
  root_cause_incident_id uuid NOT NULL,
  annotation TEXT COLLATE "C",
  PRIMARY KEY (id)
);

CREATE INDEX historic_incident_by_job_definition ON historic_incident (job_definition_id) WHERE job_definition_id IS NOT NULL;

CREATE TABLE historic_batch (
  id uuid NOT NULL,
  batch_type TEXT COLLATE "C" NOT NULL,
  total_jobs bigint NOT NULL,
  batch_jobs_per_seed bigint NOT NULL,
  invocations_per_batch_job bigint NOT NULL,
  seed_job_definition_id uuid NOT NULL,
  monitor_job_definition_id uuid NOT NULL,
  batch_job_definition_id uuid NOT NULL,
  tenant_id TEXT COLLATE "C",
  start_time bigint NOT NULL,
  execution_start_time bigint,
  end_time bigint,
  removal_time bigint,
  PRIMARY KEY (id)
);

CREATE INDEX historic_batch_removable ON historic_batch (removal_time) WHERE removal_time IS NOT NULL AND end_time IS NOT NULL;

CREATE TABLE historic_job_log (
  id uuid NOT NULL,
  kind bigint NOT NULL,
  logged_at bigint NOT NULL,
  job_id uuid NOT NULL,
  due_date bigint,
  retries bigint NOT NULL,
  priority bigint NOT NULL,
  exception_message TEXT COLLATE "C",
  exception_details TEXT COLLATE "C",
  job_definition_id uuid,
  job_type TEXT COLLATE "C" NOT NULL,
  job_configuration TEXT COLLATE "C",
  activity_id TEXT COLLATE "C",
  failed_activity_id TEXT COLLATE "C",
  execution_id uuid,
  process_instance_id uuid,
  root_process_instance_id uuid,
  definition_id TEXT COLLATE "C",
  definition_key TEXT COLLATE "C",
  deployment_id uuid,
  tenant_id TEXT COLLATE "C",
  host_name TEXT COLLATE "C" NOT NULL,
  batch_id uuid,
  PRIMARY KEY (id)
);

CREATE INDEX historic_job_log_by_job ON historic_job_log (job_id);

CREATE INDEX historic_job_log_by_batch ON historic_job_log (batch_id) WHERE batch_id IS NOT NULL;

CREATE INDEX historic_job_log_by_definition ON historic_job_log (definition_id) WHERE process_instance_id IS NULL;

CREATE INDEX historic_job_log_by_deployment ON historic_job_log (deployment_id) WHERE process_instance_id IS NULL;

CREATE TABLE comment (
  id uuid NOT NULL,
  task_id uuid NOT NULL,
  process_instance_id TEXT COLLATE "C",
  root_process_instance_id uuid,
  time bigint NOT NULL,
  message TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX comment_by_task ON comment (task_id);

CREATE INDEX comment_by_process_instance ON comment (process_instance_id) WHERE process_instance_id IS NOT NULL;

CREATE TABLE attachment (
  id uuid NOT NULL,
  task_id uuid NOT NULL,
  root_process_instance_id uuid,
  create_time bigint NOT NULL,
  name TEXT COLLATE "C",
  description TEXT COLLATE "C",
  attachment_type TEXT COLLATE "C",
  url TEXT COLLATE "C",
  contents bytea,
  PRIMARY KEY (id)
);

CREATE INDEX attachment_by_task ON attachment (task_id);

CREATE TABLE idempotency_key (
  key TEXT COLLATE "C" NOT NULL,
  fingerprint bytea NOT NULL,
  expires_at bigint NOT NULL,
  status bigint,
  content_type TEXT COLLATE "C",
  body bytea,
  PRIMARY KEY (key)
);

CREATE INDEX idempotency_key_by_expiry ON idempotency_key (expires_at);

CREATE TABLE given_id (
  id uuid NOT NULL,
  text TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE candidate_starter (
  definition_id TEXT COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  user_id TEXT COLLATE "C",
  group_id TEXT COLLATE "C",
  PRIMARY KEY (definition_id, position)
);

CREATE INDEX candidate_starter_by_user ON candidate_starter (user_id);

CREATE TABLE definition_generation (
  id bigint NOT NULL,
  generation bigint NOT NULL,
  PRIMARY KEY (id)
);

CREATE VIEW every_historic_detail (id, kind, time, process_instance_id, execution_id, activity_id, activity_instance_id, task_id, tenant_id, name, variable_instance_id, revision, is_initial, value_type, text_value, integer_value, real_value, bytes_value, value_info) AS SELECT id, kind, time, process_instance_id, execution_id, activity_id, activity_instance_id, task_id, tenant_id, name, variable_instance_id, revision, is_initial, value_type, text_value, integer_value, real_value, bytes_value, value_info FROM historic_detail UNION ALL SELECT id, CAST('variableUpdate' AS TEXT), create_time, process_instance_id, execution_id, CAST(CASE WHEN writer_activity_instance_id IS NULL THEN activity_id ELSE writer_activity_id END AS TEXT), CAST(coalesce(writer_activity_instance_id, activity_instance_id) AS uuid), task_id, tenant_id, name, id, CAST(0 AS bigint), first_write, value_type, text_value, integer_value, real_value, bytes_value, value_info FROM historic_variable WHERE first_write IS NOT NULL;
