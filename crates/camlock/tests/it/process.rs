//! A running `camlock serve`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use camlock::http_client::HttpClient;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_camlock");

/// Killed when it is dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    pub management_address: SocketAddr,
}

impl Process {
    /// On a database in the folder, with further flags.
    pub async fn start(folder: &Path, flags: &[&str]) -> Process {
        Process::start_on(&database(folder), flags).await
    }

    /// On any database.
    pub async fn start_on(database: &str, flags: &[&str]) -> Process {
        Process::spawn(Command::new(PROGRAM), database, flags).await
    }

    /// The same without the kernel's signal about files that grow too large.
    pub async fn start_without_file_signal(folder: &Path) -> Process {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", PROGRAM]);
        Process::spawn(shell, &database(folder), &[]).await
    }

    async fn spawn(mut command: Command, database: &str, flags: &[&str]) -> Process {
        command.arg("serve").args(["--listen", "127.0.0.1:0", "--database", database]).args(flags);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut addresses = Vec::new();
        while addresses.len() < 2 {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("it says where it listens");
            let line = line.expect("readable").expect("it has not ended");
            if let Some((_, rest)) = line.split_once("http://") {
                let (address, _) = rest.split_once('/').expect("a path");
                addresses.push(address.parse().expect("an address"));
            }
        }
        Process { child, address: addresses[0], management_address: addresses[1] }
    }

    pub fn id(&self) -> Pid {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        Pid::from_raw(id.expect("it runs")).expect("an id")
    }

    pub async fn client(&self) -> HttpClient {
        HttpClient::connect(self.address).await.expect("it listens")
    }

    /// Status and text of what is asked for on the address of the management.
    pub async fn ask(&self, path: &str) -> (u16, String) {
        let mut client = HttpClient::connect(self.management_address).await.expect("it listens");
        client.get(path).await.expect("an answer")
    }

    /// Asks whether it is ready until the answer has this status.
    pub async fn ready_status(&self, expected: u16) -> String {
        let asking = async {
            loop {
                let (status, text) = self.ask("/readyz").await;
                if status == expected {
                    return text;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("it never answers {expected}"))
    }

    pub fn terminate(&self) {
        kill_process(self.id(), Signal::TERM).expect("it runs");
    }

    /// Whether it has ended well.
    pub async fn ends_well(mut self) -> bool {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends");
        ended.expect("it can be waited for").success()
    }
}

/// What came back, whatever it is.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }
}

/// Asks below `/engine-rest`, over a connection of its own.
pub async fn ask(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let stream = TcpStream::connect(address).await.expect("it listens");
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(format!("/engine-rest{path}"));
    for (name, value) in headers.iter().chain(&[("host", "localhost")]) {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).expect("valid");
    let asked = tokio::time::timeout(PATIENCE, sender.send_request(request)).await;
    let (parts, body) = asked.expect("it answers in time").expect("it answers").into_parts();
    let bytes = body.collect().await.expect("a whole answer").to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
}

pub fn database(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("a.db").display())
}

pub async fn deploy(client: &mut HttpClient) {
    let model = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
          xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
        <process id="order" isExecutable="true">
          <startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="task"/>
          <serviceTask id="task" camunda:type="external" camunda:topic="ship"/>
          <sequenceFlow id="f2" sourceRef="task" targetRef="end"/><endEvent id="end"/>
        </process></definitions>"#;
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"x\"; filename=\"order.bpmn\"\r\n\r\n{model}\r\n--b--\r\n"
    );
    let content_type = "multipart/form-data; boundary=b";
    client.send(Method::POST, "/deployment/create", content_type, form.into_bytes()).await.expect("is deployed");
}

pub async fn start(client: &mut HttpClient) -> Result<Value, String> {
    let body = serde_json::json!({});
    client.call(Method::POST, "/process-definition/key/order/start", &body).await.map_err(|error| error.to_string())
}

pub async fn count(client: &mut HttpClient) -> Value {
    let answer = client.call(Method::GET, "/process-instance/count", &Value::Null).await.expect("is answered");
    answer["count"].clone()
}
