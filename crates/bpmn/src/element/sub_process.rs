//! `subProcess` and `transaction`: a scope with a start event of its own, begun by a flow or by an event.

use crate::attribute;
use crate::document::Node;
use crate::model::{ElementIndex, ElementKind, SubProcessForm};

/// A sub-process whose elements are read later; until then it does not know where it starts.
pub(crate) fn kind(node: Node<'_>) -> ElementKind {
    let is_event_sub_process = attribute::is_true(node.attribute("triggeredByEvent").map(str::trim));
    let form = match node.tag_name().name() {
        "transaction" => SubProcessForm::Transaction,
        _ if is_event_sub_process => SubProcessForm::Event,
        _ => SubProcessForm::Embedded,
    };
    ElementKind::SubProcess { start_event: ElementIndex(u32::MAX), form }
}
