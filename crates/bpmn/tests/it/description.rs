//! A parsed document as text: one line for each element, flow and finding.

use std::fmt::Write;

use bpmn::form::{Form, FormBinding, FormReference};
use bpmn::model::{
    BoundaryTrigger, CallActivity, CallBinding, CallForm, Collection, Delegate, ErrorReference, EventTrigger,
    ExecutionListener, ExternalTask, MultiInstance, PassedSource, PassedVariables, Script, ScriptSource,
    SignalThrowEvent, SubProcessForm, UserTask,
};
use bpmn::{
    Action, Condition, Diagnostic, Element, ElementIndex, ElementKind, IoMapping, IoParameter, ParseFailure,
    ParsedDocument, ProcessModel,
};
use expression::Expression;

pub fn describe(result: &Result<ParsedDocument, ParseFailure>) -> String {
    let mut text = String::new();
    match result {
        Ok(document) => {
            for process in &document.processes {
                describe_process(&mut text, process);
            }
            if document.processes.is_empty() {
                text.push_str("no executable process\n");
            }
            describe_findings(&mut text, "warning", &document.warnings);
        }
        Err(ParseFailure::Invalid { errors, warnings }) => {
            describe_findings(&mut text, "error", errors);
            describe_findings(&mut text, "warning", warnings);
        }
        Err(ParseFailure::Malformed(message)) => line(&mut text, format_args!("malformed: {message}")),
        Err(ParseFailure::Expression(message)) => line(&mut text, format_args!("expression: {message}")),
    }
    text
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("text takes text");
}

fn describe_findings(text: &mut String, severity: &str, findings: &[Diagnostic]) {
    for finding in findings {
        let main = finding.main_element_id.as_deref().unwrap_or("-");
        let ids = finding.element_ids.join(" ");
        line(text, format_args!("{severity} {}:{} {main} [{ids}] {}", finding.line, finding.column, finding.message));
    }
}

fn describe_process(text: &mut String, process: &ProcessModel) {
    let start = process.initial.map_or("-", |index| id_of(process, index));
    let mut head = format!("process {} start={start}", process.key);
    option(&mut head, "name", process.name.as_deref());
    option(&mut head, "version", process.version_tag.as_deref());
    option(&mut head, "description", process.description.as_deref());
    option(&mut head, "days", process.history_time_to_live_days.map(|days| days.to_string()).as_deref());
    option(&mut head, "taskPriority", shown(process.task_priority.as_ref()));
    option(&mut head, "jobPriority", shown(process.job_priority.as_ref()));
    if !process.is_startable_in_tasklist {
        head.push_str(" not in tasklist");
    }
    line(text, format_args!("{head}"));
    describe_listeners(text, &process.listeners);
    if let Some(form) = &process.start_form {
        describe_form(text, form);
    }
    for resource in &process.script_resources {
        line(text, format_args!("  script in {resource}"));
    }
    for element in &process.elements {
        describe_element(text, process, element);
    }
    for flow in &process.flows {
        let mut arrow = format!("  flow {} {} > {}", flow.id, id_of(process, flow.source), id_of(process, flow.target));
        option(&mut arrow, "name", flow.name.as_deref());
        option(&mut arrow, "if", flow.condition.as_ref().map(condition_text).as_deref());
        line(text, format_args!("{arrow}"));
        for action in &flow.listeners {
            line(text, format_args!("    listener take {}", action_text(action)));
        }
    }
}

