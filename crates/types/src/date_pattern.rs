//! Patterns such as `dd/MM/yyyy`, as `java.text.SimpleDateFormat` reads and writes dates with them, in UTC and English.
//!
//! Reading is as lenient as there: a month 13 is January of the next year, and what stands behind a date is not looked at.

use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use crate::Timestamp;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// From Monday on.
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const UTC_NAME: &str = "Coordinated Universal Time";
const HALVES: [&str; 2] = ["AM", "PM"];
const ABBREVIATION: usize = 3;
/// A year of two digits is at most this far ahead; all others are past.
const YEARS_AHEAD_MAX: i64 = 20;
const DIGITS_MAX: usize = 9;
/// A longer pattern is refused.
const PATTERN_BYTES_MAX: usize = 1_000;
const MS_PER_MINUTE: i64 = 60_000;

/// How dates are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatePattern {
    text: Arc<str>,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A letter, and how often it is repeated.
    Field(Field, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Era,
    Year,
    WeekYear,
    Month,
    WeekOfYear,
    WeekOfMonth,
    DayOfYear,
    Day,
    DayOfWeekInMonth,
    DayName,
    DayNumber,
    HalfOfDay,
    Hour,
    HourFromOne,
    HourOfHalf,
    HourOfHalfFromOne,
    Minute,
    Second,
    Millisecond,
    ZoneName,
    ZoneOffset,
    IsoZone,
}

/// A text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatePatternError {
    #[error("illegal pattern character '{0}'")]
    Letter(char),
    #[error("unterminated quote in the date pattern `{0}`")]
    Quote(String),
    #[error("a date pattern of {0} bytes: at most {PATTERN_BYTES_MAX} are allowed")]
    TooLong(usize),
}

/// What has been read of a date.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    year: Option<i64>,
    /// From zero.
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: Option<i64>,
    hour_of_half: Option<i64>,
    is_afternoon: bool,
    is_before_christ: bool,
    minute: i64,
    second: i64,
    millisecond: i64,
    offset_minutes: i64,
}

impl DatePattern {
    /// # Errors
    /// A letter that stands for nothing, a quote that does not end, or an absurd length.
    pub fn parse(text: &str) -> Result<DatePattern, DatePatternError> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err(DatePatternError::TooLong(text.len()));
        }
        let mut parts = Vec::new();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\'' if letters.next_if_eq(&'\'').is_some() => push_text(&mut parts, '\''),
                '\'' => loop {
                    match letters.next() {
                        None => return Err(DatePatternError::Quote(text.to_owned())),
                        Some('\'') if letters.next_if_eq(&'\'').is_none() => break,
                        Some(quoted) => push_text(&mut parts, quoted),
                    }
                },
                letter if letter.is_ascii_alphabetic() => {
                    let field = Field::of(letter).ok_or(DatePatternError::Letter(letter))?;
                    let mut count = 1;
                    while letters.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    parts.push(Part::Field(field, count));
                }
                other => push_text(&mut parts, other),
            }
        }
        Ok(DatePattern { text: text.into(), parts })
    }

    /// As it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A date as text. One beyond the calendar has none.
    pub fn format(&self, at: Timestamp) -> String {
        let Ok(instant) = jiff::Timestamp::from_millisecond(at.0) else { return String::new() };
        let civil = instant.to_zoned_datetime(TimeZone::UTC).datetime();
        let mut written = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => written.push_str(text),
                Part::Field(field, count) => written.push_str(&field.written(civil, *count)),
            }
        }
        written
    }

    /// The date that a text begins with. `now` says in which century a year of two digits is.
    pub fn read(&self, text: &str, now: Timestamp) -> Option<Timestamp> {
        let mut rest = text;
        let mut reading = Reading::default();
        for (place, part) in self.parts.iter().enumerate() {
            rest = match part {
                Part::Text(expected) => rest.strip_prefix(expected.as_str())?,
                Part::Field(field, count) => {
                    let is_followed_by_number =
                        matches!(self.parts.get(place + 1), Some(Part::Field(next, count)) if next.is_number(*count));
                    let digits_max = if is_followed_by_number { *count } else { DIGITS_MAX };
                    let start = rest.trim_start_matches([' ', '\t']);
                    reading.read(*field, *count, digits_max, start, now)?
                }
            };
        }
        reading.instant()
    }
}

fn push_text(parts: &mut Vec<Part>, letter: char) {
    match parts.last_mut() {
        Some(Part::Text(text)) => text.push(letter),
        _ => parts.push(Part::Text(letter.into())),
    }
}

