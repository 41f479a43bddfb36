//! Random block-structured models under random commands, against what always holds.
//!
//! A failure prints its seed; `CAMLOCK_PROPERTY_SEED` runs it again.

use std::fmt::Write;
use std::hash::{BuildHasher, Hasher};

use engine::record::EventType;
use engine::{Aggregate, Command, InstanceKeys, Outcome, Rejection, Skipped};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use testkit::open_visits::OpenVisits;
use types::{ExternalTaskId, TaskId, VariableMap, VariableValue, VariableWrite};

use crate::notation::document;
use crate::world::{INSTANCE, Keeping, World, parse};

const CASES: u32 = 200;
const COMMANDS_MAX: usize = 40;
/// Completing everything that waits, over and over, ends every instance of a generated model in so many commands.
const COMMANDS_TO_END_MAX: usize = 2_000;

/// A part of a process with one way in and one way out.
#[derive(Clone, Debug)]
enum Block {
    UserTask(Vec<Boundary>),
    ExternalTask(Vec<Boundary>),
    Sequence(Vec<Block>),
    Exclusive(Vec<Block>),
    Parallel(Vec<Block>),
    SubProcess(Box<Block>, Vec<Boundary>),
    /// A sub-process that runs twice.
    Repeated(Box<Block>, Order, Vec<Boundary>),
    /// A sub-process in which a message begins another block.
    Interruptible(Box<Block>, bool, Box<Block>),
    /// A task that can be undone by another one.
    Undoable,
    /// Undoes what can be undone there.
    Undo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Parallel,
    Sequential,
}

/// An event attached to a block, with what it leads to.
#[derive(Clone, Debug)]
struct Boundary {
    trigger: Trigger,
    is_interrupting: bool,
    handler: Box<Block>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trigger {
    Error,
    Message,
    Timer,
}

/// A command on whatever of its kind is there: the `pick`th of them.
#[derive(Clone, Copy, Debug)]
struct Move {
    kind: u8,
    pick: u8,
}

fn block() -> impl Strategy<Value = Block> {
    let leaf = prop_oneof![
        2 => Just(Block::UserTask(Vec::new())),
        2 => Just(Block::ExternalTask(Vec::new())),
        1 => Just(Block::Undoable),
        1 => Just(Block::Undo),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let blocks = prop::collection::vec(inner.clone(), 1..4);
        let boundary = (any::<u8>(), any::<bool>(), inner.clone()).prop_map(|(trigger, is_interrupting, handler)| {
            let trigger = [Trigger::Error, Trigger::Message, Trigger::Timer][usize::from(trigger % 3)];
            let is_interrupting = is_interrupting || trigger == Trigger::Error;
            Boundary { trigger, is_interrupting, handler: Box::new(handler) }
        });
        let boundaries = prop::collection::vec(boundary, 0..3);
        prop_oneof![
            boundaries.clone().prop_map(Block::UserTask),
            boundaries.clone().prop_map(Block::ExternalTask),
            blocks.clone().prop_map(Block::Sequence),
            blocks.clone().prop_map(Block::Exclusive),
            blocks.prop_map(Block::Parallel),
            (inner.clone(), boundaries.clone())
                .prop_map(|(block, boundaries)| Block::SubProcess(Box::new(block), boundaries)),
            (inner.clone(), any::<bool>(), boundaries).prop_map(|(block, is_sequential, boundaries)| {
                let order = if is_sequential { Order::Sequential } else { Order::Parallel };
                Block::Repeated(Box::new(block), order, boundaries)
            }),
            (inner.clone(), any::<bool>(), inner).prop_map(|(block, is_interrupting, handler)| {
                Block::Interruptible(Box::new(block), is_interrupting, Box::new(handler))
            }),
        ]
    })
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = (0..9_u8, any::<u8>()).prop_map(|(kind, pick)| Move { kind, pick });
    prop::collection::vec(one, 0..COMMANDS_MAX)
}

/// Writes a model in the notation of scenarios.
#[derive(Default)]
struct Writer {
    roots: String,
    associations: String,
    count: u32,
}

impl Writer {
    fn model(mut self, block: &Block) -> String {
        let mut body = String::from("<startEvent id=\"s\"/>\n<endEvent id=\"e\"/>\n");
        let (first, last) = self.block(block, &mut body);
        flow("s", &first, None, &mut body);
        flow(&last, "e", None, &mut body);
        format!("{}{body}{}", self.roots, self.associations)
    }

