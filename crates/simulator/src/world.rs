//! What everybody shares: the nodes, the truth, and the trace.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runtime::Runtime;
use tokio_util::sync::CancellationToken;
use types::Timestamp;

use crate::inbox::{Inbox, Life};
use crate::ledger::{Ledger, Violation};
use crate::plan::Plan;
use crate::poll_watch::PollWatch;
use crate::trace::Trace;

/// Whatever the seed, the world begins on the same day.
pub const ORIGIN: Timestamp = Timestamp(1_800_000_000_000);

#[derive(Debug)]
pub struct World {
    pub plan: Plan,
    pub trace: Trace,
    pub inbox: Arc<Inbox>,
    ledger: Mutex<Ledger>,
    pub polls: PollWatch,
    nodes: Mutex<Vec<Node>>,
    violation: Mutex<Option<Violation>>,
    is_calm: AtomicBool,
    is_over: AtomicBool,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub life: Life,
    /// `None` while it starts.
    pub runtime: Option<Runtime>,
    /// Cancelled when it crashes.
    pub gone: CancellationToken,
    pub skew_ms: Arc<AtomicI64>,
}

impl World {
    pub fn new(plan: Plan) -> World {
        let node = |node| Node {
            life: Life { node, number: 0 },
            runtime: None,
            gone: CancellationToken::new(),
            skew_ms: Arc::default(),
        };
        World {
            nodes: Mutex::new((0..plan.nodes).map(node).collect()),
            plan,
            trace: Trace::new(),
            inbox: Arc::default(),
            ledger: Mutex::default(),
            polls: PollWatch::default(),
            violation: Mutex::default(),
            is_calm: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn node(&self, index: usize) -> Node {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)[index].clone()
    }

    pub fn set_node(&self, node: Node) {
        let index = node.life.node;
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)[index] = node;
    }

    pub fn note(&self, life: Life, what: impl Display) {
        self.trace.note(format_args!("node{}.{}", life.node, life.number), what);
    }

    /// The first one counts.
    pub fn violate(&self, violation: Violation) {
        self.violation.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(violation);
    }

    pub fn violation(&self) -> Option<Violation> {
        self.violation.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Nothing goes wrong any more, and everybody does what is to be done.
    pub fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }

    pub fn calm(&self) {
        self.is_calm.store(true, Ordering::Relaxed);
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl Node {
    pub fn now(&self) -> Timestamp {
        self.runtime.as_ref().map_or(ORIGIN, Runtime::now)
    }
}
