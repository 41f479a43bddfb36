//! `java.lang.String`. Places and lengths count UTF-16 units.

use std::sync::Arc;

use super::list::{length, position};
use super::{not_comparable, pattern};
use crate::coercion::{integer, text};
use crate::error::EvaluationError;
use crate::limit;
use crate::text::TextBuilder;
use crate::value::{List, Value};
use crate::variable::string_hash;

pub(super) fn call(target: &Arc<str>, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    Ok(Some(match (name, arguments) {
        ("length", []) => length(target.encode_utf16().count()),
        ("isEmpty", []) => Value::Boolean(target.is_empty()),
        ("isBlank", []) => Value::Boolean(target.trim().is_empty()),
        ("toUpperCase", []) => Value::from(target.to_uppercase()),
        ("toLowerCase", []) => Value::from(target.to_lowercase()),
        // Java's `trim` takes control characters and knows no other blanks; its `strip` knows them all.
        ("trim", []) => Value::from(target.trim_matches(|c: char| c <= ' ')),
        ("strip", []) => Value::from(target.trim()),
        ("stripLeading", []) => Value::from(target.trim_start()),
        ("stripTrailing", []) => Value::from(target.trim_end()),
        ("intern", []) => Value::String(target.clone()),
        ("hashCode", []) => Value::Integer(string_hash(target)),
        ("charAt", [index]) => {
            let index = integer(index)?;
            range(target, index, index.saturating_add(1))?
        }
        ("substring" | "subSequence", [from]) if name == "substring" => {
            range(target, integer(from)?, i32::try_from(target.encode_utf16().count()).unwrap_or(i32::MAX))?
        }
        ("substring" | "subSequence", [from, to]) => range(target, integer(from)?, integer(to)?)?,
        ("repeat", [count]) => repeat(target, integer(count)?)?,
        ("split", [separator]) => split(target, &text(separator)?, 0)?,
        ("split", [separator, most]) => split(target, &text(separator)?, integer(most)?)?,
        _ => return with_text(target, name, arguments),
    }))
}

/// The methods whose first argument is a text.
fn with_text(target: &Arc<str>, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    Ok(Some(match (name, arguments) {
        ("contains", [Value::String(part)]) => Value::Boolean(target.contains(&**part)),
        ("startsWith", [part]) => Value::Boolean(target.starts_with(&*text(part)?)),
        ("endsWith", [part]) => Value::Boolean(target.ends_with(&*text(part)?)),
        ("contentEquals", [Value::String(other)]) => Value::Boolean(target == other),
        ("equalsIgnoreCase", [Value::Null]) => Value::Boolean(false),
        ("equalsIgnoreCase", [other]) => Value::Boolean(fold_case(target) == fold_case(&text(other)?)),
        ("compareTo", [other @ (Value::String(_) | Value::Null)]) => compare(target, &text(other)?),
        ("compareTo", [other]) => return Err(not_comparable("java.lang.String", other)),
        ("compareToIgnoreCase", [other]) => compare(&fold_case(target), &fold_case(&text(other)?)),
        ("concat", [other]) => {
            let mut joined = TextBuilder::default();
            joined.push(target)?;
            joined.push(&text(other)?)?;
            Value::String(joined.finish())
        }
        // Java finds two methods that could take a null, and refuses.
        ("indexOf" | "lastIndexOf", [Value::Null, ..]) => return Ok(None),
        ("indexOf" | "lastIndexOf", [part, from @ ..]) if from.len() < 2 => {
            let from = from.first().map(integer).transpose()?;
            match (name, part_text(part)?) {
                (_, None) => position(None),
                ("indexOf", Some(part)) => index_of(target, &part, from.unwrap_or(0)),
                (_, Some(part)) => last_index_of(target, &part, from.unwrap_or(i32::MAX)),
            }
        }
        ("replace", [Value::String(old), Value::String(new)]) => replace(target, old, new)?,
        ("matches", [regex]) => Value::Boolean(pattern::matches(&text(regex)?, target)?),
        ("replaceAll", [regex, new]) => pattern::replace(&text(regex)?, target, &text(new)?, usize::MAX)?,
        ("replaceFirst", [regex, new]) => pattern::replace(&text(regex)?, target, &text(new)?, 1)?,
        _ => return Ok(None),
    }))
}

