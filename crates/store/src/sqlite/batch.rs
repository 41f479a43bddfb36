//! The writer's thread: group commit.
//!
//! Units are applied as they come, in one transaction, for as long as the last commit is on its way to the disk; then
//! they are committed and handed over to the syncer, which answers them. A unit that conflicts has written nothing and is
//! left out alone. If a statement fails, the batch is rolled back and applied again with a savepoint around each unit, so
//! that only the unit at fault is lost. Nobody is answered before the commit is durable.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, Statement};

use super::checkpoint::{self, Checkpoints};
use super::durability::Durability;
use super::gathering::{LogSync, with_log_sync_owed};
use super::queue::{Answer, Message, Unit, UnitDone, WriterInbox};
use super::statements::{Statements, prepare};
use super::syncer::{Batch, Committed, Syncer};
use crate::StoreError;
use crate::metrics::StoreMetrics;
use crate::work::{ExpectedStatement, Work};

/// Units in one transaction.
const BATCH_UNITS_MAX: usize = 1024;
/// Units that are worth a commit while another one is on its way to the disk: each commit writes some pages that all
/// of them change.
const BATCH_UNITS_WORTH: usize = 32;
/// Commits that are not durable when nothing more is committed, unless a batch is full.
const COMMITS_OWED_MAX: u64 = 2;

pub struct Writer<'c> {
    pub connection: &'c Connection,
    pub statements: Statements<'c>,
    /// Topics of tasks that claims have made fetchable on their way; the next release tells of them.
    pub released_topics: BTreeSet<Arc<str>>,
    pub metrics: Arc<StoreMetrics>,
    transaction: Transaction<'c>,
    /// The batch that is being applied.
    open: Option<OpenBatch>,
    checkpoints: Checkpoints,
    commits: Commits,
}

struct Transaction<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    save: Statement<'c>,
    keep: Statement<'c>,
    undo: Statement<'c>,
}

/// Where commits go.
pub struct Commits {
    pub durability: Arc<Durability>,
    /// `None` for a database that is not on a disk.
    pub syncer: Option<Syncer>,
}

/// What was applied and not committed.
struct OpenBatch {
    isolation: Isolation,
    begun: Instant,
    /// Of the first units of the batch.
    answers: Answers,
}

pub type Answers = Vec<Answer>;

/// What a failing statement takes with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Isolation {
    Batch,
    Unit,
}

impl Commits {
    /// Nothing is ever owed.
    pub fn in_memory() -> Commits {
        Commits { durability: Arc::default(), syncer: None }
    }

    /// Answers at once where nothing is owed, otherwise in its turn.
    fn finish(&self, committed: Committed, metrics: &StoreMetrics) {
        match &self.syncer {
            Some(syncer) if committed.log_sync == LogSync::Owed || self.durability.owed() > 1 => {
                syncer.hand_over(committed);
            }
            _ => {
                self.durability.reach(committed.number);
                committed.answer(metrics);
            }
        }
    }
}

impl<'c> Writer<'c> {
    pub fn new(
        connection: &'c Connection,
        checkpoints: Checkpoints,
        commits: Commits,
        metrics: Arc<StoreMetrics>,
    ) -> Result<Self, StoreError> {
        Ok(Writer {
            connection,
            statements: Statements::prepare(connection)?,
            released_topics: BTreeSet::new(),
            metrics,
            transaction: Transaction {
                begin: prepare(connection, "BEGIN IMMEDIATE")?,
                commit: prepare(connection, "COMMIT")?,
                save: prepare(connection, "SAVEPOINT unit")?,
                keep: prepare(connection, "RELEASE unit")?,
                undo: prepare(connection, "ROLLBACK TO unit")?,
            },
            open: None,
            checkpoints,
            commits,
        })
    }

    /// Works until it is closed.
    pub fn run(&mut self, inbox: &WriterInbox) {
        let mut units = Vec::new();
        loop {
            match self.next(inbox, units.len()) {
                Some(Message::Unit(unit)) => {
                    units.push(unit);
                    if let Err(failure) = self.apply(&units) {
                        self.refuse(std::mem::take(&mut units), &failure);
                    }
                }
                Some(Message::Read(read)) => {
                    // It sees what was submitted before it.
                    self.commit_batch(std::mem::take(&mut units));
                    read(self.connection);
                }
                Some(Message::Synced) => {}
                Some(Message::Close) => return self.commit_batch(units),
                None => self.commit_batch(std::mem::take(&mut units)),
            }
        }
    }

