//! Starts an instance: at a start event of its definition, or where instructions say.

use std::sync::Arc;

use bpmn::model::ElementIndex;
use types::{ExecutionId, ProcessDefinitionId, ProcessInstanceId, VariableMap};

use crate::agenda::Step;
use crate::command::dispatch::Answer;
use crate::command::{InstanceKeys, StartedProcessInstance};
use crate::conditional;
use crate::definition::ProcessDefinition;
use crate::modification::{self, Modification, ModificationInstruction};
use crate::process_instance::{self, Given, NewInstance};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

/// Of what an instance is to be, and where it starts.
pub(super) struct Start<'c> {
    pub definition_id: &'c ProcessDefinitionId,
    pub start_event_id: Option<&'c Arc<str>>,
    pub keys: &'c InstanceKeys,
}

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: ProcessInstanceId,
    start: &Start<'_>,
    given: Given<'_>,
) -> Result<Answer, Rejection> {
    let Start { definition_id, start_event_id, keys } = *start;
    let definition = definition(turn, definition_id)?;
    let start = match start_event_id {
        Some(event) => definition.model.element_by_id(event),
        None => definition.model.initial,
    };
    let Some(start) = start else {
        let message = match start_event_id {
            Some(event) => format!("process definition {definition_id} has no start event `{event}`"),
            None => format!("process definition {definition_id} does not say where to start"),
        };
        return Err(Rejection::new(RejectionKind::ProcessEngine, message));
    };
    let start_id = definition.model.element(start).id.clone();
    let starts_later = definition.model.element(start).asynchronous.before;
    let new = NewInstance { starts_later, ..new(id, definition, keys, (Some(start), start_id), None) };
    let answer = begin(turn, &new, given)?;
    turn.agenda.push(Step::Enter { execution: ExecutionId::from(id), element: start });
    conditional::inside_begins(turn, ExecutionId::from(id))?;
    Ok(answer)
}

/// Starts at the places that the instructions name, not at the start event.
pub(super) fn apply_at(
    turn: &mut Turn<'_, '_>,
    id: ProcessInstanceId,
    definition_id: &ProcessDefinitionId,
    (keys, variables, restarted): (&InstanceKeys, &VariableMap, Option<ProcessInstanceId>),
    modification: &Modification,
) -> Result<Answer, Rejection> {
    let definition = definition(turn, definition_id)?;
    let Some(ModificationInstruction::Start(first)) = modification.instructions.first() else {
        let message = "an instance can only be started by an instruction to start somewhere";
        return Err(Rejection::new(RejectionKind::BadUserRequest, message));
    };
    let start_id = modification::first_activity(&definition.model, &first.place)?;
    turn.skipped = modification.skipped;
    let start_event = definition.model.initial;
    let new = new(id, definition, keys, (start_event, start_id), restarted);
    let answer = begin(turn, &new, Given::Variables(variables))?;
    modification::begin(turn, id, modification);
    Ok(answer)
}

fn definition(turn: &Turn<'_, '_>, id: &ProcessDefinitionId) -> Result<Arc<ProcessDefinition>, Rejection> {
    let definition = turn.definitions.by_id(id).cloned();
    definition.ok_or_else(|| Rejection::not_found("process definition", id))
}

fn new(
    id: ProcessInstanceId,
    definition: Arc<ProcessDefinition>,
    keys: &InstanceKeys,
    (start_event, start_activity_id): (Option<ElementIndex>, Arc<str>),
    restarted: Option<ProcessInstanceId>,
) -> NewInstance {
    let keys = keys.clone();
    NewInstance {
        id,
        definition,
        keys,
        start_event,
        start_activity_id,
        starts_later: false,
        super_execution_id: None,
        restarted,
    }
}

fn begin(turn: &mut Turn<'_, '_>, new: &NewInstance, given: Given<'_>) -> Result<Answer, Rejection> {
    process_instance::begin(turn, new, given)?;
    Ok(Answer::Started(StartedProcessInstance {
        id: new.id,
        definition_id: new.definition.id.clone(),
        definition_key: new.definition.key.clone(),
        keys: new.keys.clone(),
        tenant_id: new.definition.tenant_id.clone(),
        is_ended: false,
        is_suspended: false,
        variables: Vec::new(),
    }))
}
