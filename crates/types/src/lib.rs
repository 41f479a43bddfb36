//! The vocabulary every crate shares: ids, times and typed variable values.
//!
//! No IO and no serde here. What these types look like in JSON is `rest`'s business, what they look like in a table
//! is `store`'s.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod date_pattern;
pub mod id;
pub mod timestamp;
pub mod variable;

pub use date_pattern::{DatePattern, DatePatternError};
pub use id::{
    ActivityInstanceId, BatchId, DeploymentId, EventSubscriptionId, ExecutionId, ExternalTaskId, HistoryId, IncidentId,
    JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId, TaskId, Uuid, VariableInstanceId,
};
pub use timestamp::{Timestamp, TimestampError};
pub use variable::{FileValue, ObjectValue, VariableMap, VariableType, VariableValue, VariableWrite};
