use std::sync::Arc;

use types::{ExecutionId, ProcessDefinitionId, ProcessInstanceId, Timestamp};

use super::Record;

/// One run of a process definition. Its root execution has the same id.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessInstance {
    pub id: ProcessInstanceId,
    /// The topmost caller; itself where nobody called it. Names the aggregate it belongs to.
    pub root_process_instance_id: ProcessInstanceId,
    /// The execution of the call activity that called it.
    pub super_execution_id: Option<ExecutionId>,
    pub definition_id: ProcessDefinitionId,
    pub definition_key: Arc<str>,
    pub business_key: Option<Arc<str>>,
    /// Of a case that it belongs to, as the starter says. There are no cases here: it is kept and handed down.
    pub case_instance_id: Option<Arc<str>>,
    pub tenant_id: Option<Arc<str>>,
    pub is_suspended: bool,
    pub start_time: Timestamp,
    /// Counts the committed changes of the aggregate; kept on the row of the root.
    pub revision: u64,
    /// Of the next thing that is made in the instance (ADR 0020).
    pub next_number: u32,
}

impl ProcessInstance {
    pub const FIRST_NUMBER: u32 = 1;
    /// Commands that begin below it end before the two bits above are needed, which say something of variables.
    pub const NUMBER_MAX: u32 = (1 << 30) - (1 << 28);
}

impl Record for ProcessInstance {
    type Id = ProcessInstanceId;

    fn id(&self) -> ProcessInstanceId {
        self.id
    }
}
