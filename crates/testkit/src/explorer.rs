//! Explores a scenario's model: all orders of the commands that its states offer, up to a bound, against what always
//! holds.
//!
//! A command is a line of a scenario: those of the scenario itself, and one or more for whatever a state waits for. Time
//! stands still. Every state is built from rows before a command changes it; some of the ways are gone once more in
//! memory and over SQLite. There is no chance in it: a model has the same ways each time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use engine::Aggregate;
use engine::record::Execution;

use crate::notation;
use crate::open_visits::OpenVisits;
use crate::scenario::{lines, model_and_commands, perform, world};
use crate::trace::{self, Names};
use crate::world::{Keeping, World};

/// How far one scenario is explored.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// States that differ in more than their ids.
    pub states_max: usize,
    /// Commands after the start.
    pub depth_max: usize,
    /// Executions of one tree; states with more are left alone.
    pub executions_max: usize,
    /// Ways gone again in memory and over SQLite with a reload between all commands.
    pub replays_max: usize,
}

/// What was seen of one scenario.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub states: usize,
    pub commands: usize,
    pub ended_states: usize,
}

impl Seen {
    pub fn add(&mut self, other: Seen) {
        self.states += other.states;
        self.commands += other.commands;
        self.ended_states += other.ended_states;
    }
}

/// A state, with the way that led there.
struct State {
    world: World,
    visits: OpenVisits,
    way: Vec<String>,
}

/// # Errors
/// The commands that led to what must not be, as a scenario, and what is wrong.
pub fn explore(path: &Path, bounds: Bounds) -> Result<Seen, String> {
    let text = std::fs::read_to_string(path).expect("scenarios are texts");
    let (model, commands) = model_and_commands(path, &text);
    let mut exploration = Exploration {
        bounds,
        own_commands: own_commands(commands),
        error_codes: error_codes(model),
        open: VecDeque::new(),
        known: BTreeSet::new(),
        ways: BTreeMap::new(),
        seen: Seen::default(),
    };
    let starts: BTreeSet<&str> = lines(commands).filter(|line| line.starts_with("start")).collect();
    for start in starts {
        let state = State { world: world(model, Keeping::InMemory), visits: OpenVisits::default(), way: Vec::new() };
        exploration.go(&state, start)?;
    }
    exploration.run()?;
    for way in exploration.chosen_ways() {
        replay(model, &way)?;
    }
    Ok(exploration.seen)
}

struct Exploration {
    bounds: Bounds,
    /// Offered in every state.
    own_commands: BTreeSet<String>,
    /// Of errors that workers may throw.
    error_codes: BTreeSet<String>,
    open: VecDeque<State>,
    known: BTreeSet<String>,
    /// Ways that lead no further, by their ends.
    ways: BTreeMap<String, Vec<String>>,
    seen: Seen,
}

impl Exploration {
    /// Goes on from the oldest and from the newest state in turn, so that it gets both broad and deep.
    fn run(&mut self) -> Result<(), String> {
        let mut is_turn_of_newest = false;
        while let Some(state) = if is_turn_of_newest { self.open.pop_back() } else { self.open.pop_front() } {
            is_turn_of_newest = !is_turn_of_newest;
            let mut commands = self.own_commands.clone();
            commands.extend(offered(&state.world.aggregate, &self.error_codes));
            for command in commands {
                self.go(&state, &command)?;
            }
        }
        Ok(())
    }

    /// Performs a command on a copy of the state and keeps what comes of it, if it is new.
    fn go(&mut self, from: &State, command: &str) -> Result<(), String> {
        self.seen.commands += 1;
        let mut way = from.way.clone();
        way.push(command.to_owned());
        let (mut world, mut visits) = (from.world.fork(), from.visits.clone());
        let performed = catch_unwind(AssertUnwindSafe(|| {
            let result = perform(&mut world, &notation::line(command));
            if let Ok(outcome) = &result {
                visits.follow(outcome);
            }
            visits.check(&world.definition().model, &world.aggregate);
            result.is_ok()
        }));
        let is_done = performed.map_err(|panic| violation(&way, &said(&*panic)))?;
        if !is_done || self.known.len() >= self.bounds.states_max {
            return Ok(());
        }
        let state = trace::state(&world.aggregate, &mut Names::default());
        if !self.known.insert(state.clone()) {
            return Ok(());
        }
        self.seen.states += 1;
        self.seen.ended_states += usize::from(world.aggregate.is_ended());
        let is_within =
            way.len() <= self.bounds.depth_max && world.aggregate.executions().count() <= self.bounds.executions_max;
        if is_within && !world.aggregate.is_ended() {
            self.open.push_back(State { world, visits, way });
        } else {
            self.ways.insert(state, way);
        }
        Ok(())
    }

