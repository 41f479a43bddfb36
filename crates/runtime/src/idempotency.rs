//! Requests that may be repeated and are carried out once.
//!
//! The note that a request was carried out is a row that goes with its first unit of work, so that there is never one
//! without the other. A request that was refused leaves no note. Requests without a key do none of this.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::Reply;
use query::mutation::Mutation;
use query::{Comparison, Condition, Direction, Select, SqlValue, tables};
use store::work::ExpectedStatement;
use types::{ExternalTaskId, Timestamp};

use crate::error::Error;
use crate::recording_store::RecordingStore;
use crate::row::{self, Cells};
use crate::runtime::Runtime;
use crate::shared::Shared;

/// How often expired notes are looked for.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(600);
/// Expired notes that are deleted by one unit of work.
const CLEANUP_MAX: u64 = 1_000;

/// What a request is repeated with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    key: Arc<str>,
    /// Of the whole request.
    fingerprint: [u8; 32],
}

/// What a request was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedAnswer {
    pub status: u16,
    pub content_type: Option<Arc<str>>,
    pub body: Arc<[u8]>,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recalled {
    Nothing,
    /// The same request is being carried out on this node.
    InProgress,
    /// The key belongs to another request.
    OtherRequest,
    /// Carried out; the server ended before it knew what to answer, or another node is about to.
    Unanswered,
    Answered(RecordedAnswer),
}

/// Turns the replies of the unit of work that a request became into its answer, if it can.
pub type Render = Box<dyn Fn(&[Reply]) -> Option<RecordedAnswer> + Send + Sync>;

/// Keys of requests that are being carried out.
pub(crate) type KeysInProgress = Arc<Mutex<BTreeSet<Arc<str>>>>;

/// The note of one request on its way into the database.
pub(crate) struct Recording {
    key: IdempotencyKey,
    expires_at: Timestamp,
    now: Timestamp,
    dialect: query::Dialect,
    state: Mutex<RecordingState>,
    in_progress: KeysInProgress,
}

struct RecordingState {
    note: Note,
    answer: Option<RecordedAnswer>,
    render: Option<Render>,
}

/// Where the note is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Note {
    Unwritten,
    /// A unit that takes it along is under way.
    UnderWay,
    Written,
}

impl IdempotencyKey {
    pub fn new(key: &str, fingerprint: [u8; 32]) -> IdempotencyKey {
        IdempotencyKey { key: format!("request/{key}").into(), fingerprint }
    }

    /// Of one completion among several of a request.
    pub fn of_part(key: &str, id: ExternalTaskId, fingerprint: [u8; 32]) -> IdempotencyKey {
        IdempotencyKey { key: format!("part/{id}/{key}").into(), fingerprint }
    }

    /// Of the completion of a task by a worker, whatever it sends along.
    pub fn of_completion(id: ExternalTaskId, worker_id: &str) -> IdempotencyKey {
        IdempotencyKey { key: format!("completion/{id}/{worker_id}").into(), fingerprint: [0; 32] }
    }
}

impl RecordedAnswer {
    /// 204 without a body.
    pub fn no_content() -> RecordedAnswer {
        RecordedAnswer { status: 204, content_type: None, body: Arc::from([]) }
    }

    fn cells(answer: Option<&RecordedAnswer>) -> Vec<(&'static str, SqlValue)> {
        let Some(answer) = answer else { return Vec::new() };
        vec![
            ("status", row::number(answer.status)),
            ("content_type", row::optional_text(answer.content_type.as_ref())),
            ("body", SqlValue::Blob(answer.body.clone())),
        ]
    }
}

impl Runtime {
    pub async fn recall(&self, key: &IdempotencyKey) -> Result<Recalled, Error> {
        let is_in_progress = lock(&self.shared.keys_in_progress).contains(&key.key);
        match is_in_progress {
            true => Ok(Recalled::InProgress),
            false => self.recall_stored(key).await,
        }
    }

