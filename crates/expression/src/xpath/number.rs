//! Numbers of XPath as texts, and texts as numbers.

/// Digits with at most one dot and a sign, between blanks; all else is no number.
pub(super) fn read(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.contains(|letter: char| letter.is_ascii_digit())
        && digits.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
        && digits.matches('.').count() <= 1;
    if is_number { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// Without an exponent, and without a fraction where there is none.
pub(super) fn written(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // Zero has no sign.
    format!("{}", if number == 0.0 { 0.0 } else { number })
}

/// To the nearest whole number, halves up.
pub(super) fn rounded(number: f64) -> f64 {
    (number + 0.5).floor()
}
