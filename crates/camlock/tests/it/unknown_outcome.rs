//! The connection to PostgreSQL is cut between a commit and its answer: the caller is told that the outcome is not
//! known, and whoever repeats the request finds out, with a key without doing it twice.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use throwaway_postgres::{server_url, unique_name};

use crate::lossy_proxy::{Cut, LossyProxy};
use crate::process::{Answer, PATIENCE, Process, ask};

const MODEL: &str = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
      xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
    <message id="orderedMessage" name="ordered"/><message id="paidMessage" name="paid"/>
    <process id="order" isExecutable="true">
      <startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="task"/>
      <serviceTask id="task" camunda:type="external" camunda:topic="ship"/>
      <sequenceFlow id="f2" sourceRef="task" targetRef="end"/><endEvent id="end"/>
    </process>
    <process id="ordered" isExecutable="true">
      <startEvent id="byMessage"><messageEventDefinition messageRef="orderedMessage"/></startEvent>
      <sequenceFlow id="toWait" sourceRef="byMessage" targetRef="wait"/>
      <intermediateCatchEvent id="wait"><messageEventDefinition messageRef="paidMessage"/></intermediateCatchEvent>
      <sequenceFlow id="toCheck" sourceRef="wait" targetRef="check"/><userTask id="check"/>
    </process></definitions>"#;

/// A node whose way to its database can be cut.
struct Node {
    process: Process,
    proxy: LossyProxy,
}

impl Node {
    async fn start(flags: &[&str]) -> Node {
        let schema = unique_name();
        let connected = tokio_postgres::connect(&server_url(), tokio_postgres::NoTls).await;
        let (client, connection) = connected.expect("the server is there");
        tokio::spawn(connection);
        client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.expect("a new schema");
        let proxy = LossyProxy::start(&server_url(), &schema).await;
        let process = Process::start_on(&proxy.url, &[&["--job-executor", "off"], flags].concat()).await;
        let node = Node { process, proxy };
        let form = format!(
            "--b\r\nContent-Disposition: form-data; name=\"x\"; filename=\"x.bpmn\"\r\n\r\n{MODEL}\r\n--b--\r\n"
        );
        let media = ("content-type", "multipart/form-data; boundary=b");
        let deployed = ask(node.process.address, Method::POST, "/deployment/create", &[media], form).await;
        assert_eq!(deployed.status, 200, "{}", deployed.text);
        node
    }

    async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Answer {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        ask(self.process.address, Method::POST, path, &headers, body.to_string()).await
    }

    /// Asks while the connection is cut.
    async fn post_cut(&self, cut: Cut, path: &str, key: Option<&str>, body: &Value) -> Answer {
        self.proxy.arm(cut);
        let answer = self.post(path, key, body).await;
        assert!(!self.proxy.is_armed(), "there was no commit: {}", answer.text);
        answer
    }

