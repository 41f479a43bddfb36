//! From text to tree. A document type is refused, so no entity is ever expanded or fetched; comments are dropped.

use std::sync::Arc;

use roxmltree::{Document, Node, NodeType, ParsingOptions};

use super::handle::Origin;
use super::tree::{Kind, Name, NodeNumber, Tree, XMLNS, check_depth};
use crate::error::EvaluationError;
use crate::limit;

/// The tree; its element has the number 1.
pub(super) fn read(origin: &Origin) -> Result<Tree, EvaluationError> {
    let text = origin.text();
    let nodes_limit = u32::try_from(limit::XML_NODES).unwrap_or(u32::MAX);
    let options = ParsingOptions { allow_dtd: false, nodes_limit, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text.trim_start(), options).map_err(|error| {
        EvaluationError::failed(format!("SPIN/DOM-XML-01009 Unable to parse input into DOM document: {error}"))
    })?;
    let mut tree = Tree::new(origin.clone());
    let mut reader = Reader { text: document.input_text(), tree: &mut tree };
    reader.element(0, document.root_element())?;
    // What is still to be read, with the number of its parent and its depth.
    let mut open: Vec<(Node<'_, '_>, NodeNumber, usize)> = Vec::new();
    open.extend(document.root_element().children().rev().map(|child| (child, 1, 2)));
    while let Some((node, parent, depth)) = open.pop() {
        check_depth(depth)?;
        match node.node_type() {
            NodeType::Element => {
                let number = reader.element(parent, node)?;
                open.extend(node.children().rev().map(|child| (child, number, depth + 1)));
            }
            NodeType::Text => reader.text_node(parent, node.text().unwrap_or_default())?,
            NodeType::PI => {
                if let Some(instruction) = node.pi() {
                    let data = instruction.value.unwrap_or_default().into();
                    reader.tree.add_child(parent, Kind::Instruction { target: instruction.target.into(), data })?;
                }
            }
            NodeType::Root | NodeType::Comment => {}
        }
    }
    Ok(tree)
}

struct Reader<'r> {
    text: &'r str,
    tree: &'r mut Tree,
}

impl Reader<'_> {
    fn element(&mut self, parent: NodeNumber, node: Node<'_, '_>) -> Result<NodeNumber, EvaluationError> {
        let tag = &self.text[node.range().start + 1..];
        let end = tag.find(|letter: char| letter.is_ascii_whitespace() || matches!(letter, '/' | '>'));
        let name = named(&tag[..end.unwrap_or(tag.len())], node.tag_name().namespace());
        let kind = Kind::Element { name, attributes: Vec::new(), children: Vec::new() };
        let element = self.tree.add_child(parent, kind)?;
        let outer = node.parent_element();
        for declared in node.namespaces() {
            let known = outer.and_then(|outer| outer.lookup_namespace_uri(declared.name()));
            let is_xml = declared.name() == Some("xml");
            if !is_xml && known != Some(declared.uri()) {
                let qualified = declared.name().map_or("xmlns".to_owned(), |prefix| format!("xmlns:{prefix}"));
                self.tree.set_attribute(element, name_of_declaration(&qualified), declared.uri().into())?;
            }
        }
        for attribute in node.attributes() {
            let name = named(&self.text[attribute.range_qname()], attribute.namespace());
            self.tree.set_attribute(element, name, attribute.value().into())?;
        }
        Ok(element)
    }

    /// Texts on both sides of a comment are one.
    fn text_node(&mut self, parent: NodeNumber, text: &str) -> Result<(), EvaluationError> {
        if let Some(last) = self.tree.children(parent).last().copied()
            && let Kind::Text(before) = self.tree.kind(last)
        {
            let joined = format!("{before}{text}");
            self.tree.set_text(last, joined.into());
            return Ok(());
        }
        self.tree.add_child(parent, Kind::Text(text.into())).map(|_| ())
    }
}

fn named(qualified: &str, namespace: Option<&str>) -> Name {
    let (prefix, local) = match qualified.split_once(':') {
        Some((prefix, local)) => (Some(Arc::from(prefix)), local),
        None => (None, qualified),
    };
    Name { prefix, local: local.into(), namespace: namespace.filter(|uri| !uri.is_empty()).map(Arc::from) }
}

fn name_of_declaration(qualified: &str) -> Name {
    named(qualified, Some(XMLNS))
}
