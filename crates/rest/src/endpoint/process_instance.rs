//! Process instances: deleted, suspended, looked into.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use engine::{ActivityNode, Command, ProcessDefinition, RejectionKind, Skipped, TransitionNode};
use query::resource;
use runtime::{DefinitionSet, InstanceSet, LocatedBy, TenantChoice};
use serde_json::{Value, json};
use types::{ActivityInstanceId, IncidentId, ProcessDefinitionId, ProcessInstanceId};

use super::process_definition::suspension_state;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::{Failure, Refusal};
use crate::given::Given;
use crate::json::Fields;
use crate::list;

const WHAT: &str = "process instance";

/// Called instances end with their caller, unless `skipSubprocesses` says that they go on alone.
pub async fn delete(call: Call) -> Result<Answer, Failure> {
    let deleted = match call.id::<ProcessInstanceId>(WHAT) {
        Ok(id) => {
            let skips = |parameter: &str| call.query.flag(parameter) == Some(true);
            let skipped = Skipped {
                custom_listeners: skips("skipCustomListeners"),
                io_mappings: skips("skipIoMappings"),
                called_instances: skips("skipSubprocesses"),
            };
            let command = Command::DeleteProcessInstance { id, delete_reason: None, skipped };
            call.runtime().execute(command).await.map(drop).map_err(Failure::from)
        }
        Err(unknown) => Err(unknown),
    };
    match deleted {
        // Camunda: whether that is a failure can be said in the request.
        Err(Failure::Rejected(rejection))
            if rejection.kind == RejectionKind::NotFound && call.query.flag("failIfNotExists") == Some(false) =>
        {
            Ok(Answer::no_content())
        }
        done => done.map(|()| Answer::no_content()),
    }
}

pub async fn activity_instances(call: Call) -> Result<Answer, Failure> {
    let unknown = || Failure::not_found(format!("no process instance with id `{}`", call.path("id")));
    let id: ProcessInstanceId = call.path("id").parse().map_err(|_| unknown())?;
    let definition_id =
        move |aggregate: &engine::Aggregate| Some(aggregate.process_instance(id)?.definition_id.clone());
    let found = call.runtime().inspect(LocatedBy::ProcessInstance(id), definition_id).await?.flatten();
    let definition = call.runtime().definition(&found.ok_or_else(unknown)?).await?.ok_or_else(unknown)?;
    let of_instance = definition.clone();
    let look = move |aggregate: &engine::Aggregate| {
        Some((aggregate.activity_tree(id, &of_instance.model)?, aggregate.transitions(id)))
    };
    let found = call.runtime().inspect(LocatedBy::ProcessInstance(id), look).await?.flatten();
    let (nodes, transitions) = found.ok_or_else(unknown)?;
    Answer::json(&tree(id, &definition.id, Some(&definition), nodes, transitions))
}

pub async fn set_suspension(call: Call) -> Result<Answer, Failure> {
    let state = suspension_state(&call.fields()?)?;
    // Camunda: an unknown instance is no fault.
    let Ok(id) = call.path("id").parse() else { return Ok(Answer::no_content()) };
    Answer::unless_unknown(call.runtime().set_instance_suspension(InstanceSet::Ids(vec![id]), state).await)
}

/// Of several instances, named by ids or by their definition.
pub async fn set_suspension_of_many(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let state = suspension_state(&fields)?;
    let key = fields.text("processDefinitionKey")?;
    let definition_id = fields.text("processDefinitionId")?;
    let ids = fields.array("processInstanceIds")?;
    let queries = ["processInstanceQuery", "historicProcessInstanceQuery"];
    let is_named_otherwise = ids.is_some() || queries.iter().any(|query| fields.get(query).is_some());
    let which = match (key, definition_id) {
        (Some(_), Some(_)) => {
            return Err(Failure::invalid("only one of processDefinitionId and processDefinitionKey can be given"));
        }
        (Some(_), _) | (_, Some(_)) if is_named_otherwise => {
            return Err(Failure::invalid(
                "instances can be named by their definition or by ids and queries, not by both",
            ));
        }
        (Some(key), None) => {
            let tenant =
                match (fields.flag("processDefinitionWithoutTenantId")?, fields.text("processDefinitionTenantId")?) {
                    (Some(true), _) => TenantChoice::None,
                    (_, Some(tenant)) => TenantChoice::Of(tenant),
                    (_, None) => TenantChoice::Any,
                };
            InstanceSet::OfDefinitions(DefinitionSet::ByKey { key, tenant })
        }
        (None, Some(id)) => InstanceSet::OfDefinitions(DefinitionSet::ById(ProcessDefinitionId(id))),
        (None, None) if !is_named_otherwise => {
            return Err(Failure::invalid("no instances are named: by ids, queries or their definition"));
        }
        (None, None) => InstanceSet::Ids(named_instances(&call, &fields).await?),
    };
    call.runtime().set_instance_suspension(which, state).await?;
    Ok(Answer::no_content())
}

