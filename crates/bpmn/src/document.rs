//! Bytes to an XML tree, within limits.
//!
//! The tree is only built once the text is known to be of sane size and depth; a DTD is refused, so nothing can be expanded
//! or fetched. The depth limit bounds every walk over the tree.

use crate::diagnostic::ParseFailure;
use crate::parse::ParseOptions;
use crate::tag::{Position, TagIndex};

pub(crate) const BPMN: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";
pub(crate) const BPMN_DI: &str = "http://www.omg.org/spec/BPMN/20100524/DI";
pub(crate) const DD_DI: &str = "http://www.omg.org/spec/DD/20100524/DI";
pub(crate) const DD_DC: &str = "http://www.omg.org/spec/DD/20100524/DC";
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
pub(crate) const CAMUNDA: &str = "http://camunda.org/schema/1.0/bpmn";
/// The name that Camunda's namespace had before; still accepted.
pub(crate) const ACTIVITI: &str = "http://activiti.org/bpmn";
/// Camunda: an even older namespace, for `failedJobRetryTimeCycle` alone.
pub(crate) const FOX: &str = "http://www.camunda.com/fox";

/// An element of the tree.
pub(crate) type Node<'d> = roxmltree::Node<'d, 'd>;

/// A well-formed document.
#[derive(Debug)]
pub(crate) struct Document<'t> {
    tree: roxmltree::Document<'t>,
    tags: TagIndex,
}

impl<'t> Document<'t> {
    pub fn read(text: &'t str, options: &ParseOptions) -> Result<Document<'t>, ParseFailure> {
        let tags = TagIndex::scan(text, options)?;
        let tree = roxmltree::Document::parse(text).map_err(|error| ParseFailure::Malformed(error.to_string()))?;
        Ok(Document { tree, tags })
    }

    pub fn root(&self) -> Node<'_> {
        self.tree.root_element()
    }

    /// The place after the start tag.
    pub fn position(&self, node: Node<'_>) -> Position {
        self.tags.after_start_tag(node.range().start)
    }

    /// The place after the end tag.
    pub fn end_position(&self, node: Node<'_>) -> Position {
        self.tags.after_end_tag(node.range().start)
    }
}

/// The text of a file: UTF-8 or UTF-16 by its byte order mark, else what the XML declaration says.
pub(crate) fn decode(xml: &[u8], options: &ParseOptions) -> Result<String, ParseFailure> {
    if xml.len() > options.max_bytes {
        return Err(ParseFailure::Malformed(format!("the document has more than {} bytes", options.max_bytes)));
    }
    match xml {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        _ => match declared_encoding(xml).as_deref() {
            None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => utf8(xml),
            Some("iso-8859-1" | "latin1") => Ok(xml.iter().map(|&byte| char::from(byte)).collect()),
            Some("windows-1252" | "cp1252") => Ok(xml.iter().map(|&byte| windows_1252(byte)).collect()),
            Some(other) => Err(ParseFailure::Malformed(format!("the encoding '{other}' is not supported"))),
        },
    }
}

fn utf8(xml: &[u8]) -> Result<String, ParseFailure> {
    let text = std::str::from_utf8(xml);
    text.map(str::to_owned).map_err(|error| ParseFailure::Malformed(format!("the text is no UTF-8: {error}")))
}

fn utf16(xml: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ParseFailure> {
    let units = xml.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.map_err(|error| ParseFailure::Malformed(format!("the text is no UTF-16: {error}")))
}

/// The code points 80 to 9F differ from ISO-8859-1; the five that are not assigned stay as they are.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The lower-case name in `<?xml … encoding="…"?>`.
fn declared_encoding(xml: &[u8]) -> Option<String> {
    let declaration = xml.strip_prefix(b"<?xml")?;
    let end = declaration.windows(2).take(256).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(&declaration[..end]).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split(quote).next().map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_the_encoding_it_names() {
        let little: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("<a>é</a>".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> =
            [0xFE, 0xFF].into_iter().chain("<a>é</a>".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        let options = ParseOptions::default();
        for (bytes, expected) in [
            (&b"\xEF\xBB\xBF<a>\xC3\xA9</a>"[..], "<a>é</a>"),
            (&little, "<a>é</a>"),
            (&big, "<a>é</a>"),
            (&b"<?xml version='1.0' encoding = 'ISO-8859-1'?><a>\xE9</a>"[..], "<a>é</a>"),
            (&b"<?xml version='1.0' encoding=\"Windows-1252\"?><a>\x80</a>"[..], "<a>€</a>"),
        ] {
            assert!(decode(bytes, &options).expect("a known encoding").ends_with(expected));
        }
        assert!(decode(b"<?xml encoding='ebcdic'?>", &options).is_err());
        assert!(decode(b"\xFF\xFF", &options).is_err());
    }
}