impl Field {
    fn of(letter: char) -> Option<Field> {
        Some(match letter {
            'G' => Field::Era,
            'y' => Field::Year,
            'Y' => Field::WeekYear,
            'M' | 'L' => Field::Month,
            'w' => Field::WeekOfYear,
            'W' => Field::WeekOfMonth,
            'D' => Field::DayOfYear,
            'd' => Field::Day,
            'F' => Field::DayOfWeekInMonth,
            'E' => Field::DayName,
            'u' => Field::DayNumber,
            'a' => Field::HalfOfDay,
            'H' => Field::Hour,
            'k' => Field::HourFromOne,
            'K' => Field::HourOfHalf,
            'h' => Field::HourOfHalfFromOne,
            'm' => Field::Minute,
            's' => Field::Second,
            'S' => Field::Millisecond,
            'z' => Field::ZoneName,
            'Z' => Field::ZoneOffset,
            'X' => Field::IsoZone,
            _ => return None,
        })
    }

    fn is_number(self, count: usize) -> bool {
        match self {
            Field::Month => count < ABBREVIATION,
            Field::Era | Field::DayName | Field::HalfOfDay | Field::ZoneName | Field::ZoneOffset | Field::IsoZone => {
                false
            }
            _ => true,
        }
    }

    fn written(self, at: DateTime, count: usize) -> String {
        let padded = |number: i64| format!("{number:0count$}");
        let named = |name: &str| if count > ABBREVIATION { name } else { &name[..ABBREVIATION] }.to_owned();
        let year = i64::from(at.year());
        let hour = i64::from(at.hour());
        let weekday = at.weekday();
        match self {
            Field::Era => if year > 0 { "AD" } else { "BC" }.to_owned(),
            Field::Year if count == 2 => format!("{:02}", year.rem_euclid(100)),
            Field::Year => padded(year),
            Field::WeekYear if count == 2 => format!("{:02}", week(at.date()).0.rem_euclid(100)),
            Field::WeekYear => padded(week(at.date()).0),
            Field::Month if count >= ABBREVIATION => named(MONTHS[usize::from(at.month().unsigned_abs()) - 1]),
            Field::Month => padded(i64::from(at.month())),
            Field::WeekOfYear => padded(week(at.date()).1),
            Field::WeekOfMonth => padded(week_from(at.date().first_of_month(), i64::from(at.day()))),
            Field::DayOfYear => padded(i64::from(at.day_of_year())),
            Field::Day => padded(i64::from(at.day())),
            Field::DayOfWeekInMonth => padded((i64::from(at.day()) - 1) / 7 + 1),
            Field::DayName => named(DAYS[usize::from(weekday.to_monday_zero_offset().unsigned_abs())]),
            Field::DayNumber => padded(i64::from(weekday.to_monday_one_offset())),
            Field::HalfOfDay => HALVES[usize::from(hour >= 12)].to_owned(),
            Field::Hour => padded(hour),
            Field::HourFromOne => padded(if hour == 0 { 24 } else { hour }),
            Field::HourOfHalf => padded(hour % 12),
            Field::HourOfHalfFromOne => padded(if hour % 12 == 0 { 12 } else { hour % 12 }),
            Field::Minute => padded(i64::from(at.minute())),
            Field::Second => padded(i64::from(at.second())),
            Field::Millisecond => padded(i64::from(at.millisecond())),
            Field::ZoneName if count > ABBREVIATION => UTC_NAME.to_owned(),
            Field::ZoneName => "UTC".to_owned(),
            Field::ZoneOffset => "+0000".to_owned(),
            Field::IsoZone => "Z".to_owned(),
        }
    }
}

/// The year that a week belongs to, and its number there: weeks begin on Sundays, the first one has the first of January.
fn week(date: Date) -> (i64, i64) {
    let year = i64::from(date.year());
    let next_year = Date::new(date.year().saturating_add(1), 1, 1).ok();
    let is_of_next = next_year.is_some_and(|first| {
        let days_left = first.since(date).map_or(i32::MAX, |span| span.get_days());
        days_left <= i32::from(first.weekday().to_sunday_zero_offset())
    });
    if is_of_next { (year + 1, 1) } else { (year, week_from(date.first_of_year(), i64::from(date.day_of_year()))) }
}

fn week_from(first: Date, day: i64) -> i64 {
    (day - 1 + i64::from(first.weekday().to_sunday_zero_offset())) / 7 + 1
}

