//! What operators ask a server: whether it lives, whether it is ready, and what it counts. Read only, outside of
//! `/engine-rest`.

mod exposition;
mod health;
mod process;
mod router;

pub use health::Readiness;
pub use router::{Management, router};
