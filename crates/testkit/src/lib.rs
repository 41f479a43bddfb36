//! For tests: scenarios in a short notation, run on an aggregate in memory and over a store, and their traces.
//!
//! A scenario is a text file with a model, commands and the trace that they must leave. What it panics with is what
//! the test shows.

pub mod compared;
pub mod explorer;
pub mod notation;
pub mod open_visits;
pub mod scenario;
pub mod sqlite_rows;
pub mod tables;
pub mod trace;
pub mod world;
