//! Code in Rust for what models name by a Java class or a delegate expression.

use engine::{Command, DelegateError, DelegateExecution, DelegateRegistry, InstanceKeys, Outcome, Rejection};
use types::{VariableMap, VariableValue, VariableWrite};

use crate::notation::document;
use crate::world::{INSTANCE, Keeping, World, parse};

const MODEL: &str = "<startEvent id=\"s\"/>\n\
    <serviceTask id=\"charge\" camunda:class=\"org.acme.Charge\"/>\n\
    <boundaryEvent id=\"caught\" attachedToRef=\"charge\"><errorEventDefinition/></boundaryEvent>\n\
    <serviceTask id=\"ship\" camunda:delegateExpression=\"${shipping}\"><extensionElements>\n\
    <camunda:executionListener event=\"end\" class=\"org.acme.Audit\"/></extensionElements></serviceTask>\n\
    <userTask id=\"done\"/><userTask id=\"failed\"/>\n\
    flow s>charge\nflow charge>ship\nflow ship>done\nflow caught>failed\n";

fn delegates() -> DelegateRegistry {
    let mut delegates = DelegateRegistry::default();
    delegates.register("org.acme.Charge", |execution: &mut DelegateExecution<'_>| {
        match execution.variable("amount")? {
            Some(VariableValue::Integer(amount)) if amount > 0 => {
                execution.set_variable("charged", &VariableValue::Integer(amount * 2))
            }
            Some(_) => Err(DelegateError::bpmn_error("too-little")),
            None => Err(DelegateError::failed("nobody said how much")),
        }
    });
    delegates.register("${shipping}", |execution: &mut DelegateExecution<'_>| {
        let text = execution.current_activity_id().unwrap_or_default();
        execution.set_variable("shipped by", &VariableValue::String(text))
    });
    delegates.register("org.acme.Audit", |execution: &mut DelegateExecution<'_>| {
        let text = execution.event_name().unwrap_or_default();
        execution.set_variable("heard", &VariableValue::String(text))
    });
    delegates
}

fn start(world: &mut World, amount: Option<i32>) -> Result<Outcome, Rejection> {
    let definition_id = world.definition().id.clone();
    let amount = amount
        .map(|amount| ("amount".into(), VariableWrite { value: VariableValue::Integer(amount), transient: false }));
    world.execute(&Command::StartProcessInstance {
        id: INSTANCE,
        definition_id,
        start_event_id: None,
        keys: InstanceKeys::default(),
        variables: amount.into_iter().collect::<VariableMap>(),
    })
}

fn world() -> World {
    let mut world = World::new(parse(&document(MODEL)), Keeping::Reloaded);
    world.delegates = delegates();
    world
}

fn task(world: &World) -> String {
    world.aggregate.tasks().filter_map(|task| task.activity_id()).map(ToString::to_string).collect()
}

fn variable(world: &World, name: &str) -> Option<VariableValue> {
    world.aggregate.variables().find(|variable| &*variable.name == name).map(|variable| variable.value.clone())
}

#[test]
fn classes_expressions_and_listeners_run_what_is_registered() {
    let mut world = world();
    start(&mut world, Some(21)).expect("it starts");
    assert_eq!(task(&world), "done");
    assert_eq!(variable(&world, "charged"), Some(VariableValue::Integer(42)));
    assert_eq!(variable(&world, "shipped by"), Some(VariableValue::String("ship".into())));
    assert_eq!(variable(&world, "heard"), Some(VariableValue::String("end".into())));
}

#[test]
fn the_model_catches_the_errors_that_are_thrown() {
    let mut world = world();
    start(&mut world, Some(0)).expect("it starts");
    assert_eq!(task(&world), "failed");
}

#[test]
fn a_failure_refuses_the_command_and_changes_nothing() {
    let mut world = world();
    let rejection = start(&mut world, None).expect_err("it fails");
    assert_eq!(rejection.message, "nobody said how much");
    assert_eq!(world.aggregate.row_count(), 0);
}

#[test]
fn what_is_not_registered_fails_as_a_class_that_is_missing() {
    let mut world = World::new(parse(&document(MODEL)), Keeping::InMemory);
    let rejection = start(&mut world, Some(1)).expect_err("it fails");
    assert!(rejection.message.contains("org.acme.Charge"), "{rejection:?}");
}
