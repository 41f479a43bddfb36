//! What an event waits for: a message, a signal, a time or a condition.

use std::sync::Arc;

use expression::Expression;

use crate::asynchronous;
use crate::attribute::{self, bpmn_child, camunda};
use crate::document::{BPMN, Node};
use crate::model::{ConditionalTrigger, ElementIndex, EventTrigger, TimerDefinition, TimerForm, VariableEvent};
use crate::scope::{ProcessBuilder, Wait};
use crate::sequence_flow;

/// Reads a definition of one of these kinds; `None` if it is another one, or wrong, which is reported then.
pub(crate) fn read(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    event: Node<'_>,
    definition: Node<'_>,
    id: &str,
) -> Option<EventTrigger> {
    match definition.tag_name().name() {
        "messageEventDefinition" => message(builder, definition, id),
        "signalEventDefinition" => signal(builder, definition, id),
        "timerEventDefinition" => timer(builder, event, definition, id).map(EventTrigger::Timer),
        "conditionalEventDefinition" => conditional(builder, definition, id).map(EventTrigger::Conditional),
        _ => None,
    }
}

/// The message of `messageRef`, an attribute of `node`.
pub(crate) fn message(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str) -> Option<EventTrigger> {
    let Some(reference) = node.attribute("messageRef") else {
        builder.report.error_for(node, &[id], "attribute 'messageRef' is required");
        // Camunda: a reference that is missing is a wrong one too.
        builder.report.error_for(node, &[id], "Invalid 'messageRef': no message without id.");
        builder.report.give_up(node, "there is no message");
        return None;
    };
    let Some(message) = builder.definitions.message(reference) else {
        builder.report.error_for(node, &[id], format!("Invalid 'messageRef': no message with id '{reference}' found."));
        builder.report.give_up(node, "there is no message");
        return None;
    };
    match message.name.clone().filter(|name| !name.text().is_empty()) {
        Some(name) => Some(EventTrigger::Message { name }),
        None => {
            let message = "Cannot have a message event subscription with an empty or missing name";
            builder.report.error_for(node, &[id], message);
            None
        }
    }
}

fn signal(builder: &mut ProcessBuilder<'_, '_, '_>, definition: Node<'_>, id: &str) -> Option<EventTrigger> {
    let name = signal_name(builder, definition, id);
    if name.is_none() {
        builder.report.give_up(definition, "there is no signal");
    }
    name.map(|name| EventTrigger::Signal { name })
}

pub(crate) fn signal_name(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    definition: Node<'_>,
    id: &str,
) -> Option<Expression> {
    let Some(reference) = definition.attribute("signalRef") else {
        let message = "signalEventDefinition does not have required property 'signalRef'";
        builder.report.error_for(definition, &[id], message);
        return None;
    };
    let name = builder.definitions.signal(reference).cloned();
    if name.is_none() {
        builder.report.error_for(definition, &[id], format!("Could not find signal with id '{reference}'"));
        builder.report.give_up(definition, "there is no signal");
    }
    name
}

/// The first of `timeDate`, `timeCycle` and `timeDuration`. When a text is no date, duration or cycle shows when it is due.
pub(crate) fn timer(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    event: Node<'_>,
    definition: Node<'_>,
    id: &str,
) -> Option<TimerDefinition> {
    let forms = [("timeDate", TimerForm::Date), ("timeCycle", TimerForm::Cycle), ("timeDuration", TimerForm::Duration)];
    let given = forms.into_iter().find_map(|(name, form)| Some((bpmn_child(definition, name)?, form)));
    let Some((node, form)) = given else {
        let message = "Timer needs configuration (either timeDate, timeCycle or timeDuration is needed).";
        builder.report.error_for(definition, &[id], message);
        builder.report.give_up(definition, message);
        return None;
    };
    let is_within_sub_process = event.parent_element().is_some_and(|parent| parent.has_tag_name((BPMN, "subProcess")));
    let interrupting = match event.tag_name().name() {
        "boundaryEvent" => Some(("cancelActivity", "a boundary event that cancels its activity")),
        "startEvent" if is_within_sub_process => Some(("isInterrupting", "an interrupting start event")),
        _ => None,
    };
    if let (TimerForm::Cycle, Some((attribute, what))) = (form, interrupting)
        && attribute::is_true(event.attribute(attribute).or(Some("true")))
    {
        builder.report.warning(node, &[id], format!("a time cycle is not recommended for {what}"));
    }
    let expression = builder.expression(attribute::text(node).trim(), node)?;
    let job_priority = camunda(event, "jobPriority").and_then(|text| Expression::parse(text).ok());
    let is_exclusive = asynchronous::is_exclusive(definition);
    Some(TimerDefinition { form, expression, job_priority, is_exclusive })
}

impl TimerDefinition {
    /// What Camunda shows as `jobConfiguration`, for example `DURATION: PT1H`.
    pub fn job_configuration(&self) -> String {
        let form = match self.form {
            TimerForm::Date => "DATE",
            TimerForm::Duration => "DURATION",
            TimerForm::Cycle => "CYCLE",
        };
        format!("{form}: {}", self.expression.text())
    }
}

fn conditional(builder: &mut ProcessBuilder<'_, '_, '_>, definition: Node<'_>, id: &str) -> Option<ConditionalTrigger> {
    let Some(node) = bpmn_child(definition, "condition") else {
        let message = "Conditional event must contain an expression for evaluation.";
        builder.report.error_for(definition, &[id], message);
        builder.report.give_up(definition, message);
        return None;
    };
    builder.arena.has_conditional_events = true;
    let condition = sequence_flow::read_condition(builder, node, id);
    let mut variable_events = Vec::new();
    for name in attribute::comma_separated(camunda(definition, "variableEvents").unwrap_or_default()) {
        match name.as_str() {
            "create" => variable_events.push(VariableEvent::Create),
            "update" => variable_events.push(VariableEvent::Update),
            "delete" => variable_events.push(VariableEvent::Delete),
            other => {
                let message = format!("'{other}' is no change of a variable: create, update and delete are");
                builder.report.warning(definition, &[id], message);
            }
        }
    }
    let variable_name = camunda(definition, "variableName").map(Arc::from);
    Some(ConditionalTrigger { condition: condition?, variable_name, variable_events })
}

/// The kind and name of a wait that a scope may have once only.
pub(crate) fn wait_of(trigger: &EventTrigger) -> Option<Wait> {
    match trigger {
        EventTrigger::Message { name } => Some(Wait::Message(name.text().to_owned())),
        EventTrigger::Signal { name } => Some(Wait::Signal(name.text().to_owned())),
        EventTrigger::Timer(_) | EventTrigger::Conditional(_) => None,
    }
}

/// Reports a second wait of one scope for the same message or signal. `scope` is `None` for the process.
pub(crate) fn check_is_unique(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    scope: Option<ElementIndex>,
    wait: Option<Wait>,
    node: Node<'_>,
    id: &str,
) {
    let Some(wait) = wait else { return };
    if builder.subscribe(scope, wait.clone()) {
        return;
    }
    let (kind, name) = match &wait {
        Wait::Condition(text) => {
            let message =
                format!("Cannot have more than one conditional event subscription with the same condition '{text}'");
            return builder.report.error_for(node, &[id], message);
        }
        Wait::Message(name) => ("message", name),
        Wait::Signal(name) => ("signal", name),
    };
    let scope = scope.map_or(builder.process_id, |scope| &builder.arena.element(scope).id);
    let message = format!("Cannot have more than one {kind} event subscription with name '{name}' for scope '{scope}'");
    builder.report.error_for(node, &[id], message);
}
