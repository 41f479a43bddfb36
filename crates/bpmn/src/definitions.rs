//! What stands outside the processes of a document: messages, errors, signals, escalations, and the ids of everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use expression::Expression;

use crate::attribute::{bpmn_children, bpmn_children_named, camunda, is_true};
use crate::document::{BPMN, Document, Node};
use crate::model::ErrorReference;
use crate::report::Report;

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";

/// The `definitions` element, with what processes refer to.
#[derive(Debug)]
pub(crate) struct Definitions<'d> {
    root: Node<'d>,
    messages: BTreeMap<&'d str, Message>,
    /// The names of signals.
    signals: BTreeMap<&'d str, Expression>,
    errors: BTreeMap<&'d str, ErrorReference>,
    /// The codes of escalations.
    escalations: BTreeMap<&'d str, Option<Arc<str>>>,
    element_ids: BTreeSet<&'d str>,
}

#[derive(Debug)]
pub(crate) struct Message {
    pub name: Option<Expression>,
}

impl<'d> Definitions<'d> {
    pub fn read(document: &'d Document<'d>, report: &mut Report<'_>) -> Definitions<'d> {
        let root = document.root();
        let mut definitions = Definitions {
            root,
            messages: BTreeMap::new(),
            signals: BTreeMap::new(),
            errors: BTreeMap::new(),
            escalations: BTreeMap::new(),
            element_ids: root.descendants().filter_map(|node| node.attribute("id")).collect(),
        };
        refuse_imports(root, report);
        definitions.read_messages(report);
        definitions.read_signals(report);
        definitions.read_errors(report);
        definitions.read_escalations(report);
        if let Some(second) = bpmn_children_named(root, "collaboration").nth(1) {
            // Camunda: cannot read such a document, though the schema allows it.
            report.error(second, "more than one collaboration in a document is not supported");
        }
        definitions
    }

    pub fn root(&self) -> Node<'d> {
        self.root
    }

    pub fn target_namespace(&self) -> Option<&'d str> {
        self.root.attribute("targetNamespace")
    }

    /// The executable processes of the document.
    pub fn processes(&self) -> impl Iterator<Item = Node<'d>> {
        // Camunda: a process that does not say that it is executable is not.
        bpmn_children_named(self.root, "process").filter(|process| is_true(process.attribute("isExecutable")))
    }

    /// Whether any element of the document has this id.
    pub fn has_element(&self, id: &str) -> bool {
        self.element_ids.contains(id)
    }

    /// A message by reference.
    pub fn message(&self, reference: &str) -> Option<&Message> {
        self.messages.get(self.local_name(reference)?)
    }

    /// The name of a signal by reference.
    pub fn signal(&self, reference: &str) -> Option<&Expression> {
        self.signals.get(self.local_name(reference)?)
    }

    /// What a qualified name means here; a prefix must stand for the document's own namespace.
    fn local_name<'n>(&self, reference: &'n str) -> Option<&'n str> {
        match reference.trim().split_once(':') {
            None => Some(reference.trim()),
            Some((prefix, id)) => {
                let uri = self.root.lookup_namespace_uri(Some(prefix));
                uri.filter(|&uri| Some(uri) == self.target_namespace()).map(|_| id)
            }
        }
    }

    /// The code of an escalation, by reference.
    pub fn escalation(&self, reference: &str) -> Option<&Option<Arc<str>>> {
        self.escalations.get(reference)
    }

    /// An error by reference.
    pub fn error(&self, reference: &str) -> ErrorReference {
        // Camunda: a reference to no error of the document is an error code itself.
        self.errors.get(reference).cloned().unwrap_or_else(|| ErrorReference {
            error_id: None,
            error_code: Some(Arc::from(reference)),
            error_message: None,
        })
    }

    fn read_messages(&mut self, report: &mut Report<'_>) {
        for node in bpmn_children_named(self.root, "message") {
            let name = node.attribute("name").and_then(|name| read_expression(name, node, report));
            self.messages.insert(node.attribute("id").unwrap_or_default(), Message { name });
        }
    }

    fn read_signals(&mut self, report: &mut Report<'_>) {
        let mut names = BTreeSet::new();
        for signal in bpmn_children(self.root).filter(|node| node.has_tag_name((BPMN, "signal"))) {
            let (id, name) = (signal.attribute("id"), signal.attribute("name"));
            if name.is_some_and(|name| names.contains(name)) {
                report.error(signal, format!("duplicate signal name '{}'", name.unwrap_or_default()));
            }
            match (id, name) {
                (None, _) => report.error(signal, "signal must have an id"),
                (Some(id), None) => report.error(signal, format!("signal with id '{id}' has no name")),
                (Some(id), Some(name)) => {
                    if let Some(expression) = read_expression(name, signal, report) {
                        self.signals.insert(id, expression);
                    }
                    names.insert(name);
                }
            }
        }
    }

    fn read_escalations(&mut self, report: &mut Report<'_>) {
        for node in bpmn_children_named(self.root, "escalation") {
            let Some(id) = node.attribute("id") else {
                report.error(node, "escalation must have an id");
                continue;
            };
            let code = node.attribute("escalationCode").filter(|code| !code.is_empty());
            self.escalations.insert(id, code.map(Arc::from));
        }
    }

    fn read_errors(&mut self, report: &mut Report<'_>) {
        for node in bpmn_children_named(self.root, "error") {
            let Some(id) = node.attribute("id") else {
                report.error(node, "an error must have an id");
                continue;
            };
            let error = ErrorReference {
                error_id: Some(Arc::from(id)),
                error_code: node.attribute("errorCode").map(Arc::from),
                error_message: camunda(node, "errorMessage").and_then(|text| read_expression(text, node, report)),
            };
            self.errors.insert(id, error);
        }
    }
}

/// Parses an expression or literal; a failure goes to the report.
pub(crate) fn read_expression(text: &str, node: Node<'_>, report: &mut Report<'_>) -> Option<Expression> {
    match Expression::parse(text) {
        Ok(expression) => Some(expression),
        Err(error) => {
            report.expression_error(node, error.to_string());
            None
        }
    }
}

fn refuse_imports(root: Node<'_>, report: &mut Report<'_>) {
    for import in bpmn_children_named(root, "import") {
        let import_type = import.attribute("importType").unwrap_or_default();
        if import_type == WSDL {
            // Camunda: knows this type, looks for what could import it and then for what it imports.
            report.error(import, format!("nothing imports definitions of type '{import_type}'"));
        }
        report.error(import, format!("definitions of type '{import_type}' cannot be imported"));
    }
}
