//! One linear pass over the text before it is parsed: where every tag ends, and whether the document stays within its limits.
//!
//! Positions are those that a SAX parser reports: line and column, counted from 1 in UTF-16 units, of the character after a
//! tag. Nothing here recurses and nothing is looked at twice, so a hostile document costs what its bytes cost.

use crate::diagnostic::ParseFailure;
use crate::parse::ParseOptions;

/// Attributes of one element; the XML parser compares each with all before it.
const MAX_ATTRIBUTES_PER_ELEMENT: usize = 256;
/// Namespace declarations in force at one place; the XML parser copies them for every element that adds one.
const MAX_NAMESPACES_IN_SCOPE: usize = 256;

/// A place in the text; both count from 1, 0 where unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub line: u32,
    pub column: u32,
}

/// Where the tags of one element end.
#[derive(Clone, Copy, Debug)]
struct Tag {
    start: usize,
    after_start_tag: Position,
    after_end_tag: Position,
}

/// The tags of a document, in document order.
#[derive(Debug)]
pub(crate) struct TagIndex {
    tags: Vec<Tag>,
}

impl TagIndex {
    /// Scans the text; a failure names the limit that was reached or what can be no XML.
    pub fn scan(text: &str, options: &ParseOptions) -> Result<TagIndex, ParseFailure> {
        let mut scan = Scan { cursor: Cursor::new(text), tags: Vec::new(), open: Vec::new(), namespaces: 0, options };
        while scan.next_markup()? {}
        Ok(TagIndex { tags: scan.tags })
    }

    /// The place after the start tag of the element whose markup begins at `start`.
    pub fn after_start_tag(&self, start: usize) -> Position {
        self.find(start).map_or_else(Position::default, |tag| tag.after_start_tag)
    }

    /// The place after the end tag of the element whose markup begins at `start`.
    pub fn after_end_tag(&self, start: usize) -> Position {
        self.find(start).map_or_else(Position::default, |tag| tag.after_end_tag)
    }

    fn find(&self, start: usize) -> Option<&Tag> {
        self.tags.binary_search_by_key(&start, |tag| tag.start).ok().map(|at| &self.tags[at])
    }
}

/// An element whose end tag has not come yet.
struct OpenElement {
    tag: usize,
    namespaces: usize,
}

struct Scan<'t> {
    cursor: Cursor<'t>,
    tags: Vec<Tag>,
    open: Vec<OpenElement>,
    namespaces: usize,
    options: &'t ParseOptions,
}

impl Scan<'_> {
    /// Passes one piece of markup; false at the end of the text.
    fn next_markup(&mut self) -> Result<bool, ParseFailure> {
        let text = self.cursor.text;
        let Some(start) = find(text, self.cursor.at, "<") else { return Ok(false) };
        let rest = &text[start..];
        if rest.starts_with("<!--") {
            self.skip_past(start + 4, "-->")?;
        } else if rest.starts_with("<![CDATA[") {
            self.skip_past(start + 9, "]]>")?;
        } else if rest.starts_with("<?") {
            self.skip_past(start + 2, "?>")?;
        } else if rest.starts_with("<!") {
            return Err(malformed(format!(
                "a document type definition (line {}) is never accepted",
                self.line_of(start)
            )));
        } else if rest.starts_with("</") {
            self.skip_past(start + 2, ">")?;
            if let Some(element) = self.open.pop() {
                self.tags[element.tag].after_end_tag = self.cursor.position();
                self.namespaces -= element.namespaces;
            }
        } else {
            self.start_tag(start)?;
        }
        Ok(true)
    }

    fn skip_past(&mut self, from: usize, terminator: &str) -> Result<(), ParseFailure> {
        match find(self.cursor.text, from, terminator) {
            Some(at) => {
                self.cursor.advance_to(at + terminator.len());
                Ok(())
            }
            None => Err(malformed(format!("'{terminator}' is missing after line {}", self.line_of(from)))),
        }
    }

    fn start_tag(&mut self, start: usize) -> Result<(), ParseFailure> {
        let tag = StartTag::scan(self.cursor.text, start)
            .ok_or_else(|| malformed(format!("the tag that begins in line {} does not end", self.line_of(start))))?;
        self.cursor.advance_to(tag.end);
        let position = self.cursor.position();
        self.tags.push(Tag { start, after_start_tag: position, after_end_tag: position });
        limit("elements", self.tags.len(), self.options.max_elements)?;
        limit("attributes of one element", tag.attributes, MAX_ATTRIBUTES_PER_ELEMENT)?;
        limit("namespaces", self.namespaces + tag.namespaces, MAX_NAMESPACES_IN_SCOPE)?;
        if !tag.is_empty {
            self.namespaces += tag.namespaces;
            self.open.push(OpenElement { tag: self.tags.len() - 1, namespaces: tag.namespaces });
            limit("nested elements", self.open.len(), self.options.max_depth)?;
        }
        Ok(())
    }

    fn line_of(&mut self, offset: usize) -> u32 {
        self.cursor.advance_to(offset);
        self.cursor.line
    }
}

