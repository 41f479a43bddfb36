-- Start events wait, too: they have a definition in place of an execution.
CREATE TABLE event_subscription_before AS SELECT * FROM event_subscription;
DROP TABLE event_subscription;
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
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_subscription_by_process_instance ON event_subscription (process_instance_id);
CREATE INDEX event_subscription_by_event ON event_subscription (event_type, event_name);
CREATE INDEX event_subscription_by_definition ON event_subscription (definition_id) WHERE definition_id IS NOT NULL;
INSERT INTO event_subscription (id, event_type, event_name, execution_id, process_instance_id, activity_id, tenant_id, create_time)
  SELECT id, event_type, event_name, execution_id, process_instance_id, activity_id, tenant_id, create_time
  FROM event_subscription_before;
DROP TABLE event_subscription_before;