    /// Asks again until the database can be reached.
    async fn repeat(&self, path: &str, key: Option<&str>, body: &Value) -> Answer {
        self.proxy.mend();
        let repeating = async {
            loop {
                let answer = self.post(path, key, body).await;
                if answer.status != 503 {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, repeating).await.expect("it connects again")
    }

    async fn count(&self, list: &str) -> Value {
        let path = format!("/{list}");
        let answer = ask(self.process.address, Method::GET, &path, &[], String::new()).await;
        answer.json()["count"].clone()
    }

    /// A task that `worker` has locked.
    async fn locked_task(&self) -> String {
        let started = self.post("/process-definition/key/order/start", None, &json!({})).await;
        assert_eq!(started.status, 200, "{}", started.text);
        let topics = json!([{"topicName": "ship", "lockDuration": 3_600_000}]);
        let fetch = json!({"workerId": "worker", "maxTasks": 1, "topics": topics});
        let fetched = self.post("/external-task/fetchAndLock", None, &fetch).await;
        assert_eq!(fetched.status, 200, "{}", fetched.text);
        fetched.json()[0]["id"].as_str().expect("a task").to_owned()
    }

    /// Completes a task while the connection is cut, then again: both answers.
    async fn complete_twice(&self, cut: Cut, key: Option<&str>) -> [Answer; 2] {
        let path = format!("/external-task/{}/complete", self.locked_task().await);
        let body = json!({"workerId": "worker", "variables": {"n": {"value": 1, "type": "Integer"}}});
        let first = self.post_cut(cut, &path, key, &body).await;
        let second = self.repeat(&path, key, &body).await;
        assert_eq!(self.count("external-task/count").await, json!(0), "it is done, before or now");
        [first, second]
    }
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

fn assert_unknown(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(answer.text.contains("it is not known whether this was done"), "{}", answer.text);
    assert!(answer.headers.contains_key("retry-after"));
}

/// What the answers to a request with a key are, the first of which was cut, and the second a repetition.
fn assert_done_once(cut: Cut, status: u16, [first, second]: [&Answer; 2]) {
    match cut {
        // The node looks its note up itself.
        Cut::Answer => assert_eq!((first.status, is_replayed(first)), (status, true), "{}", first.text),
        Cut::Commit | Cut::AnswerAndServer => assert_unknown(first),
    }
    let was_done = cut != Cut::Commit;
    assert_eq!((second.status, is_replayed(second)), (status, was_done), "{cut:?}: {}", second.text);
}

const CUTS: [(Cut, &str); 3] =
    [(Cut::Answer, "answer"), (Cut::Commit, "commit"), (Cut::AnswerAndServer, "answer-and-server")];

#[tokio::test]
async fn a_completion_is_found_out_by_its_repetition() {
    let node = Node::start(&[]).await;
    for (cut, status) in [(Cut::Answer, 404), (Cut::AnswerAndServer, 404), (Cut::Commit, 204)] {
        let [first, second] = node.complete_twice(cut, None).await;
        assert_unknown(&first);
        assert_eq!(second.status, status, "{cut:?}: {}", second.text);
    }
    for (cut, key) in CUTS {
        let [first, second] = node.complete_twice(cut, Some(key)).await;
        assert_done_once(cut, 204, [&first, &second]);
    }
    let completed = "history/external-task-log/count?successLog=true";
    assert_eq!(node.count(completed).await, json!(6), "each once");
    assert_eq!(node.count("history/variable-instance/count").await, json!(6));
}

#[tokio::test]
async fn a_completion_that_is_repeated_is_done_where_that_is_switched_on() {
    let node = Node::start(&["--idempotent-completion", "on"]).await;
    for (cut, _) in CUTS {
        let [first, second] = node.complete_twice(cut, None).await;
        assert_unknown(&first);
        assert_eq!(second.status, 204, "{cut:?}: {}", second.text);
    }
    assert_eq!(node.count("history/external-task-log/count?successLog=true").await, json!(3), "each once");

    let path = format!("/external-task/{}/complete", node.locked_task().await);
    assert_unknown(&node.post_cut(Cut::Answer, &path, None, &json!({"workerId": "worker"})).await);
    let other = node.repeat(&path, None, &json!({"workerId": "other"})).await;
    assert_eq!(other.status, 404, "another worker has not done it: {}", other.text);
}

#[tokio::test]
async fn a_start_that_is_repeated_with_its_key_makes_one_instance() {
    let node = Node::start(&[]).await;
    for (cut, key) in CUTS {
        let path = "/process-definition/key/order/start";
        let body = json!({"businessKey": key});
        let first = node.post_cut(cut, path, Some(key), &body).await;
        let second = node.repeat(path, Some(key), &body).await;
        assert_done_once(cut, 200, [&first, &second]);
        let third = node.repeat(path, Some(key), &body).await;
        assert_eq!((third.status, is_replayed(&third)), (200, true), "{}", third.text);
        assert_eq!(third.json()["id"], second.json()["id"]);
        let found = node.count(&format!("history/process-instance/count?processInstanceBusinessKey={key}")).await;
        assert_eq!(found, json!(1));
    }
}

#[tokio::test]
async fn a_message_that_is_repeated_with_its_key_arrives_once() {
    let node = Node::start(&[]).await;
    for (cut, business_key) in CUTS {
        for (name, reached) in [("ordered", "wait"), ("paid", "check")] {
            let body = json!({"messageName": name, "businessKey": business_key});
            let key = format!("{name}-{business_key}");
            let first = node.post_cut(cut, "/message", Some(&key), &body).await;
            let second = node.repeat("/message", Some(&key), &body).await;
            assert_done_once(cut, 204, [&first, &second]);
            let third = node.repeat("/message", Some(&key), &body).await;
            assert_eq!((third.status, is_replayed(&third)), (204, true), "{}", third.text);
            assert_eq!(node.count(&format!("process-instance/count?businessKey={business_key}")).await, json!(1));
            let path = format!("process-instance/count?businessKey={business_key}&activityIdIn={reached}");
            assert_eq!(node.count(&path).await, json!(1), "{name}");
        }
    }
}
