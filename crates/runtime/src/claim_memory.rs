//! What a claim finds in memory, and what it leaves there: instances that are read because a task of theirs was fetched are
//! kept for its completion, which would read them again.
//!
//! Such a read follows the rules of any other load (`lane`): it begins while no commit is under way, commands wait for
//! it, and what changes past the lane meanwhile makes it void.

use std::sync::{Arc, Mutex, MutexGuard};

use engine::Snapshot;
use engine::instance::Aggregate;
use engine::record::ExternalTask;
use store::{ClaimVariables, NamedValues, RememberedVariables};
use types::ProcessInstanceId;

use crate::cache::{Lanes, Pin};
use crate::lane::{Readiness, variables_of};
use crate::settings::Nodes;
use crate::shared::Shared;

/// Instances that one claim reads. Who fetches more at once does not complete them soon.
const READ_MAX: usize = 64;

/// Of one claim.
#[derive(Debug)]
pub(crate) struct ClaimMemory {
    lanes: Arc<Lanes>,
    nodes: Nodes,
    loads: Mutex<Vec<Load>>,
}

/// A load that has begun. Dropped before it has ended, it has failed.
#[derive(Debug)]
struct Load {
    lane: Pin,
    /// What was read.
    aggregate: Option<Aggregate>,
    has_ended: bool,
}

impl ClaimMemory {
    pub(crate) fn new(lanes: Arc<Lanes>, nodes: Nodes) -> ClaimMemory {
        ClaimMemory { lanes, nodes, loads: Mutex::default() }
    }

    /// Gives what was read to the lanes. To be called before they are told of the claim.
    pub(crate) async fn take_over(&self, shared: &Shared) {
        let loads = std::mem::take(&mut *self.lock());
        for mut load in loads {
            let Some(aggregate) = load.aggregate.take() else { continue };
            match shared.definitions_of(&aggregate).await {
                Ok(definitions) => {
                    load.lane.loaded(aggregate, definitions);
                    load.has_ended = true;
                }
                // The completion meets the same and says so.
                Err(error) => tracing::debug!(%error, root = %load.lane.root, "a fetched instance is not kept"),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Load>> {
        self.loads.lock().expect("no holder of this lock panics")
    }
}

impl RememberedVariables for ClaimMemory {
    fn of(&self, task: &ExternalTask, wanted: &ClaimVariables) -> Option<NamedValues> {
        let loads = self.lock();
        if let Some(load) = loads.iter().find(|load| load.lane.root == task.root_process_instance_id) {
            return load.aggregate.as_ref().and_then(|aggregate| variables_of(aggregate, task, wanted));
        }
        drop(loads);
        match self.nodes {
            Nodes::Alone => self.lanes.stored_variables(task, wanted),
            // Another node may have changed what is in memory.
            Nodes::Several => None,
        }
    }

    fn begin_reading(&self, task: &ExternalTask) -> Option<ProcessInstanceId> {
        let root = task.root_process_instance_id;
        let mut loads = self.lock();
        // One that was called is only a part of what would have to be read.
        if task.process_instance_id != root || loads.len() >= READ_MAX {
            return None;
        }
        let lane = self.lanes.pin(root);
        let Readiness::ToLoad = lane.readiness() else { return None };
        loads.push(Load { lane, aggregate: None, has_ended: false });
        Some(root)
    }

    fn keep(&self, root: ProcessInstanceId, snapshot: Snapshot) {
        if let Some(load) = self.lock().iter_mut().find(|load| load.lane.root == root) {
            // What is damaged is read again for a command, which is told.
            load.aggregate = Aggregate::from_snapshot(snapshot).ok();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if !self.has_ended {
            self.lane.load_failed();
        }
    }
}
