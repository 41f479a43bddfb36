//! The writer's thread: group commit.
//!
//! Whatever queued up while the last commit was on its way to the disk becomes one transaction. A unit that conflicts
//! has written nothing and is left out alone. If a statement fails, the batch is rolled back and applied again with a
//! savepoint around each unit, so that only the unit at fault is lost. Nobody is answered before the commit is through.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, Statement};

use super::checkpoint::{self, Checkpoints};
use super::queue::{Message, Unit, UnitDone, WriterInbox};
use super::statements::{Statements, prepare};
use crate::StoreError;
use crate::metrics::StoreMetrics;
use crate::work::{ExpectedStatement, Work};

/// Units in one transaction.
const BATCH_UNITS_MAX: usize = 1024;

pub struct Writer<'c> {
    pub connection: &'c Connection,
    pub statements: Statements<'c>,
    /// Topics of tasks that claims have made fetchable on their way; the next release tells of them.
    pub released_topics: BTreeSet<Arc<str>>,
    pub metrics: Arc<StoreMetrics>,
    transaction: Transaction<'c>,
    checkpoints: Checkpoints,
}

struct Transaction<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    save: Statement<'c>,
    keep: Statement<'c>,
    undo: Statement<'c>,
}

pub type Answers = Vec<Result<UnitDone, StoreError>>;

/// What a failing statement takes with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Isolation {
    Batch,
    Unit,
}

impl<'c> Writer<'c> {
    pub fn new(
        connection: &'c Connection,
        checkpoints: Checkpoints,
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
            checkpoints,
        })
    }

    /// Works until it is closed.
    pub fn run(&mut self, inbox: &WriterInbox) {
        let mut is_open = true;
        while is_open {
            let mut units = Vec::new();
            let mut next = Some(self.wait(inbox));
            while let Some(message) = next {
                match message {
                    Message::Unit(unit) => units.push(unit),
                    Message::Read(read) => {
                        // It sees what was submitted before it.
                        self.commit_batch(std::mem::take(&mut units));
                        read(self.connection);
                    }
                    Message::Close => is_open = false,
                }
                next = if is_open && units.len() < BATCH_UNITS_MAX { inbox.next() } else { None };
            }
            self.commit_batch(units);
            if self.checkpoints.is_due() {
                self.checkpoints.run(self.connection);
            }
        }
    }

    fn wait(&mut self, inbox: &WriterInbox) -> Message {
        if self.checkpoints.is_wanted() {
            if let Some(message) = inbox.wait_for(checkpoint::IDLE) {
                return message;
            }
            self.checkpoints.run(self.connection);
        }
        inbox.wait()
    }

    fn commit_batch(&mut self, units: Vec<Unit>) {
        if units.is_empty() {
            return;
        }
        let begun = Instant::now();
        match self.commit(&units) {
            Ok(answers) => {
                self.metrics.commits.observe_duration(begun.elapsed());
                self.metrics.batch_units.observe(units.len() as u64);
                for (unit, answer) in units.into_iter().zip(answers) {
                    if matches!(answer, Err(StoreError::Conflict)) {
                        self.metrics.conflicts.add(1);
                    }
                    // Who has gone does not need to know.
                    let _ = unit.reply.send(answer);
                }
            }
            Err(failure) => {
                self.metrics.failed_batches.add(1);
                tracing::error!(%failure, units = units.len(), "nothing of a batch was written");
                for unit in units {
                    let _ = unit.reply.send(Err(failure.clone()));
                }
            }
        }
    }

    /// The answers of all units, after the commit; or a failure that leaves nothing of the batch.
    pub fn commit(&mut self, units: &[impl AsRef<Work>]) -> Result<Answers, StoreError> {
        match self.attempt(units, Isolation::Batch) {
            Err(StoreError::Failed(_)) => self.attempt(units, Isolation::Unit),
            answers => answers,
        }
    }

    /// The answers of all units, after the commit; or a failure that leaves nothing of the batch.
    fn attempt(&mut self, units: &[impl AsRef<Work>], isolation: Isolation) -> Result<Answers, StoreError> {
        let mut answers = Vec::with_capacity(units.len());
        let outcome = self.transact(units, isolation, &mut answers);
        if outcome.is_err() && !self.connection.is_autocommit() {
            let rollback = self.connection.execute_batch("ROLLBACK");
            assert!(self.connection.is_autocommit(), "a transaction cannot be rolled back: {rollback:?}");
        }
        let Err(failure) = outcome else { return Ok(answers) };
        for answer in answers {
            if let Ok(UnitDone::Released { topics, .. }) = answer {
                self.released_topics.extend(topics);
            }
        }
        Err(failure)
    }

    fn transact(
        &mut self,
        units: &[impl AsRef<Work>],
        isolation: Isolation,
        answers: &mut Answers,
    ) -> Result<(), StoreError> {
        self.transaction.begin.raw_execute()?;
        for unit in units {
            match self.unit(unit.as_ref(), isolation) {
                Err(failure @ StoreError::Unavailable(_)) => return Err(failure),
                Err(failure @ StoreError::Failed(_)) if isolation == Isolation::Batch => return Err(failure),
                answer => answers.push(answer),
            }
        }
        self.transaction.commit.raw_execute()?;
        Ok(())
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
            Work::Claim(request) => self.claim(request).map(UnitDone::Claimed),
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
