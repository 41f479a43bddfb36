//! What a topic of a claim can ask for.

use std::sync::Arc;

use types::{ProcessDefinitionId, Timestamp, VariableValue};

use super::fixture::{NOW, WaitingInstance, claim, claim_request, release, start, text, topic};
use crate::Store;
use crate::work::{ClaimTenants, ClaimTopic, TaskKey};

/// Business keys of what a claim finds, in order of their creation. Lets the locks run out again.
async fn found(store: &dyn Store, topic: ClaimTopic) -> Vec<String> {
    let tasks = claim(store, claim_request(9, &[], vec![topic])).await;
    release(store, Timestamp(NOW.0 + 3_600_000)).await;
    tasks.iter().map(|locked| locked.task.business_key.as_deref().expect("each has one").to_owned()).collect()
}

fn instance(name: &str) -> WaitingInstance {
    let mut waiting = WaitingInstance::new("t");
    waiting.task.business_key = Some(text(name));
    waiting
}

pub async fn each_filter_counts(store: Arc<dyn Store>) {
    let store = &*store;
    for (key, version_tag, tenant) in
        [("a", Some("1.0"), None), ("a", Some("1.1"), Some("blue")), ("b", Some("2"), Some("red")), ("c", None, None)]
    {
        let mut waiting = instance(&format!("{key}{}", version_tag.unwrap_or_default()));
        waiting.task.definition_key = text(key);
        waiting.task.definition_id = ProcessDefinitionId(text(&format!("{key}:{}", version_tag.unwrap_or_default())));
        waiting.task.definition_version_tag = version_tag.map(text);
        waiting.task.tenant_id = tenant.map(text);
        start(store, &waiting).await;
    }
    let all = ["a1.0", "a1.1", "b2", "c"];
    let list = |values: &[&str]| values.iter().map(|value| text(value)).collect::<Vec<_>>();
    for (filter, expected) in [
        (topic("t"), &all[..]),
        (ClaimTopic { business_key: Some(text("b2")), ..topic("t") }, &["b2"]),
        (ClaimTopic { business_key: Some(text("")), ..topic("t") }, &[]),
        (ClaimTopic { definition_ids: list(&["a:1.0"]), ..topic("t") }, &["a1.0"]),
        (ClaimTopic { definition_ids: list(&["a:1.0", "c:", "none"]), ..topic("t") }, &["a1.0", "c"]),
        (ClaimTopic { definition_keys: list(&["a"]), ..topic("t") }, &["a1.0", "a1.1"]),
        (ClaimTopic { definition_keys: list(&["c", "b"]), ..topic("t") }, &["b2", "c"]),
        (ClaimTopic { definition_keys: list(&["a"]), definition_ids: list(&["c:"]), ..topic("t") }, &[]),
        (ClaimTopic { definition_version_tag: Some(text("1.1")), ..topic("t") }, &["a1.1"]),
        (ClaimTopic { definition_version_tag: Some(text("1.%")), ..topic("t") }, &["a1.0", "a1.1"]),
        (ClaimTopic { tenants: ClaimTenants::None, ..topic("t") }, &["a1.0", "c"]),
        (ClaimTopic { tenants: ClaimTenants::OneOf(list(&["green", "red"])), ..topic("t") }, &["b2"]),
        (ClaimTopic { tenants: ClaimTenants::OneOf(list(&["red", "blue"])), ..topic("t") }, &["a1.1", "b2"]),
        (ClaimTopic { tenants: ClaimTenants::OneOf(Vec::new()), ..topic("t") }, &[]),
    ] {
        assert_eq!(found(store, filter.clone()).await, expected, "{filter:?}");
    }
}

/// Also texts that not every database can hold, beside claims that ask for nothing of the kind.
pub async fn any_text_can_be_in_a_list(store: Arc<dyn Store>) {
    let store = &*store;
    let odd = ["a\0b", "\u{10FFFD}0", "\\u0000", "'", "\u{1F4B6}"];
    for key in odd {
        let mut waiting = instance(key);
        waiting.task.definition_key = text(key);
        start(store, &waiting).await;
    }
    for key in odd {
        let keys = ["none", key].map(text).to_vec();
        let filter = ClaimTopic { definition_keys: keys, ..topic("t") };
        assert_eq!(found(store, filter).await, [key]);
    }
    let all = ClaimTopic { definition_keys: odd.map(text).to_vec(), ..topic("t") };
    let (with_list, without) = tokio::join!(
        claim(store, claim_request(9, &[], vec![all])),
        claim(store, claim_request(9, &[], vec![topic("u")]))
    );
    assert_eq!((with_list.len(), without.len()), (odd.len(), 0));
}

