//! What was written comes back, field by field.

use std::sync::Arc;

use engine::record::{
    DelegationState, EventSubscription, EventType, IdentityLink, IdentityLinkKind, Incident, IncidentType, Job,
    JobHandler, Task, TaskPlace, VariablePlace,
};
use engine::{ChangeSet, RevisionCheck, Snapshot, TableChange};
use types::{
    ActivityInstanceId, EventSubscriptionId, ExecutionId, FileValue, IncidentId, JobDefinitionId, JobId, ObjectValue,
    ProcessInstanceId, TaskId, Timestamp, VariableInstanceId, VariableType, VariableValue,
};

use super::fixture::{NOW, WaitingInstance, apply, count, id, id_in, load, process_instance, start, text};
use crate::Store;

/// Every record with every field set, besides one of each with as little as possible.
pub fn rich_change_set(waiting: &WaitingInstance) -> ChangeSet {
    let mut changes = waiting.started();
    changes.tasks.push(TableChange::Insert(user_task(waiting).into()));
    changes.tasks.push(TableChange::Insert(bare_user_task(waiting).into()));
    changes.jobs.push(TableChange::Insert(failed_job(waiting).into()));
    changes.jobs.push(TableChange::Insert(fresh_job(waiting).into()));
    changes.event_subscriptions.push(TableChange::Insert(subscription(waiting, Some("paid")).into()));
    changes.event_subscriptions.push(TableChange::Insert(subscription(waiting, None).into()));
    changes.incidents.push(TableChange::Insert(incident(waiting).into()));
    changes
}

/// With every field set that its own records have.
pub fn rich_instance() -> WaitingInstance {
    let mut waiting = WaitingInstance::new("t").with_variable("plain", VariableValue::Integer(1));
    waiting.instance.business_key = Some(text("order-1"));
    waiting.instance.case_instance_id = Some(text("case-1"));
    waiting.instance.tenant_id = Some(text("blue"));
    waiting.instance.is_suspended = true;
    waiting.instance.revision = 7;
    let task = &mut waiting.task;
    task.definition_version_tag = Some(text("v1"));
    task.business_key = Some(text("order-1"));
    task.tenant_id = Some(text("blue"));
    task.priority = i64::MIN;
    task.is_suspended = true;
    task.worker_id = Some(text("worker"));
    task.lock_expiration = Some(Timestamp(NOW.0 + 5));
    task.lock_epoch = 3;
    task.retries = Some(-1);
    task.error_message = Some(text("no \u{1F4B6} left\0"));
    task.error_details = Some(text(""));
    let mut local = waiting.variables[0].clone();
    local.id = VariableInstanceId(id_in(waiting.id()));
    local.place = Some(VariablePlace { process_instance_id: waiting.id(), execution_id: waiting.scope.id });
    local.task_id = Some(TaskId(id()));
    local.activity_instance_id = Some(waiting.task.activity_instance_id.clone());
    local.tenant_id = Some(text("blue"));
    local.name = text("");
    waiting.variables.push(local);
    waiting
}

pub fn user_task(waiting: &WaitingInstance) -> Task {
    Task {
        name: Some(text("Approve")),
        description: Some(text("the payment")),
        assignee: Some(text("ann")),
        owner: Some(text("bob")),
        place: Some(task_place(waiting, Some(text("order-1")))),
        tenant_id: Some(text("blue")),
        priority: -50,
        last_updated: Some(NOW),
        due_date: Some(Timestamp(1)),
        follow_up_date: Some(Timestamp(-1)),
        is_suspended: true,
        delegation_state: Some(DelegationState::Pending),
        parent_task_id: Some(TaskId(id())),
        identity_links: vec![
            IdentityLink { kind: IdentityLinkKind::Candidate, user_id: Some(text("zoe")), group_id: None },
            IdentityLink { kind: IdentityLinkKind::Candidate, user_id: None, group_id: Some(text("clerks")) },
            IdentityLink { kind: IdentityLinkKind::Other(text("watcher")), user_id: Some(text("ann")), group_id: None },
        ],
        ..bare_user_task(waiting)
    }
}

fn bare_user_task(waiting: &WaitingInstance) -> Task {
    Task {
        id: TaskId(id_in(waiting.id())),
        root_process_instance_id: waiting.id(),
        place: Some(task_place(waiting, None)),
        tenant_id: None,
        name: None,
        description: None,
        assignee: None,
        owner: None,
        priority: 50,
        create_time: NOW,
        last_updated: None,
        due_date: None,
        follow_up_date: None,
        is_suspended: false,
        delegation_state: None,
        parent_task_id: None,
        identity_links: Vec::new(),
        revision: 0,
    }
}

