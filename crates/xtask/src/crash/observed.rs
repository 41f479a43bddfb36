//! What there is after a restart, read through REST and put together by instance.

use super::load::KEY;
use crate::engine_client::{BaseUrl, EngineClient, text_field};
use anyhow::{Context, anyhow};
use serde_json::Value;
use std::collections::BTreeMap;

/// All rows that belong to one process instance, as the lists show them.
#[derive(Debug, Default)]
pub struct ObservedInstance {
    pub history: Vec<Value>,
    pub runtime: Vec<Value>,
    pub executions: Vec<Value>,
    pub tasks: Vec<Value>,
    pub variables: Vec<Value>,
    pub history_variables: Vec<Value>,
    pub history_activities: Vec<Value>,
    pub history_log: Vec<Value>,
}

/// By process instance id.
pub type Observed = BTreeMap<String, ObservedInstance>;

pub async fn read(base: &BaseUrl) -> anyhow::Result<Observed> {
    type Part = fn(&mut ObservedInstance) -> &mut Vec<Value>;
    let lists: [(&str, &str, Part); 8] = [
        ("/history/process-instance", "id", |instance| &mut instance.history),
        ("/process-instance", "id", |instance| &mut instance.runtime),
        ("/execution", "processInstanceId", |instance| &mut instance.executions),
        ("/external-task", "processInstanceId", |instance| &mut instance.tasks),
        ("/variable-instance", "processInstanceId", |instance| &mut instance.variables),
        ("/history/variable-instance", "processInstanceId", |instance| &mut instance.history_variables),
        ("/history/activity-instance", "processInstanceId", |instance| &mut instance.history_activities),
        ("/history/external-task-log", "processInstanceId", |instance| &mut instance.history_log),
    ];
    let mut client = EngineClient::new(base);
    let mut observed = Observed::new();
    for (path, id, part) in lists {
        let answer = client.get(path).await?.expect(200, path)?;
        let rows = answer.json()?;
        for row in rows.as_array().with_context(|| format!("{path} is no list"))? {
            let id = text_field(row, id)?;
            part(observed.entry(id).or_default()).push(row.clone());
        }
    }
    Ok(observed)
}

/// The crash model is deployed once for each database.
pub async fn deployed_definitions(base: &BaseUrl) -> anyhow::Result<u64> {
    let path = format!("/process-definition/count?key={KEY}");
    let answer = EngineClient::new(base).get(&path).await?.expect(200, "definition count")?.json()?;
    answer["count"].as_u64().ok_or_else(|| anyhow!("no count in {answer}"))
}
