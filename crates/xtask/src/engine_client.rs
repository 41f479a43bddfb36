//! One keep-alive HTTP/1.1 connection to an engine, and the calls that the bench and the crash test make over it.

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

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

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", self.text()))
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
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// A task as `fetchAndLock` hands it out.
#[derive(Debug, Clone)]
pub struct FetchedTask {
    pub id: String,
    pub process_instance_id: String,
    pub activity_id: String,
    pub business_key: Option<String>,
}

impl EngineClient {
    pub fn new(base: &BaseUrl) -> Self {
        EngineClient { base: base.clone(), sender: None }
    }

    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.call(Method::GET, path, "application/json", Bytes::new()).await
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.call(Method::POST, path, "application/json", Bytes::from(body.to_string())).await
    }

    pub async fn post_bytes(&mut self, path: &str, body: Bytes) -> anyhow::Result<Answer> {
        self.call(Method::POST, path, "application/json", body).await
    }

    /// Sends one request. A server that closed the idle connection before it is asked again costs one more attempt; a
    /// request that may have reached the server is never sent twice.
    async fn call(&mut self, method: Method, path: &str, media: &str, body: Bytes) -> anyhow::Result<Answer> {
        for _ in 0..2 {
            let mut sender = self.ready().await?;
            let request = Request::builder()
                .method(method.clone())
                .uri(format!("{}{path}", self.base.path))
                .header("host", &self.base.authority)
                .header("content-type", media)
                .body(Full::new(body.clone()))?;
            match sender.try_send_request(request).await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    let body = response.into_body().collect().await?.to_bytes();
                    self.sender = Some(sender);
                    return Ok(Answer { status, body });
                }
                Err(mut failed) => {
                    let was_not_sent = failed.take_message().is_some();
                    if !was_not_sent {
                        return Err(failed.into_error().into());
                    }
                }
            }
        }
        bail!("{} closes connections before they are used", self.base.authority)
    }

    async fn ready(&mut self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        if let Some(mut sender) = self.sender.take()
            && sender.ready().await.is_ok()
        {
            return Ok(sender);
        }
        let stream = TcpStream::connect(&self.base.authority).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // How a connection ends is seen by the request that it ends with.
            let _ = connection.await;
        });
        sender.ready().await?;
        Ok(sender)
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
        let answer = self.call(Method::POST, "/deployment/create", &media, Bytes::from(body)).await?;
        text_field(&answer.expect(200, "deployment/create")?.json()?, "id")
    }

    /// Deletes a deployment with everything that came of it.
    pub async fn delete_deployment(&mut self, id: &str) -> anyhow::Result<()> {
        let path = format!("/deployment/{id}?cascade=true&skipCustomListeners=true&skipIoMappings=true");
        self.call(Method::DELETE, &path, "application/json", Bytes::new())
            .await?
            .expect(204, "deleting a deployment")?;
        Ok(())
    }

    /// Starts an instance of the latest definition with this key and returns its id.
    pub async fn start(&mut self, key: &str, body: Bytes) -> anyhow::Result<String> {
        let answer = self.post_bytes(&format!("/process-definition/key/{key}/start"), body).await?;
        text_field(&answer.expect(200, "start")?.json()?, "id")
    }

    pub async fn fetch_and_lock(&mut self, body: Bytes) -> anyhow::Result<Vec<FetchedTask>> {
        let answer = self.post_bytes("/external-task/fetchAndLock", body).await?.expect(200, "fetchAndLock")?;
        let tasks = answer.json()?;
        tasks
            .as_array()
            .context("fetchAndLock answered no list")?
            .iter()
            .map(|task| {
                Ok(FetchedTask {
                    id: text_field(task, "id")?,
                    process_instance_id: text_field(task, "processInstanceId")?,
                    activity_id: text_field(task, "activityId")?,
                    business_key: task["businessKey"].as_str().map(str::to_owned),
                })
            })
            .collect()
    }

    pub async fn complete(&mut self, task_id: &str, body: Bytes) -> anyhow::Result<()> {
        let answer = self.post_bytes(&format!("/external-task/{task_id}/complete"), body).await?;
        answer.expect(204, "complete")?;
        Ok(())
    }

    pub async fn lock(&mut self, task_id: &str, body: Bytes) -> anyhow::Result<()> {
        self.post_bytes(&format!("/external-task/{task_id}/lock"), body).await?.expect(204, "lock")?;
        Ok(())
    }
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
