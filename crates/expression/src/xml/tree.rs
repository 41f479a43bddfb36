//! The tree itself: nodes in one list, with the changes that Spin's methods make.

use std::sync::Arc;

use super::handle::Origin;
use crate::error::EvaluationError;
use crate::limit;

/// The namespace of namespace declarations, which are attributes.
pub(crate) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

pub(crate) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

pub(crate) type NodeNumber = usize;

#[derive(Clone, Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    /// The texts that nodes were read from, each with the number of its document. The first is the tree's own.
    origins: Vec<(Origin, NodeNumber)>,
}

#[derive(Clone, Debug)]
struct Node {
    /// None for documents, and for what was removed.
    parent: Option<NodeNumber>,
    kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Document { children: Vec<NodeNumber> },
    Element { name: Name, attributes: Vec<NodeNumber>, children: Vec<NodeNumber> },
    Attribute { name: Name, value: Arc<str> },
    Text(Arc<str>),
    Instruction { target: Arc<str>, data: Arc<str> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub prefix: Option<Arc<str>>,
    pub local: Arc<str>,
    pub namespace: Option<Arc<str>>,
}

impl Name {
    pub fn qualified(&self) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}:{}", self.local),
            None => self.local.to_string(),
        }
    }

    pub fn is(&self, namespace: Option<&str>, local: &str) -> bool {
        self.namespace.as_deref() == namespace && *self.local == *local
    }
}

