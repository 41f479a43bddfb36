//! `cargo xtask crash`: the server is killed under load, and what it had acknowledged must be there afterwards.
//!
//! `load` drives the server and writes into the `ledger` what was sent and what was acknowledged; `observed` reads
//! through REST what there is after a restart; `check` holds the two against each other.

mod check;
mod ledger;
mod load;
mod observed;
mod round;

pub use round::{Options, run};
