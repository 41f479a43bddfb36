//! `camlock nodes`: which nodes serve a database.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use camlock::database::{Database, Location};
use runtime::{Node, nodes};

/// One that was not seen for so long, by the clock of this machine, may be dead.
const SILENT_AFTER_MS: i64 = 15_000;

pub async fn run(database: &str) -> Result<()> {
    let location = Location::from(database);
    let opened = Database::open_as_it_is(&location).await;
    let database = opened.with_context(|| format!("cannot open the database `{location}`"))?;
    let found = nodes(database.store.as_ref(), database.dialect).await?;
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
    let heads = ["NAME", "STATE", "HOST", "ADDRESS", "VERSION", "STARTED", "LAST SEEN"].map(str::to_owned);
    let lines: Vec<[String; 7]> = std::iter::once(heads).chain(found.iter().map(|node| line(node, now_ms))).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    for line in &lines {
        let padded: Vec<String> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        println!("{}", padded.join("  ").trim_end());
    }
    Ok(())
}

fn line(node: &Node, now_ms: i64) -> [String; 7] {
    let state = match node.dead_since {
        Some(_) => "dead",
        None if now_ms.saturating_sub(node.last_seen.0) > SILENT_AFTER_MS => "silent",
        None => "alive",
    };
    [
        node.name.to_string(),
        state.to_owned(),
        node.host.to_string(),
        node.address.as_deref().unwrap_or("-").to_owned(),
        node.version.to_string(),
        node.started.to_string(),
        node.last_seen.to_string(),
    ]
}
