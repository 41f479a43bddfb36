//! Text into tokens. Outside of `${…}` and `#{…}` everything is text; a backslash directly before `${` or `#{` makes
//! it text too.

use crate::error::ParseProblem;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token<'a> {
    pub kind: TokenKind,
    /// The token as it stands in the text.
    pub image: &'a str,
    /// Bytes before it.
    pub start: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// Text between the parts, unescaped.
    Text(String),
    StartDynamic,
    StartDeferred,
    EndEval,
    Identifier,
    String(String),
    Integer(i64),
    Float(f64),
    True,
    False,
    Null,
    Plus,
    Minus,
    Multiply,
    Divide,
    Modulo,
    Not,
    And,
    Or,
    Empty,
    InstanceOf,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Question,
    Colon,
    Comma,
    Dot,
    LeftParenthesis,
    RightParenthesis,
    LeftBracket,
    RightBracket,
    End,
    Invalid(TokenError),
}

/// Why no token begins at a place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TokenError {
    pub problem: ParseProblem,
    pub encountered: String,
    pub expected: String,
}

/// All tokens of a text, the last being [`TokenKind::End`]. `most` bounds their number. Behind a
/// [`TokenKind::Invalid`] nothing is read: whether it matters is for the parser to say, which may refuse earlier ones.
pub(crate) fn tokens(text: &str, most: usize) -> Vec<Token<'_>> {
    let mut scanner = Scanner { text, at: 0, evaluated: false };
    let mut tokens = Vec::new();
    loop {
        let token = if tokens.len() < most { scanner.next() } else { scanner.too_many(most) };
        let invalid = matches!(token.kind, TokenKind::Invalid(_));
        let end = token.kind == TokenKind::End;
        tokens.push(token);
        if invalid {
            tokens.push(Token { kind: TokenKind::End, image: "", start: scanner.at });
        }
        if end || invalid {
            return tokens;
        }
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Inside of `${…}`.
    evaluated: bool,
}

impl<'a> Scanner<'a> {
    fn next(&mut self) -> Token<'a> {
        if self.evaluated {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start_matches(java_whitespace).len();
        }
        let start = self.at;
        let (kind, length) = if start == self.text.len() {
            (TokenKind::End, 0)
        } else if self.evaluated {
            self.evaluated_token().unwrap_or_else(|error| (TokenKind::Invalid(error), 0))
        } else {
            self.outer_token()
        };
        match kind {
            TokenKind::StartDynamic | TokenKind::StartDeferred => self.evaluated = true,
            TokenKind::EndEval => self.evaluated = false,
            _ => {}
        }
        self.at += length;
        Token { kind, image: &self.text[start..self.at], start }
    }

    fn too_many(&self, most: usize) -> Token<'a> {
        let expected = format!("at most {most} tokens");
        let error = TokenError { problem: ParseProblem::Limit, encountered: String::new(), expected };
        Token { kind: TokenKind::Invalid(error), image: "", start: self.at }
    }

    fn outer_token(&self) -> (TokenKind, usize) {
        let rest = &self.text[self.at..];
        if rest.starts_with("${") {
            return (TokenKind::StartDynamic, 2);
        }
        if rest.starts_with("#{") {
            return (TokenKind::StartDeferred, 2);
        }
        let mut unescaped = String::new();
        let mut taken = 0;
        while let Some(found) = rest[taken..].find(['$', '#']) {
            let sign = taken + found;
            if rest.as_bytes().get(sign + 1) != Some(&b'{') {
                unescaped.push_str(&rest[taken..=sign]);
            } else if let Some(before) = rest[taken..sign].strip_suffix('\\') {
                unescaped.push_str(before);
                unescaped.push_str(&rest[sign..=sign]);
            } else {
                unescaped.push_str(&rest[taken..sign]);
                return (TokenKind::Text(unescaped), sign);
            }
            taken = sign + 1;
        }
        unescaped.push_str(&rest[taken..]);
        (TokenKind::Text(unescaped), rest.len())
    }

    fn evaluated_token(&self) -> Result<(TokenKind, usize), TokenError> {
        let rest = &self.text[self.at..];
        if let Some(sign) = sign(rest) {
            return Ok(sign);
        }
        let first = rest.chars().next().unwrap_or_default();
        match first {
            '"' | '\'' => self.string(first),
            '.' | '0'..='9' => self.number(),
            _ if identifier_start(first) => {
                let length = rest.find(|c| !identifier_part(c)).unwrap_or(rest.len());
                Ok((word(&rest[..length]), length))
            }
            _ => Err(error(format!("invalid character '{first}'"), "expression token")),
        }
    }

    fn string(&self, quote: char) -> Result<(TokenKind, usize), TokenError> {
        let rest = &self.text[self.at..];
        let mut value = String::new();
        let mut characters = rest.char_indices().skip(1);
        while let Some((index, character)) = characters.next() {
            if character == quote {
                return Ok((TokenKind::String(value), index + 1));
            }
            if character != '\\' {
                value.push(character);
                continue;
            }
            match characters.next() {
                Some((_, escaped)) if escaped == quote || escaped == '\\' => value.push(escaped),
                Some((_, escaped)) => {
                    let expected = format!("\\{quote} or \\\\");
                    return Err(error(format!("invalid escape sequence \\{escaped}"), &expected));
                }
                None => break,
            }
        }
        Err(error("unterminated string".to_owned(), &quote.to_string()))
    }

    fn number(&self) -> Result<(TokenKind, usize), TokenError> {
        let rest = &self.text[self.at..];
        let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
        let mut length = digits(0);
        let mut float = false;
        if rest[length..].starts_with('.') {
            length += 1;
            length += digits(length);
            float = true;
        }
        if rest[length..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                length += 1 + sign + exponent;
                float = true;
            }
        }
        let image = &rest[..length];
        let kind =
            if float { image.parse().ok().map(TokenKind::Float) } else { image.parse().ok().map(TokenKind::Integer) };
        kind.map(|kind| (kind, length))
            .ok_or_else(|| error(format!("'{image}'"), if float { "<FLOAT>" } else { "<INTEGER>" }))
    }
}

