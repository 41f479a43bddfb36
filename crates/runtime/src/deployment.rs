//! Deployments: which resources are new, which definitions they make, and under which versions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bpmn::model::{Asynchronous, BoundaryEvent, BoundaryTrigger, EventSubProcessStartEvent, EventTrigger};
use bpmn::{ElementKind, ParseOptions, ParsedDocument, ProcessModel};
use engine::definition::JobDefinition;
use engine::record::IdentityLinkKind;
use engine::{HistoryLevel, RejectionKind};
use query::{Condition, Direction, Join, JoinKind, Mutation, Select, SqlValue, Table, tables};
use sha2::{Digest, Sha256};
use store::work::ExpectedStatement;
use types::{DeploymentId, ProcessDefinitionId, Timestamp};

use crate::aside::aside;
use crate::command::{in_own_task, until_it_lasts};
use crate::definition_cache::{definition_of, definition_rows};
use crate::error::Error;
use crate::form_definition::forms_of;
use crate::request::{
    DefinitionRow, DefinitionSet, DefinitionSuspension, Deployed, Deployment, DuplicateFiltering,
    InstancesOfDefinition, NewDeployment, NewResource, SuspensionState, TenantChoice,
};
use crate::row::{self, Cells};
use crate::shared::Shared;
use crate::stored_job::JobDescription;
use crate::suspension;

const BPMN_SUFFIXES: [&str; 2] = [".bpmn", ".bpmn20.xml"];
/// What these would deploy is not there yet, and storing them as files would only look as if it were.
const UNSUPPORTED_SUFFIXES: [(&str, &str); 5] = [
    (".dmn", "decisions"),
    (".dmn11.xml", "decisions"),
    (".cmmn", "cases"),
    (".cmmn10.xml", "cases"),
    (".cmmn11.xml", "cases"),
];
const DIAGRAM_SUFFIXES: [&str; 4] = ["png", "jpg", "gif", "svg"];
/// Camunda: filtering for duplicates takes deployments without a source for those of an application.
const APPLICATION_SOURCE: &str = "process application";

/// A definition that is about to be stored.
struct NewDefinition {
    row: DefinitionRow,
    model: Arc<ProcessModel>,
    document_bytes: usize,
    job_definitions: Vec<JobDefinition>,
    script_resources: BTreeMap<Arc<str>, Arc<str>>,
}

struct Parsed {
    resource: NewResource,
    document: ParsedDocument,
}

