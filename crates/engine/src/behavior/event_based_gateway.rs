//! Event-based gateway.
//!
//! `enter`: waits, in an execution of its own, for all events behind it; one whose condition holds already has happened.
//! The first one that happens cancels the gateway and goes on in its place, so that it is never resumed; the other waits
//! go with the execution.

use types::ExecutionId;

use crate::conditional;
use crate::event::{Delivery, Payload};
use crate::rejection::Rejection;
use crate::turn::Turn;

use super::Next;

pub(crate) fn enter(turn: &mut Turn<'_, '_>, execution: ExecutionId) -> Result<Next, Rejection> {
    let holding = conditional::holding_behind_gateway(turn, execution)?;
    Ok(match holding {
        Some(subscription) => Next::Receive(Delivery { subscription, payload: Payload::default() }),
        None => Next::Wait,
    })
}
