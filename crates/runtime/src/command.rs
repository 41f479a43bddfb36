//! Carries commands out: finds the aggregate, has its lane decide, waits until that is durable, runs the effects.
//!
//! A command runs in a task of its own, so that it is finished, or not begun, whatever becomes of who asked for it.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::instance::Aggregate;
use engine::{
    ChangeSet, Command, DefinitionCheck, DefinitionReference, Env, JobGuard, ProcessDefinition, RejectionKind, Reply,
    TableChange,
};
use futures_util::future::join_all;
use store::{LocatedBy, Pending, StoreError, Work, WorkDone};
use tracing::Instrument;
use types::{ProcessInstanceId, Timestamp, Uuid};

use crate::cache::Pin;
use crate::called_definition::{Freshness, Lookups};
use crate::effect::{self, PendingEffect};
use crate::error::Error;
use crate::job_run::JobRunner;
use crate::lane::{Around, Decision, LaneState, LaneWork, Pinned, Readiness, Standing};
use crate::request::{DefinitionRow, DefinitionSelector};
use crate::settings::Nodes;
use crate::shared::Shared;

/// How often a command is decided because the state changes under it (ADR 0004).
pub(crate) const CONFLICT_ATTEMPTS_MAX: u32 = 8;
/// Commands of one `execute_together`.
const TOGETHER_MAX: usize = 50_000;

/// One pass of one piece of work over its lane.
enum Pass {
    Done(Reply),
    Failed(Error),
    /// What it was decided on did not last.
    Again,
    /// The same, as the store has found.
    Conflict,
    /// This has to be looked up before it can be decided.
    NeedsDefinition(DefinitionReference),
    /// It leads to something elsewhere, so that it is one unit with that.
    Together,
}

/// What a refusal, or a look, may rest on.
#[derive(Clone, Copy, Debug)]
enum Trust {
    InMemory,
    /// What was read after so many loads had begun.
    LoadedAfter(u64),
}

impl Trust {
    fn allows(self, state: &LaneState) -> bool {
        match self {
            Trust::InMemory => true,
            Trust::LoadedAfter(loads) => state.was_loaded_after(loads),
        }
    }
}

struct Submission {
    pending: Pending<'static, WorkDone>,
    commit: u64,
    standing: Standing,
    effects: Vec<PendingEffect>,
    /// Of the external task of which a failure was reported.
    failed_topic: Option<Arc<str>>,
    reply: Reply,
}