    /// The longest ones, which hold most of the others.
    fn chosen_ways(&self) -> Vec<Vec<String>> {
        let mut ways: Vec<&Vec<String>> = self.ways.values().collect();
        ways.sort_by_key(|way| std::cmp::Reverse(way.len()));
        ways.into_iter().take(self.bounds.replays_max).cloned().collect()
    }
}

/// What the scenario does after its start, with its own values.
fn own_commands(commands: &str) -> BTreeSet<String> {
    let is_timeless = |line: &&str| !line.starts_with("start") && !line.starts_with("after ");
    lines(commands).filter(is_timeless).map(str::to_owned).collect()
}

/// Those that the model knows, and one that it does not.
fn error_codes(model: &str) -> BTreeSet<String> {
    let code = |line: &str| match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["error", _, code] => Some(code.to_owned()),
        _ => None,
    };
    model.lines().filter_map(code).chain(["unknown".to_owned()]).collect()
}

/// At least one command for everything that the state waits for.
fn offered(aggregate: &Aggregate, error_codes: &BTreeSet<String>) -> Vec<String> {
    let mut commands = Vec::new();
    for name in numbered(aggregate.tasks().filter_map(|task| task.activity_id().map(|id| &**id))) {
        commands.push(format!("complete {name}"));
    }
    for name in numbered(aggregate.external_tasks().map(|task| &*task.activity_id)) {
        commands.extend(["lock", "work", "unlock"].map(|verb| format!("{verb} {name}")));
        commands.push(format!("fail {name} retries 0"));
        commands.push(format!("retries {name} to 1"));
        commands.extend(error_codes.iter().map(|code| format!("error {name} code {code}")));
    }
    for name in numbered(aggregate.jobs().filter_map(|job| job.activity_id.as_deref())) {
        commands.push(format!("job {name}"));
        commands.push(format!("job-fails {name} message failed"));
    }
    for execution in aggregate.executions().filter(|execution| is_signalled(aggregate, execution)) {
        commands.extend(execution.at.iter().map(|visit| format!("signal-execution {}", visit.activity_id)));
    }
    for name in numbered(aggregate.event_subscriptions().filter_map(|row| row.event_name.as_deref())) {
        commands.push(format!("message \"{name}\""));
    }
    commands
}

/// It waits for nothing that has a row.
fn is_signalled(aggregate: &Aggregate, execution: &Execution) -> bool {
    let has_task = aggregate.tasks_at(execution.id).next().is_some()
        || aggregate.external_tasks().any(|task| task.execution_id == execution.id);
    !has_task && execution.at.as_ref().is_some_and(|visit| visit.is_active)
}

/// `a`, and `a#2` for the second of the same name.
fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let number = |name: &'a str| {
        let count = counts.entry(name).or_insert(0);
        *count += 1;
        if *count == 1 { name.to_owned() } else { format!("{name}#{count}") }
    };
    names.map(number).collect()
}

/// Goes a way without copies, in memory and over SQLite, with equal traces.
fn replay(model: &str, way: &[String]) -> Result<(), String> {
    let trace = |keeping: Keeping| {
        let mut world = world(model, keeping);
        let mut names = Names::default();
        let mut text = String::new();
        for command in way {
            let result = perform(&mut world, &notation::line(command));
            text.push_str(&trace::result(&result, &mut names));
            text.push_str(&trace::state(&world.aggregate, &mut names));
        }
        text
    };
    let traces = catch_unwind(AssertUnwindSafe(|| (trace(Keeping::InMemory), trace(Keeping::Sqlite))));
    let (in_memory, over_sqlite) = traces.map_err(|panic| violation(way, &said(&*panic)))?;
    if in_memory == over_sqlite { Ok(()) } else { Err(violation(way, "a reload from SQLite makes a difference")) }
}

fn violation(way: &[String], what: &str) -> String {
    let mut text = String::from("these commands lead to what must not be:\n");
    for command in way {
        _ = writeln!(text, "{command}");
    }
    text.push_str(what);
    text
}

/// What a panic says.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
