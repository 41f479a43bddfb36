//! The one entry point: a command on an aggregate.

use types::ProcessInstanceId;

use crate::agenda;
use crate::command::{self, Command};
use crate::definition::Definitions;
use crate::env::Env;
use crate::instance::Aggregate;
use crate::outcome::Outcome;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

/// Decides on a command. `definitions` must have the definitions of all instances of the aggregate.
///
/// The aggregate is as the change set describes it afterwards, or unchanged where the command is refused.
///
/// # Errors
/// Why the command was refused.
pub fn execute(
    definitions: &dyn Definitions,
    aggregate: &mut Aggregate,
    command: &Command,
    env: &mut Env<'_>,
) -> Result<Outcome, Rejection> {
    let result = root_of(aggregate, command).and_then(|root| {
        let mut turn = Turn::new(definitions, aggregate, env);
        let answer = command::apply(&mut turn, command)?;
        agenda::run(&mut turn)?;
        let reply = command::complete_reply(&mut turn, answer);
        turn.finish(command.reach(), root, reply)
    });
    if result.is_err() {
        aggregate.roll_back();
    }
    result
}

/// Names the aggregate.
fn root_of(aggregate: &Aggregate, command: &Command) -> Result<ProcessInstanceId, Rejection> {
    match (command, aggregate.root()) {
        (Command::StartProcessInstance { id, .. } | Command::StartProcessInstanceAt { id, .. }, None) => Ok(*id),
        (Command::StartProcessInstance { id, .. } | Command::StartProcessInstanceAt { id, .. }, Some(root)) => {
            let message = format!("process instance {id} cannot start in the aggregate of {}", root.id);
            Err(Rejection::new(RejectionKind::ProcessEngine, message))
        }
        (_, Some(root)) => Ok(root.id),
        (_, None) => Err(Rejection::new(RejectionKind::NotFound, "the process instance has ended or never was")),
    }
}