impl Shared {
    /// Any command on an existing aggregate.
    pub(crate) async fn execute(self: &Arc<Self>, command: Command) -> Result<Reply, Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            match shared.likely_root(&command).await? {
                Some(root) => shared.run_command(root, command).await,
                None => Err(shared.refuse_on_nothing(command)),
            }
        })
        .await
    }

    /// Many of them, each a unit of its own. All aggregates are found first: those of one aggregate then reach their lane
    /// in this order.
    pub(crate) async fn execute_each(
        commands: Vec<(Arc<Shared>, Command)>,
    ) -> Result<Vec<Result<Reply, Error>>, Error> {
        in_own_task(async move {
            let located = commands.into_iter().map(|(shared, command)| async move {
                let admitted = shared.admission.admit()?;
                let root = shared.likely_root(&command).await?;
                Ok((admitted, shared, command, root))
            });
            let located: Vec<Result<_, Error>> = join_all(located).await;
            let done = located.into_iter().map(|located| async move {
                let (_admitted, shared, command, root) = located?;
                match root {
                    Some(root) => shared.run_command(root, command).await,
                    None => Err(shared.refuse_on_nothing(command)),
                }
            });
            Ok(join_all(done).await)
        })
        .await
    }

    pub(crate) async fn start(
        self: &Arc<Self>,
        definition: Arc<ProcessDefinition>,
        command: impl FnOnce(ProcessInstanceId) -> Command,
    ) -> Result<Reply, Error> {
        let admitted = self.admission.admit()?;
        let id = ProcessInstanceId(self.ids.next(self.now()));
        let work = LaneWork::Start { command: command(id), definition };
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            shared.run_start(id, work).await
        })
        .await
    }

    /// A root whose id another node has given away at the same moment gets another one.
    async fn run_start(self: &Arc<Self>, id: ProcessInstanceId, mut work: LaneWork) -> Result<Reply, Error> {
        match self.run(&self.lanes.pin_new(id), &work).await {
            Err(Error::OptimisticLocking { .. }) => {
                let id = ProcessInstanceId(self.ids.next(self.now()));
                work.start_as(id);
                self.run(&self.lanes.pin_new(id), &work).await
            }
            result => result,
        }
    }

    /// Where a command runs first: in the aggregate that an id names by itself, else in the one that is found.
    async fn likely_root(&self, command: &Command) -> Result<Option<ProcessInstanceId>, Error> {
        let Some(by) = located_by(command) else { return Ok(None) };
        match self.lanes.root_of(by).or_else(|| by.process_instance()) {
            Some(root) => Ok(Some(root)),
            None => self.root_of(by).await,
        }
    }

    /// Where what the command is about is not in that aggregate, it may be in that of a caller.
    async fn run_command(self: &Arc<Self>, root: ProcessInstanceId, command: Command) -> Result<Reply, Error> {
        let by = located_by(&command);
        let work = LaneWork::Command(command);
        let lane = self.lanes.pin(root);
        let result = self.run(&lane, &work).await;
        let (Err(Error::Rejected(_)), Some(by)) = (&result, by) else { return result };
        if lane.has(by) {
            return result;
        }
        match self.find_root(by).await? {
            Some(other) if other != root => self.run(&self.lanes.pin(other), &work).await,
            _ => result,
        }
    }

    /// Work on the lane of a root, within a task that nobody drops.
    pub(crate) async fn run(self: &Arc<Self>, lane: &Pin, work: &LaneWork) -> Result<Reply, Error> {
        let begun = Instant::now();
        let root = lane.root;
        let span = tracing::info_span!(
            "command",
            process_instance_id = %root,
            business_key = lane.business_key(work).as_deref()
        );
        let result = self.run_until_it_lasts(lane, work).instrument(span).await;
        if let (LaneWork::Command(command), Ok(_)) = (work, &result) {
            self.note_end_of_work(command);
        }
        let took = begun.elapsed();
        if self.settings.slow_command_min.is_some_and(|slow| took >= slow) {
            tracing::warn!(
                process_instance_id = %root,
                business_key = lane.business_key(work).as_deref(),
                duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "a command was slow"
            );
        }
        result
    }

    /// What is rare has a place of its own in memory: each command's future is as large as its largest part.
    async fn run_until_it_lasts(self: &Arc<Self>, lane: &Pin, work: &LaneWork) -> Result<Reply, Error> {
        let (mut attempts, mut lookups) = (0, Lookups::on(self.settings.nodes));
        let trust = self.trust_in(lane);
        while attempts < CONFLICT_ATTEMPTS_MAX {
            self.make_ready(lane).await?;
            match self.pass(lane, work, trust, lookups.freshness).await {
                Pass::Done(reply) => return Ok(reply),
                Pass::Failed(error) => return Err(error),
                Pass::Again => attempts += 1,
                Pass::Conflict => {
                    attempts += 1;
                    Box::pin(self.check_after_conflict(&[work])).await?;
                    Box::pin(stand_back(attempts)).await;
                }
                Pass::NeedsDefinition(reference) => Box::pin(self.look_up(reference, &mut lookups)).await?,
                Pass::Together => {
                    let mut replies = Box::pin(self.run_together(vec![(lane.root, work.clone())])).await?;
                    return replies.pop().ok_or_else(|| Error::Defect("a unit of work has no reply".to_owned()));
                }
            }
        }
        Err(Error::OptimisticLocking { attempts: CONFLICT_ATTEMPTS_MAX })
    }

    /// A change that is decided on what another node has made old is found out when it is stored. A refusal is not: it
    /// has to be decided on what was read since the request began.
    fn trust_in(&self, lane: &Pin) -> Trust {
        match self.settings.nodes {
            Nodes::Alone => Trust::InMemory,
            Nodes::Several => Trust::LoadedAfter(lane.loads()),
        }
    }

    /// Whether there is a point in deciding it again: other nodes may have deleted a definition, or taken a job over.
    pub(crate) async fn check_after_conflict(&self, works: &[&LaneWork]) -> Result<(), Error> {
        if self.settings.nodes == Nodes::Alone {
            return Ok(());
        }
        self.notice_changed_definitions().await?;
        let mut startable = BTreeSet::new();
        for work in works {
            match work {
                LaneWork::Start { definition, .. } => {
                    if startable.insert(&definition.id) {
                        self.check_startable(&DefinitionSelector::ById(definition.id.clone())).await?;
                    }
                }
                LaneWork::ClaimedJob { id, .. } => {
                    let job = self.stored_job(*id, JobRunner::Executor).await?;
                    // Whatever another node has made of the job, it is not this one's any more.
                    if job.is_some_and(|job| job.lock_owner.as_ref() != Some(&self.node_name)) {
                        return Err(Error::OptimisticLocking { attempts: 1 });
                    }
                }
                LaneWork::Command(_) | LaneWork::Unlock { .. } => {}
            }
        }
        Ok(())
    }

    /// # Errors
    /// `NotFound` for an unknown definition, `Suspended` for a suspended one.
    pub(crate) async fn check_startable(&self, which: &DefinitionSelector) -> Result<Arc<DefinitionRow>, Error> {
        let row = self.definitions.row(self, which).await?;
        let row = row.ok_or_else(|| Error::not_found("process definition", which))?;
        if row.is_suspended {
            let message = format!("the process definition {} is suspended", row.id);
            return Err(Error::rejected(RejectionKind::Suspended, message));
        }
        Ok(row)
    }

    async fn pass(self: &Arc<Self>, lane: &Pin, work: &LaneWork, trust: Trust, freshness: Freshness) -> Pass {
        let is_start = matches!(work, LaneWork::Start { .. });
        let (standing, is_trusted, decision) = {
            let mut state = lane.lock();
            // No definition is deleted before an instance that begins now can be found.
            let retired = self.definitions.retired();
            if let LaneWork::Start { definition, .. } = work
                && retired.contains(&definition.id)
            {
                return Pass::Failed(Error::not_found("process definition", &definition.id));
            }
            let now = self.now();
            let called = self.definitions.called();
            let around = Around { called: &called, retired: &retired, freshness };
            let decision = self.decide(&mut state, work, around, now);
            let standing = state.standing();
            let is_trusted = is_start || trust.allows(&state);
            match decision {
                Decision::Changed { signals, moved_tasks, .. } if !signals.is_empty() || moved_tasks.is_some() => {
                    state.forget();
                    return Pass::Together;
                }
                Decision::Changed { change_set: Some(change_set), detached, effects, reply, .. } => {
                    self.lanes.note_roots(&change_set);
                    let effects = effect::pending(effects, &change_set);
                    let failed_topic = failed_topic(work, &change_set);
                    if let Some(recording) = &self.recording {
                        recording.decided(std::slice::from_ref(&reply));
                    }
                    detached.iter().for_each(|change_set| self.lanes.note_detached(change_set));
                    let mut change_sets = vec![*change_set];
                    change_sets.extend(detached);
                    let pending = self.store.submit(Work::Apply(change_sets));
                    let commit = state.submitted();
                    let submission = Submission { pending, commit, standing, effects, failed_topic, reply };
                    (standing, is_trusted, Ok(submission))
                }
                other => (standing, is_trusted, Err(other)),
            }
        };
        match decision {
            Ok(submission) => self.finish(lane, submission).await,
            Err(Decision::NotLoaded) => Pass::Again,
            Err(Decision::NeedsDefinition(reference)) => Pass::NeedsDefinition(reference),
            Err(_) if !lane.holds(standing).await => Pass::Again,
            Err(_) if !is_trusted => {
                lane.mark_stale();
                Pass::Again
            }
            Err(Decision::Unchanged(reply)) => Pass::Done(reply),
            Err(other) => Pass::Failed(other.into()),
        }
    }

    async fn finish(self: &Arc<Self>, lane: &Pin, submission: Submission) -> Pass {
        let result = submission.pending.await;
        lane.settle(submission.commit, submission.standing, result.is_ok());
        match result {
            Ok(_) => {
                self.run_effects(submission.effects);
                if let Some(topic) = &submission.failed_topic {
                    self.metrics.external_task_failures.add(topic, 1);
                }
                Pass::Done(submission.reply)
            }
            Err(StoreError::Conflict) => {
                self.metrics.re_executions.add(1);
                Pass::Conflict
            }
            Err(error) => Pass::Failed(error.into()),
        }
    }

    pub(crate) fn decide(
        &self,
        state: &mut LaneState,
        work: &LaneWork,
        around: Around<'_>,
        now: Timestamp,
    ) -> Decision {
        let mut ids = self.ids.source(now);
        let mut env = Env {
            now,
            ids: &mut ids,
            history_level: self.settings.history_level,
            limits: &self.settings.limits,
            jobs: &self.settings.jobs,
            scripts: &self.settings.java_script,
            delegates: &self.settings.delegate_registry,
            removal_times: self.settings.removal_times,
            host_name: self.settings.node.name(),
        };
        let mut decision = state.decide(work, around, &mut env);
        if self.settings.nodes == Nodes::Several
            && let Decision::Changed { change_set, detached, .. } = &mut decision
        {
            if let (Some(change_set), LaneWork::ClaimedJob { id, .. }) = (&mut *change_set, work) {
                change_set.job = Some(JobGuard { id: *id, owner: self.node_name.clone() });
            }
            let change_sets = change_set.as_deref_mut().into_iter().chain(detached);
            change_sets.for_each(|change_set| change_set.definitions = DefinitionCheck::Checked);
        }
        decision
    }

    /// Loads what is not in memory. Within a task that nobody drops.
    pub(crate) async fn make_ready(&self, lane: &Pin) -> Result<(), Error> {
        loop {
            match lane.readiness() {
                Readiness::Ready => return Ok(()),
                Readiness::ToLoad => match Box::pin(self.load(lane.root)).await {
                    Ok((aggregate, definitions)) => lane.loaded(aggregate, definitions),
                    Err(error) => {
                        lane.load_failed();
                        return Err(error);
                    }
                },
                Readiness::Busy => {
                    lane.wait_until(|state| state.is_loaded() || (!state.is_loading() && state.is_quiet())).await;
                }
            }
        }
    }

    async fn load(&self, root: ProcessInstanceId) -> Result<(Aggregate, Pinned), Error> {
        let Some(snapshot) = self.store.load(root).await? else {
            return Ok((Aggregate::empty(), Pinned::default()));
        };
        let aggregate = Aggregate::from_snapshot(snapshot)
            .map_err(|broken| Error::Defect(format!("the stored instance {root} is damaged: {broken:?}")))?;
        let definitions = self.definitions_of(&aggregate).await?;
        Ok((aggregate, definitions))
    }

    pub(crate) async fn definitions_of(&self, aggregate: &Aggregate) -> Result<Pinned, Error> {
        let mut definitions = Pinned::default();
        for instance in aggregate.process_instances() {
            if definitions.0.iter().any(|known| known.id == instance.definition_id) {
                continue;
            }
            let definition = self.definitions.by_id(self, &instance.definition_id).await?.ok_or_else(|| {
                Error::Defect(format!("the definition {} of a running instance is gone", instance.definition_id))
            })?;
            definitions.0.push(definition);
        }
        Ok(definitions)
    }

    /// What the core says to a command whose aggregate does not exist: what is wrong with the command, or that there
    /// is nothing of that id.
    pub(crate) fn refuse_on_nothing(&self, command: Command) -> Error {
        let lane = crate::lane::Lane::new_empty(ProcessInstanceId(Uuid(0)));
        let mut state = lane.lock();
        let (called, retired) = (self.definitions.called(), BTreeSet::new());
        let around = Around { called: &called, retired: &retired, freshness: Freshness::Current };
        match self.decide(&mut state, &LaneWork::Command(command), around, self.now()) {
            refused @ (Decision::Refused(_) | Decision::Defect(_)) => refused.into(),
            Decision::NotLoaded | Decision::NeedsDefinition(_) | Decision::Unchanged(_) | Decision::Changed { .. } => {
                Error::Defect("a command did something to nothing".to_owned())
            }
        }
    }

    pub(crate) async fn locate(&self, command: &Command) -> Result<Option<ProcessInstanceId>, Error> {
        match located_by(command) {
            Some(by) => self.root_of(by).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn root_of(&self, by: LocatedBy) -> Result<Option<ProcessInstanceId>, Error> {
        if let Some(root) = self.lanes.root_of(by) {
            return Ok(Some(root));
        }
        self.find_root(by).await
    }

    async fn find_root(&self, by: LocatedBy) -> Result<Option<ProcessInstanceId>, Error> {
        let root = self.store.locate(by).await?;
        if let Some(root) = root {
            self.lanes.note_root(by, root);
        }
        Ok(root)
    }

    /// Looks at an aggregate as it is once all that was decided before is durable.
    pub(crate) async fn inspect<T: Send + 'static>(
        self: &Arc<Self>,
        by: LocatedBy,
        look: impl Fn(&Aggregate) -> T + Send + 'static,
    ) -> Result<Option<T>, Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let Some(root) = shared.root_of(by).await? else { return Ok(None) };
            let lane = shared.lanes.pin(root);
            let trust = shared.trust_in(&lane);
            for _ in 0..CONFLICT_ATTEMPTS_MAX {
                shared.make_ready(&lane).await?;
                let seen = {
                    let mut state = lane.lock();
                    if state.is_loaded() && !trust.allows(&state) {
                        state.forget();
                        continue;
                    }
                    state
                        .aggregate()
                        .map(|aggregate| (state.standing(), (!aggregate.is_ended()).then(|| look(aggregate))))
                };
                if let Some((standing, seen)) = seen
                    && lane.holds(standing).await
                {
                    return Ok(seen);
                }
            }
            Err(Error::OptimisticLocking { attempts: CONFLICT_ATTEMPTS_MAX })
        })
        .await
    }

    /// Commands on many aggregates, all or none of them.
    pub(crate) async fn execute_together(self: &Arc<Self>, commands: Vec<Command>) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            shared.execute_all(commands).await
        })
        .await
    }

    /// The same within a task that nobody drops.
    pub(crate) async fn execute_all(self: &Arc<Self>, commands: Vec<Command>) -> Result<(), Error> {
        if commands.len() > TOGETHER_MAX {
            let message = format!("{} commands at once: at most {TOGETHER_MAX} are allowed", commands.len());
            return Err(Error::rejected(engine::RejectionKind::LimitReached, message));
        }
        let mut work = Vec::with_capacity(commands.len());
        for command in commands {
            let Some(root) = self.locate(&command).await? else { return Err(self.refuse_on_nothing(command)) };
            work.push((root, LaneWork::Command(command)));
        }
        self.run_together(work).await.map(|_| ())
    }
}

