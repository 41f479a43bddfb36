//! Records that running a job failed: it costs a retry and, at zero, makes an incident. An element's own cycle says how
//! many retries there are and when the next one is due.

use std::sync::Arc;

use types::JobId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::history::JobLogKind;
use crate::job;
use crate::record::Job;
use crate::rejection::{Rejection, RejectionKind};
use crate::retry_cycle::RetryCycle;
use crate::turn::Turn;

use super::set_job_retries::set_retries_after;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: JobId,
    message: &Arc<str>,
    failed_activity_id: Option<&Arc<str>>,
) -> Result<Answer, Rejection> {
    let before = turn.aggregate.job(id).cloned().ok_or_else(|| Rejection::not_found("job", id))?;
    if before.is_suspended {
        return Err(Rejection::new(RejectionKind::Suspended, format!("job {id} is suspended: it was not run")));
    }
    turn.aggregate.jobs.update(id, |row| {
        row.failed_activity_id = failed_activity_id.or(row.activity_id.as_ref()).cloned();
        row.exception_message = Some(message.clone());
        row.exception_details = Some(details(row, message));
    });
    let failed = turn.aggregate.job(id).cloned().expect("it was there");
    let entry = job::log(turn, &failed, JobLogKind::Failed);
    let is_first = before.exception_message.is_none() && before.exception_details.is_none();
    let (retries, due_date) = match RetryCycle::of(turn, &failed) {
        Some(cycle) => cycle.after_failure(failed.retries, is_first, turn.env.now),
        None => (failed.retries.saturating_sub(1).max(0), None),
    };
    if due_date.is_some() {
        turn.aggregate.jobs.update(id, |row| row.due_date = due_date);
    }
    set_retries_after(turn, &failed, retries, entry);
    Ok(Answer::Ready(Reply::Done))
}

/// Where it happened, for whoever has to mend it.
fn details(job: &Job, message: &str) -> Arc<str> {
    let mut text = format!("{message}\n\twhile job {} was running", job.id);
    if let Some(activity_id) = &job.failed_activity_id {
        text.push_str(&format!("\n\tat the activity `{activity_id}`"));
    }
    if let Some(instance) = job.process_instance_id {
        text.push_str(&format!("\n\tof the process instance {instance}"));
    }
    if let Some(definition) = &job.definition_id {
        text.push_str(&format!("\n\tof the process definition {definition}"));
    }
    text.push('\n');
    text.into()
}
