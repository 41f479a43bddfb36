-- What can be compensated remembers the execution that does it.
ALTER TABLE event_subscription ADD COLUMN compensating_execution_id BLOB;
