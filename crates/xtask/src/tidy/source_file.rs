//! One noun or verb a file: not too long, and named after it.

use super::SourceText;
use super::finding::Finding;

/// Lines of a Rust file without its tests.
const MAX_LINES: usize = 800;

const NAMELESS: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc"];

pub fn check(texts: &[SourceText]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in texts.iter().filter(|file| file.path.ends_with(".rs")) {
        let mut segments: Vec<&str> = file.path.trim_end_matches(".rs").split('/').collect();
        let tests = segments.contains(&"tests");
        let lines = lines_without_tests(&file.text);
        if !tests && lines > MAX_LINES {
            findings.push(Finding::new(
                &file.path,
                MAX_LINES,
                format!("{lines} lines without tests, {MAX_LINES} are the most"),
                "ask what noun or verb in it wants a file of its own",
            ));
        }
        segments.retain(|segment| NAMELESS.contains(segment));
        if let Some(name) = segments.first() {
            findings.push(Finding::new(
                &file.path,
                1,
                format!("`{name}` says nothing"),
                "name the file after the noun or verb it holds",
            ));
        }
    }
    findings
}

/// The lines up to the test module, which stands last.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{'))
        .unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: String) -> Vec<Finding> {
        check(&[SourceText { path: path.to_owned(), text }])
    }

    #[test]
    fn tests_do_not_count() {
        let long_tests = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "// line\n".repeat(MAX_LINES));
        assert_eq!(findings("crates/a/src/b.rs", long_tests), []);
        assert_eq!(findings("crates/a/tests/b.rs", "// line\n".repeat(MAX_LINES + 1)), []);
    }

    #[test]
    fn a_long_file_is_found() {
        assert_eq!(findings("crates/a/src/b.rs", "// line\n".repeat(MAX_LINES)), []);
        assert_eq!(findings("crates/a/src/b.rs", "// line\n".repeat(MAX_LINES + 1)).len(), 1);
    }

    #[test]
    fn a_nameless_file_or_folder_is_found() {
        assert_eq!(findings("crates/a/src/utils.rs", String::new()).len(), 1);
        assert_eq!(findings("crates/a/src/common/mod.rs", String::new()).len(), 1);
    }
}
