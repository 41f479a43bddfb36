//! Tests of the read side: against the contract, as text in both dialects, and on a database.

mod contract;
mod database;
mod plan;
mod random_request;
mod request;
mod rows;
mod snapshot;
mod tally;
