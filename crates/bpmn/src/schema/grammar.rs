//! The rules of the schema, from the table `bpmn20.txt`, which explains its notation.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::document::{BPMN, BPMN_DI, DD_DC, DD_DI, Node};
use crate::schema::simple_type::SimpleType;

/// The grammar of BPMN 2.0 documents.
pub(super) static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::read(include_str!("bpmn20.txt")));

/// The namespaces that the schema covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    Bpmn,
    BpmnDi,
    Dc,
    Di,
}

impl Space {
    pub fn of_uri(uri: &str) -> Option<Space> {
        match uri {
            BPMN => Some(Space::Bpmn),
            BPMN_DI => Some(Space::BpmnDi),
            DD_DC => Some(Space::Dc),
            DD_DI => Some(Space::Di),
            _ => None,
        }
    }
}

/// A name in one of the schema's namespaces.
pub(super) type Name<'a> = (Space, &'a str);

/// The name of an element, if its namespace is one of the schema's.
pub(super) fn name_of<'d>(node: Node<'d>) -> Option<Name<'d>> {
    let tag = node.tag_name();
    Some((Space::of_uri(tag.namespace()?)?, tag.name()))
}

#[derive(Debug)]
pub(super) struct Grammar {
    types: ByName<Type>,
    elements: ByName<GlobalElement>,
}

