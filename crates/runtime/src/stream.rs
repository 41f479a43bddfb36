//! Worker streams: tasks go to a worker as they come, as long as it has credit.
//!
//! A stream takes its place in the queue that polls wait in, and claims as they do. Each task that it delivers costs a
//! credit; the end of the worker's work on it gives the credit back. What it has delivered stays locked while it lasts
//! (`stream_lock`) and is unlocked when it is dropped. It is no task and has no timer of its own.

use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use engine::Command;
use tokio::sync::Notify;
use types::{ExternalTaskId, ProcessInstanceId, Timestamp, Uuid};

use crate::alarm::Alarm;
use crate::error::Error;
use crate::fetch::FetchedTasks;
use crate::request::{FetchRequest, FetchedTask};
use crate::shared::Shared;

/// When a stream asks again whose claim the database or the load did not allow.
const RETRY: Duration = Duration::from_secs(1);

/// What a stream tells its worker.
#[derive(Debug)]
pub enum StreamEvent {
    /// Locked for the worker, as many as it had credits for at most.
    Tasks(Vec<FetchedTask>),
    /// Delivered tasks whose locks could not be kept: they have gone, or somebody else has them. Their credits are back.
    Lost(Vec<ExternalTaskId>),
    /// The server shuts down. Locks stay as they are.
    Closed,
}

/// Dropped, it unlocks what it has delivered and what is still locked for its worker.
pub struct WorkerStream {
    shared: Arc<Shared>,
    id: Uuid,
    request: FetchRequest,
    credits: Arc<AtomicU32>,
    signal: Arc<Notify>,
    /// Its place among the polls and what comes of it, while there are credits.
    fetching: Option<Fetching>,
}

/// `None` where nobody is handed tasks any more.
type Fetching = Pin<Box<dyn Future<Output = Option<FetchedTasks>> + Send>>;

/// All streams of this node with what they have delivered.
pub(crate) struct Streams {
    state: Mutex<State>,
    /// Of streams, for a look without the lock.
    count: AtomicUsize,
    streams_max: usize,
    /// When the next lock has to be extended.
    pub(crate) alarm: Alarm,
}

#[derive(Default)]
struct State {
    streams: HashMap<Uuid, Stream>,
    held: HashMap<ExternalTaskId, Held>,
    /// Tasks by the time at which their locks are extended; one whose extension is under way is not here.
    extensions: BTreeSet<(Timestamp, ExternalTaskId)>,
    /// Counts them.
    deliveries: u64,
    is_closed: bool,
}

struct Stream {
    worker_id: Arc<str>,
    credits: Arc<AtomicU32>,
    held: BTreeSet<ExternalTaskId>,
    lost: Vec<ExternalTaskId>,
    signal: Arc<Notify>,
}

/// A delivered task.
struct Held {
    stream: Uuid,
    root: ProcessInstanceId,
    lock_duration_ms: i64,
    extend_at: Timestamp,
    delivery: u64,
}

/// A lock that is to be extended.
pub(crate) struct Extension {
    pub(crate) id: ExternalTaskId,
    /// The task may be delivered anew while this one is under way.
    delivery: u64,
    pub(crate) worker_id: Arc<str>,
    pub(crate) lock_duration_ms: i64,
}

impl std::fmt::Debug for WorkerStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerStream").field("id", &self.id).finish_non_exhaustive()
    }
}

impl WorkerStream {
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// What comes next. Nothing is lost if it is dropped before it is there.
    pub async fn next(&mut self) -> StreamEvent {
        loop {
            match self.shared.streams.news_of(self.id) {
                Some(lost) if lost.is_empty() => {}
                Some(lost) => return StreamEvent::Lost(lost),
                None => return StreamEvent::Closed,
            }
            if self.fetching.is_none() && self.credits.load(Ordering::Relaxed) > 0 {
                let (shared, request, credits) = (self.shared.clone(), self.request.clone(), self.credits.clone());
                self.fetching = Some(Box::pin(shared.fetch_for_stream(request, credits)));
            }
            let Some(fetching) = &mut self.fetching else {
                self.signal.notified().await;
                continue;
            };
            tokio::select! {
                biased;
                fetched = fetching => {
                    self.fetching = None;
                    return match fetched {
                        Some(fetched) => self.delivered(fetched),
                        None => StreamEvent::Closed,
                    };
                }
                () = self.signal.notified() => {}
            }
        }
    }

