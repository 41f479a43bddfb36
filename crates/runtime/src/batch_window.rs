//! When the history is cleaned up: from a time of day to another one, each day or on some days of the week. In UTC.

use std::str::FromStr;

use types::Timestamp;

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;
const DAY_MS: i64 = DAY_MINUTES * MINUTE_MS;

/// Minutes after midnight in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay(i64);

/// Up to the end, which is on the next day where it is not after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyWindow {
    pub start: TimeOfDay,
    pub end: TimeOfDay,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchWindows {
    /// Of the days that have none of their own.
    pub every_day: Option<DailyWindow>,
    /// From Sunday on.
    pub by_weekday: [Option<DailyWindow>; 7],
}

/// One of them, with its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchWindow {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl FromStr for TimeOfDay {
    type Err = ();

    /// `22:00`, or `22:00+0200` for another zone than UTC.
    fn from_str(text: &str) -> Result<Self, ()> {
        let at = text.find(['+', '-']).unwrap_or(text.len());
        let (clock, zone) = text.split_at(at);
        let (hour, minute) = clock.split_once(':').ok_or(())?;
        let time = minutes(hour, minute)?;
        let offset = match zone.split_at_checked(1) {
            Some((sign, digits)) => {
                let digits = digits.replace(':', "");
                let (hour, minute) = digits.split_at_checked(2).ok_or(())?;
                minutes(hour, minute)? * if sign == "-" { -1 } else { 1 }
            }
            None => 0,
        };
        Ok(TimeOfDay((time - offset).rem_euclid(DAY_MINUTES)))
    }
}

fn minutes(hour: &str, minute: &str) -> Result<i64, ()> {
    let number = |text: &str, most: i64| -> Result<i64, ()> {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse().ok().filter(|number| *number <= most).ok_or(()) } else { Err(()) }
    };
    Ok(number(hour, 23)? * 60 + number(minute, 59)?)
}

impl BatchWindow {
    pub fn contains(self, time: Timestamp) -> bool {
        self.start <= time && time < self.end
    }
}

impl BatchWindows {
    pub fn is_empty(&self) -> bool {
        self.every_day.is_none() && self.by_weekday.iter().all(Option::is_none)
    }

    pub fn contain(&self, time: Timestamp) -> bool {
        self.current_or_next(time).is_some_and(|window| window.contains(time))
    }

    pub fn current_or_next(&self, now: Timestamp) -> Option<BatchWindow> {
        let today = now.0.div_euclid(DAY_MS);
        let days = (-1..=7).filter_map(|ahead| self.on(today + ahead));
        // It may have begun yesterday.
        days.into_iter().find(|window| now < window.end)
    }

    /// The first one that has not begun.
    pub fn next(&self, now: Timestamp) -> Option<BatchWindow> {
        let today = now.0.div_euclid(DAY_MS);
        (0..=7).filter_map(|ahead| self.on(today + ahead)).find(|window| now < window.start)
    }

    /// The window that begins on a day, counted from 1970-01-01, a Thursday.
    fn on(&self, day: i64) -> Option<BatchWindow> {
        let weekday = usize::try_from((day + 4).rem_euclid(7)).unwrap_or(0);
        let daily = self.by_weekday[weekday].or(self.every_day)?;
        let at = |time: TimeOfDay| Timestamp(day * DAY_MS + time.0 * MINUTE_MS);
        let (start, mut end) = (at(daily.start), at(daily.end));
        if end <= start {
            end = Timestamp(end.0 + DAY_MS);
        }
        Some(BatchWindow { start, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daily(start: &str, end: &str) -> Option<DailyWindow> {
        Some(DailyWindow { start: start.parse().expect("a time"), end: end.parse().expect("a time") })
    }

    fn at(text: &str) -> Timestamp {
        format!("{text}:00.000+0000").parse().expect("a time")
    }

    fn shown(window: Option<BatchWindow>) -> String {
        window.map_or("none".to_owned(), |window| {
            format!("{} to {}", &window.start.to_string()[..16], &window.end.to_string()[..16])
        })
    }

    #[test]
    fn windows_follow_each_other() {
        let windows = BatchWindows { every_day: daily("22:00", "06:00"), ..BatchWindows::default() };
        for (now, current, next) in [
            ("2026-11-24T03:00", "2026-11-23T22:00 to 2026-11-24T06:00", "2026-11-24T22:00 to 2026-11-25T06:00"),
            ("2026-11-24T06:00", "2026-11-24T22:00 to 2026-11-25T06:00", "2026-11-24T22:00 to 2026-11-25T06:00"),
            ("2026-11-24T22:00", "2026-11-24T22:00 to 2026-11-25T06:00", "2026-11-25T22:00 to 2026-11-26T06:00"),
        ] {
            assert_eq!(shown(windows.current_or_next(at(now))), current, "{now}");
            assert_eq!(shown(windows.next(at(now))), next, "{now}");
        }
        assert!(windows.contain(at("2026-11-24T22:00")) && !windows.contain(at("2026-11-24T06:00")));
    }

    #[test]
    fn days_of_the_week_have_their_own() {
        let mut windows = BatchWindows::default();
        assert!(windows.is_empty());
        // 2026-11-24 is a Tuesday.
        windows.by_weekday[6] = daily("10:00", "11:00");
        assert_eq!(shown(windows.current_or_next(at("2026-11-24T10:00"))), "2026-11-28T10:00 to 2026-11-28T11:00");
        assert_eq!(shown(windows.next(at("2026-11-28T10:30"))), "2026-12-05T10:00 to 2026-12-05T11:00");
        windows.every_day = daily("00:00", "00:00");
        assert_eq!(shown(windows.current_or_next(at("2026-11-24T10:00"))), "2026-11-24T00:00 to 2026-11-25T00:00");
    }

    #[test]
    fn times_may_have_a_zone() {
        assert_eq!("01:30+0200".parse(), Ok(TimeOfDay(23 * 60 + 30)));
        assert_eq!("23:30-01:00".parse(), Ok(TimeOfDay(30)));
        for wrong in ["", "24:00", "1", "12:60", "12:00+2", "12:+1", "12:00+0x00"] {
            assert_eq!(wrong.parse::<TimeOfDay>(), Err(()), "{wrong}");
        }
    }
}
