//! A store that notes, in the unit of work of a request, that the request was carried out.

use std::sync::Arc;

use engine::Snapshot;
use query::{SqlValue, Statement};
use store::{LocatedBy, News, Newsfeed, Pending, Store, StoreMetrics, Work, WorkDone};
use types::ProcessInstanceId;

use crate::idempotency::Recording;

pub(crate) struct RecordingStore {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) recording: Arc<Recording>,
}

impl Store for RecordingStore {
    fn locate(&self, by: LocatedBy) -> Pending<'_, Option<ProcessInstanceId>> {
        self.inner.locate(by)
    }

    fn load(&self, root: ProcessInstanceId) -> Pending<'_, Option<Snapshot>> {
        self.inner.load(root)
    }

    fn select(&self, statement: Statement) -> Pending<'_, Vec<Vec<SqlValue>>> {
        self.inner.select(statement)
    }

    /// The first unit that changes something takes the note along.
    fn submit(&self, work: Work) -> Pending<'static, WorkDone> {
        let changes_something = match &work {
            Work::Apply(change_sets) if !change_sets.is_empty() => true,
            Work::ApplyAndNote(change_sets, _) | Work::ApplyAndRun(change_sets, _) if !change_sets.is_empty() => true,
            Work::Apply(_) | Work::Remove(_) | Work::Claim(_) | Work::ClaimJobs(_) | Work::ReleaseExpired { .. } => {
                false
            }
            Work::Run(statements) | Work::ApplyAndRun(_, statements) => !statements.is_empty(),
            Work::ApplyAndNote(_, note) => !note.is_empty(),
        };
        if !changes_something || !self.recording.begin_unit() {
            return self.inner.submit(work);
        }
        let note = self.recording.note();
        let (work, is_run) = match work {
            Work::Apply(change_sets) => (Work::ApplyAndNote(change_sets, note), false),
            Work::ApplyAndNote(change_sets, mut statements) => {
                statements.extend(note);
                (Work::ApplyAndNote(change_sets, statements), false)
            }
            Work::ApplyAndRun(change_sets, mut statements) => {
                statements.extend(note);
                (Work::ApplyAndRun(change_sets, statements), false)
            }
            Work::Run(mut statements) => {
                statements.extend(note);
                (Work::Run(statements), true)
            }
            other => (other, false),
        };
        let pending = self.inner.submit(work);
        let recording = self.recording.clone();
        Box::pin(async move {
            let done = pending.await;
            recording.end_unit(done.is_ok());
            done.map(|_| if is_run { WorkDone::Ran } else { WorkDone::Applied })
        })
    }

    fn check(&self) -> Pending<'_, ()> {
        self.inner.check()
    }

    fn announce(&self, news: News) {
        self.inner.announce(news);
    }

    fn listen(&self) -> Option<Newsfeed> {
        self.inner.listen()
    }

    fn metrics(&self) -> Option<&StoreMetrics> {
        self.inner.metrics()
    }
}
