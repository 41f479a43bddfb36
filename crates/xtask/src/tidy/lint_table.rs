//! Every crate has the lints of the workspace, which forbid unsafe code.

use super::crate_edge::Manifest;
use super::finding::{Finding, line_where};

/// Crates that cannot do without unsafe code, and why. Each has the workspace's lints with `unsafe_code = "deny"`, so
/// that every exception stands in the file that makes it, and `undocumented_unsafe_blocks = "deny"`.
const UNSAFE: &[(&str, &str)] = &[("vfs-layer", "SQLite asks for its file system as a table of C functions")];

pub fn check(manifests: &[Manifest]) -> Vec<Finding> {
    manifests.iter().filter_map(|manifest| finding(manifest, is_exception(&manifest.crate_name))).collect()
}

fn is_exception(crate_name: &str) -> bool {
    UNSAFE.iter().any(|(name, _)| *name == crate_name)
}

fn finding(manifest: &Manifest, is_exception: bool) -> Option<Finding> {
    let has = |line: &str| manifest.text.lines().any(|candidate| candidate.trim() == line);
    let at = line_where(&manifest.text, |line| line.trim().starts_with("[lints"));
    let (is_fine, problem, remedy) = if is_exception {
        let is_fine = has("unsafe_code = \"deny\"") && has("undocumented_unsafe_blocks = \"deny\"");
        (is_fine, "may have unsafe code, but only where it says so and why", "deny both lints and allow in the file")
    } else {
        let is_fine = has("[lints]") && has("workspace = true");
        (is_fine, "does not have the lints of the workspace", "write `[lints]` and `workspace = true`")
    };
    (!is_fine).then(|| Finding::new(&manifest.path, at, format!("`{}` {problem}", manifest.crate_name), remedy))
}

#[cfg(test)]
mod tests {
    use super::super::{SourceText, crate_edge};
    use super::*;

    fn findings(name: &str, lints: &str) -> usize {
        let text = format!("[package]\nname = \"{name}\"\n{lints}\n");
        let file = SourceText { path: format!("crates/{name}/Cargo.toml"), text };
        check(&[crate_edge::manifest(&file).unwrap().unwrap()]).len()
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        assert_eq!(findings("rest", "[lints]\nworkspace = true"), 0);
        assert_eq!(findings("rest", ""), 1);
        assert_eq!(findings("rest", "[lints.rust]\nunsafe_code = \"allow\""), 1);
    }

    #[test]
    fn an_exception_is_bounded() {
        let bounded = "[lints.rust]\nunsafe_code = \"deny\"\n[lints.clippy]\nundocumented_unsafe_blocks = \"deny\"";
        assert_eq!(findings("vfs-layer", bounded), 0);
        assert_eq!(findings("vfs-layer", "[lints.rust]\nunsafe_code = \"deny\""), 1);
    }
}
