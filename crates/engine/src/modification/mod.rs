//! Changes of where a process instance is, from outside: activities are cancelled and others are started.
//!
//! The instructions of a modification are carried out one after another, each when all paths of the one before wait or
//! have ended. Meanwhile the instance is kept even if nothing runs in it; what becomes of it then is decided at the end.

mod cancellation;
mod instantiation;

pub(crate) use instantiation::first_activity;

use std::sync::Arc;

use types::{ExecutionId, ProcessInstanceId, VariableMap};

use crate::agenda::Step;
use crate::history::EndState;
use crate::process_instance;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

#[derive(Clone, Debug, PartialEq)]
pub struct Modification {
    pub instructions: Vec<ModificationInstruction>,
    pub skipped: Skipped,
    /// What is said of an instance in which nothing is left.
    pub emptied_as: EndState,
}

/// What of a model is left out while a command runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    pub custom_listeners: bool,
    pub io_mappings: bool,
    /// They go on without a caller when theirs is deleted.
    pub called_instances: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ModificationInstruction {
    Cancel(Cancellation),
    Start(Instantiation),
}

/// Ids are texts as they were given; one that names nothing is refused when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// All instances of an activity that are there when it is the instruction's turn; there may be none.
    Activity(Arc<str>),
    /// Those that are there before the first instruction.
    ActivityAtFirst(Arc<str>),
    ActivityInstance(Arc<str>),
    TransitionInstance(Arc<str>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Instantiation {
    pub place: Place,
    /// The activity instance to start in; without one there must be no choice.
    pub ancestor_activity_instance_id: Option<Arc<str>>,
    pub variables: VariableMap,
    /// Set where the path begins.
    pub local_variables: VariableMap,
}

/// Where a path begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At an activity.
    Before(Arc<str>),
    /// On the only flow out of an activity.
    After(Arc<str>),
    /// On a flow.
    Transition(Arc<str>),
}

/// A modification that is being carried out.
#[derive(Debug)]
pub(crate) struct Progress {
    root: ExecutionId,
    /// The last one is next.
    left: Vec<ModificationInstruction>,
    /// The activity at which the last path of the process has ended, while nothing runs in it.
    ended_at: Option<Arc<str>>,
    emptied_as: EndState,
}

/// Puts a modification on the agenda.
pub(crate) fn begin(turn: &mut Turn<'_, '_>, id: ProcessInstanceId, modification: &Modification) {
    turn.skipped = modification.skipped;
    let mut left: Vec<ModificationInstruction> =
        modification.instructions.iter().flat_map(|given| cancellation::fixed(turn, id, given)).collect();
    left.reverse();
    turn.modification =
        Some(Progress { root: ExecutionId::from(id), left, ended_at: None, emptied_as: modification.emptied_as });
    turn.agenda.push(Step::Modify);
}

/// Carries out the next instruction; after the last one, ends an instance in which nothing runs any more.
pub(crate) fn go_on(turn: &mut Turn<'_, '_>) -> Result<(), Rejection> {
    let Some(progress) = &mut turn.modification else { return Ok(()) };
    let root = progress.root;
    if turn.aggregate.execution(root).is_none() {
        return Ok(());
    }
    match progress.left.pop() {
        Some(ModificationInstruction::Cancel(cancellation)) => {
            turn.agenda.push(Step::Modify);
            cancellation::cancel(turn, root, &cancellation)
        }
        Some(ModificationInstruction::Start(instantiation)) => {
            turn.agenda.push(Step::Modify);
            instantiation::start(turn, root, &instantiation)?;
            // Camunda: in a suspended instance activities can be cancelled, but none can start.
            match turn.instance_of(root).is_suspended {
                true => Err(Rejection::new(RejectionKind::Suspended, format!("process instance {root} is suspended"))),
                false => Ok(()),
            }
        }
        None => {
            let (ended_at, emptied_as) = (progress.ended_at.take(), progress.emptied_as);
            turn.modification = None;
            finish(turn, root, ended_at, emptied_as)
        }
    }
}

/// The last path of a process has ended. Whether that is kept in mind rather than carried out.
pub(crate) fn keeps(turn: &mut Turn<'_, '_>, root: ExecutionId, last_activity: &Arc<str>) -> bool {
    match &mut turn.modification {
        Some(progress) if progress.root == root => {
            progress.ended_at = Some(last_activity.clone());
            true
        }
        _ => false,
    }
}

fn finish(
    turn: &mut Turn<'_, '_>,
    root: ExecutionId,
    ended_at: Option<Arc<str>>,
    emptied_as: EndState,
) -> Result<(), Rejection> {
    if !is_empty(turn, root) {
        return Ok(());
    }
    if let Some(last_activity) = ended_at {
        return process_instance::complete(turn, root, last_activity);
    }
    process_instance::terminate_as(turn, root, emptied_as)
}

/// Nothing runs in the scope.
fn is_empty(turn: &Turn<'_, '_>, scope: ExecutionId) -> bool {
    let row = turn.execution(scope);
    row.at.is_none() && row.continuation.is_none() && turn.aggregate.children(scope).next().is_none()
}
