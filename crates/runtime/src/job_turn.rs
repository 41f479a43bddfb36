//! Jobs outside of instances are run by one at a time: no lane sees to that.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use types::JobId;

#[derive(Debug, Default)]
pub(crate) struct JobTurns(Mutex<BTreeSet<JobId>>);

/// Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct JobTurn {
    turns: Arc<JobTurns>,
    id: JobId,
}

impl JobTurns {
    /// `None` while somebody else runs the job.
    pub(crate) fn take(self: &Arc<Self>, id: JobId) -> Option<JobTurn> {
        let is_free = self.lock().insert(id);
        is_free.then(|| JobTurn { turns: self.clone(), id })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<JobId>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

impl Drop for JobTurn {
    fn drop(&mut self) {
        self.turns.lock().remove(&self.id);
    }
}
