//! Where settings come from: a flag beats an environment variable, which beats the configuration file.
//!
//! One table of keys serves all three, so that none of them can have a key that the others lack.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use store::postgres::redacted;

/// A setting. The flag is `--NAME`, the variable `CAMLOCK_NAME` in capitals with `_`, the key in the file `NAME`.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    /// What a value looks like, for `--help` and for errors.
    pub expected: &'static str,
    pub default: &'static str,
    pub help: &'static str,
    /// A flag without a value means `on`.
    pub is_switch: bool,
}

pub const KEYS: &[Key] = &[
    Key {
        name: "listen",
        expected: "ADDRESS:PORT",
        default: "127.0.0.1:8080",
        help: "Where to listen; port 0 takes a free one",
        is_switch: false,
    },
    Key {
        name: "database",
        expected: "sqlite:FILE, sqlite::memory: or postgres://USER:PASSWORD@HOST:PORT/DATABASE",
        default: "sqlite:camlock.db",
        help: "Where to keep everything",
        is_switch: false,
    },
    Key {
        name: "node-name",
        expected: "NAME",
        default: "",
        help: "What this node is called among those of its database; host name and port if nothing is given",
        is_switch: false,
    },
    Key {
        name: "job-executor",
        expected: "on or off",
        default: "on",
        help: "Whether this node runs jobs that are due",
        is_switch: false,
    },
    Key {
        name: "job-executor-concurrency",
        expected: "NUMBER",
        default: "64",
        help: "Jobs that this node runs at the same time",
        is_switch: false,
    },
    Key {
        name: "job-executor-priorities",
        expected: "LOWEST..HIGHEST, each a number or nothing",
        default: "..",
        help: "The priorities of the jobs that this node runs",
        is_switch: false,
    },
    Key {
        name: "job-lock-duration",
        expected: "MILLISECONDS",
        default: "300000",
        help: "How long a node keeps the jobs that it has taken; those of a dead node are taken over before",
        is_switch: false,
    },
    Key {
        name: "default-number-of-retries",
        expected: "NUMBER from 1 on",
        default: "3",
        help: "How often a job is tried",
        is_switch: false,
    },
    Key {
        name: "failed-job-retry-time-cycle",
        expected: "INTERVAL, R<times>/INTERVAL or a list of intervals, such as R5/PT5M",
        default: "",
        help: "How often and when jobs are tried again whose element does not say so itself",
        is_switch: false,
    },
    Key {
        name: "batch-jobs-per-seed",
        expected: "NUMBER from 1 on",
        default: "100",
        help: "Jobs that a batch makes at once",
        is_switch: false,
    },
    Key {
        name: "invocations-per-batch-job",
        expected: "NUMBER from 1 on",
        default: "1",
        help: "Things that one job of a batch works on",
        is_switch: false,
    },
    Key {
        name: "history-level",
        expected: "none, activity, audit or full",
        default: "full",
        help: "How much of what happens is kept",
        is_switch: false,
    },
    Key {
        name: "history-removal-time-strategy",
        expected: "end, start or none",
        default: "end",
        help: "From when on the time to live of a history counts",
        is_switch: false,
    },
    Key {
        name: "history-cleanup",
        expected: "on or off",
        default: "on",
        help: "Whether the history can be cleaned up",
        is_switch: false,
    },
    Key {
        name: "history-cleanup-batch-window-start-time",
        expected: "HH:MM, with +HHMM for another zone than UTC",
        default: "",
        help: "When the clean-up of the history begins each day; without it, it is done on request",
        is_switch: false,
    },
    Key {
        name: "history-cleanup-batch-window-end-time",
        expected: "HH:MM, with +HHMM for another zone than UTC",
        default: "00:00",
        help: "When it ends",
        is_switch: false,
    },
    Key {
        name: "history-cleanup-batch-windows",
        expected: "DAY=HH:MM-HH:MM, ... with days of the week, or a table of them",
        default: "",
        help: "When it is done on some days instead",
        is_switch: false,
    },
    Key {
        name: "history-cleanup-batch-size",
        expected: "NUMBER from 1 to 500",
        default: "500",
        help: "Process instances and batches that one job removes at once",
        is_switch: false,
    },
    Key {
        name: "history-cleanup-degree-of-parallelism",
        expected: "NUMBER from 1 to 8",
        default: "1",
        help: "Jobs that share the clean-up",
        is_switch: false,
    },
    Key {
        name: "history-cleanup-job-log-time-to-live",
        expected: "DAYS or P<days>D",
        default: "",
        help: "How long the log of these jobs is kept; without it, for ever",
        is_switch: false,
    },
    Key {
        name: "batch-operation-history-time-to-live",
        expected: "DAYS or P<days>D",
        default: "",
        help: "How long what is known of ended batches is kept; without it, for ever",
        is_switch: false,
    },
    Key {
        name: "batch-operations-for-history-cleanup",
        expected: "TYPE=DAYS, ... or a table of them",
        default: "",
        help: "The same for some types of batches",
        is_switch: false,
    },
    Key {
        name: "deploy",
        expected: "DIRECTORY",
        default: "",
        help: "Deploys the files of a folder at start; unchanged ones are deployed once",
        is_switch: false,
    },
    Key {
        name: "cors",
        expected: "ORIGIN or *",
        default: "",
        help: "The origin whose pages may call the REST API from a browser",
        is_switch: false,
    },
    Key {
        name: "insecure",
        expected: "on or off",
        default: "off",
        help: "Allows an address other than loopback although there is no authentication",
        is_switch: true,
    },
    Key {
        name: "body-limit",
        expected: "BYTES",
        default: "16777216",
        help: "The longest request body, deployments aside",
        is_switch: false,
    },
    Key {
        name: "deployment-limit",
        expected: "BYTES",
        default: "67108864",
        help: "The longest body of a deployment",
        is_switch: false,
    },
    Key {
        name: "max-tasks-limit",
        expected: "NUMBER",
        default: "10000",
        help: "The most tasks that one fetchAndLock hands out; a larger maxTasks is cut to it",
        is_switch: false,
    },
    Key {
        name: "complete-batch-limit",
        expected: "NUMBER",
        default: "1000",
        help: "The most completions of one request",
        is_switch: false,
    },
    Key {
        name: "variable-limit",
        expected: "NUMBER",
        default: "10000",
        help: "The most variables in one scope",
        is_switch: false,
    },
    Key {
        name: "step-limit",
        expected: "NUMBER",
        default: "100000",
        help: "The most steps that one command takes through a model; more is an endless loop",
        is_switch: false,
    },
    Key {
        name: "script-time-limit",
        expected: "MILLISECONDS",
        default: "1000",
        help: "The longest that one script may run",
        is_switch: false,
    },
    Key {
        name: "script-memory-limit",
        expected: "BYTES",
        default: "33554432",
        help: "The most memory that one script may use",
        is_switch: false,
    },
    Key {
        name: "delegates",
        expected: "fail, external or CODE=TOPIC,CODE=TOPIC",
        default: "fail",
        help: "What becomes of service tasks whose code is a Java class or delegate expression",
        is_switch: false,
    },
    Key {
        name: "cache-limit",
        expected: "BYTES",
        default: "16777216",
        help: "Memory for process instances that were used lately",
        is_switch: false,
    },
    Key {
        name: "management-listen",
        expected: "ADDRESS:PORT",
        default: "",
        help: "Where /livez, /readyz and /metrics are; without it they are where the API is",
        is_switch: false,
    },
    Key {
        name: "log",
        expected: "LEVEL or a filter",
        default: "warn",
        help: "What is logged: error, warn, info, debug, or levels of parts",
        is_switch: false,
    },
    Key { name: "log-format", expected: "text or json", default: "text", help: "How it is logged", is_switch: false },
    Key {
        name: "slow-request",
        expected: "MILLISECONDS",
        default: "1000",
        help: "Requests and commands that take longer are logged; 0 logs none",
        is_switch: false,
    },
    Key {
        name: "metrics-topic-limit",
        expected: "NUMBER",
        default: "100",
        help: "Topics with figures of their own in /metrics; the others are added up",
        is_switch: false,
    },
    Key {
        name: "shutdown-delay",
        expected: "SECONDS",
        default: "0",
        help: "How long /readyz says no before the server stops to listen",
        is_switch: false,
    },
    Key {
        name: "in-flight-limit",
        expected: "NUMBER",
        default: "10000",
        help: "Commands in work at once; more are answered 429",
        is_switch: false,
    },
    Key {
        name: "parked-polls-limit",
        expected: "NUMBER",
        default: "100000",
        help: "Polls that wait at once; more are answered 429",
        is_switch: false,
    },
    Key {
        name: "idempotent-completion",
        expected: "on or off",
        default: "off",
        help: "Answers a task that the same worker has completed already as completed",
        is_switch: true,
    },
    Key {
        name: "idempotency-key-lifetime",
        expected: "SECONDS",
        default: "86400",
        help: "How long requests with an Idempotency-Key are remembered",
        is_switch: false,
    },
];

