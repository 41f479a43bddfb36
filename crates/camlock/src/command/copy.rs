//! `camlock copy`: everything of one database into another, empty one. No server may use either of them.

use anyhow::{Context, Result};
use camlock::database::{Database, Location};
use indicatif::{ProgressBar, ProgressStyle};
use store::copy::{CopyPhase, copy};

pub async fn run(from: &str, to: &str) -> Result<()> {
    let (from, to) = (Location::from(from), Location::from(to));
    let source = Database::open_existing(&from).await.with_context(|| format!("cannot open the database `{from}`"))?;
    let target = Database::open(&to).await.with_context(|| format!("cannot open the database `{to}`"))?;
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} rows {msg}")?);
    let copied = copy(source.copy_side(), target.copy_side(), |progress| {
        bar.set_length(progress.rows);
        bar.set_position(progress.rows_done);
        bar.set_message(match progress.phase {
            CopyPhase::Copying => format!("copying {}", progress.table),
            CopyPhase::Verifying => format!("verifying {}", progress.table),
        });
    })
    .await?;
    bar.finish_and_clear();
    for table in copied.iter().filter(|table| table.rows > 0) {
        println!("  {:<32} {:>10} rows  {}", table.table, table.rows, table.checksum);
    }
    println!("{} rows copied and verified", copied.iter().map(|table| table.rows).sum::<u64>());
    Ok(())
}
