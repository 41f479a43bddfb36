//! Instants, in milliseconds, and Camunda's text form of them: `2026-01-31T11:00:00.123+0000`.

use std::fmt;
use std::str::FromStr;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The last instant that has a text form (year 9999).
    pub const MAX: Timestamp = Timestamp(253_402_207_200_999);

    /// Saturates at `Timestamp::MAX`.
    pub fn plus_ms(self, duration_ms: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(duration_ms).min(Self::MAX.0))
    }
}

impl fmt::Display for Timestamp {
    /// `yyyy-MM-dd'T'HH:mm:ss.SSSZ` in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = text_of_usual_year(self.0) {
            return f.write_str(std::str::from_utf8(&text).expect("digits and separators"));
        }
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{}", instant.strftime("%Y-%m-%dT%H:%M:%S.%3f%z")),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

/// The text form of a time from 1970 to 9999: answers are full of them. The calendar is counted from a first of March, so
/// that a leap day is the last of its year.
fn text_of_usual_year(ms: i64) -> Option<[u8; 28]> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    const DAYS_PER_400_YEARS: i64 = 146_097;
    /// From 0000-03-01 to 1970-01-01.
    const DAYS_BEFORE_1970: i64 = 719_468;
    if !(0..=Timestamp::MAX.0).contains(&ms) {
        return None;
    }
    let (day, ms) = (ms / DAY_MS + DAYS_BEFORE_1970, ms % DAY_MS);
    let (cycle, day) = (day / DAYS_PER_400_YEARS, day % DAYS_PER_400_YEARS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        0..10 => (cycle * 400 + year, month + 3),
        _ => (cycle * 400 + year + 1, month - 9),
    };
    let mut text = *b"0000-00-00T00:00:00.000+0000";
    for (number, at, digits) in [
        (year, 0, 4),
        (month, 5, 2),
        (day, 8, 2),
        (ms / 3_600_000, 11, 2),
        (ms / 60_000 % 60, 14, 2),
        (ms / 1_000 % 60, 17, 2),
        (ms % 1_000, 20, 3),
    ] {
        let mut rest = number;
        for digit in text[at..at + digits].iter_mut().rev() {
            *digit += u8::try_from(rest % 10).expect("a digit");
            rest /= 10;
        }
    }
    Some(text)
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

/// A text that is no time in Camunda's form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a time like 2026-01-31T11:00:00.123+0000")]
pub struct TimestampError {
    pub text: String,
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Accepts `2026-01-31T11:00:00.123+0100`, with `Z` or `+01:00` as the zone, and without milliseconds.
    ///
    /// Camunda: a month or day beyond its range rolls over (month 13 is January of the next year).
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        parse(text).ok_or_else(|| TimestampError { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once('T')?;
    let (clock, offset_minutes) = split_zone(time)?;
    let (clock, fraction_ms) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, milliseconds(fraction)?),
        None => (clock, 0),
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(clock, ':')?;
    let months = year.checked_mul(12)?.checked_add(month - 1)?;
    let first = jiff::civil::Date::new(
        i16::try_from(months.div_euclid(12)).ok()?,
        i8::try_from(months.rem_euclid(12) + 1).ok()?,
        1,
    )
    .ok()?;
    let midnight = first.to_datetime(jiff::civil::Time::midnight());
    let midnight_ms = jiff::tz::Offset::UTC.to_timestamp(midnight).ok()?.as_millisecond();
    let minutes = ((day - 1) * 24 + hour) * 60 + minute - offset_minutes;
    let instant_ms = midnight_ms + (minutes * 60 + second) * 1000 + fraction_ms;
    (instant_ms <= Timestamp::MAX.0).then_some(Timestamp(instant_ms))
}

/// The time of day and its distance from UTC in minutes.
fn split_zone(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let at = time.rfind(['+', '-'])?;
    let (clock, zone) = time.split_at(at);
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let minutes = digits[..2].parse::<i64>().ok()? * 60 + digits[2..].parse::<i64>().ok()?;
    Some((clock, if zone.starts_with('-') { -minutes } else { minutes }))
}

fn milliseconds(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<3}")[..3].parse().ok()
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut next = || {
        let part = parts.next()?;
        let digits = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if digits { part.parse().ok() } else { None }
    };
    let found = [next()?, next()?, next()?];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_camunda_form() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000+0000");
        assert_eq!(Timestamp(1_706_695_200_123).to_string(), "2024-01-31T10:00:00.123+0000");
    }

    #[test]
    fn every_day_is_written_as_the_library_does() {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        for day in 0..=Timestamp::MAX.0 / DAY_MS {
            let ms = day * DAY_MS + day * 7_919 % DAY_MS;
            let text = text_of_usual_year(ms).expect("a usual year");
            let instant = jiff::Timestamp::from_millisecond(ms).expect("an instant");
            let expected = instant.strftime("%Y-%m-%dT%H:%M:%S.%3f%z").to_string();
            assert_eq!(std::str::from_utf8(&text), Ok(expected.as_str()));
        }
    }

    #[test]
    fn reads_zones_and_overflowing_months() {
        for (text, expected) in [
            ("2024-01-31T11:00:00.123+0100", "2024-01-31T10:00:00.123+0000"),
            ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00.000+0000"),
            ("2024-01-31T10:00:00.5-01:30", "2024-01-31T11:30:00.500+0000"),
            ("2024-13-01T00:00:00.000+0000", "2025-01-01T00:00:00.000+0000"),
            ("2024-02-30T00:00:00.000+0000", "2024-03-01T00:00:00.000+0000"),
        ] {
            assert_eq!(text.parse::<Timestamp>().map(|t| t.to_string()), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_other_forms() {
        for text in ["", "tomorrow", "2024-01-31", "2024-01-31T10:00:00", "2024-01-31T10:00:00.123+01", "T+0000"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