    /// What to do next; `None` is to commit the units that have been applied.
    fn next(&mut self, inbox: &WriterInbox, applied: usize) -> Option<Message> {
        if applied == 0 {
            return Some(self.wait(inbox));
        }
        if applied >= BATCH_UNITS_MAX {
            return None;
        }
        if self.is_worth_a_commit(applied) { inbox.next() } else { Some(inbox.wait()) }
    }

    /// Whatever comes until then costs no commit of its own.
    fn is_worth_a_commit(&self, applied: usize) -> bool {
        match self.commits.durability.owed() {
            0 => true,
            owed => owed < COMMITS_OWED_MAX && applied >= BATCH_UNITS_WORTH,
        }
    }

    fn wait(&mut self, inbox: &WriterInbox) -> Message {
        if self.checkpoints.is_wanted() {
            if let Some(message) = inbox.wait_for(checkpoint::IDLE) {
                return message;
            }
            self.checkpoints.finish(self.connection);
        }
        inbox.wait()
    }

    fn commit_batch(&mut self, units: Vec<Unit>) {
        if units.is_empty() {
            return;
        }
        let begun = self.open.as_ref().map_or_else(Instant::now, |open| open.begun);
        let number = self.commits.durability.announce();
        let committed = match self.commit(&units) {
            Ok((answers, log_sync)) => {
                let unit_count = units.len();
                let answers = self.wait_for_sync(units, answers);
                Committed { number, log_sync, batch: Some(Batch { begun, unit_count, answers }) }
            }
            Err(failure) => {
                self.refuse(units, &failure);
                Committed { number, log_sync: LogSync::Settled, batch: None }
            }
        };
        self.commits.finish(committed, &self.metrics);
        self.checkpoints.go_on(self.connection);
    }

    /// Who claims reads the variables of the tasks next, and waits for what that shows to be durable: it goes on at once.
    fn wait_for_sync(&self, units: Vec<Unit>, answers: Answers) -> Vec<(Unit, Answer)> {
        let mut waiting = Vec::with_capacity(units.len());
        for (unit, answer) in units.into_iter().zip(answers) {
            match answer {
                Ok(UnitDone::Claimed { .. }) => unit.answer(answer),
                answer => {
                    self.metrics.conflicts.add(u64::from(matches!(answer, Err(StoreError::Conflict))));
                    waiting.push((unit, answer));
                }
            }
        }
        waiting
    }

    fn refuse(&self, units: Vec<Unit>, failure: &StoreError) {
        self.metrics.failed_batches.add(1);
        tracing::error!(%failure, units = units.len(), "nothing of a batch was written");
        for unit in units {
            unit.answer(Err(failure.clone()));
        }
    }

    /// Applies those of the units that were not applied yet. A failure leaves nothing of any of them.
    fn apply(&mut self, units: &[impl AsRef<Work>]) -> Result<(), StoreError> {
        let isolation = self.open.as_ref().map_or(Isolation::Batch, |open| open.isolation);
        match self.extend(units, isolation) {
            Err(StoreError::Failed(_)) if isolation == Isolation::Batch => self.extend(units, Isolation::Unit),
            applied => applied,
        }
    }

    /// The answers of all units, once they are committed; or a failure that leaves nothing of any of them.
    pub fn commit(&mut self, units: &[impl AsRef<Work>]) -> Result<(Answers, LogSync), StoreError> {
        self.apply(units)?;
        let isolation = self.open.as_ref().map(|open| open.isolation);
        match self.end() {
            Err(StoreError::Failed(_)) if isolation == Some(Isolation::Batch) => {
                self.extend(units, Isolation::Unit)?;
                self.end()
            }
            committed => committed,
        }
    }

