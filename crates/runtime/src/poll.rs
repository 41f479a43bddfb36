//! Polls that wait for external tasks, by topic, first come, first served.
//!
//! Each fetchable task makes one wake, which goes to the first parked poll of its topic. A poll that is not parked
//! (its claim is under way) keeps the wakes it misses, and claims again before it parks: so none is lost between a
//! claim and parking. Wakes that a poll leaves unused when it goes are passed on. A parked poll costs memory only.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;
use types::Timestamp;

use store::{ClaimTopic, News, Store};

use crate::alarm::Alarm;
use crate::effect::TaskTraits;
use crate::error::Error;
use crate::selection::Target;

pub(crate) struct Polls {
    state: Mutex<State>,
    /// Where other nodes learn of tasks that no poll of this one waits for.
    others: Option<Arc<dyn Store>>,
    /// When the next lock or retry timeout ends.
    pub(crate) expiry: Alarm,
    polls_max: usize,
}

#[derive(Debug, Default)]
struct State {
    polls: HashMap<PollId, Poll>,
    topics: HashMap<Arc<str>, Queue>,
    last_id: u64,
    is_closed: bool,
    /// Topics of tasks of this node that no poll waits for.
    unwanted: Vec<Arc<str>>,
    has_others: bool,
}

/// In order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct PollId(u64);

#[derive(Debug, Default)]
struct Queue {
    parked: BTreeSet<PollId>,
    claiming: BTreeSet<PollId>,
}

#[derive(Debug)]
struct Poll {
    interests: Vec<Interest>,
    is_parked: bool,
    /// Those that its claim answers.
    wakes: Vec<Wake>,
    /// Those that came while its claim was under way.
    missed: Vec<Wake>,
    signal: Arc<Notify>,
}

impl std::fmt::Debug for Polls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Polls").field("state", &self.state).finish_non_exhaustive()
    }
}

/// A topic that a poll waits for.
#[derive(Debug)]
pub(crate) struct Interest {
    pub topic: Arc<str>,
    /// `None` if every task of the topic is taken. With filters a poll can come back empty while there are tasks for
    /// others.
    pub filters: Option<Box<ClaimTopic>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Wake {
    origin: Origin,
    topic: Arc<str>,
    extent: Extent,
    tasks: Told,
}

/// What is known of the tasks that a wake is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    One(TaskTraits),
    Many(Vec<TaskTraits>),
}

/// Of a poll through all that its filters let pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastSearch {
    Fresh,
    Old,
}

/// Tasks that one wake tells of; with more it tells nothing.
const TOLD_MAX: usize = 100;

/// Where a wake came from. Those of other nodes are not told to other nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Here,
    Elsewhere,
}

/// How many tasks there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Tasks(u32),
    /// An unknown number: whoever finds one wakes the next.
    Unknown,
}

/// A poll's place in the queues of its topics, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    polls: Arc<Polls>,
    id: PollId,
    signal: Arc<Notify>,
}

/// What a poll does after a claim that found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterEmptyClaim {
    ClaimAgain,
    /// It is parked: `Place::woken` tells when to claim again.
    Wait,
    /// No poll waits any more.
    GiveUp,
}

impl Polls {
    pub(crate) fn new(polls_max: usize) -> Polls {
        Polls { state: Mutex::default(), others: None, expiry: Alarm::default(), polls_max }
    }

    /// Tells other nodes what no poll of this one wants.
    pub(crate) fn telling(mut self, store: Arc<dyn Store>) -> Polls {
        self.others = Some(store);
        self.lock().has_others = true;
        self
    }

    /// Takes a place at the end, before its first claim.
    ///
    /// # Errors
    /// `Overloaded` if too many polls are there already.
    pub(crate) fn join(self: &Arc<Self>, interests: Vec<Interest>) -> Result<Place, Error> {
        let mut state = self.lock();
        if state.polls.len() >= self.polls_max {
            return Err(Error::Overloaded { in_flight_max: self.polls_max });
        }
        state.last_id += 1;
        let id = PollId(state.last_id);
        for interest in &interests {
            state.topics.entry(interest.topic.clone()).or_default().claiming.insert(id);
        }
        let signal = Arc::new(Notify::new());
        let poll = Poll { interests, is_parked: false, wakes: Vec::new(), missed: Vec::new(), signal: signal.clone() };
        state.polls.insert(id, poll);
        Ok(Place { polls: self.clone(), id, signal })
    }

