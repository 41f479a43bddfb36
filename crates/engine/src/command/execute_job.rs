//! Runs a job, whether it is due or not.

use types::{JobId, VariableMap};

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::event;
use crate::record::JobHandler;
use crate::rejection::{Rejection, RejectionKind};
use crate::timer;
use crate::turn::Turn;
use crate::{continuation, job, listener};

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: JobId) -> Result<Answer, Rejection> {
    turn.names_failed_activity = true;
    let job = turn.aggregate.job(id).cloned().ok_or_else(|| Rejection::not_found("job", id))?;
    if job.is_suspended {
        return Err(Rejection::new(RejectionKind::Suspended, format!("job {id} is suspended")));
    }
    if let Some(step) = continuation::step_of(turn, &job)? {
        job::succeed(turn, &job);
        turn.agenda.push(step);
        return Ok(Answer::Ready(Reply::Done));
    }
    if let (JobHandler::TimerTaskListener { listener_id, .. }, Some(execution)) = (&job.handler, job.execution_id) {
        job::succeed(turn, &job);
        timer::repeat(turn, &job)?;
        listener::timeout(turn, execution, listener_id)?;
        return Ok(Answer::Ready(Reply::Done));
    }
    let (
        JobHandler::TimerTransition { .. }
        | JobHandler::TimerStartEventSubprocess { .. }
        | JobHandler::TimerIntermediateTransition { .. },
        Some(execution),
        Some(activity_id),
    ) = (&job.handler, job.execution_id, &job.activity_id)
    else {
        let message = format!("job {id} is none of a process instance");
        return Err(Rejection::new(RejectionKind::ProcessEngine, message));
    };
    let element = turn.element_named(execution, activity_id)?;
    job::succeed(turn, &job);
    // An interrupting event takes the next repetition away again.
    timer::repeat(turn, &job)?;
    let step = event::happened(turn, execution, element, VariableMap::new())?;
    turn.agenda.push(step);
    Ok(Answer::Ready(Reply::Done))
}
