//! What a command leads to.

use std::sync::Arc;

use types::VariableMap;

use crate::change::ChangeSet;
use crate::command::{Reply, TaskTree};
use crate::effect::Effect;

#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// `None` where there is nothing to write.
    pub change_set: Option<ChangeSet>,
    /// Of aggregates that were split off: to be applied after the other, in the same unit of work.
    pub detached: Vec<ChangeSet>,
    /// To be run once the change set is durable.
    pub effects: Vec<Effect>,
    /// To be delivered elsewhere in the same unit of work; what waits within the aggregate has been told.
    pub signals: Vec<ThrownSignal>,
    /// To be adopted by another aggregate in the same unit of work.
    pub moved_tasks: Option<Box<TaskTree>>,
    pub reply: Reply,
}

/// A signal that an instance has thrown.
#[derive(Clone, Debug, PartialEq)]
pub struct ThrownSignal {
    pub name: Arc<str>,
    /// Of the instance that throws it.
    pub tenant_id: Option<Arc<str>>,
    pub variables: VariableMap,
    /// Of the instances that it starts.
    pub business_key: Option<Arc<str>>,
}
