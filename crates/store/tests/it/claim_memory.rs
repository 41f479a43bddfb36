//! What a claim takes from the memory of the asker and gives to it.

use std::sync::{Arc, Mutex};

use engine::Snapshot;
use engine::record::ExternalTask;
use store::conformance::fixture::{WaitingInstance, claim, claim_request, load, start, topic};
use store::{ClaimVariables, NamedValues, PostgresStore, Remembered, RememberedVariables, SqliteStore};
use types::{ProcessInstanceId, VariableValue};

#[derive(Debug, PartialEq)]
enum Event {
    Begun(ProcessInstanceId),
    Kept(ProcessInstanceId, Box<Snapshot>),
}

/// Wants all instances but one, and knows nothing of what it was given.
#[derive(Default)]
struct Noting {
    unwanted: Option<ProcessInstanceId>,
    events: Mutex<Vec<Event>>,
}

impl RememberedVariables for Noting {
    fn of(&self, _: &ExternalTask, _: &ClaimVariables) -> Option<NamedValues> {
        None
    }

    fn begin_reading(&self, task: &ExternalTask) -> Option<ProcessInstanceId> {
        let root = Some(task.root_process_instance_id).filter(|root| Some(*root) != self.unwanted)?;
        self.events.lock().expect("not poisoned").push(Event::Begun(root));
        Some(root)
    }

    fn keep(&self, root: ProcessInstanceId, snapshot: Snapshot) {
        self.events.lock().expect("not poisoned").push(Event::Kept(root, Box::new(snapshot)));
    }
}

/// What is stored before an instance is asked for must not be missing in it.
#[tokio::test]
async fn short_instances_are_read_when_all_have_been_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite:{}", folder.path().join("a.db").display());
    let store = SqliteStore::open(&url).expect("opens");
    let long = VariableValue::String("x".repeat(100_000).into());
    let values = [VariableValue::Integer(1), long, VariableValue::Integer(3), VariableValue::Integer(4)];
    let mut instances = Vec::new();
    for value in &values {
        let instance = WaitingInstance::new("t").with_variable("v", value.clone());
        start(&store, &instance).await;
        instances.push(instance.id());
    }
    let memory = Arc::new(Noting { unwanted: Some(instances[2]), ..Noting::default() });
    let mut request = claim_request(4, &[], vec![topic("t")]);
    request.remembered = Remembered(Some(memory.clone()));
    let claimed = claim(&store, request).await;
    let seen: Vec<_> = claimed.into_iter().flat_map(|task| task.variables).map(|(_, value)| value).collect();
    assert_eq!(seen, values);
    let mut expected = [0, 1, 3].map(|n| Event::Begun(instances[n])).into_iter().collect::<Vec<_>>();
    for n in [0, 3] {
        let stored = load(&store, instances[n]).await.expect("it is there");
        assert!(stored.external_tasks[0].worker_id.is_some(), "it was read with its lock");
        expected.push(Event::Kept(instances[n], Box::new(stored)));
    }
    assert_eq!(*memory.events.lock().expect("not poisoned"), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_reads_instances_when_their_tasks_are_locked() {
    let (_, url) = crate::postgres::empty_database().await;
    let store = PostgresStore::open(&url).await.expect("opens");
    let values = [1, 2, 3].map(VariableValue::Integer);
    let mut instances = Vec::new();
    for value in &values {
        let instance = WaitingInstance::new("t").with_variable("v", value.clone());
        start(&store, &instance).await;
        instances.push(instance.id());
    }
    let memory = Arc::new(Noting { unwanted: Some(instances[1]), ..Noting::default() });
    let mut request = claim_request(3, &[], vec![topic("t")]);
    request.remembered = Remembered(Some(memory.clone()));
    let claimed = claim(&store, request).await;
    let seen: Vec<_> = claimed.into_iter().flat_map(|task| task.variables).map(|(_, value)| value).collect();
    assert_eq!(seen, values);
    let events = std::mem::take(&mut *memory.events.lock().expect("not poisoned"));
    assert_eq!(events[..2], [0, 2].map(|n| Event::Begun(instances[n])));
    for n in [0, 2] {
        let stored = load(&store, instances[n]).await.expect("it is there");
        assert!(stored.external_tasks[0].worker_id.is_some(), "it was read with its lock");
        assert!(events.contains(&Event::Kept(instances[n], Box::new(stored))));
    }
    assert_eq!(events.len(), 4);
}
