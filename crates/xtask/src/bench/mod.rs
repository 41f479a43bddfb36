//! `cargo xtask bench`: workloads against servers of our own on each store, and, alternating with them, against other
//! engines.
//!
//! `options` says what is asked for, `round` runs it against an `engine`, `aims` and `report` show the medians. What the
//! machine could do at best is measured besides: the observed rows written by a bare loop, an empty HTTP handler.

mod age;
mod aims;
mod backlog;
mod bare_postgres;
mod bare_sqlite;
pub mod empty_handler;
mod engine;
mod extension;
mod figure;
mod footprint;
mod lifecycle;
mod load;
mod longpoll;
mod observe;
mod options;
mod prepared;
mod processor;
mod reference;
mod report;
mod round;
mod row_set;
mod row_set_postgres;
mod scale;
mod series;
mod single_call;
mod steady;
mod template;

pub use options::Options;
pub use round::run;
