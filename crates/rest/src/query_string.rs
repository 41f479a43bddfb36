//! The query part of an address: names with values, in order; a name may come more than once.

/// Decoded leniently, as in the reference: an escape that is none stands for itself.
#[derive(Clone, Debug, Default)]
pub struct QueryString {
    pairs: Vec<(String, String)>,
}

impl QueryString {
    /// More pairs than this are not looked at; no operation has as many parameters.
    pub const PAIRS_MAX: usize = 1_000;

    pub fn parse(query: Option<&str>) -> QueryString {
        let parts = query.unwrap_or_default().split('&').filter(|part| !part.is_empty());
        let pairs = parts.take(Self::PAIRS_MAX).map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (percent_decoded(name), percent_decoded(value))
        });
        QueryString { pairs: pairs.collect() }
    }

    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Camunda: anything but `true`, in whatever case, is false.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// `+` is a space. Bytes that are no UTF-8 become U+FFFD.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).and_then(hex_byte);
        match (bytes[at], escape) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let high = char::from(*digits.first()?).to_digit(16)?;
    let low = char::from(*digits.get(1)?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        let query = QueryString::parse(Some("a=1&b=x%20y+z&a=2&c&=d&%zz=%ff"));
        assert_eq!(query.get("a"), Some("1"));
        assert_eq!(query.get("b"), Some("x y z"));
        assert_eq!(query.get("c"), Some(""));
        assert_eq!(query.get("%zz"), Some("\u{fffd}"));
        assert_eq!(query.get("d"), None);
        assert_eq!(query.flag("a"), Some(false));
    }
}