    fn name(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}{}", self.count)
    }

    /// Answers the first and the last element of the block.
    fn block(&mut self, block: &Block, body: &mut String) -> (String, String) {
        match block {
            Block::UserTask(boundaries) => {
                let id = self.name("u");
                _ = writeln!(body, "<userTask id=\"{id}\"/>");
                self.boundaries(id, boundaries, body)
            }
            Block::ExternalTask(boundaries) => {
                let id = self.name("x");
                _ = writeln!(body, "<serviceTask id=\"{id}\" camunda:type=\"external\" camunda:topic=\"t\"/>");
                self.boundaries(id, boundaries, body)
            }
            Block::Sequence(blocks) => {
                let parts: Vec<(String, String)> = blocks.iter().map(|part| self.block(part, body)).collect();
                for pair in parts.windows(2) {
                    flow(&pair[0].1, &pair[1].0, None, body);
                }
                (parts[0].0.clone(), parts[parts.len() - 1].1.clone())
            }
            Block::Exclusive(blocks) => self.branches("exclusiveGateway", blocks, body),
            Block::Parallel(blocks) => self.branches("parallelGateway", blocks, body),
            Block::SubProcess(inner, boundaries) => {
                let id = self.sub_process("", inner, None, body);
                self.boundaries(id, boundaries, body)
            }
            Block::Repeated(inner, order, boundaries) => {
                let characteristics = format!(
                    "<multiInstanceLoopCharacteristics isSequential=\"{}\"><loopCardinality>2</loopCardinality>\
                     </multiInstanceLoopCharacteristics>",
                    *order == Order::Sequential
                );
                let id = self.sub_process(&characteristics, inner, None, body);
                self.boundaries(id, boundaries, body)
            }
            Block::Interruptible(inner, is_interrupting, handler) => {
                let id = self.sub_process("", inner, Some((*is_interrupting, handler)), body);
                (id.clone(), id)
            }
            Block::Undoable => {
                let (id, event, handler) = (self.name("u"), self.name("c"), self.name("h"));
                _ = writeln!(
                    body,
                    "<userTask id=\"{id}\"/>\n<boundaryEvent id=\"{event}\" attachedToRef=\"{id}\">\
                     <compensateEventDefinition/></boundaryEvent>\n<userTask id=\"{handler}\" isForCompensation=\"true\"/>"
                );
                _ = writeln!(
                    self.associations,
                    "<association id=\"as-{event}\" sourceRef=\"{event}\" targetRef=\"{handler}\"/>"
                );
                (id.clone(), id)
            }
            Block::Undo => {
                let id = self.name("t");
                _ = writeln!(
                    body,
                    "<intermediateThrowEvent id=\"{id}\"><compensateEventDefinition/></intermediateThrowEvent>"
                );
                (id.clone(), id)
            }
        }
    }

    /// A block in a scope of its own, and what a message begins there.
    fn sub_process(
        &mut self,
        characteristics: &str,
        inner: &Block,
        by_message: Option<(bool, &Block)>,
        body: &mut String,
    ) -> String {
        let (id, start, end) = (self.name("p"), self.name("ps"), self.name("pe"));
        _ = writeln!(
            body,
            "<subProcess id=\"{id}\">{characteristics}\n<startEvent id=\"{start}\"/>\n<endEvent id=\"{end}\"/>"
        );
        if let Some((is_interrupting, handler)) = by_message {
            let (event_sub_process, start, end) = (self.name("p"), self.name("ms"), self.name("me"));
            _ = writeln!(self.roots, "message message-{start} name-{start}");
            _ = writeln!(
                body,
                "<subProcess id=\"{event_sub_process}\" triggeredByEvent=\"true\">\n\
                 <startEvent id=\"{start}\" isInterrupting=\"{is_interrupting}\">\
                 <messageEventDefinition messageRef=\"message-{start}\"/></startEvent>\n<endEvent id=\"{end}\"/>"
            );
            let (first, last) = self.block(handler, body);
            flow(&start, &first, None, body);
            flow(&last, &end, None, body);
            body.push_str("</subProcess>\n");
        }
        let (first, last) = self.block(inner, body);
        flow(&start, &first, None, body);
        flow(&last, &end, None, body);
        body.push_str("</subProcess>\n");
        id
    }

    fn branches(&mut self, gateway: &str, blocks: &[Block], body: &mut String) -> (String, String) {
        let (fork, join) = (self.name("g"), self.name("j"));
        let parts: Vec<(String, String)> = blocks.iter().map(|part| self.block(part, body)).collect();
        let is_exclusive = gateway == "exclusiveGateway";
        let default =
            if is_exclusive { format!(" default=\"{fork}_{}\"", parts[parts.len() - 1].0) } else { String::new() };
        _ = writeln!(body, "<{gateway} id=\"{fork}\"{default}/>\n<{gateway} id=\"{join}\"/>");
        for (number, (first, last)) in parts.iter().enumerate() {
            let is_default = number == parts.len() - 1;
            let condition = format!("${{x % {} == {number}}}", parts.len());
            flow(&fork, first, (is_exclusive && !is_default).then_some(condition.as_str()), body);
            flow(last, &join, None, body);
        }
        (fork, join)
    }

    /// Interrupting events lead to where the block does; the others to an end of their own.
    fn boundaries(&mut self, host: String, boundaries: &[Boundary], body: &mut String) -> (String, String) {
        if boundaries.is_empty() {
            return (host.clone(), host);
        }
        let merge = self.name("m");
        _ = writeln!(body, "<exclusiveGateway id=\"{merge}\"/>");
        flow(&host, &merge, None, body);
        for boundary in boundaries {
            let event = self.name("b");
            let definition = match boundary.trigger {
                Trigger::Error => "<errorEventDefinition/>".to_owned(),
                Trigger::Message => {
                    _ = writeln!(self.roots, "message message-{event} name-{event}");
                    format!("<messageEventDefinition messageRef=\"message-{event}\"/>")
                }
                Trigger::Timer => {
                    "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>".to_owned()
                }
            };
            let cancels = boundary.is_interrupting;
            _ = writeln!(
                body,
                "<boundaryEvent id=\"{event}\" attachedToRef=\"{host}\" cancelActivity=\"{cancels}\">{definition}</boundaryEvent>"
            );
            let (first, last) = self.block(&boundary.handler, body);
            flow(&event, &first, None, body);
            if boundary.is_interrupting {
                flow(&last, &merge, None, body);
            } else {
                let end = self.name("be");
                _ = writeln!(body, "<endEvent id=\"{end}\"/>");
                flow(&last, &end, None, body);
            }
        }
        (host, merge)
    }
}

