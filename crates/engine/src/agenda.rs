//! What is still to be done in a command: the only control flow of the engine.
//!
//! A step says what happens to one execution; working it off may put further steps on the agenda. The newest step is
//! worked off first, so that one path goes on until it waits or ends before the next one moves. Behaviours return what
//! happens next and never call each other. The number of steps of a command is limited.

use std::sync::Arc;

use bpmn::model::{ElementIndex, ElementKind, FlowIndex, ProcessModel};
use types::{ExecutionId, VariableMap};

use crate::behavior::{self, Next};
use crate::evaluate::Interruption;
use crate::java_exception::JavaException;
use crate::listener::{self, Heard, Manner};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::{compensation, conditional, continuation, error_propagation, escalation, event, modification, tree};

/// One move of one execution.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// It arrives at an element of the scope it runs in.
    Enter { execution: ExecutionId, element: ElementIndex },
    /// It begins the element, of which a job may have been in the way.
    Begin { execution: ExecutionId, element: ElementIndex },
    /// These paths of it arrive at an element, the last of them first. One at a time, so that the agenda stays short.
    EnterInstances { execution: ExecutionId, element: ElementIndex, paths: Vec<ExecutionId> },
    /// What it waited for has happened.
    Resume { execution: ExecutionId },
    /// It leaves the activity it is at, by the flows that its conditions choose.
    Leave { execution: ExecutionId },
    /// It is the last that a joining gateway waited for.
    Join { execution: ExecutionId },
    /// It goes along a flow.
    Take { execution: ExecutionId, flow: FlowIndex },
    /// Its path ends at the activity it is at.
    End { execution: ExecutionId },
    /// Its path ends at the element, of which the activity has ended already.
    Finish { execution: ExecutionId, element: ElementIndex },
    /// The activity it is at throws a BPMN error.
    Throw { execution: ExecutionId, error: BpmnError },
    /// It throws a BPMN error while it takes a flow.
    ThrowBetween { execution: ExecutionId, flow: FlowIndex, error: BpmnError },
    /// It undoes something: by an activity, or all that is in the scope which it remembers.
    Compensate { execution: ExecutionId, handler: ElementIndex },
    /// The event it is at throws an escalation.
    Escalate { execution: ExecutionId, code: Arc<str> },
    /// An event has happened that the scope waits for which the execution is: one that is attached to it, that begins an
    /// event sub-process in it, or that stands behind the gateway. The variables become local ones of the event's path.
    FireEvent { execution: ExecutionId, event: ElementIndex, variables: VariableMap },
    /// The next instruction of the modification in progress.
    Modify,
}

/// An error that models can catch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BpmnError {
    pub code: Option<Arc<str>>,
    pub message: Option<Arc<str>>,
    /// Something has failed: only an event that names the class of the exception catches it.
    pub failure: Option<Box<Failure>>,
}

/// What a command is refused with unless the model catches the exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub rejection: Rejection,
    pub exception: JavaException,
}

impl BpmnError {
    /// One that is thrown as such.
    pub fn modelled(code: Option<Arc<str>>, message: Option<Arc<str>>) -> BpmnError {
        BpmnError { code, message, failure: None }
    }

    pub fn of_exception(rejection: Rejection, exception: JavaException) -> BpmnError {
        let message = Some(Arc::from(rejection.message.as_str()));
        BpmnError { code: None, message, failure: Some(Box::new(Failure { rejection, exception })) }
    }

    /// Whether an event with this code, or without one, catches it.
    pub fn is_caught_by(&self, code: Option<&Arc<str>>) -> bool {
        match (&self.failure, code) {
            (Some(failure), Some(class)) => failure.exception.is_a(class),
            (Some(_), None) => false,
            (None, code) => code.is_none_or(|code| Some(code) == self.code.as_ref()),
        }
    }
}

impl Step {
    /// Whose move it is.
    fn execution_mut(&mut self) -> Option<&mut ExecutionId> {
        match self {
            Step::Enter { execution, .. }
            | Step::Begin { execution, .. }
            | Step::EnterInstances { execution, .. }
            | Step::Resume { execution }
            | Step::Leave { execution }
            | Step::Join { execution }
            | Step::Take { execution, .. }
            | Step::End { execution }
            | Step::Finish { execution, .. }
            | Step::Throw { execution, .. }
            | Step::ThrowBetween { execution, .. }
            | Step::Compensate { execution, .. }
            | Step::Escalate { execution, .. }
            | Step::FireEvent { execution, .. } => Some(execution),
            Step::Modify => None,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Agenda {
    /// The last one is next.
    steps: Vec<Step>,
}

impl Agenda {
    pub fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Whatever an execution was about to do is void.
    pub fn forget(&mut self, cancelled: ExecutionId) {
        self.steps.retain_mut(|step| step.execution_mut().is_none_or(|execution| *execution != cancelled));
    }

    /// What is done after the step that is next.
    pub fn push_second(&mut self, step: Step) {
        self.steps.insert(self.steps.len().saturating_sub(1), step);
    }

    /// Where an execution is on its way to.
    pub fn destination_of(&self, execution: ExecutionId, model: &ProcessModel) -> Option<ElementIndex> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Take { execution: on_its_way, flow } if *on_its_way == execution => Some(model.flow(*flow).target),
            Step::Enter { execution: on_its_way, element } | Step::Begin { execution: on_its_way, element }
                if *on_its_way == execution =>
            {
                Some(*element)
            }
            _ => None,
        })
    }

