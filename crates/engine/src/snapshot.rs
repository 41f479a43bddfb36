//! All rows of one aggregate, as a store loads them in one round trip.

use crate::record::{
    EventSubscription, Execution, ExternalTask, Incident, Job, ProcessInstance, Task, VariableInstance,
};

/// In no particular order within a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    pub process_instances: Vec<ProcessInstance>,
    pub executions: Vec<Execution>,
    pub external_tasks: Vec<ExternalTask>,
    pub tasks: Vec<Task>,
    pub variables: Vec<VariableInstance>,
    pub jobs: Vec<Job>,
    pub event_subscriptions: Vec<EventSubscription>,
    pub incidents: Vec<Incident>,
}
