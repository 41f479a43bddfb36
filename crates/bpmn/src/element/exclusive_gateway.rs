//! `exclusiveGateway`: its flows must leave no doubt which one is taken.

use crate::model::{ElementKind, Flow, FlowIndex};
use crate::report::Report;
use crate::scope::ProcessBuilder;

/// Checks the exclusive gateways of a process once all flows are known.
pub(crate) fn check_all(builder: &mut ProcessBuilder<'_, '_, '_>) {
    let ProcessBuilder { arena, report, .. } = builder;
    for (element, references) in arena.elements.iter().zip(&arena.references) {
        // A gateway that leads to what was refused has flows that are not in the model.
        if !matches!(element.kind, ElementKind::ExclusiveGateway) || references.leads_to_refused {
            continue;
        }
        let gateway = Gateway {
            id: &element.id,
            names_default: references.default_flow.is_some_and(|id| !id.is_empty()),
            default_flow: element.default_flow,
            flows: element.outgoing.iter().map(|&index| (index, arena.flow(index))).collect(),
        };
        gateway.check(report);
    }
}

struct Gateway<'a> {
    id: &'a str,
    /// It has a `default`, of whatever flow.
    names_default: bool,
    default_flow: Option<FlowIndex>,
    flows: Vec<(FlowIndex, &'a Flow)>,
}

impl Gateway<'_> {
    fn check(&self, report: &mut Report<'_>) {
        let id = self.id;
        match self.flows.as_slice() {
            [] => report.error_about(&[id], format!("Exclusive Gateway '{id}' has no outgoing sequence flows.")),
            [(_, only)] if only.condition.is_some() => {
                let message = format!(
                    "Exclusive Gateway '{id}' has one outgoing sequence flow alone ('{}'), which must not have a condition.",
                    only.id
                );
                report.error_about(&[id, &only.id], message);
            }
            [_] => {}
            _ => self.check_choice(report),
        }
    }

    fn check_choice(&self, report: &mut Report<'_>) {
        let id = self.id;
        let is_default = |index: FlowIndex| self.default_flow == Some(index);
        let unconditional: Vec<&Flow> = self
            .flows
            .iter()
            .filter(|(index, flow)| flow.condition.is_none() && !is_default(*index))
            .map(|(_, flow)| *flow)
            .collect();
        for (_, flow) in self.flows.iter().filter(|(index, flow)| flow.condition.is_some() && is_default(*index)) {
            let message = format!(
                "Exclusive Gateway '{id}' has the default flow '{}', which must not have a condition.",
                flow.id
            );
            report.error_about(&[id, &flow.id], message);
        }
        match unconditional.as_slice() {
            // Camunda: a single flow without condition is taken as the default.
            [flow] if !self.names_default => {
                let message = format!(
                    "Exclusive Gateway '{id}' has the sequence flow '{}' without condition; it is taken as the default flow.",
                    flow.id
                );
                report.warning_about(&[id, &flow.id], message);
            }
            flows => {
                for flow in flows {
                    let message = format!(
                        "Exclusive Gateway '{id}' has the sequence flow '{}' without condition, which is not the default flow.",
                        flow.id
                    );
                    report.error_about(&[id, &flow.id], message);
                }
            }
        }
    }
}
