//! Work of several lanes as one unit, with all that the signals thrown in it lead to: all of it or none.
//!
//! Lanes are locked in the order of their roots, which is the order of everyone who locks several. Who waits for a signal
//! is known from the database alone, which must not be asked under a lock. So a pass that meets a signal nobody was
//! looked up for is given up; the next one has the lanes of those who wait.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use engine::{
    ChangeSet, Command, DefinitionReference, ProcessDefinition, Rejection, RejectionKind, Reply, TaskTree, ThrownSignal,
};
use store::work::ExpectedStatement;
use store::{Pending, StoreError, Work, WorkDone};
use types::{EventSubscriptionId, ProcessInstanceId, VariableMap};

use crate::cache::Pin;
use crate::called_definition::{Freshness, Lookups};
use crate::command::{CONFLICT_ATTEMPTS_MAX, stand_back};
use crate::effect::{self, PendingEffect};
use crate::error::Error;
use crate::lane::{Around, Decision, Lane, LaneState, LaneWork, Standing};
use crate::settings::Nodes;
use crate::shared::Shared;
use crate::signal::SignalScope;
use crate::start_event::WaitingStart;

/// Pieces of work in one unit, what signals lead to included.
const WORK_MAX: usize = 50_000;
/// Signals of different names in one unit.
const SIGNALS_MAX: usize = 1_000;

/// One that waits for a signal.
#[derive(Clone, Debug)]
pub(crate) enum SignalReceiver {
    Execution { root: ProcessInstanceId, subscription_id: EventSubscriptionId },
    StartEvent(WaitingStart),
}

/// Who waits for signals, as far as it was looked up.
type Receivers = BTreeMap<(Arc<str>, SignalScope), Vec<SignalReceiver>>;

enum Pass {
    Done(Vec<Reply>),
    Failed(Error),
    /// What it was decided on did not last.
    Again,
    /// The same, as the store has found.
    Conflict,
    /// This was not looked up.
    NeedsDefinition(DefinitionReference),
    /// Nobody was looked up for this signal.
    Unknown(Arc<str>, SignalScope),
}

/// What a pass has decided so far.
#[derive(Default)]
struct Decided {
    change_sets: Vec<ChangeSet>,
    effects: Vec<PendingEffect>,
    replies: Vec<Reply>,
}

/// A piece of work and where it came from.
struct Piece {
    root: ProcessInstanceId,
    work: LaneWork,
    origin: Origin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Request,
    /// It is no fault if the one that waited does not wait any more.
    Signal,
    /// Tasks come from another lane.
    Move,
}

/// What a piece of work leads to elsewhere.
#[derive(Default)]
struct Led {
    signals: Vec<ThrownSignal>,
    moved_tasks: Option<Box<TaskTree>>,
}

/// The lanes of a pass, locked.
struct Locked<'l> {
    states: BTreeMap<ProcessInstanceId, std::sync::MutexGuard<'l, LaneState>>,
}

impl Shared {
    /// The replies are those of the given work, in its order. Within a task that nobody drops.
    pub(crate) async fn run_together(
        self: &Arc<Self>,
        work: Vec<(ProcessInstanceId, LaneWork)>,
    ) -> Result<Vec<Reply>, Error> {
        self.run_together_along(work, Vec::new()).await
    }

    /// The same with statements on rows outside of aggregates in the same unit.
    pub(crate) async fn run_together_along(
        self: &Arc<Self>,
        work: Vec<(ProcessInstanceId, LaneWork)>,
        along: Vec<ExpectedStatement>,
    ) -> Result<Vec<Reply>, Error> {
        let mut receivers = Receivers::new();
        let (mut attempts, mut lookups) = (0, Lookups::on(self.settings.nodes));
        let mut known = BTreeSet::new();
        while attempts < CONFLICT_ATTEMPTS_MAX {
            let lanes = self.lanes_of(&work, &receivers);
            for (root, lane) in &lanes {
                // Part of the unit may be refused, which must not rest on what another node has made old.
                if self.settings.nodes == Nodes::Several && known.insert(*root) {
                    lane.mark_stale();
                }
                self.make_ready(lane).await?;
            }
            match self.pass_together(&lanes, &work, &receivers, &along, lookups.freshness).await {
                Pass::Done(replies) => return Ok(replies),
                Pass::Failed(error) => return Err(error),
                Pass::Again => {
                    receivers.clear();
                    attempts += 1;
                }
                Pass::Conflict => {
                    receivers.clear();
                    attempts += 1;
                    let works: Vec<&LaneWork> = work.iter().map(|(_, work)| work).collect();
                    self.check_after_conflict(&works).await?;
                    stand_back(attempts).await;
                }
                Pass::NeedsDefinition(reference) => self.look_up(reference, &mut lookups).await?,
                Pass::Unknown(name, scope) => {
                    if receivers.len() >= SIGNALS_MAX {
                        let message = format!("more than {SIGNALS_MAX} different signals in one command");
                        return Err(Error::rejected(RejectionKind::LimitReached, message));
                    }
                    let found = self.signal_receivers(&name, &scope).await?;
                    receivers.insert((name, scope), found);
                }
            }
        }
        Err(Error::OptimisticLocking { attempts: CONFLICT_ATTEMPTS_MAX })
    }

