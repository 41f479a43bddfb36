//! Suspends and activates definitions and instances, many at once, now or by a job later.
//!
//! The rows change in place, past the lanes: revisions and lock epochs move by `FOREIGN_STEP`, so that what lanes have
//! in memory is found to be old, and the lanes forget it.

use std::sync::Arc;

use query::mutation::{AssignedValue, Assignment};
use query::{Comparison, Condition, Mutation, Source, SqlValue, Subquery, Table, tables};
use store::work::ExpectedStatement;
use types::{JobId, ProcessDefinitionId, ProcessInstanceId, Timestamp};

use crate::command::in_own_task;
use crate::error::Error;
use crate::job_row::{self, NewJob, StoredJob};
use crate::lane::FOREIGN_STEP;
use crate::request::{
    DefinitionSet, DefinitionSuspension, InstanceSet, InstancesOfDefinition, SuspensionState, TenantChoice,
};
use crate::row;
use crate::shared::Shared;

/// Ids in one statement.
const IDS_PER_STATEMENT_MAX: usize = 5_000;

impl Shared {
    pub(crate) async fn set_definition_suspension(
        self: &Arc<Self>,
        suspension: DefinitionSuspension,
    ) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            shared.suspend_in_turn(suspension, Vec::new()).await
        })
        .await
    }

    /// `along` is applied in the same unit.
    pub(crate) async fn suspend_in_turn(
        self: &Arc<Self>,
        suspension: DefinitionSuspension,
        along: Vec<ExpectedStatement>,
    ) -> Result<(), Error> {
        let _turn = self.deployment_turn.acquire().await.map_err(|_| Error::ShuttingDown)?;
        if let Some(at) = suspension.at {
            let mut statements = along;
            let job = self.suspension_job(&suspension);
            statements.extend(self.creation_of(&job, &self.description_of(&job.stored()).await?));
            self.apply(statements).await?;
            self.job_alarm.set(at);
            return Ok(());
        }
        let definitions = suspension.which.condition();
        let ids: Vec<SqlValue> = crate::definition_cache::definition_rows(self, definitions.clone())
            .await?
            .into_iter()
            .map(|definition| SqlValue::Text(definition.id.0))
            .collect();
        let mut statements = along;
        statements.push(self.flag_update(&tables::PROCESS_DEFINITION, suspension.state, definitions));
        let of_definitions = Condition::OneOf(tables::JOB_DEFINITION.col("process_definition_id").into(), ids.clone());
        statements.push(self.flag_update(&tables::JOB_DEFINITION, suspension.state, of_definitions));
        let of_start_timers = Condition::OneOf(tables::JOB.col("definition_id").into(), ids.clone())
            .and(Condition::equal(tables::JOB.col("handler"), job_row::TIMER_START));
        statements.push(self.flag_update(&tables::JOB, suspension.state, of_start_timers));
        if suspension.instances == InstancesOfDefinition::Included {
            self.add_instance_statements(&mut statements, suspension.state, "definition_id", &ids);
        }
        statements.extend(self.generation_step());
        self.apply(statements).await?;
        let definitions: Vec<ProcessDefinitionId> = ids
            .into_iter()
            .filter_map(|id| match id {
                SqlValue::Text(id) => Some(ProcessDefinitionId(id)),
                _ => None,
            })
            .collect();
        self.forget_job_definitions(&definitions);
        self.definitions.forget_rows();
        self.announce_definitions();
        if suspension.instances == InstancesOfDefinition::Included {
            self.after_suspension(suspension.state);
        } else if suspension.state == SuspensionState::Active {
            // Timers that start instances may be due.
            self.job_alarm.set(self.now());
        }
        Ok(())
    }

    pub(crate) async fn set_instance_suspension(
        self: &Arc<Self>,
        which: InstanceSet,
        state: SuspensionState,
    ) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            shared.suspend_instances(which, state, Vec::new()).await
        })
        .await
    }

    /// Within a task that nobody drops. `along` is applied in the same unit.
    pub(crate) async fn suspend_instances(
        self: &Arc<Self>,
        which: InstanceSet,
        state: SuspensionState,
        along: Vec<ExpectedStatement>,
    ) -> Result<(), Error> {
        let mut statements = along;
        match which {
            InstanceSet::Ids(instances) => {
                for chunk in instances.chunks(IDS_PER_STATEMENT_MAX) {
                    let ids: Vec<SqlValue> = chunk.iter().map(|id: &ProcessInstanceId| row::id(id.0)).collect();
                    self.add_instance_statements(&mut statements, state, "process_instance_id", &ids);
                }
            }
            InstanceSet::OfDefinitions(definitions) => {
                let rows = crate::definition_cache::definition_rows(self, definitions.condition()).await?;
                let ids: Vec<SqlValue> = rows.into_iter().map(|row| SqlValue::Text(row.id.0)).collect();
                self.add_instance_statements(&mut statements, state, "definition_id", &ids);
            }
        }
        self.apply(statements).await?;
        self.after_suspension(state);
        Ok(())
    }

    fn after_suspension(&self, state: SuspensionState) {
        for lane in self.lanes.all() {
            lane.mark_stale();
        }
        if state == SuspensionState::Active {
            self.polls.all_fetchable();
            self.polls.expiry.set(self.now());
            self.job_alarm.set(self.now());
        }
    }

    /// For the rows of instances whose column `by` has one of `ids`.
    fn add_instance_statements(
        &self,
        statements: &mut Vec<ExpectedStatement>,
        state: SuspensionState,
        by: &'static str,
        ids: &[SqlValue],
    ) {
        let of = |table: &'static Table, by: &'static str| {
            Condition::OneOf(table.col(by).into(), ids.to_vec())
                .and(Condition::equal(table.col("is_suspended"), i64::from(state == SuspensionState::Active)))
        };
        let instances = &tables::PROCESS_INSTANCE;
        let by_instance = if by == "process_instance_id" { "id" } else { by };
        statements.push(self.statement(&root_steps(state, by_instance, ids)));
        statements.push(self.statement(&Mutation::Update {
            table: instances,
            assignments: vec![set("is_suspended", row::flag(state.is_suspended())), step("revision")],
            condition: of(instances, by_instance),
        }));
        self.add_external_task_statements(statements, state, &of(&tables::EXTERNAL_TASK, by));
        statements.push(self.flag_update(&tables::TASK, state, of(&tables::TASK, by)));
        statements.push(self.flag_update(&tables::JOB, state, of(&tables::JOB, by)));
        let history = &tables::HISTORIC_PROCESS_INSTANCE;
        let running = Condition::OneOf(history.col(by_instance).into(), ids.to_vec())
            .and(Condition::is_null(history.col("end_time")));
        let name = if state.is_suspended() { "SUSPENDED" } else { "ACTIVE" };
        let values = vec![("state", SqlValue::Text(name.into()))];
        statements.push(self.statement(&Mutation::update(history, values, running)));
    }

    /// `available_at` says from when a task can be fetched, as `ExternalTask::fetchable_from` does.
    fn add_external_task_statements(
        &self,
        statements: &mut Vec<ExpectedStatement>,
        state: SuspensionState,
        condition: &Condition,
    ) {
        let table = &tables::EXTERNAL_TASK;
        let expiration = table.col("lock_expiration");
        let now = self.now().0;
        let mut update = |available_at: AssignedValue, further: Condition| {
            let assignments = vec![
                set("is_suspended", row::flag(state.is_suspended())),
                step("lock_epoch"),
                Assignment { column: "available_at", value: available_at },
            ];
            let condition = condition.clone().and(further);
            statements.push(self.statement(&Mutation::Update { table, assignments, condition }));
        };
        let nothing = AssignedValue::Value(SqlValue::Null);
        if state.is_suspended() {
            update(nothing, Condition::EVERYTHING);
            return;
        }
        let retries = table.col("retries");
        let without_retries = Condition::compare(retries, Comparison::AtMost, 0);
        update(nothing, without_retries);
        update(AssignedValue::Column("lock_expiration"), Condition::compare(expiration, Comparison::Greater, now));
        update(AssignedValue::Value(SqlValue::Integer(0)), Condition::EVERYTHING);
    }

    fn flag_update(&self, table: &'static Table, state: SuspensionState, condition: Condition) -> ExpectedStatement {
        let values = vec![("is_suspended", row::flag(state.is_suspended()))];
        self.statement(&Mutation::update(table, values, condition))
    }

    /// What a delayed suspension does when it is due.
    pub(crate) async fn run_suspension(self: &Arc<Self>, job: &StoredJob) -> Result<(), Error> {
        let suspension = decode(job.configuration.as_deref().unwrap_or_default())
            .ok_or_else(|| Error::Defect(format!("the configuration of job {} cannot be read", job.id)))?;
        let end = self.end_of_job(job).await?;
        self.suspend_in_turn(suspension, end).await
    }

    /// The job that does it later.
    pub(crate) fn suspension_job(&self, suspension: &DefinitionSuspension) -> NewJob {
        let now = self.now();
        NewJob {
            id: JobId(self.ids.next(now)),
            job_definition_id: None,
            handler: job_row::SUSPENSION.into(),
            configuration: Some(encode(suspension)),
            batch_id: None,
            due_date: suspension.at,
            create_time: now,
            retries: self.settings.jobs.retries,
            is_suspended: false,
            of_definition: None,
        }
    }
}

