-- While a job is about to go on with a path its variables belong to no activity.

ALTER TABLE variable RENAME TO variable_before;

CREATE TABLE variable (
  id BLOB NOT NULL,
  process_instance_id BLOB NOT NULL,
  execution_id BLOB NOT NULL,
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

INSERT INTO variable (id, process_instance_id, execution_id, task_id, activity_id, activity_instance_id, tenant_id, name, create_time, value_type, text_value, integer_value, real_value, bytes_value, value_info, revision)
  SELECT id, process_instance_id, execution_id, task_id, activity_id, activity_instance_id, tenant_id, name, create_time, value_type, text_value, integer_value, real_value, bytes_value, value_info, revision
  FROM variable_before;

DROP TABLE variable_before;

CREATE INDEX variable_by_process_instance ON variable (process_instance_id, name);

CREATE INDEX variable_by_execution ON variable (execution_id);
