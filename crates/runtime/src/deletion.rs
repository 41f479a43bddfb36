//! Takes deployments and definitions away, with their instances and history if asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::{ProcessDefinition, RejectionKind};
use query::{ColumnRef, Comparison, Condition, Mutation, Select, SqlValue, Subquery, Table, column, tables};
use store::work::ExpectedStatement;
use types::{DeploymentId, ProcessInstanceId};

use crate::command::{in_own_task, until_it_lasts};
use crate::definition_cache::definition_rows;
use crate::error::Error;
use crate::request::{Cascade, DefinitionRow, DefinitionSet, TenantChoice};
use crate::row::{self, Cells};
use crate::shared::Shared;
use crate::suspension::step;
use crate::task_remark::remark_deletions;

/// Instances that go in one unit of work.
const INSTANCES_PER_UNIT_MAX: u64 = 500;
/// Ids in one statement.
const IDS_PER_STATEMENT_MAX: usize = 5_000;

impl Shared {
    pub(crate) async fn delete_deployment(self: &Arc<Self>, id: DeploymentId, cascade: Cascade) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let _turn = shared.deployment_turn.acquire().await.map_err(|_| Error::ShuttingDown)?;
            until_it_lasts(|| shared.delete_deployment_in_turn(id, cascade)).await
        })
        .await
    }

    async fn delete_deployment_in_turn(self: &Arc<Self>, id: DeploymentId, cascade: Cascade) -> Result<(), Error> {
        let (deployments, resources) = (&tables::DEPLOYMENT, &tables::DEPLOYMENT_RESOURCE);
        let forms = &tables::CAMUNDA_FORM_DEFINITION;
        let this = Condition::equal(deployments.col("id"), row::id(id.0));
        if self.count(&Select::all(deployments.source()).filter(this.clone())).await? == 0 {
            return Err(Error::not_found("deployment", id));
        }
        let of_deployment = |table: &'static Table| Condition::equal(table.col("deployment_id"), row::id(id.0));
        let definitions = definition_rows(self, of_deployment(&tables::PROCESS_DEFINITION)).await?;
        let mut along = self.restored_start_waits(&definitions).await?;
        along.extend([
            self.statement(&Mutation::delete(resources, of_deployment(resources))),
            self.statement(&Mutation::delete(forms, of_deployment(forms))),
            self.statement_on_one(&Mutation::delete(deployments, this)),
        ]);
        if cascade == Cascade::On {
            let log = &tables::HISTORIC_JOB_LOG;
            along.push(self.statement(&Mutation::delete(log, of_deployment(log).and(has_no_instance(log)))));
        }
        self.delete_in_turn(definitions, cascade, along).await
    }

    pub(crate) async fn delete_process_definitions(
        self: &Arc<Self>,
        which: DefinitionSet,
        cascade: Cascade,
    ) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let _turn = shared.deployment_turn.acquire().await.map_err(|_| Error::ShuttingDown)?;
            until_it_lasts(|| async {
                let definitions = definition_rows(&shared, which.condition()).await?;
                if definitions.is_empty() {
                    return Err(Error::not_found("process definition", which.id_or_key()));
                }
                let restored = shared.restored_start_waits(&definitions).await?;
                shared.delete_in_turn(definitions, cascade, restored).await
            })
            .await
        })
        .await
    }

    /// From here on nothing starts with the definitions on this node, so that no instance appears while they go. What
    /// other nodes start is found by the unit itself.
    async fn delete_in_turn(
        self: &Arc<Self>,
        definitions: Vec<DefinitionRow>,
        cascade: Cascade,
        along: Vec<ExpectedStatement>,
    ) -> Result<(), Error> {
        self.definitions.retire(definitions.iter().map(|definition| definition.id.clone()));
        let deleted = self.delete_retired(&definitions, cascade, along).await;
        self.definitions.end_retirement(definitions.iter().map(|definition| &definition.id));
        if deleted.is_ok() {
            for definition in &definitions {
                self.definitions.forget(&definition.id);
            }
            self.announce_definitions();
            // Timers of an older version may start instances again.
            self.job_alarm.set(self.now());
        }
        deleted
    }

    async fn delete_retired(
        self: &Arc<Self>,
        definitions: &[DefinitionRow],
        cascade: Cascade,
        along: Vec<ExpectedStatement>,
    ) -> Result<(), Error> {
        self.flush().await?;
        let ids: Vec<SqlValue> = definitions.iter().map(|row| SqlValue::Text(row.id.0.clone())).collect();
        if cascade == Cascade::On {
            self.delete_instances_of(&ids).await?;
            self.delete_history_of(&ids).await?;
        }
        let instances = self.instances_of(&ids).await?;
        let by_definition =
            |table: &'static Table, column: &'static str| Condition::OneOf(table.col(column).into(), ids.clone());
        // First, as it waits for what begins with them elsewhere, and keeps more of that waiting (ADR 0021).
        let gone = Mutation::delete(&tables::PROCESS_DEFINITION, by_definition(&tables::PROCESS_DEFINITION, "id"));
        let count = definitions.len() as u64;
        let mut statements = vec![ExpectedStatement { rows_affected: Some(count), ..self.statement(&gone) }];
        match cascade {
            Cascade::Off if !instances.is_empty() => {
                let message = format!("{} instances are running: delete them first, or with cascade", instances.len());
                return Err(Error::rejected(RejectionKind::ProcessEngine, message));
            }
            Cascade::Off => {}
            Cascade::On => {
                let parts = self.parts_of_tasks(&instances).await?;
                self.add_part_deletions(&mut statements, &parts);
                self.add_instance_deletions(&mut statements, &ids);
                self.add_history_deletions(&mut statements, &ids).await?;
                let starters = &tables::IDENTITY_LINK_LOG;
                let of_definition = by_definition(starters, "definition_id").and(has_no_instance(starters));
                statements.push(self.statement(&Mutation::delete(starters, of_definition)));
            }
        }
        if cascade == Cascade::Off {
            self.remove_start_waits(&mut statements, &ids).await?;
        }
        let jobs = by_definition(&tables::JOB, "definition_id").and(has_no_instance(&tables::JOB));
        statements.push(self.statement(&Mutation::delete(&tables::JOB, jobs)));
        for (table, column) in [
            (&tables::JOB_DEFINITION, "process_definition_id"),
            (&tables::EVENT_SUBSCRIPTION, "definition_id"),
            (&tables::CANDIDATE_STARTER, "definition_id"),
        ] {
            statements.push(self.statement(&Mutation::delete(table, by_definition(table, column))));
        }
        for (key, tenant_id) in definitions.iter().map(|row| (&row.key, &row.tenant_id)).collect::<BTreeSet<_>>() {
            statements.extend(self.next_latest(key, tenant_id.as_ref(), definitions).await?);
        }
        statements.extend(along);
        // One that has begun since they were counted: the deletion is decided again.
        let late =
            Mutation::delete(&tables::PROCESS_INSTANCE, by_definition(&tables::PROCESS_INSTANCE, "definition_id"));
        statements.push(ExpectedStatement { rows_affected: Some(0), ..self.statement(&late) });
        statements.extend(self.generation_step());
        self.apply(statements).await?;
        if !instances.is_empty() {
            for lane in self.lanes.all() {
                lane.mark_stale();
            }
        }
        Ok(())
    }

    /// The version below those that go becomes the latest.
    async fn next_latest(
        &self,
        key: &Arc<str>,
        tenant_id: Option<&Arc<str>>,
        going: &[DefinitionRow],
    ) -> Result<Option<ExpectedStatement>, Error> {
        let Some(next) = self.highest_that_stays(key, tenant_id, going).await? else { return Ok(None) };
        let table = &tables::PROCESS_DEFINITION;
        let this = Condition::equal(table.col("id"), next.id.as_str());
        let latest = Mutation::update(table, vec![("is_latest", row::flag(true))], this);
        Ok(Some(self.statement_on_one(&latest)))
    }

    /// The start events of versions that become the latest wait again.
    async fn restored_start_waits(&self, going: &[DefinitionRow]) -> Result<Vec<ExpectedStatement>, Error> {
        let mut statements = Vec::new();
        for (key, tenant_id) in going.iter().map(|row| (&row.key, &row.tenant_id)).collect::<BTreeSet<_>>() {
            let Some(next) = self.highest_that_stays(key, tenant_id.as_ref(), going).await? else { continue };
            let is_above =
                |row: &DefinitionRow| row.key == *key && row.tenant_id == *tenant_id && row.version > next.version;
            if !going.iter().any(is_above) {
                continue;
            }
            if let Some(definition) = self.definition(&next.id).await? {
                let ProcessDefinition { model, job_definitions, .. } = &*definition;
                self.add_start_waits(&mut statements, &next, model, job_definitions).await?;
            }
        }
        Ok(statements)
    }

    async fn highest_that_stays(
        &self,
        key: &Arc<str>,
        tenant_id: Option<&Arc<str>>,
        going: &[DefinitionRow],
    ) -> Result<Option<DefinitionRow>, Error> {
        let table = &tables::PROCESS_DEFINITION;
        let tenant = tenant_id.cloned().map_or(TenantChoice::None, TenantChoice::Of);
        let gone = going.iter().map(|row| SqlValue::Text(row.id.0.clone())).collect();
        let staying = Condition::equal(table.col("key"), key.as_ref())
            .and(tenant.condition(table.col("tenant_id")))
            .and(Condition::OneOf(table.col("id").into(), gone).not());
        // In order of versions.
        Ok(definition_rows(self, staying).await?.pop())
    }

    /// What runs, portion by portion: whatever interrupts it, the definitions are still there and it can be repeated.
    async fn delete_instances_of(self: &Arc<Self>, definitions: &[SqlValue]) -> Result<(), Error> {
        let table = &tables::PROCESS_INSTANCE;
        let mut select = of_definitions(table, definitions).limit(INSTANCES_PER_UNIT_MAX);
        select.columns = vec![table.col("id").into()];
        loop {
            let found = self.rows(&select).await?;
            let instances: Vec<ProcessInstanceId> =
                found.into_iter().map(|row| Cells::of(row).id()).collect::<Result<_, Error>>()?;
            if instances.is_empty() {
                return Ok(());
            }
            let mut statements = Vec::new();
            let parts = self.parts_of_tasks(&instances).await?;
            self.add_part_deletions(&mut statements, &parts);
            self.add_portion_deletions(&mut statements, &instances);
            self.apply(statements).await?;
            for lane in self.lanes.all() {
                lane.mark_stale();
            }
            // What other nodes begin meanwhile goes with the definitions.
            if (instances.len() as u64) < INSTANCES_PER_UNIT_MAX {
                return Ok(());
            }
        }
    }

    fn add_portion_deletions(&self, statements: &mut Vec<ExpectedStatement>, instances: &[ProcessInstanceId]) {
        let ids: Vec<SqlValue> = instances.iter().map(|id| row::id(id.0)).collect();
        let of = |table: &'static Table, column: &'static str| Condition::OneOf(table.col(column).into(), ids.clone());
        statements.push(self.statement(&caller_steps(Condition::OneOf(column(GOING, "id").into(), ids.clone()))));
        let links = of_tasks(tables::IDENTITY_LINK.col("task_id"), of(&tables::TASK, "process_instance_id"));
        statements.push(self.statement(&Mutation::delete(&tables::IDENTITY_LINK, links)));
        for table in PARTS_OF_PROCESS_INSTANCE {
            statements.push(self.statement(&Mutation::delete(table, of(table, "process_instance_id"))));
        }
        let instances = &tables::PROCESS_INSTANCE;
        statements.push(self.statement(&Mutation::delete(instances, of(instances, "id"))));
    }

    /// The same of what is kept of those that have gone.
    async fn delete_history_of(self: &Arc<Self>, definitions: &[SqlValue]) -> Result<(), Error> {
        let table = &tables::HISTORIC_PROCESS_INSTANCE;
        let mut select = of_definitions(table, definitions).limit(INSTANCES_PER_UNIT_MAX);
        select.columns = vec![table.col("id").into()];
        loop {
            let found = self.rows(&select).await?;
            let ids: Vec<SqlValue> =
                found.into_iter().map(|row| Ok(row::id(Cells::of(row).id()?))).collect::<Result<_, Error>>()?;
            self.remove_instances(&ids).await?;
            if (ids.len() as u64) < INSTANCES_PER_UNIT_MAX {
                return Ok(());
            }
        }
    }

    async fn instances_of(&self, definitions: &[SqlValue]) -> Result<Vec<ProcessInstanceId>, Error> {
        let table = &tables::PROCESS_INSTANCE;
        let mut select = Select::all(table.source())
            .filter(Condition::OneOf(table.col("definition_id").into(), definitions.to_vec()));
        select.columns = vec![table.col("id").into()];
        let rows = self.rows(&select).await?;
        rows.into_iter().map(|row| Cells::of(row).id()).collect()
    }

    /// Of those that there are when the statements run, as more may begin until then.
    fn add_instance_deletions(&self, statements: &mut Vec<ExpectedStatement>, definitions: &[SqlValue]) {
        let of = |table: &'static Table, by: &'static str| {
            let instances = instances_of(&tables::PROCESS_INSTANCE, definitions);
            Condition::OneOfColumn(table.col(by).into(), Box::new(instances), column(GOING, "id"))
        };
        let links = of_tasks(tables::IDENTITY_LINK.col("task_id"), of(&tables::TASK, "process_instance_id"));
        let are_going = Condition::OneOf(column(GOING, "definition_id").into(), definitions.to_vec());
        statements.push(self.statement(&caller_steps(are_going)));
        statements.push(self.statement(&Mutation::delete(&tables::IDENTITY_LINK, links)));
        for table in PARTS_OF_PROCESS_INSTANCE {
            statements.push(self.statement(&Mutation::delete(table, of(table, "process_instance_id"))));
        }
        let instances = &tables::PROCESS_INSTANCE;
        let all = Condition::OneOf(instances.col("definition_id").into(), definitions.to_vec());
        statements.push(self.statement(&Mutation::delete(instances, all)));
    }

    /// The tasks that stand alone and are parts of those of the instances.
    async fn parts_of_tasks(&self, instances: &[ProcessInstanceId]) -> Result<Vec<SqlValue>, Error> {
        let tasks = &tables::TASK;
        let mut parts = Vec::new();
        for chunk in instances.chunks(IDS_PER_STATEMENT_MAX) {
            let ids = chunk.iter().map(|id| row::id(id.0)).collect();
            let of_instances = Condition::OneOf(tasks.col("process_instance_id").into(), ids);
            let mut next = self.tasks_alone(of_tasks(tasks.col("parent_task_id"), of_instances)).await?;
            while !next.is_empty() {
                let below = Condition::OneOf(tasks.col("parent_task_id").into(), next.clone());
                parts.append(&mut next);
                next = self.tasks_alone(below).await?;
                next.retain(|part| !parts.contains(part));
            }
        }
        Ok(parts)
    }

    async fn tasks_alone(&self, condition: Condition) -> Result<Vec<SqlValue>, Error> {
        let tasks = &tables::TASK;
        let is_alone = Condition::is_null(tasks.col("process_instance_id"));
        let mut select = Select::all(tasks.source()).filter(condition).filter(is_alone);
        select.columns = vec![tasks.col("id").into()];
        let rows = self.rows(&select).await?;
        rows.into_iter().map(|row| Ok(row::id(Cells::of(row).id()?))).collect()
    }

    fn add_part_deletions(&self, statements: &mut Vec<ExpectedStatement>, parts: &[SqlValue]) {
        for chunk in parts.chunks(IDS_PER_STATEMENT_MAX) {
            for (table, column) in [
                (&tables::IDENTITY_LINK, "task_id"),
                (&tables::VARIABLE, "task_id"),
                (&tables::TASK, "id"),
                (&tables::HISTORIC_TASK, "id"),
                (&tables::IDENTITY_LINK_LOG, "task_id"),
                (&tables::HISTORIC_VARIABLE, "task_id"),
                (&tables::HISTORIC_DETAIL, "task_id"),
            ] {
                let of_parts = Condition::OneOf(table.col(column).into(), chunk.to_vec());
                statements.push(self.statement(&Mutation::delete(table, of_parts)));
            }
        }
    }

    async fn add_history_deletions(
        &self,
        statements: &mut Vec<ExpectedStatement>,
        definitions: &[SqlValue],
    ) -> Result<(), Error> {
        // Jobs of start events have no instance.
        let log = &tables::HISTORIC_JOB_LOG;
        let of_definitions = Condition::OneOf(log.col("definition_id").into(), definitions.to_vec());
        statements.push(self.statement(&Mutation::delete(log, of_definitions.and(has_no_instance(log)))));
        let instances = &tables::HISTORIC_PROCESS_INSTANCE;
        let mut select = Select::all(instances.source())
            .filter(Condition::OneOf(instances.col("definition_id").into(), definitions.to_vec()));
        select.columns = vec![instances.col("id").into()];
        let rows = self.rows(&select).await?;
        let ids: Vec<SqlValue> =
            rows.into_iter().map(|row| Ok(row::id(Cells::of(row).id()?))).collect::<Result<_, Error>>()?;
        for chunk in ids.chunks(IDS_PER_STATEMENT_MAX) {
            statements.extend(remark_deletions(chunk).iter().map(|mutation| self.statement(mutation)));
        }
        for table in tables::HISTORY_OF_PROCESS_INSTANCE {
            let going = Box::new(instances_of(instances, definitions));
            let of = Condition::OneOfColumn(table.col("process_instance_id").into(), going, column(GOING, "id"));
            statements.push(self.statement(&Mutation::delete(table, of)));
        }
        let all = Condition::OneOf(instances.col("definition_id").into(), definitions.to_vec());
        statements.push(self.statement(&Mutation::delete(instances, all)));
        Ok(())
    }
}

