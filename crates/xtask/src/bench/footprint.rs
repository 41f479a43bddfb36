//! How soon a server is ready, and how much memory it takes: idle, and after many lifecycles.

use super::engine::OwnStore;
use super::figure::{Figure, median};
use super::lifecycle;
use super::load::CONNECTIONS;
use std::path::Path;
use std::time::Duration;

const STARTS: usize = 5;

/// Until what starts with the server has come to rest.
const SETTLE: Duration = Duration::from_secs(1);

pub const READY: &str = "ready after ms";
pub const IDLE: &str = "RSS idle MB";
pub const WORKED: &str = "RSS after lifecycles MB";

/// Works this many lifecycles, 64 + 64 connections.
pub async fn measure(program: &Path, store: &OwnStore, lifecycles: usize, rate: f64) -> anyhow::Result<Figure> {
    let mut ready = Vec::new();
    for _ in 0..STARTS {
        let database = store.new_database().await?;
        let (server, _) = database.serve(program).await?;
        ready.push(server.ready_after.as_secs_f64() * 1000.0);
        server.kill()?;
        database.remove().await?;
    }
    let database = store.new_database().await?;
    let (server, _) = database.serve(program).await?;
    server.kill()?;
    let (server, target) = database.serve(program).await?;
    let again = server.ready_after.as_secs_f64() * 1000.0;
    tokio::time::sleep(SETTLE).await;
    let idle = server.memory_mb("VmRSS")?;
    let mut done = 0.0;
    while done < lifecycles as f64 {
        // Rounded up a little: the warm-up does not count.
        let seconds = ((lifecycles as f64 - done) / rate).clamp(1.0, 60.0);
        let (figure, _) = lifecycle::measure(&target, CONNECTIONS, seconds).await?;
        done += figure.rate.map_or(1.0, |(rate, _)| rate * seconds);
    }
    let worked = server.memory_mb("VmRSS")?;
    let peak = server.memory_mb("VmHWM")?;
    tokio::time::sleep(SETTLE).await;
    let rested = server.memory_mb("VmRSS")?;
    server.kill()?;
    database.remove().await?;
    Ok(Figure {
        workload: "footprint".to_owned(),
        rate: None,
        calls: Vec::new(),
        besides: vec![
            (READY, median(ready.into_iter())),
            ("on an existing database", again),
            (IDLE, idle),
            ("lifecycles", done.round()),
            (WORKED, worked),
            ("a second later", rested),
            ("peak", peak),
        ],
    })
}
