//! What the server was told to do, in types.

use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bpmn::Delegates;
use engine::{DelegateRegistry, HistoryLevel, JobSettings};

use crate::configuration::{Configuration, ConfigurationError, KEYS};
use crate::database::Location;
use crate::history_settings::HistorySettings;
use crate::logging::{self, LogFormat};

#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    /// `None` where it is the same.
    pub management_listen: Option<SocketAddr>,
    pub log: String,
    pub log_format: LogFormat,
    pub slow_request_min: Option<Duration>,
    pub metrics_topics_max: usize,
    pub shutdown_delay: Duration,
    pub in_flight_max: usize,
    pub parked_polls_max: usize,
    pub idempotent_completion: bool,
    pub idempotency_key_lifetime: Duration,
    pub database: Location,
    /// `None` is host name and port.
    pub node_name: Option<Arc<str>>,
    pub runs_jobs: bool,
    pub jobs_at_once_max: usize,
    pub job_priorities: RangeInclusive<i64>,
    pub job_lock_duration_ms: i64,
    pub jobs: JobSettings,
    pub batch_jobs_per_seed: u32,
    pub invocations_per_batch_job: u32,
    pub history_level: HistoryLevel,
    pub history: HistorySettings,
    pub deploy: Option<PathBuf>,
    pub cors: Option<String>,
    pub body_bytes_max: usize,
    pub deployment_bytes_max: usize,
    pub tasks_per_fetch_max: u32,
    pub completions_per_request_max: usize,
    pub variables_per_scope_max: u32,
    pub steps_per_command_max: u32,
    pub cache_bytes_max: usize,
    pub script_time_ms_max: u64,
    pub script_memory_bytes_max: usize,
    pub delegates: Delegates,
    /// Code of the program that this library is part of; no configuration names it.
    pub delegate_registry: DelegateRegistry,
}

impl Settings {
    pub fn read(configuration: &Configuration) -> Result<Settings, ConfigurationError> {
        let insecure = configuration.read("insecure", on_or_off)?;
        Ok(Settings {
            listen: configuration.read("listen", |text| address(text, insecure))?,
            management_listen: configuration.read("management-listen", management_address)?,
            log: configuration.read("log", filter)?,
            log_format: configuration.read("log-format", log_format)?,
            slow_request_min: configuration
                .read("slow-request", zero_or_number)
                .map(|ms| (ms > 0).then_some(Duration::from_millis(ms)))?,
            metrics_topics_max: configuration.read("metrics-topic-limit", number)?,
            shutdown_delay: configuration.read("shutdown-delay", zero_or_number).map(Duration::from_secs)?,
            in_flight_max: configuration.read("in-flight-limit", number)?,
            parked_polls_max: configuration.read("parked-polls-limit", number)?,
            idempotent_completion: configuration.read("idempotent-completion", on_or_off)?,
            idempotency_key_lifetime: configuration
                .read("idempotency-key-lifetime", number)
                .map(Duration::from_secs)?,
            database: configuration.read("database", database)?,
            node_name: configuration
                .read("node-name", |text| Ok((!text.trim().is_empty()).then(|| text.trim().into())))?,
            runs_jobs: configuration.read("job-executor", on_or_off)?,
            jobs_at_once_max: configuration
                .read("job-executor-concurrency", |text| count(text, "job-executor-concurrency"))?,
            job_priorities: configuration.read("job-executor-priorities", priorities)?,
            job_lock_duration_ms: configuration.read("job-lock-duration", |text| count(text, "job-lock-duration"))?,
            jobs: JobSettings {
                retries: configuration
                    .read("default-number-of-retries", |text| count(text, "default-number-of-retries"))?,
                retry_cycle: configuration.read("failed-job-retry-time-cycle", retry_cycle)?,
            },
            batch_jobs_per_seed: configuration
                .read("batch-jobs-per-seed", |text| count(text, "batch-jobs-per-seed"))?,
            invocations_per_batch_job: configuration
                .read("invocations-per-batch-job", |text| count(text, "invocations-per-batch-job"))?,
            history_level: configuration.read("history-level", history_level)?,
            history: HistorySettings::read(configuration)?,
            deploy: configuration.read("deploy", folder)?,
            cors: configuration.read("cors", |text| Ok((!text.is_empty()).then(|| text.to_owned())))?,
            body_bytes_max: configuration.read("body-limit", number)?,
            deployment_bytes_max: configuration.read("deployment-limit", number)?,
            tasks_per_fetch_max: configuration.read("max-tasks-limit", number)?,
            completions_per_request_max: configuration.read("complete-batch-limit", number)?,
            variables_per_scope_max: configuration.read("variable-limit", number)?,
            steps_per_command_max: configuration.read("step-limit", number)?,
            cache_bytes_max: configuration.read("cache-limit", number)?,
            script_time_ms_max: configuration.read("script-time-limit", number)?,
            script_memory_bytes_max: configuration.read("script-memory-limit", number)?,
            delegates: configuration.read("delegates", delegates)?,
            delegate_registry: DelegateRegistry::default(),
        })
    }
}

impl Default for Settings {
    /// What a server without any configuration runs with.
    fn default() -> Self {
        Configuration::layered(|_| None, |_| None, None)
            .and_then(|configuration| Settings::read(&configuration))
            .expect("the defaults of the table are valid")
    }
}

pub(crate) fn expected(name: &str) -> String {
    KEYS.iter().find(|key| key.name == name).map(|key| key.expected.to_owned()).expect("a key of the table")
}

/// A number from 1 on.
fn count<T: FromStr + PartialOrd + From<u8>>(text: &str, name: &str) -> Result<T, String> {
    text.parse().ok().filter(|number| *number >= T::from(1)).ok_or_else(|| expected(name))
}

