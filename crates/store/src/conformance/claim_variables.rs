//! The variables that come with claimed tasks.

use std::sync::Arc;

use types::{TaskId, Timestamp, VariableValue};

use super::fixture::{NOW, WaitingInstance, apply, claim, claim_request, id, release, text, topic};
use crate::Store;
use crate::work::{ClaimTopic, ClaimVariables};

fn variables(names: Option<&[&str]>, is_local_only: bool) -> ClaimVariables {
    ClaimVariables { names: names.map(|names| names.iter().map(|name| text(name)).collect()), is_local_only }
}

pub async fn the_nearest_of_each_name_comes(store: Arc<dyn Store>) {
    use VariableValue::{Integer, Null, String};
    let store = &*store;
    for topic in ["t", "u"] {
        let waiting = WaitingInstance::new(topic)
            .with_variable("d", Null)
            .with_variable("b", String(text("outer")))
            .with_variable("a", Integer(1));
        let scope = waiting.scope.id;
        let mut waiting = waiting
            .with_variable_in(scope, "inner", String(text(topic)))
            .with_variable_in(scope, "b", String(text("shadow")))
            .with_variable("of a user task", Integer(3));
        waiting.variables.last_mut().expect("it was just added").task_id = Some(TaskId(id()));
        apply(store, vec![waiting.started()]).await.expect("applies");
    }
    let a = (text("a"), Integer(1));
    let b = (text("b"), String(text("shadow")));
    let d = (text("d"), Null);
    let inner = |name: &str| (text("inner"), String(text(name)));
    for (wanted, expected) in [
        (variables(None, false), vec![a.clone(), b.clone(), d.clone(), inner("t")]),
        (variables(Some(&[]), false), Vec::new()),
        (variables(Some(&["d", "a"]), false), vec![a.clone(), d.clone()]),
        (variables(Some(&["a", "zzz"]), false), vec![a.clone()]),
        (variables(Some(&["zzz"]), false), Vec::new()),
        (variables(Some(&["b"]), false), vec![b.clone()]),
        (variables(Some(&["A", "B"]), false), Vec::new()),
        (variables(None, true), vec![b.clone(), inner("t")]),
        (variables(Some(&["inner", "a"]), true), vec![inner("t")]),
    ] {
        let asked = ClaimTopic { variables: wanted.clone(), ..topic("t") };
        let tasks = claim(store, claim_request(1, &[], vec![asked])).await;
        assert_eq!(tasks[0].variables, expected, "{wanted:?}");
        release(store, Timestamp(NOW.0 + 3_600_000)).await;
    }

    let one = ClaimTopic { variables: variables(Some(&["inner"]), false), ..topic("u") };
    let tasks = claim(store, claim_request(9, &[], vec![topic("t"), one.clone()])).await;
    assert_eq!(tasks[0].variables, vec![a, b.clone(), d, inner("t")]);
    assert_eq!(tasks[1].variables, vec![inner("u")], "each topic asks for itself");
    release(store, Timestamp(NOW.0 + 3_600_000)).await;
    let other = ClaimTopic { variables: variables(Some(&["b"]), true), ..topic("t") };
    let tasks = claim(store, claim_request(9, &[], vec![other, one])).await;
    assert_eq!((&tasks[0].variables, &tasks[1].variables), (&vec![b], &vec![inner("u")]));
}
