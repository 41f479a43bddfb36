//! Boundary event, once it has happened.
//!
//! Its subscription or job is made with the activity it is attached to; whether that activity is cancelled is decided
//! before the event is entered. `enter`: goes on at once. Never waits.

use super::Next;

pub(crate) fn enter() -> Next {
    Next::Leave
}
