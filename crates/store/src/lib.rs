//! Where aggregates, history and definitions are kept: one small `Store` trait, SQLite and PostgreSQL
//! behind it.
//!
//! Knows no BPMN semantics. Nothing it has acknowledged is lost, and no unit of work is ever applied in part.

mod abort_on_panic;
mod begun;
mod claim_text;
mod claimed;

pub mod codec;
pub mod conformance;
pub mod copy;
pub mod error;
pub mod metrics;
pub mod news;
pub mod postgres;
pub mod search;
pub mod sqlite;
pub mod work;

pub use error::{BackupError, OpenError, StoreError};
pub use metrics::StoreMetrics;
pub use news::{News, Newsfeed};
pub use postgres::PostgresStore;
pub use search::TaskSearch;
pub use sqlite::SqliteStore;
pub use work::{
    ClaimOrder, ClaimRequest, ClaimTenants, ClaimTopic, ClaimVariables, ClaimedJob, JobClaim, JobRelease, LocatedBy,
    LockedExternalTask, NamedValues, Remembered, RememberedVariables, TaskKey, Work, WorkDone,
};

use std::future::Future;
use std::pin::Pin;

use engine::Snapshot;
use query::{SqlValue, Statement};
use types::ProcessInstanceId;

/// An answer that is on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Durable storage. Implementations pass the conformance suite in `conformance`.
pub trait Store: Send + Sync + 'static {
    /// The aggregate that something belongs to.
    fn locate(&self, by: LocatedBy) -> Pending<'_, Option<ProcessInstanceId>>;

    /// All rows of an aggregate, as of one moment.
    fn load(&self, root: ProcessInstanceId) -> Pending<'_, Option<Snapshot>>;

    /// Rows of a query, as of one moment.
    fn select(&self, statement: Statement) -> Pending<'_, Vec<Vec<SqlValue>>>;

    /// Puts work in the queue before it returns, so that two units submitted one after the other are applied in that
    /// order; the answer comes when the work is durable. After a unit that has failed its aggregates are loaded before
    /// another unit is decided on them; a store may refuse what comes before that as a conflict.
    fn submit(&self, work: Work) -> Pending<'static, WorkDone>;

    /// Whether it can be read and written now, and has the schema of this Camlock.
    fn check(&self) -> Pending<'_, ()> {
        let flushed = self.submit(Work::Run(Vec::new()));
        Box::pin(async move { flushed.await.map(drop) })
    }

    /// Tells other nodes on the same database.
    fn announce(&self, _news: News) {}

    /// What other nodes tell from now on; `None` where nobody can be heard.
    fn listen(&self) -> Option<Newsfeed> {
        None
    }

    /// What it counts, if it does.
    fn metrics(&self) -> Option<&StoreMetrics> {
        None
    }
}
