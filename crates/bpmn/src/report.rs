//! The findings of one document, gathered while it is read.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, ParseFailure};
use crate::document::{Document, Node};
use crate::tag::Position;

/// Findings beyond these are dropped: nobody reads them, and a hostile document must not make a huge answer.
const MAX_FINDINGS: usize = 1_000;

/// Collects errors and warnings.
#[derive(Debug)]
pub(crate) struct Report<'d> {
    document: &'d Document<'d>,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    /// The first expression that cannot be parsed.
    expression_error: Option<Diagnostic>,
    /// What is wrong with a document in which nothing else is.
    doubts: Vec<Diagnostic>,
    has_given_up: bool,
}

impl<'d> Report<'d> {
    pub fn new(document: &'d Document<'d>) -> Report<'d> {
        Report {
            document,
            errors: Vec::new(),
            warnings: Vec::new(),
            expression_error: None,
            doubts: Vec::new(),
            has_given_up: false,
        }
    }

    /// The place that findings about an element have.
    pub fn position(&self, node: Node<'_>) -> Position {
        self.document.position(node)
    }

    /// An error about an element.
    pub fn error(&mut self, node: Node<'_>, message: impl Into<String>) {
        self.error_for(node, &[], message);
    }

    /// An error at a nested element about the elements it belongs to, the most important first.
    pub fn error_for(&mut self, node: Node<'_>, ids: &[&str], message: impl Into<String>) {
        if !self.has_given_up {
            let diagnostic = self.at(node, ids, message.into());
            push(&mut self.errors, diagnostic);
        }
    }

    /// An error about elements as a whole, without a place.
    pub fn error_about(&mut self, ids: &[&str], message: impl Into<String>) {
        if !self.has_given_up {
            push(&mut self.errors, without_place(ids, message.into()));
        }
    }

    /// Something that Camunda does not refuse, or not by a message of its own: an error unless there are others.
    pub fn doubt(&mut self, node: Node<'_>, ids: &[&str], message: impl Into<String>) {
        if !self.has_given_up {
            let diagnostic = self.at(node, ids, message.into());
            push(&mut self.doubts, diagnostic);
        }
    }

    /// Camunda: what comes after this in the document is not looked at, as reading the element fails there.
    pub fn give_up(&mut self, node: Node<'_>, message: impl Into<String>) {
        self.doubt(node, &[], message);
        self.has_given_up = true;
    }

    /// A violation of the schema: a place alone.
    pub fn violation(&mut self, place: Position, message: String) {
        let Position { line, column } = place;
        push(&mut self.errors, Diagnostic { message, line, column, main_element_id: None, element_ids: Vec::new() });
    }

    pub fn warning(&mut self, node: Node<'_>, ids: &[&str], message: impl Into<String>) {
        if !self.has_given_up {
            let diagnostic = self.at(node, ids, message.into());
            push(&mut self.warnings, diagnostic);
        }
    }

    pub fn warning_about(&mut self, ids: &[&str], message: impl Into<String>) {
        if !self.has_given_up {
            push(&mut self.warnings, without_place(ids, message.into()));
        }
    }

    /// Camunda: nothing after an expression that cannot be parsed is looked at.
    pub fn expression_error(&mut self, node: Node<'_>, message: String) {
        if !self.has_given_up {
            self.expression_error = Some(self.at(node, &[], message));
            self.has_given_up = true;
        }
    }

    /// The warnings of a document without errors, else why it is refused.
    pub fn finish(self) -> Result<Vec<Diagnostic>, ParseFailure> {
        let Report { errors, warnings, expression_error, doubts, .. } = self;
        match (errors.is_empty(), expression_error) {
            (false, _) => Err(ParseFailure::Invalid { errors, warnings }),
            (true, Some(error)) => Err(ParseFailure::Expression(error.message)),
            (true, None) if doubts.is_empty() => Ok(warnings),
            (true, None) => Err(ParseFailure::Invalid { errors: doubts, warnings }),
        }
    }

    /// The element's own id comes first among the ids; the first of the given ones is the main one.
    fn at(&self, node: Node<'_>, ids: &[&str], message: String) -> Diagnostic {
        let Position { line, column } = self.document.position(node);
        let own = node.attribute("id").filter(|id| !id.is_empty());
        let main_element_id = ids.first().copied().filter(|id| !id.is_empty()).or(own).map(Arc::from);
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