    /// Another execution goes on in place of `old`.
    pub fn redirect(&mut self, old: ExecutionId, new: ExecutionId) {
        for step in &mut self.steps {
            if let Some(execution) = step.execution_mut()
                && *execution == old
            {
                *execution = new;
            }
        }
    }
}

/// Works off the agenda until every path waits or has ended.
pub(crate) fn run(turn: &mut Turn<'_, '_>) -> Result<(), Rejection> {
    let steps_max = turn.env.limits.steps_max;
    for _ in 0..steps_max {
        // Camunda: changes are looked at when something moves. Those that nothing follows on count for nothing.
        if !turn.variable_changes.is_empty() && !turn.agenda.steps.is_empty() {
            conditional::look_at_changes(turn)?;
        }
        let Some(mut step) = turn.agenda.steps.pop() else { return Ok(()) };
        // A step of a path that another path has cancelled meanwhile is void.
        if step.execution_mut().is_none_or(|execution| turn.aggregate.execution(*execution).is_some()) {
            let activity_id = if turn.names_failed_activity { activity_of(turn, &step) } else { None };
            work_off(turn, step).map_err(|rejection| Rejection { activity_id, ..rejection })?;
        }
    }
    if turn.agenda.steps.is_empty() {
        return Ok(());
    }
    let message = format!("the command takes more than {steps_max} steps: the model may never come to rest");
    Err(Rejection::new(RejectionKind::LimitReached, message))
}

/// The element that a step is about, for the case that it fails.
fn activity_of(turn: &Turn<'_, '_>, step: &Step) -> Option<Arc<str>> {
    match step {
        Step::Enter { execution, element }
        | Step::EnterInstances { execution, element, .. }
        | Step::Begin { execution, element }
        | Step::Finish { execution, element }
        | Step::Compensate { execution, handler: element }
        | Step::FireEvent { execution, event: element, .. } => {
            Some(turn.definition_of(*execution).ok()?.model.element(*element).id.clone())
        }
        Step::Modify => None,
        Step::Take { execution, flow } | Step::ThrowBetween { execution, flow, .. } => {
            let model = &turn.definition_of(*execution).ok()?.model;
            Some(model.element(model.flow(*flow).source).id.clone())
        }
        Step::Resume { execution }
        | Step::Leave { execution }
        | Step::Join { execution }
        | Step::End { execution }
        | Step::Escalate { execution, .. }
        | Step::Throw { execution, .. } => {
            let row = turn.execution(*execution);
            let scope = row.scope.as_ref().and_then(|scope| scope.activity_id.as_ref());
            row.at.as_ref().map(|visit| &visit.activity_id).or(scope).cloned()
        }
    }
}

pub(crate) fn work_off(turn: &mut Turn<'_, '_>, step: Step) -> Result<(), Rejection> {
    match step {
        Step::Enter { execution, element } => {
            if turn.definition_of(execution)?.model.element(element).asynchronous.before {
                return continuation::wait_before(turn, execution, element);
            }
            turn.agenda.push(Step::Begin { execution, element });
            Ok(())
        }
        Step::Begin { execution, element } => {
            let execution = match turn.definition_of(execution)?.model.element(element).kind {
                ElementKind::TerminateEndEvent | ElementKind::CancelEndEvent => tree::interrupt_scope(turn, execution)?,
                _ => execution,
            };
            let execution = tree::enter_activity(turn, execution, element)?;
            begun(turn, execution, element)
        }
        Step::EnterInstances { execution, element, mut paths } => {
            let Some(path) = paths.pop() else { return Ok(()) };
            turn.agenda.push(Step::EnterInstances { execution, element, paths });
            turn.agenda.push(Step::Enter { execution: path, element });
            Ok(())
        }
        Step::Resume { execution } => {
            let element = turn.element_at(execution)?;
            let next = behavior::resume(turn, execution, element)?;
            schedule(turn, execution, next)
        }
        Step::Leave { execution } => {
            let element = turn.element_at(execution)?;
            compensation::remember(turn, execution, element)?;
            let flows = behavior::flows_to_take(turn, execution, element)?;
            if flows.is_empty() {
                turn.agenda.push(Step::End { execution });
                return Ok(());
            }
            match notify(turn, execution, activity_ended)? {
                Heard::Regular => tree::leave_activity(turn, execution, &flows),
                Heard::Thrown => Ok(()),
            }
        }
        Step::Join { execution } => tree::join(turn, execution),
        Step::Take { execution, flow } => {
            match listener::flow_taken(turn, execution, flow) {
                Ok(()) => {
                    let target = turn.definition_of(execution)?.model.flow(flow).target;
                    turn.agenda.push(Step::Enter { execution, element: target });
                }
                Err(Interruption::Thrown(error)) => turn.agenda.push(Step::ThrowBetween { execution, flow, error }),
                Err(Interruption::Refused(rejection)) => return Err(rejection),
            }
            Ok(())
        }
        Step::End { execution } => match notify(turn, execution, activity_ended)? {
            Heard::Regular => {
                // An error that nothing caught ends the path of a task that is still there.
                behavior::user_task::cancel(turn, execution)?;
                tree::end_path(turn, execution)
            }
            Heard::Thrown => Ok(()),
        },
        Step::Finish { execution, element } => tree::finish_path(turn, execution, element),
        Step::Throw { execution, error } => error_propagation::throw(turn, execution, &error),
        Step::ThrowBetween { execution, flow, error } => {
            let definition = turn.definition_of(execution)?;
            let thrower = definition.model.flow(flow).source;
            if error_propagation::is_caught(turn, execution, thrower, &error)? {
                return Ok(());
            }
            if let Some(failure) = error.failure {
                return Err(failure.rejection);
            }
            let source = definition.model.element(thrower).id.clone();
            tree::end_between_activities(turn, execution, source)
        }
        Step::Compensate { execution, handler } => compensation::perform(turn, execution, handler),
        Step::Escalate { execution, code } => escalation::throw(turn, execution, &code),
        Step::FireEvent { execution, event, variables } => tree::fire_event(turn, execution, event, &variables),
        Step::Modify => modification::go_on(turn),
    }
}

