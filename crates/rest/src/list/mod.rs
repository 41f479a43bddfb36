//! Lists, counts and single rows of every resource that `query` declares.

mod failure;
mod handler;

pub use handler::{ABSENT, ABSENT_EXTERNAL_TASK, count, one, row, rows};
