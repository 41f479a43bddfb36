//! One keep-alive HTTP/1.1 connection to an engine, and the calls that the bench and the crash test make over it.

use crate::http_connection::HttpConnection;
use anyhow::{Context, ensure};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::io::Write;

pub use crate::http_connection::Answer;

/// Where an engine's REST API lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    /// `host:port`
    pub authority: String,
    /// `/engine-rest`
    pub path: String,
}

impl BaseUrl {
    /// Reads `http://host:port/path`.
    pub fn parse(url: &str) -> anyhow::Result<BaseUrl> {
        let rest = url.strip_prefix("http://").with_context(|| format!("`{url}` does not start with http://"))?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        Ok(BaseUrl { authority, path: path.trim_end_matches('/').to_owned() })
    }
}

impl Answer {
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", self.text()))
    }

    fn read<'a, T: Deserialize<'a>>(&'a self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.body).with_context(|| format!("not what was expected: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(300)]).into_owned()
    }

    /// The answer, if it has this status.
    pub fn expect(self, status: u16, call: &str) -> anyhow::Result<Answer> {
        ensure!(self.status == status, "{call} answered {} instead of {status}: {}", self.status, self.text());
        Ok(self)
    }
}

/// A connection that is opened when it is needed and again when the server has closed it.
#[derive(Debug)]
pub struct EngineClient {
    base: BaseUrl,
    connection: Option<HttpConnection>,
    /// The request that was sent last; kept for its memory.
    request: Vec<u8>,
}

/// A task as `fetchAndLock` hands it out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchedTask {
    pub id: String,
    pub process_instance_id: String,
    pub activity_id: String,
    pub business_key: Option<String>,
}

/// An instance as a start answers it.
#[derive(Deserialize)]
struct Started<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl EngineClient {
    pub fn new(base: &BaseUrl) -> Self {
        EngineClient { base: base.clone(), connection: None, request: Vec::new() }
    }

    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.call("GET", &[path], "application/json", b"").await
    }

    /// JSON, with the key under which a repetition is known.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        idempotency_key: Option<&str>,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        match idempotency_key {
            None => self.call(method, &[path], "application/json", body).await,
            // A line of the head more.
            Some(key) => {
                let media = format!("application/json\r\nidempotency-key: {key}");
                self.call(method, &[path], &media, body).await
            }
        }
    }

    /// The path may come in pieces.
    async fn post_bytes(&mut self, path: &[&str], body: &[u8]) -> anyhow::Result<Answer> {
        self.call("POST", path, "application/json", body).await
    }

    /// Sends one request, never twice: it may have reached the server.
    async fn call(&mut self, method: &str, path: &[&str], media: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let kept = self.connection.take().filter(HttpConnection::is_open);
        let mut connection = match kept {
            Some(connection) => connection,
            None => HttpConnection::open(&self.base.authority).await?,
        };
        self.request.clear();
        write!(self.request, "{method} {}", self.base.path)?;
        path.iter().for_each(|piece| self.request.extend_from_slice(piece.as_bytes()));
        let (host, length) = (&self.base.authority, body.len());
        write!(self.request, " HTTP/1.1\r\nhost: {host}\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n")?;
        self.request.extend_from_slice(body);
        let (answer, can_be_used_again) = connection.exchange(&self.request).await?;
        if can_be_used_again {
            self.connection = Some(connection);
        }
        Ok(answer)
    }

    /// Deploys one model and returns the deployment's id.
    pub async fn deploy(&mut self, file_name: &str, model: &str) -> anyhow::Result<String> {
        const BOUNDARY: &str = "camlock-xtask-boundary";
        let body = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"deployment-name\"\r\n\r\n{file_name}\r\n\
             --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"data\"; filename=\"{file_name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n{model}\r\n--{BOUNDARY}--\r\n"
        );
        let media = format!("multipart/form-data; boundary={BOUNDARY}");
        let answer = self.call("POST", &["/deployment/create"], &media, body.as_bytes()).await?;
        text_field(&answer.expect(200, "deployment/create")?.json()?, "id")
    }

    /// Deletes a deployment with everything that came of it.
    pub async fn delete_deployment(&mut self, id: &str) -> anyhow::Result<()> {
        let path = format!("/deployment/{id}?cascade=true&skipCustomListeners=true&skipIoMappings=true");
        self.call("DELETE", &[&path], "application/json", b"").await?.expect(204, "deleting a deployment")?;
        Ok(())
    }

    /// Starts an instance of the latest definition with this key and returns its id.
    pub async fn start(&mut self, key: &str, body: Bytes) -> anyhow::Result<String> {
        let answer =
            self.post_bytes(&["/process-definition/key/", key, "/start"], &body).await?.expect(200, "start")?;
        let started: Started<'_> = answer.read()?;
        Ok(started.id.into_owned())
    }

    pub async fn fetch_and_lock(&mut self, body: Bytes) -> anyhow::Result<Vec<FetchedTask>> {
        let answer = self.post_bytes(&["/external-task/fetchAndLock"], &body).await?;
        fetched_tasks(&answer.expect(200, "fetchAndLock")?)
    }

    /// `None` if another worker was faster: Camunda answers 500 then, of several types, and its workers ask again.
    pub async fn fetch_and_lock_in_a_race(&mut self, body: Bytes) -> anyhow::Result<Option<Vec<FetchedTask>>> {
        let answer = self.post_bytes(&["/external-task/fetchAndLock"], &body).await?;
        if answer.status == 500 { Ok(None) } else { fetched_tasks(&answer.expect(200, "fetchAndLock")?).map(Some) }
    }

    pub async fn complete(&mut self, task_id: &str, body: Bytes) -> anyhow::Result<()> {
        let answer = self.post_bytes(&["/external-task/", task_id, "/complete"], &body).await?;
        answer.expect(204, "complete")?;
        Ok(())
    }

    pub async fn lock(&mut self, task_id: &str, body: Bytes) -> anyhow::Result<()> {
        self.post_bytes(&["/external-task/", task_id, "/lock"], &body).await?.expect(204, "lock")?;
        Ok(())
    }
}

/// What `fetchAndLock` has answered.
pub fn fetched_tasks(answer: &Answer) -> anyhow::Result<Vec<FetchedTask>> {
    answer.read()
}

/// The body of a `fetchAndLock` on one topic without variables.
pub fn fetch_body(worker: &str, topic: &str, max_tasks: usize, lock_duration_ms: u64, wait_ms: Option<u64>) -> Bytes {
    let mut body = json!({
        "workerId": worker,
        "maxTasks": max_tasks,
        "topics": [{"topicName": topic, "lockDuration": lock_duration_ms}],
    });
    if let Some(wait_ms) = wait_ms {
        body["asyncResponseTimeout"] = json!(wait_ms);
    }
    Bytes::from(body.to_string())
}

pub fn text_field(value: &Value, name: &str) -> anyhow::Result<String> {
    value[name].as_str().map(str::to_owned).with_context(|| format!("no text `{name}` in {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_read() {
        let base = BaseUrl::parse("http://127.0.0.1:9090/engine-rest/").unwrap();
        assert_eq!((base.authority.as_str(), base.path.as_str()), ("127.0.0.1:9090", "/engine-rest"));
        assert_eq!(BaseUrl::parse("http://engine").unwrap().authority, "engine:80");
        assert!(BaseUrl::parse("https://engine").is_err());
    }
}
