//! One keep-alive connection to a server, for the demo's worker and for questions about health.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

#[derive(Debug)]
pub struct HttpClient {
    host: String,
    sender: SendRequest<Full<Bytes>>,
}

impl HttpClient {
    pub async fn connect(address: std::net::SocketAddr) -> Result<HttpClient> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("no connection to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(HttpClient { host: address.to_string(), sender })
    }

    /// Sends JSON below `/engine-rest`; an answer of 400 and above is an error.
    pub async fn call(&mut self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
        self.send(method, path, "application/json", body).await
    }

    /// Status and text of what is at an address.
    pub async fn get(&mut self, path: &str) -> Result<(u16, String)> {
        let request = Request::builder().uri(path).header(header::HOST, &self.host).body(Full::new(Bytes::new()))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = http_body_util::Limited::new(response.into_body(), ANSWER_BYTES_MAX);
        let body = body.collect().await.map_err(|error| anyhow::anyhow!("{path}: {error}"))?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    pub async fn send(&mut self, method: Method, path: &str, content_type: &str, body: Vec<u8>) -> Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/engine-rest{path}"))
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, content_type)
            .body(Full::new(Bytes::from(body)))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = http_body_util::Limited::new(response.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!("{path}: {error}"))?
            .to_bytes();
        ensure!(status.as_u16() < 400, "{path} answered {status}: {}", String::from_utf8_lossy(&body));
        if body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&body)?) }
    }
}
