//! The pure crates are functions of data: no clock, no files, no threads, no randomness.
//!
//! Two proofs: their dependencies are on a short list, and their `lib.rs` switches on the clippy lints whose lists of
//! types and methods stand in `.clippy.toml`.

use super::SourceText;
use super::crate_edge::Manifest;
use super::finding::Finding;

/// The pure crates, and the crates from outside that each may use.
const PURE: &[(&str, &[&str])] = &[
    ("types", &["jiff", "thiserror", "uuid"]),
    ("expression", &["jiff", "regex-lite", "roxmltree", "rust_decimal", "serde_json", "thiserror"]),
    ("bpmn", &["jiff", "roxmltree", "thiserror"]),
    ("engine", &["jiff", "thiserror"]),
    ("query", &["serde_json", "thiserror"]),
];

/// What the `lib.rs` of a pure crate says.
const SWITCH: &str = "#![deny(clippy::disallowed_methods, clippy::disallowed_types)]";

/// Switches them off again, wherever it stands.
const LOOPHOLES: &[&str] = &["allow(clippy::disallowed", "expect(clippy::disallowed"];

pub fn check(manifests: &[Manifest], texts: &[SourceText]) -> Vec<Finding> {
    let pure = |manifest: &&Manifest| PURE.iter().any(|(name, _)| *name == manifest.crate_name);
    manifests
        .iter()
        .filter(pure)
        .flat_map(|manifest| {
            let mut findings = foreign_dependencies(manifest, manifests);
            findings.extend(switch(&manifest.crate_name, texts));
            findings
        })
        .collect()
}

fn foreign_dependencies(manifest: &Manifest, manifests: &[Manifest]) -> Vec<Finding> {
    let name = manifest.crate_name.as_str();
    let allowed = PURE.iter().find(|(pure, _)| *pure == name).map_or(&[][..], |(_, allowed)| *allowed);
    manifest
        .normal_dependencies()
        .filter(|dependency| !manifests.iter().any(|ours| ours.crate_name == *dependency))
        .filter(|dependency| !allowed.contains(dependency))
        .map(|dependency| {
            Finding::new(
                &manifest.path,
                manifest.line_of(dependency),
                format!("`{name}` is pure and may not use `{dependency}`"),
                "do the IO in `runtime` or `store`; if it does none, decide it in an ADR and add it to PURE in \
                 crates/xtask/src/tidy/purity.rs",
            )
        })
        .collect()
}

fn switch(crate_name: &str, texts: &[SourceText]) -> Vec<Finding> {
    let lib = format!("crates/{crate_name}/src/lib.rs");
    let sources = format!("crates/{crate_name}/src/");
    let mut findings = Vec::new();
    for file in texts.iter().filter(|file| file.path.starts_with(&sources)) {
        if file.path == lib && !file.text.lines().any(|line| line.trim() == SWITCH) {
            findings.push(Finding::new(
                &lib,
                1,
                format!("`{crate_name}` is pure and does not say so"),
                format!("write `{SWITCH}` below the module documentation"),
            ));
        }
        for (index, line) in file.text.lines().enumerate() {
            if LOOPHOLES.iter().any(|loophole| line.contains(loophole)) {
                findings.push(Finding::new(
                    &file.path,
                    index + 1,
                    format!("`{crate_name}` is pure and makes an exception"),
                    "pass the value in instead",
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::crate_edge;
    use super::*;

    fn findings(manifest: &str, lib: &str) -> Vec<Finding> {
        let text = |path: &str, text: &str| SourceText { path: path.to_owned(), text: text.to_owned() };
        let texts = [text("crates/engine/Cargo.toml", manifest), text("crates/engine/src/lib.rs", lib)];
        let manifests: Vec<_> = texts.iter().filter_map(crate_edge::manifest).map(Result::unwrap).collect();
        check(&manifests, &texts)
    }

    #[test]
    fn a_client_in_the_core_is_found() {
        let found = findings("[package]\nname = \"engine\"\n[dependencies]\ntokio.workspace = true\n", SWITCH);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("crates/engine/Cargo.toml", 4));
    }

    #[test]
    fn a_lib_without_the_switch_and_an_exception_are_found() {
        let lib = "//! Core.\n#[allow(clippy::disallowed_types)]\n";
        let found = findings("[package]\nname = \"engine\"\n[dependencies]\n", lib);
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [1, 2]);
    }
}
