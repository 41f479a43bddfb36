//! Suspends or activates an instance with its tasks, external tasks and jobs.

use types::{ExternalTaskId, JobId, ProcessInstanceId, TaskId};

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::rejection::Rejection;
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: ProcessInstanceId, is_suspended: bool) -> Result<Answer, Rejection> {
    let Some(instance) = turn.aggregate.process_instance(id) else {
        return Err(Rejection::not_found("process instance", id));
    };
    if instance.is_suspended != is_suspended {
        turn.aggregate.process_instances.update(id, |row| row.is_suspended = is_suspended);
        turn.history.process_instance_suspended(id, is_suspended);
    }
    let aggregate = &mut turn.aggregate;
    let external_tasks: Vec<ExternalTaskId> =
        aggregate.external_tasks.iter().filter(|task| task.process_instance_id == id).map(|task| task.id).collect();
    for task in external_tasks {
        aggregate.external_tasks.update(task, |row| row.is_suspended = is_suspended);
    }
    let tasks: Vec<TaskId> =
        aggregate.tasks.iter().filter(|task| task.process_instance_id() == Some(id)).map(|task| task.id).collect();
    for task in tasks {
        aggregate.tasks.update(task, |row| row.is_suspended = is_suspended);
    }
    let jobs: Vec<JobId> =
        aggregate.jobs.iter().filter(|job| job.process_instance_id == Some(id)).map(|job| job.id).collect();
    for job in jobs {
        aggregate.jobs.update(job, |row| row.is_suspended = is_suspended);
    }
    Ok(Answer::Ready(Reply::Done))
}
