//! Intermediate catch event and receive task.
//!
//! What they wait for is made with the execution that they are the scope of. `enter`: waits; behind an event-based
//! gateway, which has waited in its place, an event goes on at once. `resume`: the event has happened; next is the
//! leaving. The wait goes with its execution, so `cancel` has nothing to do.

use super::Next;

pub(crate) fn enter() -> Next {
    Next::Wait
}

pub(crate) fn enter_from_gateway() -> Next {
    Next::Leave
}

pub(crate) fn resume() -> Next {
    Next::Leave
}
