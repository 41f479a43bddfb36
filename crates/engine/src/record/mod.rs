//! The rows of running instances, as the core sees them. A store has a codec for each.

mod event_subscription;
mod execution;
mod external_task;
mod incident;
mod job;
mod process_instance;
mod task;
mod variable_instance;

pub use event_subscription::{EventSubscription, EventType};
pub use execution::{Execution, ExecutionKind, Visit};
pub use external_task::ExternalTask;
pub use incident::{Incident, IncidentType};
pub use job::{Job, JobHandler};
pub use process_instance::ProcessInstance;
pub use task::{DelegationState, IdentityLink, IdentityLinkKind, Task, TaskPlace};
pub use variable_instance::{VariableInstance, VariablePlace};

use std::fmt::Debug;

/// A row with its key.
pub trait Record: Clone + Debug + PartialEq {
    type Id: Copy + Ord + Debug;

    fn id(&self) -> Self::Id;
}
