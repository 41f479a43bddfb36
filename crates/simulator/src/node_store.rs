//! The database as one life of one node sees it.

use std::future::pending;
use std::sync::Arc;

use engine::Snapshot;
use query::{SqlValue, Statement};
use store::{LocatedBy, News, Newsfeed, Pending, Store, Work, WorkDone};
use tokio::sync::oneshot;
use types::ProcessInstanceId;

use crate::inbox::{Asked, Inbox, Life, Reply};

#[derive(Debug)]
pub struct NodeStore {
    pub inbox: Arc<Inbox>,
    pub life: Life,
    /// Nobody can be heard, as on a database without `LISTEN`.
    pub is_deaf: bool,
}

impl NodeStore {
    /// A node that has crashed waits for ever.
    fn ask<T: Send + 'static>(&self, asked: impl FnOnce(Reply<T>) -> Asked) -> Pending<'static, T> {
        let (reply, answer) = oneshot::channel();
        self.inbox.push(self.life, asked(reply));
        Box::pin(async move {
            match answer.await {
                Ok(answer) => answer,
                Err(_) => pending().await,
            }
        })
    }
}

impl Store for NodeStore {
    fn locate(&self, by: LocatedBy) -> Pending<'_, Option<ProcessInstanceId>> {
        self.ask(|reply| Asked::Locate(by, reply))
    }

    fn load(&self, root: ProcessInstanceId) -> Pending<'_, Option<Snapshot>> {
        self.ask(|reply| Asked::Load(root, reply))
    }

    fn select(&self, statement: Statement) -> Pending<'_, Vec<Vec<SqlValue>>> {
        self.ask(|reply| Asked::Select(statement, reply))
    }

    fn submit(&self, work: Work) -> Pending<'static, WorkDone> {
        self.ask(|reply| Asked::Submit(work, reply))
    }

    fn announce(&self, news: News) {
        self.inbox.announce(self.life, news);
    }

    fn listen(&self) -> Option<Newsfeed> {
        if self.is_deaf { None } else { self.inbox.listen(self.life) }
    }
}
