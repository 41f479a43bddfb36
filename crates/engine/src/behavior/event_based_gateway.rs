//! Event-based gateway.
//!
//! `enter`: waits, in an execution of its own, for all events behind it. The first one that happens cancels the gateway
//! and goes on in its place, so that it is never resumed; the other waits go with the execution.

use super::Next;

pub(crate) fn enter() -> Next {
    Next::Wait
}
