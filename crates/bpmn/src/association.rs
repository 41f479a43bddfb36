//! `association`: connects an artifact with an element, and means nothing to the engine.

use crate::definitions::Definitions;
use crate::document::Node;
use crate::report::Report;

/// Reports an association with something that does not exist; one wrong end is enough.
pub(crate) fn check(node: Node<'_>, definitions: &Definitions<'_>, report: &mut Report<'_>) {
    for end in ["sourceRef", "targetRef"] {
        let reference = node.attribute(end).unwrap_or("null");
        if !definitions.has_element(reference) {
            return report.error(node, format!("Invalid reference {end} '{reference}' of association element"));
        }
    }
}