/// Camunda: what the log calls a job that suspends or activates definitions.
pub(crate) fn job_type(state: SuspensionState) -> &'static str {
    match state {
        SuspensionState::Suspended => "suspend-processdefinition",
        SuspensionState::Active => "activate-processdefinition",
    }
}

impl SuspensionState {
    fn is_suspended(self) -> bool {
        self == SuspensionState::Suspended
    }
}

impl DefinitionSet {
    pub(crate) fn id_or_key(&self) -> &str {
        match self {
            DefinitionSet::ById(id) => id.as_str(),
            DefinitionSet::ByKey { key, .. } => key,
        }
    }

    pub(crate) fn condition(&self) -> Condition {
        let table = &tables::PROCESS_DEFINITION;
        match self {
            DefinitionSet::ById(id) => Condition::equal(table.col("id"), id.as_str()),
            DefinitionSet::ByKey { key, tenant } => {
                Condition::equal(table.col("key"), key.as_ref()).and(tenant.condition(table.col("tenant_id")))
            }
        }
    }
}

/// The revision of an aggregate is that of its root, which is not always among the instances that change.
fn root_steps(state: SuspensionState, by: &'static str, ids: &[SqlValue]) -> Mutation {
    const CALLED: Source = Source { table: &tables::PROCESS_INSTANCE, alias: "called" };
    let was = i64::from(state == SuspensionState::Active);
    let condition = Condition::OneOf(query::column(CALLED.alias, by).into(), ids.to_vec())
        .and(Condition::equal(query::column(CALLED.alias, "is_suspended"), was))
        .and(Condition::compare(
            query::column(CALLED.alias, "root_process_instance_id"),
            Comparison::NotEqual,
            query::column(CALLED.alias, "id"),
        ));
    let called = Subquery { from: CALLED, joins: Vec::new(), condition };
    let root = query::column(CALLED.alias, "root_process_instance_id");
    Mutation::Update {
        table: &tables::PROCESS_INSTANCE,
        assignments: vec![step("revision")],
        condition: Condition::OneOfColumn(tables::PROCESS_INSTANCE.col("id").into(), Box::new(called), root),
    }
}