fn error(encountered: String, expected: &str) -> TokenError {
    TokenError { problem: ParseProblem::Lexical, encountered, expected: expected.to_owned() }
}

fn sign(rest: &str) -> Option<(TokenKind, usize)> {
    let bytes = rest.as_bytes();
    let second = bytes.get(1).copied().unwrap_or_default();
    let kind = match (bytes.first().copied()?, second) {
        (b'=', b'=') => return Some((TokenKind::Equal, 2)),
        (b'!', b'=') => return Some((TokenKind::NotEqual, 2)),
        (b'<', b'=') => return Some((TokenKind::LessOrEqual, 2)),
        (b'>', b'=') => return Some((TokenKind::GreaterOrEqual, 2)),
        (b'&', b'&') => return Some((TokenKind::And, 2)),
        (b'|', b'|') => return Some((TokenKind::Or, 2)),
        (b'!', _) => TokenKind::Not,
        (b'<', _) => TokenKind::Less,
        (b'>', _) => TokenKind::Greater,
        (b'+', _) => TokenKind::Plus,
        (b'-', _) => TokenKind::Minus,
        (b'*', _) => TokenKind::Multiply,
        (b'/', _) => TokenKind::Divide,
        (b'%', _) => TokenKind::Modulo,
        (b'?', _) => TokenKind::Question,
        (b':', _) => TokenKind::Colon,
        (b',', _) => TokenKind::Comma,
        (b'(', _) => TokenKind::LeftParenthesis,
        (b')', _) => TokenKind::RightParenthesis,
        (b'[', _) => TokenKind::LeftBracket,
        (b']', _) => TokenKind::RightBracket,
        (b'}', _) => TokenKind::EndEval,
        (b'.', next) if !next.is_ascii_digit() => TokenKind::Dot,
        _ => return None,
    };
    Some((kind, 1))
}

fn word(image: &str) -> TokenKind {
    match image {
        "true" => TokenKind::True,
        "false" => TokenKind::False,
        "null" => TokenKind::Null,
        "empty" => TokenKind::Empty,
        "div" => TokenKind::Divide,
        "mod" => TokenKind::Modulo,
        "not" => TokenKind::Not,
        "and" => TokenKind::And,
        "or" => TokenKind::Or,
        "le" => TokenKind::LessOrEqual,
        "lt" => TokenKind::Less,
        "eq" => TokenKind::Equal,
        "ne" => TokenKind::NotEqual,
        "ge" => TokenKind::GreaterOrEqual,
        "gt" => TokenKind::Greater,
        "instanceof" => TokenKind::InstanceOf,
        _ => TokenKind::Identifier,
    }
}

fn identifier_start(character: char) -> bool {
    character.is_alphabetic() || matches!(character, '_' | '$' | '¢'..='¥' | '₠'..='⃀' | '‿' | '⁀')
}

fn identifier_part(character: char) -> bool {
    identifier_start(character) || character.is_alphanumeric() || matches!(character, '\u{300}'..='\u{36f}')
}

/// Java counts no-break spaces as no whitespace.
fn java_whitespace(character: char) -> bool {
    matches!(character, '\t'..='\r' | '\u{1c}'..='\u{1f}')
        || (character.is_whitespace() && !matches!(character, '\u{85}' | '\u{a0}' | '\u{2007}' | '\u{202f}'))
}
