//! What is true: read off every unit that the database has committed, by rules of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::history::{ExternalTaskLogKind, HistoryChange, JobLogKind};
use engine::record::{ExternalTask, Job, ProcessInstance, Task};
use engine::{ChangeSet, TableChange};
use store::{ClaimRequest, LockedExternalTask, Work, WorkDone};
use tokio::time::Instant;
use types::{ExternalTaskId, JobId, ProcessInstanceId, TaskId, Timestamp};

use crate::inbox::Life;
use crate::tally::Tally;

#[derive(Debug, Default)]
pub struct Ledger {
    pub external_tasks: BTreeMap<ExternalTaskId, TaskTruth>,
    pub instances: BTreeMap<ProcessInstanceId, InstanceTruth>,
    pub user_tasks: BTreeMap<TaskId, Option<Task>>,
    pub jobs: BTreeMap<JobId, JobTruth>,
    /// What the store has ever been told the time is by somebody who releases locks.
    released_until: Option<Timestamp>,
    pub tally: Tally,
}

#[derive(Debug)]
pub struct TaskTruth {
    pub row: ExternalTask,
    pub is_gone: bool,
    pub succeeded_by: Option<Arc<str>>,
    /// Counts changes of the row.
    pub version: u64,
    pub changed_at: Instant,
    /// The node that knows of the last change, and since when.
    pub known: Option<(Life, Instant)>,
}

#[derive(Debug)]
pub struct InstanceTruth {
    pub row: ProcessInstance,
    pub is_ended: bool,
    /// Somebody has deleted or modified it, or tried to.
    pub is_interfered_with: bool,
}

#[derive(Debug)]
pub struct JobTruth {
    pub row: Job,
    pub is_gone: bool,
    successes: u32,
}

/// A broken promise, in words.
pub type Violation = String;

/// An external task as a unit has left it.
pub type Left = (ExternalTaskId, u64);

impl Ledger {
    /// Takes over a unit that was committed; answers which external tasks it has changed.
    pub fn observe(&mut self, work: &Work, done: &WorkDone) -> Result<Vec<Left>, Violation> {
        let mut left = Vec::new();
        match (work, done) {
            (Work::Apply(change_sets) | Work::ApplyAndRun(change_sets, _) | Work::ApplyAndNote(change_sets, _), _) => {
                for change_set in change_sets {
                    self.observe_change_set(change_set, &mut left)?;
                }
            }
            (Work::Claim(request), WorkDone::Claimed(tasks)) => {
                self.told_time(request.now);
                for task in tasks {
                    left.push(self.observe_claim(request, task)?);
                }
            }
            (Work::ReleaseExpired { now, .. }, _) => self.told_time(*now),
            _ => {}
        }
        Ok(left)
    }

    /// A node has the answer of a unit that has left these tasks.
    pub fn know(&mut self, life: Life, left: &[Left]) {
        for (id, version) in left {
            if let Some(task) = self.external_tasks.get_mut(id)
                && task.version == *version
            {
                task.known = Some((life, Instant::now()));
            }
        }
    }

    /// A node that is alone has looked at all there is.
    pub fn know_all(&mut self, life: Life) {
        for task in self.external_tasks.values_mut() {
            task.known = Some((life, Instant::now()));
        }
    }

    /// With the whole tree that an instance belongs to.
    pub fn interfere(&mut self, id: ProcessInstanceId) {
        let Some(root) = self.instances.get(&id).map(|truth| truth.row.root_process_instance_id) else { return };
        for truth in self.instances.values_mut().filter(|truth| truth.row.root_process_instance_id == root) {
            truth.is_interfered_with = true;
        }
    }

    pub fn running(&self) -> impl Iterator<Item = (ProcessInstanceId, &InstanceTruth)> {
        self.instances.iter().filter(|(_, instance)| !instance.is_ended).map(|(id, instance)| (*id, instance))
    }

    pub fn by_business_key(&self, key: &str) -> Option<&InstanceTruth> {
        self.instances.values().find(|instance| instance.row.business_key.as_deref() == Some(key))
    }

    fn told_time(&mut self, now: Timestamp) {
        self.released_until = self.released_until.max(Some(now));
    }

    fn observe_claim(&mut self, request: &ClaimRequest, locked: &LockedExternalTask) -> Result<Left, Violation> {
        let row = &locked.task;
        let id = row.id;
        let Some(truth) = self.external_tasks.get_mut(&id) else {
            return Err(format!("the task {id} was handed out, which was never created"));
        };
        if truth.is_gone {
            return Err(format!("the task {id} was handed out, which is gone"));
        }
        if truth.row.fetchable_from().is_none() {
            return Err(format!("the task {id} was handed out, which cannot be fetched: {:?}", truth.row));
        }
        if let Some(until) = truth.row.lock_expiration
            && until > request.now
            && self.released_until.is_none_or(|released| until > released)
        {
            let holder = truth.row.worker_id.as_deref().unwrap_or("nobody");
            let to = &request.worker_id;
            return Err(format!(
                "the task {id} was handed out to {to} at {}, held by {holder} until {until}",
                request.now
            ));
        }
        self.tally.claimed += 1;
        self.tally.taken_over +=
            u64::from(truth.row.worker_id.as_ref().is_some_and(|worker| *worker != request.worker_id));
        truth.row = row.clone();
        truth.version += 1;
        truth.changed_at = Instant::now();
        truth.known = None;
        Ok((id, truth.version))
    }