    fn extend(&mut self, units: &[impl AsRef<Work>], isolation: Isolation) -> Result<(), StoreError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => {
                self.transaction.begin.raw_execute()?;
                OpenBatch { isolation, begun: Instant::now(), answers: Vec::new() }
            }
        };
        for unit in &units[open.answers.len()..] {
            match self.unit(unit.as_ref(), isolation) {
                Err(failure @ StoreError::Unavailable(_)) => return Err(self.undo(open, failure)),
                Err(failure @ StoreError::Failed(_)) if isolation == Isolation::Batch => {
                    return Err(self.undo(open, failure));
                }
                answer => open.answers.push(answer),
            }
        }
        self.open = Some(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(Answers, LogSync), StoreError> {
        let open = self.open.take().expect("something was applied");
        let commit = &mut self.transaction.commit;
        let (outcome, log_sync) = match self.commits.syncer {
            Some(_) => with_log_sync_owed(|| commit.raw_execute()),
            None => (commit.raw_execute(), LogSync::Settled),
        };
        match outcome {
            Ok(_) => Ok((open.answers, log_sync)),
            Err(failure) => Err(self.undo(open, failure.into())),
        }
    }

    fn undo(&mut self, open: OpenBatch, failure: StoreError) -> StoreError {
        if !self.connection.is_autocommit() {
            let rollback = self.connection.execute_batch("ROLLBACK");
            assert!(self.connection.is_autocommit(), "a transaction cannot be rolled back: {rollback:?}");
        }
        for answer in open.answers {
            if let Ok(UnitDone::Released { topics, .. }) = answer {
                self.released_topics.extend(topics);
            }
        }
        failure
    }

    fn unit(&mut self, work: &Work, isolation: Isolation) -> Result<UnitDone, StoreError> {
        // A conflict in the first change set has written nothing; in a later one, what came before must go.
        let is_single = match work {
            Work::Apply(change_sets) => change_sets.len() <= 1,
            Work::Claim(_) | Work::ClaimJobs(_) | Work::ReleaseExpired { .. } => true,
            Work::Run(_) | Work::Remove(_) | Work::ApplyAndRun(..) | Work::ApplyAndNote(..) => false,
        };
        if is_single && isolation == Isolation::Batch {
            return self.work(work);
        }
        self.transaction.save.raw_execute()?;
        let done = self.work(work);
        if done.is_err() && !self.connection.is_autocommit() {
            self.transaction.undo.raw_execute()?;
        }
        if !self.connection.is_autocommit() {
            self.transaction.keep.raw_execute()?;
        }
        done
    }

    fn work(&mut self, work: &Work) -> Result<UnitDone, StoreError> {
        match work {
            Work::Apply(change_sets) => {
                change_sets.iter().try_for_each(|change_set| self.statements.apply(change_set))?;
                Ok(UnitDone::Applied)
            }
            Work::ApplyAndRun(change_sets, statements) | Work::ApplyAndNote(change_sets, statements) => {
                change_sets.iter().try_for_each(|change_set| self.statements.apply(change_set))?;
                self.run_statements(statements)?;
                Ok(UnitDone::Applied)
            }
            Work::Claim(request) => {
                let commit = self.commits.durability.next();
                Ok(UnitDone::Claimed { tasks: self.claim(request)?, commit })
            }
            Work::Run(statements) => self.run_statements(statements),
            Work::Remove(statements) => {
                statements.iter().try_for_each(|statement| self.run_statement(statement).map(drop))?;
                Ok(UnitDone::Ran)
            }
            Work::ClaimJobs(claim) => self.statements.job_claim.claim(claim),
            Work::ReleaseExpired { now, limit } => self.release_expired(*now, *limit),
        }
    }

    fn run_statements(&mut self, statements: &[ExpectedStatement]) -> Result<UnitDone, StoreError> {
        for ExpectedStatement { statement, rows_affected } in statements {
            let touched = self.run_statement(statement)?;
            if rows_affected.is_some_and(|expected| expected != touched) {
                return Err(StoreError::Conflict);
            }
        }
        Ok(UnitDone::Ran)
    }

    /// How many rows it touched.
    fn run_statement(&self, statement: &query::Statement) -> Result<u64, StoreError> {
        let mut prepared = self.connection.prepare_cached(&statement.text)?;
        super::row::bind_all(&mut prepared, &statement.binds)?;
        let touched = prepared.raw_execute()? as u64;
        prepared.clear_bindings();
        Ok(touched)
    }
}
