//! `camlock serve`: the server, until it is told to stop.

use std::io::Write;

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
    let management = server.management_address();
    let greeting = format!(
        "Camlock {} listens on http://{address}/engine-rest\n  \
         database    {database}\n  \
         management  http://{management}/readyz, /livez and /metrics\n  \
         connections up to {connections} at once, parked polls included\n  \
         try         curl http://{address}/engine-rest/version\n              \
         curl -F order.bpmn=@order.bpmn http://{address}/engine-rest/deployment/create\n",
        env!("CARGO_PKG_VERSION")
    );
    // A server is none the worse where nobody reads this.
    let _ = std::io::stdout().write_all(greeting.as_bytes());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.shutdown().await
}
