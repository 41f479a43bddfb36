//! The shell around the pure core: lanes and their cache, long polling, deployments, jobs, batches, clock and ids.
//!
//! Knows neither HTTP nor SQL text. Nothing is answered before it is durable.

pub mod error;
pub mod metrics;
pub mod request;
pub mod settings;

mod clock;
pub mod id;

mod idempotency;
mod recording_store;
mod runtime;
mod shared;
mod shared_look;
mod statistics;

mod admission;
mod alarm;
mod aside;
mod background;
mod row;

mod cache;
mod claim_memory;
mod command;
mod effect;
mod lane;
mod unit;

pub mod batch_window;
mod called_definition;
mod definition_cache;
mod deletion;
mod deployment;
mod form_definition;
mod history_cleanup;
mod history_deletion;
mod history_removal;
mod history_time_to_live;
mod removal_time;
mod suspension;

mod fetch;
mod poll;
mod selection;
mod stream;
mod stream_lock;

mod batch;
mod batch_job;
mod batch_work;
mod job_change;
mod job_executor;
mod job_row;
mod job_run;
mod job_turn;
mod message;
mod node_registry;
mod other_nodes;
mod pause;
mod restart;
mod signal;
mod standalone_task;
mod start_event;
mod static_call;
mod stored_job;
mod task_remark;

pub use batch_work::BATCH_TYPES;
pub use clock::Clock;
pub use error::Error;
pub use fetch::FetchedTasks;
pub use idempotency::{IdempotencyKey, Recalled, RecordedAnswer, Render};
pub use metrics::RuntimeMetrics;
pub use node_registry::{Node, nodes};
pub use request::*;
pub use runtime::Runtime;
pub use settings::{JobExecutor, JobLocks, NodeIdentity, Nodes, Settings};
pub use static_call::StaticallyCalled;
pub use statistics::{Statistics, TopicStatistics};
pub use stream::{StreamEvent, WorkerStream};

pub use bpmn::{Diagnostic, ParseFailure};
pub use store::{
    ClaimOrder, ClaimTenants, ClaimTopic, ClaimVariables, LocatedBy, LockedExternalTask, StoreError, StoreMetrics,
};