/// A text, or a number as the character with this code; `None` if there is no such character.
fn part_text(part: &Value) -> Result<Option<Arc<str>>, EvaluationError> {
    match part {
        Value::Short(_) | Value::Integer(_) | Value::Long(_) | Value::Double(_) => {
            let character = u32::try_from(integer(part)?).ok().and_then(char::from_u32);
            Ok(character.map(|character| character.to_string().into()))
        }
        _ => text(part).map(Some),
    }
}

fn fold_case(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

/// The difference of the first units that differ, else of the lengths.
fn compare(left: &str, right: &str) -> Value {
    let different = left.encode_utf16().zip(right.encode_utf16()).find(|(left, right)| left != right);
    match different {
        Some((left, right)) => Value::Integer(i32::from(left) - i32::from(right)),
        None => {
            let (left, right) = (left.encode_utf16().count() as i64, right.encode_utf16().count() as i64);
            Value::Integer((left - right) as i32)
        }
    }
}

fn range(target: &str, from: i32, to: i32) -> Result<Value, EvaluationError> {
    let units: Vec<u16> = target.encode_utf16().collect();
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    let Some(part) = range.and_then(|(from, to)| units.get(from..to)) else {
        let message = format!("begin {from}, end {to}, length {}", units.len());
        return Err(EvaluationError::failed(message));
    };
    Ok(Value::from(String::from_utf16_lossy(part)))
}

fn index_of(target: &str, part: &str, from: i32) -> Value {
    let from = usize::try_from(from).unwrap_or(0);
    let mut units = 0;
    let start = target.char_indices().find(|(_, character)| {
        let reached = units >= from;
        units += character.len_utf16();
        reached
    });
    let start = start.map_or(target.len(), |(start, _)| start);
    let place = target[start..].find(part).map(|place| target[..start + place].encode_utf16().count());
    position(place)
}

fn last_index_of(target: &str, part: &str, from: i32) -> Value {
    let from = usize::try_from(from).ok();
    let mut units = 0;
    let mut last = None;
    for (place, character) in target.char_indices() {
        if from.is_none_or(|from| units > from) {
            break;
        }
        if target[place..].starts_with(part) {
            last = Some(units);
        }
        units += character.len_utf16();
    }
    position(last)
}

fn repeat(target: &str, count: i32) -> Result<Value, EvaluationError> {
    let count = usize::try_from(count).map_err(|_| EvaluationError::failed(format!("count is negative: {count}")))?;
    if target.len().saturating_mul(count) > limit::STRING_BYTES {
        return Err(EvaluationError::limit("a string", limit::STRING_BYTES));
    }
    Ok(Value::from(target.repeat(count)))
}

fn replace(target: &str, old: &str, new: &str) -> Result<Value, EvaluationError> {
    let mut replaced = TextBuilder::default();
    let mut taken = 0;
    for (place, found) in target.match_indices(old) {
        replaced.push(&target[taken..place])?;
        replaced.push(new)?;
        taken = place + found.len();
    }
    replaced.push(&target[taken..])?;
    Ok(Value::String(replaced.finish()))
}

/// As Java: a `most` of 0 drops empty texts at the end, a positive one is the largest number of parts.
fn split(target: &str, separator: &str, most: i32) -> Result<Value, EvaluationError> {
    let most_parts = usize::try_from(most).ok().filter(|most| *most > 0).unwrap_or(limit::LIST_LENGTH + 1);
    let mut parts = pattern::split(separator, target, most_parts)?;
    if most == 0 {
        let kept = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
        parts.truncate(if target.is_empty() { 1 } else { kept });
    }
    if parts.len() > limit::LIST_LENGTH {
        return Err(EvaluationError::limit("a list", limit::LIST_LENGTH));
    }
    let items = parts.into_iter().map(Value::from).collect();
    Ok(Value::List(Arc::new(List { class: "[Ljava.lang.String;".into(), items, source: None })))
}
