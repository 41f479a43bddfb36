//! None end event.
//!
//! `enter`: ends the path, and the scope if it was its last. Never waits.

use super::Next;

pub(crate) fn enter() -> Next {
    Next::End
}
