//! `camlock health`: asks a running server whether it is ready. For containers, which have no other program to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use camlock::Settings;
use camlock::http_client::HttpClient;

const PATIENCE: Duration = Duration::from_secs(10);

/// The settings are those that the server was started with.
pub async fn run(settings: &Settings) -> Result<()> {
    let address = reachable(settings.management_listen.unwrap_or(settings.listen));
    let asked = tokio::time::timeout(PATIENCE, async {
        let mut client = HttpClient::connect(address).await?;
        client.get("/readyz").await
    });
    let (status, text) = asked.await.with_context(|| format!("{address} did not answer"))??;
    ensure!(status == 200, "{}", text.trim());
    println!("{}", text.trim());
    Ok(())
}

/// A server that listens on all addresses is asked on its own machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}
