-- The instance that a call activity has called.

ALTER TABLE historic_activity_instance ADD COLUMN called_process_instance_id BLOB;
