use std::sync::Arc;

use types::{ActivityInstanceId, ExecutionId, ProcessInstanceId, TaskId, Timestamp, VariableInstanceId, VariableValue};

use super::Record;

/// A named value in a scope. Its historic row has the same id.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableInstance {
    pub id: VariableInstanceId,
    pub process_instance_id: ProcessInstanceId,
    /// The execution whose scope it is in.
    pub execution_id: ExecutionId,
    /// Set for a variable that is local to a user task.
    pub task_id: Option<TaskId>,
    /// Where REST shows it: of a path the activity that it is at, of a remembered scope what the scope around is at, else
    /// the scope itself. `None` while a job is about to go on there.
    pub activity_instance_id: Option<ActivityInstanceId>,
    pub tenant_id: Option<Arc<str>>,
    pub name: Arc<str>,
    pub value: VariableValue,
    pub create_time: Timestamp,
    /// Counts the writes after the first one.
    pub revision: u32,
}

impl Record for VariableInstance {
    type Id = VariableInstanceId;

    fn id(&self) -> VariableInstanceId {
        self.id
    }
}