/// Whoever has met others before lets them go first, longer each time. The first repetition follows at once.
pub(crate) async fn stand_back(attempts: u32) {
    if attempts > 1 {
        tokio::time::sleep(Duration::from_millis(1 << attempts.min(CONFLICT_ATTEMPTS_MAX))).await;
    }
}

/// Does again what others have come in the way of, a bounded number of times.
pub(crate) async fn until_it_lasts<T, F: Future<Output = Result<T, Error>>>(
    attempt: impl Fn() -> F,
) -> Result<T, Error> {
    for _ in 0..CONFLICT_ATTEMPTS_MAX {
        match attempt().await {
            Err(Error::OptimisticLocking { .. }) => {}
            other => return other,
        }
    }
    Err(Error::OptimisticLocking { attempts: CONFLICT_ATTEMPTS_MAX })
}

/// Begins at once and runs to its end even if the caller stops waiting.
pub(crate) fn in_own_task<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> impl Future<Output = Result<T, Error>> + Send {
    let task = tokio::spawn(work.in_current_span());
    async move {
        match task.await {
            Ok(result) => result,
            Err(error) if error.is_cancelled() => Err(Error::ShuttingDown),
            Err(_) => Err(Error::Defect("a request broke an invariant".to_owned())),
        }
    }
}

