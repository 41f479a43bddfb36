-- Tasks that stand alone are in no process. Ids that people give them are texts.

ALTER TABLE task RENAME TO task_before;

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
  form_key TEXT,
  is_suspended INTEGER NOT NULL,
  delegation_state TEXT,
  parent_task_id BLOB,
  revision INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

INSERT INTO task SELECT id, execution_id, process_instance_id, root_process_instance_id, definition_id,
  definition_key, business_key, tenant_id, activity_id, activity_instance_id, name, description, assignee, owner,
  priority, create_time, last_updated, due_date, follow_up_date, form_key, is_suspended, delegation_state,
  parent_task_id, 0 FROM task_before;

DROP TABLE task_before;

CREATE INDEX task_by_process_instance ON task (process_instance_id);

CREATE INDEX task_by_assignee ON task (assignee);

CREATE INDEX task_by_create_time ON task (create_time);

CREATE INDEX task_by_parent_task ON task (parent_task_id) WHERE parent_task_id IS NOT NULL;

CREATE INDEX task_by_root ON task (root_process_instance_id) WHERE process_instance_id IS NULL;

ALTER TABLE variable RENAME TO variable_before;

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
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

INSERT INTO variable SELECT id, process_instance_id, execution_id, task_id, activity_id, activity_instance_id,
  tenant_id, name, create_time, value_type, text_value, integer_value, real_value, bytes_value, value_info, revision
  FROM variable_before;

DROP TABLE variable_before;

CREATE INDEX variable_by_process_instance ON variable (process_instance_id, name);

CREATE INDEX variable_by_execution ON variable (execution_id);

CREATE INDEX variable_by_task ON variable (task_id) WHERE task_id IS NOT NULL;

ALTER TABLE historic_variable RENAME TO historic_variable_before;

CREATE TABLE historic_variable (
  id BLOB NOT NULL,
  process_instance_id BLOB,
  root_process_instance_id BLOB,
  execution_id BLOB,
  task_id BLOB,
  activity_id TEXT,
  activity_instance_id BLOB,
  definition_id TEXT,
  definition_key TEXT,
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
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

INSERT INTO historic_variable SELECT id, process_instance_id, root_process_instance_id, execution_id, task_id,
  activity_id, activity_instance_id, definition_id, definition_key, tenant_id, name, create_time, state, value_type,
  text_value, integer_value, real_value, bytes_value, value_info FROM historic_variable_before;

DROP TABLE historic_variable_before;

CREATE INDEX historic_variable_by_process_instance ON historic_variable (process_instance_id);

CREATE INDEX historic_variable_by_task ON historic_variable (task_id) WHERE task_id IS NOT NULL;

CREATE TABLE given_id (
  id BLOB NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
