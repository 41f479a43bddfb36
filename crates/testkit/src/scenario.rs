//! Scenarios: a model and commands in, a trace out. One file holds all three, separated by lines of `---`. It runs once
//! in memory and with a reload between all commands from plain rows and from SQLite, with equal traces.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::form::TaskFormPart;
use engine::history::EndState;
use engine::{
    Cancellation, Command, Instantiation, Modification, ModificationInstruction, Outcome, Place, Rejection, Skipped,
    TaskChange, VariablePatch, VariableReach,
};
use types::{EventSubscriptionId, ExecutionId, ExternalTaskId, JobId, ProcessInstanceId, TaskId, Uuid, VariableMap};

use crate::compared::compare;
use crate::notation::{self, Line, document};
use crate::trace::{self, Names};
use crate::world::{INSTANCE, Keeping, World, parse_all};

const SEPARATOR: &str = "---\n";

/// Runs a scenario in all ways of keeping its aggregate and compares the traces with each other and with the file.
pub fn check(path: &Path) {
    let text = std::fs::read_to_string(path).expect("scenarios are texts");
    let (model, commands) = model_and_commands(path, &text);
    let in_memory = run(model, commands, Keeping::InMemory);
    for keeping in [Keeping::Reloaded, Keeping::Sqlite] {
        let reloaded = run(model, commands, keeping);
        assert_eq!(in_memory, reloaded, "{}: {keeping:?} makes a difference", path.display());
    }
    compare(path, &text, &format!("{model}{SEPARATOR}{commands}{SEPARATOR}{in_memory}"));
}

/// The scenarios in a folder, in order.
pub fn paths(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    paths
}

/// The first two parts of a scenario.
pub fn model_and_commands<'a>(path: &Path, text: &'a str) -> (&'a str, &'a str) {
    let parts: Vec<&str> = text.split(SEPARATOR).collect();
    match parts[..] {
        [model, commands] | [model, commands, _] => (model, commands),
        _ => panic!("{} is not a model, commands and a trace", path.display()),
    }
}

/// What commands are performed on: nothing has started in it.
pub fn world(model: &str, keeping: Keeping) -> World {
    let without_comments: String =
        model.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let mut models = parse_all(&document(&without_comments));
    let called = models.split_off(1);
    World::with_called(models.remove(0), called, keeping)
}

fn run(model: &str, commands: &str, keeping: Keeping) -> String {
    let mut world = world(model, keeping);
    let mut names = Names::default();
    let mut text = String::new();
    for command in lines(commands) {
        text.push_str(&format!("> {command}\n"));
        let line = notation::line(command);
        if line.verb == "after" {
            world.now = world.now.plus_ms(line.word(0).parse().expect("milliseconds"));
            continue;
        }
        let result = perform(&mut world, &line);
        text.push_str(&trace::result(&result, &mut names));
        if result.is_ok() {
            text.push_str(&trace::state(&world.aggregate, &mut names));
        }
    }
    text
}

