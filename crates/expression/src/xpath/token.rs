//! The words of an XPath expression.

use std::sync::Arc;

use super::program::Operator;
use super::refused;
use crate::error::EvaluationError;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Operator(Operator),
    /// `/` and `//`.
    Slash,
    DoubleSlash,
    OpenParenthesis,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,
    Dot,
    DoubleDot,
    At,
    Comma,
    DoubleColon,
    /// `*` where no operator can stand.
    Star,
    Text(Arc<str>),
    Number(f64),
    /// `local`, `prefix:local`, `prefix:*`.
    Name(Option<Arc<str>>, Arc<str>),
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, EvaluationError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        let (token, length) = match first {
            '"' | '\'' => quoted(rest, first)?,
            '0'..='9' => number(rest),
            '.' if rest[1..].starts_with(|letter: char| letter.is_ascii_digit()) => number(rest),
            _ if starts_name(first) => name(rest, operator_may_stand(&tokens)),
            _ => symbol(rest, operator_may_stand(&tokens)).ok_or_else(|| refused(format!("unexpected '{first}'")))?,
        };
        tokens.push(token);
        rest = &rest[length..];
    }
}

/// XPath 1.0, 3.7: after what can end an operand, `*` and names are operators.
fn operator_may_stand(before: &[Token]) -> bool {
    match before.last() {
        None
        | Some(
            Token::At
            | Token::DoubleColon
            | Token::OpenParenthesis
            | Token::OpenBracket
            | Token::Comma
            | Token::Operator(_)
            | Token::Slash
            | Token::DoubleSlash,
        ) => false,
        Some(_) => true,
    }
}

fn quoted(rest: &str, quote: char) -> Result<(Token, usize), EvaluationError> {
    let inner = &rest[1..];
    let end = inner.find(quote).ok_or_else(|| refused("a text has no end"))?;
    Ok((Token::Text(inner[..end].into()), end + 2))
}

fn number(rest: &str) -> (Token, usize) {
    let whole = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let length = match rest[whole..].strip_prefix('.') {
        Some(fraction) => {
            let digits = fraction.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(fraction.len());
            whole + 1 + digits
        }
        None => whole,
    };
    (Token::Number(super::number::read(&rest[..length])), length)
}

fn starts_name(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_'
}

fn name_length(text: &str) -> usize {
    let inside = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
    text.find(|letter| !inside(letter)).unwrap_or(text.len())
}

fn name(rest: &str, may_be_operator: bool) -> (Token, usize) {
    let length = name_length(rest);
    let first = &rest[..length];
    if may_be_operator {
        let operator = match first {
            "or" => Some(Operator::Or),
            "and" => Some(Operator::And),
            "div" => Some(Operator::Divide),
            "mod" => Some(Operator::Remainder),
            _ => None,
        };
        if let Some(operator) = operator {
            return (Token::Operator(operator), length);
        }
    }
    let local = rest[length..].strip_prefix(':').filter(|local| !local.starts_with(':'));
    match local {
        Some(local) if local.starts_with('*') => (Token::Name(Some(first.into()), "*".into()), length + 2),
        Some(local) if local.starts_with(starts_name) => {
            let local = &local[..name_length(local)];
            (Token::Name(Some(first.into()), local.into()), length + 1 + local.len())
        }
        _ => (Token::Name(None, first.into()), length),
    }
}

fn symbol(rest: &str, may_be_operator: bool) -> Option<(Token, usize)> {
    const TWO: [(&str, Token); 6] = [
        ("//", Token::DoubleSlash),
        ("..", Token::DoubleDot),
        ("::", Token::DoubleColon),
        ("!=", Token::Operator(Operator::NotEqual)),
        ("<=", Token::Operator(Operator::LessOrEqual)),
        (">=", Token::Operator(Operator::GreaterOrEqual)),
    ];
    if let Some((_, token)) = TWO.iter().find(|(text, _)| rest.starts_with(text)) {
        return Some((token.clone(), 2));
    }
    let token = match rest.chars().next()? {
        '/' => Token::Slash,
        '(' => Token::OpenParenthesis,
        ')' => Token::CloseParenthesis,
        '[' => Token::OpenBracket,
        ']' => Token::CloseBracket,
        '.' => Token::Dot,
        '@' => Token::At,
        ',' => Token::Comma,
        '*' if may_be_operator => Token::Operator(Operator::Multiply),
        '*' => Token::Star,
        '|' => Token::Operator(Operator::Union),
        '+' => Token::Operator(Operator::Add),
        '-' => Token::Operator(Operator::Subtract),
        '=' => Token::Operator(Operator::Equal),
        '<' => Token::Operator(Operator::Less),
        '>' => Token::Operator(Operator::Greater),
        _ => return None,
    };
    Some((token, 1))
}
