//! Large models and large instances, each once: a deployment of ten thousand elements, a multi-instance activity of ten
//! thousand external tasks against one of a tenth of that, and a chain of a hundred calls. A task should cost the same in
//! both activities.

use super::engine::Target;
use super::figure::Figure;
use super::load::{LONG_LOCK_MS, Process};
use crate::engine_client::{EngineClient, fetch_body};
use anyhow::ensure;
use bytes::Bytes;
use serde_json::json;
use std::fmt::Write;
use std::time::{Duration, Instant};

const ELEMENTS: usize = 10_000;
const INSTANCES: usize = 10_000;
const SMALLER: usize = 10;

/// Processes that each call the next one.
const CALLS: usize = 100;

const TASKS_PER_FETCH: usize = 100;

pub async fn measure(target: &Target) -> anyhow::Result<(Figure, Vec<Process>)> {
    let mut client = EngineClient::new(&target.base);
    let (deployed_after, line) = deploy_line(&mut client).await?;
    let process = deploy_instances(&mut client).await?;
    let small = run_instances(&mut client, &process, INSTANCES / SMALLER).await?;
    let large = run_instances(&mut client, &process, INSTANCES).await?;
    let (chain, chain_started, chain_ended) = run_chain(&mut client).await?;
    let figure = Figure {
        workload: format!("scale {ELEMENTS} elements, {INSTANCES} instances"),
        rate: Some((INSTANCES as f64 / large.worked.as_secs_f64(), "tasks")),
        calls: Vec::new(),
        besides: vec![
            ("deployment ms", milliseconds(deployed_after)),
            ("start ms", milliseconds(large.started)),
            ("fetch and complete ms a task", milliseconds(large.worked) / INSTANCES as f64),
            ("the same of a tenth", milliseconds(small.worked) / (INSTANCES / SMALLER) as f64),
            ("last completion ms", milliseconds(large.last)),
            ("start of a chain of calls ms", milliseconds(chain_started)),
            ("its end ms", milliseconds(chain_ended)),
        ],
    };
    Ok((figure, vec![line, process, chain]))
}

/// External tasks one after another, elements and flows together.
async fn deploy_line(client: &mut EngineClient) -> anyhow::Result<(Duration, Process)> {
    let key = format!("bench-line-{}", std::process::id());
    let mut body = String::from(r#"<startEvent id="t0"/>"#);
    for number in 1..ELEMENTS / 2 {
        let before = number - 1;
        write!(
            body,
            r#"<serviceTask id="t{number}" name="Task {number}" camunda:type="external" camunda:topic="{key}"/><sequenceFlow id="f{number}" sourceRef="t{before}" targetRef="t{number}"/>"#
        )?;
    }
    let started = Instant::now();
    let deployment_id = client.deploy(&format!("{key}.bpmn"), &model(&key, &body)).await?;
    Ok((started.elapsed(), Process { key, deployment_id }))
}

async fn deploy_instances(client: &mut EngineClient) -> anyhow::Result<Process> {
    let key = format!("bench-instances-{}", std::process::id());
    let body = format!(
        r#"<startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="work"/><serviceTask id="work" camunda:type="external" camunda:topic="{key}"><multiInstanceLoopCharacteristics><loopCardinality>${{n}}</loopCardinality></multiInstanceLoopCharacteristics></serviceTask><sequenceFlow id="f2" sourceRef="work" targetRef="e"/><endEvent id="e"/>"#
    );
    let deployment_id = client.deploy(&format!("{key}.bpmn"), &model(&key, &body)).await?;
    Ok(Process { key, deployment_id })
}

/// How long the start takes that goes all the way down, and the completion that goes all the way up.
async fn run_chain(client: &mut EngineClient) -> anyhow::Result<(Process, Duration, Duration)> {
    let key = format!("bench-chain-{}", std::process::id());
    let mut processes = String::new();
    for level in 0..CALLS {
        let call = format!(r#"<callActivity id="a{level}" calledElement="{key}-{}"/>"#, level + 1);
        processes.push_str(&chain_link(&key, level, &call));
    }
    let work = format!(r#"<serviceTask id="a{CALLS}" camunda:type="external" camunda:topic="{key}"/>"#);
    processes.push_str(&chain_link(&key, CALLS, &work));
    let deployment_id = client.deploy(&format!("{key}.bpmn"), &definitions(&processes)).await?;

    let begun = Instant::now();
    let id = client.start(&format!("{key}-0"), Bytes::from_static(b"{}")).await?;
    let started = begun.elapsed();
    let fetched = client.fetch_and_lock(fetch_body("worker", &key, 1, LONG_LOCK_MS, None)).await?;
    ensure!(fetched.len() == 1, "the lowest process has one task, not {}", fetched.len());
    let begun = Instant::now();
    client.complete(&fetched[0].id, Bytes::from(json!({"workerId": "worker"}).to_string())).await?;
    let ended = begun.elapsed();
    ensure!(client.get(&format!("/process-instance/{id}")).await?.status == 404, "the chain has not ended");
    Ok((Process { key, deployment_id }, started, ended))
}

/// The activity's id is `a` with its level.
fn chain_link(key: &str, level: usize, activity: &str) -> String {
    let flow = format!(r#"<sequenceFlow id="f{level}" sourceRef="s{level}" targetRef="a{level}"/>"#);
    process(&format!("{key}-{level}"), &format!(r#"<startEvent id="s{level}"/>{flow}{activity}"#))
}

fn model(key: &str, body: &str) -> String {
    definitions(&process(key, body))
}

fn process(key: &str, body: &str) -> String {
    format!(r#"<process id="{key}" isExecutable="true" camunda:historyTimeToLive="1">{body}</process>"#)
}

fn definitions(processes: &str) -> String {
    format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="bench">{processes}</definitions>"#
    )
}

struct Worked {
    started: Duration,
    /// All fetches and completions together.
    worked: Duration,
    /// The completion that ends the instance.
    last: Duration,
}

/// One instance with so many external tasks, from its start to its end, over one connection.
async fn run_instances(client: &mut EngineClient, process: &Process, instances: usize) -> anyhow::Result<Worked> {
    let start_body = json!({"variables": {"n": {"value": instances, "type": "Integer"}}});
    let begun = Instant::now();
    let id = client.start(&process.key, Bytes::from(start_body.to_string())).await?;
    let started = begun.elapsed();
    let fetch_body = fetch_body("worker", &process.key, TASKS_PER_FETCH, LONG_LOCK_MS, None);
    let complete_body = Bytes::from(json!({"workerId": "worker"}).to_string());
    let (begun, mut last, mut done) = (Instant::now(), Duration::ZERO, 0);
    while done < instances {
        let fetched = client.fetch_and_lock(fetch_body.clone()).await?;
        ensure!(!fetched.is_empty(), "{done} of {instances} tasks were handed out, and no more");
        for task in fetched {
            let completing = Instant::now();
            client.complete(&task.id, complete_body.clone()).await?;
            last = completing.elapsed();
            done += 1;
        }
    }
    let worked = begun.elapsed();
    ensure!(client.get(&format!("/process-instance/{id}")).await?.status == 404, "the instance has not ended");
    Ok(Worked { started, worked, last })
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
