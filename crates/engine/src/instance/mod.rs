//! The state that commands work on: a tree of process instances as tables in memory.
//!
//! Knows rows and how they hang together, not what elements do.

mod activity_tree;
mod aggregate;
mod index;
mod invariant;
mod ordered;
mod tracked;

pub use activity_tree::{ActivityNode, TransitionNode};
pub use aggregate::Aggregate;
pub use index::{ExecutionKey, IndexedRecord, MinimumId, ScopeKey, TaskKey, VariableKey};
pub use invariant::BrokenInvariant;
pub(crate) use ordered::OrderedMap;
pub use tracked::Tracked;