    /// The same, whatever is being carried out on this node.
    pub async fn recall_stored(&self, key: &IdempotencyKey) -> Result<Recalled, Error> {
        self.shared.recall(key).await
    }

    /// A handle that notes the request with its first unit of work. `answer` is what the request is answered if it
    /// is known beforehand. `None` while the same request is being carried out.
    pub fn record(&self, key: IdempotencyKey, answer: Option<RecordedAnswer>) -> Option<Runtime> {
        Some(Runtime { shared: self.shared.recording(key, answer)? })
    }

    /// Of a recording handle: how the replies become the answer, so that it goes with them.
    pub fn record_reply(&self, render: Render) {
        if let Some(recording) = &self.shared.recording {
            recording.lock().render = Some(render);
        }
    }

    pub fn is_recording(&self) -> bool {
        self.shared.recording.is_some()
    }

    /// Of a recording handle: the request was carried out and gets this answer. Once this returns, a repetition gets
    /// the same one.
    pub async fn record_answer(&self, answer: RecordedAnswer) -> Result<(), Error> {
        match &self.shared.recording {
            Some(recording) => self.shared.record_answer(recording, answer).await,
            None => Ok(()),
        }
    }

    /// Whether a worker has completed the task, as far as that was noted.
    pub async fn is_completed_by(&self, id: ExternalTaskId, worker_id: &str) -> Result<bool, Error> {
        let recalled = self.recall_stored(&IdempotencyKey::of_completion(id, worker_id)).await?;
        Ok(matches!(recalled, Recalled::Answered(_) | Recalled::Unanswered))
    }
}

impl Shared {
    async fn recall(&self, key: &IdempotencyKey) -> Result<Recalled, Error> {
        let table = &tables::IDEMPOTENCY_KEY;
        let mut select = Select::all(table.source()).filter(with_key(&key.key)).filter(Condition::compare(
            table.col("expires_at"),
            Comparison::Greater,
            self.now().0,
        ));
        select.columns = ["fingerprint", "status", "content_type", "body"].map(|name| table.col(name).into()).to_vec();
        let Some(row) = self.rows(&select).await?.pop() else { return Ok(Recalled::Nothing) };
        let mut cells = Cells::of(row);
        if *cells.bytes()? != key.fingerprint {
            return Ok(Recalled::OtherRequest);
        }
        let Some(status) = cells.optional_integer()? else { return Ok(Recalled::Unanswered) };
        let status = u16::try_from(status).map_err(|_| Error::Defect(format!("{status} is no status of HTTP")))?;
        Ok(Recalled::Answered(RecordedAnswer { status, content_type: cells.optional_text()?, body: cells.bytes()? }))
    }

    fn recording(&self, key: IdempotencyKey, answer: Option<RecordedAnswer>) -> Option<Arc<Shared>> {
        if !lock(&self.keys_in_progress).insert(key.key.clone()) {
            return None;
        }
        let now = self.now();
        let lifetime_ms = i64::try_from(self.settings.idempotency_key_lifetime.as_millis()).unwrap_or(i64::MAX);
        let recording = Arc::new(Recording {
            key,
            expires_at: now.plus_ms(lifetime_ms),
            now,
            dialect: self.settings.dialect,
            state: Mutex::new(RecordingState { note: Note::Unwritten, answer, render: None }),
            in_progress: self.keys_in_progress.clone(),
        });
        let store = Arc::new(RecordingStore { inner: self.store.clone(), recording: recording.clone() });
        Some(Arc::new(self.with_store(store, Some(recording))))
    }

