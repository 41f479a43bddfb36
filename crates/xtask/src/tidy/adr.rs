//! Decision records: `docs/adr/NNNN-title.md`, numbered from 0001 without a gap, each with the same sections.

use super::SourceText;
use super::finding::{Finding, line_where};

const FOLDER: &str = "docs/adr/";

/// Second-level headings, by their first word.
const SECTIONS: &[&str] = &["Context", "Decision", "Consequences", "Rejected"];

pub fn check(texts: &[SourceText]) -> Vec<Finding> {
    let mut records: Vec<&SourceText> =
        texts.iter().filter(|file| file.path.starts_with(FOLDER) && !file.path.ends_with("/README.md")).collect();
    records.sort_by_key(|record| &record.path);
    let mut findings = Vec::new();
    let mut expected = 1;
    for record in records {
        match number(&record.path) {
            Some(number) if number == expected => expected += 1,
            Some(number) => {
                findings.push(Finding::new(
                    &record.path,
                    1,
                    format!("number {number:04} where {expected:04} is next"),
                    "numbers are unique and leave no gap: rename the file",
                ));
                expected = number + 1;
            }
            None => findings.push(Finding::new(
                &record.path,
                1,
                "the name is not NNNN-title.md",
                "use four digits and lower-case words with hyphens",
            )),
        }
        findings.extend(sections(record));
    }
    findings
}

fn number(path: &str) -> Option<u32> {
    let (digits, title) = path.strip_prefix(FOLDER)?.strip_suffix(".md")?.split_once('-')?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if digits.len() != 4 || title.is_empty() || !title.chars().all(plain) {
        return None;
    }
    digits.parse().ok()
}

fn sections(record: &SourceText) -> Vec<Finding> {
    let has = |section: &str| {
        record.text.lines().any(|line| line.strip_prefix("## ").is_some_and(|heading| heading.starts_with(section)))
    };
    let mut findings: Vec<_> = SECTIONS
        .iter()
        .filter(|section| !has(section))
        .map(|section| {
            Finding::new(
                &record.path,
                line_where(&record.text, |line| line.starts_with("# ")),
                format!("section `{section}` is missing"),
                "a record has ## Context, ## Decision, ## Consequences, ## Rejected options",
            )
        })
        .collect();
    if !record.text.starts_with("# ") {
        findings.push(Finding::new(&record.path, 1, "no title", "start with `# Title`"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: &str = "# T\n## Context\n## Decision\n## Consequences\n## Rejected options\n";

    fn findings(records: &[(&str, &str)]) -> Vec<String> {
        let texts: Vec<_> = records
            .iter()
            .map(|(name, text)| SourceText { path: format!("{FOLDER}{name}"), text: (*text).to_owned() })
            .collect();
        check(&texts).into_iter().map(|finding| finding.problem).collect()
    }

    #[test]
    fn consecutive_records_are_fine() {
        assert!(findings(&[("0001-a.md", COMPLETE), ("0002-b-c.md", COMPLETE), ("README.md", "")]).is_empty());
    }

    #[test]
    fn gaps_doubles_and_bad_names_are_found() {
        assert_eq!(findings(&[("0002-a.md", COMPLETE)]), ["number 0002 where 0001 is next"]);
        assert_eq!(findings(&[("0001-a.md", COMPLETE), ("0001-b.md", COMPLETE)]), ["number 0001 where 0002 is next"]);
        assert_eq!(findings(&[("1-a.md", COMPLETE)]), ["the name is not NNNN-title.md"]);
    }

    #[test]
    fn a_missing_section_is_found() {
        let found = findings(&[("0001-a.md", "# T\n## Context\n## Decision\n## Consequences\n")]);
        assert_eq!(found, ["section `Rejected` is missing"]);
    }
}
