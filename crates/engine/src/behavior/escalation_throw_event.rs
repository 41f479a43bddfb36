//! Escalation throw and escalation end event.
//!
//! `enter`: throws its escalation outwards; next is the leaving, unless what catches the escalation interrupts it.
//! Never waits.

use bpmn::model::EscalationThrowEvent;

use super::Next;

pub(crate) fn enter(event: &EscalationThrowEvent) -> Next {
    Next::Escalate(event.escalation_code.clone())
}
