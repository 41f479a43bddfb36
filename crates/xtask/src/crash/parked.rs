//! Polls that are parked while the database, or another node, is killed: they are answered when there is a task again,
//! over the connection that they were made on.

use super::driver::{PATIENCE, Target};
use crate::engine_client::{BaseUrl, EngineClient, FetchedTask, fetch_body};
use anyhow::{Context, ensure};
use bytes::Bytes;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Process key and topic.
const KEY: &str = "parked";
const WORKER: &str = "parked";

pub const MODEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="parked">
  <process id="parked" isExecutable="true" camunda:historyTimeToLive="1">
    <startEvent id="start"/>
    <sequenceFlow id="toTask" sourceRef="start" targetRef="task"/>
    <serviceTask id="task" camunda:type="external" camunda:topic="parked"/>
    <sequenceFlow id="toEnd" sourceRef="task" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>"#;

/// How long the polls may be parked.
const PARKED_MS: u64 = 600_000;

/// One poll a node.
#[derive(Debug)]
pub struct ParkedPolls {
    polls: Vec<JoinHandle<anyhow::Result<Vec<FetchedTask>>>>,
}

impl ParkedPolls {
    /// Returns when they are parked, for which there must be no other polls.
    pub async fn park<'a>(nodes: impl Iterator<Item = &'a Target>) -> anyhow::Result<ParkedPolls> {
        let mut polls = Vec::new();
        for target in nodes {
            let mut client = EngineClient::new(&target.base);
            let body = fetch_body(WORKER, KEY, 1, PARKED_MS, Some(PARKED_MS));
            polls.push(tokio::spawn(async move { client.fetch_and_lock(body).await }));
            let metrics = BaseUrl { path: String::new(), ..target.base.clone() };
            loop {
                let answer = EngineClient::new(&metrics).get("/metrics").await?.expect(200, "/metrics")?;
                if String::from_utf8_lossy(&answer.body).lines().any(|line| line == "camlock_parked_polls 1.0") {
                    break;
                }
                ensure!(polls.iter().all(|poll| !poll.is_finished()), "a poll did not park");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Ok(ParkedPolls { polls })
    }

    /// Starts as many instances on a node: each poll is answered one of their tasks.
    pub async fn serve(self, starter: &Target, completer: &Target) -> anyhow::Result<()> {
        if self.polls.is_empty() {
            return Ok(());
        }
        for poll in &self.polls {
            ensure!(!poll.is_finished(), "a parked poll was answered before there was a task");
        }
        let mut client = EngineClient::new(&starter.base);
        for _ in &self.polls {
            client.start(KEY, Bytes::from(json!({}).to_string())).await?;
        }
        let (mut ids, polls) = (BTreeSet::new(), self.polls.len());
        for poll in self.polls {
            let answered = tokio::time::timeout(PATIENCE, poll).await;
            let tasks = answered.context("a parked poll was not woken")??.context("a parked poll was not answered")?;
            ensure!(tasks.len() == 1, "a parked poll was answered {} tasks", tasks.len());
            for task in tasks {
                let body = Bytes::from(json!({"workerId": WORKER}).to_string());
                EngineClient::new(&completer.base).complete(&task.id, body).await?;
                ids.insert(task.id);
            }
        }
        ensure!(ids.len() == polls, "a task was handed to two parked polls");
        Ok(())
    }
}
