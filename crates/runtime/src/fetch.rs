//! fetchAndLock: claims tasks, waits for them where there are none, and gives back those that nobody got to see.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use store::work::{ClaimWanted, TaskKey};
use store::{
    ClaimRequest, ClaimTopic, LocatedBy, LockedExternalTask, Remembered, RememberedVariables, StoreError, Work,
    WorkDone,
};
use tokio::time::Instant;

use crate::claim_memory::ClaimMemory;
use crate::command::in_own_task;
use crate::error::Error;
use crate::lane::{Holder, LaneWork};
use crate::pause::Pause;
use crate::poll::{AfterEmptyClaim, Interest, LastSearch};
use crate::request::{ExtensionProperties, FetchRequest, FetchedTask};
use crate::selection::Target;
use crate::settings::Nodes;
use crate::shared::Shared;

/// Tasks that are released by one unit of work when their time has come.
pub(crate) const RELEASE_MAX: u32 = 10_000;
/// Until a poll that was parked claims again after the database was not available.
const FAILED_CLAIM: Pause = Pause::between(100, 2_000);
/// When the database is asked again after it failed to release.
const RELEASE_RETRY_MS: i64 = 1_000;

/// How long a poll goes by what it is told of where its filters ask for variables, which can change unnoticed.
const SEARCH_INTERVAL: Duration = Duration::from_secs(1);

/// Tasks that were locked for a worker. Dropped without `delivered`, they are unlocked again: the worker never saw
/// them.
#[derive(Debug)]
pub struct FetchedTasks {
    pub tasks: Vec<FetchedTask>,
    shared: Option<Arc<Shared>>,
}

impl FetchedTasks {
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The answer was written: the locks stay.
    pub fn delivered(mut self) -> Vec<FetchedTask> {
        self.shared = None;
        std::mem::take(&mut self.tasks)
    }

    pub(crate) fn none() -> FetchedTasks {
        FetchedTasks { tasks: Vec::new(), shared: None }
    }
}

impl Drop for FetchedTasks {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take()
            && !self.tasks.is_empty()
        {
            let tasks = std::mem::take(&mut self.tasks);
            shared.unlock_undelivered(tasks);
        }
    }
}

/// Tells the store that nobody waits for a claim any more, unless it was answered.
struct Asker(ClaimWanted);

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Release);
    }
}

impl Shared {
    /// Locks tasks for a worker; waits for a first one as long as the request allows.
    pub(crate) async fn fetch_and_lock(self: &Arc<Self>, request: FetchRequest) -> Result<FetchedTasks, Error> {
        if request.async_response_timeout_ms == 0 {
            return self.look(&request, Vec::new()).await;
        }
        let deadline = Instant::now() + Duration::from_millis(request.async_response_timeout_ms);
        let tasks_max = request.tasks_max;
        self.poll(request, || tasks_max, Some(deadline)).await
    }

    /// Waits for a first task until the deadline, if there is one. How many are wanted is asked before each look.
    pub(crate) async fn poll(
        self: &Arc<Self>,
        mut request: FetchRequest,
        tasks_max: impl Fn() -> u32,
        deadline: Option<Instant>,
    ) -> Result<FetchedTasks, Error> {
        let place = self.polls.join(interests(&request))?;
        let mut targets = Vec::new();
        let mut searched_at = Instant::now();
        let mut was_parked = false;
        let mut pause = FAILED_CLAIM;
        loop {
            request.tasks_max = tasks_max();
            let fetched = match self.look(&request, targets).await {
                Err(Error::ShuttingDown) => return Ok(FetchedTasks::none()),
                // It keeps its wakes. Who has just come is told that the database is away instead.
                Err(Error::Store(StoreError::Unavailable(why))) if was_parked => {
                    tracing::debug!(why, "a parked poll could not claim; it tries again");
                    if !comes_before(deadline, tokio::time::sleep(pause.next())).await {
                        return Ok(FetchedTasks::none());
                    }
                    targets = Vec::new();
                    continue;
                }
                other => other?,
            };
            if !fetched.is_empty() {
                place.after_claim(|topic| fetched.count_of(topic));
                return Ok(fetched);
            }
            match place.after_empty_claim() {
                AfterEmptyClaim::ClaimAgain => {}
                AfterEmptyClaim::GiveUp => return Ok(FetchedTasks::none()),
                AfterEmptyClaim::Wait => {
                    (was_parked, pause) = (true, FAILED_CLAIM);
                    if !comes_before(deadline, place.woken()).await {
                        return Ok(FetchedTasks::none());
                    }
                }
            }
            let age = if searched_at.elapsed() < SEARCH_INTERVAL { LastSearch::Fresh } else { LastSearch::Old };
            targets = place.targets(age);
            if targets.contains(&Target::All) {
                searched_at = Instant::now();
            }
        }
    }

    /// One look.
    async fn look(self: &Arc<Self>, request: &FetchRequest, targets: Vec<Target>) -> Result<FetchedTasks, Error> {
        if request.tasks_max == 0 || request.topics.iter().all(|topic| topic.claim.takes_all()) {
            return self.claim(request, Vec::new()).await;
        }
        Box::pin(self.claim_selected(request, targets)).await
    }

