//! How much of what happens is kept at each level.

use std::collections::BTreeSet;

use engine::history::HistoryChange;
use engine::{Command, HistoryLevel, InstanceKeys};
use types::VariableMap;

use crate::notation::document;
use crate::world::{INSTANCE, Keeping, World, parse};

const MODEL: &str = "<startEvent id=\"s\" camunda:initiator=\"who\"/>\n\
    <serviceTask id=\"a\" camunda:type=\"external\" camunda:topic=\"t\"/>\n\
    flow s>a\n";

fn kinds_at(history_level: HistoryLevel) -> BTreeSet<&'static str> {
    let mut world = World::new(parse(&document(MODEL)), Keeping::InMemory);
    world.history_level = history_level;
    let definition_id = world.definition().id.clone();
    let variables = VariableMap::new();
    let start = Command::StartProcessInstance {
        id: INSTANCE,
        definition_id,
        start_event_id: None,
        keys: InstanceKeys::default(),
        variables,
    };
    let mut outcomes = vec![world.execute(&start).expect("the start")];
    let id = world.aggregate.external_tasks().next().expect("the task waits").id;
    let worker_id = Some("w".into());
    let lock = Command::LockExternalTask { id, worker_id, lock_duration_ms: Some(1) };
    outcomes.push(world.execute(&lock).expect("the lock"));
    let fail = Command::FailExternalTask {
        id,
        worker_id: Some("w".into()),
        error_message: None,
        error_details: None,
        retries: 0,
        retry_timeout_ms: 0,
        variables: VariableMap::new(),
        local_variables: VariableMap::new(),
    };
    outcomes.push(world.execute(&fail).expect("the failure"));
    let change_sets = outcomes.into_iter().filter_map(|outcome| outcome.change_set);
    change_sets
        .flat_map(|change_set| change_set.history)
        .flat_map(|change| [kind(&change), kind_besides(&change)])
        .collect()
}

/// The row of a variable may stand for the detail of its first write, too.
fn kind_besides(change: &HistoryChange) -> &'static str {
    match change {
        HistoryChange::VariableCreated(row) if row.first_write.is_some() => "detail",
        _ => kind(change),
    }
}

fn kind(change: &HistoryChange) -> &'static str {
    match change {
        HistoryChange::ProcessInstanceStarted(_)
        | HistoryChange::ProcessInstanceEnded(_)
        | HistoryChange::ProcessInstanceSuspended { .. }
        | HistoryChange::ProcessInstanceDetached { .. } => "process",
        HistoryChange::ActivityStarted(_)
        | HistoryChange::ActivityEnded { .. }
        | HistoryChange::ActivityUpdated { .. } => "activity",
        HistoryChange::VariableCreated(_)
        | HistoryChange::VariableUpdated { .. }
        | HistoryChange::VariableDeleted { .. } => "variable",
        HistoryChange::TaskCreated(_) | HistoryChange::TaskChanged(_) => "task",
        HistoryChange::IdentityLinkLogged(_) => "link",
        HistoryChange::DetailLogged(_) => "detail",
        HistoryChange::ExternalTaskLogged(_) | HistoryChange::JobLogged(_) => "log",
        HistoryChange::IncidentCreated(_)
        | HistoryChange::IncidentAnnotated { .. }
        | HistoryChange::IncidentEnded { .. } => "incident",
    }
}

#[test]
fn each_level_holds_what_the_ones_before_hold() {
    assert_eq!(kinds_at(HistoryLevel::None), BTreeSet::new());
    assert_eq!(kinds_at(HistoryLevel::Activity), BTreeSet::from(["activity", "process"]));
    assert_eq!(kinds_at(HistoryLevel::Audit), BTreeSet::from(["activity", "process", "variable"]));
    assert_eq!(
        kinds_at(HistoryLevel::Full),
        BTreeSet::from(["activity", "detail", "incident", "log", "process", "variable"])
    );
}
