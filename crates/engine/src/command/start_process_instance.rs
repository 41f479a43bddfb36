//! Starts an instance: at a start event of its definition, or where instructions say.

use std::sync::Arc;

use bpmn::model::{ElementIndex, ElementKind, EventStartEvent, ExecutionEvent};
use types::{ActivityInstanceId, ExecutionId, ProcessDefinitionId, ProcessInstanceId, VariableMap, VariableValue};

use crate::agenda::Step;
use crate::command::dispatch::Answer;
use crate::command::{StartedProcessInstance, VariableReach};
use crate::conditional;
use crate::definition::ProcessDefinition;
use crate::history::HistoricProcessInstance;
use crate::instance::ScopeKey;
use crate::listener::{self, Manner};
use crate::modification::{self, Modification, ModificationInstruction};
use crate::record::{Execution, ExecutionKind, ProcessInstance};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::{subscription, timer, variables};

/// Of what an instance is to be, and where it starts.
pub(super) struct Start<'c> {
    pub definition_id: &'c ProcessDefinitionId,
    pub start_event_id: Option<&'c Arc<str>>,
    pub business_key: Option<&'c Arc<str>>,
}

/// What a new instance begins with.
struct Given<'c> {
    business_key: Option<&'c Arc<str>>,
    variables: &'c VariableMap,
    /// Says who the initiator is.
    start_event: Option<ElementIndex>,
    start_activity_id: Arc<str>,
    /// The instance that starts once more by this.
    restarted: Option<ProcessInstanceId>,
}

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: ProcessInstanceId,
    start: &Start<'_>,
    variables: &VariableMap,
) -> Result<Answer, Rejection> {
    let Start { definition_id, start_event_id, business_key } = *start;
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
    let given =
        Given { business_key, variables, start_event: Some(start), start_activity_id: start_id, restarted: None };
    let answer = begin(turn, id, &definition, given)?;
    turn.agenda.push(Step::Enter { execution: ExecutionId::from(id), element: start });
    conditional::inside_begins(turn, ExecutionId::from(id))?;
    Ok(answer)
}

/// Starts at the places that the instructions name, not at the start event.
pub(super) fn apply_at(
    turn: &mut Turn<'_, '_>,
    id: ProcessInstanceId,
    definition_id: &ProcessDefinitionId,
    (business_key, variables, restarted): (Option<&Arc<str>>, &VariableMap, Option<ProcessInstanceId>),
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
    let given = Given { business_key, variables, start_event, start_activity_id: start_id, restarted };
    let answer = begin(turn, id, &definition, given)?;
    modification::begin(turn, id, modification);
    Ok(answer)
}

fn definition(turn: &Turn<'_, '_>, id: &ProcessDefinitionId) -> Result<Arc<ProcessDefinition>, Rejection> {
    let definition = turn.definitions.by_id(id).cloned();
    definition.ok_or_else(|| Rejection::not_found("process definition", id))
}

/// The instance with its variables, about to start at an activity.
fn begin(
    turn: &mut Turn<'_, '_>,
    id: ProcessInstanceId,
    definition: &ProcessDefinition,
    given: Given<'_>,
) -> Result<Answer, Rejection> {
    let Given { business_key, variables, start_event, start_activity_id, restarted } = given;
    insert_instance(turn, id, definition, business_key);
    let root = ExecutionId::from(id);
    subscription::create(turn, root, None, &definition.model)?;
    turn.history.process_instance_started(HistoricProcessInstance {
        id,
        root_process_instance_id: id,
        super_process_instance_id: None,
        restarted_process_instance_id: restarted,
        definition_id: definition.id.clone(),
        definition_key: definition.key.clone(),
        business_key: business_key.cloned(),
        tenant_id: definition.tenant_id.clone(),
        start_time: turn.env.now,
        start_activity_id: start_activity_id.clone(),
        is_suspended: false,
        end: None,
    });
    let scope = ScopeKey::Execution(root);
    let start = start_event.map(|start| &definition.model.element(start).kind);
    if let Some(
        ElementKind::NoneStartEvent { initiator: Some(initiator) }
        | ElementKind::EventStartEvent(EventStartEvent { initiator: Some(initiator), .. }),
    ) = start
    {
        let nobody = variables::lasting(VariableValue::Null);
        variables::set(turn, scope, VariableReach::Local, initiator, nobody)?;
    }
    variables::set_all(turn, scope, VariableReach::Local, variables)?;
    timer::create_jobs(turn, root, None, definition)?;
    listener::process(turn, root, ExecutionEvent::Start, Manner::Regular, Some(start_activity_id))?;
    Ok(Answer::Started(StartedProcessInstance {
        id,
        definition_id: definition.id.clone(),
        definition_key: definition.key.clone(),
        business_key: business_key.cloned(),
        tenant_id: definition.tenant_id.clone(),
        is_ended: false,
        is_suspended: false,
        variables: Vec::new(),
    }))
}

fn insert_instance(
    turn: &mut Turn<'_, '_>,
    id: ProcessInstanceId,
    definition: &ProcessDefinition,
    business_key: Option<&Arc<str>>,
) {
    turn.aggregate.process_instances.insert(ProcessInstance {
        id,
        root_process_instance_id: id,
        super_execution_id: None,
        definition_id: definition.id.clone(),
        definition_key: definition.key.clone(),
        business_key: business_key.cloned(),
        tenant_id: definition.tenant_id.clone(),
        is_suspended: false,
        start_time: turn.env.now,
        revision: 0,
    });
    turn.aggregate.executions.insert(Execution {
        id: ExecutionId::from(id),
        process_instance_id: id,
        parent_id: None,
        kind: ExecutionKind::ProcessInstance,
        scope: Some(ActivityInstanceId::of_process(id)),
        at: None,
        continuation: None,
    });
}
