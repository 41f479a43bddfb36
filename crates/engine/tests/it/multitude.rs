//! Many of something: what a command on one of many instances of an activity writes does not know how many there are, and
//! calls go as deep as anybody wants.

use engine::{ChangeSet, Command};
use testkit::scenario::{perform, world};
use types::ExternalTaskId;

use crate::notation::{document, line};
use crate::world::{Keeping, World, parse};

const MODEL: &str = r#"
<startEvent id="s"/>
<serviceTask id="a" camunda:type="external" camunda:topic="t"><multiInstanceLoopCharacteristics><loopCardinality>${n}</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>
flow s>a
"#;

const CALLS: usize = 100;

/// Rows that the start writes, and those of each completion but the last.
fn rows_written(instances: usize) -> (usize, Vec<usize>) {
    let mut world = World::new(parse(&document(MODEL)), Keeping::InMemory);
    let started = perform(&mut world, &line(&format!("start n={instances}"))).expect("it starts");
    let ids: Vec<ExternalTaskId> = world.aggregate.external_tasks().map(|task| task.id).collect();
    let mut completions = Vec::new();
    for id in ids {
        let worker_id = Some("w".into());
        let lock = Command::LockExternalTask { id, worker_id: worker_id.clone(), lock_duration_ms: Some(100) };
        world.execute(&lock).expect("it is free");
        let (variables, local_variables) = Default::default();
        let complete = Command::CompleteExternalTask { id, worker_id, variables, local_variables };
        completions.push(count(world.execute(&complete).expect("it is locked").change_set.as_ref()));
    }
    assert!(world.aggregate.is_ended());
    completions.pop();
    (count(started.change_set.as_ref()), completions)
}

fn count(change_set: Option<&ChangeSet>) -> usize {
    let set = change_set.expect("something changes");
    let rows = [set.executions.len(), set.external_tasks.len(), set.tasks.len(), set.variables.len(), set.jobs.len()];
    rows.iter().sum::<usize>() + set.history.len()
}

#[test]
fn completions_write_the_same_whatever_is_left() {
    let (few, many) = (rows_written(4), rows_written(40));
    assert!(many.1.iter().all(|rows| *rows == few.1[0]), "rows of each completion: {:?}", many.1);
    let per_instance = (many.0 - few.0) / 36;
    assert_eq!(many.0 - few.0, per_instance * 36, "each instance costs the start as much as the others");
}

#[test]
fn a_hundred_calls_go_down_and_up_again() {
    let called = |level: usize| format!("called q{level}\n{}", level_of_chain(level));
    let model = level_of_chain(0) + &(1..=CALLS).map(called).collect::<String>();
    for keeping in [Keeping::InMemory, Keeping::Sqlite] {
        let mut world = world(&model, keeping);
        perform(&mut world, &line("start")).expect("it starts");
        assert_eq!(world.aggregate.process_instances().count(), CALLS + 1);
        perform(&mut world, &line(&format!("complete c{CALLS}"))).expect("the lowest process waits");
        assert!(world.aggregate.is_ended());
    }
}

/// Calls the process of the next level; the last one has a task.
fn level_of_chain(level: usize) -> String {
    let activity = match level {
        CALLS => format!("<userTask id=\"c{level}\"/>"),
        _ => format!("<callActivity id=\"c{level}\" calledElement=\"q{}\"/>", level + 1),
    };
    format!("<startEvent id=\"s{level}\"/>\n{activity}\nflow s{level}>c{level}\n")
}
