//! Which crate may use which. The table below is the only place that says so; see ARCHITECTURE.md for the reasons.

use super::SourceText;
use super::finding::{Finding, line_where};
use anyhow::Context;

/// What each crate may use, by itself. Tests may use besides what lies below it, and the crates for tests only.
const EDGES: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("expression", &["types"]),
    ("bpmn", &["types", "expression"]),
    ("engine", &["types", "expression", "bpmn"]),
    ("script", &["types", "expression"]),
    ("query", &["types"]),
    ("metric", &[]),
    ("vfs-layer", &[]),
    ("store", &["types", "engine", "query", "metric", "vfs-layer"]),
    ("runtime", &["types", "expression", "bpmn", "engine", "script", "query", "metric", "store"]),
    ("rest", &["types", "engine", "query", "metric", "runtime"]),
    ("camlock", &["types", "expression", "bpmn", "engine", "script", "query", "metric", "store", "runtime", "rest"]),
    ("testkit", &["types", "expression", "bpmn", "engine", "script", "query", "store", "runtime", "rest", "camlock"]),
    ("recording-vfs", &["vfs-layer"]),
    ("simulator", &["types", "engine", "query", "store", "runtime"]),
    ("throwaway-postgres", &[]),
    ("fuzz", &["types", "expression", "bpmn"]),
    ("xtask", &[]),
];

/// No crate that is shipped may use these; any crate's tests may.
const TEST_ONLY: &[&str] = &["testkit", "recording-vfs", "throwaway-postgres"];

/// A dependency section of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Normal,
    Test,
}

/// One crate's Cargo.toml, as far as tidy looks at it.
#[derive(Debug)]
pub struct Manifest {
    pub path: String,
    pub text: String,
    pub crate_name: String,
    pub dependencies: Vec<(String, Purpose)>,
}

impl Manifest {
    /// The line that names this dependency.
    pub fn line_of(&self, dependency: &str) -> usize {
        line_where(&self.text, |line| {
            line.trim_start().strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
        })
    }

    pub fn normal_dependencies(&self) -> impl Iterator<Item = &str> {
        self.dependencies.iter().filter(|(_, purpose)| *purpose == Purpose::Normal).map(|(name, _)| name.as_str())
    }
}

/// The manifest of a crate below `crates/`; `None` for any other file.
pub fn manifest(file: &SourceText) -> Option<anyhow::Result<Manifest>> {
    let folder = file.path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
    if folder.contains('/') {
        return None;
    }
    Some(parse(file).with_context(|| file.path.clone()))
}

fn parse(file: &SourceText) -> anyhow::Result<Manifest> {
    let document: toml::Table = file.text.parse()?;
    let crate_name = document
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
        .context("it has no package name")?
        .to_owned();
    let mut dependencies = Vec::new();
    collect(&document, &mut dependencies);
    let per_platform = document.get("target").and_then(toml::Value::as_table);
    for section in per_platform.iter().flat_map(|platforms| platforms.values()).filter_map(toml::Value::as_table) {
        collect(section, &mut dependencies);
    }
    Ok(Manifest { path: file.path.clone(), text: file.text.clone(), crate_name, dependencies })
}

fn collect(table: &toml::Table, dependencies: &mut Vec<(String, Purpose)>) {
    let sections = [
        ("dependencies", Purpose::Normal),
        ("build-dependencies", Purpose::Normal),
        ("dev-dependencies", Purpose::Test),
    ];
    for (section, purpose) in sections {
        let names = table.get(section).and_then(toml::Value::as_table);
        dependencies.extend(names.iter().flat_map(|names| names.keys()).map(|name| (name.clone(), purpose)));
    }
}

pub fn check(manifests: &[Manifest]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests {
        let name = manifest.crate_name.as_str();
        let Some(allowed) = allowed(name) else {
            findings.push(Finding::new(
                &manifest.path,
                line_where(&manifest.text, |line| line.starts_with("name")),
                format!("crate `{name}` is not in tidy's table of edges"),
                "add it to EDGES in crates/xtask/src/tidy/crate_edge.rs and to ARCHITECTURE.md",
            ));
            continue;
        };
        let ours = manifest.dependencies.iter().filter(|(dependency, _)| self::allowed(dependency).is_some());
        for (dependency, purpose) in ours {
            let fine = match purpose {
                Purpose::Normal => allowed.contains(&dependency.as_str()),
                Purpose::Test => {
                    TEST_ONLY.contains(&dependency.as_str()) || reachable(name).contains(&dependency.as_str())
                }
            };
            if !fine {
                findings.push(Finding::new(
                    &manifest.path,
                    manifest.line_of(dependency),
                    format!("`{name}` may not depend on `{dependency}`"),
                    format!(
                        "it may use {allowed:?}; move the code, or decide the new edge in an ADR and add it to EDGES"
                    ),
                ));
            }
        }
    }
    findings
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    EDGES.iter().find(|(crate_name, _)| *crate_name == name).map(|(_, allowed)| *allowed)
}

/// Everything below a crate. The table goes down only, so the walk ends.
fn reachable(name: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = allowed(name).unwrap_or_default().to_vec();
    let mut next = 0;
    while next < found.len() {
        for below in allowed(found[next]).unwrap_or_default() {
            if !found.contains(below) {
                found.push(below);
            }
        }
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<Finding> {
        let file = SourceText { path: path.to_owned(), text: text.to_owned() };
        check(&[manifest(&file).unwrap().unwrap()])
    }

    #[test]
    fn an_edge_upwards_is_found_with_its_line() {
        let text =
            "[package]\nname = \"engine\"\n[dependencies]\ntypes.workspace = true\nstore = { path = \"../store\" }\n";
        let found = findings("crates/engine/Cargo.toml", text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 5);
        assert!(found[0].problem.contains("`engine` may not depend on `store`"));
    }

    #[test]
    fn an_edge_for_one_platform_counts_too() {
        let text = "[package]\nname = \"types\"\n[target.'cfg(unix)'.dependencies]\nrest.workspace = true\n";
        assert_eq!(findings("crates/types/Cargo.toml", text).len(), 1);
    }

    #[test]
    fn tests_may_use_what_lies_below_and_testkit() {
        let text = "[package]\nname = \"rest\"\n[dev-dependencies]\nstore.workspace = true\ntestkit.workspace = true\n";
        assert_eq!(findings("crates/rest/Cargo.toml", text), []);
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        let found = findings("crates/misc/Cargo.toml", "[package]\nname = \"misc\"\n");
        assert!(found[0].problem.contains("not in tidy's table"));
    }

    #[test]
    fn no_shipped_crate_may_use_one_for_tests() {
        for (name, allowed) in EDGES.iter().filter(|(name, _)| !TEST_ONLY.contains(name)) {
            assert!(!allowed.iter().any(|below| TEST_ONLY.contains(below)), "{name} uses a crate for tests");
        }
    }

    #[test]
    fn the_table_has_no_cycle() {
        for (name, _) in EDGES {
            assert!(!reachable(name).contains(name), "{name} reaches itself");
        }
    }
}
