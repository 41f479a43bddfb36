//! A PostgreSQL for the tests of one process, gone with it.
//!
//! `start.sh` does the work: it stops the server when the pipe to its standard input closes, which happens however this
//! process ends.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const START: &str = include_str!("../start.sh");

/// A server of its own, which goes when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    url: String,
    /// Holds the pipe.
    _script: Child,
}

/// Of a server that is started when this is first called, or the one that `CAMLOCK_TEST_POSTGRES` names.
///
/// # Panics
/// If there is none and none can be started: a test that needs one must not look green.
pub fn server_url() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    if let Ok(url) = std::env::var("CAMLOCK_TEST_POSTGRES") {
        return url;
    }
    CLUSTER.get_or_init(|| Cluster::start(&[])).url.clone()
}

/// A name that no other test of this server has.
pub fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The same server with all that is unnamed in a schema of that name, which the caller creates.
pub fn with_schema(url: &str, schema: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options=-csearch_path%3D{schema}")
}

impl Cluster {
    /// One that also listens on the port of 127.0.0.1, with TLS and passwords only. The folder has `server.crt` and
    /// `server.key`.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn with_tls(certificates: &Path, port: u16) -> Cluster {
        let port = port.to_string();
        let cluster = Cluster::start(&[("CAMLOCK_POSTGRES_TLS", certificates.as_os_str()), ("PGPORT", port.as_ref())]);
        // The socket's name has the port, too.
        let url = cluster.url.replace("/postgres", &format!(":{port}/postgres"));
        Cluster { url, ..cluster }
    }

    /// Over its socket, where it lets everybody in.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn start(settings: &[(&str, &OsStr)]) -> Cluster {
        let mut script = Command::new("sh")
            .args(["-c", START])
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let mut url = String::new();
        let output = script.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut url).expect("the script's output can be read");
        assert!(url.starts_with("postgres://"), "no PostgreSQL could be started; see above for the reason");
        Cluster { url: url.trim().to_owned(), _script: script }
    }
}