impl Shared {
    pub(crate) async fn deploy(self: &Arc<Self>, new: NewDeployment) -> Result<Deployed, Error> {
        let admitted = self.admission.admit()?;
        self.check_resources(&new.resources)?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let _turn = shared.deployment_turn.acquire().await.map_err(|_| Error::ShuttingDown)?;
            // Other nodes may deploy the next version of the same process at the same time.
            until_it_lasts(|| shared.deploy_in_turn(&new)).await
        })
        .await
    }

    fn check_resources(&self, resources: &[NewResource]) -> Result<(), Error> {
        if resources.is_empty() {
            return Err(Error::rejected(RejectionKind::BadUserRequest, "a deployment needs at least one resource"));
        }
        let bytes: usize = resources.iter().map(|resource| resource.contents.len()).sum();
        let bytes_max = self.settings.deployment_bytes_max;
        if bytes > bytes_max {
            let message = format!("the deployment has {bytes} bytes: at most {bytes_max} are allowed");
            return Err(Error::rejected(RejectionKind::LimitReached, message));
        }
        for resource in resources {
            if let Some((suffix, what)) = UNSUPPORTED_SUFFIXES.iter().find(|(end, _)| resource.name.ends_with(end)) {
                let name = &resource.name;
                let message =
                    format!("`{name}` cannot be deployed: there are no {what} yet, which `{suffix}` stands for");
                return Err(Error::NotImplemented(message));
            }
        }
        Ok(())
    }

    async fn deploy_in_turn(self: &Arc<Self>, new: &NewDeployment) -> Result<Deployed, Error> {
        let resources = self.without_duplicates(new).await?;
        if resources.is_empty() {
            let deployment = self.newest_deployment(new.name.as_ref()).await?;
            return Ok(Deployed { deployment, definitions: Vec::new() });
        }
        let now = self.now();
        let deployment = Deployment {
            id: DeploymentId(self.ids.next(now)),
            name: new.name.clone(),
            source: new.source.clone(),
            tenant_id: new.tenant_id.clone(),
            deploy_time: now,
        };
        let parsed = parse_all(&resources, self.parse_options()).await?;
        let forms = forms_of(&resources)?;
        let definitions = self.new_definitions(&deployment, &resources, parsed, new.activate_at.is_some()).await?;
        let mut statements = self.deployment_statements(&deployment, &resources, now);
        self.add_definition_statements(&mut statements, &definitions).await?;
        self.add_form_statements(&mut statements, &deployment, &forms).await?;
        if let Some(at) = new.activate_at {
            for definition in &definitions {
                statements.extend(self.activation(&definition.row, at));
            }
        }
        statements.extend(self.generation_step());
        self.apply(statements).await?;
        self.definitions.forget_rows();
        self.announce_definitions();
        if let Some(at) = new.activate_at {
            self.job_alarm.set(at);
        }
        let mut rows = Vec::with_capacity(definitions.len());
        for NewDefinition { row, model, document_bytes, job_definitions, script_resources } in definitions {
            self.ring_for_start_timers(&model);
            let definition = definition_of(&row, model, job_definitions, script_resources);
            self.definitions.keep(&Arc::new(definition), document_bytes);
            rows.push(row);
        }
        Ok(Deployed { deployment, definitions: rows })
    }

    fn activation(&self, definition: &DefinitionRow, at: Timestamp) -> Vec<ExpectedStatement> {
        let job = self.suspension_job(&DefinitionSuspension {
            which: DefinitionSet::ById(definition.id.clone()),
            state: SuspensionState::Active,
            instances: InstancesOfDefinition::Left,
            at: Some(at),
        });
        let description = JobDescription {
            job_type: suspension::job_type(SuspensionState::Active).into(),
            configuration: None,
            deployment_id: Some(definition.deployment_id),
        };
        self.creation_of(&job, &description)
    }

    /// The resources that are to be deployed.
    async fn without_duplicates(&self, new: &NewDeployment) -> Result<Vec<NewResource>, Error> {
        if new.duplicate_filtering == DuplicateFiltering::Off {
            return Ok(new.resources.clone());
        }
        let mut changed = Vec::new();
        for resource in &new.resources {
            let newest = self.newest_digest(new, &resource.name).await?;
            if newest.as_deref() != Some(digest(resource).as_slice()) {
                changed.push(resource.clone());
            }
        }
        let deploys_all = new.duplicate_filtering == DuplicateFiltering::WholeDeployment && !changed.is_empty();
        Ok(if deploys_all { new.resources.clone() } else { changed })
    }

    /// Of the newest resource of that name among the deployments with the same name, source and tenant.
    async fn newest_digest(&self, new: &NewDeployment, resource_name: &str) -> Result<Option<Arc<[u8]>>, Error> {
        let Some(name) = &new.name else { return Ok(None) };
        let (resources, deployments) = (&tables::DEPLOYMENT_RESOURCE, &tables::DEPLOYMENT);
        let source = deployments.col("source");
        let of_source = match new.source.as_deref() {
            None | Some("" | APPLICATION_SOURCE) => {
                Condition::Any(vec![Condition::is_null(source), Condition::equal(source, APPLICATION_SOURCE)])
            }
            Some(other) => Condition::equal(source, other),
        };
        let tenant = new.tenant_id.clone().map_or(TenantChoice::None, TenantChoice::Of);
        let mut select = Select::all(resources.source())
            .filter(Condition::equal(resources.col("name"), resource_name))
            .filter(Condition::equal(deployments.col("name"), name.as_ref()))
            .filter(of_source)
            .filter(tenant.condition(deployments.col("tenant_id")))
            .order_by(deployments.col("deploy_time"), Direction::Descending)
            .order_by(deployments.col("id"), Direction::Descending)
            .limit(1);
        select.joins = vec![Join {
            kind: JoinKind::Inner,
            source: deployments.source(),
            on: vec![(deployments.col("id"), resources.col("deployment_id"))],
        }];
        select.columns = vec![resources.col("sha256").into()];
        let row = self.rows(&select).await?.pop();
        row.map(|row| Cells::of(row).bytes()).transpose()
    }

    /// Camunda: whatever its tenant and source.
    async fn newest_deployment(&self, name: Option<&Arc<str>>) -> Result<Deployment, Error> {
        let table = &tables::DEPLOYMENT;
        let name = name.cloned().unwrap_or_default();
        let select = Select::all(table.source())
            .filter(Condition::equal(table.col("name"), name.as_ref()))
            .order_by(table.col("deploy_time"), Direction::Descending)
            .order_by(table.col("id"), Direction::Descending)
            .limit(1);
        match self.rows(&select).await?.pop() {
            Some(row) => deployment_row(Cells::of(row)),
            None => Err(Error::Defect(format!("the deployment `{name}` is a duplicate of nothing"))),
        }
    }

    async fn new_definitions(
        &self,
        deployment: &Deployment,
        resources: &[NewResource],
        parsed: Vec<Parsed>,
        is_suspended: bool,
    ) -> Result<Vec<NewDefinition>, Error> {
        let mut keys = BTreeSet::new();
        let mut definitions = Vec::new();
        for Parsed { resource, document } in parsed {
            let category: Option<Arc<str>> = document.target_namespace.map(Arc::from);
            for model in document.processes {
                if !keys.insert(model.key.clone()) {
                    let message = format!("the deployment has more than one process with the key `{}`", model.key);
                    return Err(Error::rejected(RejectionKind::ProcessEngine, message));
                }
                let version =
                    self.next_version(&tables::PROCESS_DEFINITION, &model.key, deployment.tenant_id.as_ref()).await?;
                let uuid = self.ids.next(deployment.deploy_time);
                let row = DefinitionRow {
                    id: ProcessDefinitionId::new(&model.key, version, uuid),
                    key: model.key.clone(),
                    version,
                    name: model.name.clone(),
                    category: category.clone(),
                    description: model.description.clone(),
                    version_tag: model.version_tag.clone(),
                    deployment_id: deployment.id,
                    resource_name: resource.name.clone(),
                    diagram_resource_name: diagram_of(&resource.name, &model.key, resources),
                    tenant_id: deployment.tenant_id.clone(),
                    is_suspended,
                    history_time_to_live_days: model.history_time_to_live_days,
                    is_startable_in_tasklist: model.is_startable_in_tasklist,
                };
                let job_definitions = self.job_definitions_of(&model, deployment.deploy_time, is_suspended);
                let document_bytes = resource.contents.len();
                let script_resources = script_resources(&model, resources);
                let model = Arc::new(model);
                definitions.push(NewDefinition { row, model, document_bytes, job_definitions, script_resources });
            }
        }
        Ok(definitions)
    }

    /// Of what is counted in `table` by key and tenant.
    pub(crate) async fn next_version(
        &self,
        table: &'static Table,
        key: &str,
        tenant_id: Option<&Arc<str>>,
    ) -> Result<u32, Error> {
        let tenant = tenant_id.cloned().map_or(TenantChoice::None, TenantChoice::Of);
        let mut select = Select::all(table.source())
            .filter(Condition::equal(table.col("key"), key))
            .filter(tenant.condition(table.col("tenant_id")))
            .order_by(table.col("version"), Direction::Descending)
            .limit(1);
        select.columns = vec![table.col("version").into()];
        match self.rows(&select).await?.pop() {
            Some(row) => Ok(Cells::of(row).count()? + 1),
            None => Ok(1),
        }
    }

    fn job_definitions_of(&self, model: &ProcessModel, now: Timestamp, is_suspended: bool) -> Vec<JobDefinition> {
        let timers = model.elements.iter().filter_map(|element| {
            let (job_type, trigger) = match &element.kind {
                ElementKind::BoundaryEvent(BoundaryEvent { trigger: BoundaryTrigger::Event(trigger), .. }) => {
                    ("timer-transition", trigger)
                }
                ElementKind::EventSubProcessStartEvent(EventSubProcessStartEvent {
                    trigger: BoundaryTrigger::Event(trigger),
                    ..
                }) => ("timer-start-event-subprocess", trigger),
                ElementKind::IntermediateCatchEvent(event) => ("timer-intermediate-transition", &event.trigger),
                ElementKind::EventStartEvent(event) => ("timer-start-event", &event.trigger),
                _ => return None,
            };
            let EventTrigger::Timer(timer) = trigger else { return None };
            Some(JobDefinition {
                id: self.ids.next(now).into(),
                activity_id: element.id.clone(),
                job_type,
                configuration: timer.job_configuration(),
                is_suspended,
                override_priority: None,
            })
        });
        let timeouts = model.elements.iter().flat_map(|element| {
            let listeners = match &element.kind {
                ElementKind::UserTask(task) => task.timeout_listeners.as_slice(),
                _ => &[],
            };
            listeners.iter().map(|listener| JobDefinition {
                id: self.ids.next(now).into(),
                activity_id: element.id.clone(),
                job_type: JobDefinition::TIMER_TASK_LISTENER,
                configuration: listener.timer.job_configuration(),
                is_suspended,
                override_priority: None,
            })
        });
        let continuations = model.elements.iter().flat_map(|element| {
            let Asynchronous { before, after, .. } = element.asynchronous;
            [(before, JobDefinition::ASYNC_BEFORE), (after, JobDefinition::ASYNC_AFTER)]
                .into_iter()
                .filter(|(is_there, _)| *is_there)
                .map(|(_, configuration)| JobDefinition {
                    id: self.ids.next(now).into(),
                    activity_id: element.id.clone(),
                    job_type: JobDefinition::ASYNC_CONTINUATION,
                    configuration: configuration.to_owned(),
                    is_suspended,
                    override_priority: None,
                })
        });
        timers.chain(timeouts).chain(continuations).collect()
    }

    fn deployment_statements(
        &self,
        deployment: &Deployment,
        resources: &[NewResource],
        now: Timestamp,
    ) -> Vec<ExpectedStatement> {
        let row = vec![
            row::id(deployment.id.0),
            row::optional_text(deployment.name.as_ref()),
            row::optional_text(deployment.source.as_ref()),
            row::optional_text(deployment.tenant_id.as_ref()),
            row::time(deployment.deploy_time),
        ];
        let mut statements = vec![self.statement(&Mutation::insert(&tables::DEPLOYMENT, vec![row]))];
        for resource in resources {
            let row = vec![
                row::id(self.ids.next(now)),
                row::id(deployment.id.0),
                row::text(&resource.name),
                SqlValue::Blob(resource.contents.clone()),
                SqlValue::Blob(digest(resource).as_slice().into()),
            ];
            statements.push(self.statement(&Mutation::insert(&tables::DEPLOYMENT_RESOURCE, vec![row])));
        }
        statements
    }

    async fn add_definition_statements(
        &self,
        statements: &mut Vec<ExpectedStatement>,
        definitions: &[NewDefinition],
    ) -> Result<(), Error> {
        let table = &tables::PROCESS_DEFINITION;
        for NewDefinition { row, model, job_definitions, .. } in definitions {
            let tenant = row.tenant_id.clone().map_or(TenantChoice::None, TenantChoice::Of);
            let before = Condition::equal(table.col("key"), row.key.as_ref())
                .and(tenant.condition(table.col("tenant_id")))
                .and(Condition::equal(table.col("is_latest"), 1));
            for replaced in definition_rows(self, before.clone()).await? {
                self.remove_start_waits(statements, &[SqlValue::Text(replaced.id.0)]).await?;
            }
            let no_longer = Mutation::update(table, vec![("is_latest", row::flag(false))], before);
            statements.push(self.statement(&no_longer));
            statements.push(self.statement(&Mutation::insert(table, vec![definition_cells(row)])));
            for job_definition in job_definitions {
                let cells = job_definition_cells(job_definition, row);
                statements.push(self.statement(&Mutation::insert(&tables::JOB_DEFINITION, vec![cells])));
            }
            self.add_starters(statements, row, model);
            self.add_start_waits(statements, row, model, job_definitions).await?;
        }
        Ok(())
    }

    /// Who may start it, in the order in which the model names them.
    fn add_starters(&self, statements: &mut Vec<ExpectedStatement>, definition: &DefinitionRow, model: &ProcessModel) {
        let users = model.candidate_starter_users.iter().map(|user| (Some(user), None));
        let groups = model.candidate_starter_groups.iter().map(|group| (None, Some(group)));
        let now = self.now();
        for (position, (user, group)) in (0_i64..).zip(users.chain(groups)) {
            let (user, group) = (row::optional_text(user), row::optional_text(group));
            let definition_id = SqlValue::Text(definition.id.0.clone());
            let cells = vec![definition_id.clone(), row::number(position), user.clone(), group.clone()];
            statements.push(self.statement(&Mutation::insert(&tables::CANDIDATE_STARTER, vec![cells])));
            if self.settings.history_level < HistoryLevel::Full {
                continue;
            }
            let logged = vec![
                row::id(self.ids.next(now)),
                row::time(now),
                SqlValue::Text(IdentityLinkKind::CANDIDATE.into()),
                user,
                group,
                SqlValue::Null,
                SqlValue::Text("add".into()),
                SqlValue::Null,
                SqlValue::Null,
                definition_id,
                row::text(&definition.key),
                row::optional_text(definition.tenant_id.as_ref()),
            ];
            statements.push(self.statement(&Mutation::insert(&tables::IDENTITY_LINK_LOG, vec![logged])));
        }
    }
}