fn failed_topic(work: &LaneWork, change_set: &ChangeSet) -> Option<Arc<str>> {
    let LaneWork::Command(Command::FailExternalTask { id, .. }) = work else { return None };
    change_set.external_tasks.iter().find_map(|change| match change {
        TableChange::Insert(task) | TableChange::Update(task) => (task.id == *id).then(|| task.topic.clone()),
        TableChange::Delete(_) => None,
    })
}

/// By what the aggregate of a command is found; `None` where the shell knows it already.
fn located_by(command: &Command) -> Option<LocatedBy> {
    match command {
        Command::StartProcessInstance { .. }
        | Command::StartProcessInstanceAt { .. }
        | Command::SubmitStartForm { .. }
        | Command::CorrelateMessage { .. } => None,
        Command::DeleteProcessInstance { id, .. }
        | Command::ModifyProcessInstance { id, .. }
        | Command::SetProcessInstanceSuspension { id, .. } => Some(LocatedBy::ProcessInstance(*id)),
        Command::ResolveIncident { process_instance_id, .. }
        | Command::AnnotateIncident { process_instance_id, .. } => {
            Some(LocatedBy::ProcessInstance(*process_instance_id))
        }
        Command::PatchVariables { execution_id, .. } | Command::CreateIncident { execution_id, .. } => {
            Some(LocatedBy::Execution(*execution_id))
        }
        Command::TriggerExecution { id, .. } | Command::SignalExecution { id, .. } => Some(LocatedBy::Execution(*id)),
        Command::LockExternalTask { id, .. }
        | Command::ExtendExternalTaskLock { id, .. }
        | Command::UnlockExternalTask { id }
        | Command::SetExternalTaskPriority { id, .. }
        | Command::SetExternalTaskRetries { id, .. }
        | Command::CompleteExternalTask { id, .. }
        | Command::FailExternalTask { id, .. }
        | Command::ThrowExternalTaskBpmnError { id, .. } => Some(LocatedBy::ExternalTask(*id)),
        Command::CreateTask { properties, .. } => properties.parent_task_id.map(LocatedBy::Task),
        Command::AdoptTask { tree } => Some(LocatedBy::ProcessInstance(tree.root_process_instance_id)),
        Command::CompleteTask { id, .. }
        | Command::SubmitTaskForm { id, .. }
        | Command::ReadTaskForm { id, .. }
        | Command::DeleteTask { id }
        | Command::ReleaseTask { id, .. }
        | Command::ChangeTask { id, .. }
        | Command::ThrowTaskBpmnError { id, .. }
        | Command::ThrowTaskEscalation { id, .. }
        | Command::PatchTaskVariables { id, .. } => Some(LocatedBy::Task(*id)),
        Command::ExecuteJob { id }
        | Command::FailJob { id, .. }
        | Command::DeleteJob { id }
        | Command::RecalculateJobDueDate { id, .. }
        | Command::SetJobPriority { id, .. }
        | Command::SetJobSuspension { id, .. }
        | Command::SetJobRetries { id, .. }
        | Command::SetJobDueDate { id, .. } => Some(LocatedBy::Job(*id)),
    }
}
