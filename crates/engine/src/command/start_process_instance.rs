//! Starts an instance at the none start event of its definition.

use std::sync::Arc;

use bpmn::model::{ElementKind, ExecutionEvent};
use types::{ActivityInstanceId, ExecutionId, ProcessDefinitionId, ProcessInstanceId, VariableMap, VariableValue};

use crate::agenda::Step;
use crate::command::dispatch::Answer;
use crate::command::{StartedProcessInstance, VariableReach};
use crate::definition::ProcessDefinition;
use crate::history::HistoricProcessInstance;
use crate::instance::ScopeKey;
use crate::listener::{self, Manner};
use crate::record::{Execution, ExecutionKind, ProcessInstance};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: ProcessInstanceId,
    definition_id: &ProcessDefinitionId,
    business_key: Option<&Arc<str>>,
    variables: &VariableMap,
) -> Result<Answer, Rejection> {
    let definition = turn.definitions.by_id(definition_id).cloned();
    let definition = definition.ok_or_else(|| Rejection::not_found("process definition", definition_id))?;
    let Some(start) = definition.model.none_start_event else {
        let message = format!("process definition {definition_id} has no none start event to start at");
        return Err(Rejection::new(RejectionKind::ProcessEngine, message));
    };
    insert_instance(turn, id, &definition, business_key);
    let root = ExecutionId::from(id);
    turn.history.process_instance_started(HistoricProcessInstance {
        id,
        root_process_instance_id: id,
        super_process_instance_id: None,
        definition_id: definition.id.clone(),
        definition_key: definition.key.clone(),
        business_key: business_key.cloned(),
        tenant_id: definition.tenant_id.clone(),
        start_time: turn.env.now,
        start_activity_id: definition.model.element(start).id.clone(),
        is_suspended: false,
        end: None,
    });
    let scope = ScopeKey::Execution(root);
    if let ElementKind::NoneStartEvent { initiator: Some(initiator) } = &definition.model.element(start).kind {
        let nobody = variables::lasting(VariableValue::Null);
        variables::set(turn, scope, VariableReach::Local, initiator, nobody)?;
    }
    variables::set_all(turn, scope, VariableReach::Local, variables)?;
    let start_id = definition.model.element(start).id.clone();
    listener::process(turn, root, ExecutionEvent::Start, Manner::Regular, Some(start_id))?;
    turn.agenda.push(Step::Enter { execution: root, element: start });
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
