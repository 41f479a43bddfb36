//! Documents and what they become. Each file in `cases` holds both; `UPDATE_EXPECTED=1` rewrites what is expected.

use std::path::{Path, PathBuf};

use bpmn::{ParseOptions, parse};

use crate::description::describe;

const SEPARATOR: &str = "\n---\n";

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cases");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the folder is there").map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    assert!(paths.len() > 60, "the cases are there");
    let failures: Vec<String> = paths.iter().filter_map(|path| check(path).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).expect("cases are texts");
    let (document, expected) = text.split_once(SEPARATOR).unwrap_or((&text, ""));
    let found = describe(&parse(document.as_bytes(), &ParseOptions::default()));
    if found == expected {
        return Ok(());
    }
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(path, format!("{document}{SEPARATOR}{found}")).expect("cases are files of this repository");
        return Ok(());
    }
    Err(format!("{}\nexpected:\n{expected}\nfound:\n{found}", path.display()))
}
