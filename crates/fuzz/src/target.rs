//! What is fuzzed: its seeds, how they are damaged, and what reads the outcome.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use bpmn::{Delegates, ParseOptions};
use expression::Expression;

use crate::random::Random;
use crate::{context, document, formula};

#[derive(Clone, Copy, Debug)]
pub enum Target {
    Bpmn,
    Juel,
}

/// Of an input, before its last damage.
const INPUT_BYTES_MAX: usize = 64 << 10;
const DAMAGES_MAX: usize = 6;

impl Target {
    pub fn named(name: &str) -> anyhow::Result<Target> {
        match name {
            "bpmn" => Ok(Target::Bpmn),
            "juel" => Ok(Target::Juel),
            _ => bail!("`{name}` is neither bpmn nor juel"),
        }
    }

    /// The committed cases of the parser.
    pub fn seeds(self) -> anyhow::Result<Vec<String>> {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let seeds: Vec<String> = match self {
            Target::Bpmn => texts(&crates.join("bpmn/tests/it/cases"))?
                .into_iter()
                .map(|text| text.split("\n---\n").next().unwrap_or_default().to_owned())
                .collect(),
            Target::Juel => {
                texts(&crates.join("expression/tests/all"))?.iter().flat_map(|text| formula::literals(text)).collect()
            }
        };
        anyhow::ensure!(!seeds.is_empty(), "there are no cases to start from");
        Ok(seeds)
    }

    /// One or two seeds, damaged.
    pub fn input(self, seeds: &[String], random: &mut Random) -> Vec<u8> {
        let mut text = random.pick(seeds).clone();
        for _ in 0..=random.skewed(DAMAGES_MAX) {
            if text.len() > INPUT_BYTES_MAX {
                break;
            }
            let other = random.pick(seeds);
            text = match self {
                Target::Bpmn => document::damaged(&text, other, random),
                Target::Juel => formula::damaged(&text, other, random),
            };
        }
        let mut bytes = text.into_bytes();
        if random.one_in(32) && !bytes.is_empty() {
            let place = random.below(bytes.len());
            bytes[place] = random.next() as u8;
        }
        bytes
    }

    /// Whatever comes of it is right; it only has to end. Says whether it was accepted.
    pub fn read(self, input: &[u8]) -> bool {
        match self {
            Target::Bpmn => {
                let external = ParseOptions { delegates: Delegates::External, ..ParseOptions::default() };
                let results = [ParseOptions::default(), external].map(|options| bpmn::parse(input, &options));
                // What is printed is all that was made.
                !format!("{results:?}").is_empty() && results.iter().all(Result::is_ok)
            }
            Target::Juel => {
                let text = String::from_utf8_lossy(input);
                let outcome = context::outcome(&text);
                !outcome.is_empty() && Expression::parse(&text).is_ok()
            }
        }
    }
}

/// The files of a folder, in order.
fn texts(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    paths.iter().map(|path| Ok(std::fs::read_to_string(path)?)).collect()
}
