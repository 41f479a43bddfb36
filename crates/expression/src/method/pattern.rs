//! Regular expressions, in time linear in pattern times text. What Java knows beyond that (lookaround, references
//! back, possessive repetition) is refused as a pattern that can't be read.

use regex_lite::{Captures, Regex, RegexBuilder};

use crate::error::{EvaluationError, quoted};
use crate::limit;
use crate::text::TextBuilder;
use crate::value::Value;

fn compiled(pattern: &str, input: &str) -> Result<Regex, EvaluationError> {
    if pattern.len() > limit::PATTERN_BYTES {
        return Err(EvaluationError::limit("a regular expression", limit::PATTERN_BYTES));
    }
    if input.len() > limit::PATTERN_INPUT_BYTES {
        return Err(EvaluationError::limit("the text for a regular expression", limit::PATTERN_INPUT_BYTES));
    }
    RegexBuilder::new(&with_posix_classes(pattern)).size_limit(limit::PATTERN_COMPILED_BYTES).build().map_err(|error| {
        EvaluationError::failed(format!(
            "'{}' is no regular expression that can be used here: {error}",
            quoted(pattern)
        ))
    })
}

/// Java's `\p{Alpha}` and its kin, which know ASCII alone, in the form that is known here.
fn with_posix_classes(pattern: &str) -> String {
    let mut written = String::with_capacity(pattern.len());
    let mut in_brackets = false;
    let mut rest = pattern;
    while let Some(sign) = rest.find(['\\', '[', ']']) {
        written.push_str(&rest[..sign]);
        rest = &rest[sign..];
        let length = if let Some((class, length)) = posix_class(rest) {
            let (open, close) = if in_brackets { ("", "") } else { ("[", "]") };
            written.push_str(&format!("{open}[:{class}:]{close}"));
            length
        } else if let Some(escaped) = rest.strip_prefix('\\') {
            let length = 1 + escaped.chars().next().map_or(0, char::len_utf8);
            written.push_str(&rest[..length]);
            length
        } else {
            in_brackets = rest.starts_with('[');
            written.push_str(&rest[..1]);
            1
        };
        rest = &rest[length..];
    }
    written.push_str(rest);
    written
}

/// The class at the start of the text, and how long it is there.
fn posix_class(text: &str) -> Option<(&'static str, usize)> {
    const CLASSES: [(&str, &str); 11] = [
        ("Lower", "lower"),
        ("Upper", "upper"),
        ("Alpha", "alpha"),
        ("Digit", "digit"),
        ("Alnum", "alnum"),
        ("Punct", "punct"),
        ("Graph", "graph"),
        ("Print", "print"),
        ("Blank", "blank"),
        ("XDigit", "xdigit"),
        ("Space", "space"),
    ];
    let (name, _) = text.strip_prefix(r"\p{")?.split_once('}')?;
    let (_, class) = CLASSES.iter().find(|(java, _)| *java == name)?;
    Some((class, name.len() + 4))
}

/// The whole text matches.
pub(super) fn matches(pattern: &str, input: &str) -> Result<bool, EvaluationError> {
    compiled(pattern, input)?;
    Ok(compiled(&format!(r"\A(?:{pattern})\z"), input)?.is_match(input))
}

pub(super) fn replace(pattern: &str, input: &str, new: &str, most: usize) -> Result<Value, EvaluationError> {
    let regex = compiled(pattern, input)?;
    let mut replaced = TextBuilder::default();
    let mut taken = 0;
    for captures in regex.captures_iter(input).take(most) {
        let Some(found) = captures.get(0) else { break };
        replaced.push(&input[taken..found.start()])?;
        expand(&captures, new, &mut replaced)?;
        taken = found.end();
    }
    replaced.push(&input[taken..])?;
    Ok(Value::String(replaced.finish()))
}

/// Java's replacements: `$1`, `${name}`, and a backslash before a character that stands for itself.
fn expand(captures: &Captures<'_>, new: &str, into: &mut TextBuilder) -> Result<(), EvaluationError> {
    let malformed = || EvaluationError::failed(format!("'{}' is no replacement", quoted(new)));
    let mut rest = new;
    while let Some(sign) = rest.find(['$', '\\']) {
        into.push(&rest[..sign])?;
        let after = &rest[sign + 1..];
        if rest[sign..].starts_with('\\') {
            let escaped = after.chars().next().ok_or_else(malformed)?;
            into.push(&after[..escaped.len_utf8()])?;
            rest = &after[escaped.len_utf8()..];
            continue;
        }
        let (group, remaining) = if let Some(named) = after.strip_prefix('{') {
            let (name, remaining) = named.split_once('}').ok_or_else(malformed)?;
            (captures.name(name), remaining)
        } else {
            let digits = group_digits(captures, after).ok_or_else(malformed)?;
            let number: usize = after[..digits].parse().map_err(|_| malformed())?;
            (captures.get(number), &after[digits..])
        };
        into.push(group.map_or("", |group| group.as_str()))?;
        rest = remaining;
    }
    into.push(rest)
}

/// As many digits as still name a group; the first has to.
fn group_digits(captures: &Captures<'_>, text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count().min(4);
    (1..=digits).rev().find(|digits| text[..*digits].parse().is_ok_and(|group: usize| group < captures.len()))
}

/// A match without width at the start makes no empty first part.
pub(super) fn split<'t>(pattern: &str, input: &'t str, most: usize) -> Result<Vec<&'t str>, EvaluationError> {
    let regex = compiled(pattern, input)?;
    let mut parts = Vec::new();
    let mut taken = 0;
    for found in regex.find_iter(input) {
        if parts.len() + 1 >= most {
            break;
        }
        if found.end() == 0 || (found.is_empty() && found.start() == input.len()) {
            continue;
        }
        parts.push(&input[taken..found.start()]);
        taken = found.end();
    }
    parts.push(&input[taken..]);
    Ok(parts)
}
