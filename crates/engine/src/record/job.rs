use std::sync::Arc;

use types::{BatchId, ExecutionId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId, Timestamp};

use super::Record;

/// Work that the engine does itself, in the background, when it is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub id: JobId,
    pub job_definition_id: Option<JobDefinitionId>,
    pub handler: JobHandler,
    pub execution_id: Option<ExecutionId>,
    pub process_instance_id: Option<ProcessInstanceId>,
    pub root_process_instance_id: Option<ProcessInstanceId>,
    pub definition_id: Option<ProcessDefinitionId>,
    pub definition_key: Option<Arc<str>>,
    pub tenant_id: Option<Arc<str>>,
    pub activity_id: Option<Arc<str>>,
    pub due_date: Option<Timestamp>,
    pub create_time: Timestamp,
    pub retries: i32,
    pub priority: i64,
    pub is_suspended: bool,
    /// Other nodes run no other exclusive job of the instance meanwhile.
    pub is_exclusive: bool,
    pub exception_message: Option<Arc<str>>,
    pub exception_details: Option<Arc<str>>,
    pub failed_activity_id: Option<Arc<str>>,
}

impl Job {
    pub const RETRIES_DEFAULT: i32 = 3;

    /// From when on a job executor may run it; `None` while it may not at all. Past times mean at once.
    pub fn executable_from(&self) -> Option<Timestamp> {
        if self.is_suspended || self.retries <= 0 {
            return None;
        }
        Some(self.due_date.unwrap_or(self.create_time))
    }
}

/// What a job does.
#[derive(Clone, Debug, PartialEq)]
pub enum JobHandler {
    /// Fires the timer boundary event that is the job's activity. `repeat` is the rest of a cycle (`R2/PT10M`).
    TimerTransition {
        repeat: Option<Arc<str>>,
    },
    /// The same of the timer start event of an event sub-process.
    TimerStartEventSubprocess {
        repeat: Option<Arc<str>>,
    },
    /// The same of a timer catch event, whether it stands for itself or behind a gateway.
    TimerIntermediateTransition {
        repeat: Option<Arc<str>>,
    },
    /// Tells a listener of the user task that is the job's activity.
    TimerTaskListener {
        listener_id: Arc<str>,
        repeat: Option<Arc<str>>,
    },
    /// Enters the job's activity.
    AsyncBefore,
    /// The same of the start event that an instance begins at; before that the process has not started for listeners.
    AsyncStart,
    /// Goes on after the job's activity: along a flow, or ends the path where there is none.
    AsyncAfter {
        flow: Option<Arc<str>>,
    },
    /// Starts an instance at the timer start event that is the job's activity.
    TimerStart {
        repeat: Option<Arc<str>>,
    },
    BatchSeed {
        batch_id: BatchId,
    },
    BatchMonitor {
        batch_id: BatchId,
    },
    /// `set-external-task-retries` for the tasks named in the configuration.
    BatchExecution {
        batch_id: BatchId,
        configuration: Arc<str>,
    },
    /// Suspends or activates a definition, or its instances, later.
    Suspension {
        configuration: Arc<str>,
    },
}

impl Record for Job {
    type Id = JobId;

    fn id(&self) -> JobId {
        self.id
    }
}
