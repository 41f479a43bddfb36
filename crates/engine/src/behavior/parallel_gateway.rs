//! Parallel gateway: joins, then forks.
//!
//! `enter`: the execution waits until as many have arrived as the gateway has incoming flows, then all go on as one by
//! every outgoing flow; next is the join. Arrivals are counted, not the flows they came by (ADR 0002). Each arrival is
//! an activity instance of its own. Not resumed from outside; `cancel` has nothing to clean up.

use bpmn::model::{Element, FlowIndex};
use types::ExecutionId;

use crate::record::ExecutionKind;
use crate::turn::Turn;

use super::Next;

pub(crate) fn enter(turn: &mut Turn<'_, '_>, execution: ExecutionId, element: &Element) -> Next {
    turn.aggregate.executions.update(execution, |row| {
        if let Some(visit) = &mut row.at {
            visit.is_active = false;
        }
    });
    let row = turn.execution(execution);
    let arrived = match (row.kind, row.parent_id) {
        (ExecutionKind::Concurrent, Some(parent)) => {
            turn.aggregate.waiting_at(parent, &element.id).take(element.incoming.len() + 1).count()
        }
        _ => 1,
    };
    // Camunda: only the exact number opens the gateway; without incoming flows it never opens.
    if arrived == element.incoming.len() { Next::Join } else { Next::Wait }
}

/// Conditions on its outgoing flows are not looked at.
pub(crate) fn flows(element: &Element) -> Vec<FlowIndex> {
    element.outgoing.clone()
}
