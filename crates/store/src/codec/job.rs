use std::borrow::Cow;
use std::sync::Arc;

use engine::record::{Job, JobHandler};
use query::{Table, tables};
use types::{BatchId, ExecutionId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId, Uuid};

use super::{RowDecode, RowEncode, RowSink, RowSource, corrupt};
use crate::StoreError;

impl RowEncode for Job {
    const TABLE: &'static Table = &tables::JOB;
    const FIXED: &'static [&'static str] = &[
        "job_definition_id",
        "handler",
        "batch_id",
        "process_instance_id",
        "root_process_instance_id",
        "tenant_id",
        "activity_id",
        "create_time",
        "is_exclusive",
    ];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.optional_uuid(self.job_definition_id.map(|id| id.0));
        row.text(handler_name(&self.handler));
        row.optional_text(handler_configuration(&self.handler).as_deref());
        row.optional_uuid(batch_of(&self.handler).map(|id| id.0));
        row.optional_uuid(self.execution_id.map(|id| id.0));
        row.optional_uuid(self.process_instance_id.map(|id| id.0));
        row.optional_uuid(self.root_process_instance_id.map(|id| id.0));
        row.optional_text(self.definition_id.as_ref().map(ProcessDefinitionId::as_str));
        row.optional_text(self.definition_key.as_deref());
        row.optional_text(self.tenant_id.as_deref());
        row.optional_text(self.activity_id.as_deref());
        row.optional_time(self.due_date);
        row.time(self.create_time);
        row.integer(i64::from(self.retries));
        row.integer(self.priority);
        row.boolean(self.is_suspended);
        row.boolean(self.is_exclusive);
        row.optional_text(self.exception_message.as_deref());
        row.optional_text(self.exception_details.as_deref());
        row.optional_text(self.failed_activity_id.as_deref());
        // A lock belongs to the row: whoever changes the job has ended it.
        row.null();
        row.null();
    }
}

impl RowDecode for Job {
    fn decode(row: &mut impl RowSource) -> Result<Self, StoreError> {
        let id = JobId(row.uuid()?);
        let job_definition_id = row.optional_uuid()?.map(JobDefinitionId);
        let name = row.text()?;
        let configuration = row.optional_text()?;
        let batch_id = row.optional_uuid()?;
        let job = Job {
            id,
            job_definition_id,
            handler: handler(&name, configuration, batch_id)?,
            execution_id: row.optional_uuid()?.map(ExecutionId),
            process_instance_id: row.optional_uuid()?.map(ProcessInstanceId),
            root_process_instance_id: row.optional_uuid()?.map(ProcessInstanceId),
            definition_id: row.optional_text()?.map(ProcessDefinitionId),
            definition_key: row.optional_text()?,
            tenant_id: row.optional_text()?,
            activity_id: row.optional_text()?,
            due_date: row.optional_time()?,
            create_time: row.time()?,
            retries: row.narrow()?,
            priority: row.integer()?,
            is_suspended: row.boolean()?,
            is_exclusive: row.boolean()?,
            exception_message: row.optional_text()?,
            exception_details: row.optional_text()?,
            failed_activity_id: row.optional_text()?,
        };
        row.skip()?;
        row.skip()?;
        Ok(job)
    }
}

const TIMER_TRANSITION: &str = "timer-transition";
const TIMER_START_EVENT_SUBPROCESS: &str = "timer-start-event-subprocess";
const TIMER_INTERMEDIATE_TRANSITION: &str = "timer-intermediate-transition";
const TIMER_TASK_LISTENER: &str = "timer-task-listener";
/// Between the id of a listener and the rest of its cycle.
const REPEATED: char = '\n';
const TIMER_START: &str = "timer-start-event";
const ASYNC_CONTINUATION: &str = "async-continuation";
const ASYNC_BEFORE: &str = "before";
const ASYNC_START: &str = "start";
const ASYNC_AFTER: &str = "after";
/// Between `after` and the id of a flow.
const ALONG: char = ' ';
const BATCH_SEED: &str = "batch-seed-job";
const BATCH_MONITOR: &str = "batch-monitor-job";
const BATCH_EXECUTION: &str = "set-external-task-retries";
const SUSPENSION: &str = "suspension";

/// What the column `handler` says.
pub fn handler_name(handler: &JobHandler) -> &'static str {
    match handler {
        JobHandler::TimerTransition { .. } => TIMER_TRANSITION,
        JobHandler::AsyncBefore | JobHandler::AsyncStart | JobHandler::AsyncAfter { .. } => ASYNC_CONTINUATION,
        JobHandler::TimerStartEventSubprocess { .. } => TIMER_START_EVENT_SUBPROCESS,
        JobHandler::TimerIntermediateTransition { .. } => TIMER_INTERMEDIATE_TRANSITION,
        JobHandler::TimerTaskListener { .. } => TIMER_TASK_LISTENER,
        JobHandler::TimerStart { .. } => TIMER_START,
        JobHandler::BatchSeed { .. } => BATCH_SEED,
        JobHandler::BatchMonitor { .. } => BATCH_MONITOR,
        JobHandler::BatchExecution { .. } => BATCH_EXECUTION,
        JobHandler::Suspension { .. } => SUSPENSION,
    }
}

