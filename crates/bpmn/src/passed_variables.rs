//! `camunda:in` and `camunda:out`: variables that go to another instance, or come back from it.

use std::sync::Arc;

use crate::document::Node;
use crate::model::{PassedSource, PassedVariables};
use crate::scope::ProcessBuilder;

/// Where variables are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// `local` says so.
    AsSaid,
    /// All that is visible; `local` means something else.
    Visible,
}

/// Camunda: only this very word is true here.
pub(crate) fn is_local(node: Node<'_>) -> bool {
    node.attribute("local") == Some("true")
}

/// One of these elements.
pub(crate) fn read(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    node: Node<'_>,
    id: &str,
    reading: Reading,
) -> Option<PassedVariables> {
    let is_local = reading == Reading::AsSaid && is_local(node);
    if node.attribute("variables") == Some("all") {
        return Some(if is_local { PassedVariables::AllLocal } else { PassedVariables::All });
    }
    let source = match (node.attribute("source"), node.attribute("sourceExpression")) {
        (Some(""), _) => wrong(builder, node, id, "Empty attribute 'source' when passing variables"),
        (Some(name), _) if is_local => Some(PassedSource::LocalVariable(Arc::from(name))),
        (Some(name), _) => Some(PassedSource::Variable(Arc::from(name))),
        (None, Some("")) => wrong(builder, node, id, "Empty attribute 'sourceExpression' when passing variables"),
        (None, Some(text)) => {
            let source = if is_local { PassedSource::LocalExpression } else { PassedSource::Expression };
            builder.expression(text, node).map(source)
        }
        (None, None) => {
            wrong(builder, node, id, "Missing parameter 'source' or 'sourceExpression' when passing variables")
        }
    };
    let target = match node.attribute("target") {
        None => {
            wrong(builder, node, id, "Missing attribute 'target' when attribute 'source' or 'sourceExpression' is set")
        }
        Some("") => {
            wrong(builder, node, id, "Empty attribute 'target' when attribute 'source' or 'sourceExpression' is set")
        }
        Some(target) => Some(Arc::from(target)),
    };
    Some(PassedVariables::One { source: source?, target: target? })
}

fn wrong<T>(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str, message: &str) -> Option<T> {
    builder.report.error_for(node, &[id], message);
    None
}
