//! Inclusive gateway: joins what may still come, then forks.
//!
//! `enter`: the execution waits until as many have arrived as the gateway has incoming flows, or nothing else in its
//! scope can reach the gateway any more; then all go on as one. Whether it opens is looked at on arrivals only. Not
//! resumed from outside; `cancel` has nothing to clean up.

use std::collections::BTreeSet;

use bpmn::model::{Element, ElementIndex, ElementKind, FlowIndex, ProcessModel};
use types::ExecutionId;

use crate::continuation;
use crate::record::ExecutionKind;
use crate::rejection::Rejection;
use crate::turn::Turn;

use super::{Next, outgoing};

pub(crate) fn enter(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    gateway: ElementIndex,
    model: &ProcessModel,
) -> Result<Next, Rejection> {
    turn.aggregate.executions.update(execution, |row| {
        if let Some(visit) = &mut row.at {
            visit.is_active = false;
        }
    });
    Ok(if is_open(turn, execution, gateway, model)? { Next::Join } else { Next::Wait })
}

/// Every flow without a condition and every one whose condition holds, else the default flow.
pub(crate) fn flows(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    model: &ProcessModel,
    element: &Element,
) -> Result<Vec<FlowIndex>, Rejection> {
    match outgoing::flows(turn, execution, model, element)? {
        flows if flows.is_empty() => Err(outgoing::no_flow(element)),
        flows => Ok(flows),
    }
}

fn is_open(
    turn: &Turn<'_, '_>,
    execution: ExecutionId,
    gateway: ElementIndex,
    model: &ProcessModel,
) -> Result<bool, Rejection> {
    let element = model.element(gateway);
    let row = turn.execution(execution);
    let (scope, arrived) = match (row.kind, row.parent_id) {
        (ExecutionKind::Concurrent, Some(parent)) => {
            (parent, turn.aggregate.waiting_at(parent, &element.id).map(|waiting| waiting.id).collect())
        }
        _ => (execution, BTreeSet::from([execution])),
    };
    if arrived.len() >= element.incoming.len() {
        return Ok(true);
    }
    let mut reach = Reach { model, gateway, dead_ends: BTreeSet::new() };
    for leaf in turn.aggregate.leaves(scope).into_iter().filter(|leaf| !arrived.contains(leaf)) {
        let on_its_way = match turn.agenda.destination_of(leaf, model) {
            None => continuation::destination_of(turn, leaf)?,
            destination => destination,
        };
        let at = match on_its_way {
            Some(destination) => destination,
            None => turn.element_at(leaf)?,
        };
        if reach.is_reachable_from(at) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A search along flows, which remembers what it has already searched in vain.
struct Reach<'m> {
    model: &'m ProcessModel,
    gateway: ElementIndex,
    dead_ends: BTreeSet<ElementIndex>,
}

impl Reach<'_> {
    fn is_reachable_from(&mut self, start: ElementIndex) -> bool {
        let mut open = vec![start];
        while let Some(index) = open.pop() {
            if index == self.gateway {
                return true;
            }
            if !self.dead_ends.insert(index) {
                continue;
            }
            let element = self.model.element(index);
            match &element.kind {
                ElementKind::EventBasedGateway { events } => open.extend(events.iter().copied()),
                // Camunda: what ends within a scope goes on behind it; events attached to it do not count.
                _ if element.outgoing.is_empty() => open.extend(element.parent),
                _ => open.extend(element.outgoing.iter().map(|flow| self.model.flow(*flow).target)),
            }
        }
        false
    }
}
