//! `cargo xtask crash`: nodes, or the database below them, are killed under load, and what was acknowledged must be there
//! afterwards.
//!
//! `driver` makes `request`s and writes into the `ledger` what was sent and what was acknowledged; `observed` reads
//! through REST what there is after the kill; `check` holds the two against each other.

mod check;
mod driver;
mod ledger;
mod model;
mod observed;
mod parked;
mod postgres_server;
mod request;
mod round;
mod world;

pub use round::{Options, run, run_briefly};
