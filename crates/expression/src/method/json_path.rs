//! JSONPath as far as names, indexes, wildcards and deep scans: `$.order.items[*]['name']`, `$..name`. Filters, slices
//! and functions are refused.

use serde_json::Value as Json;

use crate::error::EvaluationError;
use crate::limit;

enum Segment<'p> {
    Name(&'p str),
    /// From the end if negative.
    Index(i64),
    Every,
    /// This name, at any depth.
    Deep(&'p str),
}

/// What the path leads to: the node itself, or an array of all found if the path has a wildcard or a deep scan.
pub(super) fn find(document: &Json, path: &str) -> Result<Json, EvaluationError> {
    let segments = segments(path)?;
    let definite = !segments.iter().any(|segment| matches!(segment, Segment::Every | Segment::Deep(_)));
    let mut found = vec![document];
    let mut visits = 0;
    for segment in &segments {
        let mut inner = Vec::new();
        for node in found {
            follow(node, segment, &mut inner, &mut visits)?;
        }
        found = inner;
    }
    match (definite, found.first()) {
        (true, Some(node)) => Ok((*node).clone()),
        (true, None) => Err(EvaluationError::failed(format!("Unable to evaluate JsonPath expression '{path}'"))),
        (false, _) => Ok(Json::Array(found.into_iter().cloned().collect())),
    }
}

fn segments(path: &str) -> Result<Vec<Segment<'_>>, EvaluationError> {
    let unsupported = || {
        EvaluationError::failed(format!(
            "'{path}' is not supported as a JsonPath: names, indexes, * and .. are, as in $.a[0]['b'] and $..c"
        ))
    };
    let mut rest = path.strip_prefix('$').ok_or_else(unsupported)?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let (segment, remaining) = if let Some(after) = rest.strip_prefix("..") {
            let (name, remaining) = name(after);
            (Segment::Deep(name), remaining)
        } else if let Some(after) = rest.strip_prefix('.') {
            match name(after) {
                ("*", remaining) => (Segment::Every, remaining),
                (name, remaining) => (Segment::Name(name), remaining),
            }
        } else {
            let bracket = rest.strip_prefix('[').ok_or_else(unsupported)?;
            bracketed(bracket).ok_or_else(unsupported)?
        };
        if let Segment::Name(name) | Segment::Deep(name) = segment
            && (name.is_empty() || (!rest.starts_with('[') && name.contains(['*', '?', '@', '(', ')'])))
        {
            return Err(unsupported());
        }
        segments.push(segment);
        rest = remaining;
    }
    Ok(segments)
}

fn name(text: &str) -> (&str, &str) {
    text.split_at(text.find(['.', '[']).unwrap_or(text.len()))
}

/// The inside of brackets and what follows them.
fn bracketed(text: &str) -> Option<(Segment<'_>, &str)> {
    for quote in ['\'', '"'] {
        if let Some(quoted) = text.strip_prefix(quote) {
            let (name, after) = quoted.split_once(quote)?;
            return Some((Segment::Name(name), after.strip_prefix(']')?));
        }
    }
    match text.split_once(']')? {
        ("*", after) => Some((Segment::Every, after)),
        (index, after) => Some((Segment::Index(index.parse().ok()?), after)),
    }
}

fn follow<'d>(
    node: &'d Json,
    segment: &Segment<'_>,
    found: &mut Vec<&'d Json>,
    visits: &mut usize,
) -> Result<(), EvaluationError> {
    match (segment, node) {
        (Segment::Name(name), Json::Object(entries)) => found.extend(entries.get(*name)),
        (Segment::Index(index), Json::Array(items)) => {
            let from_start = if *index < 0 { index.saturating_add(items.len() as i64) } else { *index };
            found.extend(usize::try_from(from_start).ok().and_then(|index| items.get(index)));
        }
        (Segment::Every, Json::Array(items)) => found.extend(items),
        (Segment::Every, Json::Object(entries)) => found.extend(entries.values()),
        (Segment::Deep(name), node) => {
            let mut waiting = vec![node];
            while let Some(node) = waiting.pop() {
                *visits += 1;
                if *visits > limit::PATH_VISITS {
                    return Err(EvaluationError::limit("a JsonPath's number of visits", limit::PATH_VISITS));
                }
                match node {
                    Json::Object(entries) => {
                        found.extend(entries.get(*name));
                        waiting.extend(entries.values().rev());
                    }
                    Json::Array(items) => waiting.extend(items.iter().rev()),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    if found.len() > limit::LIST_LENGTH {
        return Err(EvaluationError::limit("a list", limit::LIST_LENGTH));
    }
    Ok(())
}
