use std::sync::Arc;

use types::{ActivityInstanceId, ExecutionId, ProcessInstanceId, TaskId, Timestamp, VariableInstanceId, VariableValue};

use super::Record;

/// A named value in a scope. Its historic row has the same id.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableInstance {
    pub id: VariableInstanceId,
    /// `None` for a variable of a task that stands alone.
    pub place: Option<VariablePlace>,
    /// Set for a variable that is local to a task.
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

/// Where in a process a variable is.
#[derive(Clone, Debug, PartialEq)]
pub struct VariablePlace {
    pub process_instance_id: ProcessInstanceId,
    /// The execution whose scope it is in.
    pub execution_id: ExecutionId,
}

impl VariableInstance {
    pub fn execution_id(&self) -> Option<ExecutionId> {
        self.place.as_ref().map(|place| place.execution_id)
    }

    /// It goes with an execution that takes another one's place.
    pub fn move_to(&mut self, execution: ExecutionId) {
        if let Some(place) = &mut self.place {
            place.execution_id = execution;
        }
    }
}

impl Record for VariableInstance {
    type Id = VariableInstanceId;

    fn id(&self) -> VariableInstanceId {
        self.id
    }
}
