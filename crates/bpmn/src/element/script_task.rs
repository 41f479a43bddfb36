//! `scriptTask`: not executable yet, but without a script it is none at all.

use crate::attribute::{bpmn_child, camunda, id};
use crate::document::Node;
use crate::report::Report;

/// Reports a script task that has no script; true if it has none.
pub(crate) fn refuse_without_script(node: Node<'_>, report: &mut Report<'_>) -> bool {
    let has_script = bpmn_child(node, "script").is_some() || camunda(node, "resource").is_some();
    if !has_script {
        // Camunda: reports neither the place nor the element.
        report.error_about(&[], format!("script task '{}' has no script", id(node).unwrap_or_default()));
    }
    !has_script
}