    fn lanes_of(
        self: &Arc<Self>,
        work: &[(ProcessInstanceId, LaneWork)],
        receivers: &Receivers,
    ) -> BTreeMap<ProcessInstanceId, Pin> {
        let given = work.iter().filter(|(_, work)| !matches!(work, LaneWork::Start { .. })).map(|(root, _)| *root);
        let waiting = receivers.values().flatten().filter_map(|receiver| match receiver {
            SignalReceiver::Execution { root, .. } => Some(*root),
            SignalReceiver::StartEvent(_) => None,
        });
        let moved_to = work.iter().filter_map(|(_, work)| match work {
            LaneWork::Command(Command::ReleaseTask { to, .. }) => Some(*to),
            _ => None,
        });
        given.chain(waiting).chain(moved_to).map(|root| (root, self.lanes.pin(root))).collect()
    }

    /// A refusal that was decided while commits were under way is decided again on what they have left.
    async fn pass_together(
        self: &Arc<Self>,
        lanes: &BTreeMap<ProcessInstanceId, Pin>,
        work: &[(ProcessInstanceId, LaneWork)],
        receivers: &Receivers,
        along: &[ExpectedStatement],
        freshness: Freshness,
    ) -> Pass {
        let submitted = {
            let states = lanes.iter().map(|(root, lane)| (*root, lane.lock())).collect();
            let mut locked = Locked { states };
            let retired = self.definitions.retired();
            let starts = work.iter().map(|(_, work)| work).filter_map(|work| match work {
                LaneWork::Start { definition, .. } => Some(&definition.id),
                LaneWork::Command(_) | LaneWork::ClaimedJob { .. } | LaneWork::Unlock { .. } => None,
            });
            for id in starts {
                if retired.contains(id) {
                    return Pass::Failed(Error::not_found("process definition", id));
                }
            }
            let called = self.definitions.called();
            let around = Around { called: &called, retired: &retired, freshness };
            let mut decided = Decided::default();
            match self.decide_all(&mut locked, work, receivers, around, &mut decided) {
                Ok(()) => Ok(self.submit_together(&mut locked, decided, along.to_vec())),
                Err(pass) => {
                    let is_quiet = locked.states.values().all(|state| state.is_quiet());
                    locked.states.values_mut().for_each(|state| state.forget());
                    Err(match pass {
                        Pass::Failed(Error::Rejected(_)) if !is_quiet => Pass::Again,
                        other => other,
                    })
                }
            }
        };
        match submitted {
            Err(pass) => pass,
            Ok((pending, settlements, effects, replies)) => {
                let result = pending.await;
                for (root, (commit, standing)) in settlements {
                    lanes[&root].settle(commit, standing, result.is_ok());
                }
                match result {
                    Ok(_) => {
                        self.run_effects(effects);
                        Pass::Done(replies)
                    }
                    Err(StoreError::Conflict) => {
                        self.metrics.re_executions.add(1);
                        Pass::Conflict
                    }
                    Err(error) => Pass::Failed(error.into()),
                }
            }
        }
    }

    fn decide_all(
        &self,
        locked: &mut Locked<'_>,
        work: &[(ProcessInstanceId, LaneWork)],
        receivers: &Receivers,
        around: Around<'_>,
        decided: &mut Decided,
    ) -> Result<(), Pass> {
        let mut open: VecDeque<Piece> = work
            .iter()
            .map(|(root, work)| Piece { root: *root, work: work.clone(), origin: Origin::Request })
            .collect();
        let mut done = 0_usize;
        while let Some(piece) = open.pop_front() {
            done += 1;
            if done > WORK_MAX {
                let message = format!("one command leads to more than {WORK_MAX} others");
                return Err(Pass::Failed(Error::rejected(RejectionKind::LimitReached, message)));
            }
            let Led { signals, moved_tasks } = self.decide_one(locked, &piece, around, decided)?;
            if let Some(tree) = moved_tasks {
                let root = tree.root_process_instance_id;
                let work = LaneWork::Command(Command::AdoptTask { tree });
                open.push_front(Piece { root, work, origin: Origin::Move });
            }
            for signal in signals.into_iter().rev() {
                for next in self.consequences(&signal, piece.root, receivers)?.into_iter().rev() {
                    open.push_front(next);
                }
            }
        }
        Ok(())
    }

