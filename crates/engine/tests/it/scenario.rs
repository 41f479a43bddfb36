//! Each file in `scenarios` is a model, commands and the trace that they leave. It runs in memory, and with a reload
//! between all commands from plain rows and from SQLite.

use std::path::Path;

use testkit::scenario::{check, paths};

#[test]
fn scenarios() {
    let paths = paths(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scenarios"));
    assert!(paths.len() > 20, "the scenarios are there");
    let failures: Vec<String> = paths
        .iter()
        .filter_map(|path| std::panic::catch_unwind(|| check(path)).err().map(|_| path.display().to_string()))
        .collect();
    assert!(failures.is_empty(), "failed: {failures:#?}");
}