/// Commands without what is written for readers.
pub fn lines(commands: &str) -> impl Iterator<Item = &str> {
    commands.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

pub fn perform(world: &mut World, line: &Line) -> Result<Outcome, Rejection> {
    let command = command(world, line);
    world.execute(&command)
}

fn command(world: &World, line: &Line) -> Command {
    let variables = line.variables.clone();
    let local_variables = line.local_variables.clone();
    let worker_id = || line.after("by").or_else(|| Some(Arc::from("worker"))).filter(|worker| &**worker != "nobody");
    match line.verb.as_str() {
        "start" => Command::StartProcessInstance {
            id: INSTANCE,
            definition_id: world.definition().id.clone(),
            start_event_id: line.after("event"),
            keys: line.after("key").into(),
            variables,
        },
        "submit-start" => Command::SubmitStartForm {
            id: INSTANCE,
            definition_id: world.definition().id.clone(),
            keys: line.after("key").into(),
            variables,
        },
        "start-at" => Command::StartProcessInstanceAt {
            id: INSTANCE,
            definition_id: world.definition().id.clone(),
            keys: line.after("key").into(),
            variables,
            modification: modification(world, line),
            restarted_process_instance_id: None,
        },
        "modify" => Command::ModifyProcessInstance {
            id: INSTANCE,
            definition_id: None,
            modification: modification(world, line),
        },
        "delete" => Command::DeleteProcessInstance {
            id: INSTANCE,
            delete_reason: line.after("because"),
            skipped: Skipped {
                custom_listeners: line.words.last().is_some_and(|word| word == "untold"),
                io_mappings: line.words.last().is_some_and(|word| word == "unmapped"),
                called_instances: line.words.last().is_some_and(|word| word == "alone"),
            },
        },
        "delete-called" => Command::DeleteProcessInstance {
            id: called(world, line.word(0)),
            delete_reason: line.after("because"),
            skipped: Skipped::default(),
        },
        "suspend" | "activate" => {
            Command::SetProcessInstanceSuspension { id: INSTANCE, is_suspended: line.verb == "suspend" }
        }
        "set" | "remove" => set(world, line),
        "complete" => Command::CompleteTask { id: task(world, line.word(0)), variables },
        "submit" => Command::SubmitTaskForm { id: task(world, line.word(0)), variables },
        "form" => Command::ReadTaskForm { id: task(world, line.word(0)), part: TaskFormPart::Whole },
        "form-reference" => Command::ReadTaskForm { id: task(world, line.word(0)), part: TaskFormPart::Reference },
        "delegate" => Command::ChangeTask {
            id: task(world, line.word(0)),
            change: TaskChange::Delegate { user_id: line.after("to") },
        },
        "lock" => Command::LockExternalTask {
            id: external_task(world, line.word(0)),
            worker_id: worker_id(),
            lock_duration_ms: line.number_after("for"),
        },
        "extend" => Command::ExtendExternalTaskLock {
            id: external_task(world, line.word(0)),
            worker_id: worker_id(),
            new_duration_ms: line.number_after("for"),
        },
        "unlock" => Command::UnlockExternalTask { id: external_task(world, line.word(0)) },
        "priority" => Command::SetExternalTaskPriority {
            id: external_task(world, line.word(0)),
            priority: line.number_after("to").expect("a priority"),
        },
        "retries" => Command::SetExternalTaskRetries {
            id: external_task(world, line.word(0)),
            retries: line.number_after("to").expect("retries") as i32,
        },
        "work" => Command::CompleteExternalTask {
            id: external_task(world, line.word(0)),
            worker_id: worker_id(),
            variables,
            local_variables,
        },
        "fail" => Command::FailExternalTask {
            id: external_task(world, line.word(0)),
            worker_id: worker_id(),
            error_message: line.after("message"),
            error_details: line.after("details"),
            retries: line.number_after("retries").unwrap_or(0) as i32,
            retry_timeout_ms: line.number_after("timeout").unwrap_or(0),
            variables,
            local_variables,
        },
        "error" => Command::ThrowExternalTaskBpmnError {
            id: external_task(world, line.word(0)),
            worker_id: worker_id(),
            error_code: line.after("code"),
            error_message: line.after("message"),
            variables,
        },
        "message" => Command::CorrelateMessage {
            subscription_id: subscription(world, line.word(0)),
            variables,
            local_variables,
            triggered_scope_variables: Default::default(),
        },
        "signal-execution" => Command::SignalExecution { id: execution(world, line.word(0)), variables },
        "job" => Command::ExecuteJob { id: job(world, line.word(0)) },
        "job-fails" => {
            let message = line.after("message").expect("a message");
            Command::FailJob { id: job(world, line.word(0)), message, failed_activity_id: line.after("in") }
        }
        "job-retries" => Command::SetJobRetries {
            id: job(world, line.word(0)),
            retries: line.number_after("to").expect("retries") as i32,
        },
        other => panic!("no command `{other}`"),
    }
}

/// Words like `before:a`; variables belong to every instruction that starts something.
fn modification(world: &World, line: &Line) -> Modification {
    let cancel = |cancellation| Some(ModificationInstruction::Cancel(cancellation));
    let start = |place| {
        Some(ModificationInstruction::Start(Instantiation {
            place,
            ancestor_activity_instance_id: line.after("in").map(|activity| activity_instance(world, &activity)),
            variables: if line.verb == "modify" { line.variables.clone() } else { VariableMap::new() },
            local_variables: line.local_variables.clone(),
        }))
    };
    let instruction = |word: &String| match word.split_once(':')? {
        ("cancel", id) => cancel(Cancellation::Activity(id.into())),
        ("cancel-first", id) => cancel(Cancellation::ActivityAtFirst(id.into())),
        ("cancel-instance", id) => cancel(Cancellation::ActivityInstance(activity_instance(world, id))),
        ("before", id) => start(Place::Before(id.into())),
        ("after", id) => start(Place::After(id.into())),
        ("along", id) => start(Place::Transition(id.into())),
        _ => None,
    };
    let skips = |what: &str| line.words.iter().any(|word| word == what);
    Modification {
        instructions: line.words.iter().filter_map(instruction).collect(),
        emptied_as: EndState::ExternallyTerminated,
        skipped: Skipped {
            custom_listeners: skips("unheard"),
            io_mappings: skips("unmapped"),
            called_instances: false,
        },
    }
}

/// The first instance of an activity as text; one that is nowhere keeps its name.
fn activity_instance(world: &World, activity: &str) -> Arc<str> {
    let nodes = world.aggregate.activity_tree(INSTANCE, world.model()).unwrap_or_default();
    let mut found = nodes.iter().filter(|node| node.id.activity_id.as_deref() == Some(activity));
    found.next().map_or_else(|| activity.into(), |node| node.id.to_string().into())
}

fn set(world: &World, line: &Line) -> Command {
    let (reach, modifications) = if line.local_variables.is_empty() && !line.words.iter().any(|word| word == "here") {
        (VariableReach::Nearest, line.variables.clone())
    } else {
        (VariableReach::Local, line.local_variables.clone())
    };
    let deletions = if line.verb == "remove" { vec![line.word(0).into()] } else { Vec::new() };
    let patch = VariablePatch { modifications, deletions };
    match (line.after("at"), line.after("task")) {
        (_, Some(activity)) => Command::PatchTaskVariables { id: task(world, &activity), reach, patch },
        (Some(activity), None) => Command::PatchVariables { execution_id: execution(world, &activity), reach, patch },
        (None, None) => Command::PatchVariables { execution_id: ExecutionId::from(INSTANCE), reach, patch },
    }
}

/// An instance of the process of that key.
fn called(world: &World, key: &str) -> ProcessInstanceId {
    let found = world.aggregate.process_instances().find(|instance| &*instance.definition_key == key);
    found.map_or(ProcessInstanceId(Uuid(0)), |instance| instance.id)
}

/// Finds are by activity, `a#2` is the second at `a`; one that is nowhere gets an id that does not exist.
fn external_task(world: &World, activity: &str) -> ExternalTaskId {
    let tasks = world.aggregate.external_tasks().map(|task| (&*task.activity_id, task.id));
    nth(activity, tasks).unwrap_or(ExternalTaskId(Uuid(0)))
}

fn task(world: &World, activity: &str) -> TaskId {
    let tasks = world.aggregate.tasks().filter_map(|task| Some((&**task.activity_id()?, task.id)));
    nth(activity, tasks).unwrap_or(TaskId(Uuid(0)))
}

fn job(world: &World, activity: &str) -> JobId {
    let jobs = world.aggregate.jobs().filter_map(|job| Some((job.activity_id.as_deref()?, job.id)));
    nth(activity, jobs).unwrap_or(JobId(Uuid(0)))
}

fn subscription(world: &World, name: &str) -> EventSubscriptionId {
    let rows = world.aggregate.event_subscriptions().filter_map(|row| Some((row.event_name.as_deref()?, row.id)));
    nth(name, rows).unwrap_or(EventSubscriptionId(Uuid(0)))
}

fn nth<'a, Id>(wanted: &str, found: impl Iterator<Item = (&'a str, Id)>) -> Option<Id> {
    let (name, number) = match wanted.rsplit_once('#').map(|(name, number)| (name, number.parse::<usize>())) {
        Some((name, Ok(number))) => (name, number.saturating_sub(1)),
        _ => (wanted, 0),
    };
    found.filter(|(key, _)| *key == name).nth(number).map(|(_, id)| id)
}

/// The execution at an activity, or the one that is its scope.
fn execution(world: &World, activity: &str) -> ExecutionId {
    let is_at = |row: &&engine::record::Execution| {
        let scope = row.scope.as_ref().and_then(|scope| scope.activity_id.as_deref());
        row.at.as_ref().is_some_and(|visit| &*visit.activity_id == activity) || scope == Some(activity)
    };
    world.aggregate.executions().find(is_at).map_or(ExecutionId(Uuid(0)), |row| row.id)
}
