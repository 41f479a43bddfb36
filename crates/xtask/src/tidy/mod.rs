//! The rules of the house that no compiler checks. Each rule lives in a file of its own and turns text into findings;
//! this file gathers the texts, runs the rules and prints what they found.

mod adr;
mod crate_edge;
mod finding;
mod leftover;
mod lint_table;
mod purity;
mod root_file;
mod source_file;

use crate::workspace::root;
use anyhow::{Context, bail, ensure};
use std::process::Command;

/// A file that git tracks, or would: its path from the root and its text.
pub struct SourceText {
    pub path: String,
    pub text: String,
}

/// Prints each finding as `path:line: what is wrong; what to do` and fails if there is one.
pub fn run() -> anyhow::Result<()> {
    let paths = tracked_paths()?;
    let texts = read_texts(&paths)?;
    let manifests: Vec<_> = texts.iter().filter_map(crate_edge::manifest).collect::<Result<_, _>>()?;

    let mut findings = Vec::new();
    findings.extend(root_file::check(&paths));
    findings.extend(crate_edge::check(&manifests));
    findings.extend(purity::check(&manifests, &texts));
    findings.extend(lint_table::check(&manifests));
    findings.extend(source_file::check(&texts));
    findings.extend(leftover::check(&texts));
    findings.extend(adr::check(&texts));

    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy: {} finding(s)", findings.len());
    }
    println!("tidy: {} files, nothing to mend", paths.len());
    Ok(())
}

/// Tracked files and new ones that are not ignored.
fn tracked_paths() -> anyhow::Result<Vec<String>> {
    let listing = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .output()
        .context("tidy asks git which files belong to the repository")?;
    ensure!(listing.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listing.stderr).trim());
    let mut paths: Vec<String> = String::from_utf8(listing.stdout)
        .context("a path that is not UTF-8")?
        .split_terminator('\0')
        .filter(|path| root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn read_texts(paths: &[String]) -> anyhow::Result<Vec<SourceText>> {
    let mut texts = Vec::new();
    for path in paths {
        let bytes = std::fs::read(root().join(path)).with_context(|| path.clone())?;
        if let Ok(text) = String::from_utf8(bytes) {
            texts.push(SourceText { path: path.clone(), text });
        }
    }
    Ok(texts)
}
