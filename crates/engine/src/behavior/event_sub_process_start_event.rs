//! Start event of an event sub-process.
//!
//! Its wait belongs to the scope around the event sub-process, which is entered when the event has happened. `enter`:
//! goes on at once. Never waits.

use super::Next;

pub(crate) fn enter() -> Next {
    Next::Leave
}
