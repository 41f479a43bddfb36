//! A committer: applies what has queued up, batch by batch, over a connection that it makes again when it is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{ChangeSet, RevisionCheck};

use super::connection::{Connector, Purpose};
use super::failure::{Failure, Progress};
use super::line::Line;
use super::queue::{BrokenRoots, Queue, Taken, Unit};
use super::transaction::{Batch, Broken, Fits, transact};
use super::wire::Wire;
use crate::StoreError;
use crate::abort_on_panic::AbortOnPanic;
use crate::metrics::StoreMetrics;

/// How often a transaction that collided with others is tried.
pub const COLLISIONS_MAX: u32 = 8;

pub struct Committer {
    line: Line<Wire>,
    broken: Arc<BrokenRoots>,
    metrics: Arc<StoreMetrics>,
}

impl Committer {
    pub fn new(connector: &Connector, broken: &Arc<BrokenRoots>, metrics: &Arc<StoreMetrics>) -> Committer {
        let line = Line::new(connector, Purpose::Keys, metrics);
        Committer { line, broken: broken.clone(), metrics: metrics.clone() }
    }

    /// Works until nobody can submit any more and all is done.
    pub async fn run(mut self, queue: Arc<Queue>) {
        let _loud = AbortOnPanic;
        while let Some(Taken { mut units, roots }) = queue.take().await {
            match units.pop() {
                Some(unit) if units.is_empty() => self.commit_alone(unit).await,
                Some(unit) => {
                    units.push(unit);
                    self.commit(units).await;
                }
                None => {}
            }
            queue.end(&roots);
        }
    }

    async fn commit(&mut self, units: Vec<Unit>) {
        let (units, stale): (Vec<_>, Vec<_>) =
            units.into_iter().partition(|unit| !self.broken.contain_any(&unit.change_sets));
        stale.into_iter().for_each(|unit| self.answer(unit, Err(StoreError::Conflict)));
        if units.is_empty() {
            return;
        }
        let batch = Batch { units: units.iter().map(|unit| unit.change_sets.as_slice()).collect(), statements: &[] };
        match self.attempt(&batch).await {
            Ok(fits) => {
                for (unit, fits) in units.into_iter().zip(fits) {
                    self.answer(unit, if fits { Ok(()) } else { Err(StoreError::Conflict) });
                }
            }
            // Only the unit at fault is lost.
            Err((Failure::Failed(_) | Failure::Duplicate(_) | Failure::Conflict, _)) if units.len() > 1 => {
                for unit in units {
                    self.commit_alone(unit).await;
                }
            }
            Err(broken) => {
                let failure = Batch::answer(&broken);
                if failure != StoreError::Conflict {
                    self.metrics.failed_batches.add(1);
                    tracing::error!(%failure, units = units.len(), "a batch was not written");
                }
                units.into_iter().for_each(|unit| self.answer(unit, Err(failure.clone())));
            }
        }
    }

    async fn commit_alone(&mut self, unit: Unit) {
        if self.broken.contain_any(&unit.change_sets) {
            return self.answer(unit, Err(StoreError::Conflict));
        }
        if unit.change_sets.is_empty() && unit.statements.is_empty() {
            return self.answer(unit, Ok(()));
        }
        let units = if unit.change_sets.is_empty() { Vec::new() } else { vec![unit.change_sets.as_slice()] };
        let batch = Batch { units, statements: &unit.statements };
        let outcome = match self.attempt(&batch).await {
            Ok(fits) if fits.iter().all(|fits| *fits) => Ok(()),
            Ok(_) => Err(StoreError::Conflict),
            // Another node was first: with a version of a definition, for example.
            Err((Failure::Duplicate(_), _)) if !unit.statements.is_empty() => Err(StoreError::Conflict),
            // Or with an aggregate of that id.
            Err((Failure::Duplicate(_), _)) if unit.change_sets.iter().any(is_new) => Err(StoreError::Conflict),
            Err((Failure::Conflict, _)) => Err(StoreError::Conflict),
            Err(broken) => {
                self.metrics.failed_batches.add(1);
                Err(Batch::answer(&broken))
            }
        };
        self.answer(unit, outcome);
    }

    /// The roots of a failed unit are known as broken before anybody learns of it.
    fn answer(&self, unit: Unit, outcome: Result<(), StoreError>) {
        if let Err(failure) = &outcome {
            self.broken.note(&unit.change_sets);
            if *failure == StoreError::Conflict {
                self.metrics.conflicts.add(1);
            }
        }
        // Who has gone does not need to know.
        let _ = unit.reply.send(outcome.map(|()| unit.done));
    }

    /// Tries again after a collision, and once if the connection was lost with nothing sent to be kept.
    async fn attempt(&mut self, batch: &Batch<'_>) -> Result<Fits, Broken> {
        let begun = Instant::now();
        let metrics = self.metrics.clone();
        let _in_use = metrics.connections_in_use.count();
        let attempted = self.attempt_until_done(batch).await;
        if attempted.is_ok() {
            self.metrics.commits.observe_duration(begun.elapsed());
            self.metrics.batch_units.observe(batch.units.len().max(1) as u64);
        }
        attempted
    }

    async fn attempt_until_done(&mut self, batch: &Batch<'_>) -> Result<Fits, Broken> {
        let mut collisions = 0;
        let mut is_second_line = false;
        loop {
            let wire: &mut Wire = self.line.connection().await.map_err(|lost| (lost, Progress::Open))?;
            match transact(wire, batch).await {
                Err((Failure::Collision(text), _)) if collisions < COLLISIONS_MAX => {
                    tracing::debug!(text, "a batch collided with another transaction");
                    collisions += 1;
                    tokio::time::sleep(pause(collisions)).await;
                }
                Err((Failure::Lost(text), progress)) => {
                    self.line.hang_up();
                    if progress == Progress::Committing || is_second_line {
                        return Err((Failure::Lost(text), progress));
                    }
                    is_second_line = true;
                }
                other => return other,
            }
        }
    }
}

fn is_new(change_set: &ChangeSet) -> bool {
    change_set.revision == RevisionCheck::New
}

/// Grows, and differs from one to the next who tries.
pub fn pause(collisions: u32) -> Duration {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let spread = u64::from(since.subsec_micros() % 8);
    Duration::from_millis((1 << collisions.min(6)) + spread)
}
