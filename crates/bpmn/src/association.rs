//! `association`: connects an artifact with an element, or what can be undone with what undoes it.

use crate::definitions::Definitions;
use crate::document::Node;
use crate::report::Report;

/// Reports an association with something that does not exist; one wrong end is enough. True if there is none.
pub(crate) fn check(node: Node<'_>, definitions: &Definitions<'_>, report: &mut Report<'_>) -> bool {
    for end in ["sourceRef", "targetRef"] {
        let reference = node.attribute(end).unwrap_or("null");
        if !definitions.has_element(reference) {
            report.error(node, format!("Invalid reference {end} '{reference}' of association element"));
            return false;
        }
    }
    true
}
