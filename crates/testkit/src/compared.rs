//! Expected texts in files: compared, or rewritten when `UPDATE_EXPECTED` is set.

use std::path::Path;

/// Panics with both texts where they differ.
pub fn compare(path: &Path, expected: &str, found: &str) {
    if expected == found {
        return;
    }
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(path, found).expect("expectations are files of this repository");
        return;
    }
    let differing = expected.lines().zip(found.lines()).position(|(a, b)| a != b).unwrap_or(0);
    panic!("{} differs from line {} on; set UPDATE_EXPECTED=1 to accept:\n{found}", path.display(), differing + 1);
}
