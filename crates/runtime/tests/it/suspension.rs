//! Suspension of definitions and of many instances.

use engine::RejectionKind;
use query::{SqlValue, Table, tables};
use runtime::{
    DefinitionSet, DefinitionSuspension, InstanceSet, InstancesOfDefinition, LocatedBy, Runtime, SuspensionState,
    TenantChoice,
};
use types::VariableMap;

use crate::deployment::job_id;
use crate::support::*;

fn of_order(state: SuspensionState, instances: InstancesOfDefinition) -> DefinitionSuspension {
    let which = DefinitionSet::ByKey { key: "order".into(), tenant: TenantChoice::Any };
    DefinitionSuspension { which, state, instances, at: None }
}

async fn is_suspended(runtime: &Runtime, table: &'static Table) -> bool {
    column(runtime, table, "is_suspended").await == [SqlValue::Integer(1)]
}

#[tokio::test]
async fn a_suspended_definition_starts_nothing_and_leaves_instances_alone() {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    start(&runtime, "order").await;
    let suspend = of_order(SuspensionState::Suspended, InstancesOfDefinition::Left);
    runtime.set_definition_suspension(suspend).await.expect("suspends");
    let refused = runtime.start_process_instance(latest("order"), None, VariableMap::new()).await;
    assert!(is_refused(&refused, RejectionKind::Suspended), "{refused:?}");
    assert!(is_suspended(&runtime, &tables::PROCESS_DEFINITION).await);
    assert!(!is_suspended(&runtime, &tables::PROCESS_INSTANCE).await);
    assert_eq!(fetch_ids(&runtime, "ann", "work").await.len(), 1);
}

#[tokio::test]
async fn instances_go_along_if_asked_for() {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let instance = start(&runtime, "order").await;
    let task = fetch_ids(&runtime, "ann", "work").await[0];
    let suspend = of_order(SuspensionState::Suspended, InstancesOfDefinition::Included);
    runtime.set_definition_suspension(suspend).await.expect("suspends");
    assert!(is_suspended(&runtime, &tables::PROCESS_INSTANCE).await);
    assert!(is_suspended(&runtime, &tables::EXTERNAL_TASK).await);
    let seen = runtime.inspect(LocatedBy::ProcessInstance(instance), |it| it.root().map(|root| root.is_suspended));
    assert_eq!(seen.await, Ok(Some(Some(true))), "what is in memory has changed too");
    assert!(is_refused(&runtime.execute(complete(task, "ann")).await, RejectionKind::Suspended));
    runtime.execute(unlock(task)).await.expect("that may be done");
    assert!(fetch_ids(&runtime, "ann", "work").await.is_empty());
    let activate = of_order(SuspensionState::Active, InstancesOfDefinition::Included);
    runtime.set_definition_suspension(activate).await.expect("activates");
    assert_eq!(fetch_ids(&runtime, "ann", "work").await, [task]);
    runtime.execute(complete(task, "ann")).await.expect("completes");
}

#[tokio::test]
async fn a_lock_outlives_a_suspension() {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let instance = start(&runtime, "order").await;
    let task = fetch_ids(&runtime, "ann", "work").await[0];
    for state in [SuspensionState::Suspended, SuspensionState::Active] {
        let which = InstanceSet::Ids(vec![instance, types::Uuid(1).into()]);
        runtime.set_instance_suspension(which, state).await.expect("unknown ones do not matter");
    }
    assert!(fetch_ids(&runtime, "bob", "work").await.is_empty());
    runtime.execute(complete(task, "ann")).await.expect("it is still ann's");
    assert_eq!(
        column(&runtime, &tables::HISTORIC_PROCESS_INSTANCE, "state").await,
        [SqlValue::Text("COMPLETED".into())]
    );
}

#[tokio::test]
async fn a_suspension_for_later_is_a_job() {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    start(&runtime, "order").await;
    let at = Some(runtime.now().plus_ms(3_600_000));
    let later = DefinitionSuspension { at, ..of_order(SuspensionState::Suspended, InstancesOfDefinition::Included) };
    runtime.set_definition_suspension(later).await.expect("notes it");
    assert!(!is_suspended(&runtime, &tables::PROCESS_DEFINITION).await);
    let job = job_id(&column(&runtime, &tables::JOB, "id").await[0]);
    runtime.execute_job(job).await.expect("suspends");
    assert!(is_suspended(&runtime, &tables::PROCESS_DEFINITION).await);
    assert!(is_suspended(&runtime, &tables::PROCESS_INSTANCE).await);
    assert_eq!(count(&runtime, &tables::JOB).await, 0);
}

#[tokio::test]
async fn the_root_of_called_instances_counts_their_suspension() {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let caller = "<bpmn:startEvent id=\"s\"/><bpmn:sequenceFlow id=\"f\" sourceRef=\"s\" targetRef=\"c\"/>\
        <bpmn:callActivity id=\"c\" calledElement=\"order\"/>";
    deploy(&runtime, &model("caller", caller)).await;
    start(&runtime, "caller").await;
    let before = column(&runtime, &tables::PROCESS_INSTANCE, "revision").await;
    let suspend = of_order(SuspensionState::Suspended, InstancesOfDefinition::Included);
    runtime.set_definition_suspension(suspend).await.expect("suspends");
    let after = column(&runtime, &tables::PROCESS_INSTANCE, "revision").await;
    assert_eq!(before.len(), 2);
    assert!(before.iter().zip(&after).all(|(before, after)| before != after), "{before:?}, then {after:?}");
}