fn task_place(waiting: &WaitingInstance, business_key: Option<Arc<str>>) -> TaskPlace {
    TaskPlace {
        execution_id: waiting.root.id,
        process_instance_id: waiting.id(),
        definition_id: waiting.instance.definition_id.clone(),
        definition_key: waiting.instance.definition_key.clone(),
        business_key,
        activity_id: text("approve"),
        activity_instance_id: ActivityInstanceId::of_activity(text("approve"), id_in(waiting.id())),
    }
}

fn failed_job(waiting: &WaitingInstance) -> Job {
    Job {
        job_definition_id: Some(JobDefinitionId(id())),
        handler: JobHandler::TimerTransition { repeat: Some(text("R2/PT10M")) },
        tenant_id: Some(text("blue")),
        due_date: Some(NOW),
        retries: 0,
        priority: i64::MAX,
        is_suspended: true,
        exception_message: Some(text("it failed")),
        exception_details: Some(text("here")),
        failed_activity_id: Some(text("timer")),
        is_exclusive: false,
        ..fresh_job(waiting)
    }
}

pub fn fresh_job(waiting: &WaitingInstance) -> Job {
    Job {
        id: JobId(id_in(waiting.id())),
        job_definition_id: None,
        handler: JobHandler::TimerTransition { repeat: None },
        execution_id: Some(waiting.scope.id),
        process_instance_id: Some(waiting.id()),
        root_process_instance_id: Some(waiting.id()),
        definition_id: Some(waiting.instance.definition_id.clone()),
        definition_key: Some(waiting.instance.definition_key.clone()),
        tenant_id: None,
        activity_id: Some(text("timer")),
        due_date: None,
        create_time: NOW,
        retries: Job::RETRIES_DEFAULT,
        priority: 0,
        is_suspended: false,
        is_exclusive: true,
        exception_message: None,
        exception_details: None,
        failed_activity_id: None,
    }
}

fn subscription(waiting: &WaitingInstance, event_name: Option<&str>) -> EventSubscription {
    EventSubscription {
        id: EventSubscriptionId(id_in(waiting.id())),
        event_type: EventType::Message,
        event_name: event_name.map(text),
        execution_id: waiting.scope.id,
        process_instance_id: waiting.id(),
        activity_id: text("cancelled"),
        tenant_id: event_name.map(|_| text("blue")),
        create_time: NOW,
        compensating_execution_id: None,
    }
}

fn incident(waiting: &WaitingInstance) -> Incident {
    let incident_id = IncidentId(id_in(waiting.id()));
    Incident {
        id: incident_id,
        incident_type: IncidentType::FailedExternalTask,
        message: Some(text("no money")),
        configuration: Some(waiting.task.id.to_string().into()),
        execution_id: Some(waiting.scope.id),
        process_instance_id: Some(waiting.id()),
        definition_id: Some(waiting.instance.definition_id.clone()),
        definition_key: Some(waiting.instance.definition_key.clone()),
        tenant_id: Some(text("blue")),
        activity_id: Some(text("pay")),
        failed_activity_id: Some(text("pay")),
        job_definition_id: Some(JobDefinitionId(id())),
        create_time: NOW,
        cause_incident_id: incident_id,
        root_cause_incident_id: incident_id,
        history_configuration: Some(id()),
        annotation: Some(text("seen")),
    }
}

/// The rows that a change set of insertions makes.
fn inserted(changes: &ChangeSet) -> Snapshot {
    fn records<R: engine::record::Record>(changes: &[TableChange<R>]) -> Vec<R> {
        let inserts = changes.iter().filter_map(|change| match change {
            TableChange::Insert(record) => Some(R::clone(record)),
            TableChange::Update(_) | TableChange::Delete(_) => None,
        });
        inserts.collect()
    }
    sorted(Snapshot {
        process_instances: records(&changes.process_instances),
        executions: records(&changes.executions),
        external_tasks: records(&changes.external_tasks),
        tasks: records(&changes.tasks),
        variables: records(&changes.variables),
        jobs: records(&changes.jobs),
        event_subscriptions: records(&changes.event_subscriptions),
        incidents: records(&changes.incidents),
    })
}

