//! Where an escalation goes: outwards, to the first scope with an event that catches it.

use std::sync::Arc;

use bpmn::model::{BoundaryTrigger, CatchingEvent, ElementIndex, ElementKind, ProcessModel, SubProcessForm};
use types::{ExecutionId, VariableValue};

use crate::agenda::Step;
use crate::behavior::call_activity;
use crate::command::VariableReach;
use crate::instance::ScopeKey;
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::{tree, variables};

/// What has become of an escalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escalated {
    Uncaught,
    /// What catches it runs beside what has thrown it.
    Beside,
    /// What catches it runs in place of what has thrown it.
    Instead,
}

/// An event throws it and goes on, unless it is interrupted.
pub(crate) fn throw(turn: &mut Turn<'_, '_>, execution: ExecutionId, code: &Arc<str>) -> Result<(), Rejection> {
    // On the agenda already, so that it follows its execution if that moves; and before what catches the escalation.
    turn.agenda.push(Step::Leave { execution });
    escalate(turn, execution, code)?;
    Ok(())
}

/// Starts what catches the escalation; if that does not interrupt, after the step that is next on the agenda.
pub(crate) fn escalate(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    code: &Arc<str>,
) -> Result<Escalated, Rejection> {
    let thrower = turn.element_at(execution)?;
    let throwing = turn.definition_of(execution)?;
    let own = throwing.model.element(thrower).parent;
    let mut next = Some(execution);
    while let Some(id) = next {
        let definition = turn.definition_of(id)?;
        // Camunda: an event sub-process catches what comes out of a process that is called in it.
        let own = own.filter(|_| definition.id == throwing.id);
        let host = turn.aggregate.scope_execution_of(id);
        let scope = turn.scope_element(host)?;
        next = turn.execution(host).parent_id;
        if let Some(event) = catching_event(&definition.model, scope, own, code) {
            return catch(turn, host, event, code);
        }
        if next.is_none()
            && let Some(caller) = turn.instance_of(host).super_execution_id
        {
            // Camunda: what comes back from a called instance comes back with an escalation, too.
            call_activity::pass_outputs(turn, host, caller)?;
            next = Some(caller);
        }
    }
    Ok(Escalated::Uncaught)
}

/// An event sub-process does not catch what is thrown directly in it, in `own`.
fn catching_event<'m>(
    model: &'m ProcessModel,
    scope: Option<ElementIndex>,
    own: Option<ElementIndex>,
    code: &Arc<str>,
) -> Option<CatchingEvent<'m>> {
    model.catching_events(scope).find(|event| {
        let BoundaryTrigger::Escalation { escalation_code, .. } = event.trigger else { return false };
        escalation_code.as_ref().is_none_or(|caught| caught == code) && own != Some(event.handler)
    })
}

fn catch(
    turn: &mut Turn<'_, '_>,
    host: ExecutionId,
    event: CatchingEvent<'_>,
    code: &Arc<str>,
) -> Result<Escalated, Rejection> {
    let definition = turn.definition_of(host)?;
    let kind = &definition.model.element(event.handler).kind;
    let is_event_sub_process = matches!(kind, ElementKind::SubProcess { form: SubProcessForm::Event, .. });
    let writer = match turn.execution(host).parent_id {
        Some(parent) if !event.is_interrupting && !is_event_sub_process => turn.aggregate.scope_execution_of(parent),
        _ => host,
    };
    if let BoundaryTrigger::Escalation { escalation_code_variable: Some(name), .. } = event.trigger {
        let value = variables::lasting(VariableValue::String(code.clone()));
        variables::set(turn, ScopeKey::Execution(writer), VariableReach::Nearest, name, value)?;
    }
    let path = tree::make_way(turn, host, event.handler)?;
    let enter = Step::Enter { execution: path, element: event.handler };
    if event.is_interrupting {
        turn.agenda.push(enter);
        return Ok(Escalated::Instead);
    }
    turn.agenda.push_second(enter);
    Ok(Escalated::Beside)
}
