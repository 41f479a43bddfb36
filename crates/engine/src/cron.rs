//! Cron expressions of timer cycles: second, minute, hour, day of month, month, day of week, in UTC.
//!
//! The dialect is that of Spring, which the reference uses: a day must fit both of its fields; weeks begin on Sunday,
//! which is 0 and 7; `?` is `*`. `W` (the nearest weekday) is not known.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::Offset;
use jiff::{Timestamp as Instant, ToSpan};
use types::Timestamp;

/// A text that is no cron expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` is no field of a cron expression with seconds, minutes, hours, days, months and days of the week")]
pub(crate) struct CronError {
    field: String,
}

/// How far ahead a date is looked for: 29 February comes back within eight years.
const DAYS_MAX: u32 = 366 * 9;

#[derive(Clone, Debug)]
pub(crate) struct Cron {
    seconds: Values,
    minutes: Values,
    hours: Values,
    days: Values,
    months: Values,
    weekdays: Values,
    /// Days named by their place in the month.
    places: Vec<Place>,
}

/// A set of numbers below 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Values(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    LastDay,
    LastWeekday(u32),
    /// The second of both counts from 1.
    WeekdayNumber(u32, u32),
}

struct Field {
    first: u32,
    last: u32,
    /// Of the values from `first` on; empty where there are none.
    names: &'static [&'static str],
}

const SIXTIETHS: Field = Field { first: 0, last: 59, names: &[] };
const HOURS: Field = Field { first: 0, last: 23, names: &[] };
const DAYS: Field = Field { first: 1, last: 31, names: &[] };
const MONTHS: Field = Field {
    first: 1,
    last: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
const WEEKDAYS: Field = Field { first: 0, last: 7, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] };

impl Cron {
    pub fn parse(text: &str) -> Result<Cron, CronError> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 0 1 1 *",
            "@monthly" => "0 0 0 1 * *",
            "@weekly" => "0 0 0 * * 0",
            "@daily" | "@midnight" => "0 0 0 * * *",
            "@hourly" => "0 0 * * * *",
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [seconds, minutes, hours, days, months, weekdays] = fields[..] else { return Err(error(text)) };
        let mut places = Vec::new();
        let cron = Cron {
            seconds: SIXTIETHS.parse(seconds)?,
            minutes: SIXTIETHS.parse(minutes)?,
            hours: HOURS.parse(hours)?,
            days: parse_days(days, &mut places)?,
            months: MONTHS.parse(months)?,
            weekdays: parse_weekdays(weekdays, &mut places)?,
            places,
        };
        Ok(cron)
    }

    /// The next instant after `now`; `None` where there is none within the next years.
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let from = Instant::from_millisecond(now.0).ok()?;
        let from = Offset::UTC.to_datetime(from).checked_add(1.second()).ok()?;
        let mut date = from.date();
        let mut second_of_day = u32::from(from.hour().unsigned_abs()) * 3600
            + u32::from(from.minute().unsigned_abs()) * 60
            + u32::from(from.second().unsigned_abs());
        for _ in 0..DAYS_MAX {
            if self.has_day(date)
                && let Some((hour, minute, second)) = self.time_from(second_of_day)
            {
                let (hour, minute, second) = (i8::try_from(hour), i8::try_from(minute), i8::try_from(second));
                let at: DateTime = date.at(hour.ok()?, minute.ok()?, second.ok()?, 0);
                return Some(Timestamp(Offset::UTC.to_timestamp(at).ok()?.as_millisecond()));
            }
            date = date.tomorrow().ok()?;
            second_of_day = 0;
        }
        None
    }

    fn has_day(&self, date: Date) -> bool {
        let weekday = weekday_of(date);
        let day = u32::from(date.day().unsigned_abs());
        let is_last_week = date.checked_add(1.week()).is_ok_and(|later| later.month() != date.month());
        self.months.has(u32::from(date.month().unsigned_abs()))
            && self.days.has(day)
            && self.weekdays.has(weekday)
            && self.places.iter().all(|place| match *place {
                Place::LastDay => date == date.last_of_month(),
                Place::LastWeekday(wanted) => weekday == wanted && is_last_week,
                Place::WeekdayNumber(wanted, number) => weekday == wanted && (day - 1) / 7 + 1 == number,
            })
    }

    /// The first time of a day that is not before `second_of_day`.
    fn time_from(&self, second_of_day: u32) -> Option<(u32, u32, u32)> {
        let (from_hour, from_minute, from_second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        for hour in (from_hour..24).filter(|hour| self.hours.has(*hour)) {
            let first_minute = if hour == from_hour { from_minute } else { 0 };
            for minute in (first_minute..60).filter(|minute| self.minutes.has(*minute)) {
                let is_first = hour == from_hour && minute == from_minute;
                let first_second = if is_first { from_second } else { 0 };
                if let Some(second) = (first_second..60).find(|second| self.seconds.has(*second)) {
                    return Some((hour, minute, second));
                }
            }
        }
        None
    }
}

