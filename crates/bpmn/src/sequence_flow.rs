//! `sequenceFlow`: connects two elements of one scope.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::attribute::{self, bpmn_child, camunda};
use crate::document::{BPMN, Node, XSI};
use crate::element::event_sub_process;
use crate::listener;
use crate::model::{Condition, ElementKind, Flow, FlowIndex, IntermediateCatchEvent};
use crate::scope::{ProcessBuilder, Scope, Target};
use crate::script::{self, ScriptText};
use crate::unsupported;

/// Reads a flow and connects its ends. An end in another scope is no valid one. A break means that it leads to a link
/// that leads nowhere.
pub(crate) fn read<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>) -> ControlFlow<()> {
    let source_ref = node.attribute("sourceRef").unwrap_or("null").trim();
    let mut target_ref = node.attribute("targetRef").unwrap_or("null").trim();
    if let Some(link) = builder.links.sources.get(target_ref) {
        let Some(target) = builder.links.targets.get(link) else {
            let message = format!("sequence flow leads to a link event with name '{link}', which no event catches");
            builder.report.error(node, message);
            return ControlFlow::Break(());
        };
        target_ref = target;
    }
    connect(builder, scope, node, (source_ref, target_ref));
    ControlFlow::Continue(())
}

fn connect<'d>(
    builder: &mut ProcessBuilder<'_, 'd, '_>,
    scope: Scope<'d>,
    node: Node<'d>,
    (source_ref, target_ref): (&str, &str),
) {
    let id = attribute::id(node).unwrap_or_default();
    for (reference, direction) in [(source_ref, "outgoing"), (target_ref, "incoming")] {
        let Target::Element(end) = builder.find(scope, reference) else { continue };
        if builder.arena.element(builder.activity_of(end)).is_for_compensation {
            let message = format!("Invalid {direction} sequence flow of compensation activity '{reference}'");
            return builder.report.error_for(node, &[reference, id], message);
        }
    }
    let (source, target) = match (builder.find(scope, source_ref), builder.find(scope, target_ref)) {
        (Target::Nothing, _) => {
            return builder.report.error(node, format!("Invalid source '{source_ref}' of sequence flow '{id}'"));
        }
        (_, Target::Nothing) => {
            return builder.report.error(node, format!("Invalid destination '{target_ref}' of sequence flow '{id}'"));
        }
        (Target::Element(source), Target::Element(target)) => (source, target),
        (Target::Element(source), Target::Refused) => {
            builder.arena.references[source.0 as usize].leads_to_refused = true;
            return;
        }
        (Target::Refused, _) => return,
    };
    // Its events wait within the gateway; no flow is taken to them.
    if matches!(builder.arena.element(source).kind, ElementKind::EventBasedGateway { .. }) {
        return;
    }
    if let ElementKind::IntermediateCatchEvent(IntermediateCatchEvent { gateway: Some(_), .. }) =
        &builder.arena.element(target).kind
    {
        let message = format!("no sequence flow may lead to '{target_ref}', which is behind an event-based gateway");
        return builder.report.error(node, message);
    }
    for (end, direction) in [(source, "outgoing"), (target, "incoming")] {
        if event_sub_process::is_one(builder, Scope { node, element: Some(end) }) {
            let message = format!("Invalid {direction} sequence flow of event subprocess");
            return builder.report.error(node, message);
        }
    }
    unsupported::refuse_parts(node, id, builder.report);
    let condition =
        bpmn_child(node, "conditionExpression").and_then(|condition| read_condition(builder, condition, id));
    let index =
        FlowIndex(u32::try_from(builder.arena.flows.len()).expect("documents have fewer elements, by their limit"));
    let name = node.attribute("name").map(Arc::from);
    let listeners = listener::read_of_flow(node, id, builder.report);
    builder.arena.flows.push(Flow { id: Arc::from(id), name, source, target, condition, listeners });
    builder.arena.element_mut(target).incoming.push(index);
    let is_default = !id.is_empty() && builder.arena.references[source.0 as usize].default_flow == Some(id);
    let source = builder.arena.element_mut(source);
    source.outgoing.push(index);
    source.default_flow = if is_default { Some(index) } else { source.default_flow };
}

/// The condition of a flow or an event: an expression or, in a language, a script.
pub(crate) fn read_condition(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    node: Node<'_>,
    flow: &str,
) -> Option<Condition> {
    if !has_formal_type(node) {
        builder.report.error_for(node, &[flow], "the condition has another xsi:type than tFormalExpression");
    }
    if let Some(language) = node.attribute("language") {
        let text = attribute::text(node);
        let script = ScriptText { language, text: Some(text.trim()), resource: camunda(node, "resource") };
        return script::read(script, node, flow, builder.report).map(Condition::Script);
    }
    builder.expression(attribute::text(node).trim(), node).map(Condition::Expression)
}

fn has_formal_type(node: Node<'_>) -> bool {
    let Some(type_name) = node.attribute((XSI, "type")) else { return true };
    match type_name.trim().split_once(':') {
        Some((prefix, local)) => local == "tFormalExpression" && node.lookup_namespace_uri(Some(prefix)) == Some(BPMN),
        None => type_name.trim() == "tFormalExpression",
    }
}
