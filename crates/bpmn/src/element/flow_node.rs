//! Activities, gateways and throwing events: whatever is neither a start, an end nor a boundary.

use crate::attribute;
use crate::document::{BPMN, Node};
use crate::element::{
    call_activity, event_based_gateway, event_trigger, external_task, intermediate_throw_event, multi_instance,
    receive_task, script_task, sub_process, user_task,
};
use crate::io_mapping;
use crate::listener;
use crate::model::{ElementKind, ExternalTaskForm, PassThroughForm, SubProcessForm};
use crate::process::check_job_priority;
use crate::scope::{ProcessBuilder, Scope};
use crate::unsupported;

/// Reads a child of a scope if it is one of these elements; artifacts, data and lanes are none. The result is a scope within.
pub(crate) fn read<'d>(
    builder: &mut ProcessBuilder<'_, 'd, '_>,
    scope: Scope<'d>,
    node: Node<'d>,
) -> Option<Scope<'d>> {
    if node.tag_name().namespace() != Some(BPMN) {
        return None;
    }
    let name = node.tag_name().name();
    let is_read = matches!(
        name,
        "exclusiveGateway"
            | "parallelGateway"
            | "inclusiveGateway"
            | "eventBasedGateway"
            | "task"
            | "manualTask"
            | "userTask"
            | "receiveTask"
            | "serviceTask"
            | "sendTask"
            | "businessRuleTask"
            | "scriptTask"
            | "subProcess"
            | "transaction"
            | "callActivity"
            | "intermediateThrowEvent"
    );
    if !is_read {
        ignore(builder, node);
        return None;
    }
    // Camunda: nothing can refer to an element without an id, so it does nothing. What is wrong with it is wrong.
    let id = attribute::id(node).unwrap_or_default();
    let is_refused = unsupported::refuse_parts(node, id, builder.report);
    check_job_priority(node, builder.report);
    let multi_instance = multi_instance::read(builder, node, id);
    let kind = match name {
        _ if is_refused => None,
        "exclusiveGateway" => Some(ElementKind::ExclusiveGateway),
        "parallelGateway" => Some(ElementKind::ParallelGateway),
        "inclusiveGateway" => Some(ElementKind::InclusiveGateway),
        "eventBasedGateway" => {
            event_based_gateway::read(builder, scope, node, id);
            return None;
        }
        "task" => Some(ElementKind::PassThrough { form: PassThroughForm::Task }),
        "manualTask" => Some(ElementKind::PassThrough { form: PassThroughForm::ManualTask }),
        "receiveTask" => receive_task::read(builder, node, id),
        "userTask" => Some(user_task::read(builder, node)),
        "serviceTask" => external_task::read(builder, ExternalTaskForm::ServiceTask, node, id),
        "sendTask" => external_task::read(builder, ExternalTaskForm::SendTask, node, id),
        "businessRuleTask" => external_task::read(builder, ExternalTaskForm::BusinessRuleTask, node, id),
        "scriptTask" => script_task::read(builder, node, id),
        "subProcess" | "transaction" => Some(sub_process::kind(node, builder.report)),
        "callActivity" => call_activity::read(builder, node, id),
        _ => intermediate_throw_event::read(builder, scope, node, id),
    };
    match kind {
        Some(kind) if !id.is_empty() => {
            let scope = match multi_instance {
                Some(multi_instance) => multi_instance::add_body(builder, scope, node, id, multi_instance),
                None => scope,
            };
            add(builder, scope, node, kind, id)
        }
        _ => {
            // What is wrong with the rest of it is wrong, too.
            listener::read_all(node, id, builder.report);
            io_mapping::read(node, id, builder.report);
            builder.refuse(scope, node);
            None
        }
    }
}

/// What is read elsewhere, or not at all.
fn ignore(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>) {
    let name = node.tag_name().name();
    if matches!(name, "adHocSubProcess" | "complexGateway") {
        // Camunda: they are as if they were not there; flows to them lead nowhere, which is an error.
        builder.report.warning(node, &[], format!("element type '{name}' is not supported and ignored"));
    }
    if name == "intermediateCatchEvent" {
        return;
    }
    let id = attribute::id(node).unwrap_or_default();
    if multi_instance::read(builder, node, id).is_some() {
        builder.report.give_up(node, format!("element type '{name}' cannot have several instances"));
    }
}

fn add<'d>(
    builder: &mut ProcessBuilder<'_, 'd, '_>,
    scope: Scope<'d>,
    node: Node<'d>,
    kind: ElementKind,
    id: &str,
) -> Option<Scope<'d>> {
    let (is_sub_process, is_event_sub_process, is_gateway) = (
        matches!(kind, ElementKind::SubProcess { .. }),
        matches!(kind, ElementKind::SubProcess { form: SubProcessForm::Event, .. }),
        matches!(kind, ElementKind::ExclusiveGateway | ElementKind::ParallelGateway | ElementKind::InclusiveGateway),
    );
    let wait = match &kind {
        ElementKind::ReceiveTask { trigger: Some(trigger) } => event_trigger::wait_of(trigger),
        _ => None,
    };
    let index = builder.add(scope, node, kind)?;
    event_trigger::check_is_unique(builder, Some(index), wait, node, id);
    if is_event_sub_process {
        builder.listen(scope, index);
    }
    if let Some(input_output) = io_mapping::read(node, id, builder.report) {
        if is_gateway || is_event_sub_process {
            io_mapping::refuse(node, builder.report);
        } else {
            builder.set_input_output(index, node, input_output);
        }
    }
    is_sub_process.then_some(Scope { node, element: Some(index) })
}
