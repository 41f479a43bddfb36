//! The walk over a document, with a stack of its own: each element is entered once and left once.

use std::collections::BTreeSet;

use crate::document::{BPMN, Document, Node, XSI};
use crate::report::Report;
use crate::schema::content::{ContentState, Declared, declared_globally};
use crate::schema::grammar::{ContentType, GRAMMAR, Grammar, Space, Type};
use crate::schema::simple_type::{SimpleType, is_qualified_name};

/// Reports everything in which the document is not what the schema prescribes.
pub(crate) fn validate(document: &Document<'_>, report: &mut Report<'_>) {
    let mut validation =
        Validation { document, report, grammar: &GRAMMAR, ids: BTreeSet::new(), references: BTreeSet::new() };
    validation.walk(document.root());
    validation.check_references(document.root());
}

/// What XML takes for white space.
const XML_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// What the content of an element must be.
enum Content<'g> {
    Children { is_mixed: bool, state: ContentState<'g> },
    Value(&'g SimpleType),
    Anything,
}

/// An element whose end has not been reached.
struct Frame<'d, 'g> {
    node: Node<'d>,
    content: Content<'g>,
    next_child: Option<Node<'d>>,
}

struct Validation<'v, 'd, 'r, 'g> {
    document: &'d Document<'d>,
    report: &'v mut Report<'r>,
    grammar: &'g Grammar,
    ids: BTreeSet<&'d str>,
    references: BTreeSet<&'d str>,
}

impl<'d, 'g> Validation<'_, 'd, '_, 'g> {
    fn walk(&mut self, root: Node<'d>) {
        let declared = declared_globally(root, self.grammar);
        if matches!(declared, Declared::Unknown) || root.tag_name().namespace() != Some(BPMN) {
            let message = format!("the root element '{}' is none of BPMN 2.0", root.tag_name().name());
            return self.report.violation(self.document.position(root), message);
        }
        let mut frames = vec![self.enter(root, declared)];
        while let Some(frame) = frames.last_mut() {
            match frame.next_child {
                Some(child) => {
                    frame.next_child = child.next_sibling_element();
                    let declared = self.place(frame, child);
                    let entered = self.enter(child, declared);
                    frames.push(entered);
                }
                None => {
                    self.leave(frame);
                    frames.pop();
                }
            }
        }
    }

    /// Finds out what the child of an element is, and whether it may stand there.
    fn place(&mut self, frame: &mut Frame<'d, 'g>, child: Node<'d>) -> Declared<'g> {
        match &mut frame.content {
            Content::Children { state, .. } => {
                let (declared, placed) = state.next(child, self.grammar);
                if let Err(expected) = placed {
                    let message =
                        format!("element '{}' must not stand here, expected: {expected}", child.tag_name().name());
                    self.report.violation(self.document.position(child), message);
                }
                declared
            }
            Content::Value(_) | Content::Anything => declared_globally(child, self.grammar),
        }
    }

    fn enter(&mut self, node: Node<'d>, declared: Declared<'g>) -> Frame<'d, 'g> {
        let content = match self.with_explicit_type(node, declared) {
            Declared::Type(of) => self.enter_type(node, of),
            Declared::Content(ContentType::Complex(name)) => match self.grammar.type_named(*name) {
                Some(of) => self.enter_type(node, of),
                None => Content::Anything,
            },
            Declared::Content(ContentType::Simple(of)) => {
                for attribute in node.attributes().filter(|attribute| attribute.namespace() != Some(XSI)) {
                    self.refuse_attribute(node, attribute.name());
                }
                Content::Value(of)
            }
            Declared::Unknown => Content::Anything,
        };
        Frame { node, content, next_child: node.first_element_child() }
    }

    /// `xsi:type` may narrow what an element is declared as.
    fn with_explicit_type(&mut self, node: Node<'d>, declared: Declared<'g>) -> Declared<'g> {
        let Some(type_name) = node.attribute((XSI, "type")) else { return declared };
        let (prefix, local) = type_name.trim().split_once(':').map_or((None, type_name.trim()), |(p, l)| (Some(p), l));
        let space = node.lookup_namespace_uri(prefix).and_then(Space::of_uri);
        let explicit = space.and_then(|space| self.grammar.type_named((space, local)));
        let declared_type = match declared {
            Declared::Type(of) => Some(of),
            Declared::Content(ContentType::Complex(name)) => self.grammar.type_named(*name),
            Declared::Content(ContentType::Simple(_)) | Declared::Unknown => None,
        };
        match (explicit, declared_type) {
            (Some(explicit), Some(declared_type)) if !explicit.is_derived_from(declared_type) => {
                let message = format!("'{type_name}' is no kind of what '{}' must be", node.tag_name().name());
                self.report.violation(self.document.position(node), message);
                Declared::Type(explicit)
            }
            (Some(explicit), _) => Declared::Type(explicit),
            (None, Some(_)) if prefix.is_some() && node.lookup_namespace_uri(prefix).is_none() => {
                // Camunda: four violations for one unknown prefix.
                for _ in 0..4 {
                    let message = format!("the prefix of the type '{type_name}' is not declared");
                    self.report.violation(self.document.position(node), message);
                }
                declared
            }
            (None, Some(_)) if !is_qualified_name(type_name) => {
                // Camunda: four violations for what can be no name of a type.
                for _ in 0..4 {
                    let message = format!("'{type_name}' is no valid name of a type");
                    self.report.violation(self.document.position(node), message);
                }
                declared
            }
            (None, Some(_)) => {
                let message = format!("the type '{type_name}' of element '{}' is not known", node.tag_name().name());
                self.report.violation(self.document.position(node), message);
                declared
            }
            (None, None) => declared,
        }
    }

    fn enter_type(&mut self, node: Node<'d>, of: &'g Type) -> Content<'g> {
        if of.is_abstract {
            let message = format!("element '{}' is abstract and must not be used", node.tag_name().name());
            self.report.violation(self.document.position(node), message);
            return Content::Anything;
        }
        for attribute in node.attributes() {
            match attribute.namespace() {
                None => match of.attributes.get(attribute.name()) {
                    Some(declared) => self.check_attribute(node, &attribute, &declared.simple_type),
                    None => self.refuse_attribute(node, attribute.name()),
                },
                Some(XSI) => {}
                Some(uri) if of.allows_other_attributes && uri != BPMN => {}
                Some(_) => self.refuse_attribute(node, attribute.name()),
            }
        }
        for (name, _) in of.attributes.iter().filter(|(_, declared)| declared.is_required) {
            if node.attribute(*name).is_none() {
                let message = format!("attribute '{name}' is missing on element '{}'", node.tag_name().name());
                self.report.violation(self.document.position(node), message);
            }
        }
        Content::Children { is_mixed: of.is_mixed, state: ContentState::new(&of.alternatives) }
    }

    fn refuse_attribute(&mut self, node: Node<'d>, name: &str) {
        let message = format!("attribute '{name}' is not allowed on element '{}'", node.tag_name().name());
        self.report.violation(self.document.position(node), message);
    }

    fn check_attribute(&mut self, node: Node<'d>, attribute: &roxmltree::Attribute<'d, 'd>, simple_type: &SimpleType) {
        if let Err(reason) = self.check_value(node, attribute.value(), simple_type) {
            let message = format!(
                "the value of attribute '{}' on element '{}' is wrong",
                attribute.name(),
                node.tag_name().name()
            );
            // Camunda: a wrong value is reported twice, for itself and for its attribute.
            self.report.violation(self.document.position(node), reason);
            self.report.violation(self.document.position(node), message);
        }
    }

    fn check_value(&mut self, node: Node<'d>, value: &'d str, simple_type: &SimpleType) -> Result<(), String> {
        simple_type.check(value, node)?;
        match simple_type {
            SimpleType::Id if !self.ids.insert(value.trim()) => {
                Err(format!("the id '{}' is there more than once", value.trim()))
            }
            SimpleType::IdReference => {
                self.references.insert(value.trim());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn leave(&mut self, frame: &Frame<'d, 'g>) {
        let (node, name) = (frame.node, frame.node.tag_name().name());
        let problems = match &frame.content {
            Content::Anything => Vec::new(),
            Content::Value(simple_type) => {
                let children =
                    node.first_element_child().map(|_| format!("element '{name}' must not have child elements"));
                // Camunda: beside child elements no text counts.
                let text = if children.is_some() { "" } else { node.text().unwrap_or_default() };
                let wrong = self.check_value(node, text, simple_type).err();
                let wrong = wrong.map(|reason| [reason, format!("the value of element '{name}' is wrong")]);
                children.into_iter().chain(wrong.into_iter().flatten()).collect()
            }
            Content::Children { is_mixed, state } => {
                let text = (!is_mixed && has_text(node)).then(|| format!("element '{name}' must not hold text"));
                let missing = state
                    .finish()
                    .err()
                    .map(|expected| format!("element '{name}' is not complete, expected: {expected}"));
                text.into_iter().chain(missing).collect()
            }
        };
        for message in problems {
            self.report.violation(self.document.end_position(node), message);
        }
    }

    fn check_references(&mut self, root: Node<'d>) {
        let place = self.document.end_position(root);
        for id in self.references.difference(&self.ids) {
            self.report.violation(place, format!("no element has the id '{id}'"));
        }
    }
}

fn has_text(node: Node<'_>) -> bool {
    node.children()
        .filter(|child| child.is_text())
        .any(|child| child.text().is_some_and(|text| !text.trim_matches(XML_SPACE).is_empty()))
}