/// `1..5`, `..5`, `1..` or `..`; both ends belong to it.
fn priorities(text: &str) -> Result<RangeInclusive<i64>, String> {
    let wrong = || expected("job-executor-priorities");
    let (lowest, highest) = text.split_once("..").ok_or_else(wrong)?;
    let end = |text: &str, open: i64| match text.trim() {
        "" => Ok(open),
        number => number.parse().map_err(|_| wrong()),
    };
    let range = end(lowest, i64::MIN)?..=end(highest, i64::MAX)?;
    if range.is_empty() { Err(wrong()) } else { Ok(range) }
}

fn retry_cycle(text: &str) -> Result<Option<Arc<str>>, String> {
    match text.trim() {
        "" => Ok(None),
        cycle if engine::is_retry_cycle(cycle) => Ok(Some(cycle.into())),
        _ => Err(expected("failed-job-retry-time-cycle")),
    }
}

pub(crate) fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err("on or off".to_owned()),
    }
}

/// Without authentication only processes of this machine may call, unless somebody says that this is meant.
fn address(text: &str, insecure: bool) -> Result<SocketAddr, String> {
    let address = text.to_socket_addrs().ok().and_then(|mut found| found.next()).ok_or_else(|| expected("listen"))?;
    if !address.ip().is_loopback() && !insecure {
        return Err("a loopback address, as there is no authentication yet; --insecure allows any".to_owned());
    }
    Ok(address)
}

/// Nothing there changes anything, so that any address will do.
fn management_address(text: &str) -> Result<Option<SocketAddr>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let found = text.to_socket_addrs().ok().and_then(|mut found| found.next());
    found.map(Some).ok_or_else(|| expected("management-listen"))
}

fn filter(text: &str) -> Result<String, String> {
    if logging::is_filter(text) { Ok(text.to_owned()) } else { Err(expected("log")) }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(expected("log-format")),
    }
}

fn database(text: &str) -> Result<Location, String> {
    Location::read(text).ok_or_else(|| expected("database"))
}

fn history_level(text: &str) -> Result<HistoryLevel, String> {
    match text {
        "none" => Ok(HistoryLevel::None),
        "activity" => Ok(HistoryLevel::Activity),
        "audit" => Ok(HistoryLevel::Audit),
        "full" => Ok(HistoryLevel::Full),
        _ => Err(expected("history-level")),
    }
}

/// The name of a class or a delegate expression stands before the last `=`, its topic behind.
fn delegates(text: &str) -> Result<Delegates, String> {
    match text {
        "fail" => return Ok(Delegates::Fail),
        "external" => return Ok(Delegates::External),
        _ => {}
    }
    let pair = |entry: &str| {
        let (code, topic) = entry.rsplit_once('=')?;
        let (code, topic) = (code.trim(), topic.trim());
        (!code.is_empty() && !topic.is_empty()).then(|| (code.to_owned(), topic.to_owned()))
    };
    text.split(',').map(pair).collect::<Option<_>>().map(Delegates::Topics).ok_or_else(|| expected("delegates"))
}

fn folder(text: &str) -> Result<Option<PathBuf>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let path = PathBuf::from(text);
    if path.is_dir() { Ok(Some(path)) } else { Err("a folder that exists".to_owned()) }
}

fn zero_or_number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a number".to_owned())
}

fn number<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    text.parse::<u64>()
        .ok()
        .filter(|number| *number > 0)
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| "a positive number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(key: &'static str, value: &'static str) -> Result<Settings, String> {
        let configuration =
            Configuration::layered(|name| (name == key).then(|| value.to_owned()), |_| None, None).expect("layers");
        Settings::read(&configuration).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_valid() {
        let settings = settings("cors", "").expect("valid");
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.history_level, HistoryLevel::Full);
    }

    #[test]
    fn delegates_are_named_with_their_topics() {
        let topics = [("org.A", "a"), ("${b == 1}", "b")].map(|(code, topic)| (code.to_owned(), topic.to_owned()));
        let expected = Delegates::Topics(topics.into_iter().collect());
        assert_eq!(settings("delegates", "org.A=a, ${b == 1}=b").map(|settings| settings.delegates), Ok(expected));
        assert_eq!(settings("delegates", "external").map(|settings| settings.delegates), Ok(Delegates::External));
    }

    #[test]
    fn each_bad_value_is_refused_with_key_and_value() {
        for (key, value) in [
            ("listen", "nonsense"),
            ("listen", "0.0.0.0:8080"),
            ("database", "mysql:x"),
            ("database", "sqlite:"),
            ("job-executor", "maybe"),
            ("history-level", "some"),
            ("deploy", "/no/such/folder"),
            ("body-limit", "0"),
            ("max-tasks-limit", "many"),
            ("script-time-limit", "0"),
            ("management-listen", "nowhere"),
            ("log", "=="),
            ("log-format", "xml"),
            ("slow-request", "soon"),
            ("delegates", "org.Delegate"),
            ("delegates", "=topic"),
            ("history-removal-time-strategy", "never"),
            ("history-cleanup-batch-window-start-time", "25:00"),
            ("history-cleanup-batch-windows", "someday=20:00-21:00"),
            ("history-cleanup-batch-size", "501"),
            ("history-cleanup-degree-of-parallelism", "9"),
            ("history-cleanup-job-log-time-to-live", "P1M"),
            ("batch-operations-for-history-cleanup", "instance-deletion"),
        ] {
            let error = settings(key, value).expect_err(key);
            assert!(error.contains(key) && error.contains(value), "{error}");
        }
    }
}
