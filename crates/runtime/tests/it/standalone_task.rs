//! Tasks that stand alone and their parts, wherever those go.

use engine::{Command, RejectionKind, TaskProperties, VariablePatch, VariableReach};
use query::{SqlValue, tables};
use runtime::{LocatedBy, Runtime};
use types::{ProcessInstanceId, TaskId, VariableMap, VariableValue};

use crate::support::*;

fn named(id: &str) -> TaskId {
    id.parse().expect("any text names a task")
}

fn part_of(parent: Option<&str>) -> TaskProperties {
    TaskProperties { parent_task_id: parent.map(named), ..TaskProperties::default() }
}

async fn create(runtime: &Runtime, id: &str, parent: Option<&str>) {
    runtime.create_task(Some(id.into()), part_of(parent)).await.expect("creates");
}

async fn root_of(runtime: &Runtime, id: &str) -> Option<ProcessInstanceId> {
    let id = named(id);
    let look = move |aggregate: &engine::Aggregate| aggregate.task(id).map(|task| task.root_process_instance_id);
    runtime.inspect(LocatedBy::Task(id), look).await.expect("looks").flatten()
}

async fn complete(runtime: &Runtime, id: &str) {
    let command = Command::CompleteTask { id: named(id), variables: VariableMap::new() };
    runtime.execute(command).await.expect("completes");
}

#[tokio::test]
async fn parts_end_with_the_whole() {
    let runtime = runtime().await;
    create(&runtime, "whole", None).await;
    create(&runtime, "part", Some("whole")).await;
    create(&runtime, "part of part", Some("part")).await;
    assert_eq!(root_of(&runtime, "part of part").await, Some(ProcessInstanceId(named("whole").0)));
    complete(&runtime, "whole").await;
    assert_eq!(root_of(&runtime, "part of part").await, None);
    assert_eq!(column(&runtime, &tables::TASK, "id").await, []);
}

#[tokio::test]
async fn an_id_is_given_once() {
    let runtime = runtime().await;
    create(&runtime, "a", None).await;
    assert!(is_refused(&runtime.create_task(Some("a".into()), part_of(None)).await, RejectionKind::Persistence));
    complete(&runtime, "a").await;
    assert!(is_refused(&runtime.create_task(Some("a".into()), part_of(None)).await, RejectionKind::Persistence));
    assert_eq!(column(&runtime, &tables::GIVEN_ID, "text").await, [SqlValue::Text("a".into())]);
}

#[tokio::test]
async fn a_part_of_nothing_is_refused() {
    let runtime = runtime().await;
    let refused = runtime.create_task(None, part_of(Some("nothing"))).await;
    assert!(is_refused(&refused, RejectionKind::NotValid), "{refused:?}");
}

#[tokio::test]
async fn a_part_moves_with_its_parts_and_variables() {
    let runtime = runtime().await;
    create(&runtime, "one", None).await;
    create(&runtime, "other", None).await;
    create(&runtime, "moved", Some("one")).await;
    create(&runtime, "below", Some("moved")).await;
    let patch =
        VariablePatch { modifications: variables(&[("v", VariableValue::Integer(1))]), ..VariablePatch::default() };
    let set = Command::PatchTaskVariables { id: named("below"), reach: VariableReach::Local, patch };
    runtime.execute(set).await.expect("sets");

    runtime.update_task(named("moved"), part_of(Some("other"))).await.expect("moves");
    assert_eq!(root_of(&runtime, "below").await, Some(ProcessInstanceId(named("other").0)));
    complete(&runtime, "one").await;
    let below = named("below");
    let seen = runtime.inspect(LocatedBy::Task(below), move |it| it.variables_visible_from_task(below).len());
    assert_eq!(seen.await, Ok(Some(1)));

    runtime.update_task(named("moved"), part_of(None)).await.expect("stands alone");
    complete(&runtime, "other").await;
    assert_eq!(root_of(&runtime, "below").await, Some(ProcessInstanceId(named("moved").0)));
    complete(&runtime, "moved").await;
    assert_eq!(column(&runtime, &tables::VARIABLE, "id").await, []);
}

#[tokio::test]
async fn tasks_can_be_parts_of_each_other() {
    let runtime = runtime().await;
    create(&runtime, "a", None).await;
    create(&runtime, "b", Some("a")).await;
    runtime.update_task(named("a"), part_of(Some("b"))).await.expect("updates");
    runtime.update_task(named("b"), part_of(None)).await.expect("updates");
    assert_eq!(root_of(&runtime, "a").await, Some(ProcessInstanceId(named("b").0)));
    complete(&runtime, "b").await;
    assert_eq!(column(&runtime, &tables::TASK, "id").await, []);
}