/// Parses off the threads that serve requests.
async fn parse_all(resources: &[NewResource], options: ParseOptions) -> Result<Vec<Parsed>, Error> {
    let models: Vec<NewResource> = resources
        .iter()
        .filter(|resource| BPMN_SUFFIXES.iter().any(|suffix| resource.name.ends_with(suffix)))
        .cloned()
        .collect();
    let parsing = aside(move || {
        let parse = |resource: NewResource| match bpmn::parse(&resource.contents, &options) {
            Ok(document) => Ok(Parsed { resource, document }),
            Err(failure) => Err(Error::Parse { resource: resource.name, failure }),
        };
        models.into_iter().map(parse).collect()
    });
    parsing.await.map_err(|_| Error::Defect("the parser broke an invariant".to_owned()))?
}

fn digest(resource: &NewResource) -> Vec<u8> {
    Sha256::digest(&resource.contents).to_vec()
}

/// The picture of a process: `name.key.svg` before `name.svg`, where `name.bpmn` is its file.
fn diagram_of(file: &str, key: &str, resources: &[NewResource]) -> Option<Arc<str>> {
    let base = BPMN_SUFFIXES.iter().find_map(|suffix| file.strip_suffix(suffix))?;
    DIAGRAM_SUFFIXES
        .iter()
        .find_map(|suffix| {
            let names = [format!("{base}.{key}.{suffix}"), format!("{base}.{suffix}")];
            names.iter().find_map(|name| resources.iter().find(|resource| *resource.name == **name))
        })
        .map(|resource| resource.name.clone())
}

