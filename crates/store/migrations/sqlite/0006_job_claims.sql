-- Jobs say whether they exclude others of their instance, and two indexes say which can be claimed and when others can.

ALTER TABLE job RENAME TO job_before;

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

INSERT INTO job (id, job_definition_id, handler, handler_configuration, batch_id, execution_id, process_instance_id, root_process_instance_id, definition_id, definition_key, tenant_id, activity_id, due_date, create_time, retries, priority, is_suspended, is_exclusive, exception_message, exception_details, failed_activity_id)
  SELECT id, job_definition_id, handler, handler_configuration, batch_id, execution_id, process_instance_id, root_process_instance_id, definition_id, definition_key, tenant_id, activity_id, due_date, create_time, retries, priority, is_suspended, 1, exception_message, exception_details, failed_activity_id
  FROM job_before;

DROP TABLE job_before;

CREATE INDEX job_by_process_instance ON job (process_instance_id);

CREATE INDEX job_claimable ON job (priority DESC, create_time, id) WHERE retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) <= 0;

CREATE INDEX job_next_claimable ON job (coalesce(lock_expiration, due_date, 0)) WHERE retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) > 0;

CREATE INDEX job_locked ON job (process_instance_id) WHERE lock_owner IS NOT NULL;

CREATE INDEX job_by_batch ON job (batch_id) WHERE batch_id IS NOT NULL;

CREATE INDEX job_by_definition ON job (job_definition_id);
