//! The retries of many external tasks at once, named by ids, by their instances, or by queries.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::Command;
use query::tables::EXTERNAL_TASK;
use query::{Condition, SqlValue, resource};
use runtime::{BatchWork, NewBatch};
use types::{ExternalTaskId, Uuid};

use super::batch;
use super::external_task::no_retries;
use crate::answer::Answer;
use crate::call::{Call, parse_id};
use crate::failure::Failure;
use crate::given::Given;
use crate::json::Fields;
use crate::list;
use crate::row;

/// Ids in one statement.
const IDS_PER_STATEMENT_MAX: usize = 5_000;

/// All or none of them.
pub async fn set(call: Call) -> Result<Answer, Failure> {
    let (tasks, retries) = request(&call, Unknown::Refused).await?;
    let commands = tasks.into_iter().map(|id| Command::SetExternalTaskRetries { id, retries }).collect();
    call.runtime().execute_together(commands).await?;
    Ok(Answer::no_content())
}

pub async fn set_async(call: Call) -> Result<Answer, Failure> {
    let (external_task_ids, retries) = request(&call, Unknown::Taken).await?;
    let ids = external_task_ids.into_iter().map(|id| id.0).collect();
    batch::create(&call, NewBatch { work: BatchWork::SetExternalTaskRetries { retries }, ids, tenant_id: None }).await
}

/// What becomes of a text that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    Refused,
    /// Camunda: a batch is made of whatever is named, and only its jobs fail.
    Taken,
}

async fn request(call: &Call, unknown: Unknown) -> Result<(Vec<ExternalTaskId>, i32), Failure> {
    let fields = call.fields()?;
    let retries = fields.integer("retries")?;
    let mut tasks = BTreeSet::new();
    for id in ids(&fields, "externalTaskIds")? {
        tasks.insert(match unknown {
            Unknown::Refused => parse_id::<ExternalTaskId>(&id, "external task")?,
            Unknown::Taken => id.parse().unwrap_or(ExternalTaskId(Uuid(0))),
        });
    }
    let retries = retries.ok_or_else(no_retries)?;
    tasks.extend(tasks_of_instances(call, &instances(call, &fields).await?).await?);
    if let Some(query) = fields.get("externalTaskQuery") {
        let found = list::ids(&resource::EXTERNAL_TASKS, call, query).await?;
        tasks.extend(found.into_iter().map(ExternalTaskId));
    }
    if tasks.is_empty() {
        return Err(Failure::invalid("no external task is named, or none was found"));
    }
    Ok((tasks.into_iter().collect(), retries))
}

/// Unknown ones have no tasks.
async fn instances(call: &Call, fields: &Fields) -> Result<Vec<Uuid>, Failure> {
    let mut instances: Vec<Uuid> = ids(fields, "processInstanceIds")?.iter().filter_map(|id| id.parse().ok()).collect();
    for (property, declared) in [
        ("processInstanceQuery", &resource::PROCESS_INSTANCES),
        ("historicProcessInstanceQuery", &resource::HISTORIC_PROCESS_INSTANCES),
    ] {
        if let Some(query) = fields.get(property) {
            instances.extend(list::ids(declared, call, query).await?);
        }
    }
    Ok(instances)
}

fn ids(fields: &Fields, property: &str) -> Result<Vec<Arc<str>>, Failure> {
    let given = fields.array(property)?.unwrap_or_default();
    let text = |id: &Given| match id {
        Given::String(id) => Ok(id.shared()),
        Given::Null => Err(Failure::invalid(format!("`{property}` contains null"))),
        _ => Err(Failure::invalid(format!("`{property}` has to contain texts"))),
    };
    given.iter().map(text).collect()
}

async fn tasks_of_instances(call: &Call, instances: &[Uuid]) -> Result<Vec<ExternalTaskId>, Failure> {
    let mut tasks = Vec::new();
    for chunk in instances.chunks(IDS_PER_STATEMENT_MAX) {
        let ids = chunk.iter().map(|id| SqlValue::Uuid(*id)).collect();
        let condition = Condition::OneOf(EXTERNAL_TASK.col("process_instance_id").into(), ids);
        let rows = row::rows_with(call.runtime(), &EXTERNAL_TASK, &["id"], condition).await?;
        tasks.extend(rows.iter().filter_map(|row| row.id("id")).map(ExternalTaskId));
    }
    Ok(tasks)
}
