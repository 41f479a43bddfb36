//! `camlock demo`: a bundled order process, 200 instances, and a worker that talks to the server over real HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use camlock::http_client::HttpClient;
use camlock::{Server, Settings};
use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

const ORDER_PROCESS: &str = include_str!("../../demo/order.bpmn");
const INSTANCES: u32 = 200;
const WORKERS: u32 = 8;
const TASKS_PER_FETCH: u32 = 10;
/// Long enough for a slow machine; the demo fails if it takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, Default)]
struct Counts {
    tasks: AtomicU32,
    retries: AtomicU32,
    bpmn_errors: AtomicU32,
}

pub async fn run() -> Result<()> {
    let folder = tempfile::tempdir().context("no temporary folder for the scratch database")?;
    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        database: format!("sqlite:{}", folder.path().join("demo.db").display()).as_str().into(),
        ..Settings::default()
    };
    let server = Server::start(settings).await?;
    let address = server.address();
    println!("Camlock listens on http://{address}/engine-rest with a scratch database.");

    let mut client = HttpClient::connect(address).await?;
    deploy(&mut client).await?;
    println!("Deployed the process `order`: three topics, a gateway and one BPMN error.");

    let started = Instant::now();
    let counts = Arc::new(Counts::default());
    let done = tokio::time::timeout(PATIENCE, work_all(address, &mut client, &counts)).await;
    let seconds = started.elapsed().as_secs_f64();
    done.context("the demo took too long")??;

    print_table(&mut client, &counts, seconds).await?;
    server.shutdown().await
}

async fn deploy(client: &mut HttpClient) -> Result<()> {
    let boundary = "camlock-demo-boundary";
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"deployment-name\"\r\n\r\ndemo\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"order.bpmn\"; filename=\"order.bpmn\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{ORDER_PROCESS}\r\n--{boundary}--\r\n"
    );
    let content_type = format!("multipart/form-data; boundary={boundary}");
    client.send(Method::POST, "/deployment/create", &content_type, body.into_bytes()).await?;
    Ok(())
}

/// Starts every instance while the workers already fetch, and returns when all have ended.
async fn work_all(address: SocketAddr, client: &mut HttpClient, counts: &Arc<Counts>) -> Result<()> {
    let bar = ProgressBar::new(u64::from(INSTANCES));
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} orders ended")?);
    let mut workers = tokio::task::JoinSet::new();
    for number in 0..WORKERS {
        workers.spawn(work(address, format!("demo-worker-{number}"), counts.clone()));
    }
    for number in 0..INSTANCES {
        let body = json!({
            "businessKey": format!("order-{number}"),
            "variables": {"item": {"value": "tea"}, "amount": {"value": number % 50 + 1}, "number": {"value": number}}
        });
        client.call(Method::POST, "/process-definition/key/order/start", &body).await?;
    }
    loop {
        let open = client.call(Method::GET, "/process-instance/count", &Value::Null).await?;
        let open = open["count"].as_u64().context("a count")?;
        bar.set_position(u64::from(INSTANCES).saturating_sub(open));
        if open == 0 {
            break;
        }
        tokio::select! {
            Some(ended) = workers.join_next() => ended??,
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
    }
    bar.finish();
    workers.shutdown().await;
    Ok(())
}

async fn work(address: SocketAddr, worker_id: String, counts: Arc<Counts>) -> Result<()> {
    let mut client = HttpClient::connect(address).await?;
    let topic = |name: &str| json!({"topicName": name, "lockDuration": 30_000});
    let fetch = json!({
        "workerId": worker_id,
        "maxTasks": TASKS_PER_FETCH,
        "asyncResponseTimeout": 5_000,
        "topics": [topic("check-stock"), topic("charge-card"), topic("ship")],
    });
    loop {
        let tasks = client.call(Method::POST, "/external-task/fetchAndLock", &fetch).await?;
        for task in tasks.as_array().context("a list of tasks")? {
            let (what, body) = decide(task, &worker_id, &counts)?;
            let id = task["id"].as_str().context("an id")?;
            client.call(Method::POST, &format!("/external-task/{id}/{what}"), &body).await?;
            counts.tasks.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What the worker makes of a task: every ninth order is sold out, every seventh card is declined, and every
/// eleventh parcel is dropped once before it is shipped.
fn decide(task: &Value, worker_id: &str, counts: &Counts) -> Result<(&'static str, Value)> {
    let number = task["variables"]["number"]["value"].as_u64().context("the order's number")?;
    Ok(match task["topicName"].as_str() {
        Some("check-stock") => {
            let in_stock = number % 9 != 0;
            ("complete", json!({"workerId": worker_id, "variables": {"inStock": {"value": in_stock}}}))
        }
        Some("charge-card") if number % 7 == 0 => {
            counts.bpmn_errors.fetch_add(1, Ordering::Relaxed);
            let error = json!({"workerId": worker_id, "errorCode": "CARD_DECLINED", "errorMessage": "limit reached"});
            ("bpmnError", error)
        }
        Some("ship") if number % 11 == 0 && task["retries"].is_null() => {
            counts.retries.fetch_add(1, Ordering::Relaxed);
            let failure =
                json!({"workerId": worker_id, "errorMessage": "parcel dropped", "retries": 2, "retryTimeout": 0});
            ("failure", failure)
        }
        Some("charge-card" | "ship") => ("complete", json!({"workerId": worker_id})),
        other => bail!("a task of the unknown topic {other:?}"),
    })
}

async fn print_table(client: &mut HttpClient, counts: &Counts, seconds: f64) -> Result<()> {
    let ended = client.call(Method::GET, "/history/process-instance/count?completed=true", &Value::Null).await?;
    let tasks = counts.tasks.load(Ordering::Relaxed);
    println!();
    println!("  instances completed  {:>8}", ended["count"]);
    println!("  tasks worked         {tasks:>8}");
    println!("  BPMN errors          {:>8}", counts.bpmn_errors.load(Ordering::Relaxed));
    println!("  retries              {:>8}", counts.retries.load(Ordering::Relaxed));
    println!("  time                 {seconds:>7.2}s");
    println!();
    println!("Next: `camlock serve`, then let your own workers fetch from http://127.0.0.1:8080/engine-rest.");
    Ok(())
}