/// The activity that an execution is at has begun: it does what it is there for.
pub(crate) fn begun(turn: &mut Turn<'_, '_>, execution: ExecutionId, element: ElementIndex) -> Result<(), Rejection> {
    if notify(turn, execution, listener::activity_started)? == Heard::Thrown {
        return Ok(());
    }
    conditional::scope_entered(turn, execution)?;
    // A condition that held may have cancelled it.
    if turn.aggregate.execution(execution).is_some() {
        let next = behavior::enter(turn, execution, element)?;
        schedule(turn, execution, next)?;
    }
    Ok(())
}

/// Tells listeners. An error that one throws takes the place of what would have been next.
pub(crate) fn notify(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    tell: impl FnOnce(&mut Turn<'_, '_>, ExecutionId) -> Result<(), Interruption>,
) -> Result<Heard, Rejection> {
    match tell(turn, execution) {
        Ok(()) => Ok(Heard::Regular),
        Err(Interruption::Thrown(error)) => {
            turn.agenda.push(Step::Throw { execution, error });
            Ok(Heard::Thrown)
        }
        Err(Interruption::Refused(rejection)) => Err(rejection),
    }
}

fn activity_ended(turn: &mut Turn<'_, '_>, execution: ExecutionId) -> Result<(), Interruption> {
    let told = listener::activity_ended(turn, execution, Manner::Regular);
    if told.is_err() {
        listener::end_has_failed(turn, execution);
    }
    told
}

fn schedule(turn: &mut Turn<'_, '_>, execution: ExecutionId, next: Next) -> Result<(), Rejection> {
    match next {
        Next::Wait => {}
        Next::Leave => turn.agenda.push(Step::Leave { execution }),
        Next::End => turn.agenda.push(Step::End { execution }),
        Next::EnterInner(element) => {
            turn.agenda.push(Step::Enter { execution, element });
            conditional::inside_begins(turn, execution)?;
        }
        Next::EnterCalled { root, element } => {
            turn.agenda.push(Step::Enter { execution: root, element });
            conditional::inside_begins(turn, root)?;
        }
        Next::EnterInstances { element, paths } => {
            turn.agenda.push(Step::EnterInstances { execution, element, paths });
        }
        Next::Throw(error) => turn.agenda.push(Step::Throw { execution, error }),
        Next::Escalate(code) => turn.agenda.push(Step::Escalate { execution, code }),
        Next::Join => turn.agenda.push(Step::Join { execution }),
        Next::Receive(delivery) => event::deliver_now(turn, &delivery)?,
        Next::LeaveAfter(deliveries) => {
            // On the agenda already, so that it follows its execution if a delivery moves that.
            let leave = turn.agenda.steps.len();
            let thrower = turn.visit_of(execution).activity_id;
            turn.agenda.push(Step::Leave { execution });
            for delivery in &deliveries {
                event::deliver_now(turn, delivery)?;
            }
            // Camunda: the thrower goes on first. It may have been cancelled, and with it what it was about to do.
            if matches!(turn.agenda.steps.get(leave), Some(Step::Leave { .. })) {
                let leave = turn.agenda.steps.remove(leave);
                turn.agenda.push(leave);
                return Ok(());
            }
            // Camunda: where the scope itself has thrown, and its own event sub-process takes its place, it ends instead.
            let is_begun = |step: &Step| matches!(step, Step::Enter { execution: begun, .. } if *begun == execution);
            if turn.agenda.steps[leave.min(turn.agenda.steps.len())..].iter().any(is_begun) {
                turn.agenda.forget(execution);
                tree::end_between_activities(turn, execution, thrower)?;
            }
        }
    }
    Ok(())
}
