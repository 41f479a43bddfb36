//! `scriptTask`: a script, within the element or in a resource.

use std::sync::Arc;

use crate::attribute::{self, bpmn_child, camunda};
use crate::document::Node;
use crate::model::{ElementKind, ScriptTask};
use crate::scope::ProcessBuilder;
use crate::script::{self, ScriptText};

/// The language of a task that names none.
const LANGUAGE_DEFAULT: &str = "juel";

pub(crate) fn read(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str) -> Option<ElementKind> {
    let (child, resource) = (bpmn_child(node, "script"), camunda(node, "resource"));
    let language = node.attribute("scriptFormat").unwrap_or(LANGUAGE_DEFAULT);
    if (child.is_none() && resource.is_none()) || language.is_empty() {
        // Camunda: reports neither the place nor the element.
        builder.report.error_about(&[], format!("script task '{id}' has no script"));
        return None;
    }
    let text = child.map(attribute::text);
    let script = ScriptText { language, text: text.as_deref(), resource };
    let script = script::read(script, node, id, builder.report)?;
    let result_variable = camunda(node, "resultVariable").or_else(|| camunda(node, "resultVariableName"));
    Some(ElementKind::ScriptTask(ScriptTask { script, result_variable: result_variable.map(Arc::from) }))
}
