//! What claims have in common on every database: the order of tasks, and which variables come with them.

use std::cmp::Ordering;
use std::sync::Arc;

use engine::record::ExternalTask;
use types::{Uuid, VariableValue};

use crate::StoreError;
use crate::codec::RowSource;
use crate::codec::value::decode_value;
use crate::work::{ClaimOrder, ClaimVariables, LockedExternalTask, NamedValues, Remembered};

/// A task that was just locked.
#[derive(Debug)]
pub struct ClaimedTask {
    pub task: ExternalTask,
    /// Of the request's topics.
    pub topic: usize,
}

/// The order in which tasks are handed out. Camunda: priority counts before everything else, wherever it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimWalk {
    OldestFirst,
    NewestFirst,
    PriorityThenOldest,
    PriorityThenNewest,
}

/// What a walk sorts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkKey {
    pub priority: i64,
    pub create_time: i64,
    pub id: Uuid,
}

/// A variable in one of the scopes that a task sees.
#[derive(Debug)]
pub struct VisibleVariable {
    /// Of the tasks that ask for variables.
    task: usize,
    depth: i64,
    name: Arc<str>,
    value: VariableValue,
}

impl ClaimWalk {
    pub fn of(order: &[ClaimOrder]) -> ClaimWalk {
        let by_priority = order.contains(&ClaimOrder::PriorityDescending);
        let by_time = order.iter().find(|order| **order != ClaimOrder::PriorityDescending);
        match (by_priority, by_time == Some(&ClaimOrder::CreateTimeDescending)) {
            (false, false) => ClaimWalk::OldestFirst,
            (false, true) => ClaimWalk::NewestFirst,
            (true, false) => ClaimWalk::PriorityThenOldest,
            (true, true) => ClaimWalk::PriorityThenNewest,
        }
    }

    pub fn is_by_priority(self) -> bool {
        matches!(self, ClaimWalk::PriorityThenOldest | ClaimWalk::PriorityThenNewest)
    }

    /// Within one priority, where that counts.
    pub fn is_newest_first(self) -> bool {
        matches!(self, ClaimWalk::NewestFirst | ClaimWalk::PriorityThenNewest)
    }

    pub fn compare(self, a: WalkKey, b: WalkKey) -> Ordering {
        let oldest = || (a.create_time, a.id).cmp(&(b.create_time, b.id));
        let highest = || b.priority.cmp(&a.priority);
        match self {
            ClaimWalk::OldestFirst => oldest(),
            ClaimWalk::NewestFirst => oldest().reverse(),
            ClaimWalk::PriorityThenOldest => highest().then_with(oldest),
            ClaimWalk::PriorityThenNewest => highest().then_with(|| oldest().reverse()),
        }
    }
}

impl WalkKey {
    pub fn of(task: &ExternalTask) -> WalkKey {
        WalkKey { priority: task.priority, create_time: task.create_time.0, id: task.id.0 }
    }
}

impl VisibleVariable {
    /// Of a row with the number of the task, the depth of the scope, the name and the six cells of the value. `None`
    /// if its task does not ask for it.
    pub fn read(row: &mut impl RowSource, asking: &[Asking<'_>]) -> Result<Option<VisibleVariable>, StoreError> {
        let task = row.narrow::<usize>()?;
        let depth = row.integer()?;
        let name = row.text()?;
        if asking[task].wanted.names.as_ref().is_some_and(|names| !names.contains(&name)) {
            return Ok(None);
        }
        Ok(Some(VisibleVariable { task, depth, name, value: decode_value(row)? }))
    }

    pub fn task(&self) -> usize {
        self.task
    }

    /// The same among tasks that begin with that one.
    pub fn counted_from(mut self, first: usize) -> VisibleVariable {
        self.task -= first;
        self
    }
}

/// The variables of all tasks as the asker remembers them; `None` where one of them has to be read.
pub fn remembered(
    claimed: &[ClaimedTask],
    wanted: &[ClaimVariables],
    remembered: &Remembered,
) -> Option<Vec<NamedValues>> {
    let memory = remembered.0.as_ref()?;
    claimed.iter().map(|claimed| memory.of(&claimed.task, &wanted[claimed.topic])).collect()
}

/// A claimed task that asks for variables.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Of the claimed tasks.
    pub claimed: usize,
    pub task: &'a ExternalTask,
    pub wanted: &'a ClaimVariables,
}

/// `wanted` has an element for each topic of the request.
pub fn asking<'a>(claimed: &'a [ClaimedTask], wanted: &'a [ClaimVariables]) -> Vec<Asking<'a>> {
    let all =
        claimed.iter().enumerate().map(|(at, one)| Asking { claimed: at, task: &one.task, wanted: &wanted[one.topic] });
    all.filter(|asking| asking.wanted.names.as_ref().is_none_or(|names| !names.is_empty())).collect()
}

/// The names that any task asks for; `None` if one of them asks for all.
pub fn asked_names<'a>(asking: &[Asking<'a>]) -> Option<Vec<&'a str>> {
    let mut asked: Vec<&str> = Vec::new();
    for asking in asking {
        asked.extend(asking.wanted.names.as_ref()?.iter().map(|name| &**name));
    }
    asked.sort_unstable();
    asked.dedup();
    Some(asked)
}

/// Of each task the nearest variable of each name, in order of names; those of other tasks are known.
pub fn put_nearest(variables: &mut [NamedValues], asking: &[Asking<'_>], mut found: Vec<VisibleVariable>) {
    found.sort_by(|a, b| (a.task, &a.name, a.depth).cmp(&(b.task, &b.name, b.depth)));
    found.dedup_by(|farther, nearer| (farther.task, &farther.name) == (nearer.task, &nearer.name));
    for variable in found {
        variables[asking[variable.task].claimed].push((variable.name, variable.value));
    }
}

pub fn locked(claimed: Vec<ClaimedTask>, variables: Vec<Vec<(Arc<str>, VariableValue)>>) -> Vec<LockedExternalTask> {
    let pairs = claimed.into_iter().zip(variables);
    pairs.map(|(claimed, variables)| LockedExternalTask { task: claimed.task, variables }).collect()
}
