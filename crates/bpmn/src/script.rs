//! Scripts: of a task, a listener, a condition or a mapping.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::attribute;
use crate::definitions::read_expression;
use crate::document::Node;
use crate::model::{Action, Condition, Element, ElementKind, ExecutionListener, Flow, IoMapping, Script, ScriptSource};
use crate::report::Report;

/// A script as an element has it. `owner` is the flow element that it belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScriptText<'t> {
    pub language: &'t str,
    pub text: Option<&'t str>,
    pub resource: Option<&'t str>,
}

/// `camunda:script`.
pub(crate) fn read_camunda(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Option<Script> {
    let Some(language) = node.attribute("scriptFormat").filter(|language| !language.is_empty()) else {
        report.error_for(node, &[owner], "Missing attribute 'scriptFormat' for 'script' element");
        return None;
    };
    let text = attribute::text(node);
    read(ScriptText { language, text: Some(&text), resource: node.attribute("resource") }, node, owner, report)
}

/// The resource comes before the text; either may be an expression that gives it.
pub(crate) fn read(script: ScriptText<'_>, node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Option<Script> {
    let language: Arc<str> = Arc::from(script.language);
    let is_juel = language.eq_ignore_ascii_case("juel");
    let is_expression = |text: &str| !is_juel && matches!(text.trim().get(..2), Some("${" | "#{"));
    let source = match (script.resource.filter(|resource| !resource.is_empty()), script.text) {
        (Some(resource), _) if is_expression(resource) => {
            ScriptSource::ResourceOf(read_expression(resource.trim(), node, report)?)
        }
        (Some(resource), _) => ScriptSource::Resource(Arc::from(resource)),
        (None, Some(text)) if is_expression(text) => ScriptSource::TextOf(read_expression(text.trim(), node, report)?),
        (None, text) => ScriptSource::Text(Arc::from(text.unwrap_or_default())),
    };
    let script = Script { language, source };
    if !script.is_juel() && !script.is_java_script() {
        let message = format!("nothing here runs scripts in '{}': reaching this one fails", script.language);
        report.warning(node, &[owner], message);
    }
    Some(script)
}

/// The resources of the deployment that scripts are read from.
pub(crate) fn resources(elements: &[Element], flows: &[Flow], of_process: &[ExecutionListener]) -> BTreeSet<Arc<str>> {
    let mut found = BTreeSet::new();
    let mut note = |script: &Script| {
        if let ScriptSource::Resource(resource) = &script.source
            && let Some(name) = resource.strip_prefix(Script::DEPLOYMENT)
        {
            found.insert(Arc::from(name));
        }
    };
    let of_elements = elements.iter().flat_map(|element| &element.listeners);
    let mut actions: Vec<&Action> = of_elements.chain(of_process).map(|listener| &listener.action).collect();
    actions.extend(flows.iter().flat_map(|flow| &flow.listeners));
    for element in elements {
        match &element.kind {
            ElementKind::UserTask(task) => {
                actions.extend(task.listeners.iter().map(|listener| &listener.action));
                actions.extend(task.timeout_listeners.iter().map(|listener| &listener.action));
            }
            ElementKind::ScriptTask(task) => note(&task.script),
            _ => {}
        }
        let mut mappings: Vec<&IoMapping> =
            element.inputs.iter().chain(&element.outputs).map(|parameter| &parameter.mapping).collect();
        while let Some(mapping) = mappings.pop() {
            match mapping {
                IoMapping::Null | IoMapping::Value(_) => {}
                IoMapping::Script(script) => note(script),
                IoMapping::List(items) => mappings.extend(items),
                IoMapping::Map(entries) => mappings.extend(entries.iter().map(|(_, entry)| entry)),
            }
        }
    }
    for action in actions {
        if let Action::Script(script) = action {
            note(script);
        }
    }
    let of_events = elements.iter().filter_map(|element| element.kind.condition()).map(|trigger| &trigger.condition);
    for condition in flows.iter().filter_map(|flow| flow.condition.as_ref()).chain(of_events) {
        if let Condition::Script(script) = condition {
            note(script);
        }
    }
    found
}
