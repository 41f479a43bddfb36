//! PostgreSQL behind the `Store` trait, and what speaks its protocol: several nodes on one database.
//!
//! Committers apply what queues up for the instances that fall to them, each batch in one transaction of set-wise
//! statements (ADR 0015). Claims and reads have connections of their own. A connection that is lost is made again.

mod array;
mod capabilities;
mod cell;
mod checks;
mod claim;
mod claim_jobs;
mod claimer;
mod committer;
mod connection;
mod dial;
mod failure;
mod history_plan;
mod line;
mod load;
mod loader;
mod message;
mod migration;
mod news;
mod outage;
mod plan;
#[cfg(test)]
mod plans;
mod pool;
mod queue;
mod removal;
mod select;
mod store;
mod texts;
mod tls;
mod transaction;
mod url;
mod wire;

pub use store::{PostgresOptions, PostgresStore};
pub use url::{PostgresUrl, redacted};
