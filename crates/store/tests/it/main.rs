//! SQLite against the conformance suite, and what only SQLite has: files, locks, failures.

mod conformance;
