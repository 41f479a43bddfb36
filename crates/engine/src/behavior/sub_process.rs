//! Sub-process, embedded or begun by an event.
//!
//! `enter`: begins at its start event, in an execution of its own; next is that event. A transaction without any is
//! refused. `resume`: its last inner path has ended; next is its leaving. `cancel`: what it encloses has been cancelled
//! before, nothing is left to do.

use bpmn::model::ElementIndex;

use crate::rejection::{Rejection, RejectionKind};

use super::Next;

pub(crate) fn enter(start_event: Option<ElementIndex>) -> Result<Next, Rejection> {
    let start_event = start_event.ok_or_else(|| {
        Rejection::new(RejectionKind::ProcessEngine, "the sub-process has no start event where it could begin")
    })?;
    Ok(Next::EnterInner(start_event))
}

pub(crate) fn resume() -> Next {
    Next::Leave
}
