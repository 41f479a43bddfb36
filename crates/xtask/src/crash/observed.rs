//! What there is after a crash, read through REST and put together by instance.

use super::driver::Held;
use super::model::{KEY, Stage};
use crate::engine_client::{BaseUrl, EngineClient, text_field};
use anyhow::{Context, anyhow};
use serde_json::Value;
use std::collections::BTreeMap;

/// All rows that belong to one process instance, as the lists show them.
#[derive(Debug, Clone, Default)]
pub struct ObservedInstance {
    pub history: Vec<Value>,
    pub runtime: Vec<Value>,
    pub executions: Vec<Value>,
    pub tasks: Vec<Value>,
    pub subscriptions: Vec<Value>,
    pub jobs: Vec<Value>,
    pub variables: Vec<Value>,
    pub incidents: Vec<Value>,
    pub history_variables: Vec<Value>,
    pub history_activities: Vec<Value>,
    pub history_log: Vec<Value>,
    pub job_log: Vec<Value>,
}

/// By process instance id.
pub type Observed = BTreeMap<String, ObservedInstance>;

/// The instances of the crash model. Nothing may change meanwhile.
pub async fn read(base: &BaseUrl) -> anyhow::Result<Observed> {
    type Part = fn(&mut ObservedInstance) -> &mut Vec<Value>;
    let lists: [(&str, &str, Part); 12] = [
        ("/history/process-instance", "id", |instance| &mut instance.history),
        ("/process-instance", "id", |instance| &mut instance.runtime),
        ("/execution", "processInstanceId", |instance| &mut instance.executions),
        ("/external-task", "processInstanceId", |instance| &mut instance.tasks),
        ("/event-subscription", "processInstanceId", |instance| &mut instance.subscriptions),
        ("/job", "processInstanceId", |instance| &mut instance.jobs),
        ("/variable-instance", "processInstanceId", |instance| &mut instance.variables),
        ("/incident", "processInstanceId", |instance| &mut instance.incidents),
        ("/history/variable-instance", "processInstanceId", |instance| &mut instance.history_variables),
        ("/history/activity-instance", "processInstanceId", |instance| &mut instance.history_activities),
        ("/history/external-task-log", "processInstanceId", |instance| &mut instance.history_log),
        ("/history/job-log", "processInstanceId", |instance| &mut instance.job_log),
    ];
    let mut client = EngineClient::new(base);
    let mut observed = Observed::new();
    for (path, id, part) in lists {
        let answer = client.get(path).await?.expect(200, path)?;
        let Value::Array(rows) = answer.json()? else { return Err(anyhow!("{path} is no list")) };
        for row in rows {
            let id = text_field(&row, id)?;
            part(observed.entry(id).or_default()).push(row);
        }
    }
    observed.retain(|_, instance| {
        instance.history.first().is_none_or(|history| history["processDefinitionKey"].as_str() == Some(KEY))
    });
    Ok(observed)
}

/// The tasks that each worker has, whether its lock has run out or not.
pub fn held(observed: &Observed) -> BTreeMap<String, Vec<Held>> {
    let mut held: BTreeMap<String, Vec<Held>> = BTreeMap::new();
    for instance in observed.values() {
        let business_key = instance.history.first().and_then(|row| row["businessKey"].as_str());
        for task in &instance.tasks {
            let stage = task["activityId"].as_str().and_then(Stage::of_activity);
            if let (Some(worker), Some(id), Some(stage), Some(business_key)) =
                (task["workerId"].as_str(), task["id"].as_str(), stage, business_key)
            {
                let task = Held { business_key: business_key.to_owned(), stage, task_id: id.to_owned() };
                held.entry(worker.to_owned()).or_default().push(task);
            }
        }
    }
    held
}

/// The number that a list counts.
pub async fn count(base: &BaseUrl, list: &str) -> anyhow::Result<u64> {
    let answer = EngineClient::new(base).get(list).await?.expect(200, list)?.json()?;
    answer["count"].as_u64().with_context(|| format!("no count in {answer}"))
}
