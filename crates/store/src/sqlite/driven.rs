//! A database in memory that does nothing by itself: whoever holds it says what is committed when, on one thread.
//!
//! For simulators. It applies units by the same code as the writer of a file.

use std::sync::Arc;

use engine::Snapshot;
use query::{SqlValue, Statement};
use rusqlite::Connection;
use types::ProcessInstanceId;

use super::batch::{Commits, Writer};
use super::checkpoint::Checkpoints;
use super::connection::{Purpose, configure};
use super::load::{load, locate};
use super::migration::migrate;
use super::queue::UnitDone;
use super::select::{SelectWatch, select, waiting};
use super::visible_variables::with_variables;
use crate::StoreError;
use crate::error::OpenError;
use crate::work::{LocatedBy, Work, WorkDone};

const NAME: &str = ":memory:";

#[derive(Debug)]
pub struct DrivenDatabase {
    connection: Connection,
}

/// The only one that works with a database.
pub struct Driver<'d> {
    connection: &'d Connection,
    writer: Writer<'d>,
}

impl DrivenDatabase {
    pub fn create() -> Result<DrivenDatabase, OpenError> {
        let unusable = |error: StoreError| OpenError::Unusable { path: NAME.to_owned(), why: error.to_string() };
        let mut connection = Connection::open_in_memory().map_err(|error| unusable(error.into()))?;
        configure(&connection, Purpose::Write).map_err(unusable)?;
        migrate(&mut connection, NAME)?;
        Ok(DrivenDatabase { connection })
    }

    pub fn driver(&self) -> Result<Driver<'_>, StoreError> {
        Ok(Driver {
            connection: &self.connection,
            writer: Writer::new(&self.connection, Checkpoints::none(), Commits::in_memory(), Arc::default())?,
        })
    }

    /// Takes out all rows, as if it had just been created.
    pub fn clear(&self) -> Result<(), StoreError> {
        let mut tables = self.connection.prepare_cached(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_version'",
        )?;
        let names: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let text: String = names.iter().map(|name| format!("DELETE FROM {name};")).collect();
        Ok(self.connection.execute_batch(&format!("BEGIN;{text}COMMIT"))?)
    }
}

impl Driver<'_> {
    /// One transaction: the answers of all units once it is through, or a failure that leaves nothing of them.
    pub fn commit(&mut self, units: &[impl AsRef<Work>]) -> Result<Vec<Result<WorkDone, StoreError>>, StoreError> {
        let (answers, _) = self.writer.commit(units)?;
        Ok(units.iter().zip(answers).map(|(unit, answer)| self.finish(unit.as_ref(), answer?)).collect())
    }

    fn finish(&self, work: &Work, done: UnitDone) -> Result<WorkDone, StoreError> {
        Ok(match done {
            UnitDone::Applied => WorkDone::Applied,
            UnitDone::Ran => WorkDone::Ran,
            UnitDone::JobsClaimed { jobs, next } => WorkDone::JobsClaimed { jobs, next },
            UnitDone::Released { topics, next } => WorkDone::Released { topics, next },
            UnitDone::Claimed { tasks, .. } => {
                let Work::Claim(request) = work else {
                    return Err(StoreError::Failed("tasks were claimed that nobody asked for".to_owned()));
                };
                let wanted: Vec<_> = request.topics.iter().map(|topic| topic.variables.clone()).collect();
                WorkDone::Claimed(with_variables(self.connection, tasks, &wanted, &request.remembered)?)
            }
        })
    }

    pub fn locate(&self, by: LocatedBy) -> Result<Option<ProcessInstanceId>, StoreError> {
        locate(self.connection, by)
    }

    pub fn load(&self, root: ProcessInstanceId) -> Result<Option<Snapshot>, StoreError> {
        load(self.connection, root)
    }

    pub fn select(&self, statement: &Statement) -> Result<Vec<Vec<SqlValue>>, StoreError> {
        let (_waiting, waited_for) = waiting();
        select(self.connection, &SelectWatch::default(), statement, waited_for)
    }
}

impl std::fmt::Debug for Driver<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}
