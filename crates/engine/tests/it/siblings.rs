//! What a command costs follows what it touches, not how many siblings there are.

use std::fmt::Write;

use engine::{Command, InstanceKeys, RejectionKind};
use types::{ExternalTaskId, VariableMap};

use crate::notation::document;
use crate::world::{INSTANCE, Keeping, World, parse};

const SIBLINGS: usize = 2_000;

/// A fork into so many external tasks that lead to one joining gateway.
fn wide_fork(paths: usize) -> String {
    let mut model = String::from("<startEvent id=\"s\"/>\n<parallelGateway id=\"f\"/>\n<parallelGateway id=\"j\"/>\n");
    model.push_str("<endEvent id=\"e\"/>\nflow s>f\nflow j>e\n");
    for path in 0..paths {
        _ = writeln!(model, "<serviceTask id=\"x{path}\" camunda:type=\"external\" camunda:topic=\"t\"/>");
        _ = writeln!(model, "flow f>x{path}\nflow x{path}>j");
    }
    model
}

fn start(world: &World) -> Command {
    let definition_id = world.definition().id.clone();
    Command::StartProcessInstance {
        id: INSTANCE,
        definition_id,
        start_event_id: None,
        keys: InstanceKeys::default(),
        variables: VariableMap::new(),
    }
}

fn work(id: ExternalTaskId) -> Command {
    let (variables, local_variables) = (VariableMap::new(), VariableMap::new());
    Command::CompleteExternalTask { id, worker_id: Some("w".into()), variables, local_variables }
}

/// The change set of one completion among thousands holds what one of two would.
#[test]
fn one_completion_among_many_touches_few_rows() {
    let mut world = World::new(parse(&document(&wide_fork(SIBLINGS))), Keeping::InMemory);
    let start = start(&world);
    world.execute(&start).expect("the start");
    let task = world.aggregate.external_tasks().nth(SIBLINGS / 2).expect("a task in the middle").id;
    let lock = Command::LockExternalTask { id: task, worker_id: Some("w".into()), lock_duration_ms: Some(1000) };
    world.execute(&lock).expect("the lock");
    let outcome = world.execute(&work(task)).expect("the completion");
    let change_set = outcome.change_set.expect("a completion changes something");
    // The scope of the task goes, its path waits at the gateway.
    assert_eq!(change_set.executions.len(), 2);
    assert_eq!(change_set.external_tasks.len(), 1);
    assert_eq!(change_set.variables.len() + change_set.jobs.len() + change_set.tasks.len(), 0);
    assert_eq!(change_set.history.len(), 3);
}

/// The instances of a parallel activity are counted, not looked at.
#[test]
fn one_instance_among_many_touches_few_rows() {
    let model = format!(
        "<startEvent id=\"s\"/>\n<serviceTask id=\"x\" camunda:type=\"external\" camunda:topic=\"t\">\
         <multiInstanceLoopCharacteristics><loopCardinality>{SIBLINGS}</loopCardinality>\
         </multiInstanceLoopCharacteristics></serviceTask>\nflow s>x\n"
    );
    let mut world = World::new(parse(&document(&model)), Keeping::InMemory);
    let start = start(&world);
    world.execute(&start).expect("the start");
    let task = world.aggregate.external_tasks().nth(SIBLINGS / 2).expect("a task in the middle").id;
    let lock = Command::LockExternalTask { id: task, worker_id: Some("w".into()), lock_duration_ms: Some(1000) };
    world.execute(&lock).expect("the lock");
    let outcome = world.execute(&work(task)).expect("the completion");
    let change_set = outcome.change_set.expect("a completion changes something");
    // The scope of the task goes, its path stays until the body ends.
    assert_eq!(change_set.executions.len(), 2);
    assert_eq!(change_set.external_tasks.len(), 1);
    // Both counters.
    assert_eq!(change_set.variables.len(), 2);
    assert_eq!(change_set.jobs.len() + change_set.tasks.len(), 0);
}

#[test]
fn executions_of_an_instance_are_limited() {
    let mut world = World::new(parse(&document(&wide_fork(20))), Keeping::InMemory);
    world.limits.executions_max = 20;
    let start = start(&world);
    let rejection = world.execute(&start).expect_err("more executions than allowed");
    assert_eq!(rejection.kind, RejectionKind::LimitReached);
}

#[test]
fn variables_of_a_scope_are_limited() {
    let mut world = World::new(parse(&document(&wide_fork(1))), Keeping::InMemory);
    world.limits.variables_per_scope_max = 3;
    let Command::StartProcessInstance { id, definition_id, start_event_id, keys, mut variables } = start(&world) else {
        unreachable!("start is a start");
    };
    for name in ["a", "b", "c", "d"] {
        let value = types::VariableValue::Boolean(true);
        variables.insert(name.into(), types::VariableWrite { value, transient: false });
    }
    let start = Command::StartProcessInstance { id, definition_id, start_event_id, keys, variables };
    let rejection = world.execute(&start).expect_err("more variables than allowed");
    assert_eq!(rejection.kind, RejectionKind::LimitReached);
}
