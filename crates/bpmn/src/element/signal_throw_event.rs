//! Signals that intermediate and end events throw, with what goes along.

use crate::document::Node;
use crate::element::event_trigger;
use crate::extension::{extensions, is_camunda};
use crate::model::{ElementKind, SignalThrowEvent};
use crate::passed_variables::{self, Reading};
use crate::scope::ProcessBuilder;
use crate::unsupported;

pub(crate) fn read(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    event: Node<'_>,
    definition: Node<'_>,
    id: &str,
) -> Option<ElementKind> {
    let is_refused = unsupported::refuse_parts(definition, id, builder.report);
    let name = event_trigger::signal_name(builder, definition, id);
    let mut payload = Vec::new();
    let mut business_key = None;
    for passed in extensions(definition).filter(|extension| is_camunda(*extension, "in")) {
        match passed.attribute("businessKey").filter(|key| !key.is_empty()) {
            Some(key) => business_key = builder.expression(key, passed),
            None => payload.extend(passed_variables::read(builder, passed, id, Reading::AsSaid)),
        }
    }
    let is_end_event = event.tag_name().name() == "endEvent";
    let name = name.filter(|_| !is_refused)?;
    Some(ElementKind::SignalThrowEvent(SignalThrowEvent { is_end_event, name, payload, business_key }))
}
