//! SQLite behind the `Store` trait: one file, one writer, several readers.
//!
//! One thread writes. It applies whatever comes while the last commit is on its way to the disk in one transaction; another
//! thread syncs what was committed and answers when that is durable. Reads go to connections of their own, and answer when
//! all that they have seen is durable.
//! A database in memory has one connection only; its reads run on the writer's thread, between transactions.

mod apply;
mod backup;
mod batch;
mod checkpoint;
mod claim;
mod claim_jobs;
mod connection;
mod driven;
mod durability;
mod failure;
mod gathering;
mod history;
mod load;
mod lock_file;
mod migration;
mod queue;
mod reader;
mod release;
mod row;
mod select;
mod statements;
mod store;
mod syncer;
mod visible_variables;
mod whole_instance;

#[cfg(test)]
pub(crate) use migration::migrate;

pub use backup::{BackupProgress, BackupReport, backup};
pub use connection::DatabaseUrl;
pub use driven::{DrivenDatabase, Driver};
pub use store::{SqliteOptions, SqliteStore};
