//! When histories may be removed, set by batches.

use std::sync::LazyLock;

use engine::{Rejection, RejectionKind};
use query::tables::{HISTORIC_BATCH, HISTORIC_PROCESS_INSTANCE};
use query::{Condition, Resource, SqlValue, Table, resource};
use runtime::{BatchWork, NewBatch, RemovalTime, RemovalTimeReach};
use types::Uuid;

use super::batch;
use super::named_instances::{Nulls, named_or_none};
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::json::Fields;
use crate::row;

/// As the reference has it; here the whole history of an instance changes by one row.
const UPDATE_CHUNK_SIZE_MAX: i32 = 500;

/// What a request can name: by ids, by a query.
struct Nameable {
    ids: &'static str,
    query: (&'static str, &'static LazyLock<Resource>),
    table: &'static Table,
}

const INSTANCES: Nameable = Nameable {
    ids: "historicProcessInstanceIds",
    query: ("historicProcessInstanceQuery", &resource::HISTORIC_PROCESS_INSTANCES),
    table: &HISTORIC_PROCESS_INSTANCE,
};
const BATCHES: Nameable = Nameable {
    ids: "historicBatchIds",
    query: ("historicBatchQuery", &resource::HISTORIC_BATCHES),
    table: &HISTORIC_BATCH,
};

pub async fn of_process_instances(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let removal_time = removal_time(&fields)?;
    if fields.integer("updateChunkSize")?.is_some_and(|size| !(1..=UPDATE_CHUNK_SIZE_MAX).contains(&size)) {
        return Err(refused("`updateChunkSize` has to be from 1 to 500"));
    }
    let ids = named(&call, &fields, &INSTANCES).await?;
    let reach = match fields.flag("hierarchical")? {
        Some(true) => RemovalTimeReach::Tree,
        _ => RemovalTimeReach::Instance,
    };
    let work = BatchWork::SetRemovalTimeOfProcessInstances { removal_time, reach };
    batch::create(&call, NewBatch { work, ids, tenant_id: None }).await
}

pub async fn of_batches(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let removal_time = removal_time(&fields)?;
    let ids = named(&call, &fields, &BATCHES).await?;
    batch::create(&call, NewBatch { work: BatchWork::SetRemovalTimeOfBatches { removal_time }, ids, tenant_id: None })
        .await
}

/// Exactly one of three properties says it.
fn removal_time(fields: &Fields) -> Result<RemovalTime, Failure> {
    let absolute = fields.time("absoluteRemovalTime")?.map(RemovalTime::At);
    let cleared = (fields.flag("clearedRemovalTime")? == Some(true)).then_some(RemovalTime::Never);
    let calculated = (fields.flag("calculatedRemovalTime")? == Some(true)).then_some(RemovalTime::Calculated);
    let mut said = [absolute, cleared, calculated].into_iter().flatten();
    match (said.next(), said.next()) {
        (Some(removal_time), None) => Ok(removal_time),
        _ => Err(refused("one of `absoluteRemovalTime`, `clearedRemovalTime` and `calculatedRemovalTime` is needed")),
    }
}

/// Those that there are, and at least one.
async fn named(call: &Call, fields: &Fields, nameable: &Nameable) -> Result<Vec<Uuid>, Failure> {
    let found = named_or_none(call, fields, nameable.ids, &[nameable.query], Nulls::Refused).await?;
    let these = found.iter().map(|id| SqlValue::Uuid(*id)).collect();
    let condition = Condition::OneOf(nameable.table.col("id").into(), these);
    let rows = row::rows_with(call.runtime(), nameable.table, &["id"], condition).await?;
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.id("id")).collect();
    match ids.is_empty() {
        true => Err(refused("nothing is named, or nothing of it is there")),
        false => Ok(ids),
    }
}

fn refused(message: &str) -> Failure {
    Rejection::new(RejectionKind::BadUserRequest, message).into()
}
