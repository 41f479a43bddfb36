//! Sub-process, embedded or begun by an event.
//!
//! `enter`: begins at its start event, in an execution of its own; next is that event. `resume`: its last inner
//! path has ended; next is its leaving. `cancel`: what it encloses has been cancelled before, nothing is left to do.

use bpmn::model::ElementIndex;

use super::Next;

pub(crate) fn enter(start_event: ElementIndex) -> Next {
    Next::EnterInner(start_event)
}

pub(crate) fn resume() -> Next {
    Next::Leave
}
