//! The findings of one document, gathered while it is read.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, ParseFailure};
use crate::document::{Document, Node};
use crate::tag::Position;

/// Findings beyond these are dropped: nobody reads them, and a hostile document must not make a huge answer.
const MAX_FINDINGS: usize = 1_000;

/// Collects errors, warnings and expressions that cannot be parsed.
#[derive(Debug)]
pub(crate) struct Report<'d> {
    document: &'d Document<'d>,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    expression_errors: Vec<Diagnostic>,
}

impl<'d> Report<'d> {
    pub fn new(document: &'d Document<'d>) -> Report<'d> {
        Report { document, errors: Vec::new(), warnings: Vec::new(), expression_errors: Vec::new() }
    }

    /// The place that findings about an element have.
    pub fn position(&self, node: Node<'_>) -> Position {
        self.document.position(node)
    }

    /// An error about an element.
    pub fn error(&mut self, node: Node<'_>, message: impl Into<String>) {
        let diagnostic = self.at(node, &[], message.into());
        push(&mut self.errors, diagnostic);
    }

    /// An error at a nested element about the elements it belongs to, the most important first.
    pub fn error_for(&mut self, node: Node<'_>, ids: &[&str], message: impl Into<String>) {
        let diagnostic = self.at(node, ids, message.into());
        push(&mut self.errors, diagnostic);
    }

    /// An error about elements as a whole, without a place.
    pub fn error_about(&mut self, ids: &[&str], message: impl Into<String>) {
        push(&mut self.errors, without_place(ids, message.into()));
    }

    /// A violation of the schema: a place alone.
    pub fn violation(&mut self, place: Position, message: String) {
        let Position { line, column } = place;
        push(&mut self.errors, Diagnostic { message, line, column, main_element_id: None, element_ids: Vec::new() });
    }

    pub fn warning(&mut self, node: Node<'_>, ids: &[&str], message: impl Into<String>) {
        let diagnostic = self.at(node, ids, message.into());
        push(&mut self.warnings, diagnostic);
    }

    pub fn warning_about(&mut self, ids: &[&str], message: impl Into<String>) {
        push(&mut self.warnings, without_place(ids, message.into()));
    }

    pub fn expression_error(&mut self, node: Node<'_>, message: String) {
        let diagnostic = self.at(node, &[], message);
        push(&mut self.expression_errors, diagnostic);
    }

    /// The warnings of a document without errors, else why it is refused.
    pub fn finish(self) -> Result<Vec<Diagnostic>, ParseFailure> {
        let Report { mut errors, warnings, expression_errors, .. } = self;
        match (errors.is_empty(), expression_errors.first()) {
            (true, None) => Ok(warnings),
            (true, Some(first)) => Err(ParseFailure::Expression(first.message.clone())),
            (false, _) => {
                errors.extend(expression_errors);
                Err(ParseFailure::Invalid { errors, warnings })
            }
        }
    }

    /// The element's own id comes first among the ids; the first of the given ones is the main one.
    fn at(&self, node: Node<'_>, ids: &[&str], message: String) -> Diagnostic {
        let Position { line, column } = self.document.position(node);
        let own = node.attribute("id").filter(|id| !id.is_empty());
        let main_element_id = ids.first().copied().or(own).map(Arc::from);
        let element_ids =
            own.into_iter().chain(ids.iter().copied()).filter(|id| !id.is_empty()).map(Arc::from).collect();
        Diagnostic { message, line, column, main_element_id, element_ids }
    }
}

fn without_place(ids: &[&str], message: String) -> Diagnostic {
    Diagnostic {
        message,
        line: 0,
        column: 0,
        main_element_id: ids.first().copied().map(Arc::from),
        element_ids: ids.iter().copied().filter(|id| !id.is_empty()).map(Arc::from).collect(),
    }
}

fn push(findings: &mut Vec<Diagnostic>, finding: Diagnostic) {
    if findings.len() < MAX_FINDINGS {
        findings.push(finding);
    }
}
