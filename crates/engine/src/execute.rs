//! The one entry point: a command on an aggregate.

use types::ProcessInstanceId;

use crate::agenda;
use crate::command::{self, Command, Reply};
use crate::definition::Definitions;
use crate::env::Env;
use crate::incident;
use crate::instance::Aggregate;
use crate::outcome::Outcome;
use crate::rejection::{Rejection, RejectionKind, Unfinished};
use crate::turn::Turn;

/// Decides on a command. `definitions` must have the definitions of all instances of the aggregate.
///
/// The aggregate is as the change set describes it afterwards, or unchanged where the command is refused.
///
/// # Errors
/// Why the command was refused, or which definition it needs.
pub fn execute(
    definitions: &dyn Definitions,
    aggregate: &mut Aggregate,
    command: &Command,
    env: &mut Env<'_>,
) -> Result<Outcome, Unfinished> {
    let result = root_of(aggregate, command).map_err(Unfinished::from).and_then(|root| {
        let mut turn = Turn::new(definitions, aggregate, env);
        match decide(&mut turn, command) {
            Ok(reply) => Ok(turn.finish(command.reach(), root, reply)?),
            Err(rejection) => Err(match turn.needed_definition.take() {
                Some(reference) => Unfinished::NeedsDefinition(reference),
                None => Unfinished::Rejected(rejection),
            }),
        }
    });
    if result.is_err() {
        aggregate.roll_back();
    }
    result
}

fn decide(turn: &mut Turn<'_, '_>, command: &Command) -> Result<Reply, Rejection> {
    let answer = command::apply(turn, command)?;
    agenda::run(turn)?;
    incident::resolve_tried(turn);
    Ok(command::complete_reply(turn, answer))
}

/// Names the aggregate.
fn root_of(aggregate: &Aggregate, command: &Command) -> Result<ProcessInstanceId, Rejection> {
    match (command, aggregate.root_id()) {
        (
            Command::StartProcessInstance { id, .. }
            | Command::StartProcessInstanceAt { id, .. }
            | Command::SubmitStartForm { id, .. },
            None,
        ) => Ok(*id),
        (
            Command::StartProcessInstance { id, .. }
            | Command::StartProcessInstanceAt { id, .. }
            | Command::SubmitStartForm { id, .. },
            Some(root),
        ) => {
            let message = format!("process instance {id} cannot start in the aggregate of {root}");
            Err(Rejection::new(RejectionKind::ProcessEngine, message))
        }
        (Command::CreateTask { id, properties }, None) if properties.parent_task_id.is_none() => Ok(id.0.into()),
        (Command::CreateTask { .. }, None) => {
            Err(Rejection::new(RejectionKind::NotValid, "there is no task to be a part of"))
        }
        (Command::AdoptTask { tree }, None) => Ok(tree.root_process_instance_id),
        (_, Some(root)) => Ok(root),
        (_, None) => Err(Rejection::new(RejectionKind::NotFound, "the process instance has ended or never was")),
    }
}
