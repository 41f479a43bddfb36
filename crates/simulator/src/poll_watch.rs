//! Which polls wait where, and whether one of them has been forgotten.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::database::SLOWEST;
use crate::inbox::Life;
use crate::ledger::{TaskTruth, Violation};
use crate::world::{Node, World};

/// Waits are cut into pieces of 30 s, so that a jump of the clock is noticed within that.
const CLOCK_NOTICED_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub struct PollWatch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: u64,
    polls: BTreeMap<u64, Poll>,
}

#[derive(Debug)]
struct Poll {
    life: Life,
    worker: String,
    topics: Vec<&'static str>,
    since: Instant,
}

/// A poll that waits, until it is dropped.
#[derive(Debug)]
pub struct Watched<'w> {
    watch: &'w PollWatch,
    number: u64,
}

impl PollWatch {
    pub fn watch(&self, life: Life, worker: &str, topics: &[&'static str]) -> Watched<'_> {
        let mut state = self.lock();
        state.last += 1;
        let number = state.last;
        let poll = Poll { life, worker: worker.to_owned(), topics: topics.to_vec(), since: Instant::now() };
        state.polls.insert(number, poll);
        Watched { watch: self, number }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A poll waits on a node that knows of a task for it, for longer than anything takes.
    pub fn check(&self, world: &World) -> Result<(), Violation> {
        let now = Instant::now();
        let may_jump = world.plan.often.clock_jump > 0;
        let bound = if may_jump { SLOWEST + CLOCK_NOTICED_WITHIN } else { SLOWEST };
        let ledger = world.ledger();
        for poll in self.lock().polls.values() {
            let node = world.node(poll.life.node);
            let stalled_until = world.inbox.lock().line(poll.life).map(|line| line.stalled_until);
            let Some(stalled_until) = stalled_until else { continue };
            if poll.since + bound > now || stalled_until + bound > now {
                continue;
            }
            let for_it = ledger.external_tasks.values().filter(|task| poll.topics.contains(&&*task.row.topic));
            for task in for_it {
                if task.has_waited(&node, poll.life, bound, world.plan.nodes == 1) {
                    let (worker, id) = (&poll.worker, task.row.id);
                    return Err(format!("the poll of {worker} was not woken for the task {id} within {bound:?}"));
                }
            }
        }
        Ok(())
    }
}

impl TaskTruth {
    /// Several nodes learn of everything sooner or later. One that is alone learns of what it did itself.
    fn has_waited(&self, node: &Node, life: Life, bound: Duration, is_alone: bool) -> bool {
        let Some(from) = self.row.fetchable_from().filter(|_| !self.is_gone) else { return false };
        let since = match self.known {
            Some((knower, since)) if knower == life => since,
            _ if is_alone => return false,
            _ => self.changed_at,
        };
        let bound_ms = i64::try_from(bound.as_millis()).unwrap_or(i64::MAX);
        since + bound <= Instant::now() && from.plus_ms(bound_ms) <= node.now()
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.watch.lock().polls.remove(&self.number);
    }
}