fn deployment_row(mut cells: Cells) -> Result<Deployment, Error> {
    Ok(Deployment {
        id: cells.id()?,
        name: cells.optional_text()?,
        source: cells.optional_text()?,
        tenant_id: cells.optional_text()?,
        deploy_time: cells.time()?,
    })
}

fn definition_cells(row: &DefinitionRow) -> Vec<SqlValue> {
    vec![
        SqlValue::Text(row.id.0.clone()),
        row::text(&row.key),
        row::number(row.version),
        row::optional_text(row.name.as_ref()),
        row::optional_text(row.category.as_ref()),
        row::optional_text(row.description.as_ref()),
        row::optional_text(row.version_tag.as_ref()),
        row::id(row.deployment_id.0),
        row::text(&row.resource_name),
        row::optional_text(row.diagram_resource_name.as_ref()),
        row::optional_text(row.tenant_id.as_ref()),
        row::flag(row.is_suspended),
        row.history_time_to_live_days.map_or(SqlValue::Null, row::number),
        row::flag(row.is_startable_in_tasklist),
        row::flag(true),
    ]
}

fn job_definition_cells(job_definition: &JobDefinition, definition: &DefinitionRow) -> Vec<SqlValue> {
    vec![
        row::id(job_definition.id.0),
        SqlValue::Text(definition.id.0.clone()),
        row::text(&definition.key),
        row::text(&job_definition.activity_id),
        SqlValue::Text(job_definition.job_type.into()),
        SqlValue::Text(job_definition.configuration.as_str().into()),
        row::flag(definition.is_suspended),
        SqlValue::Null,
        row::optional_text(definition.tenant_id.as_ref()),
        // Camunda: only the job definitions of batches have a deployment.
        SqlValue::Null,
    ]
}

/// What the scripts of a model are read from, as far as the deployment has it.
fn script_resources(model: &ProcessModel, resources: &[NewResource]) -> BTreeMap<Arc<str>, Arc<str>> {
    let contents = |name: &Arc<str>| {
        let resource = resources.iter().find(|resource| *resource.name == **name)?;
        Some((name.clone(), String::from_utf8_lossy(&resource.contents).into()))
    };
    model.script_resources.iter().filter_map(contents).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagram_of_the_key_comes_before_one_of_the_file() {
        let resource = |name: &str| NewResource { name: name.into(), contents: Arc::from([]) };
        let both = [resource("a.bpmn"), resource("a.svg"), resource("a.key.svg")];
        assert_eq!(diagram_of("a.bpmn", "key", &both).as_deref(), Some("a.key.svg"));
        assert_eq!(diagram_of("a.bpmn20.xml", "other", &both).as_deref(), Some("a.svg"));
        assert_eq!(diagram_of("b.bpmn", "key", &both), None);
    }
}