fn set(column: &'static str, value: SqlValue) -> Assignment {
    Assignment { column, value: value.into() }
}

pub(crate) fn step(column: &'static str) -> Assignment {
    Assignment { column, value: AssignedValue::Increment(FOREIGN_STEP) }
}

/// One line each: state, instances, kind of set, id or key, and kind of tenant; then the tenant, to the end.
fn encode(suspension: &DefinitionSuspension) -> Arc<str> {
    let state = match suspension.state {
        SuspensionState::Active => "active",
        SuspensionState::Suspended => "suspended",
    };
    let instances = match suspension.instances {
        InstancesOfDefinition::Included => "included",
        InstancesOfDefinition::Left => "left",
    };
    format!("{state}\n{instances}\n{}", encode_set(&suspension.which)).into()
}

pub(crate) fn encode_set(which: &DefinitionSet) -> String {
    match which {
        DefinitionSet::ById(id) => format!("id\n{id}"),
        DefinitionSet::ByKey { key, tenant: TenantChoice::Any } => format!("key\n{key}\nany"),
        DefinitionSet::ByKey { key, tenant: TenantChoice::None } => format!("key\n{key}\nnone"),
        DefinitionSet::ByKey { key, tenant: TenantChoice::Of(tenant) } => format!("key\n{key}\nof\n{tenant}"),
    }
}

pub(crate) fn decode(text: &str) -> Option<DefinitionSuspension> {
    let mut parts = text.splitn(6, '\n');
    let state = match parts.next()? {
        "active" => SuspensionState::Active,
        "suspended" => SuspensionState::Suspended,
        _ => return None,
    };
    let instances = match parts.next()? {
        "included" => InstancesOfDefinition::Included,
        "left" => InstancesOfDefinition::Left,
        _ => return None,
    };
    let which = decode_set(parts)?;
    Some(DefinitionSuspension { which, state, instances, at: None::<Timestamp> })
}

pub(crate) fn decode_set<'t>(mut parts: impl Iterator<Item = &'t str>) -> Option<DefinitionSet> {
    Some(match (parts.next()?, parts.next()?) {
        ("id", id) => DefinitionSet::ById(ProcessDefinitionId::from(id)),
        ("key", key) => {
            let tenant = match parts.next()? {
                "any" => TenantChoice::Any,
                "none" => TenantChoice::None,
                "of" => TenantChoice::Of(parts.next()?.into()),
                _ => return None,
            };
            DefinitionSet::ByKey { key: key.into(), tenant }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspension_for_later_is_read_as_it_was_written() {
        for which in [
            DefinitionSet::ById("key:1:uuid".into()),
            DefinitionSet::ByKey { key: "key".into(), tenant: TenantChoice::Any },
            DefinitionSet::ByKey { key: "key".into(), tenant: TenantChoice::None },
            DefinitionSet::ByKey { key: "key".into(), tenant: TenantChoice::Of("two\nlines".into()) },
        ] {
            let suspension = DefinitionSuspension {
                which,
                state: SuspensionState::Suspended,
                instances: InstancesOfDefinition::Included,
                at: None,
            };
            assert_eq!(decode(&encode(&suspension)), Some(suspension));
        }
        assert_eq!(decode("suspended\nsomehow"), None);
    }
}
