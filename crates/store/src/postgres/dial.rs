//! Opens a connection whose messages are ours to arrange: finds the server, agrees on TLS and logs in as `tokio-postgres`
//! does, and hands over the bare stream behind it.

use std::future::{Future, Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Empty, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::config::{Host, SslMode, SslNegotiation};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::capabilities::Capabilities;
use super::failure::Failure;

const DEFAULT_PORT: u16 = 5432;
/// A length of 8 and the number that stands for it.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

pub trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// Logged in, with what the server has said of itself.
pub type Dialled = (Box<dyn Stream>, Capabilities);

/// One that accepts it among the hosts, the `n`th.
pub async fn dial(config: &Config, tls: &MakeRustlsConnect, n: usize) -> Result<Dialled, Failure> {
    let ports = config.get_ports();
    let port = ports.get(n).or_else(|| ports.first()).copied().unwrap_or(DEFAULT_PORT);
    match (config.get_hosts().get(n), config.get_hostaddrs().get(n)) {
        (Some(Host::Tcp(name)), Some(address)) => dial_tcp(config, tls, name, (address.to_string(), port)).await,
        (Some(Host::Tcp(name)), None) => dial_tcp(config, tls, name, (name.clone(), port)).await,
        (Some(Host::Unix(folder)), _) => {
            let connecting = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")));
            let mut socket = in_time(config, connecting).await?;
            let capabilities = log_in(&mut socket, config).await?;
            Ok((Box::new(socket), capabilities))
        }
        (None, _) => Err(Failure::Lost("there is no such host".to_owned())),
    }
}

async fn dial_tcp(
    config: &Config,
    tls: &MakeRustlsConnect,
    name: &str,
    place: (String, u16),
) -> Result<Dialled, Failure> {
    let mut failure = Failure::Lost(format!("{} has no address", place.0));
    for address in tokio::net::lookup_host(place).await? {
        match in_time(config, TcpStream::connect(address)).await {
            Ok(socket) => {
                watch_over(&socket, config)?;
                return secure(socket, config, tls, name).await;
            }
            Err(error) => failure = error.into(),
        }
    }
    Err(failure)
}

async fn in_time<S>(config: &Config, connecting: impl Future<Output = io::Result<S>>) -> io::Result<S> {
    match config.get_connect_timeout() {
        Some(timeout) => {
            tokio::time::timeout(*timeout, connecting).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
        }
        None => connecting.await,
    }
}

/// So that a server that has gone without a word is noticed.
fn watch_over(socket: &TcpStream, config: &Config) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let socket = SockRef::from(socket);
    #[cfg(target_os = "linux")]
    if let Some(timeout) = config.get_tcp_user_timeout() {
        socket.set_tcp_user_timeout(Some(*timeout))?;
    }
    if config.get_keepalives() {
        let mut keepalive = TcpKeepalive::new().with_time(config.get_keepalives_idle());
        if let Some(interval) = config.get_keepalives_interval() {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(retries) = config.get_keepalives_retries() {
            keepalive = keepalive.with_retries(retries);
        }
        socket.set_tcp_keepalive(&keepalive)?;
    }
    Ok(())
}

async fn secure(
    mut socket: TcpStream,
    config: &Config,
    tls: &MakeRustlsConnect,
    name: &str,
) -> Result<Dialled, Failure> {
    let mode = config.get_ssl_mode();
    let is_encrypted = match (mode, config.get_ssl_negotiation()) {
        (SslMode::Disable, _) => false,
        (_, SslNegotiation::Postgres) => offers_tls(&mut socket).await?,
        _ => true,
    };
    if !is_encrypted {
        if mode == SslMode::Require {
            return Err(Failure::Lost("the server has no TLS".to_owned()));
        }
        let capabilities = log_in(&mut socket, config).await?;
        return Ok((Box::new(socket), capabilities));
    }
    let connect = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut tls.clone(), name);
    let connect = connect.map_err(|error| Failure::Lost(error.to_string()))?;
    let mut stream = connect.connect(socket).await?;
    let mut bound = config.clone();
    bound.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
    let capabilities = {
        let (_, connection) = bound.connect_raw(tokio::io::empty(), Agreed(&mut stream)).await?;
        Capabilities::of(|name| connection.parameter(name))
    };
    Ok((Box::new(stream), capabilities))
}

async fn offers_tls(socket: &mut TcpStream) -> io::Result<bool> {
    socket.write_all(&SSL_REQUEST).await?;
    Ok(socket.read_u8().await? == b'S')
}

/// Nothing of it but the session stays: no message is under way once the server is ready.
async fn log_in<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, config: &Config) -> Result<Capabilities, Failure> {
    let mut plain = config.clone();
    plain.ssl_mode(SslMode::Disable);
    let (_, connection) = plain.connect_raw(stream, NoTls).await?;
    Ok(Capabilities::of(|name| connection.parameter(name)))
}

/// TLS that is agreed on already, so that a login is bound to its channel.
struct Agreed<'s, S>(&'s mut S);

impl<'s, S: TlsStream + Unpin> TlsConnect<Empty> for Agreed<'s, S> {
    type Stream = Agreed<'s, S>;
    type Error = io::Error;
    type Future = Ready<io::Result<Agreed<'s, S>>>;

    fn connect(self, _: Empty) -> Self::Future {
        ready(Ok(self))
    }
}

impl<S: TlsStream + Unpin> TlsStream for Agreed<'_, S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.0.channel_binding()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Agreed<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Agreed<'_, S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }
}
