//! Texts with U+0000, which PostgreSQL cannot hold, as other texts and back.
//!
//! U+10FFFD, the last character of private use, introduces what stands for either: `0` behind it is U+0000, `1` itself.

use std::borrow::Cow;

const MARK: char = '\u{10FFFD}';

pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', MARK]) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => escaped.extend([MARK, '0']),
            MARK => escaped.extend([MARK, '1']),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// A list of values as a text that PostgreSQL reads as JSON. Its texts are escaped, and `escape` leaves it as it is: each
/// of them is escaped once, as those in the tables are.
pub fn json_list(mut values: Vec<serde_json::Value>) -> String {
    for value in &mut values {
        if let serde_json::Value::String(text) = value
            && let Cow::Owned(escaped) = escape(text)
        {
            *text = escaped;
        }
    }
    // The mark as JSON can write it in ASCII.
    serde_json::Value::from(values).to_string().replace(MARK, "\\udbff\\udffd")
}

pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != MARK {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('0') => plain.push('\0'),
            Some('1') => plain.push(MARK),
            // Nothing of ours.
            other => plain.extend([MARK].into_iter().chain(other)),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in ["", "plain", "\0", "a\0\0b", "\u{10FFFD}", "\u{10FFFD}0", "\0\u{10FFFD}1\u{1F4B6}"] {
            let escaped = escape(text);
            assert!(!escaped.contains('\0'));
            assert_eq!(unescape(&escaped), text);
        }
        assert!(matches!(escape("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn texts_of_a_list_are_escaped_once() {
        let texts = ["plain", "a\0b", "\u{10FFFD}0", "\\u0000"];
        let list = json_list(texts.map(serde_json::Value::from).to_vec());
        assert_eq!(escape(&list), list, "binding it changes nothing");
        let read: Vec<String> = serde_json::from_str(&list).expect("JSON");
        assert_eq!(read, texts.map(|text| escape(text).into_owned()));
    }
}
