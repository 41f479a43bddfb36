//! Start events that wait while there is no instance: their rows come and go with the latest version of a definition.

use std::sync::Arc;

use bpmn::model::{Element, EventTrigger};
use bpmn::{ElementKind, ProcessModel};
use engine::definition::JobDefinition;
use engine::record::EventType;
use engine::{ProcessDefinition, RejectionKind, StartedProcessInstance, start_event};
use query::{Condition, Direction, Join, JoinKind, Mutation, Select, SqlValue, tables};
use store::work::ExpectedStatement;
use types::{EventSubscriptionId, JobId, ProcessDefinitionId, Timestamp, VariableMap};

use crate::command::in_own_task;
use crate::deletion::has_no_instance;
use crate::error::Error;
use crate::job_row::{NewJob, OfDefinition, StoredJob, TIMER_START};
use crate::request::{ConditionEvaluation, DefinitionRow, DefinitionSelector};
use crate::row::{self, Cells};
use crate::runtime::started;
use crate::shared::Shared;
use crate::stored_job::JobDescription;

/// A start event that waits, with its definition.
#[derive(Clone, Debug)]
pub(crate) struct WaitingStart {
    pub definition: Arc<ProcessDefinition>,
    pub start_event_id: Arc<str>,
}

impl Shared {
    /// From now on the start events of a definition wait.
    pub(crate) async fn add_start_waits(
        &self,
        statements: &mut Vec<ExpectedStatement>,
        definition: &DefinitionRow,
        model: &ProcessModel,
        job_definitions: &[JobDefinition],
    ) -> Result<(), Error> {
        let now = self.now();
        for element in &model.elements {
            let ElementKind::EventStartEvent(event) = &element.kind else { continue };
            let (event_type, name) = match &event.trigger {
                EventTrigger::Message { name } => (EventType::Message, Some(name)),
                EventTrigger::Signal { name } => (EventType::Signal, Some(name)),
                EventTrigger::Conditional(_) => (EventType::Conditional, None),
                EventTrigger::Timer(timer) => {
                    let timer = start_event::timer(timer, now)?;
                    let priority = start_event::job_priority(element, model, now)?;
                    let job = self.timer_job(definition, element, job_definitions, &timer, priority);
                    statements.extend(self.creation_of(&job, &description(&job, definition, job_definitions)));
                    continue;
                }
            };
            let name = match name {
                Some(name) => start_event::event_name(name, now)?,
                None => None,
            };
            if event_type == EventType::Message {
                self.check_message_is_free(name.as_deref(), definition).await?;
            }
            statements.push(self.start_subscription(definition, &element.id, event_type, name.as_ref(), now));
        }
        Ok(())
    }

    /// The start events of these definitions wait no longer.
    pub(crate) async fn remove_start_waits(
        &self,
        statements: &mut Vec<ExpectedStatement>,
        definitions: &[SqlValue],
    ) -> Result<(), Error> {
        let (subscriptions, jobs) = (&tables::EVENT_SUBSCRIPTION, &tables::JOB);
        let of_subscription = Condition::OneOf(subscriptions.col("definition_id").into(), definitions.to_vec());
        statements.push(self.statement(&Mutation::delete(subscriptions, of_subscription)));
        let of_job = Condition::OneOf(jobs.col("definition_id").into(), definitions.to_vec())
            .and(Condition::equal(jobs.col("handler"), TIMER_START))
            .and(has_no_instance(jobs));
        for job in self.stored_jobs(Select::all(jobs.source()).filter(of_job.clone())).await? {
            statements.extend(self.deletion_of_job(&job).await?);
        }
        statements.push(self.statement(&Mutation::delete(jobs, of_job)));
        Ok(())
    }

    /// When the earliest timer of the start events is due.
    pub(crate) fn ring_for_start_timers(&self, model: &ProcessModel) {
        let has_timer = |element: &Element| match &element.kind {
            ElementKind::EventStartEvent(event) => matches!(event.trigger, EventTrigger::Timer(_)),
            _ => false,
        };
        if model.elements.iter().any(has_timer) {
            // The executor finds out itself when the next one is due.
            self.job_alarm.set(self.now());
        }
    }

