//! Starts instances that have ended once more, from what the history knows of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Command, ProcessDefinition, RejectionKind};
use query::{Condition, Select, SqlValue, tables};
use types::{ProcessInstanceId, VariableMap, VariableWrite};

use crate::command::in_own_task;
use crate::error::Error;
use crate::lane::LaneWork;
use crate::request::{DefinitionSelector, Restart, RestartedVariables};
use crate::row::{self, Cells};
use crate::shared::Shared;

/// An instance as the history has it.
struct Ended {
    business_key: Option<Arc<str>>,
    variables: VariableMap,
}

impl Shared {
    /// All of them or none.
    pub(crate) async fn restart_process_instances(
        self: &Arc<Self>,
        restart: Restart,
        instances: Vec<ProcessInstanceId>,
    ) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let work = shared.restarts(&restart, &instances).await?;
            shared.run_together(work).await.map(drop)
        })
        .await
    }

    pub(crate) async fn restarts(
        &self,
        restart: &Restart,
        instances: &[ProcessInstanceId],
    ) -> Result<Vec<(ProcessInstanceId, LaneWork)>, Error> {
        let definition = self.restartable(restart).await?;
        let mut work = Vec::with_capacity(instances.len());
        for restarted in instances {
            let ended = self.ended(*restarted, restart).await?;
            let id = ProcessInstanceId(self.ids.next(self.now()));
            let command = Command::StartProcessInstanceAt {
                id,
                definition_id: restart.definition_id.clone(),
                keys: ended.business_key.filter(|_| restart.keeps_business_key).into(),
                variables: ended.variables,
                modification: restart.modification.clone(),
                restarted_process_instance_id: Some(*restarted),
            };
            work.push((id, LaneWork::Start { command, definition: definition.clone() }));
        }
        Ok(work)
    }

    async fn restartable(&self, restart: &Restart) -> Result<Arc<ProcessDefinition>, Error> {
        let id = &restart.definition_id;
        self.check_startable(&DefinitionSelector::ById(id.clone())).await?;
        self.definition(id).await?.ok_or_else(|| Error::not_found("process definition", id))
    }

    async fn ended(&self, id: ProcessInstanceId, restart: &Restart) -> Result<Ended, Error> {
        let table = &tables::HISTORIC_PROCESS_INSTANCE;
        let mut select = Select::all(table.source()).filter(Condition::equal(table.col("id"), row::id(id.0)));
        select.columns = ["definition_id", "business_key", "end_time"].map(|name| table.col(name).into()).to_vec();
        let Some(found) = self.rows(&select).await?.pop() else {
            let message = format!("there is no history of a process instance with id `{id}`");
            return Err(Error::rejected(RejectionKind::BadUserRequest, message));
        };
        let mut cells = Cells::of(found);
        let definition_id = cells.text()?;
        let business_key = cells.optional_text()?;
        if cells.optional_time()?.is_none() {
            let message = format!("the process instance {id} still runs: only one that has ended starts once more");
            return Err(Error::rejected(RejectionKind::ProcessEngine, message));
        }
        if definition_id != restart.definition_id.0 {
            let message = format!("the process instance {id} was one of {definition_id}");
            return Err(Error::rejected(RejectionKind::ProcessEngine, message));
        }
        let variables = match restart.variables {
            RestartedVariables::Last => self.last_variables(id).await?,
            RestartedVariables::Initial => self.initial_variables(id).await?,
        };
        Ok(Ended { business_key, variables })
    }

    /// Camunda: those of its tasks too where they were at the process's own execution; the process's come first.
    async fn last_variables(&self, id: ProcessInstanceId) -> Result<VariableMap, Error> {
        let table = &tables::HISTORIC_VARIABLE;
        let of_process = Condition::All(vec![
            Condition::equal(table.col("process_instance_id"), row::id(id.0)),
            Condition::equal(table.col("execution_id"), row::id(id.0)),
            Condition::equal(table.col("state"), SqlValue::Text("CREATED".into())),
        ]);
        let mut select = Select::all(table.source()).filter(of_process);
        select.columns =
            ["task_id", "name"].into_iter().chain(row::VALUE_COLUMNS).map(|c| table.col(c).into()).collect();
        let mut found: BTreeMap<Arc<str>, (bool, VariableWrite)> = BTreeMap::new();
        for cells in self.rows(&select).await? {
            let mut cells = Cells::of(cells);
            let is_of_task = cells.optional_id::<types::TaskId>()?.is_some();
            let name = cells.text()?;
            let write = VariableWrite { value: cells.variable_value()?, transient: false };
            if !is_of_task || !found.contains_key(&name) {
                found.insert(name, (is_of_task, write));
            }
        }
        Ok(found.into_iter().map(|(name, (_, write))| (name, write)).collect())
    }

    /// Those that the instance was started with; only the whole history knows them.
    async fn initial_variables(&self, id: ProcessInstanceId) -> Result<VariableMap, Error> {
        let table = &tables::EVERY_HISTORIC_DETAIL;
        let at_start = Condition::All(vec![
            Condition::equal(table.col("process_instance_id"), row::id(id.0)),
            Condition::equal(table.col("execution_id"), row::id(id.0)),
            Condition::equal(table.col("is_initial"), 1),
        ]);
        let mut select = Select::all(table.source()).filter(at_start);
        select.columns = std::iter::once("name").chain(row::VALUE_COLUMNS).map(|c| table.col(c).into()).collect();
        let mut found = VariableMap::new();
        for cells in self.rows(&select).await? {
            let mut cells = Cells::of(cells);
            let name = cells.text()?;
            found.insert(name, VariableWrite { value: cells.variable_value()?, transient: false });
        }
        Ok(found)
    }
}
