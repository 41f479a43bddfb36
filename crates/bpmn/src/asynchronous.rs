//! Where jobs take over from what runs at once: `camunda:asyncBefore`, `camunda:asyncAfter` and how failures are repeated.

use expression::Expression;

use crate::attribute::{camunda, is_true, text};
use crate::definitions::read_expression;
use crate::document::{FOX, Node};
use crate::extension::{extensions, is_camunda};
use crate::model::Asynchronous;
use crate::report::Report;
use crate::scope::Arena;

pub(crate) fn read(node: Node<'_>) -> Asynchronous {
    let is_set = |name| is_true(camunda(node, name));
    Asynchronous {
        before: is_set("asyncBefore") || is_set("async"),
        after: is_set("asyncAfter"),
        is_exclusive: is_exclusive(node),
    }
}

/// Jobs are exclusive unless the model says that they are not.
pub(crate) fn is_exclusive(node: Node<'_>) -> bool {
    is_true(camunda(node, "exclusive").or(Some("true")))
}

/// `camunda:failedJobRetryTimeCycle`; one that nothing can have a use for may be wrong.
pub(crate) fn retry_cycle(node: Node<'_>, asynchronous: Asynchronous, report: &mut Report<'_>) -> Option<Expression> {
    let cycle = extensions(node).find(|extension| {
        let name = "failedJobRetryTimeCycle";
        is_camunda(*extension, name) || extension.has_tag_name((FOX, name))
    })?;
    let cycle = text(cycle);
    match cycle.as_str() {
        "" => None,
        cycle if asynchronous.before || asynchronous.after => read_expression(cycle, node, report),
        cycle => Expression::parse(cycle).ok(),
    }
}

/// A job that goes on after an element remembers the flow by its id.
pub(crate) fn check_all(arena: &Arena<'_>, report: &mut Report<'_>) {
    for element in arena.elements.iter().filter(|element| element.asynchronous.after) {
        let id = &element.id;
        for _ in element.outgoing.iter().filter(|flow| arena.flow(**flow).id.is_empty()) {
            let message =
                format!("a sequence flow out of '{id}' has no id, which it needs as '{id}' uses 'asyncAfter'");
            report.error_about(&[id], message);
        }
    }
}
