//! For tests: whole runtimes over a store that fails, delays, reorders and crashes, in virtual time and one thread.
//!
//! All chance comes from a seed, so that a seed is one history of the world, however often it is run. While it runs and
//! at its end it is checked that nothing is lost, doubled, torn or forgotten.

mod client;

pub mod bug;
pub mod plan;
pub mod random;
pub mod simulation;

mod audit;
mod call;
mod database;
mod fate;
mod inbox;
mod ledger;
mod model;
mod node;
mod node_store;
mod observer;
mod poll_watch;
mod tally;
mod trace;
mod world;

pub use bug::Bug;
pub use simulation::{Report, Simulator};
pub use tally::Tally;