fn flow(source: &str, target: &str, condition: Option<&str>, body: &mut String) {
    _ = writeln!(body, "flow {source}>{target} {}", condition.unwrap_or_default());
}

/// The same commands on an aggregate in memory and on one that is loaded from SQLite before each.
struct Pair {
    in_memory: World,
    reloaded: World,
    visits: OpenVisits,
    /// An error that nothing catches ends its path, and a gateway may wait for it forever.
    may_wait_forever: bool,
}

impl Pair {
    fn new(model: &str) -> Pair {
        Pair {
            in_memory: World::new(parse(&document(model)), Keeping::InMemory),
            reloaded: World::new(parse(&document(model)), Keeping::Sqlite),
            visits: OpenVisits::default(),
            may_wait_forever: false,
        }
    }

    fn aggregate(&self) -> &Aggregate {
        &self.in_memory.aggregate
    }

    fn execute(&mut self, command: &Command) -> Result<Outcome, Rejection> {
        let result = self.in_memory.execute(command);
        assert_eq!(result, self.reloaded.execute(command), "a reload makes a difference to {command:?}");
        if let Ok(outcome) = &result {
            self.visits.follow(outcome);
        }
        self.visits.check(&self.in_memory.definition().model, &self.in_memory.aggregate);
        result
    }

    fn perform(&mut self, step: Move) {
        let user_tasks: Vec<TaskId> = self.aggregate().tasks().map(|task| task.id).collect();
        let external_tasks: Vec<ExternalTaskId> = self.aggregate().external_tasks().map(|task| task.id).collect();
        let pick = |count: usize| usize::from(step.pick) % count.max(1);
        let task = user_tasks.get(pick(user_tasks.len())).copied();
        let external_task = external_tasks.get(pick(external_tasks.len())).copied();
        let command = match step.kind {
            0 => task.map(|id| Command::CompleteTask { id, variables: x(i32::from(step.pick)) }),
            1 => external_task.map(lock),
            2 => external_task.map(|id| work(id, i32::from(step.pick))),
            3 => external_task.map(|id| fail(id, i32::from(step.pick % 3))),
            4 => {
                self.may_wait_forever = true;
                external_task.map(throw)
            }
            5 => {
                let jobs: Vec<_> = self.aggregate().jobs().map(|job| job.id).collect();
                jobs.get(pick(jobs.len())).map(|id| Command::ExecuteJob { id: *id })
            }
            6 => {
                let messages =
                    self.aggregate().event_subscriptions().filter(|row| row.event_type == EventType::Message);
                let waits: Vec<_> = messages.map(|row| row.id).collect();
                waits.get(pick(waits.len())).map(|id| Command::CorrelateMessage {
                    subscription_id: *id,
                    variables: x(1),
                    local_variables: x(2),
                    triggered_scope_variables: x(3),
                })
            }
            7 => {
                Some(Command::SetProcessInstanceSuspension { id: INSTANCE, is_suspended: step.pick.is_multiple_of(4) })
            }
            _ => {
                self.in_memory.now = self.in_memory.now.plus_ms(i64::from(step.pick));
                self.reloaded.now = self.in_memory.now;
                None
            }
        };
        if let Some(command) = command.filter(|_| !self.aggregate().is_ended()) {
            // A refusal is an answer, too; what it must not do is checked with every command.
            _ = self.execute(&command);
        }
    }

