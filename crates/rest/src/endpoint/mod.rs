//! One file per resource: its operations, from a `Call` to commands and queries, and from what came of them to an
//! `Answer`.

pub mod attachment;
pub mod batch;
pub mod comment;
pub mod completion_batch;
pub mod condition;
pub mod deployment;
pub mod engine;
pub mod execution;
pub mod external_task;
pub mod external_task_retries;
pub mod fetch_and_lock;
pub mod history;
pub mod history_cleanup;
pub mod history_statistics;
pub mod incident;
pub mod instance_batch;
pub mod job;
pub mod job_definition;
pub mod message;
pub mod modification;
pub mod named_instances;
pub mod process_definition;
pub mod process_instance;
pub mod removal_time;
pub mod report;
pub mod restart;
pub mod scope_variables;
pub mod signal;
pub mod start_form;
pub mod statistics;
pub mod task;
pub mod task_form;
pub mod worker_stream;
