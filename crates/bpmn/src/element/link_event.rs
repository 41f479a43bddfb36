//! Link events: flows to the throwing one lead to the catching one of the same name.

use crate::document::Node;
use crate::scope::ProcessBuilder;

/// Remembers where a link leads to.
pub(crate) fn catch<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, event: Node<'d>, definition: Node<'d>, id: &'d str) {
    let name = definition.attribute("name").unwrap_or_default();
    if builder.links.targets.contains_key(name) {
        let message = format!("several intermediate catch events have the link name '{name}'; only one is allowed");
        return builder.report.error(event, message);
    }
    let event_name = event.attribute("name").unwrap_or("null");
    if name != event_name {
        let message = format!("the link event '{event_name}' has the link name '{name}'; both should be the same");
        builder.report.warning(event, &[], message);
    }
    if !id.is_empty() {
        builder.links.targets.insert(name, id);
    }
}

/// Remembers where a link comes from. The throwing event itself is no element of the model.
pub(crate) fn throw<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, definition: Node<'d>, id: &'d str) {
    if !id.is_empty() {
        builder.links.sources.insert(id, definition.attribute("name").unwrap_or_default());
    }
}