fn handler_configuration(handler: &JobHandler) -> Option<Cow<'_, str>> {
    match handler {
        JobHandler::TimerTransition { repeat }
        | JobHandler::TimerStartEventSubprocess { repeat }
        | JobHandler::TimerIntermediateTransition { repeat }
        | JobHandler::TimerStart { repeat } => repeat.as_deref().map(Cow::Borrowed),
        JobHandler::TimerTaskListener { listener_id, repeat: None } => Some(Cow::Borrowed(listener_id)),
        JobHandler::TimerTaskListener { listener_id, repeat: Some(repeat) } => {
            Some(format!("{listener_id}{REPEATED}{repeat}").into())
        }
        JobHandler::AsyncBefore => Some(ASYNC_BEFORE.into()),
        JobHandler::AsyncStart => Some(ASYNC_START.into()),
        JobHandler::AsyncAfter { flow: None } => Some(ASYNC_AFTER.into()),
        JobHandler::AsyncAfter { flow: Some(flow) } => Some(format!("{ASYNC_AFTER}{ALONG}{flow}").into()),
        JobHandler::BatchSeed { .. } | JobHandler::BatchMonitor { .. } => None,
        JobHandler::BatchExecution { configuration, .. } | JobHandler::Suspension { configuration } => {
            Some(Cow::Borrowed(configuration))
        }
    }
}

/// `after`, or `after` and the flow that is to be taken.
fn continuation(configuration: &str) -> Result<JobHandler, StoreError> {
    match configuration.split_once(ALONG) {
        None if configuration == ASYNC_BEFORE => Ok(JobHandler::AsyncBefore),
        None if configuration == ASYNC_START => Ok(JobHandler::AsyncStart),
        None if configuration == ASYNC_AFTER => Ok(JobHandler::AsyncAfter { flow: None }),
        Some((ASYNC_AFTER, flow)) => Ok(JobHandler::AsyncAfter { flow: Some(flow.into()) }),
        _ => Err(corrupt("a job does not know where it goes on")),
    }
}

fn task_listener(configuration: &str) -> JobHandler {
    let (listener_id, repeat) = match configuration.split_once(REPEATED) {
        Some((id, repeat)) => (id, Some(repeat)),
        None => (configuration, None),
    };
    JobHandler::TimerTaskListener { listener_id: listener_id.into(), repeat: repeat.map(Arc::from) }
}

fn batch_of(handler: &JobHandler) -> Option<BatchId> {
    match handler {
        JobHandler::BatchSeed { batch_id }
        | JobHandler::BatchMonitor { batch_id }
        | JobHandler::BatchExecution { batch_id, .. } => Some(*batch_id),
        JobHandler::TimerTransition { .. }
        | JobHandler::TimerStartEventSubprocess { .. }
        | JobHandler::TimerIntermediateTransition { .. }
        | JobHandler::TimerStart { .. }
        | JobHandler::TimerTaskListener { .. }
        | JobHandler::AsyncBefore
        | JobHandler::AsyncStart
        | JobHandler::AsyncAfter { .. }
        | JobHandler::Suspension { .. } => None,
    }
}

fn handler(name: &str, configuration: Option<Arc<str>>, batch_id: Option<Uuid>) -> Result<JobHandler, StoreError> {
    let batch_id = || batch_id.map(BatchId).ok_or_else(|| corrupt("a batch's job has no batch"));
    let required = |text: Option<Arc<str>>| text.ok_or_else(|| corrupt("a job has no configuration"));
    Ok(match name {
        TIMER_TRANSITION => JobHandler::TimerTransition { repeat: configuration },
        TIMER_START_EVENT_SUBPROCESS => JobHandler::TimerStartEventSubprocess { repeat: configuration },
        TIMER_INTERMEDIATE_TRANSITION => JobHandler::TimerIntermediateTransition { repeat: configuration },
        TIMER_START => JobHandler::TimerStart { repeat: configuration },
        TIMER_TASK_LISTENER => task_listener(&required(configuration)?),
        ASYNC_CONTINUATION => self::continuation(&required(configuration)?)?,
        BATCH_SEED => JobHandler::BatchSeed { batch_id: batch_id()? },
        BATCH_MONITOR => JobHandler::BatchMonitor { batch_id: batch_id()? },
        BATCH_EXECUTION => {
            JobHandler::BatchExecution { batch_id: batch_id()?, configuration: required(configuration)? }
        }
        SUSPENSION => JobHandler::Suspension { configuration: required(configuration)? },
        _ => return Err(corrupt("a job has an unknown handler")),
    })
}
