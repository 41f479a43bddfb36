//! From tree to text, indented the way the reference's writer does it.

use std::fmt::Write;

use super::tree::{Kind, Name, NodeNumber, Tree, XML_NAMESPACE, XMLNS};
use crate::error::EvaluationError;
use crate::limit;

const DECLARATION: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

/// An element and what is in it, behind an XML declaration.
pub(super) fn written(tree: &Tree, element: NodeNumber) -> Result<String, EvaluationError> {
    let mut writer = Writer { tree, text: DECLARATION.to_owned(), declared: Vec::new() };
    let mut open = vec![Part::Node(element, Line::Same, 0)];
    while let Some(part) = open.pop() {
        if writer.text.len() > limit::STRING_BYTES {
            return Err(EvaluationError::limit("a string", limit::STRING_BYTES));
        }
        match part {
            Part::Node(node, line, depth) => writer.node(node, line, depth, &mut open),
            Part::End(element, line, depth, declared) => writer.end(element, line, depth, declared),
        }
    }
    writer.text.push('\n');
    Ok(writer.text)
}

/// What is still to be written; at which depth.
enum Part {
    Node(NodeNumber, Line, usize),
    /// The end tag, with the number of the namespaces that were declared outside.
    End(NodeNumber, Line, usize, usize),
}

/// Where something is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Same,
    Own,
}

struct Writer<'t> {
    tree: &'t Tree,
    text: String,
    /// Prefixes and namespaces as they were declared, from the outside.
    declared: Vec<(String, String)>,
}

impl Writer<'_> {
    fn node(&mut self, node: NodeNumber, line: Line, depth: usize, open: &mut Vec<Part>) {
        self.start_line(line, depth);
        match self.tree.kind(node) {
            Kind::Element { .. } => self.element(node, depth, open),
            Kind::Text(text) => escape(&mut self.text, text, Place::Text),
            Kind::Instruction { target, data } => {
                self.text.push_str("<?");
                self.text.push_str(target);
                if !data.is_empty() {
                    self.text.push(' ');
                    self.text.push_str(data);
                }
                self.text.push_str("?>");
            }
            Kind::Document { .. } | Kind::Attribute { .. } => {}
        }
    }

    fn element(&mut self, element: NodeNumber, depth: usize, open: &mut Vec<Part>) {
        let declared = self.declared.len();
        let name = self.qualified(element);
        self.text.push('<');
        self.text.push_str(&name);
        self.declarations(element);
        for attribute in self.tree.attributes(element) {
            if let Kind::Attribute { name, value } = self.tree.kind(*attribute)
                && name.namespace.as_deref() != Some(XMLNS)
            {
                self.attribute(&name.qualified(), value);
            }
        }
        // Camunda: texts of nothing but blanks are dropped; other ones keep theirs.
        let shown = |child: &NodeNumber| match self.tree.kind(*child) {
            Kind::Text(text) => text.contains(|letter: char| !matches!(letter, ' ' | '\t' | '\n' | '\r')),
            _ => true,
        };
        let children: Vec<NodeNumber> = self.tree.children(element).iter().copied().filter(shown).collect();
        if children.is_empty() {
            self.text.push_str("/>");
            self.declared.truncate(declared);
            return;
        }
        self.text.push('>');
        let only_text = children.iter().all(|child| matches!(self.tree.kind(*child), Kind::Text(_)));
        let line = if only_text { Line::Same } else { Line::Own };
        open.push(Part::End(element, line, depth, declared));
        open.extend(children.iter().rev().map(|child| Part::Node(*child, line, depth + 1)));
    }

    fn end(&mut self, element: NodeNumber, line: Line, depth: usize, declared: usize) {
        self.start_line(line, depth);
        let name = self.qualified(element);
        self.text.push_str("</");
        self.text.push_str(&name);
        self.text.push('>');
        self.declared.truncate(declared);
    }

    fn start_line(&mut self, line: Line, depth: usize) {
        if line == Line::Own {
            self.text.push('\n');
            (0..depth).for_each(|_| self.text.push_str("  "));
        }
    }

    fn qualified(&self, node: NodeNumber) -> String {
        self.tree.name(node).map(Name::qualified).unwrap_or_default()
    }

    /// What the element declares, and what it and its attributes need of what is declared outside of what is written.
    /// Camunda: the namespace of the element itself comes first.
    fn declarations(&mut self, element: NodeNumber) {
        let names = std::iter::once(element).chain(self.tree.attributes(element).iter().copied());
        let names: Vec<&Name> = names.filter_map(|node| self.tree.name(node)).collect();
        let mut wanted: Vec<(String, String)> = Vec::new();
        for attribute in self.tree.attributes(element) {
            if let Kind::Attribute { name, value } = self.tree.kind(*attribute)
                && name.namespace.as_deref() == Some(XMLNS)
            {
                let prefix = if name.prefix.is_some() { name.local.to_string() } else { String::new() };
                wanted.push((prefix, value.to_string()));
            }
        }
        for name in &names {
            let Some(namespace) = name.namespace.as_deref().filter(|uri| *uri != XMLNS && *uri != XML_NAMESPACE) else {
                continue;
            };
            let prefix = name.prefix.as_deref().unwrap_or_default();
            if !wanted.iter().any(|(known, _)| known == prefix) {
                wanted.push((prefix.to_owned(), namespace.to_owned()));
            }
        }
        let own = names.first().and_then(|name| name.prefix.as_deref()).unwrap_or_default();
        wanted.sort_by(|(a, _), (b, _)| (a != own, a).cmp(&(b != own, b)));
        for (prefix, namespace) in wanted {
            let known = self.declared.iter().rev().find(|(known, _)| *known == prefix).map(|(_, uri)| uri.as_str());
            if known.unwrap_or_default() != namespace {
                let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
                self.attribute(&name, &namespace);
                self.declared.push((prefix, namespace));
            }
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.text.push(' ');
        self.text.push_str(name);
        self.text.push_str("=\"");
        escape(&mut self.text, value, Place::Attribute);
        self.text.push('"');
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Attribute,
}

fn escape(to: &mut String, text: &str, place: Place) {
    for letter in text.chars() {
        match letter {
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '&' => to.push_str("&amp;"),
            '"' if place == Place::Attribute => to.push_str("&quot;"),
            '\t' | '\n' if place == Place::Text => to.push(letter),
            // Camunda: what is above 16 bits is written as a number, too.
            '\t' | '\n' | '\r' | '\u{7f}'..='\u{9f}' | '\u{10000}'.. => {
                write!(to, "&#{};", u32::from(letter)).expect("a String takes all that is written");
            }
            _ => to.push(letter),
        }
    }
}