    /// One claim. If the caller stops waiting before it is applied, nothing is locked; if after, all is unlocked.
    pub(crate) async fn claim(
        self: &Arc<Self>,
        request: &FetchRequest,
        candidates: Vec<Option<Vec<TaskKey>>>,
    ) -> Result<FetchedTasks, Error> {
        let admitted = self.admission.admit()?;
        let now = self.now();
        let memory = self.claim_memory();
        let asker = Asker(ClaimWanted(Arc::new(AtomicBool::new(true))));
        let claimed = self.store.submit(Work::Claim(ClaimRequest {
            now,
            worker_id: request.worker_id.clone(),
            tasks_max: request.tasks_max,
            order: request.order.clone(),
            topics: request.topics.iter().map(|topic| topic.claim.clone()).collect(),
            candidates,
            is_wanted: asker.0.clone(),
            remembered: Remembered(memory.clone().map(|memory| memory as Arc<dyn RememberedVariables>)),
        }));
        let shared = self.clone();
        let wanted_properties = topics_with_properties(request);
        let fetched = in_own_task(async move {
            let _admitted = admitted;
            let WorkDone::Claimed(locked) = claimed.await? else {
                return Err(Error::Defect("the store answered a claim with something else".to_owned()));
            };
            if let Some(memory) = memory {
                memory.take_over(&shared).await;
            }
            shared.after_lock(&locked);
            let tasks = locked.into_iter().map(|locked| FetchedTask { locked, extension_properties: Vec::new() });
            let mut fetched = FetchedTasks { tasks: tasks.collect(), shared: Some(shared.clone()) };
            shared.add_properties(&mut fetched, &wanted_properties).await?;
            Ok(fetched)
        })
        .await;
        drop(asker);
        fetched
    }

    /// Where other nodes live, a completion may come to any of them: nothing is read for it beforehand.
    fn claim_memory(&self) -> Option<Arc<ClaimMemory>> {
        let is_last_of_several = || self.nodes_living.load(Ordering::Relaxed) <= 1;
        let nodes = self.settings.nodes;
        (nodes == Nodes::Alone || is_last_of_several()).then(|| Arc::new(ClaimMemory::new(self.lanes.clone(), nodes)))
    }

    /// Takes a claim over into what is in memory.
    fn after_lock(self: &Arc<Self>, locked: &[LockedExternalTask]) {
        if let Some(first) = locked.iter().filter_map(|locked| locked.task.lock_expiration).min() {
            self.polls.expiry.set(first);
        }
        for LockedExternalTask { task, .. } in locked {
            self.lanes.note_root(LocatedBy::ExternalTask(task.id), task.root_process_instance_id);
            if let Some(lane) = self.lanes.existing(task.root_process_instance_id) {
                lane.refresh(task);
            }
        }
    }

    async fn add_properties(&self, fetched: &mut FetchedTasks, topics: &[Arc<str>]) -> Result<(), Error> {
        if topics.is_empty() {
            return Ok(());
        }
        for fetched in fetched.tasks.iter_mut().filter(|fetched| topics.contains(&fetched.locked.task.topic)) {
            let task = &fetched.locked.task;
            let Some(definition) = self.definitions.by_id(self, &task.definition_id).await? else { continue };
            if let Some(index) = definition.model.element_by_id(&task.activity_id) {
                fetched.extension_properties = definition.model.element(index).properties.clone();
            }
        }
        Ok(())
    }

    /// Gives back tasks whose answer never arrived, each only if its lock is still that of the answer.
    fn unlock_undelivered(self: Arc<Self>, tasks: Vec<FetchedTask>) {
        let admitted = self.admission.admit_consequence();
        let handle = self.handle.clone();
        handle.spawn(async move {
            for FetchedTask { locked: LockedExternalTask { task, .. }, .. } in tasks {
                let lane = self.lanes.pin(task.root_process_instance_id);
                let work = LaneWork::Unlock { id: task.id, holder: Holder::Claim { lock_epoch: task.lock_epoch } };
                if let Err(error) = self.run(&lane, &work).await {
                    tracing::warn!(task = %task.id, %error, "a task whose answer never arrived stays locked");
                }
            }
            drop(admitted);
        });
    }

    /// Makes tasks fetchable as their lock or retry timeout ends, and wakes who waits for them.
    pub(crate) async fn release_expired(self: Arc<Self>) {
        loop {
            self.polls.expiry.ring(&self.settings.clock).await;
            let release = self.store.submit(Work::ReleaseExpired { now: self.now(), limit: RELEASE_MAX });
            self.after_release(release.await);
        }
    }

    pub(crate) fn after_release(&self, released: Result<WorkDone, StoreError>) {
        match released {
            Ok(WorkDone::Released { topics, next }) => {
                for topic in topics {
                    self.polls.topic_fetchable(&topic);
                }
                if let Some(next) = next {
                    self.polls.expiry.set(next);
                }
            }
            Ok(_) => tracing::error!("the store answered a release with something else"),
            Err(error) => {
                tracing::warn!(%error, "tasks whose lock has run out could not be released; trying again");
                self.polls.expiry.set(self.now().plus_ms(RELEASE_RETRY_MS));
            }
        }
    }
}

impl FetchedTasks {
    fn count_of(&self, topic: &str) -> u32 {
        let count = self.tasks.iter().filter(|fetched| *fetched.locked.task.topic == *topic).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// Waits for it; false if the deadline was there first.
async fn comes_before(deadline: Option<Instant>, awaited: impl Future<Output = ()>) -> bool {
    match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline, awaited).await.is_ok(),
        None => {
            awaited.await;
            true
        }
    }
}

fn topics_with_properties(request: &FetchRequest) -> Vec<Arc<str>> {
    let included =
        |included: &&crate::request::FetchTopic| included.extension_properties == ExtensionProperties::Included;
    request.topics.iter().filter(included).map(|topic| topic.claim.name.clone()).collect()
}

fn interests(request: &FetchRequest) -> Vec<Interest> {
    let interest = |claim: &ClaimTopic| {
        let filters = (request.tasks_max == 0 || !claim.takes_all()).then(|| Box::new(claim.clone()));
        Interest { topic: claim.name.clone(), filters }
    };
    request.topics.iter().map(|topic| interest(&topic.claim)).collect()
}
