//! Which aggregate something belongs to.

use std::sync::Arc;

use engine::TableChange;
use types::{ExecutionId, ExternalTaskId, JobId, ProcessInstanceId, TaskId};

use super::fixture::{WaitingInstance, apply, id, start};
use super::reload::{fresh_job, user_task};
use crate::Store;
use crate::work::LocatedBy;

pub async fn everything_is_located(store: Arc<dyn Store>) {
    let (other, waiting) = (WaitingInstance::new("t"), WaitingInstance::new("t"));
    start(&*store, &other).await;
    let (task, job) = (user_task(&waiting), fresh_job(&waiting));
    let mut changes = waiting.started();
    changes.tasks.push(TableChange::Insert(task.clone().into()));
    changes.jobs.push(TableChange::Insert(job.clone().into()));
    apply(&*store, vec![changes]).await.expect("applies");

    for by in [
        LocatedBy::ProcessInstance(waiting.id()),
        LocatedBy::Execution(waiting.root.id),
        LocatedBy::Execution(waiting.scope.id),
        LocatedBy::ExternalTask(waiting.task.id),
        LocatedBy::Task(task.id),
        LocatedBy::Job(job.id),
    ] {
        assert_eq!(store.locate(by).await, Ok(Some(waiting.id())), "{by:?}");
    }
    for by in [
        LocatedBy::ProcessInstance(ProcessInstanceId(id())),
        LocatedBy::Execution(ExecutionId(id())),
        LocatedBy::ExternalTask(ExternalTaskId(id())),
        LocatedBy::Task(TaskId(id())),
        LocatedBy::Job(JobId(id())),
    ] {
        assert_eq!(store.locate(by).await, Ok(None), "{by:?}");
    }
}