    async fn record_answer(&self, recording: &Arc<Recording>, answer: RecordedAnswer) -> Result<(), Error> {
        let statements = {
            let state = recording.lock();
            let is_known = state.answer.as_ref() == Some(&answer);
            match state.note {
                Note::Written if is_known => return Ok(()),
                Note::Written => {
                    let cells = RecordedAnswer::cells(Some(&answer));
                    let update = Mutation::update(&tables::IDEMPOTENCY_KEY, cells, with_key(&recording.key.key));
                    vec![self.statement(&update)]
                }
                Note::Unwritten | Note::UnderWay => return Ok(()),
            }
        };
        self.apply(statements).await
    }

    /// Deletes notes that have expired, for as long as it is not dropped.
    pub(crate) async fn forget_expired_keys(self: Arc<Self>) {
        loop {
            match self.delete_expired_keys().await {
                Ok(deleted) if deleted == CLEANUP_MAX => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "expired idempotency keys could not be deleted; trying again"),
            }
            tokio::time::sleep(CLEANUP_INTERVAL).await;
        }
    }

    async fn delete_expired_keys(&self) -> Result<u64, Error> {
        let table = &tables::IDEMPOTENCY_KEY;
        let expired = || Condition::compare(table.col("expires_at"), Comparison::AtMost, self.now().0);
        let mut select = Select::all(table.source())
            .filter(expired())
            .order_by(table.col("expires_at"), Direction::Ascending)
            .limit(CLEANUP_MAX);
        select.columns = vec![table.col("key").into()];
        let keys: Vec<SqlValue> = self.rows(&select).await?.into_iter().flatten().collect();
        let count = keys.len() as u64;
        if count > 0 {
            let these = Condition::OneOf(table.col("key").into(), keys).and(expired());
            self.apply(vec![self.statement(&Mutation::delete(table, these))]).await?;
        }
        Ok(count)
    }
}

impl Recording {
    /// Whether the unit that is about to be submitted takes the note along.
    pub(crate) fn begin_unit(&self) -> bool {
        let mut state = self.lock();
        let takes_it = state.note == Note::Unwritten;
        if takes_it {
            state.note = Note::UnderWay;
        }
        takes_it
    }

    pub(crate) fn end_unit(&self, is_applied: bool) {
        self.lock().note = if is_applied { Note::Written } else { Note::Unwritten };
    }

    /// The unit that is about to be submitted was decided with these replies.
    pub(crate) fn decided(&self, replies: &[Reply]) {
        let mut state = self.lock();
        if let Some(answer) = state.render.as_ref().and_then(|render| render(replies)) {
            state.answer = Some(answer);
        }
    }

    pub(crate) fn note(&self) -> Vec<ExpectedStatement> {
        self.note_with(self.lock().answer.as_ref())
    }

    /// A key that is there already is a conflict, unless it has expired.
    fn note_with(&self, answer: Option<&RecordedAnswer>) -> Vec<ExpectedStatement> {
        let table = &tables::IDEMPOTENCY_KEY;
        let expired = Condition::compare(table.col("expires_at"), Comparison::AtMost, self.now.0);
        let forget = Mutation::delete(table, with_key(&self.key.key).and(expired));
        let mut cells = vec![
            ("key", SqlValue::Text(self.key.key.clone())),
            ("fingerprint", SqlValue::Blob(Arc::from(self.key.fingerprint.as_slice()))),
            ("expires_at", row::time(self.expires_at)),
        ];
        cells.extend(RecordedAnswer::cells(answer));
        let (columns, values) = cells.into_iter().unzip();
        let insert = Mutation::InsertIfAbsent { table, columns, row: values };
        vec![
            ExpectedStatement { statement: forget.render(self.dialect), rows_affected: None },
            ExpectedStatement { statement: insert.render(self.dialect), rows_affected: Some(1) },
        ]
    }

    fn lock(&self) -> MutexGuard<'_, RecordingState> {
        lock(&self.state)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        lock(&self.in_progress).remove(&self.key.key);
    }
}

fn with_key(key: &Arc<str>) -> Condition {
    Condition::equal(tables::IDEMPOTENCY_KEY.col("key"), key.as_ref())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