    /// A task can be fetched, now or later.
    pub(crate) fn task_fetchable(&self, topic: &Arc<str>, from: Timestamp, now: Timestamp, traits: Option<TaskTraits>) {
        if from > now {
            self.expiry.set(from);
        } else {
            let wake = Wake {
                origin: Origin::Here,
                topic: topic.clone(),
                extent: Extent::Tasks(1),
                tasks: traits.map_or(Told::Nothing, Told::One),
            };
            let mut state = self.lock();
            state.wake(wake, None);
            self.tell(state);
        }
    }

    /// Some tasks of a topic can be fetched.
    pub(crate) fn topic_fetchable(&self, topic: &Arc<str>) {
        let mut state = self.lock();
        state.wake(Wake::of_unknown(Origin::Here, topic.clone()), None);
        self.tell(state);
    }

    /// The same, as another node has found.
    pub(crate) fn topic_fetchable_elsewhere(&self, topic: &Arc<str>) {
        self.lock().wake(Wake::of_unknown(Origin::Elsewhere, topic.clone()), None);
    }

    /// The topics that parked polls wait for, at most so many.
    pub(crate) fn parked_topics(&self, topics_max: usize) -> Vec<Arc<str>> {
        let state = self.lock();
        let parked = state.topics.iter().filter(|(_, queue)| !queue.parked.is_empty());
        parked.take(topics_max).map(|(topic, _)| topic.clone()).collect()
    }

    /// Tasks of any topic may have become fetchable.
    pub(crate) fn all_fetchable(&self) {
        let mut state = self.lock();
        let mut topics: Vec<Arc<str>> = state.topics.keys().cloned().collect();
        topics.sort_unstable();
        for topic in topics {
            state.wake(Wake::of_unknown(Origin::Elsewhere, topic), None);
        }
        drop(state);
        if let Some(others) = &self.others {
            others.announce(News::Anything);
        }
    }

    /// What nobody here wants is told to other nodes.
    fn tell(&self, mut state: MutexGuard<'_, State>) {
        let unwanted = std::mem::take(&mut state.unwanted);
        drop(state);
        if let Some(others) = &self.others {
            unwanted.into_iter().for_each(|topic| others.announce(News::TasksFetchable(topic)));
        }
    }

