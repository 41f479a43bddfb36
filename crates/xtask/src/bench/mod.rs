//! `cargo xtask bench`: workloads against a server of our own, and, alternating with it, against another engine.

mod backlog;
mod bare_loop;
pub mod empty_handler;
mod figure;
mod lifecycle;
mod load;
mod longpoll;
mod round;
mod row_set;
mod scale;
mod single_call;

pub use round::{Options, run};
