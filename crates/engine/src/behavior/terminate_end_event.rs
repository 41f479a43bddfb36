//! Terminate end event.
//!
//! Whatever else runs in its scope is cancelled before it is entered (`tree::interrupt_scope`). `enter`: ends the path,
//! and with it the scope. Never waits.

use super::Next;

pub(crate) fn enter() -> Next {
    Next::End
}
