//! What holds between any two commands, seen from outside: history and rows agree on what runs, and all that runs waits
//! for something.

use std::collections::BTreeSet;

use bpmn::ProcessModel;
use bpmn::model::ElementKind;
use engine::history::HistoryChange;
use engine::record::{Execution, ExecutionKind};
use engine::{Aggregate, Outcome, Snapshot, TableChange};
use types::ActivityInstanceId;

/// The activities that have started and not ended, as history tells it.
#[derive(Clone, Debug, Default)]
pub struct OpenVisits {
    open: BTreeSet<ActivityInstanceId>,
    newest_start: u64,
}

impl OpenVisits {
    /// Panics where an activity ends that has not started, or starts twice or out of order.
    pub fn follow(&mut self, outcome: &Outcome) {
        let history = outcome.change_set.iter().flat_map(|change_set| &change_set.history);
        for change in history {
            match change {
                HistoryChange::ActivityStarted(row) => {
                    assert!(row.sequence > self.newest_start, "starts are in order: {}", row.id);
                    self.newest_start = row.sequence;
                    let is_new = row.end.is_some() || self.open.insert(row.id.clone());
                    assert!(is_new, "{} starts once", row.id);
                }
                HistoryChange::ActivityEnded { id, .. } => assert!(self.open.remove(id), "{id} ends once"),
                _ => {}
            }
        }
        for execution in outcome.detached.iter().flat_map(|alone| &alone.executions) {
            // It goes on elsewhere.
            if let TableChange::Insert(execution) = execution {
                let at = execution.at.iter().map(|visit| &visit.activity_instance_id);
                at.chain(&execution.scope).for_each(|id| _ = self.open.remove(id));
            }
        }
    }

    /// Panics where history and rows differ, or something waits for nothing.
    pub fn check(&self, model: &ProcessModel, aggregate: &Aggregate) {
        if aggregate.is_ended() {
            assert_eq!(aggregate.to_snapshot(), Snapshot::default(), "nothing is left of an ended instance");
            assert!(self.open.is_empty(), "every activity has ended: {:?}", self.open);
            return;
        }
        let mut running = BTreeSet::new();
        for execution in aggregate.executions() {
            let is_scope = execution.kind == ExecutionKind::Scope;
            // Where a job after it is all that is left to do, the activity has ended and its scope has not.
            let has_ended = |scope: &ActivityInstanceId| {
                execution.continuation.is_some() && scope.activity_id == execution.continuation
            };
            running.extend(execution.scope.iter().filter(|scope| is_scope && !has_ended(scope)).cloned());
            running.extend(execution.at.iter().map(|visit| visit.activity_instance_id.clone()));
            // What can be compensated has ended and waits for nothing.
            let is_over = execution.kind == ExecutionKind::EventScope;
            if !is_over && aggregate.children(execution.id).next().is_none() {
                check_leaf(model, aggregate, execution);
            }
        }
        assert_eq!(running, self.open, "the history knows what runs");
        for task in aggregate.external_tasks() {
            assert!(task.worker_id.is_none() || task.lock_expiration.is_some(), "a lock has an end");
        }
    }
}

/// At a join, others are waited for, and so are they in the body of a multi-instance activity. Everywhere else there is a
/// row that says for what, but for receive tasks without a message.
fn check_leaf(model: &ProcessModel, aggregate: &Aggregate, execution: &Execution) {
    let id = execution.id;
    let has_job = aggregate.jobs().any(|job| job.execution_id == Some(id));
    let has_task =
        aggregate.tasks_at(id).next().is_some() || aggregate.external_tasks().any(|task| task.execution_id == id);
    let has_subscription = aggregate.event_subscriptions().any(|row| row.execution_id == id);
    let has_called = aggregate.process_instances().any(|instance| instance.super_execution_id == Some(id));
    let has_row = has_job || has_task || has_subscription || has_called;
    match &execution.at {
        Some(visit) if visit.is_active => {
            let element = model.elements.iter().find(|element| element.id == visit.activity_id);
            let needs_none = element.is_some_and(|element| matches!(element.kind, ElementKind::ReceiveTask { .. }));
            assert!(has_row || needs_none, "{} waits for something", visit.activity_id);
        }
        Some(visit) => assert!(!has_task, "{} has no task while it waits to join", visit.activity_id),
        None => {
            let body = execution.parent_id.and_then(|parent| aggregate.execution(parent));
            let is_instance = body.is_some_and(Execution::is_multi_instance_body);
            assert!(has_job || is_instance, "{id} is on the way with a job");
        }
    }
}
