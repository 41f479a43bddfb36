//! What nodes have asked of the database and it has not yet taken up.

use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::Snapshot;
use query::{SqlValue, Statement};
use store::{LocatedBy, News, Newsfeed, StoreError, Work, WorkDone};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;
use types::ProcessInstanceId;

pub type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// One life of one node: a crash ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Life {
    pub node: usize,
    pub number: u64,
}

#[derive(Debug)]
pub struct Request {
    pub life: Life,
    pub asked: Asked,
}

#[derive(Debug)]
pub enum Asked {
    Locate(LocatedBy, Reply<Option<ProcessInstanceId>>),
    Load(ProcessInstanceId, Reply<Option<Snapshot>>),
    Select(Statement, Reply<Vec<Vec<SqlValue>>>),
    Submit(Work, Reply<WorkDone>),
}

#[derive(Debug, Default)]
pub struct Inbox {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Debug, Default)]
pub struct State {
    pub waiting: Vec<Request>,
    /// What nodes tell the others and nobody has heard yet.
    pub news: Vec<(Life, News)>,
    pub lines: Vec<Line>,
}

/// The connection of a node.
#[derive(Debug)]
pub struct Line {
    pub life: Life,
    /// While the node stands still nothing of it arrives and nothing arrives at it.
    pub stalled_until: Instant,
    /// Where it hears of others.
    feed: Option<mpsc::UnboundedSender<News>>,
}

impl Inbox {
    pub fn push(&self, life: Life, asked: Asked) {
        let mut state = self.lock();
        if state.is_alive(life) {
            state.waiting.push(Request { life, asked });
            drop(state);
            self.arrived.notify_one();
        }
    }

    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Ends the life of a node, with all that it has asked.
    pub fn cut(&self, life: Life) {
        let mut state = self.lock();
        state.lines.retain(|line| line.life != life);
        state.waiting.retain(|request| request.life != life);
    }

    pub fn connect(&self, life: Life) {
        self.lock().lines.push(Line { life, stalled_until: Instant::now(), feed: None });
    }

    pub fn announce(&self, life: Life, news: News) {
        let mut state = self.lock();
        if state.is_alive(life) {
            state.news.push((life, news));
            drop(state);
            self.arrived.notify_one();
        }
    }

    pub fn listen(&self, life: Life) -> Option<Newsfeed> {
        let (sender, feed) = mpsc::unbounded_channel();
        let mut state = self.lock();
        state.lines.iter_mut().find(|line| line.life == life)?.feed = Some(sender);
        Some(feed)
    }

    pub fn stall(&self, life: Life, until: Instant) {
        if let Some(line) = self.lock().lines.iter_mut().find(|line| line.life == life) {
            line.stalled_until = until;
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub fn is_alive(&self, life: Life) -> bool {
        self.line(life).is_some()
    }

    /// A node hears something of another.
    pub fn tell(&self, life: Life, news: News) {
        if let Some(feed) = self.line(life).and_then(|line| line.feed.as_ref()) {
            // A node that does not listen any more looks by itself.
            let _ = feed.send(news);
        }
    }

    pub fn line(&self, life: Life) -> Option<&Line> {
        self.lines.iter().find(|line| line.life == life)
    }
}
