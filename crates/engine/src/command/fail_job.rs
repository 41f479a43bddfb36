//! Records that running a job failed: it costs a retry and, at zero, makes an incident. An element's own cycle says how
//! many retries there are and when the next one is due.

use std::sync::Arc;

use bpmn::model::Element;
use expression::Value;
use types::{ExecutionId, JobId, Timestamp};

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::due_date;
use crate::evaluate;
use crate::history::JobLogKind;
use crate::job;
use crate::record::Job;
use crate::rejection::Rejection;
use crate::turn::Turn;

use super::set_job_retries::set_retries_after;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: JobId,
    message: &Arc<str>,
    failed_activity_id: Option<&Arc<str>>,
) -> Result<Answer, Rejection> {
    let before = turn.aggregate.job(id).cloned().ok_or_else(|| Rejection::not_found("job", id))?;
    turn.aggregate.jobs.update(id, |row| {
        row.exception_message = Some(message.clone());
        row.exception_details = Some(message.clone());
        row.failed_activity_id = failed_activity_id.or(row.activity_id.as_ref()).cloned();
        row.lock_owner = None;
        row.lock_expiration = None;
    });
    let failed = turn.aggregate.job(id).cloned().expect("it was there");
    let entry = job::log(turn, &failed, JobLogKind::Failed);
    let is_first = before.exception_message.is_none() && before.exception_details.is_none();
    let attempts_before = match cycle_of(turn, &failed) {
        Some(cycle) => {
            let attempts = if is_first { cycle.attempts } else { failed.retries };
            if let Some(due_date) = cycle.next_due(attempts, turn.env.now) {
                turn.aggregate.jobs.update(id, |row| row.due_date = Some(due_date));
            }
            attempts
        }
        None => failed.retries,
    };
    set_retries_after(turn, &failed, attempts_before.saturating_sub(1).max(0), Some(entry));
    Ok(Answer::Ready(Reply::Done))
}

/// How often a job is tried, and how long it waits in between.
struct RetryCycle {
    attempts: i32,
    intervals: Vec<String>,
}

impl RetryCycle {
    /// One interval alone must make sense. Of several, each is looked at only when its turn comes.
    fn parse(text: &str, now: Timestamp) -> Option<RetryCycle> {
        let intervals: Vec<String> = text.split(',').map(|interval| interval.trim().to_owned()).collect();
        let listed = i32::try_from(intervals.len()).ok()?.saturating_add(1);
        let attempts = match intervals.as_slice() {
            [only] => {
                due_date::duration(only, now).ok()?;
                due_date::repetitions(only).map_or(listed, |times| i32::try_from(times).unwrap_or(i32::MAX))
            }
            _ => listed,
        };
        Some(RetryCycle { attempts, intervals })
    }

    /// `None` where the interval makes no sense: the job stays due.
    fn next_due(&self, attempts: i32, now: Timestamp) -> Option<Timestamp> {
        let count = i32::try_from(self.intervals.len()).ok()?;
        let place = count.saturating_sub(attempts.saturating_sub(1)).min(count - 1).max(0);
        due_date::duration(self.intervals.get(usize::try_from(place).ok()?)?, now).ok()
    }
}

/// That of the job's element. One that cannot be evaluated is none.
fn cycle_of(turn: &mut Turn<'_, '_>, job: &Job) -> Option<RetryCycle> {
    let (execution, activity_id) = (job.execution_id?, job.activity_id.as_ref()?);
    let definition = turn.definition_of(execution).ok()?;
    let element = definition.model.element(definition.model.element_by_id(activity_id)?);
    let text = cycle_text(turn, execution, element)?;
    RetryCycle::parse(&text, turn.env.now)
}

fn cycle_text(turn: &mut Turn<'_, '_>, execution: ExecutionId, element: &Element) -> Option<Arc<str>> {
    match evaluate::value(turn, execution, element.retry_cycle.as_ref()?) {
        Ok(Value::String(text)) if !text.is_empty() => Some(text),
        Ok(_) | Err(_) => None,
    }
}
