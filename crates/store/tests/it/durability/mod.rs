//! A power cut loses nothing that was acknowledged, and leaves nothing half done.
//!
//! Writes and syncs of a store at work are recorded. At every sync the files are rebuilt as a disk would hold them if
//! the power failed between it and the next one, and opened by a store that knows nothing of the recording. Each
//! instance must then have exactly the rows that it had after one of its steps: the newest that was acknowledged by
//! then, or a later one.

mod account;
mod workload;

use std::path::Path;
use std::sync::Arc;

use engine::Aggregate;
use query::{SqlValue, Statement};
use recording_vfs::{Recorder, Recording, SyncBoundary, Syncs, Tail};
use rusqlite::Connection;
use store::sqlite::{SqliteOptions, SqliteStore};
use store::work::ExpectedStatement;
use store::{Store, StoreError, Work};
use types::{ProcessInstanceId, Uuid};

use account::{Account, Entries, all_rows};
use workload::{WORKERS, Worker};

const DATABASE: &str = "test.db";
/// Few, so that there are checkpoints on the way.
const CHECKPOINT_PAGES: u32 = 1000;
/// Written one after the other while somebody looks.
const READ_DEPLOYMENTS: u64 = 60;

/// What went on in a database until all workers were done.
async fn record(syncs: Syncs) -> (Recording, Entries) {
    let recorder = Arc::new(Recorder::install(syncs));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store: Arc<dyn Store> = Arc::new(recorded_store(&recorder, folder.path(), CHECKPOINT_PAGES));
    let account = Arc::new(Account::default());
    let workers = (0..WORKERS).map(|number| Worker::new(number, store.clone(), recorder.clone(), account.clone()));
    let workers: Vec<_> = workers.map(|worker| tokio::spawn(worker.work())).collect();
    for worker in workers {
        worker.await.expect("a worker does its work");
    }
    drop(store);
    (recorder.recording(), account.entries())
}

fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join(DATABASE).display())
}

fn recorded_store(recorder: &Recorder, folder: &Path, checkpoint_pages: u32) -> SqliteStore {
    let options = SqliteOptions { vfs: Some(recorder.vfs_name().to_owned()), checkpoint_pages: Some(checkpoint_pages) };
    SqliteStore::open_with(&url(folder).parse().expect("a valid URL"), &options).expect("opens")
}

/// What is wrong after a power cut.
async fn losses(recording: &Recording, entries: &Entries, boundary: SyncBoundary, tail: Tail) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    recording.files_as_of(boundary, tail).write_to(folder.path()).expect("files can be written");
    let path = folder.path().join(DATABASE);
    let mut losses = match SqliteStore::open(&format!("sqlite:{}", path.display())) {
        Err(error) => vec![error.to_string()],
        Ok(store) => {
            let acknowledged = recording.acknowledged_by(boundary);
            differences(&store, entries, &acknowledged).await.unwrap_or_else(|error| vec![error.to_string()])
        }
    };
    losses.extend(damage(&path));
    losses.into_iter().map(|loss| format!("{boundary:?}, {tail:?}: {loss}")).collect()
}

async fn differences(store: &SqliteStore, entries: &Entries, marks: &[u64]) -> Result<Vec<String>, StoreError> {
    let acknowledged = entries.acknowledged(marks);
    let mut found = all_rows(store).await?;
    let mut differences = Vec::new();
    for (id, states) in &entries.states {
        let rows = found.remove(id).unwrap_or_default();
        let acknowledged = acknowledged.get(id).copied().unwrap_or_default();
        match states.iter().rposition(|state| *state == rows) {
            None => differences.push(format!("{id} has rows that it never had together")),
            Some(step) if step < acknowledged => {
                differences.push(format!("{id} is at step {step}, {acknowledged} was acknowledged"));
            }
            Some(_) => {}
        }
        if let Some(snapshot) = store.load(ProcessInstanceId(*id)).await?
            && let Err(broken) = Aggregate::from_snapshot(snapshot)
        {
            differences.push(format!("{id}: {broken}"));
        }
    }
    differences.extend(found.keys().map(|id| format!("{id} was never written")));
    Ok(differences)
}

