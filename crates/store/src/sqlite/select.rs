//! Queries of any shape, bounded in time and rows, and stopped when nobody waits for them any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use query::{SqlValue, Statement};
use rusqlite::Connection;

use super::row::{bind_all, value_of};
use crate::StoreError;

/// A query that takes longer is stopped.
pub const SELECT_DURATION_MAX: Duration = Duration::from_secs(60);

/// A query that answers more is refused.
pub const SELECT_ROWS_MAX: usize = 2_000_000;

/// Steps of SQLite's machine between two looks at the clock: well below a millisecond.
const STEPS_BETWEEN_CHECKS: i32 = 10_000;

/// The one who waits for a query. Dropping it stops the query.
#[derive(Debug)]
pub struct Waiting(Arc<AtomicBool>);

/// Says to a query whether it is still waited for.
#[derive(Clone, Debug)]
pub struct WaitedFor(Arc<AtomicBool>);

pub fn waiting() -> (Waiting, WaitedFor) {
    let has_gone = Arc::new(AtomicBool::new(false));
    (Waiting(has_gone.clone()), WaitedFor(has_gone))
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Watches what runs on one connection.
#[derive(Clone, Debug, Default)]
pub struct SelectWatch(Arc<Mutex<Option<(Instant, WaitedFor)>>>);

impl SelectWatch {
    pub fn install(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let watch = self.clone();
        Ok(connection.progress_handler(STEPS_BETWEEN_CHECKS, Some(move || watch.must_stop()))?)
    }

    fn must_stop(&self) -> bool {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.as_ref().is_some_and(|(until, waited_for)| *until < Instant::now() || waited_for.has_gone())
    }

    fn set(&self, watched: Option<(Instant, WaitedFor)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = watched;
    }
}

impl WaitedFor {
    pub fn has_gone(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// All rows of a query; `Unavailable` if it was stopped.
pub fn select(
    connection: &Connection,
    watch: &SelectWatch,
    statement: &Statement,
    waited_for: WaitedFor,
) -> Result<Vec<Vec<SqlValue>>, StoreError> {
    watch.set(Some((Instant::now() + SELECT_DURATION_MAX, waited_for)));
    let rows = select_rows(connection, statement);
    watch.set(None);
    rows
}

fn select_rows(connection: &Connection, statement: &Statement) -> Result<Vec<Vec<SqlValue>>, StoreError> {
    let mut prepared = connection.prepare_cached(&statement.text)?;
    bind_all(&mut prepared, &statement.binds)?;
    let columns = prepared.column_count();
    let mut found = Vec::new();
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        if found.len() == SELECT_ROWS_MAX {
            return Err(StoreError::Failed(format!("a query has more than {SELECT_ROWS_MAX} rows")));
        }
        let cells = (0..columns).map(|n| value_of(row.get_ref(n)?));
        found.push(cells.collect::<Result<_, StoreError>>()?);
    }
    Ok(found)
}
