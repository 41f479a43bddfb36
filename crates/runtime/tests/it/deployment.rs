//! Deployments, their definitions and how they go again.

use std::sync::Arc;

use engine::RejectionKind;
use query::{SqlValue, tables};
use runtime::{
    Cascade, DefinitionSelector, DefinitionSet, Deployed, DuplicateFiltering, Error, NewDeployment, NewResource,
    Runtime, TenantChoice,
};
use types::VariableMap;

use crate::support::*;

fn a() -> NewResource {
    resource("a.bpmn", &external_task_model("a", "work", ""))
}

fn changed_a() -> NewResource {
    resource("a.bpmn", &external_task_model("a", "other", ""))
}

fn b() -> NewResource {
    resource("b.bpmn", &external_task_model("b", "work", ""))
}

async fn filtered(runtime: &Runtime, filtering: DuplicateFiltering, resources: Vec<NewResource>) -> Deployed {
    let new = NewDeployment { duplicate_filtering: filtering, ..deployment("name", resources) };
    runtime.deploy(new).await.expect("can be deployed")
}

fn versions(deployed: &Deployed) -> Vec<(&str, u32)> {
    deployed.definitions.iter().map(|row| (row.key.as_ref(), row.version)).collect()
}

#[tokio::test]
async fn duplicates_are_filtered_as_a_whole_or_one_by_one() {
    use DuplicateFiltering::{ChangedOnly, Off, WholeDeployment};
    let runtime = runtime().await;
    let first = filtered(&runtime, WholeDeployment, vec![a(), b()]).await;
    assert_eq!(versions(&first), [("a", 1), ("b", 1)]);
    let same = filtered(&runtime, WholeDeployment, vec![a(), b()]).await;
    assert_eq!((same.deployment.clone(), versions(&same)), (first.deployment, vec![]));
    assert_eq!(versions(&filtered(&runtime, Off, vec![a(), b()]).await), [("a", 2), ("b", 2)]);
    assert_eq!(versions(&filtered(&runtime, WholeDeployment, vec![changed_a(), b()]).await), [("a", 3), ("b", 3)]);
    assert_eq!(versions(&filtered(&runtime, ChangedOnly, vec![a(), b()]).await), [("a", 4)]);
    assert_eq!(versions(&filtered(&runtime, ChangedOnly, vec![a(), b()]).await), []);
    let other_name = NewDeployment { duplicate_filtering: WholeDeployment, ..deployment("other", vec![a()]) };
    assert_eq!(versions(&runtime.deploy(other_name).await.expect("deploys")), [("a", 5)]);
    let tenant = NewDeployment {
        duplicate_filtering: WholeDeployment,
        tenant_id: Some("t1".into()),
        ..deployment("name", vec![a()])
    };
    let of_tenant = runtime.deploy(tenant.clone()).await.expect("deploys");
    assert_eq!(versions(&of_tenant), [("a", 1)]);
    let again = runtime.deploy(tenant).await.expect("deploys");
    assert_eq!((again.deployment, versions(&of_tenant).len()), (of_tenant.deployment.clone(), 1));
    let whatever_tenant = filtered(&runtime, WholeDeployment, vec![a(), b()]).await;
    assert_eq!(whatever_tenant.deployment, of_tenant.deployment);
}

#[tokio::test]
async fn each_tenant_has_a_latest_version() {
    let runtime = runtime().await;
    for tenant_id in [None, Some("t1".into()), Some("t1".into())] {
        let new = NewDeployment { tenant_id, ..deployment("name", vec![a()]) };
        runtime.deploy(new).await.expect("can be deployed");
    }
    let version = |tenant: TenantChoice| {
        let runtime = runtime.clone();
        let which = DefinitionSelector::Latest { key: "a".into(), tenant };
        async move { runtime.definition_row(&which).await.map(|row| row.map(|row| row.version)) }
    };
    assert_eq!(version(TenantChoice::None).await, Ok(Some(1)));
    assert_eq!(version(TenantChoice::Of("t1".into())).await, Ok(Some(2)));
    assert_eq!(version(TenantChoice::Of("t2".into())).await, Ok(None));
    assert!(is_refused(&version(TenantChoice::Any).await, RejectionKind::ProcessEngine));
}

#[tokio::test]
async fn nothing_is_stored_of_a_deployment_that_is_refused() {
    let runtime = runtime().await;
    let refused = |resources: Vec<NewResource>| {
        let runtime = runtime.clone();
        async move { runtime.deploy(deployment("name", resources)).await.expect_err("is refused") }
    };
    let broken = refused(vec![a(), resource("broken.bpmn", "<bpmn")]).await;
    assert!(matches!(&broken, Error::Parse { resource, .. } if resource.as_ref() == "broken.bpmn"), "{broken:?}");
    let decision = refused(vec![a(), resource("table.dmn", "<definitions/>")]).await;
    assert!(matches!(decision, Error::NotImplemented(_)), "{decision:?}");
    assert!(is_refused::<()>(&Err(refused(Vec::new()).await), RejectionKind::BadUserRequest));
    let twice = vec![a(), resource("again.bpmn", &external_task_model("a", "work", ""))];
    assert!(is_refused::<()>(&Err(refused(twice).await), RejectionKind::ProcessEngine));
    assert_eq!(count(&runtime, &tables::DEPLOYMENT).await, 0);
    assert_eq!(count(&runtime, &tables::DEPLOYMENT_RESOURCE).await, 0);
}

