//! The root holds only what a visitor needs.

use super::finding::Finding;
use std::collections::BTreeMap;

const ALLOWED: &[&str] = &[
    ".cargo",
    ".ci",
    ".dockerignore",
    ".gitattributes",
    ".github",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "LICENSE",
    "README.md",
    ".clippy.toml",
    "crates",
    "docs",
    "examples",
    "rust-toolchain.toml",
    ".rustfmt.toml",
];

pub fn check(paths: &[String]) -> Vec<Finding> {
    let mut first_below = BTreeMap::new();
    for path in paths {
        first_below.entry(path.split('/').next().unwrap_or(path)).or_insert(path);
    }
    first_below
        .into_iter()
        .filter(|(entry, _)| !ALLOWED.contains(entry))
        .map(|(entry, path)| {
            Finding::new(
                path,
                1,
                format!("`{entry}` lies in the root"),
                "move it below docs/ or crates/, or add it to ALLOWED in crates/xtask/src/tidy/root_file.rs",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stray_entry_is_found_once() {
        let paths = ["NOTES.md", "README.md", "scratch/a.txt", "scratch/b.txt"].map(str::to_owned);
        let found: Vec<_> = check(&paths).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, ["NOTES.md", "scratch/a.txt"]);
    }
}
