//! What a work in progress leaves behind.

use super::SourceText;
use super::finding::Finding;

/// Spelled in two halves, so that this file does not find itself.
const LEFTOVERS: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "do it, or open an issue"),
    (concat!("FIX", "ME"), "mend it, or open an issue"),
    (concat!("to", "do!("), "write it, or refuse with a typed error"),
    (concat!("unimple", "mented!("), "write it, or refuse with a typed error"),
    (concat!("dbg", "!("), "remove it"),
    (concat!("#[ig", "nore"), "make the test run, or delete it"),
];

const LOOKED_AT: &[&str] = &[".rs", ".toml", ".sql", ".sh", ".py", ".ts", ".js", ".ci/run"];

pub fn check(texts: &[SourceText]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in texts.iter().filter(|file| LOOKED_AT.iter().any(|ending| file.path.ends_with(ending))) {
        for (index, line) in file.text.lines().enumerate() {
            for (leftover, remedy) in LEFTOVERS.iter().filter(|(leftover, _)| line.contains(leftover)) {
                findings.push(Finding::new(&file.path, index + 1, format!("`{leftover}` was left behind"), *remedy));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leftover_is_found_with_its_line() {
        for (leftover, _) in LEFTOVERS {
            let text = format!("fn a() {{}}\n  {leftover} x\n");
            let found = check(&[SourceText { path: "a.rs".to_owned(), text }]);
            assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2], "{leftover}");
        }
    }
}