/// What the scan needs to know of a start tag.
struct StartTag {
    end: usize,
    is_empty: bool,
    attributes: usize,
    namespaces: usize,
}

impl StartTag {
    fn scan(text: &str, start: usize) -> Option<StartTag> {
        let bytes = text.as_bytes();
        let (mut quote, mut attributes, mut namespaces) = (None, 0, 0);
        for (offset, &byte) in bytes.iter().enumerate().skip(start + 1) {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                (None, b'>') => {
                    let is_empty = bytes[offset - 1] == b'/';
                    return Some(StartTag { end: offset + 1, is_empty, attributes, namespaces });
                }
                (None, b'=') => attributes += 1,
                (None, b'x') if bytes[offset..].starts_with(b"xmlns") => namespaces += 1,
                (None, b'<') => return None,
                _ => {}
            }
        }
        None
    }
}

/// A place that only moves forward and knows its line and column.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    column: u32,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Cursor<'t> {
        Cursor { text, at: 0, line: 1, column: 1 }
    }

    fn advance_to(&mut self, offset: usize) {
        let passed = &self.text[self.at..offset.max(self.at)];
        let mut previous = if self.text[..self.at].ends_with('\r') { '\r' } else { ' ' };
        for character in passed.chars() {
            match character {
                '\n' if previous == '\r' => {}
                '\n' | '\r' => {
                    self.line += 1;
                    self.column = 1;
                }
                _ => self.column += character.len_utf16() as u32,
            }
            previous = character;
        }
        self.at += passed.len();
    }

    fn position(&self) -> Position {
        Position { line: self.line, column: self.column }
    }
}

fn find(text: &str, from: usize, needle: &str) -> Option<usize> {
    text.get(from..)?.find(needle).map(|at| from + at)
}

fn limit(what: &str, count: usize, most: usize) -> Result<(), ParseFailure> {
    if count > most { Err(malformed(format!("the document has more than {most} {what}"))) } else { Ok(()) }
}

fn malformed(message: String) -> ParseFailure {
    ParseFailure::Malformed(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_a_sax_parser() {
        let text = "<a>\r\n<b x='é𝒳>'/>\n<!-- <c> --><d>\n</d></a>";
        let index = TagIndex::scan(text, &ParseOptions::default()).expect("within the limits");
        let found: Vec<_> = index
            .tags
            .iter()
            .map(|tag| {
                (tag.after_start_tag.line, tag.after_start_tag.column, tag.after_end_tag.line, tag.after_end_tag.column)
            })
            .collect();
        assert_eq!(found, [(1, 4, 4, 9), (2, 14, 2, 14), (3, 16, 4, 5)]);
    }

    #[test]
    fn every_limit_is_an_error() {
        let options = ParseOptions { max_depth: 3, max_elements: 10, ..ParseOptions::default() };
        let many_attributes = format!("<a {}/>", "a='' ".repeat(257));
        for (text, expected) in [
            ("<a><a><a><a/></a></a></a>", None),
            ("<a><a><a><a></a></a></a></a>", Some("nested elements")),
            ("<a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/>", Some("elements")),
            (many_attributes.as_str(), Some("attributes")),
            ("<!DOCTYPE a><a/>", Some("document type definition")),
            ("<a b='", Some("does not end")),
            ("<!-- ", Some("missing")),
        ] {
            let failure = TagIndex::scan(text, &options).err().map(|failure| failure.to_string());
            match expected {
                None => assert_eq!(failure, None),
                Some(words) => {
                    assert!(failure.as_deref().is_some_and(|text| text.contains(words)), "{text}: {failure:?}");
                }
            }
        }
    }
}
