//! Lists, counts and single rows of every resource that `query` declares.

mod detail;
mod failure;
mod handler;
mod ids;
mod task;

pub use detail::{detail, details};
pub use handler::{ABSENT, ABSENT_EXTERNAL_TASK, count, one, row, rows};
pub use ids::ids;
pub use task::{task, tasks};
