//! Damage to XML: to tags, whole elements, attributes and texts.

use crate::random::Random;

/// Values and texts that parsers trip over.
const VALUES: &[&str] = &[
    "",
    " ",
    "true",
    "false",
    "1",
    "0",
    "-1",
    "2147483648",
    "99999999999999999999",
    "1e309",
    "NaN",
    "${x}",
    "#{x",
    "${",
    "${1+}",
    "PT1H",
    "P1Y2M10DT2H30M",
    "R3/PT10S",
    "R/PT0S",
    "R99999999999/PT1S",
    "P99999999999Y",
    "2026-02-30T25:00:00",
    "0 0/5 * * * ?",
    "0 0 29 2 2 *",
    "* * * * * *",
    "external",
    "bpmn:tFormalExpression",
    "tFormalExpression",
    "a:b:c",
    "http://camunda.org/schema/1.0/bpmn",
    "http://activiti.org/bpmn",
    "javascript",
    "groovy",
    "java.lang.Object",
    "s",
    "e",
    "a",
    "x",
    "&amp;",
    "&lt;&#x10FFFF;",
    "é𝒳\u{301}",
    "\u{feff}",
    "PT1H,PT2H,R5/PT1M",
];

/// Pieces put between tags.
const PIECES: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "&",
    "&b;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?a b?>",
    "<?xml version='1.0'?>",
    "]]",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "\u{0}",
    "<a",
    "<a b='",
    "xmlns:x='u'",
    "<x:y/>",
    "\u{fffe}",
];

/// Elements that are nested or repeated.
const ELEMENTS: &[(&str, &str)] = &[
    ("<subProcess id=\"N\">", "</subProcess>"),
    ("<transaction id=\"N\">", "</transaction>"),
    ("<subProcess id=\"N\" triggeredByEvent=\"true\">", "</subProcess>"),
    ("<callActivity id=\"N\" calledElement=\"p\">", "</callActivity>"),
    ("<userTask id=\"N\">", "</userTask>"),
    ("<startEvent id=\"N\">", "</startEvent>"),
    ("<intermediateCatchEvent id=\"N\"><linkEventDefinition name=\"l\"/>", "</intermediateCatchEvent>"),
    ("<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>", "</multiInstanceLoopCharacteristics>"),
    ("<extensionElements>", "</extensionElements>"),
    ("<camunda:inputOutput><camunda:inputParameter name=\"N\">", "</camunda:inputParameter></camunda:inputOutput>"),
    ("<camunda:list>", "</camunda:list>"),
    ("<camunda:map><camunda:entry key=\"N\">", "</camunda:entry></camunda:map>"),
    ("<timerEventDefinition><timeCycle>", "</timeCycle></timerEventDefinition>"),
    ("<compensateEventDefinition>", "</compensateEventDefinition>"),
    ("<laneSet id=\"N\"><lane id=\"L\"><childLaneSet>", "</childLaneSet></lane></laneSet>"),
];

const NESTING_MAX: usize = 400;

/// One piece of damage; `other` lends its parts.
pub fn damaged(text: &str, other: &str, random: &mut Random) -> String {
    let pieces = pieces(text);
    let elements = elements(&pieces);
    let join = |parts: &[&[&str]]| parts.iter().flat_map(|part| part.iter().copied()).collect::<String>();
    let place = random.below(pieces.len() + 1);
    let element = elements.get(random.below(elements.len())).copied().unwrap_or((0, pieces.len().saturating_sub(1)));
    let (before, within, after) =
        (&pieces[..element.0], slice(&pieces, element), &pieces[(element.1 + 1).min(pieces.len())..]);
    match random.below(9) {
        0 => join(&[before, after]),
        1 => join(&[before, within, within, after]),
        2 => join(&[&pieces[..place], within, &pieces[place..]]),
        3 => {
            let others = self::pieces(other);
            let theirs = self::elements(&others);
            let lent = theirs.get(random.below(theirs.len())).map_or(&[][..], |range| slice(&others, *range));
            join(&[&pieces[..place], lent, &pieces[place..]])
        }
        4 => {
            let (open, close) = *random.pick(ELEMENTS);
            let (open, close) = (as_in(text, open), as_in(text, close));
            let depth = random.skewed(NESTING_MAX);
            let inner = if random.one_in(2) { within.concat() } else { random.pick(VALUES).to_string() };
            let opened: String = (0..depth).map(|n| open.replace('N', &format!("n{n}"))).collect();
            format!("{}{opened}{inner}{}{}", before.concat(), close.repeat(depth), after.concat())
        }
        5 if random.one_in(4) => join(&[&pieces[..place], &[*random.pick(PIECES)], &pieces[place..]]),
        6 => join(&[&pieces[..place], &[*random.pick(VALUES)], &pieces[place..]]),
        _ => attribute_changed(&pieces, random),
    }
}

/// Tags with the prefix that the document has for BPMN.
fn as_in(text: &str, tags: &str) -> String {
    if !text.contains("<bpmn:") {
        return tags.to_owned();
    }
    let prefixed = tags.replace("</", "</bpmn:").replace('<', "<bpmn:").replace("<bpmn:/bpmn:", "</bpmn:");
    prefixed.replace("bpmn:camunda:", "camunda:")
}

fn slice<'a, 't>(pieces: &'a [&'t str], (first, last): (usize, usize)) -> &'a [&'t str] {
    pieces.get(first..=last).unwrap_or_default()
}

/// Tags, and the texts between them.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = match rest.starts_with('<') {
            true => rest.find('>').map_or(rest.len(), |place| place + 1),
            false => rest.find('<').unwrap_or(rest.len()),
        };
        let (piece, others) = rest.split_at(end);
        pieces.push(piece);
        rest = others;
    }
    pieces
}

/// First and last piece of each element.
fn elements(pieces: &[&str]) -> Vec<(usize, usize)> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    for (place, piece) in pieces.iter().enumerate() {
        if piece.starts_with("</") {
            found.extend(open.pop().map(|first| (first, place)));
        } else if piece.ends_with("/>") {
            found.push((place, place));
        } else if piece.starts_with('<') && !piece.starts_with("<!") && !piece.starts_with("<?") {
            open.push(place);
        }
    }
    found
}

/// Removes an attribute, or gives it another value: a nasty one or one that stands elsewhere in the document.
fn attribute_changed(pieces: &[&str], random: &mut Random) -> String {
    let values: Vec<&str> = pieces.iter().filter(|piece| piece.starts_with('<')).flat_map(|tag| quoted(tag)).collect();
    let tags: Vec<usize> = (0..pieces.len()).filter(|place| pieces[*place].contains("=\"")).collect();
    let Some(tag) = tags.get(random.below(tags.len())).copied() else { return pieces.concat() };
    let here = quoted(pieces[tag]);
    let Some(value) = here.get(random.below(here.len())) else { return pieces.concat() };
    let written = format!("\"{value}\"");
    let changed = match random.below(4) {
        0 => pieces[tag].replacen(&written, &format!("\"{}\"", random.pick(VALUES)), 1),
        1 => pieces[tag].replacen(&written, &format!("{written} {written}"), 1),
        2 => pieces[tag].replacen(&written, &format!("\"{}\"", value.repeat(random.skewed(NESTING_MAX))), 1),
        _ => pieces[tag].replacen(&written, &format!("\"{}\"", random.pick(&values)), 1),
    };
    format!("{}{changed}{}", pieces[..tag].concat(), pieces[tag + 1..].concat())
}

fn quoted(tag: &str) -> Vec<&str> {
    tag.split('"').skip(1).step_by(2).collect()
}
