//! What an expression holds of a document.

use std::sync::Arc;

use super::read::read;
use super::tree::{Kind, NodeNumber, Tree};
use super::write;
use crate::error::EvaluationError;

/// The number of the element of a document in the tree that was read from it.
const ELEMENT: NodeNumber = 1;

/// A text that trees are read from. Two are the same if they are one object, whatever they say.
#[derive(Clone, Debug)]
pub(crate) struct Origin(Arc<str>);

impl Origin {
    pub fn text(&self) -> &str {
        &self.0
    }

    pub fn is(&self, other: &Origin) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// An XML element, an attribute, or an XPath query on an element.
#[derive(Clone, Debug)]
pub struct Xml(Held);

#[derive(Clone, Debug)]
enum Held {
    /// The element of a text that nobody has looked into.
    Unread(Origin),
    Node(Arc<Tree>, NodeNumber),
    Query(Arc<Query>),
}

/// An XPath expression that waits to be asked for what it finds.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub tree: Arc<Tree>,
    pub context: NodeNumber,
    pub expression: Arc<str>,
    /// Prefixes with their namespaces.
    pub namespaces: Vec<(Arc<str>, Arc<str>)>,
}

/// What it is, once it has been read.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Element(Arc<Tree>, NodeNumber),
    Attribute(Arc<Tree>, NodeNumber),
    Query(Arc<Query>),
}

impl Xml {
    /// The element of a document, which is read when something of it is asked for.
    pub fn new(text: Arc<str>) -> Xml {
        Xml(Held::Unread(Origin(text)))
    }

    pub(crate) fn node(tree: Arc<Tree>, node: NodeNumber) -> Xml {
        Xml(Held::Node(tree, node))
    }

    pub(crate) fn query(query: Query) -> Xml {
        Xml(Held::Query(Arc::new(query)))
    }

    /// The same, read.
    ///
    /// # Errors
    /// The text is no XML document, or over a limit.
    pub fn read(&self) -> Result<Xml, EvaluationError> {
        match &self.0 {
            Held::Unread(origin) => Ok(Xml(Held::Node(Arc::new(read(origin)?), ELEMENT))),
            Held::Node(..) | Held::Query(_) => Ok(self.clone()),
        }
    }

    pub(crate) fn part(&self) -> Result<Part, EvaluationError> {
        Ok(match self.read()?.0 {
            Held::Query(query) => Part::Query(query),
            Held::Node(tree, node) => match tree.kind(node) {
                Kind::Attribute { .. } => Part::Attribute(tree, node),
                _ => Part::Element(tree, node),
            },
            Held::Unread(_) => unreachable!("what was read is not unread"),
        })
    }

    /// This node as it is in the tree of another one, which is a later one of the same document or has adopted it.
    pub fn within(&self, later: &Xml) -> Option<Xml> {
        let Held::Node(tree, _) = &later.0 else {
            return None;
        };
        match &self.0 {
            Held::Query(query) => {
                let offset = tree.offset_of(query.tree.origin())?;
                let query = Query { tree: tree.clone(), context: query.context + offset, ..(**query).clone() };
                Some(Xml(Held::Query(Arc::new(query))))
            }
            _ => self.number_in(tree).map(|node| Xml(Held::Node(tree.clone(), node))),
        }
    }

    /// The number that this node has in the tree, if it is there.
    pub(crate) fn number_in(&self, tree: &Tree) -> Option<NodeNumber> {
        let (origin, node) = match &self.0 {
            Held::Unread(origin) => (origin, ELEMENT),
            Held::Node(own, node) => (own.origin(), *node),
            Held::Query(_) => return None,
        };
        Some(tree.offset_of(origin)? + node)
    }

    pub fn is_same(&self, other: &Xml) -> bool {
        match (&self.0, &other.0) {
            (Held::Query(left), Held::Query(right)) => Arc::ptr_eq(left, right),
            (Held::Query(_), _) | (_, Held::Query(_)) => false,
            _ => self.identity() == other.identity(),
        }
    }

    /// Both are in one tree, so neither is a later state than the other.
    pub fn is_beside(&self, other: &Xml) -> bool {
        let tree = |xml: &Xml| match &xml.0 {
            Held::Unread(_) => None,
            Held::Node(tree, _) => Some(Arc::as_ptr(tree)),
            Held::Query(query) => Some(Arc::as_ptr(&query.tree)),
        };
        tree(self) == tree(other)
    }

    fn identity(&self) -> Option<(*const u8, NodeNumber)> {
        match &self.0 {
            Held::Unread(origin) => Some((origin.text().as_ptr(), ELEMENT)),
            Held::Node(tree, node) => Some((tree.origin().text().as_ptr(), *node)),
            Held::Query(_) => None,
        }
    }

    /// # Errors
    /// It can't be read, is over a limit, or is a query.
    pub fn to_text(&self) -> Result<String, EvaluationError> {
        match self.part()? {
            Part::Element(tree, node) => write::written(&tree, node),
            Part::Attribute(tree, node) => Ok(tree.text(node)),
            Part::Query(_) => Err(EvaluationError::coercion("an XPath query has no text form here")),
        }
    }

    /// # Errors
    /// As [`Xml::to_text`], and for an attribute.
    pub(crate) fn to_variable_text(&self) -> Result<String, EvaluationError> {
        match self.part()? {
            Part::Element(tree, node) => write::written(&tree, node),
            Part::Attribute(..) | Part::Query(_) => {
                Err(EvaluationError::failed(format!("an object of class {} can't be a variable", self.class())))
            }
        }
    }

    pub(crate) fn weight(&self) -> usize {
        match &self.0 {
            Held::Unread(origin) => origin.text().len(),
            Held::Node(tree, _) => tree.len() * size_of::<Kind>(),
            Held::Query(_) => size_of::<Query>(),
        }
    }

    pub(crate) fn class(&self) -> &'static str {
        match &self.0 {
            Held::Unread(_) => "org.camunda.spin.impl.xml.dom.DomXmlElement",
            Held::Node(tree, node) => match tree.kind(*node) {
                Kind::Attribute { .. } => "org.camunda.spin.impl.xml.dom.DomXmlAttribute",
                _ => "org.camunda.spin.impl.xml.dom.DomXmlElement",
            },
            Held::Query(_) => "org.camunda.spin.impl.xml.dom.query.DomXPathQuery",
        }
    }
}
