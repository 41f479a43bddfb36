//! Values of attributes and of elements that hold a single value.

use crate::document::Node;

/// A kind of value. White space around a value does not count, except in text.
#[derive(Clone, Debug)]
pub(super) enum SimpleType {
    Text,
    /// Unique in the document.
    Id,
    /// Must be the id of some element.
    IdReference,
    QualifiedName,
    Boolean,
    Integer,
    Number,
    Enumeration(Vec<&'static str>),
}

impl SimpleType {
    pub fn built_in(name: &str) -> Option<SimpleType> {
        match name {
            "string" | "anyURI" => Some(SimpleType::Text),
            "ID" => Some(SimpleType::Id),
            "IDREF" => Some(SimpleType::IdReference),
            "QName" => Some(SimpleType::QualifiedName),
            "boolean" => Some(SimpleType::Boolean),
            "integer" | "int" => Some(SimpleType::Integer),
            "double" => Some(SimpleType::Number),
            _ => None,
        }
    }

    /// Why `value` is none of this type. `node` knows which prefixes are bound.
    pub fn check(&self, value: &str, node: Node<'_>) -> Result<(), String> {
        let trimmed = value.trim();
        match self {
            SimpleType::Text => Ok(()),
            SimpleType::Id | SimpleType::IdReference if is_ncname(trimmed) => Ok(()),
            SimpleType::Id | SimpleType::IdReference => Err(format!("'{value}' is no valid id")),
            SimpleType::QualifiedName => check_qualified_name(trimmed, node),
            SimpleType::Boolean if matches!(trimmed, "true" | "false" | "1" | "0") => Ok(()),
            SimpleType::Boolean => Err(format!("'{value}' is no boolean")),
            SimpleType::Integer if is_integer(trimmed) => Ok(()),
            SimpleType::Integer => Err(format!("'{value}' is no integer")),
            SimpleType::Number if is_number(trimmed) => Ok(()),
            SimpleType::Number => Err(format!("'{value}' is no number")),
            SimpleType::Enumeration(values) if values.contains(&value) => Ok(()),
            SimpleType::Enumeration(values) => Err(format!("'{value}' is none of {}", values.join(", "))),
        }
    }
}

/// Whether a text is a name, with or without a prefix.
pub(super) fn is_qualified_name(value: &str) -> bool {
    let (prefix, local) = split_name(value.trim());
    is_ncname(local) && prefix.is_none_or(is_ncname)
}

fn split_name(value: &str) -> (Option<&str>, &str) {
    value.split_once(':').map_or((None, value), |(prefix, local)| (Some(prefix), local))
}

fn check_qualified_name(value: &str, node: Node<'_>) -> Result<(), String> {
    if !is_qualified_name(value) {
        return Err(format!("'{value}' is no valid name"));
    }
    match split_name(value).0 {
        Some(prefix) if prefix != "xml" && node.lookup_namespace_uri(Some(prefix)).is_none() => {
            Err(format!("the prefix of '{value}' is not declared"))
        }
        _ => Ok(()),
    }
}

fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_number(value: &str) -> bool {
    let plain = value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'-' | b'e' | b'E'));
    matches!(value, "INF" | "-INF" | "NaN") || (plain && value.parse::<f64>().is_ok())
}

/// A name without colon, as the XML standard has it.
fn is_ncname(value: &str) -> bool {
    let mut characters = value.chars();
    characters.next().is_some_and(starts_name) && characters.all(continues_name)
}

fn starts_name(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

fn continues_name(character: char) -> bool {
    starts_name(character)
        || matches!(character, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}
