//! What the configuration says about how long histories are kept.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use engine::RemovalTimeStrategy;
use runtime::batch_window::{BatchWindows, DailyWindow, TimeOfDay};
use runtime::settings::{HISTORY_CLEANUP_BATCH_SIZE_MAX, HISTORY_CLEANUP_JOBS_MAX, HistoryCleanup};
use runtime::{BATCH_TYPES, Settings};

use crate::configuration::{Configuration, ConfigurationError};
use crate::settings::{expected, on_or_off};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

#[derive(Clone, Debug)]
pub struct HistorySettings {
    pub removal_times: RemovalTimeStrategy,
    pub cleanup: HistoryCleanup,
    pub batch_time_to_live_days: BTreeMap<Arc<str>, u32>,
}

impl HistorySettings {
    pub fn read(configuration: &Configuration) -> Result<HistorySettings, ConfigurationError> {
        let log_days = configuration.read("history-cleanup-job-log-time-to-live", days)?;
        let cleanup = HistoryCleanup {
            is_enabled: configuration.read("history-cleanup", on_or_off)?,
            windows: windows(configuration)?,
            batch_size: configuration.read("history-cleanup-batch-size", |text| {
                within(text, HISTORY_CLEANUP_BATCH_SIZE_MAX, "history-cleanup-batch-size")
            })?,
            jobs: configuration.read("history-cleanup-degree-of-parallelism", |text| {
                within(text, HISTORY_CLEANUP_JOBS_MAX, "history-cleanup-degree-of-parallelism")
            })?,
            job_log_time_to_live_ms: log_days.map(|days| i64::from(days) * DAY_MS),
        };
        Ok(HistorySettings {
            removal_times: configuration.read("history-removal-time-strategy", strategy)?,
            cleanup,
            batch_time_to_live_days: batch_days(configuration)?,
        })
    }

    pub fn apply_to(&self, settings: &mut Settings) {
        settings.removal_times = self.removal_times;
        settings.history_cleanup = self.cleanup.clone();
        settings.batch_time_to_live_days = self.batch_time_to_live_days.clone();
    }
}

fn windows(configuration: &Configuration) -> Result<BatchWindows, ConfigurationError> {
    let start = configuration.read("history-cleanup-batch-window-start-time", |text| match text {
        "" => Ok(None),
        text => time(text, "history-cleanup-batch-window-start-time").map(Some),
    })?;
    let end_name = "history-cleanup-batch-window-end-time";
    let end = configuration.read(end_name, |text| time(text, end_name))?;
    Ok(BatchWindows {
        every_day: start.map(|start| DailyWindow { start, end }),
        by_weekday: configuration.read("history-cleanup-batch-windows", by_weekday)?,
    })
}

fn time(text: &str, name: &str) -> Result<TimeOfDay, String> {
    text.parse().map_err(|()| expected(name))
}

fn by_weekday(text: &str) -> Result<[Option<DailyWindow>; 7], String> {
    let mut windows = [None; 7];
    for (day, times) in pairs(text, "history-cleanup-batch-windows")? {
        let wrong = || expected("history-cleanup-batch-windows");
        let day = WEEKDAYS.iter().position(|known| known.eq_ignore_ascii_case(day)).ok_or_else(wrong)?;
        windows[day] = Some(daily(times).ok_or_else(wrong)?);
    }
    Ok(windows)
}

/// A zone may begin with the same sign that stands between the times.
fn daily(times: &str) -> Option<DailyWindow> {
    times.match_indices('-').find_map(|(at, _)| {
        let (start, end) = (times[..at].trim(), times[at + 1..].trim());
        Some(DailyWindow { start: start.parse().ok()?, end: end.parse().ok()? })
    })
}

fn batch_days(configuration: &Configuration) -> Result<BTreeMap<Arc<str>, u32>, ConfigurationError> {
    let mut known = BTreeMap::new();
    if let Some(days) = configuration.read("batch-operation-history-time-to-live", days)? {
        known.extend(BATCH_TYPES.iter().map(|batch_type| (Arc::from(*batch_type), days)));
    }
    let name = "batch-operations-for-history-cleanup";
    known.extend(configuration.read(name, |text| {
        let pair = |(batch_type, days): (&str, &str)| {
            let days = number_of_days(days).ok_or_else(|| expected(name))?;
            Ok((Arc::from(batch_type), days))
        };
        pairs(text, name)?.into_iter().map(pair).collect::<Result<Vec<_>, String>>()
    })?);
    Ok(known)
}

fn strategy(text: &str) -> Result<RemovalTimeStrategy, String> {
    match text {
        "end" => Ok(RemovalTimeStrategy::End),
        "start" => Ok(RemovalTimeStrategy::Start),
        "none" => Ok(RemovalTimeStrategy::None),
        _ => Err(expected("history-removal-time-strategy")),
    }
}

fn days(text: &str) -> Result<Option<u32>, String> {
    match text {
        "" => Ok(None),
        text => number_of_days(text).map(Some).ok_or_else(|| "DAYS or P<days>D".to_owned()),
    }
}

/// `5` or `P5D`, as times to live are written in models.
fn number_of_days(text: &str) -> Option<u32> {
    let text = text.trim();
    let digits = text.strip_prefix('P').and_then(|rest| rest.strip_suffix('D')).unwrap_or(text);
    digits.parse().ok()
}

fn within<T: FromStr + PartialOrd + From<u8> + Copy>(text: &str, most: T, name: &str) -> Result<T, String> {
    text.parse().ok().filter(|number| *number >= T::from(1) && *number <= most).ok_or_else(|| expected(name))
}

/// `NAME=VALUE, …`
fn pairs<'t>(text: &'t str, name: &str) -> Result<Vec<(&'t str, &'t str)>, String> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let pair = |entry: &'t str| {
        let (name_of_it, value) = entry.split_once('=').ok_or_else(|| expected(name))?;
        Ok((name_of_it.trim(), value.trim()))
    };
    entries.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: &'static str, value: &'static str) -> HistorySettings {
        let configuration =
            Configuration::layered(|name| (name == key).then(|| value.to_owned()), |_| None, None).expect("layers");
        HistorySettings::read(&configuration).expect("valid")
    }

    #[test]
    fn windows_are_of_every_day_or_of_some() {
        let every_day = read("history-cleanup-batch-window-start-time", "20:00").cleanup.windows;
        let midnight = "00:00".parse().expect("a time");
        assert_eq!(every_day.every_day.map(|window| window.end), Some(midnight));
        let some =
            read("history-cleanup-batch-windows", "Monday=22:00-06:00, sunday=00:00-0100-12:00-0100").cleanup.windows;
        assert!(some.every_day.is_none() && some.by_weekday.iter().flatten().count() == 2);
        assert_eq!(some.by_weekday[0].map(|window| window.start), "01:00".parse().ok());
        assert_eq!(some.by_weekday[0].map(|window| window.end), "13:00".parse().ok());
    }

    #[test]
    fn batches_are_kept_by_type() {
        let all = read("batch-operation-history-time-to-live", "P5D").batch_time_to_live_days;
        assert_eq!(all.get("instance-deletion"), Some(&5));
        let one = read("batch-operations-for-history-cleanup", "instance-deletion=7").batch_time_to_live_days;
        assert_eq!(one.len(), 1);
        assert_eq!(one.get("instance-deletion"), Some(&7));
    }
}