/// What a running instance has besides its own row and the links of its tasks: all have a column `process_instance_id`.
const PARTS_OF_PROCESS_INSTANCE: [&Table; 7] = [
    &tables::EXECUTION,
    &tables::EXTERNAL_TASK,
    &tables::TASK,
    &tables::VARIABLE,
    &tables::JOB,
    &tables::EVENT_SUBSCRIPTION,
    &tables::INCIDENT,
];

/// What belongs to an instance goes with that.
pub(crate) fn has_no_instance(table: &'static Table) -> Condition {
    Condition::is_null(table.col("process_instance_id"))
}

/// That a column names one of the tasks for which a condition holds.
fn of_tasks(column: ColumnRef, condition: Condition) -> Condition {
    let tasks = &tables::TASK;
    let these = Subquery { from: tasks.source(), joins: Vec::new(), condition };
    Condition::OneOfColumn(column.into(), Box::new(these), tasks.col("id"))
}

/// What the instances that go are called in subqueries.
const GOING: &str = "going";

/// `table` has a row for each instance.
fn instances_of(table: &'static Table, definitions: &[SqlValue]) -> Subquery {
    let of_definitions = Condition::OneOf(column(GOING, "definition_id").into(), definitions.to_vec());
    Subquery { from: table.named(GOING), joins: Vec::new(), condition: of_definitions }
}

/// What lanes have in memory of instances that have called one that goes is found to be old.
fn caller_steps(are_going: Condition) -> Mutation {
    let table = &tables::PROCESS_INSTANCE;
    let root = column(GOING, "root_process_instance_id");
    let are_called = Condition::compare(root, Comparison::NotEqual, column(GOING, "id"));
    let called = Subquery { from: table.named(GOING), joins: Vec::new(), condition: are_going.and(are_called) };
    Mutation::Update {
        table,
        assignments: vec![step("revision")],
        condition: Condition::OneOfColumn(table.col("id").into(), Box::new(called), root),
    }
}

fn of_definitions(table: &'static Table, definitions: &[SqlValue]) -> Select {
    Select::all(table.source()).filter(Condition::OneOf(table.col("definition_id").into(), definitions.to_vec()))
}
