//! Each connection, and so each parked poll, takes one open file.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Files that the process keeps for itself: database, log, epoll.
const OWN_FILES: u64 = 64;

/// Raises the soft limit of open files to the hard one and returns how many connections fit in.
pub fn raise() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = getrlimit(Resource::Nofile);
        }
    }
    limit.current.unwrap_or(u64::MAX).saturating_sub(OWN_FILES)
}
