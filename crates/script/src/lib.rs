//! JavaScript in a sandbox: QuickJS, with the names and beans of an expression's [`Context`](expression::Context).
//!
//! A script reaches nothing but what the context offers: no file, network, module or process. Every run has a context of
//! its own, so that no script sees what another one has left, and ends within [`Limits`]. Knows nothing of processes.

mod bridge;
mod engine;
mod handle;
mod limits;
mod marshal;

pub use engine::JavaScript;
pub use limits::Limits;
