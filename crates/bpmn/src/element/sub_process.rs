//! `subProcess` and `transaction`: a scope with a start event of its own, begun by a flow or by an event.

use crate::document::Node;
use crate::model::{ElementKind, SubProcessForm};
use crate::report::Report;

/// A sub-process whose elements are read later; until then it does not know where it starts.
pub(crate) fn kind(node: Node<'_>, report: &mut Report<'_>) -> ElementKind {
    let form = match node.tag_name().name() {
        "transaction" => SubProcessForm::Transaction,
        _ if is_triggered_by_event(node, report) => SubProcessForm::Event,
        _ => SubProcessForm::Embedded,
    };
    ElementKind::SubProcess { start_event: None, form }
}

/// Camunda: knows many words for yes and no, but not `1` and `0`.
fn is_triggered_by_event(node: Node<'_>, report: &mut Report<'_>) -> bool {
    match node.attribute("triggeredByEvent").map(str::trim) {
        None | Some("false" | "disabled" | "off" | "inactive" | "no") => false,
        Some("true" | "enabled" | "on" | "active" | "yes") => true,
        Some(other) => {
            report.give_up(node, format!("'{other}' is no value of attribute 'triggeredByEvent'"));
            false
        }
    }
}
