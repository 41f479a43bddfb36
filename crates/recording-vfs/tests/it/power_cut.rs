//! SQLite keeps what it promises, and where it promises less the rebuilt files show it.

use recording_vfs::{Recorder, Recording, Syncs, Tail};
use rusqlite::{Connection, OpenFlags};
use tempfile::tempdir;

const ROWS: u32 = 24;

/// Inserts row after row, each acknowledged with its number, with checkpoints in between.
fn record(synchronous: &str, syncs: Syncs) -> Recording {
    let recorder = Recorder::install(syncs);
    let folder = tempdir().expect("a temporary folder");
    let path = folder.path().join("rows");
    let connection =
        Connection::open_with_flags_and_vfs(&path, OpenFlags::default(), recorder.vfs_name()).expect("SQLite works");
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).expect("SQLite works");
    assert_eq!(mode, "wal");
    connection.pragma_update(None, "synchronous", synchronous).expect("SQLite works");
    connection.pragma_update(None, "wal_autocheckpoint", 12).expect("SQLite works");
    connection.execute_batch("CREATE TABLE numbers (n INTEGER PRIMARY KEY, filling BLOB)").expect("SQLite works");
    for n in 0..ROWS {
        connection.execute("INSERT INTO numbers VALUES (?1, zeroblob(3000))", [n]).expect("SQLite works");
        recorder.acknowledge(n.into());
    }
    let recording = recorder.recording();
    let last = *recording.sync_boundaries().last().expect("something was synced");
    for (name, content) in recording.files_as_of(last, Tail::Kept).0 {
        assert_eq!(
            std::fs::read(folder.path().join(&*name)).expect("it is there"),
            content,
            "{name} is recorded completely"
        );
    }
    recording
}

/// What is wrong after power cuts at all syncs.
fn losses(recording: &Recording) -> Vec<String> {
    let mut losses = Vec::new();
    for (n, boundary) in recording.sync_boundaries().into_iter().enumerate() {
        let torn = (0..2).map(|seed| Tail::Partly { seed: seed + n as u64 * 2 });
        for tail in [Tail::Lost, Tail::Kept].into_iter().chain(torn) {
            let folder = tempdir().expect("a temporary folder");
            recording.files_as_of(boundary, tail).write_to(folder.path()).expect("files can be written");
            match rows(&folder.path().join("rows")) {
                Err(error) => losses.push(format!("sync {n}, {tail:?}: {error}")),
                Ok(rows) => {
                    let missing = recording.acknowledged_by(boundary).into_iter().filter(|row| !rows.contains(row));
                    losses.extend(missing.map(|row| format!("sync {n}, {tail:?}: row {row} is lost")));
                }
            }
        }
    }
    losses
}

fn rows(path: &std::path::Path) -> rusqlite::Result<Vec<u64>> {
    let connection = Connection::open(path)?;
    let integrity: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if integrity != "ok" {
        return Err(rusqlite::Error::InvalidColumnName(integrity));
    }
    if !connection.table_exists(None, "numbers")? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare("SELECT n FROM numbers")?;
    statement.query_map([], |row| row.get::<_, u32>(0).map(u64::from))?.collect()
}

#[test]
fn full_loses_nothing() {
    let recording = record("FULL", Syncs::Done);
    let boundaries = recording.sync_boundaries();
    assert!(boundaries.len() > ROWS as usize, "{}", boundaries.len());
    let checkpoints = boundaries.iter().filter(|boundary| recording.synced_file(**boundary) == "rows").count();
    assert!(checkpoints > 3, "{checkpoints}");
    let losses = losses(&recording);
    assert!(losses.is_empty(), "{} losses, the first: {:?}", losses.len(), losses.first());
}

#[test]
fn normal_loses_the_last_commits() {
    let losses = losses(&record("NORMAL", Syncs::Done));
    assert!(losses.iter().any(|loss| loss.ends_with("is lost")), "{losses:?}");
}

#[test]
fn a_disk_that_lies_loses_rows() {
    for name_end in ["rows", "-wal"] {
        let losses = losses(&record("FULL", Syncs::Dropped { name_end }));
        assert!(!losses.is_empty(), "{name_end}");
    }
}