/// By ids and queries, all together.
async fn named_instances(call: &Call, fields: &Fields) -> Result<Vec<ProcessInstanceId>, Failure> {
    let mut instances = match fields.array("processInstanceIds")? {
        Some(ids) => instance_ids(ids)?,
        None => Vec::new(),
    };
    for (property, declared) in [
        ("processInstanceQuery", &resource::PROCESS_INSTANCES),
        ("historicProcessInstanceQuery", &resource::HISTORIC_PROCESS_INSTANCES),
    ] {
        if let Some(query) = fields.get(property) {
            instances.extend(list::ids(declared, call, query).await?.into_iter().map(ProcessInstanceId));
        }
    }
    Ok(instances)
}

/// Camunda: unknown ones are passed over, null and none at all are refused.
fn instance_ids(given: &[Given]) -> Result<Vec<ProcessInstanceId>, Failure> {
    let refused = |message: &str| Refusal {
        code: Some(0),
        ..Refusal::new(StatusCode::BAD_REQUEST, "BadUserRequestException", message)
    };
    if given.is_empty() {
        return Err(refused("`processInstanceIds` is empty").into());
    }
    let mut ids = Vec::new();
    for id in given {
        match id {
            Given::String(text) => ids.extend(text.parse::<ProcessInstanceId>().ok()),
            Given::Null => return Err(refused("`processInstanceIds` contains null").into()),
            _ => return Err(Failure::invalid("`processInstanceIds` has to contain texts")),
        }
    }
    Ok(ids)
}

/// Nodes come parents first; they are put together from the leaves.
fn tree(
    id: ProcessInstanceId,
    definition_id: &ProcessDefinitionId,
    definition: Option<&ProcessDefinition>,
    nodes: Vec<ActivityNode>,
    transitions: Vec<TransitionNode>,
) -> Value {
    let mut on_the_way: BTreeMap<ActivityInstanceId, Vec<Value>> = BTreeMap::new();
    for transition in transitions {
        let shown = shown_transition(id, definition_id, definition, &transition);
        on_the_way.entry(transition.parent).or_default().push(shown);
    }
    let mut children: BTreeMap<ActivityInstanceId, Vec<Value>> = BTreeMap::new();
    let mut root = Value::Null;
    for node in nodes.into_iter().rev() {
        let mut inside = children.remove(&node.id).unwrap_or_default();
        inside.reverse();
        let parent = node.parent.clone();
        let on_the_way = on_the_way.remove(&node.id).unwrap_or_default();
        let shown = shown(id, definition_id, definition, &node, (&inside, &on_the_way));
        match parent {
            Some(parent) => children.entry(parent).or_default().push(shown),
            None => root = shown,
        }
    }
    root
}

fn shown(
    id: ProcessInstanceId,
    definition_id: &ProcessDefinitionId,
    definition: Option<&ProcessDefinition>,
    node: &ActivityNode,
    (children, transitions): (&[Value], &[Value]),
) -> Value {
    let model = definition.map(|definition| &definition.model);
    let (activity_id, name, activity_type): (&str, Option<&Arc<str>>, &str) = match &node.id.activity_id {
        None => (definition_id.as_str(), model.and_then(|model| model.name.as_ref()), "processDefinition"),
        Some(activity_id) => {
            let index = model.and_then(|model| model.element_by_id(activity_id));
            let element = index.zip(model).map(|(index, model)| model.element(index));
            (activity_id, element.and_then(|e| e.name.as_ref()), element.map_or("", |e| e.activity_type()))
        }
    };
    json!({
        "id": node.id.to_string(),
        "parentActivityInstanceId": node.parent.as_ref().map(ToString::to_string),
        "activityId": activity_id,
        "activityType": activity_type,
        "processInstanceId": id.to_string(),
        "processDefinitionId": definition_id.as_str(),
        "childActivityInstances": children,
        "childTransitionInstances": transitions,
        "executionIds": node.execution_ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "activityName": name.map(|name| &**name),
        "name": name.map(|name| &**name),
        "incidentIds": incident_ids(&node.incidents),
        "incidents": incidents(&node.incidents),
    })
}

fn shown_transition(
    id: ProcessInstanceId,
    definition_id: &ProcessDefinitionId,
    definition: Option<&ProcessDefinition>,
    node: &TransitionNode,
) -> Value {
    let model = definition.map(|definition| &definition.model);
    let element = model.and_then(|model| Some(model.element(model.element_by_id(&node.activity_id)?)));
    json!({
        "id": node.execution_id.to_string(),
        "parentActivityInstanceId": node.parent.to_string(),
        "activityId": &*node.activity_id,
        "targetActivityId": &*node.activity_id,
        "activityName": element.and_then(|element| element.name.as_deref()),
        "activityType": element.map_or("", |element| element.activity_type()),
        "processInstanceId": id.to_string(),
        "processDefinitionId": definition_id.as_str(),
        "executionId": node.execution_id.to_string(),
        "incidentIds": incident_ids(&node.incidents),
        "incidents": incidents(&node.incidents),
    })
}

type Incidents = [(IncidentId, Option<Arc<str>>)];

fn incident_ids(incidents: &Incidents) -> Vec<String> {
    incidents.iter().map(|(id, _)| id.to_string()).collect()
}

fn incidents(incidents: &Incidents) -> Vec<Value> {
    let shown = |(id, activity): &(IncidentId, Option<Arc<str>>)| json!({ "id": id.to_string(), "activityId": activity.as_deref() });
    incidents.iter().map(shown).collect()
}
