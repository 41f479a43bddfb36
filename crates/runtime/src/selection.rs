//! Claims of topics with filters. What they want is looked for beside the writer, in steps of bounded length, and then
//! claimed by its keys: a search through a long backlog holds nobody up.

use std::sync::Arc;

use store::work::TaskKey;
use store::{TaskSearch, Work};

use crate::error::Error;
use crate::fetch::{FetchedTasks, RELEASE_MAX};
use crate::request::FetchRequest;
use crate::shared::Shared;

/// Steps of searches that are under way at once.
pub(crate) const SEARCHES_MAX: usize = 2;

/// What of a topic a claim looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    All,
    /// Nothing else that is wanted can have become fetchable since the last look at all.
    These(Vec<TaskKey>),
}

/// A claim on its way through the topics of its request.
struct Selection<'r> {
    request: &'r FetchRequest,
    topics: Vec<Progress>,
}

enum Progress {
    /// The claim itself walks to what is wanted.
    Walk,
    Given(Vec<TaskKey>),
    Search(Box<TaskSearch>),
    /// There is nothing, or an entry further on names the same topic.
    Nothing,
}

impl Shared {
    /// `targets` are those of the request's topics; none where all of all topics are looked at.
    pub(crate) async fn claim_selected(
        self: &Arc<Self>,
        request: &FetchRequest,
        targets: Vec<Target>,
    ) -> Result<FetchedTasks, Error> {
        if self.polls.expiry.is_due(self.now()) {
            // What has run out by now can be fetched, and a search does not see that by itself.
            let release = self.store.submit(Work::ReleaseExpired { now: self.now(), limit: RELEASE_MAX });
            self.after_release(release.await);
        }
        let mut selection = Selection::new(self, request, targets);
        loop {
            let candidates = {
                let _admitted = self.admission.admit()?;
                selection.candidates(self).await?
            };
            if candidates.iter().all(|keys| keys.as_ref().is_some_and(Vec::is_empty)) {
                if selection.go_on(self) {
                    continue;
                }
                return Ok(FetchedTasks::none());
            }
            let fetched = self.claim(request, candidates).await?;
            // Others may have been faster.
            if !fetched.is_empty() || !selection.go_on(self) {
                return Ok(fetched);
            }
        }
    }
}

impl<'r> Selection<'r> {
    fn new(shared: &Shared, request: &'r FetchRequest, targets: Vec<Target>) -> Selection<'r> {
        let mut targets = targets.into_iter();
        let topics = request.topics.iter().enumerate().map(|(n, topic)| {
            let target = targets.next().unwrap_or(Target::All);
            // Camunda: of two that name the same topic, the last one counts.
            if request.topics[n + 1..].iter().any(|later| later.claim.name == topic.claim.name) {
                return Progress::Nothing;
            }
            match target {
                _ if topic.claim.takes_all() => Progress::Walk,
                Target::These(keys) => Progress::Given(keys),
                Target::All => search(shared, request, n),
            }
        });
        Selection { request, topics: topics.collect() }
    }

    /// Of each topic what is looked at next: as many tasks as the request wants, if there are so many.
    async fn candidates(&mut self, shared: &Shared) -> Result<Vec<Option<Vec<TaskKey>>>, Error> {
        let mut candidates = Vec::with_capacity(self.topics.len());
        for topic in &mut self.topics {
            candidates.push(match topic {
                Progress::Walk => None,
                Progress::Given(keys) => Some(keys.clone()),
                Progress::Nothing => Some(Vec::new()),
                Progress::Search(search) => {
                    let mut found = Vec::new();
                    while found.len() < self.request.tasks_max as usize
                        && let Some(step) = search.step()
                    {
                        if shared.admission.is_closed() {
                            return Err(Error::ShuttingDown);
                        }
                        // They take turns, and leave readers to others.
                        let turn = shared.search_turns.acquire().await.map_err(|_| Error::ShuttingDown)?;
                        found.append(&mut search.take(shared.store.select(step).await?)?);
                        drop(turn);
                    }
                    Some(found)
                }
            });
        }
        Ok(candidates)
    }

    /// After a claim that has got nothing: whether there is more to look at. Where a task that was told of has gone, it
    /// was taken by somebody who was told of another one.
    fn go_on(&mut self, shared: &Shared) -> bool {
        let mut is_more = false;
        for (n, topic) in self.topics.iter_mut().enumerate() {
            *topic = match std::mem::replace(topic, Progress::Nothing) {
                Progress::Given(keys) if !keys.is_empty() => search(shared, self.request, n),
                Progress::Search(search) if search.step().is_some() => Progress::Search(search),
                Progress::Given(_) | Progress::Search(_) | Progress::Nothing => Progress::Nothing,
                Progress::Walk => Progress::Walk,
            };
            is_more |= matches!(topic, Progress::Search(_));
        }
        is_more
    }
}

fn search(shared: &Shared, request: &FetchRequest, topic: usize) -> Progress {
    let wanted = request.topics[topic].claim.clone();
    let search = TaskSearch::new(wanted, &request.order, request.tasks_max, shared.settings.dialect);
    Progress::Search(Box::new(search))
}
