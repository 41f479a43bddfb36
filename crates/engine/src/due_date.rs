//! When a timer is due: ISO 8601 dates, durations and repeating intervals, as the reference reads them.

use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use types::Timestamp;

use crate::cron::Cron;

/// A text that names no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub(crate) struct DueDateError {
    text: String,
    expected: &'static str,
}

/// Repetitions to look through for the next date; a longer way means that the interval is absurdly short.
const REPETITIONS_MAX: u32 = 1_000_000;

const DATE: &str = "a date like 2026-01-31T11:00:00";
const DURATION: &str = "a duration like PT10M";
const CYCLE: &str = "a repeating interval like R3/PT10M or a cron expression like 0 0/5 * * * ?";

/// A date, or a duration from now on.
pub(crate) fn date(text: &str, now: Timestamp) -> Result<Timestamp, DueDateError> {
    if text.starts_with('P') {
        return add(now, &parse_span(text)?, text);
    }
    parse_date(text)
}

/// A duration from now on; with a date behind it (`PT1H/2026-01-31T11:00:00`) that date.
pub(crate) fn duration(text: &str, now: Timestamp) -> Result<Timestamp, DueDateError> {
    let interval = Interval::parse(text, now)?;
    if interval.repetitions.is_some() {
        return interval.next_after(now, text)?.ok_or_else(|| error(text, DURATION));
    }
    match interval.end {
        Some(end) => Ok(end),
        None => add(interval.start, &interval.period, text),
    }
}

/// The next date of a repeating interval or cron expression; `None` where it has run out.
pub(crate) fn next_of_cycle(text: &str, now: Timestamp) -> Result<Option<Timestamp>, DueDateError> {
    if !text.starts_with('R') {
        let cron = Cron::parse(text).map_err(|_| error(text, CYCLE))?;
        return Ok(cron.next_after(now));
    }
    Interval::parse(text, now)?.next_after(now, text)
}

/// How often an interval repeats; `None` where it does not.
pub(crate) fn repetitions(text: &str) -> Option<u32> {
    let count = text.strip_prefix('R')?.split('/').next()?;
    if count.is_empty() { Some(u32::MAX) } else { count.parse().ok() }
}

/// The same cycle, begun so much later; `None` where it does not say when it began.
pub(crate) fn moved_cycle(text: &str, by_ms: i64) -> Option<String> {
    let mut parts = text.split('/');
    let (repetitions, start, period) = (parts.next()?, parts.next()?, parts.next()?);
    let start = parse_date(start).ok()?.plus_ms(by_ms);
    Some(format!("{repetitions}/{}/{period}", written(start)))
}

/// Writes the start into an interval that has none, so that it is counted from there in future: `R3/PT10M` becomes
/// `R3/2026-01-31T11:00:00/PT10M`.
///
/// Camunda: it is written without its milliseconds, so that only the first repetition has them.
pub(crate) fn anchored_cycle(text: &str, now: Timestamp) -> String {
    match text.split_once('/') {
        Some((repetitions, period)) if text.starts_with('R') && !period.contains('/') => {
            format!("{repetitions}/{}/{period}", written(Timestamp(now.0.div_euclid(1000) * 1000)))
        }
        _ => text.to_owned(),
    }
}

struct Interval {
    /// How often, where it repeats.
    repetitions: Option<u32>,
    start: Timestamp,
    period: Span,
    /// Where it was given by its end instead of its start.
    end: Option<Timestamp>,
}

impl Interval {
    fn parse(text: &str, now: Timestamp) -> Result<Interval, DueDateError> {
        let mut parts: Vec<&str> = text.split('/').collect();
        if parts.len() > 3 {
            return Err(error(text, CYCLE));
        }
        let mut repetitions = None;
        if let Some(count) = parts[0].strip_prefix('R') {
            let is_endless = count.is_empty();
            repetitions = Some(if is_endless { u32::MAX } else { count.parse().map_err(|_| error(text, CYCLE))? });
            parts.remove(0);
        }
        match parts[..] {
            [period] if period.starts_with('P') => {
                Ok(Interval { repetitions, start: now, period: parse_span(period)?, end: None })
            }
            [period, end] if period.starts_with('P') => {
                Ok(Interval { repetitions, start: now, period: parse_span(period)?, end: Some(parse_date(end)?) })
            }
            [start, period] if period.starts_with('P') => {
                Ok(Interval { repetitions, start: parse_date(start)?, period: parse_span(period)?, end: None })
            }
            [start, end] => {
                let (start, end) = (parse_date(start)?, parse_date(end)?);
                let period = (end.0 - start.0).milliseconds();
                Ok(Interval { repetitions, start, period, end: None })
            }
            _ => Err(error(text, if repetitions.is_some() { CYCLE } else { DURATION })),
        }
    }

    /// Camunda: repetitions are counted on the calendar from the start, not by how often the timer fired.
    fn next_after(&self, now: Timestamp, text: &str) -> Result<Option<Timestamp>, DueDateError> {
        let repetitions = self.repetitions.unwrap_or(0);
        if let Some(end) = self.end {
            return self.next_before_end(end, now, text);
        }
        if let Some(skipped) = self.skippable(now) {
            let skipped = skipped.min(i64::from(repetitions));
            let at = self.start.plus_ms(skipped.saturating_mul(self.fixed_period_ms()));
            return Ok((at >= now).then_some(at));
        }
        let mut current = self.start;
        for _ in 0..repetitions.min(REPETITIONS_MAX) {
            if current > now {
                break;
            }
            current = add(current, &self.period, text)?;
        }
        Ok((current >= now).then_some(current))
    }

