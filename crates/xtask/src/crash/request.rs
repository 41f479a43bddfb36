//! One request that changes something, as data: so that it can be noted, sent, and sent again by somebody else.

use super::model::{KEY, MESSAGE, Stage};
use crate::engine_client::fetch_body;
use bytes::Bytes;
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Start {
        amount: i64,
        note: String,
    },
    Fetch {
        tasks_max: usize,
        /// How long it may be parked; 0 for not at all.
        wait_ms: u64,
    },
    /// Of one task, whoever has none yet or has it already.
    Lock,
    /// Of the own lock.
    Extend,
    Complete {
        result: i64,
    },
    /// The retries that are left.
    Fail {
        retries: i64,
    },
    SetRetries {
        retries: i64,
    },
    Correlate {
        result: i64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// No other request has it.
    pub number: u64,
    pub worker: String,
    /// Which instance is meant, and at which stage; empty for a fetch.
    pub business_key: String,
    pub stage: Stage,
    pub task_id: String,
    /// Of the lock, or until the next try after a failure.
    pub duration_ms: i64,
    pub change: Change,
    /// Under which a repetition is known.
    pub idempotency_key: Option<String>,
    /// Since 1970, when it was first sent.
    pub sent_ms: i64,
}

impl Request {
    pub fn method(&self) -> &'static str {
        match self.change {
            Change::SetRetries { .. } => "PUT",
            _ => "POST",
        }
    }

    pub fn path(&self) -> String {
        let of_task = |action: &str| format!("/external-task/{}/{action}", self.task_id);
        match self.change {
            Change::Start { .. } => format!("/process-definition/key/{KEY}/start"),
            Change::Fetch { .. } => "/external-task/fetchAndLock".to_owned(),
            Change::Lock => of_task("lock"),
            Change::Extend => of_task("extendLock"),
            Change::Complete { .. } => of_task("complete"),
            Change::Fail { .. } => of_task("failure"),
            Change::SetRetries { .. } => of_task("retries"),
            Change::Correlate { .. } => "/message".to_owned(),
        }
    }

    pub fn body(&self) -> Bytes {
        let worker = &self.worker;
        let body = match &self.change {
            Change::Start { amount, note } => json!({
                "businessKey": self.business_key,
                "variables": {"amount": long(*amount), "note": {"value": note, "type": "String"}},
            }),
            Change::Fetch { tasks_max, wait_ms } => {
                let duration_ms = self.duration_ms.unsigned_abs();
                return fetch_body(worker, KEY, *tasks_max, duration_ms, (*wait_ms > 0).then_some(*wait_ms));
            }
            Change::Lock => json!({"workerId": worker, "lockDuration": self.duration_ms}),
            Change::Extend => json!({"workerId": worker, "newDuration": self.duration_ms}),
            Change::Complete { result } => {
                json!({"workerId": worker, "variables": {self.stage.result_variable(): long(*result)}})
            }
            Change::Fail { retries } => json!({
                "workerId": worker,
                "errorMessage": "on purpose",
                "retries": retries,
                "retryTimeout": self.duration_ms,
            }),
            Change::SetRetries { retries } => json!({"retries": retries}),
            Change::Correlate { result } => json!({
                "messageName": MESSAGE,
                "businessKey": self.business_key,
                "processVariables": {self.stage.result_variable(): long(*result)},
            }),
        };
        Bytes::from(body.to_string())
    }

    /// What success is answered with.
    pub fn success(&self) -> u16 {
        match self.change {
            Change::Start { .. } | Change::Fetch { .. } => 200,
            _ => 204,
        }
    }
}

fn long(value: i64) -> Value {
    json!({"value": value, "type": "Long"})
}
