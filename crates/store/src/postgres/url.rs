//! `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`, whose password is never shown.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::error::OpenError;

/// How long a connection may take to be there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that does not acknowledge what was sent for this long has gone.
const ACKNOWLEDGEMENT_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a database is and how to talk to it.
#[derive(Clone)]
pub struct PostgresUrl {
    pub config: Config,
    pub trust: Trust,
}

/// Which servers are believed to be who they say they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// TLS, where there is any, against listeners alone.
    Anyone,
    /// One whose certificate comes from a known authority: those in a PEM file, or of the system.
    Authority { file: Option<PathBuf>, host_name: HostName },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostName {
    Checked,
    Ignored,
}

impl PostgresUrl {
    pub fn is_one(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }
}

impl FromStr for PostgresUrl {
    type Err = OpenError;

    /// `sslmode` and `sslrootcert` mean what they mean to libpq; the other parameters are those of `tokio-postgres`.
    fn from_str(text: &str) -> Result<Self, OpenError> {
        let unusable = |why: String| OpenError::Unusable { path: redacted(text), why };
        let (base, parameters) = text.split_once('?').unwrap_or((text, ""));
        let (mut mode, mut file, mut others) = (SslMode::Prefer, None, Vec::new());
        let mut host_name = None;
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", "disable")) => mode = SslMode::Disable,
                Some(("sslmode", "prefer" | "allow")) => mode = SslMode::Prefer,
                Some(("sslmode", "require")) => mode = SslMode::Require,
                Some(("sslmode", "verify-ca")) => (mode, host_name) = (SslMode::Require, Some(HostName::Ignored)),
                Some(("sslmode", "verify-full")) => (mode, host_name) = (SslMode::Require, Some(HostName::Checked)),
                Some(("sslmode", other)) => {
                    let known = "disable, prefer, require, verify-ca or verify-full";
                    return Err(unusable(format!("sslmode is `{other}`, expected {known}")));
                }
                Some(("sslrootcert", path)) => file = Some(PathBuf::from(decoded(path))),
                _ => others.push(parameter),
            }
        }
        let plain = format!("{base}?{}", others.join("&"));
        let mut config: Config = plain.parse().map_err(|error: tokio_postgres::Error| unusable(error.to_string()))?;
        if config.get_hosts().is_empty() {
            return Err(unusable("it names no host".to_owned()));
        }
        config.ssl_mode(mode);
        if config.get_application_name().is_none() {
            config.application_name("camlock");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.tcp_user_timeout(ACKNOWLEDGEMENT_TIMEOUT);
        let trust = match (host_name, file) {
            (Some(host_name), file) => Trust::Authority { file, host_name },
            // Like libpq: a file of authorities makes `require` check for them.
            (None, Some(file)) if mode == SslMode::Require => {
                Trust::Authority { file: Some(file), host_name: HostName::Ignored }
            }
            (None, _) => Trust::Anyone,
        };
        Ok(PostgresUrl { config, trust })
    }
}

impl fmt::Display for PostgresUrl {
    /// As messages name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        for (n, host) in self.config.get_hosts().iter().enumerate() {
            f.write_str(if n == 0 { "" } else { "," })?;
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                Host::Unix(path) => write!(f, "{}", path.display())?,
            }
            let ports = self.config.get_ports();
            if let Some(port) = ports.get(n).or_else(|| ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self}, {:?})", self.trust)
    }
}

/// A URL of any kind without what stands between its user and its host, and without its parameters.
pub fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.split('?').next().unwrap_or_default();
    match rest.rsplit_once('@') {
        Some((login, place)) => {
            let user = login.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{place}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

/// `%2F` is `/`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped = behind.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> PostgresUrl {
        text.parse().expect("a valid URL")
    }

    #[test]
    fn the_password_is_never_shown() {
        for text in ["postgres://ann:s3cret@db:5433/app?sslmode=require", "postgresql://ann:s3c%40ret@a,b/app"] {
            let url = parsed(text);
            let shown = format!("{url} {url:?} {}", redacted(text));
            assert!(!shown.contains("s3c"), "{shown}");
            assert!(shown.contains("ann@"), "{shown}");
        }
        let refused = "postgres://ann:s3cret@db/app?sslmode=no".parse::<PostgresUrl>().expect_err("no such mode");
        assert!(!refused.to_string().contains("s3cret") && refused.to_string().contains("verify-full"), "{refused}");
    }

    #[test]
    fn modes_say_who_is_trusted() {
        let authority = |file: Option<&str>, host_name| Trust::Authority { file: file.map(PathBuf::from), host_name };
        for (parameters, mode, trust) in [
            ("", SslMode::Prefer, Trust::Anyone),
            ("?sslmode=disable", SslMode::Disable, Trust::Anyone),
            ("?sslmode=require", SslMode::Require, Trust::Anyone),
            ("?sslmode=verify-full", SslMode::Require, authority(None, HostName::Checked)),
            (
                "?sslmode=verify-ca&sslrootcert=%2Fca.pem",
                SslMode::Require,
                authority(Some("/ca.pem"), HostName::Ignored),
            ),
            ("?sslrootcert=/ca.pem&sslmode=require", SslMode::Require, authority(Some("/ca.pem"), HostName::Ignored)),
        ] {
            let url = parsed(&format!("postgres://db/app{parameters}"));
            assert_eq!((url.config.get_ssl_mode(), url.trust), (mode, trust), "{parameters}");
        }
        assert!("postgres://".parse::<PostgresUrl>().is_err());
        assert!("postgres://db/app?nonsense=1".parse::<PostgresUrl>().is_err());
    }
}