impl Reading {
    /// Reads one field; the result is what stands behind it.
    fn read<'t>(
        &mut self,
        field: Field,
        count: usize,
        digits_max: usize,
        text: &'t str,
        now: Timestamp,
    ) -> Option<&'t str> {
        if !field.is_number(count) {
            return self.read_name(field, text);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).take(digits_max).count();
        let number: i64 = text[..digits].parse().ok()?;
        match field {
            Field::Year if count <= 2 && digits == 2 => self.year = Some(in_century(number, now)),
            Field::Year => self.year = Some(number),
            Field::Month => self.month = Some(number - 1),
            Field::DayOfYear => self.day_of_year = Some(number),
            Field::Day => self.day = Some(number),
            Field::Hour => self.hour = Some(number),
            Field::HourFromOne => self.hour = Some(if number == 24 { 0 } else { number }),
            Field::HourOfHalf => self.hour_of_half = Some(number),
            Field::HourOfHalfFromOne => self.hour_of_half = Some(if number == 12 { 0 } else { number }),
            Field::Minute => self.minute = number,
            Field::Second => self.second = number,
            Field::Millisecond => self.millisecond = number,
            // They follow from the others.
            _ => {}
        }
        Some(&text[digits..])
    }

    fn read_name<'t>(&mut self, field: Field, text: &'t str) -> Option<&'t str> {
        match field {
            Field::Month => {
                let (month, rest) = one_of(&MONTHS, text)?;
                self.month = Some(month);
                Some(rest)
            }
            Field::DayName => one_of(&DAYS, text).map(|(_, rest)| rest),
            Field::HalfOfDay => {
                let (half, rest) = one_of(&HALVES, text)?;
                self.is_afternoon = half == 1;
                Some(rest)
            }
            Field::Era => {
                let (era, rest) = one_of(&["AD", "BC"], text)?;
                self.is_before_christ = era == 1;
                Some(rest)
            }
            _ => {
                let (minutes, rest) = zone(text)?;
                self.offset_minutes = minutes;
                Some(rest)
            }
        }
    }

    /// Numbers beyond their range are carried over.
    fn instant(self) -> Option<Timestamp> {
        let year = self.year.unwrap_or(1970);
        let year = if self.is_before_christ { 1 - year } else { year };
        let (month, day) = match (self.day_of_year, self.day) {
            (Some(day), None) => (0, day),
            _ => (self.month.unwrap_or(0), self.day.unwrap_or(1)),
        };
        let months = year.checked_mul(12)?.checked_add(month)?;
        let first =
            Date::new(i16::try_from(months.div_euclid(12)).ok()?, i8::try_from(months.rem_euclid(12) + 1).ok()?, 1);
        let midnight = Offset::UTC.to_timestamp(first.ok()?.at(0, 0, 0, 0)).ok()?.as_millisecond();
        let afternoon = if self.is_afternoon { 12 } else { 0 };
        let hour = self.hour.unwrap_or_else(|| self.hour_of_half.map_or(0, |hour| hour + afternoon));
        let minutes = ((day - 1) * 24 + hour) * 60 + self.minute - self.offset_minutes;
        let instant = midnight + minutes * MS_PER_MINUTE + self.second * 1000 + self.millisecond;
        (instant <= Timestamp::MAX.0).then_some(Timestamp(instant))
    }
}

/// The place of the name that a text begins with, whole or abbreviated and in any case, and what stands behind it.
fn one_of<'t>(names: &[&str], text: &'t str) -> Option<(i64, &'t str)> {
    let begins_with = |name: &str| text.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name));
    let lengths = names.iter().enumerate().filter_map(|(place, name)| {
        let short = &name[..name.len().min(ABBREVIATION)];
        let found = begins_with(name).or_else(|| begins_with(short))?;
        Some((found.len(), place))
    });
    let (length, place) = lengths.max_by_key(|(length, _)| *length)?;
    Some((i64::try_from(place).ok()?, &text[length..]))
}

/// `UTC`, by name or not, `GMT`, `Z`, `+0100`, `+01:00` or `GMT+01:00`, in minutes.
fn zone(text: &str) -> Option<(i64, &str)> {
    let named = [UTC_NAME, "UTC", "GMT", "Z"].iter().find_map(|name| text.strip_prefix(name));
    let rest = named.unwrap_or(text);
    let sign = match rest.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return named.map(|rest| (0, rest)),
    };
    let digits = |from: usize| rest.get(from..from + 2)?.parse::<i64>().ok().map(|number| (number, from + 2));
    let (hours, mut end) = digits(1)?;
    let mut minutes = 0;
    let behind = if rest[end..].starts_with(':') { end + 1 } else { end };
    if let Some((found, after)) = digits(behind) {
        (minutes, end) = (found, after);
    }
    Some((sign * (hours * 60 + minutes), &rest[end..]))
}

