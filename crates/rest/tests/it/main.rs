//! The API over a running engine on SQLite in memory.

mod bad_input;
mod delivery;
mod error_format;
mod operation_table;
mod server;
mod task_remark;
mod worker;
