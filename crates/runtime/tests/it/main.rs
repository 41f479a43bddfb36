//! The runtime over SQLite in memory.

mod support;

mod batch;
mod contention;
mod deployment;
mod form;
mod history_cleanup;
mod idempotency;
mod job;
mod job_executor;
mod lane;
mod message;
mod node_registry;
mod plan;
mod poll;
mod selection;
mod standalone_task;
mod start_event;
mod stream;
mod suspension;
mod two_nodes;
