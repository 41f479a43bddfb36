//! Each store against the conformance suite, and what only one of them has: files and locks, schemas and several nodes.

mod backup;
mod claim_memory;
mod conformance;
mod durability;
mod endless_query;
mod failing_sync;
mod file;
#[cfg(unix)]
mod full_disk;
mod postgres;
mod same_answers;
mod search;
mod tls;