fn describe_element(text: &mut String, process: &ProcessModel, element: &Element) {
    assert_eq!(process.element_by_id(&element.id).map(|index| &process.element(index).id), Some(&element.id));
    let mut head = format!("  {} {} {}:{}", element.id, element.activity_type(), element.line, element.column);
    option(&mut head, "name", element.name.as_deref());
    option(&mut head, "in", element.parent.map(|parent| id_of(process, parent)));
    if element.is_scope {
        head.push_str(" scope");
    }
    if element.asynchronous.before {
        head.push_str(" async-before");
    }
    if element.asynchronous.after {
        head.push_str(" async-after");
    }
    option(&mut head, "retries", shown(element.retry_cycle.as_ref()));
    option(&mut head, "default", element.default_flow.map(|flow| &*process.flow(flow).id));
    option(&mut head, "compensated by", element.compensation_handler.map(|handler| id_of(process, handler)));
    if element.is_for_compensation {
        head.push_str(" for compensation");
    }
    for &event in &element.boundary_events {
        option(&mut head, "boundary", Some(id_of(process, event)));
    }
    for (name, value) in &element.properties {
        write!(head, " property {name}={value}").expect("text takes text");
    }
    describe_kind(&mut head, process, &element.kind);
    line(text, format_args!("{head}"));
    describe_parameters(text, "input", &element.inputs);
    describe_parameters(text, "output", &element.outputs);
    describe_listeners(text, &element.listeners);
    if let ElementKind::UserTask(task) = &element.kind {
        describe_form(text, &task.form);
        for listener in &task.listeners {
            let action = action_text(&listener.action);
            line(text, format_args!("    task listener {} {action}", listener.event.name()));
        }
        for listener in &task.timeout_listeners {
            let (id, timer) = (&listener.id, listener.timer.job_configuration());
            line(text, format_args!("    task listener timeout {id} {timer} {}", action_text(&listener.action)));
        }
    }
}

fn describe_form(text: &mut String, form: &Form) {
    match &form.reference {
        None => {}
        Some(FormReference::Key(key)) => line(text, format_args!("    form key '{key}'")),
        Some(FormReference::Deployed { key, binding }) => {
            let binding = match binding {
                FormBinding::Latest => "latest".to_owned(),
                FormBinding::Deployment => "deployment".to_owned(),
                FormBinding::Version(version) => format!("version '{version}'"),
            };
            line(text, format_args!("    form '{key}' {binding}"));
        }
    }
    for field in &form.fields {
        let mut head = format!("    field {} {:?}", field.id, field.field_type);
        option(&mut head, "label", shown(field.label.as_ref()));
        option(&mut head, "default", shown(field.default_value.as_ref()));
        for constraint in &field.constraints {
            let config = constraint.config.as_deref().unwrap_or_default();
            write!(head, " {}({config})", constraint.rule.name()).expect("text takes text");
        }
        if field.is_business_key {
            head.push_str(" business key");
        }
        line(text, format_args!("{head}"));
    }
    for property in &form.properties {
        line(text, format_args!("    {property:?}"));
    }
}

fn describe_listeners(text: &mut String, listeners: &[ExecutionListener]) {
    for listener in listeners {
        line(text, format_args!("    listener {:?} {}", listener.event, action_text(&listener.action)));
    }
}

fn action_text(action: &Action) -> String {
    match action {
        Action::Expression(expression) => expression.text().to_owned(),
        Action::Script(script) => script_text(script),
        Action::Delegate(Delegate::Class(class)) => format!("class {class}"),
        Action::Delegate(Delegate::Expression(expression)) => format!("delegate {expression}"),
        Action::Connector(id) => format!("connector {id}"),
    }
}

fn condition_text(condition: &Condition) -> String {
    match condition {
        Condition::Expression(expression) => expression.text().to_owned(),
        Condition::Script(script) => script_text(script),
    }
}

fn script_text(script: &Script) -> String {
    let language = &script.language;
    match &script.source {
        ScriptSource::Text(text) => format!("{language}: {text}"),
        ScriptSource::TextOf(expression) => format!("{language}: text of {expression}"),
        ScriptSource::Resource(resource) => format!("{language}: resource {resource}"),
        ScriptSource::ResourceOf(expression) => format!("{language}: resource of {expression}"),
    }
}

