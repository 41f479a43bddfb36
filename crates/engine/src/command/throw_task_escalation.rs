//! Whoever works on a user task reports an escalation.

use std::sync::Arc;

use types::{TaskId, VariableMap};

use crate::command::dispatch::Answer;
use crate::command::{Reply, VariableReach};
use crate::escalation::{self, Escalated};
use crate::instance::ScopeKey;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables;

use super::change_task::active_task;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: TaskId,
    escalation_code: Option<&Arc<str>>,
    variables: &VariableMap,
) -> Result<Answer, Rejection> {
    let Some(escalation_code) = escalation_code.filter(|code| !code.is_empty()) else {
        return Err(Rejection::new(RejectionKind::BadUserRequest, "escalationCode is empty"));
    };
    let escalated = match active_task(turn, id)?.execution_id() {
        Some(execution) => {
            variables::set_all(turn, ScopeKey::Execution(execution), VariableReach::Nearest, variables)?;
            escalation::escalate(turn, execution, escalation_code)?
        }
        None => Escalated::Uncaught,
    };
    match escalated {
        Escalated::Beside | Escalated::Instead => Ok(Answer::Ready(Reply::Done)),
        Escalated::Uncaught => {
            let message = format!("nothing catches the escalation `{escalation_code}` of task {id}");
            Err(Rejection::new(RejectionKind::ProcessEngine, message))
        }
    }
}