impl Values {
    fn has(self, value: u32) -> bool {
        self.0 & (1 << value) != 0
    }
}

impl Field {
    fn all(&self) -> Values {
        self.range(self.first, self.last, 1)
    }

    fn range(&self, from: u32, to: u32, step: u32) -> Values {
        let values = (from..=to).step_by(step as usize).fold(0, |set, value| set | 1_u64 << value);
        Values(values)
    }

    fn parse(&self, text: &str) -> Result<Values, CronError> {
        let mut set = 0;
        for part in text.split(',') {
            set |= self.parse_part(part).ok_or_else(|| error(text))?.0;
        }
        Ok(Values(set))
    }

    /// `*`, `a`, `a-b`, each with `/step`.
    fn parse_part(&self, part: &str) -> Option<Values> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*" | "?", _) => (self.first, self.last),
            (_, Some((from, to))) => (self.value(from)?, self.value(to)?),
            (single, None) => {
                let from = self.value(single)?;
                (from, if step.is_some() { self.last } else { from })
            }
        };
        (from <= to).then(|| self.range(from, to, step.unwrap_or(1)))
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match named {
            Some(place) => self.first + u32::try_from(place).ok()?,
            None => text.parse().ok()?,
        };
        (self.first..=self.last).contains(&value).then_some(value)
    }
}

fn parse_days(text: &str, places: &mut Vec<Place>) -> Result<Values, CronError> {
    if text == "L" {
        places.push(Place::LastDay);
        return Ok(DAYS.all());
    }
    DAYS.parse(text)
}

fn parse_weekdays(text: &str, places: &mut Vec<Place>) -> Result<Values, CronError> {
    if let Some((weekday, number)) = text.split_once('#') {
        let weekday = WEEKDAYS.value(weekday).ok_or_else(|| error(text))?;
        let number = number.parse().ok().filter(|number| (1..=5).contains(number)).ok_or_else(|| error(text))?;
        places.push(Place::WeekdayNumber(weekday % 7, number));
        return Ok(WEEKDAYS.all());
    }
    if let Some(weekday) = text.strip_suffix('L').and_then(|weekday| WEEKDAYS.value(weekday)) {
        places.push(Place::LastWeekday(weekday % 7));
        return Ok(WEEKDAYS.all());
    }
    let Values(set) = WEEKDAYS.parse(text)?;
    let sunday_as_seven = set >> 7 & 1;
    Ok(Values(set & 0x7f | sunday_as_seven))
}

fn weekday_of(date: Date) -> u32 {
    match date.weekday() {
        Weekday::Sunday => 0,
        Weekday::Monday => 1,
        Weekday::Tuesday => 2,
        Weekday::Wednesday => 3,
        Weekday::Thursday => 4,
        Weekday::Friday => 5,
        Weekday::Saturday => 6,
    }
}

fn error(field: &str) -> CronError {
    CronError { field: field.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Saturday: 2026-01-31T10:00:00Z
    const NOW: Timestamp = Timestamp(1_769_853_600_000);

    #[test]
    fn next_instants() {
        for (text, expected) in [
            ("0 0 * * * ?", "2026-01-31T11:00:00.000+0000"),
            ("*/10 * * * * *", "2026-01-31T10:00:10.000+0000"),
            ("0 0/5 9-17 * * MON-FRI", "2026-02-02T09:00:00.000+0000"),
            ("0 30 10 * * 7", "2026-02-01T10:30:00.000+0000"),
            ("0 0 0 29 2 ?", "2028-02-29T00:00:00.000+0000"),
            ("0 0 12 L * ?", "2026-01-31T12:00:00.000+0000"),
            ("0 0 12 ? * 5L", "2026-02-27T12:00:00.000+0000"),
            ("0 0 12 ? * 2#3", "2026-02-17T12:00:00.000+0000"),
            ("0 0 12 13 * FRI", "2026-02-13T12:00:00.000+0000"),
            ("15,45 0 10 31 JAN *", "2026-01-31T10:00:15.000+0000"),
            ("@daily", "2026-02-01T00:00:00.000+0000"),
        ] {
            let next = Cron::parse(text).map(|cron| cron.next_after(NOW).map(|at| at.to_string()));
            assert_eq!(next, Ok(Some(expected.to_owned())), "{text}");
        }
    }

    #[test]
    fn never() {
        assert_eq!(Cron::parse("0 0 0 31 2 *").map(|cron| cron.next_after(NOW)), Ok(None));
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "* * * * *",
            "60 * * * * *",
            "* * * 0 * *",
            "* * * 15W * *",
            "a * * * * *",
            "*/0 * * * * *",
            "5-1 * * * * *",
        ] {
            assert!(Cron::parse(text).is_err(), "{text}");
        }
    }
}