/// Snapshots have no order within a table.
fn sorted(mut snapshot: Snapshot) -> Snapshot {
    snapshot.process_instances.sort_by_key(|record| record.id);
    snapshot.executions.sort_by_key(|record| record.id);
    snapshot.external_tasks.sort_by_key(|record| record.id);
    snapshot.tasks.sort_by_key(|record| record.id);
    snapshot.variables.sort_by_key(|record| record.id);
    snapshot.jobs.sort_by_key(|record| record.id);
    snapshot.event_subscriptions.sort_by_key(|record| record.id);
    snapshot.incidents.sort_by_key(|record| record.id);
    snapshot
}

pub async fn every_field_comes_back(store: Arc<dyn Store>) {
    let (rich, bare) = (rich_instance(), WaitingInstance::new("t"));
    let changes = rich_change_set(&rich);
    apply(&*store, vec![changes.clone()]).await.expect("applies");
    start(&*store, &bare).await;
    assert_eq!(load(&*store, rich.id()).await.map(sorted), Some(inserted(&changes)));
    assert_eq!(load(&*store, bare.id()).await.map(sorted), Some(inserted(&bare.started())));
    assert_eq!(load(&*store, ProcessInstanceId(id())).await, None);
}

fn values() -> Vec<VariableValue> {
    let file = |mime_type: Option<&str>, contents: &[u8]| FileValue {
        filename: "a \"b\".txt".to_owned(),
        mime_type: mime_type.map(str::to_owned),
        encoding: mime_type.map(|_| "utf-8".to_owned()),
        contents: contents.into(),
    };
    let object = |serialized: Option<&str>| ObjectValue {
        object_type_name: serialized.map(|_| "java.util.List".to_owned()),
        serialization_data_format: Some("application/json".to_owned()),
        serialized: serialized.map(str::to_owned),
    };
    vec![
        VariableValue::Null,
        VariableValue::TypedNull(VariableType::Date),
        VariableValue::TypedNull(VariableType::Double),
        VariableValue::TypedNull(VariableType::String),
        VariableValue::TypedNull(VariableType::Bytes),
        VariableValue::Boolean(true),
        VariableValue::Boolean(false),
        VariableValue::Short(i16::MIN),
        VariableValue::Integer(i32::MAX),
        VariableValue::Long(i64::MIN),
        VariableValue::Double(1.0),
        VariableValue::Double(f64::MIN_POSITIVE),
        VariableValue::Double(f64::NEG_INFINITY),
        VariableValue::String(text("")),
        VariableValue::String("long ".repeat(10_000).into()),
        VariableValue::Date(Timestamp(-1)),
        VariableValue::Bytes([].into()),
        VariableValue::Bytes((0..=255).collect::<Vec<u8>>().into()),
        VariableValue::File(Arc::new(file(None, b""))),
        VariableValue::File(Arc::new(file(Some("text/plain"), b"contents"))),
        VariableValue::Json(text("{\"a\": [1, 2}")),
        VariableValue::Xml(text("<a>")),
        VariableValue::Object(Arc::new(object(None))),
        VariableValue::Object(Arc::new(object(Some("[]")))),
    ]
}

pub async fn every_variable_type_comes_back(store: Arc<dyn Store>) {
    let mut waiting = WaitingInstance::new("t");
    for (n, value) in values().into_iter().enumerate() {
        waiting = waiting.with_variable(&format!("v{n}"), value);
    }
    start(&*store, &waiting).await;
    let found = load(&*store, waiting.id()).await.expect("it is there");
    assert_eq!(sorted(found).variables, waiting.variables);

    let not_a_number = WaitingInstance::new("t").with_variable("nan", VariableValue::Double(f64::NAN));
    start(&*store, &not_a_number).await;
    let found = load(&*store, not_a_number.id()).await.expect("it is there");
    assert!(matches!(found.variables[0].value, VariableValue::Double(value) if value.is_nan()));
}