/// A value that cannot be used, or a key that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigurationError {
    UnknownKey { key: String, file: PathBuf },
    UnreadableFile { file: PathBuf, reason: String },
    BadValue { key: &'static str, value: String, origin: Origin, expected: String },
}

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Flag,
    Variable,
    File(PathBuf),
    Default,
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigurationError::UnknownKey { key, file } => {
                let known: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
                write!(f, "unknown key `{key}` in {}; known are {}", file.display(), known.join(", "))
            }
            ConfigurationError::UnreadableFile { file, reason } => {
                write!(f, "the configuration file {} cannot be used: {reason}", file.display())
            }
            ConfigurationError::BadValue { key, value, origin, expected } => {
                let place = match origin {
                    Origin::Flag => format!("flag --{key}"),
                    Origin::Variable => format!("variable {}", variable_name(key)),
                    Origin::File(file) => format!("key `{key}` in {}", file.display()),
                    Origin::Default => format!("default of `{key}`"),
                };
                // What was meant as the URL of a database may hold a password.
                let value = redacted(value);
                write!(f, "{place}: `{value}` cannot be used, expected {expected}")
            }
        }
    }
}

impl std::error::Error for ConfigurationError {}

/// The text that each key ended up with, and where it came from.
#[derive(Debug)]
pub struct Configuration {
    values: BTreeMap<&'static str, (String, Origin)>,
}