/// Declarations by namespace and name.
#[derive(Debug)]
struct ByName<T>(BTreeMap<Space, BTreeMap<&'static str, T>>);

impl<T> ByName<T> {
    fn new(entries: impl Iterator<Item = (Name<'static>, T)>) -> ByName<T> {
        let mut by_space: BTreeMap<Space, BTreeMap<&'static str, T>> = BTreeMap::new();
        for ((space, name), entry) in entries {
            by_space.entry(space).or_default().insert(name, entry);
        }
        ByName(by_space)
    }

    fn get(&self, (space, name): Name<'_>) -> Option<&T> {
        self.0.get(&space)?.get(name)
    }

    #[cfg(test)]
    fn values(&self) -> impl Iterator<Item = &T> {
        self.0.values().flat_map(BTreeMap::values)
    }
}

/// An element with content and attributes.
#[derive(Debug)]
pub(super) struct Type {
    /// Only what extends it may be used.
    pub is_abstract: bool,
    pub is_mixed: bool,
    /// One of these sequences is the content.
    pub alternatives: Vec<Vec<Particle>>,
    pub attributes: BTreeMap<&'static str, AttributeUse>,
    pub allows_other_attributes: bool,
    /// Itself and what it extends.
    lineage: Vec<Name<'static>>,
}

impl Type {
    pub fn is_derived_from(&self, other: &Type) -> bool {
        other.lineage.first().is_some_and(|name| self.lineage.contains(name))
    }
}

#[derive(Clone, Debug)]
pub(super) struct AttributeUse {
    pub simple_type: SimpleType,
    pub is_required: bool,
}

/// One place in a sequence of children.
#[derive(Clone, Debug)]
pub(super) struct Particle {
    pub term: Term,
    pub least: u32,
    pub most: u32,
}

#[derive(Clone, Debug)]
pub(super) enum Term {
    /// A global element or what substitutes it.
    Global(Name<'static>),
    Local {
        name: Name<'static>,
        content: ContentType,
    },
    /// Anything in a foreign namespace.
    OtherNamespace,
    Anything,
}

/// What an element is declared to hold.
#[derive(Clone, Debug)]
pub(super) enum ContentType {
    Complex(Name<'static>),
    Simple(SimpleType),
}

#[derive(Debug)]
struct GlobalElement {
    type_name: Name<'static>,
    substitutes: Option<Name<'static>>,
}

/// A `type` line, before what it extends is added.
struct TypeLine {
    base: Option<Name<'static>>,
    own: Type,
}

impl Grammar {
    pub fn type_named(&self, name: Name<'_>) -> Option<&Type> {
        self.types.get(name)
    }

    /// The type of a global element.
    pub fn element_type(&self, name: Name<'_>) -> Option<&Type> {
        self.type_named(self.elements.get(name)?.type_name)
    }

    /// Whether the element is `head` or may stand for it.
    pub fn is_substitute(&self, element: Name<'_>, head: Name<'_>) -> bool {
        let mut next = Some(element);
        while let Some(name) = next {
            if name == head {
                return true;
            }
            next = self.elements.get(name).and_then(|element| element.substitutes);
        }
        false
    }

    fn read(table: &'static str) -> Grammar {
        let mut enumerations = BTreeMap::new();
        let mut lines = BTreeMap::new();
        let mut elements = BTreeMap::new();
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&'static str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["enum", name, values @ ..] => {
                    enumerations.insert(*name, SimpleType::Enumeration(values.to_vec()));
                }
                ["type", name, rest @ ..] => {
                    lines.insert(read_name(name), read_type(rest, &enumerations));
                }
                ["element", name, type_name, rest @ ..] => {
                    let substitutes = rest.get(1).map(|head| read_name(head));
                    elements.insert(read_name(name), GlobalElement { type_name: read_name(type_name), substitutes });
                }
                _ => {}
            }
        }
        let types = ByName::new(lines.keys().map(|&name| (name, complete_type(name, &lines))));
        Grammar { types, elements: ByName::new(elements.into_iter()) }
    }
}

/// A type with everything that it inherits; bases come first, as the schema's extensions append.
fn complete_type(name: Name<'static>, lines: &BTreeMap<Name<'static>, TypeLine>) -> Type {
    let mut lineage = Vec::new();
    let mut next = Some(name);
    while let Some(ancestor) = next {
        lineage.push(ancestor);
        next = lines.get(&ancestor).and_then(|line| line.base);
    }
    let mut complete = Type {
        is_abstract: false,
        is_mixed: false,
        alternatives: vec![Vec::new()],
        attributes: BTreeMap::new(),
        allows_other_attributes: false,
        lineage: Vec::new(),
    };
    for line in lineage.iter().rev().filter_map(|ancestor| lines.get(ancestor)) {
        let inherited = std::mem::take(&mut complete.alternatives);
        for before in &inherited {
            for after in &line.own.alternatives {
                complete.alternatives.push(before.iter().chain(after).cloned().collect());
            }
        }
        complete.is_mixed |= line.own.is_mixed;
        complete.allows_other_attributes |= line.own.allows_other_attributes;
        complete.attributes.extend(line.own.attributes.iter().map(|(name, attribute)| (*name, attribute.clone())));
    }
    complete.is_abstract = lines.get(&name).is_some_and(|line| line.own.is_abstract);
    complete.lineage = lineage;
    complete
}

fn read_name(word: &'static str) -> Name<'static> {
    match word.split_once(':') {
        Some(("bpmndi", local)) => (Space::BpmnDi, local),
        Some(("di", local)) => (Space::Di, local),
        Some(("dc", local)) => (Space::Dc, local),
        _ => (Space::Bpmn, word),
    }
}

fn read_type(words: &[&'static str], enumerations: &BTreeMap<&str, SimpleType>) -> TypeLine {
    let mut own = Type {
        is_abstract: false,
        is_mixed: false,
        alternatives: vec![Vec::new()],
        attributes: BTreeMap::new(),
        allows_other_attributes: false,
        lineage: Vec::new(),
    };
    let (mut base, mut in_content) = (None, false);
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word {
            ":" => base = words.next().map(read_name),
            "abstract" => own.is_abstract = true,
            "mixed" => own.is_mixed = true,
            "{" => in_content = true,
            "}" => in_content = false,
            "|" => own.alternatives.push(Vec::new()),
            _ if in_content => {
                if let Some(sequence) = own.alternatives.last_mut() {
                    sequence.push(read_particle(word, enumerations));
                }
            }
            "##other" => own.allows_other_attributes = true,
            _ => {
                let (name, value) = word.split_once('=').unwrap_or((word, "string"));
                let (type_name, is_required) = value.strip_suffix('!').map_or((value, false), |name| (name, true));
                let simple_type = read_simple_type(type_name, enumerations).unwrap_or(SimpleType::Text);
                own.attributes.insert(name, AttributeUse { simple_type, is_required });
            }
        }
    }
    TypeLine { base, own }
}

fn read_particle(word: &'static str, enumerations: &BTreeMap<&str, SimpleType>) -> Particle {
    let (word, least, most) = match word.as_bytes().last() {
        Some(b'?') => (&word[..word.len() - 1], 0, 1),
        Some(b'*') => (&word[..word.len() - 1], 0, u32::MAX),
        Some(b'+') => (&word[..word.len() - 1], 1, u32::MAX),
        Some(b'}') => {
            let (name, range) = word.trim_end_matches('}').split_once('{').unwrap_or((word, ""));
            let (least, most) = range.split_once(',').unwrap_or((range, range));
            (name, least.parse().unwrap_or(0), most.parse().unwrap_or(u32::MAX))
        }
        _ => (word, 1, 1),
    };
    let term = match (word, word.split_once('=')) {
        ("##other", _) => Term::OtherNamespace,
        ("##any", _) => Term::Anything,
        (_, None) => Term::Global(read_name(word)),
        (_, Some((name, type_name))) => Term::Local {
            name: read_name(name),
            content: read_simple_type(type_name, enumerations)
                .map_or_else(|| ContentType::Complex(read_name(type_name)), ContentType::Simple),
        },
    };
    Particle { term, least, most }
}

fn read_simple_type(name: &str, enumerations: &BTreeMap<&str, SimpleType>) -> Option<SimpleType> {
    SimpleType::built_in(name).or_else(|| enumerations.get(name).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete() {
        let grammar = &*GRAMMAR;
        assert_eq!((grammar.types.values().count(), grammar.elements.values().count()), (155, 154));
        for element in grammar.elements.values() {
            assert!(grammar.types.get(element.type_name).is_some(), "{element:?}");
            assert!(element.substitutes.is_none_or(|head| grammar.elements.get(head).is_some()), "{element:?}");
        }
        for particle in grammar.types.values().flat_map(|of| &of.alternatives).flatten() {
            match &particle.term {
                Term::Global(name) => assert!(grammar.elements.get(*name).is_some(), "{name:?}"),
                Term::Local { content: ContentType::Complex(name), .. } => {
                    assert!(grammar.types.get(*name).is_some(), "{name:?}");
                }
                Term::Local { .. } | Term::OtherNamespace | Term::Anything => {}
            }
        }
    }

    #[test]
    fn a_type_inherits_content_attributes_and_substitution() {
        let grammar = &*GRAMMAR;
        let task = grammar.element_type((Space::Bpmn, "userTask")).expect("declared");
        assert!(task.is_derived_from(grammar.type_named((Space::Bpmn, "tActivity")).expect("declared")));
        assert!(task.attributes.contains_key("default") && task.attributes.contains_key("id"));
        assert!(grammar.is_substitute((Space::Bpmn, "potentialOwner"), (Space::Bpmn, "resourceRole")));
        assert!(!grammar.is_substitute((Space::Bpmn, "message"), (Space::Bpmn, "flowElement")));
    }
}