    /// Completes whatever waits until the instance has ended.
    fn run_to_end(&mut self) -> Result<(), TestCaseError> {
        let activate = Command::SetProcessInstanceSuspension { id: INSTANCE, is_suspended: false };
        if !self.aggregate().is_ended() {
            self.execute(&activate).expect("an instance can be activated");
        }
        for _ in 0..COMMANDS_TO_END_MAX {
            let task = self.aggregate().tasks().next().map(|task| task.id);
            let external_task = self.aggregate().external_tasks().next().map(|task| task.id);
            match (task, external_task) {
                (Some(id), _) => {
                    self.execute(&Command::CompleteTask { id, variables: x(0) }).expect("a task can be completed");
                }
                (None, Some(id)) => {
                    _ = self.execute(&Command::UnlockExternalTask { id });
                    self.execute(&lock(id)).expect("an unlocked task can be locked");
                    self.execute(&work(id, 0)).expect("a locked task can be completed");
                }
                (None, None) => {
                    prop_assert!(self.aggregate().is_ended() || self.may_wait_forever, "the instance is stuck");
                    return Ok(());
                }
            }
        }
        Err(TestCaseError::fail("the instance never ends"))
    }
}

fn x(value: i32) -> VariableMap {
    VariableMap::from([("x".into(), VariableWrite { value: VariableValue::Integer(value), transient: false })])
}

fn lock(id: ExternalTaskId) -> Command {
    Command::LockExternalTask { id, worker_id: Some("w".into()), lock_duration_ms: Some(100) }
}

fn work(id: ExternalTaskId, value: i32) -> Command {
    Command::CompleteExternalTask { id, worker_id: Some("w".into()), variables: x(value), local_variables: x(value) }
}

fn fail(id: ExternalTaskId, retries: i32) -> Command {
    Command::FailExternalTask {
        id,
        worker_id: Some("w".into()),
        error_message: Some("no".into()),
        error_details: None,
        retries,
        retry_timeout_ms: 10,
        variables: VariableMap::new(),
        local_variables: x(1),
    }
}

fn throw(id: ExternalTaskId) -> Command {
    Command::ThrowExternalTaskBpmnError {
        id,
        worker_id: Some("w".into()),
        error_code: Some("E".into()),
        error_message: None,
        variables: VariableMap::new(),
    }
}

fn check(block: &Block, moves: &[Move]) -> Result<(), TestCaseError> {
    let model = Writer::default().model(block);
    let mut pair = Pair::new(&model);
    let definition_id = pair.in_memory.definition().id.clone();
    let start = Command::StartProcessInstance {
        id: INSTANCE,
        definition_id,
        start_event_id: None,
        keys: InstanceKeys::default(),
        variables: x(0),
    };
    pair.execute(&start).expect("a generated model can be started");
    for step in moves {
        pair.perform(*step);
    }
    pair.run_to_end()?;
    if !pair.aggregate().is_ended() {
        pair.execute(&Command::DeleteProcessInstance {
            id: INSTANCE,
            delete_reason: None,
            skipped: Skipped::default(),
        })
        .expect("it can be deleted");
    }
    Ok(())
}

#[test]
fn random_models_under_random_commands() {
    let seed = match std::env::var("CAMLOCK_PROPERTY_SEED") {
        Ok(text) => text.parse().expect("a seed is a number"),
        Err(_) => std::hash::RandomState::new().build_hasher().finish(),
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let result = runner.run(&(block(), moves()), |(block, moves)| check(&block, &moves));
    if let Err(failure) = result {
        panic!("CAMLOCK_PROPERTY_SEED={seed}: {failure}");
    }
}