impl Tree {
    /// A document without an element yet.
    pub fn new(origin: Origin) -> Tree {
        let document = Node { parent: None, kind: Kind::Document { children: Vec::new() } };
        Tree { nodes: vec![document], origins: vec![(origin, 0)] }
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn origin(&self) -> &Origin {
        &self.origins[0].0
    }

    /// By how much the numbers of the nodes that were read from this text have grown.
    pub fn offset_of(&self, origin: &Origin) -> Option<NodeNumber> {
        self.origins.iter().find(|(known, _)| known.is(origin)).map(|(_, offset)| *offset)
    }

    pub fn kind(&self, node: NodeNumber) -> &Kind {
        &self.nodes[node].kind
    }

    pub fn parent(&self, node: NodeNumber) -> Option<NodeNumber> {
        self.nodes[node].parent
    }

    pub fn children(&self, node: NodeNumber) -> &[NodeNumber] {
        match self.kind(node) {
            Kind::Document { children } | Kind::Element { children, .. } => children,
            Kind::Attribute { .. } | Kind::Text(_) | Kind::Instruction { .. } => &[],
        }
    }

    /// In the order of their names; namespace declarations are among them.
    pub fn attributes(&self, node: NodeNumber) -> &[NodeNumber] {
        match self.kind(node) {
            Kind::Element { attributes, .. } => attributes,
            _ => &[],
        }
    }

    /// Of an element or attribute.
    pub fn name(&self, node: NodeNumber) -> Option<&Name> {
        match self.kind(node) {
            Kind::Element { name, .. } | Kind::Attribute { name, .. } => Some(name),
            Kind::Document { .. } | Kind::Text(_) | Kind::Instruction { .. } => None,
        }
    }

    pub fn attribute(&self, element: NodeNumber, namespace: Option<&str>, local: &str) -> Option<NodeNumber> {
        let mut attributes = self.attributes(element).iter().copied();
        attributes.find(|attribute| self.name(*attribute).is_some_and(|name| name.is(namespace, local)))
    }

    /// The node and all that it is within, from the inside.
    pub fn with_ancestors(&self, node: NodeNumber) -> impl Iterator<Item = NodeNumber> {
        std::iter::successors(Some(node), |node| self.parent(*node))
    }

    /// The node and what is in it, without attributes, in the order of the document.
    pub fn with_descendants(&self, node: NodeNumber) -> impl Iterator<Item = NodeNumber> {
        let mut open = vec![node];
        std::iter::from_fn(move || {
            let node = open.pop()?;
            open.extend(self.children(node).iter().rev());
            Some(node)
        })
    }

    /// The texts of an element or document together, or the value of another node.
    pub fn text(&self, node: NodeNumber) -> String {
        match self.kind(node) {
            Kind::Attribute { value, .. } => value.to_string(),
            Kind::Text(text) => text.to_string(),
            Kind::Instruction { data, .. } => data.to_string(),
            Kind::Document { .. } | Kind::Element { .. } => {
                let texts = self.with_descendants(node).filter_map(|node| match self.kind(node) {
                    Kind::Text(text) => Some(&**text),
                    _ => None,
                });
                texts.collect()
            }
        }
    }

    /// # Errors
    /// The tree is over the limit of its size.
    pub fn add(&mut self, parent: Option<NodeNumber>, kind: Kind) -> Result<NodeNumber, EvaluationError> {
        if self.nodes.len() >= limit::XML_NODES {
            return Err(EvaluationError::limit("the number of nodes of an XML document", limit::XML_NODES));
        }
        self.nodes.push(Node { parent, kind });
        Ok(self.nodes.len() - 1)
    }

    pub fn add_child(&mut self, parent: NodeNumber, kind: Kind) -> Result<NodeNumber, EvaluationError> {
        let child = self.add(Some(parent), kind)?;
        self.children_mut(parent).push(child);
        Ok(child)
    }

    /// Sets an attribute, or adds it at the place that its name has.
    pub fn set_attribute(
        &mut self,
        element: NodeNumber,
        name: Name,
        value: Arc<str>,
    ) -> Result<NodeNumber, EvaluationError> {
        if let Some(found) = self.attribute(element, name.namespace.as_deref(), &name.local) {
            self.nodes[found].kind = Kind::Attribute { name, value };
            return Ok(found);
        }
        let qualified = name.qualified();
        let behind =
            |tree: &Tree, other: NodeNumber| tree.name(other).is_some_and(|other| other.qualified() > qualified);
        let place = self.attributes(element).iter().position(|other| behind(self, *other));
        let added = self.add(Some(element), Kind::Attribute { name, value })?;
        if let Kind::Element { attributes, .. } = &mut self.nodes[element].kind {
            attributes.insert(place.unwrap_or(attributes.len()), added);
        }
        Ok(added)
    }

    pub fn set_value(&mut self, attribute: NodeNumber, new: Arc<str>) {
        if let Kind::Attribute { value, .. } = &mut self.nodes[attribute].kind {
            *value = new;
        }
    }

    pub fn set_text(&mut self, node: NodeNumber, new: Arc<str>) {
        self.nodes[node].kind = Kind::Text(new);
    }

    pub fn remove_children(&mut self, element: NodeNumber) {
        for child in std::mem::take(self.children_mut(element)) {
            self.nodes[child].parent = None;
        }
    }

    /// Takes a node or attribute from where it is.
    pub fn detach(&mut self, node: NodeNumber) {
        let Some(parent) = self.nodes[node].parent.take() else {
            return;
        };
        match &mut self.nodes[parent].kind {
            Kind::Element { attributes, children, .. } => {
                attributes.retain(|attribute| *attribute != node);
                children.retain(|child| *child != node);
            }
            Kind::Document { children } => children.retain(|child| *child != node),
            Kind::Attribute { .. } | Kind::Text(_) | Kind::Instruction { .. } => {}
        }
    }

    /// Puts a detached node among the children of another, before the one at this place.
    ///
    /// # Errors
    /// The tree would be over the limit of its depth.
    pub fn insert(&mut self, parent: NodeNumber, place: usize, node: NodeNumber) -> Result<(), EvaluationError> {
        let depth = self.with_ancestors(parent).count() + self.height(node);
        check_depth(depth)?;
        self.nodes[node].parent = Some(parent);
        self.children_mut(parent).insert(place, node);
        Ok(())
    }

    /// Takes in all nodes of another tree, and answers by how much their numbers have grown.
    pub fn adopt(&mut self, other: &Tree) -> Result<NodeNumber, EvaluationError> {
        let offset = self.nodes.len();
        if offset + other.nodes.len() > limit::XML_NODES {
            return Err(EvaluationError::limit("the number of nodes of an XML document", limit::XML_NODES));
        }
        let moved = |numbers: &mut Vec<NodeNumber>| numbers.iter_mut().for_each(|number| *number += offset);
        for node in &other.nodes {
            let mut node = node.clone();
            node.parent = node.parent.map(|parent| parent + offset);
            match &mut node.kind {
                Kind::Document { children } => moved(children),
                Kind::Element { attributes, children, .. } => {
                    moved(attributes);
                    moved(children);
                }
                Kind::Attribute { .. } | Kind::Text(_) | Kind::Instruction { .. } => {}
            }
            self.nodes.push(node);
        }
        let origins = other.origins.iter().map(|(origin, number)| (origin.clone(), number + offset));
        self.origins.extend(origins);
        Ok(offset)
    }

    fn height(&self, node: NodeNumber) -> usize {
        let base = self.with_ancestors(node).count();
        let depths = self.with_descendants(node).map(|inner| self.with_ancestors(inner).count());
        // Within the limit of depth, so the walks up are short.
        depths.max().unwrap_or(base) - base + 1
    }

    fn children_mut(&mut self, node: NodeNumber) -> &mut Vec<NodeNumber> {
        match &mut self.nodes[node].kind {
            Kind::Document { children } | Kind::Element { children, .. } => children,
            Kind::Attribute { .. } | Kind::Text(_) | Kind::Instruction { .. } => {
                unreachable!("only documents and elements are given children")
            }
        }
    }
}

pub(super) fn check_depth(depth: usize) -> Result<(), EvaluationError> {
    match depth > limit::XML_DEPTH {
        true => Err(EvaluationError::limit("the depth of an XML document", limit::XML_DEPTH)),
        false => Ok(()),
    }
}
