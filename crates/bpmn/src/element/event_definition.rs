//! What an event waits for or throws.

use crate::attribute::bpmn_children_named;
use crate::document::Node;
use crate::report::Report;

/// The definition of an event: the first that it has of these kinds, whatever their order in the document. None is an
/// event that just happens.
///
/// Camunda: definitions of other kinds mean nothing.
pub(crate) fn of_event<'d>(
    event: Node<'d>,
    kinds: &[&'static str],
    report: &mut Report<'_>,
) -> Option<(Node<'d>, &'static str)> {
    kinds.iter().find_map(|kind| Some((named(event, kind, report)?, *kind)))
}

/// The definition of one kind.
pub(crate) fn named<'d>(event: Node<'d>, kind: &'static str, report: &mut Report<'_>) -> Option<Node<'d>> {
    let mut found = bpmn_children_named(event, kind);
    let first = found.next()?;
    if found.next().is_some() {
        report.give_up(event, format!("an event has more than one '{kind}'"));
    }
    Some(first)
}