    fn next_before_end(&self, end: Timestamp, now: Timestamp, text: &str) -> Result<Option<Timestamp>, DueDateError> {
        let back = self.period.negate();
        let mut current = add(end, &back, text)?;
        let mut next = end;
        for _ in 0..self.repetitions.unwrap_or(0).min(REPETITIONS_MAX) {
            if current <= now {
                break;
            }
            next = current;
            current = add(current, &back, text)?;
        }
        Ok((next >= now).then_some(next))
    }

    /// How many periods lead past `now`, where all have the same length.
    fn skippable(&self, now: Timestamp) -> Option<i64> {
        let period = self.fixed_period_ms();
        let has_calendar_units = self.period.get_years() != 0 || self.period.get_months() != 0;
        if has_calendar_units || period <= 0 {
            return None;
        }
        let elapsed = now.0.saturating_sub(self.start.0);
        Some(if elapsed < 0 { 0 } else { elapsed / period + 1 })
    }

    /// In UTC days always have 24 hours. Years and months count as nothing.
    fn fixed_period_ms(&self) -> i64 {
        let days = i64::from(self.period.get_weeks()) * 7 + i64::from(self.period.get_days());
        let hours = days * 24 + i64::from(self.period.get_hours());
        let seconds = (hours * 60 + self.period.get_minutes()) * 60 + self.period.get_seconds();
        seconds * 1000 + self.period.get_milliseconds() + self.period.get_nanoseconds() / 1_000_000
    }
}

fn parse_span(text: &str) -> Result<Span, DueDateError> {
    let is_iso = text.starts_with('P') && !text.contains(' ');
    text.parse().ok().filter(|_| is_iso).ok_or_else(|| error(text, DURATION))
}

/// A text without a zone is taken as UTC; one without a time as midnight.
fn parse_date(text: &str) -> Result<Timestamp, DueDateError> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(instant.as_millisecond()));
    }
    let civil: Option<jiff::civil::DateTime> = text.parse().ok();
    let instant = civil.and_then(|civil| civil.to_zoned_datetime(TimeZone::UTC).ok());
    instant.map(|zoned| Timestamp(zoned.timestamp().as_millisecond())).ok_or_else(|| error(text, DATE))
}

fn add(at: Timestamp, span: &Span, text: &str) -> Result<Timestamp, DueDateError> {
    let zoned = jiff::Timestamp::from_millisecond(at.0).map(|instant| instant.to_zoned_datetime(TimeZone::UTC));
    let sum = zoned.and_then(|zoned| zoned.checked_add(*span));
    sum.map(|zoned| Timestamp(zoned.timestamp().as_millisecond())).map_err(|_| error(text, DURATION))
}

fn written(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|instant| instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
        .unwrap_or_default()
}

fn error(text: &str, expected: &'static str) -> DueDateError {
    DueDateError { text: text.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-31T10:00:00Z
    const NOW: Timestamp = Timestamp(1_769_853_600_000);

    fn shown(at: Result<Timestamp, DueDateError>) -> String {
        at.map_or_else(|error| error.to_string(), |at| at.to_string())
    }

    #[test]
    fn dates() {
        for (text, expected) in [
            ("2026-02-01T00:00:00", "2026-02-01T00:00:00.000+0000"),
            ("2026-02-01T00:00:00Z", "2026-02-01T00:00:00.000+0000"),
            ("2026-02-01T00:00:00.250+0100", "2026-01-31T23:00:00.250+0000"),
            ("2026-02-01", "2026-02-01T00:00:00.000+0000"),
            ("P1M", "2026-02-28T10:00:00.000+0000"),
            ("soon", "`soon` is not a date like 2026-01-31T11:00:00"),
        ] {
            assert_eq!(shown(date(text, NOW)), expected, "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, expected) in [
            ("PT1H", "2026-01-31T11:00:00.000+0000"),
            ("P1DT0.5S", "2026-02-01T10:00:00.500+0000"),
            ("P2W", "2026-02-14T10:00:00.000+0000"),
            ("PT1H/2026-03-01T00:00:00", "2026-03-01T00:00:00.000+0000"),
            ("1 hour", "`1 hour` is not a duration like PT10M"),
            ("", "`` is not a duration like PT10M"),
        ] {
            assert_eq!(shown(duration(text, NOW)), expected, "{text}");
        }
    }

    #[test]
    fn cycles_count_from_their_start() {
        let cycle = anchored_cycle("R3/PT10M", NOW);
        assert_eq!(cycle, "R3/2026-01-31T10:00:00.000Z/PT10M");
        let next = |minutes: i64| {
            next_of_cycle(&cycle, NOW.plus_ms(minutes * 60_000)).map(|at| at.map(|at| (at.0 - NOW.0) / 60_000))
        };
        assert_eq!(next(0), Ok(Some(10)));
        assert_eq!(next(5), Ok(Some(10)));
        assert_eq!(next(10), Ok(Some(20)));
        assert_eq!(next(29), Ok(Some(30)));
        assert_eq!(next(31), Ok(None));
        assert_eq!(
            next_of_cycle("R/P1M", NOW).map(|at| at.map(|at| at.to_string())),
            Ok(Some("2026-02-28T10:00:00.000+0000".to_owned()))
        );
        assert!(next_of_cycle("every day", NOW).is_err());
    }
}