    fn timer_job(
        &self,
        definition: &DefinitionRow,
        element: &Element,
        job_definitions: &[JobDefinition],
        timer: &start_event::StartTimer,
        priority: i64,
    ) -> NewJob {
        let now = self.now();
        let is_of = |known: &&JobDefinition| *known.activity_id == *element.id && known.job_type == TIMER_START;
        NewJob {
            id: JobId(self.ids.next(now)),
            job_definition_id: job_definitions.iter().find(is_of).map(|known| known.id),
            handler: TIMER_START.into(),
            configuration: timer.repeat.clone(),
            batch_id: None,
            due_date: timer.due_date,
            create_time: now,
            retries: start_event::retries(element, &self.settings.jobs, now),
            is_suspended: definition.is_suspended,
            of_definition: Some(OfDefinition {
                id: definition.id.clone(),
                key: definition.key.clone(),
                tenant_id: definition.tenant_id.clone(),
                activity_id: element.id.clone(),
                priority,
            }),
        }
    }

    fn start_subscription(
        &self,
        definition: &DefinitionRow,
        activity_id: &Arc<str>,
        event_type: EventType,
        name: Option<&Arc<str>>,
        now: Timestamp,
    ) -> ExpectedStatement {
        let id = EventSubscriptionId(self.ids.next(now));
        let values = [
            ("id", row::id(id.0)),
            ("event_type", SqlValue::Text(event_type.name().into())),
            ("event_name", row::optional_text(name)),
            ("activity_id", row::text(activity_id)),
            ("tenant_id", row::optional_text(definition.tenant_id.as_ref())),
            ("create_time", row::time(now)),
            ("definition_id", SqlValue::Text(definition.id.0.clone())),
        ];
        let (columns, cells) = values.into_iter().unzip();
        self.statement(&Mutation::Insert { table: &tables::EVENT_SUBSCRIPTION, columns, rows: vec![cells] })
    }

    /// A message starts one process of a tenant only.
    async fn check_message_is_free(&self, name: Option<&str>, definition: &DefinitionRow) -> Result<(), Error> {
        let Some(name) = name else { return Ok(()) };
        let subscriptions = &tables::EVENT_SUBSCRIPTION;
        let tenant_id = subscriptions.col("tenant_id");
        let of_tenant = match &definition.tenant_id {
            Some(tenant) => Condition::equal(tenant_id, tenant.as_ref()),
            None => Condition::is_null(tenant_id),
        };
        let waiting = self
            .waiting_starts(EventType::Message, Condition::equal(subscriptions.col("event_name"), name).and(of_tenant));
        let others = waiting.await?;
        match others.iter().find(|other| other.definition.key != definition.key) {
            Some(other) => {
                let message = format!(
                    "the process `{}` cannot start by the message `{name}`: the process `{}` does so already",
                    definition.key, other.definition.key
                );
                Err(Error::rejected(RejectionKind::ProcessEngine, message))
            }
            None => Ok(()),
        }
    }

    /// Start events of definitions that are not suspended, in order of their waits.
    pub(crate) async fn waiting_starts(
        &self,
        event_type: EventType,
        which: Condition,
    ) -> Result<Vec<WaitingStart>, Error> {
        let (subscriptions, definitions) = (&tables::EVENT_SUBSCRIPTION, &tables::PROCESS_DEFINITION);
        let mut select = Select::all(subscriptions.source())
            .filter(Condition::equal(subscriptions.col("event_type"), event_type.name()))
            .filter(which)
            .filter(Condition::equal(definitions.col("is_suspended"), 0))
            .order_by(subscriptions.col("create_time"), Direction::Ascending)
            .order_by(subscriptions.col("id"), Direction::Ascending);
        select.joins = vec![Join {
            kind: JoinKind::Inner,
            source: definitions.source(),
            on: vec![(definitions.col("id"), subscriptions.col("definition_id"))],
        }];
        select.columns = vec![subscriptions.col("definition_id").into(), subscriptions.col("activity_id").into()];
        let mut found = Vec::new();
        for row in self.rows(&select).await? {
            let mut cells = Cells::of(row);
            let (id, start_event_id) = (ProcessDefinitionId(cells.text()?), cells.text()?);
            // One that has gone by now is passed over.
            if let Some(definition) = self.definition(&id).await? {
                found.push(WaitingStart { definition, start_event_id });
            }
        }
        Ok(found)
    }

