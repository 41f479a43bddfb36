//! Damage to expressions: to their tokens.

use crate::random::Random;

const TOKENS: &[&str] = &[
    "${",
    "#{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ".",
    ",",
    ":",
    "?",
    "+",
    "-",
    "*",
    "/",
    "%",
    " div ",
    " mod ",
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    " eq ",
    " lt ",
    " and ",
    " or ",
    "&&",
    "||",
    "!",
    " not ",
    " empty ",
    "'",
    "\"",
    "\\",
    "''",
    "null",
    "true",
    "0",
    "1",
    "-1",
    "2147483647",
    "9223372036854775808",
    "1e308",
    "1e-400",
    "0.1",
    ".5",
    "1.",
    "99999999999999999999999",
    "i",
    "l",
    "sh",
    "dbl",
    "s",
    "sp",
    "b",
    "n",
    "D",
    "BY",
    "J",
    "X",
    "L",
    "M",
    "order",
    "HS",
    "big",
    "ND",
    "jb",
    "jl",
    "js",
    "broken",
    "execution",
    "unknown",
    "now()",
    "dateTime()",
    "currentUser()",
    "S(s)",
    "JSON(s)",
    "XML('<a><b c=\"d\"/></a>')",
    ".size()",
    ".length()",
    ".substring(",
    ".split(",
    ".matches(",
    ".replaceAll(",
    ".replace(",
    ".indexOf(",
    ".get(",
    ".toString()",
    ".format(",
    ".plusDays(",
    ".plusYears(",
    ".minusMonths(",
    ".withDayOfMonth(",
    ".toDate()",
    ".getTime()",
    ".prop(",
    ".jsonPath(",
    ".elements()",
    ".value()",
    ".concat(",
    ".repeat(",
    ".charAt(",
    ".equals(",
    ".hashCode()",
    ".add(",
    ".contains(",
    ".isEmpty()",
    ".intValue()",
    ".compareTo(",
    "'$..*'",
    "'$.a[?(@.b>1)]'",
    "'(a+)+b'",
    "'[a-z]{2,5}'",
    "'yyyy-MM-dd'",
    "\u{0}",
    "é",
    "𝒳",
    "\u{301}",
    "{",
    "=",
    ";",
    "->",
    "\n",
];

const REPEATED_MAX: usize = 300;

/// The texts with `${` or `#{` in Rust source.
pub fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find('"') {
        let text = &rest[start + 1..];
        let (mut literal, mut end, mut is_escaped) = (String::new(), text.len(), false);
        for (place, letter) in text.char_indices() {
            match letter {
                _ if is_escaped => {
                    literal.push(letter);
                    is_escaped = false;
                }
                '\\' => is_escaped = true,
                '"' => {
                    end = place + 1;
                    break;
                }
                _ => literal.push(letter),
            }
        }
        if literal.contains("${") || literal.contains("#{") {
            found.push(literal);
        }
        rest = &text[end..];
    }
    found
}

/// One piece of damage; `other` lends its parts.
pub fn damaged(text: &str, other: &str, random: &mut Random) -> String {
    let tokens = tokens(text);
    let from = random.below(tokens.len() + 1);
    let to = (from + 1 + random.skewed(8)).min(tokens.len());
    let (before, within, after) = (&tokens[..from], tokens.get(from..to).unwrap_or_default(), &tokens[to.max(from)..]);
    let (before, within, after) = (before.concat(), within.concat(), after.concat());
    match random.below(8) {
        0 => format!("{before}{after}"),
        1 => format!("{before}{}{after}", within.repeat(1 + random.skewed(REPEATED_MAX))),
        2 => format!("{before}{within}{}{after}", random.pick(TOKENS)),
        3 | 4 => format!("{before}{}{after}", random.pick(TOKENS)),
        5 => {
            let others = self::tokens(other);
            let start = random.below(others.len() + 1);
            let end = (start + 1 + random.skewed(others.len())).min(others.len()).max(start);
            format!("{before}{}{after}", others[start..end].concat())
        }
        6 => format!("{before}({within}){after}"),
        _ => {
            let inner = random.pick(&["(", "[", "!", "-", "empty ", "(1+", "L[", "s.concat(", "true?", "${"]);
            format!("{before}{}{within}{after}", inner.repeat(random.skewed(REPEATED_MAX)))
        }
    }
}

/// Names, numbers, quoted texts, and other characters one by one.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let end = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |place| place + 2),
            _ if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, others) = rest.split_at(end);
        tokens.push(token);
        rest = others;
    }
    tokens
}