    fn decide_one(
        &self,
        locked: &mut Locked<'_>,
        piece: &Piece,
        around: Around<'_>,
        decided: &mut Decided,
    ) -> Result<Led, Pass> {
        let now = self.now();
        let decision = match locked.states.get_mut(&piece.root) {
            Some(state) if !matches!(piece.work, LaneWork::Start { .. }) => {
                self.decide(state, &piece.work, around, now)
            }
            // A new instance: nobody else knows its lane.
            _ => self.decide(&mut Lane::new_empty(piece.root).lock(), &piece.work, around, now),
        };
        match decision {
            Decision::Changed { change_set, detached, effects, signals, moved_tasks, reply } => {
                if let Some(change_set) = change_set {
                    self.lanes.note_roots(&change_set);
                    decided.effects.extend(effect::pending(effects, &change_set));
                    decided.change_sets.push(*change_set);
                }
                detached.iter().for_each(|change_set| self.lanes.note_detached(change_set));
                decided.change_sets.extend(detached);
                decided.keep(piece.origin, reply);
                Ok(Led { signals, moved_tasks })
            }
            Decision::Unchanged(reply) => {
                decided.keep(piece.origin, reply);
                Ok(Led::default())
            }
            Decision::NotLoaded => Err(Pass::Again),
            Decision::NeedsDefinition(reference) => Err(Pass::NeedsDefinition(reference)),
            Decision::Refused(rejection) if piece.origin == Origin::Signal && is_nobody_there(&rejection) => {
                Ok(Led::default())
            }
            other => Err(Pass::Failed(other.into())),
        }
    }

    /// What a signal leads to outside of the instance that has thrown it.
    fn consequences(
        &self,
        signal: &ThrownSignal,
        thrower: ProcessInstanceId,
        receivers: &Receivers,
    ) -> Result<Vec<Piece>, Pass> {
        let scope = SignalScope::thrown_by(signal.tenant_id.as_ref());
        let key = (signal.name.clone(), scope);
        let Some(waiting) = receivers.get(&key) else { return Err(Pass::Unknown(key.0, key.1)) };
        let is_elsewhere = |receiver: &&SignalReceiver| match receiver {
            SignalReceiver::Execution { root, .. } => *root != thrower,
            SignalReceiver::StartEvent(_) => true,
        };
        let pieces = waiting.iter().filter(is_elsewhere).map(|receiver| {
            let (root, work) = self.signal_work(receiver, &signal.variables, signal.business_key.as_ref());
            Piece { root, work, origin: Origin::Signal }
        });
        Ok(pieces.collect())
    }

    pub(crate) fn signal_work(
        &self,
        receiver: &SignalReceiver,
        variables: &VariableMap,
        business_key: Option<&Arc<str>>,
    ) -> (ProcessInstanceId, LaneWork) {
        match receiver {
            SignalReceiver::Execution { root, subscription_id } => {
                let command = Command::CorrelateMessage {
                    subscription_id: *subscription_id,
                    variables: variables.clone(),
                    local_variables: VariableMap::new(),
                    triggered_scope_variables: VariableMap::new(),
                };
                (*root, LaneWork::Command(command))
            }
            SignalReceiver::StartEvent(start) => {
                self.start_work(&start.definition, &start.start_event_id, business_key, variables)
            }
        }
    }

    /// Starts an instance at an event.
    pub(crate) fn start_work(
        &self,
        definition: &Arc<ProcessDefinition>,
        start_event_id: &Arc<str>,
        business_key: Option<&Arc<str>>,
        variables: &VariableMap,
    ) -> (ProcessInstanceId, LaneWork) {
        let id = ProcessInstanceId(self.ids.next(self.now()));
        let command = Command::StartProcessInstance {
            id,
            definition_id: definition.id.clone(),
            start_event_id: Some(start_event_id.clone()),
            keys: business_key.cloned().into(),
            variables: variables.clone(),
        };
        (id, LaneWork::Start { command, definition: definition.clone() })
    }

    #[expect(clippy::type_complexity, reason = "taken apart by the only caller")]
    fn submit_together(
        &self,
        locked: &mut Locked<'_>,
        decided: Decided,
        along: Vec<ExpectedStatement>,
    ) -> (Pending<'static, WorkDone>, Vec<(ProcessInstanceId, (u64, Standing))>, Vec<PendingEffect>, Vec<Reply>) {
        if let Some(recording) = &self.recording {
            recording.decided(&decided.replies);
        }
        let pending = match along.is_empty() {
            true => self.store.submit(Work::Apply(decided.change_sets)),
            false => self.store.submit(Work::ApplyAndRun(decided.change_sets, along)),
        };
        let settlements = locked
            .states
            .iter_mut()
            .map(|(root, state)| {
                let standing = state.standing();
                (*root, (state.submitted(), standing))
            })
            .collect();
        (pending, settlements, decided.effects, decided.replies)
    }
}

impl Decided {
    fn keep(&mut self, origin: Origin, reply: Reply) {
        if origin == Origin::Request {
            self.replies.push(reply);
        }
    }
}

fn is_nobody_there(rejection: &Rejection) -> bool {
    matches!(
        rejection.kind,
        RejectionKind::NotFound | RejectionKind::MismatchingMessageCorrelation | RejectionKind::Suspended
    )
}