impl Configuration {
    /// `flags` and `variable` give a text where one was given.
    pub fn layered(
        flags: impl Fn(&str) -> Option<String>,
        variable: impl Fn(&str) -> Option<String>,
        file: Option<&Path>,
    ) -> Result<Configuration, ConfigurationError> {
        let from_file = file.map(read_file).transpose()?.unwrap_or_default();
        let mut values = BTreeMap::new();
        for key in KEYS {
            let value = flags(key.name)
                .map(|text| (text, Origin::Flag))
                .or_else(|| variable(&variable_name(key.name)).map(|text| (text, Origin::Variable)))
                .or_else(|| from_file.get(key.name).cloned())
                .unwrap_or_else(|| (key.default.to_owned(), Origin::Default));
            values.insert(key.name, value);
        }
        Ok(Configuration { values })
    }

    /// Reads the value of `name` with `parse`, which says what it expected if it cannot use the text.
    pub fn read<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigurationError> {
        let (value, origin) = self.values.get(name).expect("every key of KEYS has a value");
        parse(value).map_err(|expected| ConfigurationError::BadValue {
            key: name,
            value: value.clone(),
            origin: origin.clone(),
            expected,
        })
    }
}

pub fn variable_name(key: &str) -> String {
    format!("CAMLOCK_{}", key.to_ascii_uppercase().replace('-', "_"))
}