    fn delivered(&self, fetched: FetchedTasks) -> StreamEvent {
        self.shared.streams.hold(self.id, &fetched.tasks, &self.request);
        StreamEvent::Tasks(fetched.delivered())
    }
}

impl Drop for WorkerStream {
    fn drop(&mut self) {
        // First what it was about to get.
        self.fetching = None;
        if let Some(held) = self.shared.streams.leave(self.id) {
            self.shared.clone().unlock_held(self.request.worker_id.clone(), held);
        }
    }
}

impl Shared {
    /// `tasks_max` of the request is the worker's credit at the start.
    pub(crate) fn open_stream(self: &Arc<Self>, request: FetchRequest) -> Result<WorkerStream, Error> {
        if self.admission.is_closed() {
            return Err(Error::ShuttingDown);
        }
        let id = self.ids.next(self.now());
        let (credits, signal) = (Arc::new(AtomicU32::new(request.tasks_max)), Arc::new(Notify::new()));
        self.streams.join(id, &request.worker_id, &credits, &signal)?;
        Ok(WorkerStream { shared: self.clone(), id, request, credits, signal, fetching: None })
    }

    /// Waits for a first task, as long as it takes.
    async fn fetch_for_stream(self: Arc<Self>, request: FetchRequest, credits: Arc<AtomicU32>) -> Option<FetchedTasks> {
        let tasks_max = || credits.load(Ordering::Relaxed);
        loop {
            match self.poll(request.clone(), tasks_max, None).await {
                Ok(fetched) if fetched.is_empty() => return None,
                Ok(fetched) => return Some(fetched),
                Err(Error::ShuttingDown) => return None,
                Err(error) => {
                    tracing::debug!(%error, "a worker stream could not be served; trying again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// A command is durable: if it has ended a worker's work on a task, its stream gets the credit back.
    pub(crate) fn note_end_of_work(&self, command: &Command) {
        if let Command::CompleteExternalTask { id, .. }
        | Command::FailExternalTask { id, .. }
        | Command::ThrowExternalTaskBpmnError { id, .. }
        | Command::UnlockExternalTask { id } = command
        {
            self.streams.work_ended(*id);
        }
    }
}

impl Streams {
    pub(crate) fn new(streams_max: usize) -> Streams {
        Streams { state: Mutex::default(), count: AtomicUsize::new(0), streams_max, alarm: Alarm::default() }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// # Errors
    /// `Overloaded` if there are too many already.
    fn join(&self, id: Uuid, worker: &Arc<str>, credits: &Arc<AtomicU32>, signal: &Arc<Notify>) -> Result<(), Error> {
        let mut state = self.lock();
        if state.streams.len() >= self.streams_max {
            return Err(Error::Overloaded { in_flight_max: self.streams_max });
        }
        let stream = Stream {
            worker_id: worker.clone(),
            credits: credits.clone(),
            held: BTreeSet::new(),
            lost: Vec::new(),
            signal: signal.clone(),
        };
        state.streams.insert(id, stream);
        self.count.store(state.streams.len(), Ordering::Relaxed);
        Ok(())
    }

    /// What a stream holds when it goes; `None` where that stays locked.
    fn leave(&self, id: Uuid) -> Option<Vec<(ExternalTaskId, ProcessInstanceId)>> {
        let mut state = self.lock();
        let stream = state.streams.remove(&id)?;
        self.count.store(state.streams.len(), Ordering::Relaxed);
        let held: Vec<_> = stream.held.iter().filter_map(|task| Some((*task, state.forget(*task)?.root))).collect();
        (!held.is_empty() && !state.is_closed).then_some(held)
    }

    /// Tasks that a stream has lost; `None` if it is at its end.
    fn news_of(&self, id: Uuid) -> Option<Vec<ExternalTaskId>> {
        let mut state = self.lock();
        if state.is_closed {
            return None;
        }
        state.streams.get_mut(&id).map(|stream| std::mem::take(&mut stream.lost))
    }

    fn hold(&self, id: Uuid, tasks: &[FetchedTask], request: &FetchRequest) {
        let mut state = self.lock();
        for FetchedTask { locked, .. } in tasks {
            let task = &locked.task;
            let mut topics = request.topics.iter().rev();
            let Some(topic) = topics.find(|topic| topic.claim.name == task.topic) else { continue };
            let lock_duration_ms = topic.claim.lock_duration_ms;
            let until = task.lock_expiration.unwrap_or(Timestamp(0));
            let extend_at = until.plus_ms(-(lock_duration_ms / 2));
            match state.held.get(&task.id).map(|held| held.stream) {
                Some(stream) if stream != id => state.lose(task.id),
                Some(_) => drop(state.give_back(task.id)),
                None => {}
            }
            state.deliveries += 1;
            let (root, delivery) = (task.root_process_instance_id, state.deliveries);
            let held = Held { stream: id, root, lock_duration_ms, extend_at, delivery };
            state.held.insert(task.id, held);
            state.extensions.insert((extend_at, task.id));
            self.alarm.set(extend_at);
            if let Some(stream) = state.streams.get_mut(&id) {
                stream.held.insert(task.id);
                let less = |credits: u32| credits.checked_sub(1);
                let _ = stream.credits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
            }
        }
    }

    fn work_ended(&self, id: ExternalTaskId) {
        if self.count() > 0 {
            self.lock().give_back(id);
        }
    }

    /// More tasks at once for the worker of a stream, as long as credits and delivered tasks are no more than
    /// `credits_max`. `None` if there is no such stream, else whether it got them.
    pub(crate) fn add_credits(&self, id: Uuid, more: u32, credits_max: u32) -> Option<bool> {
        let mut state = self.lock();
        let stream = state.streams.get_mut(&id)?;
        let held = u32::try_from(stream.held.len()).unwrap_or(u32::MAX);
        let all = stream.credits.load(Ordering::Relaxed).saturating_add(held).saturating_add(more);
        if all > credits_max {
            return Some(false);
        }
        stream.credits.fetch_add(more, Ordering::Relaxed);
        stream.signal.notify_one();
        Some(true)
    }

    /// Streams end, and none of them unlocks what it holds.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.streams.values().for_each(|stream| stream.signal.notify_one());
    }

    /// Locks that have to be extended by now, at most so many. Each is answered by `extended` or `lost`.
    pub(crate) fn due_extensions(&self, now: Timestamp, limit: usize) -> Vec<Extension> {
        let mut state = self.lock();
        let mut due = Vec::new();
        while due.len() < limit
            && let Some((at, id)) = state.extensions.first().copied()
            && at <= now
        {
            state.extensions.pop_first();
            let Some(held) = state.held.get(&id) else { continue };
            let Some(stream) = state.streams.get(&held.stream) else { continue };
            let worker_id = stream.worker_id.clone();
            let (delivery, lock_duration_ms) = (held.delivery, held.lock_duration_ms);
            due.push(Extension { id, delivery, worker_id, lock_duration_ms });
        }
        if let Some((at, _)) = state.extensions.first() {
            self.alarm.set(*at);
        }
        due
    }

    /// The lock is looked at again then.
    pub(crate) fn extend_at(&self, extension: &Extension, at: Timestamp) {
        let mut state = self.lock();
        let Some(held) = state.held_by(extension) else { return };
        held.extend_at = at;
        state.extensions.insert((at, extension.id));
        self.alarm.set(at);
    }

    pub(crate) fn lost(&self, extension: &Extension) {
        let mut state = self.lock();
        if state.held_by(extension).is_some() {
            state.lose(extension.id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl State {
    /// As long as it is the same delivery.
    fn held_by(&mut self, extension: &Extension) -> Option<&mut Held> {
        self.held.get_mut(&extension.id).filter(|held| held.delivery == extension.delivery)
    }

    fn forget(&mut self, id: ExternalTaskId) -> Option<Held> {
        let held = self.held.remove(&id)?;
        self.extensions.remove(&(held.extend_at, id));
        Some(held)
    }

    /// The worker has no more to do with a task: its stream may deliver another one.
    fn give_back(&mut self, id: ExternalTaskId) -> Option<&mut Stream> {
        let held = self.forget(id)?;
        let stream = self.streams.get_mut(&held.stream)?;
        stream.held.remove(&id);
        stream.credits.fetch_add(1, Ordering::Relaxed);
        stream.signal.notify_one();
        Some(stream)
    }

    fn lose(&mut self, id: ExternalTaskId) {
        if let Some(stream) = self.give_back(id) {
            stream.lost.push(id);
        }
    }
}
