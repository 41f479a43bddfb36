-- What people add to tasks.

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
