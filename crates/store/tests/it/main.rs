//! SQLite against the conformance suite, and what only SQLite has: files, locks, failures.

mod backup;
mod conformance;
mod durability;
mod endless_query;
mod file;
#[cfg(unix)]
mod full_disk;
