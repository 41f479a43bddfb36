//! `camlock backup`: a copy of a SQLite database, also while a server works with it.

use std::path::Path;

use anyhow::Result;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use store::sqlite::{BackupProgress, DatabaseUrl, backup};

pub fn run(database: &str, target: &Path) -> Result<()> {
    let source: DatabaseUrl = database.parse()?;
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} pages {msg}")?);
    let report = backup(&source, target, |progress| match progress {
        BackupProgress::Copying { pages_done, pages } => {
            bar.set_length(pages);
            bar.set_position(pages_done);
        }
        BackupProgress::Checking => bar.set_message("checking"),
    })?;
    bar.finish_and_clear();
    println!("{}: {}, checked", target.display(), HumanBytes(report.bytes));
    Ok(())
}
