//! Activities, gateways and throwing events: whatever is neither a start, an end nor a boundary.

use crate::attribute;
use crate::document::{BPMN, Node};
use crate::element::{
    call_activity, event_based_gateway, event_trigger, external_task, intermediate_throw_event, multi_instance,
    receive_task, script_task, sub_process, user_task,
};
use crate::io_mapping;
use crate::model::{ElementKind, ExternalTaskForm, PassThroughForm, SubProcessForm};
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
    if unsupported::is_refused_element(name) {
        unsupported::refuse_element(node, builder.report);
        builder.refuse(node);
        return None;
    }
    if matches!(name, "adHocSubProcess" | "complexGateway") {
        // Camunda: they are as if they were not there; flows to them lead nowhere, which is an error.
        builder.report.warning(node, &[], format!("element type '{name}' is not supported and ignored"));
        return None;
    }
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
    // Camunda: nothing can refer to an element without an id, so it does nothing.
    let id = attribute::id(node).filter(|_| is_read)?;
    let is_refused = unsupported::refuse_parts(node, id, builder.report);
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
        "subProcess" | "transaction" => Some(sub_process::kind(node)),
        "callActivity" => call_activity::read(builder, node, id),
        _ => intermediate_throw_event::read(builder, scope, node, id),
    };
    match kind {
        Some(kind) => {
            let scope = match multi_instance {
                Some(multi_instance) => multi_instance::add_body(builder, scope, node, id, multi_instance),
                None => scope,
            };
            add(builder, scope, node, kind, id)
        }
        None => {
            builder.refuse(node);
            None
        }
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
    if is_gateway || is_event_sub_process {
        io_mapping::refuse(node, builder.report);
    } else if let Some(input_output) = io_mapping::read(node, id, builder.report) {
        builder.set_input_output(index, node, input_output);
    }
    is_sub_process.then_some(Scope { node, element: Some(index) })
}