fn describe_kind(head: &mut String, process: &ProcessModel, kind: &ElementKind) {
    match kind {
        ElementKind::NoneStartEvent { initiator } => option(head, "initiator", initiator.as_deref()),
        ElementKind::EventStartEvent(event) => {
            option(head, "initiator", event.initiator.as_deref());
            describe_trigger(head, &event.trigger);
        }
        ElementKind::NoneEndEvent
        | ElementKind::TerminateEndEvent
        | ElementKind::ExclusiveGateway
        | ElementKind::ParallelGateway
        | ElementKind::InclusiveGateway
        | ElementKind::PassThrough { .. }
        | ElementKind::LinkCatchEvent => {}
        ElementKind::EventBasedGateway { events } => {
            for &event in events {
                option(head, "event", Some(id_of(process, event)));
            }
        }
        ElementKind::ReceiveTask { trigger } => {
            if let Some(trigger) = trigger {
                describe_trigger(head, trigger);
            }
        }
        ElementKind::IntermediateCatchEvent(event) => {
            option(head, "gateway", event.gateway.map(|gateway| id_of(process, gateway)));
            describe_trigger(head, &event.trigger);
        }
        ElementKind::SignalThrowEvent(event) => describe_signal(head, event),
        ElementKind::ErrorEndEvent { error } => option(head, "error", Some(&error_text(error))),
        ElementKind::UserTask(task) => describe_user_task(head, task),
        ElementKind::ExternalTask(task) => describe_external_task(head, task),
        ElementKind::ServiceTask(task) => {
            option(head, "action", task.action.as_ref().map(action_text).as_deref());
            option(head, "result", task.result_variable.as_deref());
        }
        ElementKind::ScriptTask(task) => {
            option(head, "script", Some(&script_text(&task.script)));
            option(head, "result", task.result_variable.as_deref());
        }
        ElementKind::CompensationThrowEvent(event) => option(head, "activity", event.activity.as_deref()),
        ElementKind::CancelEndEvent => {}
        ElementKind::EscalationThrowEvent(event) => option(head, "escalation", Some(&event.escalation_code)),
        ElementKind::SubProcess { start_event, form } => {
            option(head, "start", start_event.map(|start| id_of(process, start)));
            if *form != SubProcessForm::Embedded {
                write!(head, " {form:?}").expect("text takes text");
            }
        }
        ElementKind::EventSubProcessStartEvent(event) => {
            describe_caught(head, event.is_interrupting, &event.trigger);
        }
        ElementKind::CallActivity(call) => describe_call(head, call),
        ElementKind::MultiInstanceBody(body) => describe_multi_instance(head, process, body),
        ElementKind::BoundaryEvent(event) => {
            option(head, "host", Some(id_of(process, event.host)));
            describe_caught(head, event.is_interrupting, &event.trigger);
        }
    }
}

fn describe_call(head: &mut String, call: &CallActivity) {
    let called = if call.form == CallForm::Case { "case" } else { "calls" };
    option(head, called, Some(call.called_element.text()));
    match &call.binding {
        CallBinding::Latest => {}
        CallBinding::Deployment => head.push_str(" of the deployment"),
        CallBinding::Version(version) => option(head, "version", Some(version.text())),
        CallBinding::VersionTag(tag) => option(head, "versionTag", Some(tag.text())),
    }
    option(head, "tenant", shown(call.tenant_id.as_ref()));
    option(head, "businessKey", shown(call.business_key.as_ref()));
    match &call.variable_mapping {
        Some(Delegate::Class(class)) => option(head, "mapping", Some(class)),
        Some(Delegate::Expression(expression)) => option(head, "mapping", Some(expression.text())),
        None => {}
    }
    let passed = [("in", &call.inputs), ("out", &call.outputs), ("local out", &call.local_outputs)];
    for (name, passed) in passed {
        for passed in passed {
            option(head, name, Some(&passed_text(passed)));
        }
    }
}

fn describe_multi_instance(head: &mut String, process: &ProcessModel, body: &MultiInstance) {
    option(head, "of", Some(id_of(process, body.inner)));
    if body.is_sequential {
        head.push_str(" sequential");
    }
    option(head, "cardinality", shown(body.cardinality.as_ref()));
    match &body.collection {
        Some(Collection::Expression(expression)) => option(head, "collection", Some(expression.text())),
        Some(Collection::Variable(name)) => option(head, "collectionVariable", Some(name)),
        None => {}
    }
    option(head, "elementVariable", body.element_variable.as_deref());
    if let Some(Condition::Expression(condition)) = &body.completion_condition {
        option(head, "until", Some(condition.text()));
    }
}

fn describe_trigger(head: &mut String, trigger: &EventTrigger) {
    match trigger {
        EventTrigger::Message { name } => option(head, "message", Some(name.text())),
        EventTrigger::Signal { name } => option(head, "signal", Some(name.text())),
        EventTrigger::Timer(timer) => {
            option(head, &format!("{:?}", timer.form), Some(timer.expression.text()));
            option(head, "jobPriority", shown(timer.job_priority.as_ref()));
        }
        EventTrigger::Conditional(trigger) => {
            match &trigger.condition {
                Condition::Expression(condition) => option(head, "condition", Some(condition.text())),
                Condition::Script(script) => option(head, "conditionIn", Some(&script.language)),
            }
            option(head, "variable", trigger.variable_name.as_deref());
            for event in &trigger.variable_events {
                option(head, "on", Some(&format!("{event:?}")));
            }
        }
    }
}

