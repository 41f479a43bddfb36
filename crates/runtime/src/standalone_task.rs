//! Tasks that stand alone: how they come to be, under ids that people may give, and how they become parts of others.

use std::collections::HashMap;
use std::sync::Arc;

use engine::{Command, Rejection, RejectionKind, TaskChange, TaskProperties};
use query::{Condition, Mutation, Select, SqlValue, tables};
use store::LocatedBy;
use store::work::ExpectedStatement;
use types::{ProcessInstanceId, TaskId, Uuid};

use crate::command::{CONFLICT_ATTEMPTS_MAX, in_own_task};
use crate::error::Error;
use crate::lane::LaneWork;
use crate::row::{self, Cells};
use crate::shared::Shared;

/// Camunda: its columns for ids hold so many characters.
const GIVEN_ID_LENGTH_MAX: usize = 64;

impl Shared {
    /// Without an id of somebody's choice it gets one.
    pub(crate) async fn create_task(
        self: &Arc<Self>,
        given_id: Option<Arc<str>>,
        properties: TaskProperties,
    ) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let (id, along) = match given_id {
                Some(text) => shared.free_task_id(&text).await?,
                None => (TaskId(shared.ids.next(shared.now())), Vec::new()),
            };
            let root = match properties.parent_task_id {
                Some(parent) => shared.root_of(LocatedBy::Task(parent)).await?,
                None => Some(ProcessInstanceId(id.0)),
            };
            let command = Command::CreateTask { id, properties: Box::new(properties) };
            let Some(root) = root else { return Err(shared.refuse_on_nothing(command)) };
            shared.run_together_along(vec![(root, LaneWork::Command(command))], along).await.map(|_| ())
        })
        .await
    }

    /// The id that stands for a text, and what keeps the text.
    async fn free_task_id(&self, text: &Arc<str>) -> Result<(TaskId, Vec<ExpectedStatement>), Error> {
        if text.chars().count() > GIVEN_ID_LENGTH_MAX {
            let message = format!("an id has at most {GIVEN_ID_LENGTH_MAX} characters");
            return Err(Error::rejected(RejectionKind::Persistence, message));
        }
        let id = TaskId(Uuid::named(text));
        let (tasks, given) = (&tables::HISTORIC_TASK, &tables::GIVEN_ID);
        let is_historic = Condition::equal(tasks.col("id"), row::id(id.0));
        let is_taken = self.store.locate(LocatedBy::Task(id)).await?.is_some()
            || self.count(&Select::all(tasks.source()).filter(is_historic)).await? > 0;
        if is_taken {
            return Err(Error::rejected(
                RejectionKind::Persistence,
                format!("there is a task with id `{text}` already"),
            ));
        }
        let is_known = Condition::equal(given.col("id"), row::id(id.0));
        let mut along = Vec::new();
        if id.0.is_name_based() && self.count(&Select::all(given.source()).filter(is_known)).await? == 0 {
            along.push(self.statement(&Mutation::insert(given, vec![vec![row::id(id.0), row::text(text)]])));
        }
        Ok((id, along))
    }

    /// Replaces what people may change about a task. One that stands alone goes with the task that it is a part of.
    pub(crate) async fn update_task(self: &Arc<Self>, id: TaskId, properties: TaskProperties) -> Result<(), Error> {
        let stands_alone = self
            .inspect(LocatedBy::Task(id), move |aggregate| aggregate.task(id).is_some_and(|task| task.place.is_none()));
        let stands_alone = stands_alone.await?.unwrap_or(false);
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let parent = properties.parent_task_id;
            let change = TaskChange::Replace(Box::new(properties));
            for _ in 0..CONFLICT_ATTEMPTS_MAX {
                let Some(root) = shared.root_of(LocatedBy::Task(id)).await? else {
                    return Err(shared.refuse_on_nothing(Command::ChangeTask { id, change }));
                };
                let to = match parent {
                    _ if !stands_alone => root,
                    Some(parent) => shared.root_of(LocatedBy::Task(parent)).await?.unwrap_or(ProcessInstanceId(id.0)),
                    None => ProcessInstanceId(id.0),
                };
                let change = change.clone();
                let command = match to == root {
                    true => Command::ChangeTask { id, change },
                    false => Command::ReleaseTask { id, change, to },
                };
                match shared.run_together(vec![(root, LaneWork::Command(command))]).await {
                    Ok(_) => return Ok(()),
                    // Something has moved meanwhile.
                    Err(Error::Rejected(Rejection { kind: RejectionKind::NotFound, .. })) if to != root => {}
                    Err(error) => return Err(error),
                }
            }
            Err(Error::OptimisticLocking { attempts: CONFLICT_ATTEMPTS_MAX })
        })
        .await
    }

    /// Puts the texts that people have given as ids in the place of the ids that stand for them.
    pub(crate) async fn with_given_ids(&self, mut rows: Vec<Vec<SqlValue>>) -> Result<Vec<Vec<SqlValue>>, Error> {
        let mut named: Vec<Uuid> = rows.iter().flatten().filter_map(name_based).collect();
        if named.is_empty() {
            return Ok(rows);
        }
        named.sort_unstable();
        named.dedup();
        let given = &tables::GIVEN_ID;
        let is_named = Condition::OneOf(given.col("id").into(), named.into_iter().map(row::id).collect());
        let mut select = Select::all(given.source()).filter(is_named);
        select.columns = vec![given.col("id").into(), given.col("text").into()];
        let mut texts = HashMap::new();
        for found in self.rows(&select).await? {
            let mut cells = Cells::of(found);
            texts.insert(cells.id::<Uuid>()?, cells.text()?);
        }
        for cell in rows.iter_mut().flatten() {
            if let Some(text) = name_based(cell).and_then(|id| texts.get(&id)) {
                *cell = SqlValue::Text(text.clone());
            }
        }
        Ok(rows)
    }
}

fn name_based(cell: &SqlValue) -> Option<Uuid> {
    let id = match cell {
        SqlValue::Uuid(id) => *id,
        SqlValue::Blob(bytes) => Uuid::from_bytes(bytes.as_ref().try_into().ok()?),
        _ => return None,
    };
    id.is_name_based().then_some(id)
}