    fn observe_change_set(&mut self, change_set: &ChangeSet, left: &mut Vec<Left>) -> Result<(), Violation> {
        for change in &change_set.history {
            self.observe_history(change)?;
        }
        for change in &change_set.external_tasks {
            self.observe_external_task(change, left)?;
        }
        for change in &change_set.process_instances {
            match change {
                TableChange::Insert(row) => {
                    let truth =
                        InstanceTruth { row: ProcessInstance::clone(row), is_ended: false, is_interfered_with: false };
                    self.tally.instances += 1;
                    if self.instances.insert(row.id, truth).is_some() {
                        return Err(format!("the instance {} was started twice", row.id));
                    }
                }
                TableChange::Update(row) => match self.instances.get_mut(&row.id) {
                    Some(truth) if !truth.is_ended => truth.row = ProcessInstance::clone(row),
                    _ => return Err(format!("the instance {} changes, which does not run", row.id)),
                },
                TableChange::Delete(id) => match self.instances.get_mut(id) {
                    Some(truth) if !truth.is_ended => truth.is_ended = true,
                    _ => return Err(format!("the instance {id} ends, which does not run")),
                },
            }
        }
        for change in &change_set.tasks {
            match change {
                TableChange::Insert(row) | TableChange::Update(row) => {
                    self.user_tasks.insert(row.id, Some(Task::clone(row)));
                }
                TableChange::Delete(id) => {
                    if self.user_tasks.insert(*id, None).flatten().is_none() {
                        return Err(format!("the user task {id} ends, which is not there"));
                    }
                }
            }
        }
        for change in &change_set.jobs {
            match change {
                TableChange::Insert(row) | TableChange::Update(row) => {
                    let truth = self.jobs.entry(row.id);
                    let truth =
                        truth.or_insert_with(|| JobTruth { row: Job::clone(row), is_gone: false, successes: 0 });
                    truth.row = Job::clone(row);
                }
                TableChange::Delete(id) => match self.jobs.get_mut(id) {
                    Some(truth) if !truth.is_gone => truth.is_gone = true,
                    _ => return Err(format!("the job {id} ends, which is not there")),
                },
            }
        }
        Ok(())
    }

    fn observe_external_task(
        &mut self,
        change: &TableChange<ExternalTask>,
        left: &mut Vec<Left>,
    ) -> Result<(), Violation> {
        match change {
            TableChange::Insert(row) => {
                let truth = TaskTruth {
                    row: ExternalTask::clone(row),
                    is_gone: false,
                    succeeded_by: None,
                    version: 1,
                    changed_at: Instant::now(),
                    known: None,
                };
                left.push((row.id, 1));
                if self.external_tasks.insert(row.id, truth).is_some() {
                    return Err(format!("the task {} was created twice", row.id));
                }
            }
            TableChange::Update(row) => {
                let truth = self.external_tasks.get_mut(&row.id).filter(|truth| !truth.is_gone);
                let Some(truth) = truth else { return Err(format!("the task {} changes, which is not there", row.id)) };
                if row.worker_id.is_some()
                    && row.worker_id != truth.row.worker_id
                    && truth.row.lock_expiration.is_some()
                {
                    let (holder, by) = (&truth.row.worker_id, &row.worker_id);
                    return Err(format!("the lock of {holder:?} on the task {} was given back to {by:?}", row.id));
                }
                truth.row = ExternalTask::clone(row);
                truth.version += 1;
                truth.changed_at = Instant::now();
                truth.known = None;
                left.push((row.id, truth.version));
            }
            TableChange::Delete(id) => {
                let truth = self.external_tasks.get_mut(id).filter(|truth| !truth.is_gone);
                let Some(truth) = truth else { return Err(format!("the task {id} ends, which is not there")) };
                truth.is_gone = true;
            }
        }
        Ok(())
    }

    fn observe_history(&mut self, change: &HistoryChange) -> Result<(), Violation> {
        match change {
            HistoryChange::ExternalTaskLogged(entry) if entry.kind == ExternalTaskLogKind::Succeeded => {
                let id = entry.external_task_id;
                let Some(truth) = self.external_tasks.get_mut(&id) else {
                    return Err(format!("the task {id} was completed, which was never created"));
                };
                if truth.is_gone || truth.succeeded_by.is_some() {
                    return Err(format!("the task {id} was completed once more"));
                }
                if truth.row.worker_id != entry.worker_id {
                    let (by, holder) = (&entry.worker_id, &truth.row.worker_id);
                    return Err(format!(
                        "the task {id} was completed for {by:?}, whose lock {holder:?} had taken over"
                    ));
                }
                self.tally.completions += 1;
                truth.succeeded_by = entry.worker_id.clone();
            }
            HistoryChange::JobLogged(entry) if entry.kind == JobLogKind::Succeeded => {
                let Some(truth) = self.jobs.get_mut(&entry.job_id) else {
                    return Err(format!("the job {} was done, which was never created", entry.job_id));
                };
                truth.successes += 1;
                self.tally.jobs += 1;
                // A repeated timer is a new job each time.
                if truth.is_gone || truth.successes > 1 {
                    return Err(format!("the job {} was done once more", entry.job_id));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