fn describe_signal(head: &mut String, event: &SignalThrowEvent) {
    option(head, "signal", Some(event.name.text()));
    option(head, "businessKey", shown(event.business_key.as_ref()));
    for passed in &event.payload {
        option(head, "passes", Some(&passed_text(passed)));
    }
}

fn passed_text(passed: &PassedVariables) -> String {
    match passed {
        PassedVariables::All => "all".to_owned(),
        PassedVariables::AllLocal => "all local".to_owned(),
        PassedVariables::One { source: PassedSource::Variable(name), target } => format!("{name} as {target}"),
        PassedVariables::One { source: PassedSource::LocalVariable(name), target } => {
            format!("local {name} as {target}")
        }
        PassedVariables::One { source: PassedSource::LocalExpression(source), target } => {
            format!("local {} as {target}", source.text())
        }
        PassedVariables::One { source: PassedSource::Expression(source), target } => {
            format!("{} as {target}", source.text())
        }
    }
}

fn describe_caught(head: &mut String, is_interrupting: bool, trigger: &BoundaryTrigger) {
    if !is_interrupting {
        head.push_str(" not interrupting");
    }
    match trigger {
        BoundaryTrigger::Error { error_code, error_code_variable, error_message_variable } => {
            option(head, "code", error_code.as_deref());
            option(head, "codeVariable", error_code_variable.as_deref());
            option(head, "messageVariable", error_message_variable.as_deref());
        }
        BoundaryTrigger::Escalation { escalation_code, escalation_code_variable } => {
            option(head, "escalation", Some(escalation_code.as_deref().unwrap_or("any")));
            option(head, "codeVariable", escalation_code_variable.as_deref());
        }
        BoundaryTrigger::Compensation | BoundaryTrigger::Cancel => {}
        BoundaryTrigger::Event(trigger) => describe_trigger(head, trigger),
    }
}

fn describe_user_task(head: &mut String, task: &UserTask) {
    let texts = |expressions: &[Expression]| expressions.iter().map(Expression::text).collect::<Vec<_>>().join("|");
    option(head, "assignee", shown(task.assignee.as_ref()));
    option(head, "users", Some(texts(&task.candidate_users).as_str()).filter(|users| !users.is_empty()));
    option(head, "groups", Some(texts(&task.candidate_groups).as_str()).filter(|groups| !groups.is_empty()));
    option(head, "due", shown(task.due_date.as_ref()));
    option(head, "followUp", shown(task.follow_up_date.as_ref()));
    option(head, "priority", shown(task.priority.as_ref()));
    option(head, "title", shown(task.name.as_ref()));
    option(head, "description", shown(task.description.as_ref()));
}

fn describe_external_task(head: &mut String, task: &ExternalTask) {
    option(head, "topic", Some(task.topic.text()));
    option(head, "priority", shown(task.priority.as_ref()));
    for definition in &task.error_event_definitions {
        option(head, "error", Some(&error_text(&definition.error)));
        option(head, "when", shown(definition.expression.as_ref()));
    }
}

fn describe_parameters(text: &mut String, direction: &str, parameters: &[IoParameter]) {
    for parameter in parameters {
        line(text, format_args!("    {direction} {} = {}", parameter.name, mapping_text(&parameter.mapping)));
    }
}

fn mapping_text(mapping: &IoMapping) -> String {
    match mapping {
        IoMapping::Null => "null".to_owned(),
        IoMapping::Script(script) => format!("<{}>", script_text(script)),
        IoMapping::Value(value) => format!("'{}'", value.text()),
        IoMapping::List(items) => format!("[{}]", items.iter().map(mapping_text).collect::<Vec<_>>().join(", ")),
        IoMapping::Map(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{key}: {}", mapping_text(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn error_text(error: &ErrorReference) -> String {
    let code = error.error_code.as_deref().unwrap_or("any");
    error.error_message.as_ref().map_or_else(|| code.to_owned(), |message| format!("{code} ({})", message.text()))
}

fn id_of(process: &ProcessModel, index: ElementIndex) -> &str {
    &process.element(index).id
}

fn shown(expression: Option<&Expression>) -> Option<&str> {
    expression.map(Expression::text)
}

fn option(text: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        write!(text, " {name}='{value}'").expect("text takes text");
    }
}