type FileValues = BTreeMap<String, (String, Origin)>;

fn read_file(file: &Path) -> Result<FileValues, ConfigurationError> {
    let unreadable = |reason: String| ConfigurationError::UnreadableFile { file: file.to_owned(), reason };
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| unreadable(error.to_string()))?;
    let mut values = FileValues::new();
    for (key, value) in table {
        if !KEYS.iter().any(|known| known.name == key) {
            return Err(ConfigurationError::UnknownKey { key, file: file.to_owned() });
        }
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(true) => "on".to_owned(),
            toml::Value::Boolean(false) => "off".to_owned(),
            toml::Value::Table(entries) => pairs(&key, entries).map_err(unreadable)?,
            other => {
                return Err(unreadable(format!("`{key}` is {}, expected a text, number or boolean", other.type_str())));
            }
        };
        values.insert(key, (text, Origin::File(file.to_owned())));
    }
    Ok(values)
}

/// A table of texts in one text, as flags and variables have it.
fn pairs(key: &str, entries: toml::Table) -> Result<String, String> {
    let pair = |(name, value): (String, toml::Value)| match value {
        toml::Value::String(text) => Ok(format!("{name}={text}")),
        other => Err(format!("`{name}` in `{key}` is {}, expected a text", other.type_str())),
    };
    let pairs: Result<Vec<String>, String> = entries.into_iter().map(pair).collect();
    Ok(pairs?.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layered(flag: Option<&str>, variable: Option<&str>, file: Option<&str>) -> Result<String, ConfigurationError> {
        let written = file.map(|text| {
            let file = tempfile::NamedTempFile::new().expect("a temporary file");
            std::fs::write(file.path(), text).expect("writable");
            file
        });
        let configuration = Configuration::layered(
            |key| flag.filter(|_| key == "history-level").map(str::to_owned),
            |name| variable.filter(|_| name == "CAMLOCK_HISTORY_LEVEL").map(str::to_owned),
            written.as_ref().map(|file| file.path()),
        )?;
        configuration.read("history-level", |text| Ok(text.to_owned()))
    }

    #[test]
    fn flag_beats_variable_beats_file_beats_default() {
        let file = Some("history-level = \"audit\"");
        assert_eq!(layered(Some("none"), Some("activity"), file), Ok("none".into()));
        assert_eq!(layered(None, Some("activity"), file), Ok("activity".into()));
        assert_eq!(layered(None, None, file), Ok("audit".into()));
        assert_eq!(layered(None, None, None), Ok("full".into()));
    }

    #[test]
    fn a_table_is_a_text_of_pairs() {
        let table = "a = \"b\"\n\"${c}\" = \"d\"".parse().expect("a table");
        assert_eq!(pairs("delegates", table), Ok("${c}=d,a=b".to_owned()));
        let table = "a = 1".parse().expect("a table");
        assert!(pairs("delegates", table).is_err_and(|error| error.contains("`a`")));
    }

    #[test]
    fn unknown_keys_of_the_file_are_refused_by_name() {
        let error = layered(None, None, Some("histroy-level = \"full\"")).expect_err("unknown");
        assert!(error.to_string().contains("`histroy-level`"), "{error}");
    }

    #[test]
    fn a_bad_value_is_named_with_its_place() {
        let configuration = Configuration::layered(|_| None, |_| Some("nowhere".into()), None).expect("layers");
        let error = configuration.read("listen", |_| Err::<(), _>("ADDRESS:PORT".into())).expect_err("bad");
        assert_eq!(error.to_string(), "variable CAMLOCK_LISTEN: `nowhere` cannot be used, expected ADDRESS:PORT");
    }
}
