-- What finds the history that can be removed, and what belongs to it.

DROP INDEX historic_process_instance_by_removal_time;
CREATE INDEX historic_process_instance_by_root ON historic_process_instance (root_process_instance_id) WHERE root_process_instance_id <> id;
CREATE INDEX historic_process_instance_removable ON historic_process_instance (removal_time) WHERE removal_time IS NOT NULL AND end_time IS NOT NULL;
CREATE INDEX historic_batch_removable ON historic_batch (removal_time) WHERE removal_time IS NOT NULL AND end_time IS NOT NULL;
CREATE INDEX historic_job_log_by_batch ON historic_job_log (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX historic_incident_by_job_definition ON historic_incident (job_definition_id) WHERE job_definition_id IS NOT NULL;
