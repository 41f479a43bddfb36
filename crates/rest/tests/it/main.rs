//! The API over a running engine on SQLite in memory.

mod bad_input;
mod completion_batch;
mod delivery;
mod error_format;
mod idempotency;
mod operation_table;
mod overload;
mod server;
mod task_remark;
mod tracing_headers;
mod worker;
mod worker_stream;
