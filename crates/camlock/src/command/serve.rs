//! `camlock serve`: the server, until it is told to stop.

use anyhow::{Context, Result};
use camlock::{Server, Settings};
use tokio::signal::unix::{SignalKind, signal};

pub async fn run(settings: Settings) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("no handler for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("no handler for SIGINT")?;
    let database = settings.database.clone();
    let connections = camlock::file_limit::raise();
    let server = Server::start(settings).await?;
    let address = server.address();
    println!("Camlock {} listens on http://{address}/engine-rest", env!("CARGO_PKG_VERSION"));
    println!("  database    {database}");
    println!("  management  http://{}/readyz, /livez and /metrics", server.management_address());
    println!("  connections up to {connections} at once, parked polls included");
    println!("  try         curl http://{address}/engine-rest/version");
    println!("              curl -F order.bpmn=@order.bpmn http://{address}/engine-rest/deployment/create");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.shutdown().await
}