pub async fn updates_and_deletions_come_back(store: Arc<dyn Store>) {
    let waiting = rich_instance();
    let started = rich_change_set(&waiting);
    apply(&*store, vec![started.clone()]).await.expect("applies");
    let mut expected = inserted(&started);

    let mut changes = ChangeSet::new(waiting.id(), RevisionCheck::Bump { expected: 7 });
    expected.process_instances[0].is_suspended = false;
    expected.process_instances[0].business_key = None;
    changes.process_instances.push(TableChange::Update(expected.process_instances[0].clone().into()));
    expected.process_instances[0].revision = 8;
    expected.executions[1].at = None;
    changes.executions.push(TableChange::Update(expected.executions[1].clone().into()));
    let task = &mut expected.external_tasks[0];
    (task.is_suspended, task.retries, task.lock_epoch, task.priority) = (false, Some(4), 4, 9);
    (task.worker_id, task.lock_expiration, task.error_message) = (None, None, Some(text("other")));
    changes.external_tasks.push(TableChange::Update(task.clone().into()));
    expected.tasks[0].assignee = None;
    expected.tasks[0].identity_links.remove(0);
    changes.tasks.push(TableChange::Update(expected.tasks[0].clone().into()));
    changes.tasks.push(TableChange::Delete(expected.tasks.remove(1).id));
    expected.jobs[0].retries = 2;
    changes.jobs.push(TableChange::Update(expected.jobs[0].clone().into()));
    changes.jobs.push(TableChange::Delete(expected.jobs.remove(1).id));
    expected.event_subscriptions[0].activity_id = text("moved");
    changes.event_subscriptions.push(TableChange::Update(expected.event_subscriptions[0].clone().into()));
    changes.event_subscriptions.push(TableChange::Delete(expected.event_subscriptions.remove(1).id));
    expected.incidents[0].annotation = None;
    changes.incidents.push(TableChange::Update(expected.incidents[0].clone().into()));
    // One stays in its scope, the other moves to another.
    expected.variables[0].value = VariableValue::String(text("one"));
    expected.variables[1].value = VariableValue::Null;
    expected.variables[1].move_to(waiting.root.id);
    changes.variables.extend(expected.variables.iter().cloned().map(|row| TableChange::Update(row.into())));
    apply(&*store, vec![changes]).await.expect("applies");

    assert_eq!(load(&*store, waiting.id()).await.map(sorted), Some(expected));
}

pub async fn an_ended_aggregate_leaves_no_row(store: Arc<dyn Store>) {
    const TABLES: [&str; 9] = [
        "process_instance",
        "execution",
        "external_task",
        "task",
        "identity_link",
        "variable",
        "job",
        "event_subscription",
        "incident",
    ];
    let (gone, stays) = (rich_instance(), rich_instance());
    let started = rich_change_set(&gone);
    apply(&*store, vec![started.clone()]).await.expect("applies");
    let mut before = Vec::new();
    for table in TABLES {
        before.push(count(&*store, table).await);
    }
    apply(&*store, vec![rich_change_set(&stays)]).await.expect("applies");

    let rows = inserted(&started);
    let mut end = gone.completed(7, 3);
    end.tasks.extend(rows.tasks.iter().map(|record| TableChange::Delete(record.id)));
    end.jobs.extend(rows.jobs.iter().map(|record| TableChange::Delete(record.id)));
    end.event_subscriptions.extend(rows.event_subscriptions.iter().map(|record| TableChange::Delete(record.id)));
    end.incidents.extend(rows.incidents.iter().map(|record| TableChange::Delete(record.id)));
    apply(&*store, vec![end]).await.expect("applies");

    assert_eq!(load(&*store, gone.id()).await, None);
    for (table, expected) in TABLES.into_iter().zip(before) {
        assert_eq!(count(&*store, table).await, expected, "rows of {table}");
    }
}

pub async fn called_instances_belong_to_the_aggregate(store: Arc<dyn Store>) {
    let root = WaitingInstance::new("t");
    let mut called = WaitingInstance::new("t");
    called.instance = process_instance(called.id());
    called.instance.root_process_instance_id = root.id();
    called.instance.super_execution_id = Some(ExecutionId(root.scope.id.0));
    called.task.root_process_instance_id = root.id();
    let mut changes = root.started();
    let called_changes = called.started();
    changes.process_instances.extend(called_changes.process_instances);
    changes.executions.extend(called_changes.executions);
    changes.external_tasks.extend(called_changes.external_tasks);
    apply(&*store, vec![changes.clone()]).await.expect("applies");

    assert_eq!(load(&*store, root.id()).await.map(sorted), Some(inserted(&changes)));
    assert_eq!(load(&*store, called.id()).await, None, "it is no aggregate of its own");

    let mut end = root.completed(1, 0);
    end.process_instances.push(TableChange::Delete(called.id()));
    end.executions.extend([TableChange::Delete(called.root.id), TableChange::Delete(called.scope.id)]);
    end.external_tasks.push(TableChange::Delete(called.task.id));
    apply(&*store, vec![end]).await.expect("applies");
    assert_eq!(count(&*store, "process_instance").await, 0);
    assert_eq!(count(&*store, "execution").await, 0);
    assert_eq!(count(&*store, "external_task").await, 0);
}