pub async fn process_variables_count_by_type_and_value(store: Arc<dyn Store>) {
    use VariableValue::{Boolean, Double, Integer, Long, Null, String};
    let store = &*store;
    let string = |value: &str| String(text(value));
    let one = instance("one").with_variable("n", Integer(1)).with_variable("s", string("x"));
    let two = instance("two").with_variable("n", Integer(2)).with_variable("s", string("x"));
    let long = instance("long").with_variable("n", Long(2)).with_variable("d", Double(2.5)).with_variable("z", Null);
    let other = instance("text").with_variable("n", string("2")).with_variable("b", Boolean(true));
    let scope = other.scope.id;
    let other = other.with_variable_in(scope, "local", Integer(1));
    for waiting in [one, two, long, other] {
        start(store, &waiting).await;
    }
    for (variables, expected) in [
        (vec![("n", Integer(1))], &["one"][..]),
        (vec![("n", Integer(2))], &["two"]),
        (vec![("n", Long(2))], &["long"]),
        (vec![("n", string("2"))], &["text"]),
        (vec![("s", string("x"))], &["one", "two"]),
        (vec![("b", Boolean(true))], &["text"]),
        (vec![("d", Double(2.5))], &["long"]),
        (vec![("z", Null)], &["long"]),
        (vec![("n", Null)], &[]),
        (vec![("q", Integer(1))], &[]),
        (vec![("n", Integer(1)), ("s", string("x"))], &["one", "two"]),
        (vec![("n", Integer(1)), ("q", Integer(1))], &["one"]),
        (vec![("local", Integer(1))], &[]),
        (Vec::new(), &["one", "two", "long", "text"]),
    ] {
        let process_variables = variables.iter().map(|(name, value)| (text(name), value.clone())).collect();
        assert_eq!(found(store, ClaimTopic { process_variables, ..topic("t") }).await, expected, "{variables:?}");
    }
    let both =
        ClaimTopic { business_key: Some(text("two")), process_variables: vec![(text("s"), string("x"))], ..topic("t") };
    assert_eq!(found(store, both).await, ["two"]);
}

/// Whatever the claimer thinks of them.
pub async fn candidates_are_looked_at_once_more(store: Arc<dyn Store>) {
    let store = &*store;
    let waiting: Vec<WaitingInstance> = ["a", "b", "a", "a"].map(instance).into();
    for waiting in &waiting {
        start(store, waiting).await;
    }
    let other = WaitingInstance::new("other");
    start(store, &other).await;
    let key = |waiting: &WaitingInstance| TaskKey { create_time: waiting.task.create_time, id: waiting.task.id };
    let wanted = ClaimTopic { business_key: Some(text("a")), ..topic("t") };
    let among = async |keys: Vec<TaskKey>, tasks_max| {
        let mut request = claim_request(tasks_max, &[], vec![wanted.clone(), topic("other")]);
        request.candidates = vec![Some(keys), Some(Vec::new())];
        let tasks = claim(store, request).await;
        tasks.into_iter().map(|locked| locked.task.id).collect::<Vec<_>>()
    };
    let all: Vec<TaskKey> = waiting.iter().chain([&other]).map(key).collect();
    let [a, _, c, d] = [0, 1, 2, 3].map(|n| waiting[n].task.id);
    let mut first_two = [a, c];
    let mut found = among(vec![key(&waiting[2]), key(&waiting[1]), key(&waiting[0])], 9).await;
    first_two.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, first_two, "one is of another key");
    assert_eq!(among(all.clone(), 1).await, [d], "two are locked");
    assert_eq!(among(all, 9).await, []);
    assert_eq!(among(Vec::new(), 9).await, []);
}
