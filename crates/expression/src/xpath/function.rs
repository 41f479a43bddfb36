//! The core functions of XPath 1.0, chapter 4.

use super::evaluator::{Evaluator, Focus, Found, truth};
use super::number::rounded;
use super::program::Expression;
use super::refused;
use crate::error::EvaluationError;
use crate::xml::{Name, NodeNumber, XML_NAMESPACE};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Last,
    Position,
    Count,
    Id,
    LocalName,
    NamespaceUri,
    Name,
    String,
    Concat,
    StartsWith,
    Contains,
    SubstringBefore,
    SubstringAfter,
    Substring,
    StringLength,
    NormalizeSpace,
    Translate,
    Boolean,
    Not,
    True,
    False,
    Lang,
    Number,
    Sum,
    Floor,
    Ceiling,
    Round,
}

/// Names with the fewest and the most arguments.
const FUNCTIONS: [(&str, usize, usize, Function); 27] = [
    ("last", 0, 0, Function::Last),
    ("position", 0, 0, Function::Position),
    ("count", 1, 1, Function::Count),
    ("id", 1, 1, Function::Id),
    ("local-name", 0, 1, Function::LocalName),
    ("namespace-uri", 0, 1, Function::NamespaceUri),
    ("name", 0, 1, Function::Name),
    ("string", 0, 1, Function::String),
    ("concat", 2, usize::MAX, Function::Concat),
    ("starts-with", 2, 2, Function::StartsWith),
    ("contains", 2, 2, Function::Contains),
    ("substring-before", 2, 2, Function::SubstringBefore),
    ("substring-after", 2, 2, Function::SubstringAfter),
    ("substring", 2, 3, Function::Substring),
    ("string-length", 0, 1, Function::StringLength),
    ("normalize-space", 0, 1, Function::NormalizeSpace),
    ("translate", 3, 3, Function::Translate),
    ("boolean", 1, 1, Function::Boolean),
    ("not", 1, 1, Function::Not),
    ("true", 0, 0, Function::True),
    ("false", 0, 0, Function::False),
    ("lang", 1, 1, Function::Lang),
    ("number", 0, 1, Function::Number),
    ("sum", 1, 1, Function::Sum),
    ("floor", 1, 1, Function::Floor),
    ("ceiling", 1, 1, Function::Ceiling),
    ("round", 1, 1, Function::Round),
];

impl Function {
    pub fn named(name: &str, arguments: usize) -> Option<Function> {
        let found =
            FUNCTIONS.iter().find(|(known, least, most, _)| *known == name && (*least..=*most).contains(&arguments));
        found.map(|(.., function)| *function)
    }
}

pub(super) fn call(
    evaluator: &mut Evaluator<'_>,
    function: Function,
    arguments: &[Expression],
    focus: Focus,
) -> Result<Found, EvaluationError> {
    match function {
        Function::Last => Ok(Found::Number(focus.size as f64)),
        Function::Position => Ok(Found::Number(focus.position as f64)),
        Function::True => Ok(Found::Boolean(true)),
        Function::False => Ok(Found::Boolean(false)),
        // Without a document type no attribute is an id.
        Function::Id => evaluator.text(argument(arguments, 0)?, focus).map(|_| Found::Nodes(Vec::new())),
        Function::Lang => {
            let wanted = evaluator.text(argument(arguments, 0)?, focus)?;
            Ok(Found::Boolean(is_language(evaluator, focus.node, &wanted)))
        }
        Function::Count | Function::Sum | Function::LocalName | Function::NamespaceUri | Function::Name => {
            of_nodes(evaluator, function, arguments, focus)
        }
        Function::Boolean | Function::Not => {
            let found = evaluator.value(argument(arguments, 0)?, focus)?;
            Ok(Found::Boolean(truth(&found) == (function == Function::Boolean)))
        }
        Function::Number | Function::Floor | Function::Ceiling | Function::Round => {
            let found = or_context(evaluator, arguments, focus)?;
            let number = evaluator.number_found(found)?;
            Ok(Found::Number(match function {
                Function::Floor => number.floor(),
                Function::Ceiling => number.ceil(),
                Function::Round => rounded(number),
                _ => number,
            }))
        }
        _ => of_texts(evaluator, function, arguments, focus),
    }
}

fn argument(arguments: &[Expression], place: usize) -> Result<&Expression, EvaluationError> {
    arguments.get(place).ok_or_else(|| refused("an argument is missing"))
}