fn in_century(two_digits: i64, now: Timestamp) -> i64 {
    let today = jiff::Timestamp::from_millisecond(now.0)
        .map_or(1970, |now| i64::from(now.to_zoned_datetime(TimeZone::UTC).year()));
    let year = today - today.rem_euclid(100) + two_digits;
    if year > today + YEARS_AHEAD_MAX {
        year - 100
    } else if year <= today + YEARS_AHEAD_MAX - 100 {
        year + 100
    } else {
        year
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-31T10:00:00Z, a Saturday.
    const NOW: Timestamp = Timestamp(1_769_853_600_000);

    fn pattern(text: &str) -> DatePattern {
        DatePattern::parse(text).unwrap()
    }

    #[test]
    fn writes_dates() {
        for (text, expected) in [
            ("dd/MM/yyyy", "31/01/2026"),
            ("d.M.yy H:m:s.S", "31.1.26 10:0:0.0"),
            ("yyyy-MM-dd'T'HH:mm:ss.SSSZ", "2026-01-31T10:00:00.000+0000"),
            ("EEE, MMM d, ''yy", "Sat, Jan 31, '26"),
            ("EEEE, MMMM d; hh 'o''clock' a, zzz", "Saturday, January 31; 10 o'clock AM, UTC"),
            ("D u w W F k K XXX G", "31 6 5 5 5 10 10 Z AD"),
        ] {
            assert_eq!(pattern(text).format(NOW), expected, "{text}");
        }
        assert_eq!(pattern("YYYY w").format(Timestamp(1_798_588_800_000)), "2027 1", "the last days of 2026");
    }

    #[test]
    fn reads_dates() {
        for (text, date, expected) in [
            ("dd/MM/yyyy", "24/12/2031", Some("2031-12-24T00:00:00.000+0000")),
            ("dd/MM/yyyy", "1/2/2031 and more", Some("2031-02-01T00:00:00.000+0000")),
            ("dd/MM/yyyy", "31/13/2031", Some("2032-01-31T00:00:00.000+0000")),
            ("dd/MM/yyyy", "2031-12-24", None),
            ("dd/MM/yyyy", "tomorrow", None),
            ("yyyyMMddHHmm", "203112240930", Some("2031-12-24T09:30:00.000+0000")),
            ("dd.MM.yy", "24.12.31", Some("2031-12-24T00:00:00.000+0000")),
            ("dd.MM.yy", "24.12.71", Some("1971-12-24T00:00:00.000+0000")),
            ("dd.MM.yy", "24.12.0071", Some("0071-12-24T00:00:00.000+0000")),
            ("d MMM yyyy", "24 december 2031", Some("2031-12-24T00:00:00.000+0000")),
            ("yyyy-MM-dd hh:mm a", "2031-12-24 12:15 pm", Some("2031-12-24T12:15:00.000+0000")),
            ("yyyy-MM-dd'T'HH:mmX", "2031-12-24T09:30+01:00", Some("2031-12-24T08:30:00.000+0000")),
            ("yyyy D", "2031 32", Some("2031-02-01T00:00:00.000+0000")),
        ] {
            let read = pattern(text).read(date, NOW).map(|at| at.to_string());
            assert_eq!(read.as_deref(), expected, "{text} {date}");
        }
    }

    #[test]
    fn survives_any_text() {
        let all = pattern("G yyyy MMMM w W D d F EEEE u a H k K h m s S zzzz Z X 'q'");
        let texts = ["", "é", "AD é", "AD 9999999999", "BC 5 June 1 1 400 99", "AD 1 \u{130}", "GMT+é", "+1é"];
        for text in texts {
            assert_eq!(all.read(text, NOW), None, "{text}");
            for part in ["z", "X", "MMM", "a", "y", "d", "h"] {
                let _ = pattern(part).read(text, NOW);
            }
        }
        for at in [i64::MIN, -62_167_219_200_001, i64::MAX] {
            let _ = all.format(Timestamp(at));
        }
        assert_eq!(all.read(&all.format(NOW), NOW), Some(NOW));
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        assert_eq!(DatePattern::parse("qq"), Err(DatePatternError::Letter('q')));
        assert_eq!(DatePattern::parse(&"y".repeat(70_000)), Err(DatePatternError::TooLong(70_000)));
        assert_eq!(DatePattern::parse("yyyy 'a"), Err(DatePatternError::Quote("yyyy 'a".to_owned())));
    }
}