#[tokio::test]
async fn other_files_are_kept_and_pictures_are_found() {
    let runtime = runtime().await;
    let resources = vec![a(), resource("a.svg", "<svg/>"), resource("readme.txt", "hello")];
    let deployed = runtime.deploy(deployment("name", resources)).await.expect("can be deployed");
    assert_eq!(deployed.definitions[0].diagram_resource_name.as_deref(), Some("a.svg"));
    assert_eq!(deployed.definitions[0].category.as_deref(), Some("http://runtime.test"));
    assert_eq!(count(&runtime, &tables::DEPLOYMENT_RESOURCE).await, 3);
}

#[tokio::test]
async fn a_definition_is_read_again_from_its_resource() {
    let staged = Staged::memory();
    let deployed = deploy(&runtime_on(&staged, settings()).await, &external_task_model("order", "work", "")).await;
    let restarted = runtime_on(&staged, settings()).await;
    let definition = restarted.definition(&deployed.definitions[0].id).await.expect("readable").expect("is there");
    assert_eq!((definition.key.as_ref(), definition.version), ("order", 1));
    start(&restarted, "order").await;
    assert_eq!(fetch_ids(&restarted, "ann", "work").await.len(), 1);
}

#[tokio::test]
async fn a_deployment_with_instances_goes_only_with_cascade() {
    let runtime = runtime().await;
    let first = deploy(&runtime, &external_task_model("order", "work", "")).await.deployment.id;
    let second = deploy(&runtime, &external_task_model("order", "work", "")).await.deployment.id;
    let instance = start(&runtime, "order").await;
    let task = task_of(&runtime, instance).await;
    let refused = runtime.delete_deployment(second, Cascade::Off).await;
    assert!(is_refused(&refused, RejectionKind::ProcessEngine), "{refused:?}");
    start(&runtime, "order").await;
    runtime.delete_deployment(second, Cascade::On).await.expect("goes");
    for table in [&tables::EXECUTION, &tables::EXTERNAL_TASK, &tables::HISTORIC_PROCESS_INSTANCE] {
        assert_eq!(count(&runtime, table).await, 0, "{}", table.name);
    }
    assert!(is_refused(&runtime.execute(unlock(task)).await, RejectionKind::NotFound));
    assert_eq!(runtime.definition_row(&latest("order")).await.expect("readable").map(|row| row.version), Some(1));
    runtime.delete_deployment(first, Cascade::Off).await.expect("nothing runs");
    assert!(is_refused(&runtime.delete_deployment(first, Cascade::Off).await, RejectionKind::NotFound));
    let gone = runtime.start_process_instance(latest("order"), None, VariableMap::new()).await;
    assert!(is_refused(&gone, RejectionKind::NotFound), "{gone:?}");
    assert_eq!(count(&runtime, &tables::PROCESS_DEFINITION).await, 0);
    let again = deploy(&runtime, &external_task_model("order", "work", "")).await;
    assert_eq!(versions(&again), [("order", 1)]);
}

#[tokio::test]
async fn the_history_of_ended_instances_outlives_their_definition() {
    let runtime = runtime().await;
    let deployed = deploy(&runtime, &external_task_model("order", "work", "")).await;
    start(&runtime, "order").await;
    let task = fetch_ids(&runtime, "ann", "work").await[0];
    runtime.execute(complete(task, "ann")).await.expect("completes");
    let which = DefinitionSet::ById(deployed.definitions[0].id.clone());
    runtime.delete_process_definitions(which.clone(), Cascade::Off).await.expect("nothing runs");
    assert_eq!(count(&runtime, &tables::HISTORIC_PROCESS_INSTANCE).await, 1);
    assert_eq!(count(&runtime, &tables::DEPLOYMENT).await, 1);
    assert!(is_refused(&runtime.delete_process_definitions(which, Cascade::Off).await, RejectionKind::NotFound));
}

#[tokio::test]
async fn deployments_at_once_count_their_versions_one_by_one() {
    let runtime = runtime().await;
    let deployments = (0..10).map(|_| {
        let runtime = runtime.clone();
        tokio::spawn(async move { deploy(&runtime, &external_task_model("order", "work", "")).await })
    });
    for deployed in deployments.collect::<Vec<_>>() {
        deployed.await.expect("no panic");
    }
    let mut versions = column(&runtime, &tables::PROCESS_DEFINITION, "version").await;
    versions.sort_by_key(|version| if let SqlValue::Integer(version) = version { *version } else { 0 });
    assert_eq!(versions, (1..=10).map(SqlValue::Integer).collect::<Vec<_>>());
    let latest = column(&runtime, &tables::PROCESS_DEFINITION, "is_latest").await;
    assert_eq!(latest.iter().filter(|is_latest| **is_latest == SqlValue::Integer(1)).count(), 1);
}

#[tokio::test]
async fn a_definition_can_wait_for_its_activation() {
    let runtime = runtime().await;
    let later = runtime.now().plus_ms(3_600_000);
    let new = NewDeployment { activate_at: Some(later), ..deployment("name", vec![a()]) };
    runtime.deploy(new).await.expect("can be deployed");
    let early = runtime.start_process_instance(latest("a"), None, VariableMap::new()).await;
    assert!(is_refused(&early, RejectionKind::Suspended), "{early:?}");
    let job = column(&runtime, &tables::JOB, "id").await.pop().expect("a job is there");
    runtime.execute_job(job_id(&job)).await.expect("activates");
    start(&runtime, "a").await;
    assert_eq!(count(&runtime, &tables::JOB).await, 0);
}

pub fn job_id(cell: &SqlValue) -> types::JobId {
    match cell {
        SqlValue::Uuid(id) => (*id).into(),
        SqlValue::Blob(bytes) => {
            let bytes: Arc<[u8]> = bytes.clone();
            types::Uuid::from_bytes(bytes.as_ref().try_into().expect("16 bytes")).into()
        }
        other => panic!("{other:?} is no id"),
    }
}