fn or_context(evaluator: &mut Evaluator<'_>, arguments: &[Expression], focus: Focus) -> Result<Found, EvaluationError> {
    match arguments.first() {
        Some(argument) => evaluator.value(argument, focus),
        None => Ok(Found::Nodes(vec![focus.node])),
    }
}

fn of_nodes(
    evaluator: &mut Evaluator<'_>,
    function: Function,
    arguments: &[Expression],
    focus: Focus,
) -> Result<Found, EvaluationError> {
    let Found::Nodes(nodes) = or_context(evaluator, arguments, focus)? else {
        return Err(refused("nodes were expected"));
    };
    let name = nodes.first().and_then(|first| evaluator.tree.name(*first));
    match function {
        Function::Count => Ok(Found::Number(nodes.len() as f64)),
        Function::Sum => {
            let mut sum = 0.0;
            for node in nodes {
                let text = evaluator.text_of(node)?;
                sum += evaluator.number_found(Found::Text(text))?;
            }
            Ok(Found::Number(sum))
        }
        Function::LocalName => evaluator.made(name.map(|name| name.local.to_string()).unwrap_or_default()),
        Function::NamespaceUri => {
            let namespace = name.and_then(|name| name.namespace.as_deref());
            evaluator.made(namespace.unwrap_or_default().to_owned())
        }
        _ => evaluator.made(name.map(Name::qualified).unwrap_or_default()),
    }
}

fn of_texts(
    evaluator: &mut Evaluator<'_>,
    function: Function,
    arguments: &[Expression],
    focus: Focus,
) -> Result<Found, EvaluationError> {
    let mut texts = Vec::with_capacity(arguments.len());
    for argument in arguments.iter().take(if function == Function::Substring { 1 } else { usize::MAX }) {
        texts.push(evaluator.text(argument, focus)?);
    }
    if texts.is_empty() {
        texts.push(evaluator.text_of(focus.node)?);
    }
    let second = texts.get(1).map(String::as_str).unwrap_or_default();
    let made = match function {
        Function::StartsWith => return Ok(Found::Boolean(texts[0].starts_with(second))),
        Function::Contains => return Ok(Found::Boolean(texts[0].contains(second))),
        Function::StringLength => return Ok(Found::Number(texts[0].chars().count() as f64)),
        Function::Concat => texts.concat(),
        Function::SubstringBefore => {
            texts[0].split_once(second).map(|(before, _)| before.to_owned()).unwrap_or_default()
        }
        Function::SubstringAfter => texts[0].split_once(second).map(|(_, after)| after.to_owned()).unwrap_or_default(),
        Function::NormalizeSpace => {
            let words = texts[0].split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join(" ")
        }
        Function::Translate => translated(&texts[0], second, texts.get(2).map(String::as_str).unwrap_or_default()),
        Function::Substring => {
            let from = rounded(evaluator.number(argument(arguments, 1)?, focus)?);
            let until = match arguments.get(2) {
                Some(length) => from + rounded(evaluator.number(length, focus)?),
                None => f64::INFINITY,
            };
            let places = texts[0].chars().zip(1_u32..).map(|(letter, place)| (letter, f64::from(place)));
            let inside = places.filter(|(_, place)| *place >= from && *place < until);
            inside.map(|(letter, _)| letter).collect()
        }
        _ => texts.swap_remove(0),
    };
    evaluator.made(made)
}

/// Letters of `from` become those of `to` at the same place, or nothing.
fn translated(text: &str, from: &str, to: &str) -> String {
    let mut map = std::collections::BTreeMap::new();
    let mut to = to.chars();
    for letter in from.chars() {
        let becomes = to.next();
        map.entry(letter).or_insert(becomes);
    }
    text.chars().filter_map(|letter| map.get(&letter).copied().unwrap_or(Some(letter))).collect()
}

fn is_language(evaluator: &Evaluator<'_>, node: NodeNumber, wanted: &str) -> bool {
    let tree = evaluator.tree;
    let spoken = tree.with_ancestors(node).find_map(|outer| tree.attribute(outer, Some(XML_NAMESPACE), "lang"));
    spoken.is_some_and(|attribute| {
        let language = tree.text(attribute).to_lowercase();
        let rest = language.strip_prefix(&wanted.to_lowercase());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}