/// What SQLite itself says.
fn damage(path: &Path) -> Option<String> {
    let check = |connection: Connection| connection.query_row("PRAGMA integrity_check", [], |row| row.get(0));
    match Connection::open(path).and_then(check) {
        Ok(answer) => Some(answer).filter(|answer: &String| answer != "ok"),
        Err(error) => Some(error.to_string()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_power_cut_loses_nothing_acknowledged() {
    let (recording, entries) = record(Syncs::Done).await;
    let boundaries = recording.sync_boundaries();
    let checkpoints = boundaries.iter().filter(|boundary| recording.synced_file(**boundary) == DATABASE).count();
    assert!(checkpoints >= 3, "too few checkpoints to say something about them: {checkpoints}");
    let (_, too_early) = recording.new_beginnings(&format!("{DATABASE}-wal"));
    assert_eq!(too_early, 0, "no frame is written before the header of its log is on the disk");
    let is_ended = |rows: &account::Rows| rows.iter().all(|(table, _)| table.starts_with("historic_"));
    let ended = entries.states.values().filter(|states| states.last().is_some_and(is_ended)).count();
    assert_eq!(ended, 3 * usize::from(WORKERS), "what ends leaves nothing but history");

    let mut found = Vec::new();
    for (n, boundary) in boundaries.into_iter().enumerate() {
        let tails: &[Tail] = match n % 4 {
            0 => &[Tail::Lost, Tail::Kept],
            2 => &[Tail::Lost, Tail::Partly { seed: n as u64 }],
            _ => &[Tail::Lost],
        };
        for tail in tails.iter().copied() {
            found.extend(losses(&recording, &entries, boundary, tail).await);
        }
    }
    assert!(found.is_empty(), "{} losses, the first: {}", found.len(), found[0]);
}

#[tokio::test]
async fn a_log_that_begins_anew_has_its_header_on_the_disk_first() {
    let recorder = Recorder::install(Syncs::Done);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = recorded_store(&recorder, folder.path(), 1);
    for n in 0..10 {
        deploy(&store, n).await;
    }
    drop(store);
    let (beginnings, too_early) = recorder.recording().new_beginnings(&format!("{DATABASE}-wal"));
    assert!(
        beginnings > 2,
        "nobody reads, so each commit is copied and the next one begins the log anew: {beginnings}"
    );
    assert_eq!(too_early, 0, "no frame is written before the header of its log is on the disk");
}

/// Commits can be seen before they are durable; who looks at them learns of them only then.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_power_cut_loses_nothing_that_was_read() {
    let recorder = Arc::new(Recorder::install(Syncs::Done));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Arc::new(recorded_store(&recorder, folder.path(), CHECKPOINT_PAGES));
    let onlooker = tokio::spawn({
        let (store, recorder) = (store.clone(), recorder.clone());
        async move {
            let mut seen = 0;
            while seen < READ_DEPLOYMENTS {
                seen = deployments(&store).await;
                recorder.acknowledge(seen);
            }
        }
    });
    for n in 0..READ_DEPLOYMENTS {
        deploy(&store, n).await;
    }
    onlooker.await.expect("it sees all");
    drop(store);

    let recording = recorder.recording();
    for boundary in recording.sync_boundaries() {
        let Some(seen) = recording.acknowledged_by(boundary).into_iter().max() else { continue };
        let folder = tempfile::tempdir().expect("a temporary folder");
        recording.files_as_of(boundary, Tail::Lost).write_to(folder.path()).expect("files can be written");
        let store = SqliteStore::open(&url(folder.path())).expect("opens");
        let kept = deployments(&store).await;
        assert!(kept >= seen, "{boundary:?}: {seen} were seen, {kept} are there");
    }
}

async fn deploy(store: &SqliteStore, n: u64) {
    let statement = Statement {
        text: "INSERT INTO deployment (id, deploy_time) VALUES (?, ?)".to_owned(),
        binds: vec![SqlValue::Uuid(Uuid(u128::from(n))), SqlValue::Integer(0)],
    };
    let work = Work::Run(vec![ExpectedStatement { statement, rows_affected: Some(1) }]);
    store.submit(work).await.expect("a deployment can be stored");
}

async fn deployments(store: &SqliteStore) -> u64 {
    let statement = Statement { text: "SELECT count(*) FROM deployment".to_owned(), binds: Vec::new() };
    let rows = store.select(statement).await.expect("rows can be read");
    let SqlValue::Integer(count) = rows[0][0] else { panic!("a count is a number") };
    u64::try_from(count).expect("a count is positive")
}

/// Proves that the first test can fail: without syncs of one of the files something is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_syncs_something_is_lost() {
    for name_end in [DATABASE, "-wal"] {
        let (recording, entries) = record(Syncs::Dropped { name_end }).await;
        let mut is_lost = false;
        for boundary in recording.sync_boundaries().into_iter().rev() {
            is_lost = !losses(&recording, &entries, boundary, Tail::Lost).await.is_empty();
            if is_lost {
                break;
            }
        }
        assert!(is_lost, "nobody misses the syncs of *{name_end}");
    }
}