    /// Starts the processes whose conditions hold for these variables.
    pub(crate) async fn evaluate_start_conditions(
        self: &Arc<Self>,
        evaluation: ConditionEvaluation,
    ) -> Result<Vec<StartedProcessInstance>, Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let ConditionEvaluation { variables, business_key, .. } = &evaluation;
            let (now, scripts) = (shared.now(), &shared.settings.java_script);
            let mut work = Vec::new();
            for start in shared.conditional_starts(&evaluation).await? {
                let model = &start.definition.model;
                let trigger = model.element_by_id(&start.start_event_id).and_then(|event| model.condition_of(event));
                if let Some(trigger) = trigger
                    && start_event::holds(trigger, &start.definition, variables, now, scripts)?
                {
                    let (definition, event) = (&start.definition, &start.start_event_id);
                    work.push(shared.start_work(definition, event, business_key.as_ref(), variables));
                }
            }
            let replies = shared.run_together(work).await?;
            replies.into_iter().map(started).collect()
        })
        .await
    }

    /// It is a fault if there are none to look at.
    async fn conditional_starts(&self, evaluation: &ConditionEvaluation) -> Result<Vec<WaitingStart>, Error> {
        let none = || {
            let message = "no process has a conditional start event that could be looked at";
            Error::rejected(RejectionKind::ProcessEngine, message)
        };
        if let Some(id) = &evaluation.definition_id {
            let row = self.definitions.row(self, &DefinitionSelector::ById(id.clone())).await?;
            let row = row.ok_or_else(|| Error::not_found("process definition", id))?;
            if row.is_suspended {
                return Ok(Vec::new());
            }
            let definition = self.definition(id).await?.ok_or_else(|| Error::not_found("process definition", id))?;
            let model = definition.model.clone();
            let is_conditional = |element: &&Element| match &element.kind {
                ElementKind::EventStartEvent(event) => matches!(event.trigger, EventTrigger::Conditional(_)),
                _ => false,
            };
            let found: Vec<WaitingStart> = model
                .elements
                .iter()
                .filter(is_conditional)
                .map(|element| WaitingStart { definition: definition.clone(), start_event_id: element.id.clone() })
                .collect();
            return if found.is_empty() { Err(none()) } else { Ok(found) };
        }
        let tenant_id = tables::EVENT_SUBSCRIPTION.col("tenant_id");
        let of_tenant = evaluation.tenant.as_ref().map_or(Condition::EVERYTHING, |of| of.condition(tenant_id));
        let found = self.waiting_starts(EventType::Conditional, of_tenant).await?;
        if found.is_empty() { Err(none()) } else { Ok(found) }
    }

    /// Starts the instance that a timer is due for, and makes the job of its next repetition, in one unit.
    pub(crate) async fn run_start_timer(self: &Arc<Self>, job: &StoredJob) -> Result<(), Error> {
        let defect = || Error::Defect(format!("the timer of job {} has no start event", job.id));
        let definition_id = job.definition_id.clone().ok_or_else(defect)?;
        let activity_id = job.activity_id.clone().ok_or_else(defect)?;
        let definition = self.definition(&definition_id).await?;
        let definition = definition.ok_or_else(|| Error::not_found("process definition", &definition_id))?;
        let mut along = self.end_of_job(job).await?;
        if let Some(next) = self.next_repetition(job, &definition, &activity_id)? {
            along.extend(self.creation_of(&next, &self.description_of(job).await?));
        }
        let (id, work) = self.start_work(&definition, &activity_id, None, &VariableMap::new());
        self.run_together_along(vec![(id, work)], along).await?;
        self.job_alarm.set(self.now());
        Ok(())
    }

    fn next_repetition(
        &self,
        job: &StoredJob,
        definition: &ProcessDefinition,
        activity_id: &Arc<str>,
    ) -> Result<Option<NewJob>, Error> {
        let Some(repeat) = &job.configuration else { return Ok(None) };
        let now = self.now();
        let Some(due_date) = start_event::next_due(repeat, now)? else { return Ok(None) };
        let model = &definition.model;
        let element = model.element_by_id(activity_id).map(|index| model.element(index));
        let jobs = &self.settings.jobs;
        Ok(Some(NewJob {
            id: JobId(self.ids.next(now)),
            job_definition_id: job.job_definition_id,
            handler: TIMER_START.into(),
            configuration: Some(repeat.clone()),
            batch_id: None,
            due_date: Some(due_date),
            create_time: now,
            retries: element.map_or(jobs.retries, |element| start_event::retries(element, jobs, now)),
            is_suspended: false,
            of_definition: Some(OfDefinition {
                id: definition.id.clone(),
                key: definition.key.clone(),
                tenant_id: definition.tenant_id.clone(),
                activity_id: activity_id.clone(),
                priority: job.priority,
            }),
        }))
    }
}

fn description(job: &NewJob, definition: &DefinitionRow, job_definitions: &[JobDefinition]) -> JobDescription {
    let known = job_definitions.iter().find(|known| Some(known.id) == job.job_definition_id);
    JobDescription {
        job_type: job.handler.clone(),
        configuration: known.map(|known| known.configuration.as_str().into()),
        deployment_id: Some(definition.deployment_id),
    }
}