    /// Parked polls give up, and none parks any more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        for poll in state.polls.values().filter(|poll| poll.is_parked) {
            poll.signal.notify_one();
        }
    }

    pub(crate) fn parked_count(&self) -> usize {
        self.lock().polls.values().filter(|poll| poll.is_parked).count()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl Place {
    /// Nothing was found: parks, unless it missed a wake meanwhile. A poll with filters lets those behind it look.
    pub(crate) fn after_empty_claim(&self) -> AfterEmptyClaim {
        let mut state = self.polls.lock();
        if state.is_closed {
            return AfterEmptyClaim::GiveUp;
        }
        let Some(poll) = state.polls.get_mut(&self.id) else { return AfterEmptyClaim::GiveUp };
        let mut unanswered = std::mem::take(&mut poll.wakes);
        unanswered.retain(|wake| poll.has_filters_on(&wake.topic));
        for wake in unanswered {
            state.wake(wake, Some(self.id));
        }
        let Some(poll) = state.polls.get_mut(&self.id) else { return AfterEmptyClaim::GiveUp };
        let next = if poll.missed.is_empty() {
            state.set_parked(self.id, true);
            AfterEmptyClaim::Wait
        } else {
            poll.wakes = std::mem::take(&mut poll.missed);
            AfterEmptyClaim::ClaimAgain
        };
        self.polls.tell(state);
        next
    }

    /// What a claim looks at that answers its wakes, for each of the topics that it waits for.
    pub(crate) fn targets(&self, last_search: LastSearch) -> Vec<Target> {
        let state = self.polls.lock();
        let Some(poll) = state.polls.get(&self.id) else { return Vec::new() };
        poll.interests.iter().map(|interest| poll.target(interest, last_search)).collect()
    }

    /// Tasks were found; `taken` tells how many of a topic. What they leave of the wakes is passed on.
    pub(crate) fn after_claim(self, taken: impl Fn(&str) -> u32) {
        let mut state = self.polls.lock();
        let Some(poll) = state.polls.get_mut(&self.id) else { return };
        for wake in &mut poll.wakes {
            if let Extent::Tasks(tasks) = &mut wake.extent {
                *tasks = tasks.saturating_sub(taken(&wake.topic));
            }
        }
        poll.wakes.retain(|wake| wake.extent != Extent::Tasks(0));
    }

    /// After `Wait`: returns when there may be tasks, or when polls are closed.
    pub(crate) async fn woken(&self) {
        self.signal.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.polls.lock();
        let wakes = state.remove(self.id);
        for wake in wakes {
            state.wake(wake, None);
        }
        self.polls.tell(state);
    }
}

impl State {
    /// Gives a wake to the first poll of its topic that is parked, or else keeps it for the first that is claiming;
    /// only to those behind `behind`, if given. Where nobody waits it is not needed: the next poll claims first.
    fn wake(&mut self, wake: Wake, behind: Option<PollId>) {
        let from = behind.map_or(Bound::Unbounded, Bound::Excluded);
        let Some(queue) = self.topics.get(&wake.topic) else { return self.note_unwanted(wake) };
        let may_take = |id: &&PollId| self.polls.get(*id).is_some_and(|poll| poll.may_take(&wake));
        let parked = queue.parked.range((from, Bound::Unbounded)).find(may_take).copied();
        if let Some(id) = parked {
            self.set_parked(id, false);
            let Some(poll) = self.polls.get_mut(&id) else { return };
            poll.wakes.push(wake);
            poll.signal.notify_one();
            return;
        }
        let claiming = queue.claiming.range((from, Bound::Unbounded)).find(may_take).copied();
        if let Some(poll) = claiming.and_then(|id| self.polls.get_mut(&id)) {
            add(&mut poll.missed, wake);
            return;
        }
        self.note_unwanted(wake);
    }

    fn note_unwanted(&mut self, wake: Wake) {
        if self.has_others && wake.origin == Origin::Here && !self.unwanted.contains(&wake.topic) {
            self.unwanted.push(wake.topic);
        }
    }

    fn set_parked(&mut self, id: PollId, is_parked: bool) {
        let Some(poll) = self.polls.get_mut(&id) else { return };
        poll.is_parked = is_parked;
        for Interest { topic, .. } in &poll.interests {
            let Some(queue) = self.topics.get_mut(topic) else { continue };
            if is_parked {
                queue.claiming.remove(&id);
                queue.parked.insert(id);
            } else {
                queue.parked.remove(&id);
                queue.claiming.insert(id);
            }
        }
    }

    /// Takes a poll out; what it leaves of its wakes.
    fn remove(&mut self, id: PollId) -> Vec<Wake> {
        let Some(mut poll) = self.polls.remove(&id) else { return Vec::new() };
        for Interest { topic, .. } in &poll.interests {
            if let Some(queue) = self.topics.get_mut(topic) {
                queue.parked.remove(&id);
                queue.claiming.remove(&id);
                if queue.parked.is_empty() && queue.claiming.is_empty() {
                    self.topics.remove(topic);
                }
            }
        }
        for wake in poll.missed {
            add(&mut poll.wakes, wake);
        }
        poll.wakes
    }
}

impl Poll {
    fn may_take(&self, wake: &Wake) -> bool {
        self.interests.iter().filter(|interest| interest.topic == wake.topic).any(|interest| match &interest.filters {
            Some(filters) => wake.tasks.traits().is_none_or(|mut tasks| tasks.any(|task| task.may_match(filters))),
            None => true,
        })
    }

    fn target(&self, interest: &Interest, last_search: LastSearch) -> Target {
        let Some(filters) = &interest.filters else { return Target::All };
        if last_search == LastSearch::Old && !filters.process_variables.is_empty() {
            return Target::All;
        }
        let mut keys = Vec::new();
        for wake in self.wakes.iter().filter(|wake| wake.topic == interest.topic) {
            let Some(tasks) = wake.tasks.traits() else { return Target::All };
            keys.extend(tasks.filter(|task| task.may_match(filters)).map(|task| task.key));
        }
        Target::These(keys)
    }

    fn has_filters_on(&self, topic: &str) -> bool {
        self.interests.iter().any(|interest| *interest.topic == *topic && interest.filters.is_some())
    }
}

impl Wake {
    fn of_unknown(origin: Origin, topic: Arc<str>) -> Wake {
        Wake { origin, topic, extent: Extent::Unknown, tasks: Told::Nothing }
    }
}

impl Told {
    /// `None` if there may be others.
    fn traits(&self) -> Option<impl Iterator<Item = &TaskTraits>> {
        match self {
            Told::Nothing => None,
            Told::One(task) => Some(std::slice::from_ref(task).iter()),
            Told::Many(tasks) => Some(tasks.iter()),
        }
    }

    fn and(self, more: Told) -> Told {
        let many = |told| match told {
            Told::Nothing => None,
            Told::One(task) => Some(vec![task]),
            Told::Many(tasks) => Some(tasks),
        };
        let (Some(mut tasks), Some(more)) = (many(self), many(more)) else { return Told::Nothing };
        tasks.extend(more);
        if tasks.len() > TOLD_MAX { Told::Nothing } else { Told::Many(tasks) }
    }
}

/// One wake a topic is enough.
fn add(wakes: &mut Vec<Wake>, wake: Wake) {
    let Some(known) = wakes.iter_mut().find(|known| known.topic == wake.topic) else {
        wakes.push(wake);
        return;
    };
    known.tasks = std::mem::replace(&mut known.tasks, Told::Nothing).and(wake.tasks);
    if wake.origin == Origin::Here {
        known.origin = Origin::Here;
    }
    known.extent = match (known.extent, wake.extent) {
        (Extent::Tasks(known), Extent::Tasks(more)) => Extent::Tasks(known.saturating_add(more)),
        (Extent::Unknown, _) | (_, Extent::Unknown) => Extent::Unknown,
    };
}

#[cfg(test)]
mod tests {
    use store::work::{ClaimTenants, ClaimVariables, TaskKey};

    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn polls() -> Arc<Polls> {
        Arc::new(Polls::new(100))
    }

    fn topic(name: &str) -> Arc<str> {
        name.into()
    }

    fn join(polls: &Arc<Polls>, interests: &[(&str, Option<ClaimTopic>)]) -> Place {
        let interest = |(name, filters): &(&str, Option<ClaimTopic>)| Interest {
            topic: topic(name),
            filters: filters.clone().map(Box::new),
        };
        polls.join(interests.iter().map(interest).collect()).expect("there is room")
    }

    fn filters(business_key: &str) -> Option<ClaimTopic> {
        Some(ClaimTopic {
            name: topic("t"),
            lock_duration_ms: 1,
            business_key: Some(business_key.into()),
            definition_ids: Vec::new(),
            definition_keys: Vec::new(),
            definition_version_tag: None,
            tenants: ClaimTenants::Any,
            process_variables: Vec::new(),
            variables: ClaimVariables { names: None, is_local_only: false },
        })
    }

    fn parked(polls: &Arc<Polls>, interests: &[(&str, Option<ClaimTopic>)]) -> Place {
        let place = join(polls, interests);
        assert_eq!(place.after_empty_claim(), AfterEmptyClaim::Wait);
        place
    }

    fn is_woken(place: &Place) -> bool {
        let mut woken = Box::pin(place.woken());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        woken.as_mut().poll(&mut context).is_ready()
    }

    #[test]
    fn exactly_as_many_are_woken_as_there_are_tasks_in_order_of_arrival() {
        let polls = polls();
        let places: Vec<Place> = (0..4).map(|_| parked(&polls, &[("t", None)])).collect();
        polls.task_fetchable(&topic("t"), NOW, NOW, None);
        polls.task_fetchable(&topic("t"), NOW, NOW, None);
        polls.task_fetchable(&topic("other"), NOW, NOW, None);
        assert_eq!(places.iter().map(is_woken).collect::<Vec<_>>(), [true, true, false, false]);
    }

    #[test]
    fn a_wake_between_claim_and_parking_is_not_lost() {
        let polls = polls();
        let place = join(&polls, &[("t", None)]);
        polls.task_fetchable(&topic("t"), NOW, NOW, None);
        assert_eq!(place.after_empty_claim(), AfterEmptyClaim::ClaimAgain);
        assert_eq!(place.after_empty_claim(), AfterEmptyClaim::Wait);
    }

    #[test]
    fn a_poll_that_goes_passes_its_wakes_on() {
        let polls = polls();
        let first = parked(&polls, &[("t", None), ("u", None)]);
        let second = parked(&polls, &[("t", None)]);
        polls.task_fetchable(&topic("t"), NOW, NOW, None);
        drop(first);
        assert!(is_woken(&second));
    }

    #[test]
    fn a_poll_with_filters_lets_those_behind_it_look() {
        let polls = polls();
        let choosy = parked(&polls, &[("t", filters("k"))]);
        let second = parked(&polls, &[("t", None)]);
        polls.task_fetchable(&topic("t"), NOW, NOW, None);
        assert!(is_woken(&choosy) && !is_woken(&second));
        assert_eq!(choosy.after_empty_claim(), AfterEmptyClaim::Wait);
        assert!(is_woken(&second));
        assert_eq!(second.after_empty_claim(), AfterEmptyClaim::Wait);
        assert!(!is_woken(&choosy), "who takes all has found nothing, so there is nothing");
    }

    #[test]
    fn a_poll_whose_filters_rule_a_task_out_is_not_woken() {
        let polls = polls();
        let choosy = parked(&polls, &[("t", filters("k"))]);
        let second = parked(&polls, &[("t", None)]);
        let traits = TaskTraits {
            key: TaskKey { create_time: NOW, id: types::Uuid(1).into() },
            definition_id: "p:1:uuid".into(),
            definition_key: "p".into(),
            definition_version_tag: None,
            business_key: Some("other".into()),
            tenant_id: None,
        };
        polls.task_fetchable(&topic("t"), NOW, NOW, Some(traits.clone()));
        assert!(!is_woken(&choosy) && is_woken(&second));
        polls.task_fetchable(&topic("t"), NOW, NOW, Some(TaskTraits { business_key: Some("k".into()), ..traits }));
        assert!(is_woken(&choosy));
    }

    #[test]
    fn released_tasks_of_unknown_number_wake_one_after_the_other() {
        let polls = polls();
        let first = parked(&polls, &[("t", None)]);
        let second = parked(&polls, &[("t", None)]);
        polls.topic_fetchable(&topic("t"));
        assert!(is_woken(&first) && !is_woken(&second));
        first.after_claim(|_| 1);
        assert!(is_woken(&second));
    }

    #[test]
    fn tasks_beyond_those_taken_wake_others() {
        let polls = polls();
        let claiming = join(&polls, &[("t", None)]);
        polls.task_fetchable(&topic("t"), NOW, NOW, None);
        polls.task_fetchable(&topic("t"), NOW, NOW, None);
        let second = parked(&polls, &[("t", None)]);
        assert_eq!(claiming.after_empty_claim(), AfterEmptyClaim::ClaimAgain);
        claiming.after_claim(|_| 1);
        assert!(is_woken(&second));
    }

    #[test]
    fn a_later_time_sets_the_alarm_and_wakes_nobody() {
        let polls = polls();
        let place = parked(&polls, &[("t", None)]);
        polls.task_fetchable(&topic("t"), Timestamp(5_000), NOW, None);
        assert!(!is_woken(&place));
        assert!(!polls.expiry.take_if_due(Timestamp(4_999)));
        assert!(polls.expiry.take_if_due(Timestamp(5_000)));
    }

    #[test]
    fn closing_wakes_all_who_then_give_up() {
        let polls = polls();
        let place = parked(&polls, &[("t", None)]);
        polls.close();
        assert!(is_woken(&place));
        assert_eq!(place.after_empty_claim(), AfterEmptyClaim::GiveUp);
    }

    #[test]
    fn nothing_is_left_of_polls_that_are_gone() {
        let polls = polls();
        drop(parked(&polls, &[("t", None), ("u", None)]));
        let state = polls.lock();
        assert!(state.polls.is_empty() && state.topics.is_empty());
    }
}
