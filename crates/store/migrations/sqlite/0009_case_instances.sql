-- The case that an instance belongs to, as its starter says.

ALTER TABLE process_instance ADD COLUMN case_instance_id TEXT;
ALTER TABLE historic_process_instance ADD COLUMN case_instance_id TEXT;
