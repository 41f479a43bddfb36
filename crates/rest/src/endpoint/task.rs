//! User tasks: who does them, what is known about them, how they end.

use std::sync::Arc;

use engine::record::{DelegationState, IdentityLink, IdentityLinkKind};
use engine::{Aggregate, Command, Rejection, RejectionKind, Reply, TaskChange, TaskProperties};
use runtime::{LocatedBy, RecordedAnswer};
use serde_json::{Value, json};
use types::TaskId;

use crate::answer::Answer;
use crate::call::{Call, parse_id};
use crate::dto::variable::{ValueForm, variables, variables_json};
use crate::failure::Failure;
use crate::idempotency;
use crate::json::Fields;

pub async fn complete(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let (id, variables) = (call.id("task")?, variables(&fields, "variables")?);
    end(&call, &fields, Command::CompleteTask { id, variables }).await
}

/// A command that ends a task. It is answered with the variables of the process if they are asked for.
pub(super) async fn end(call: &Call, fields: &Fields, command: Command) -> Result<Answer, Failure> {
    let with_variables = fields.flag("withVariablesInReturn")?.unwrap_or(false);
    let shown = move |reply: &Reply| match reply {
        Reply::Variables(variables) if with_variables => {
            let text = serde_json::to_vec(&variables_json(variables, ValueForm::Serialized)?);
            text.map(Some).map_err(Failure::internal)
        }
        _ => Ok(None),
    };
    idempotency::record_reply(call.runtime(), move |replies| match shown(replies.first()?) {
        Ok(Some(text)) => Some(idempotency::json_answer(text)),
        Ok(None) => Some(RecordedAnswer::no_content()),
        Err(_) => None,
    });
    let reply = call.runtime().execute(command).await?;
    Ok(shown(&reply)?.map_or_else(Answer::no_content, Answer::json_text))
}

pub async fn claim(call: Call) -> Result<Answer, Failure> {
    let user_id = call.fields()?.text("userId")?;
    change(&call, TaskChange::Claim { user_id }).await
}

pub async fn unclaim(call: Call) -> Result<Answer, Failure> {
    change(&call, TaskChange::Assign { user_id: None }).await
}

pub async fn assign(call: Call) -> Result<Answer, Failure> {
    let user_id = call.fields()?.text("userId")?;
    change(&call, TaskChange::Assign { user_id }).await
}

pub async fn delegate(call: Call) -> Result<Answer, Failure> {
    let user_id = call.fields()?.text("userId")?;
    change(&call, TaskChange::Delegate { user_id }).await
}

pub async fn resolve(call: Call) -> Result<Answer, Failure> {
    let variables = variables(&call.fields()?, "variables")?;
    change(&call, TaskChange::Resolve { variables }).await
}

pub async fn update(call: Call) -> Result<Answer, Failure> {
    let properties = properties(&call.fields()?)?;
    call.runtime().update_task(call.id("task")?, properties).await?;
    Ok(Answer::no_content())
}

/// One that stands alone, under the id that is sent if there is one.
pub async fn create(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    call.runtime().create_task(fields.text("id")?, properties(&fields)?).await?;
    Ok(Answer::no_content())
}

/// Camunda: one that is not there is no fault.
pub async fn delete(call: Call) -> Result<Answer, Failure> {
    match run(&call, Command::DeleteTask { id: call.id("task")? }).await {
        Err(Failure::Rejected(Rejection { kind: RejectionKind::NotFound, .. })) => Ok(Answer::no_content()),
        other => other,
    }
}

pub async fn throw_bpmn_error(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let command = Command::ThrowTaskBpmnError {
        id: call.id("task")?,
        error_code: fields.text("errorCode")?,
        error_message: fields.text("errorMessage")?,
        variables: variables(&fields, "variables")?,
    };
    run(&call, command).await
}

pub async fn throw_escalation(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let command = Command::ThrowTaskEscalation {
        id: call.id("task")?,
        escalation_code: fields.text("escalationCode")?,
        variables: variables(&fields, "variables")?,
    };
    run(&call, command).await
}

/// Candidates and other links in the order in which they were made, then the assignee and the owner.
pub async fn identity_links(call: Call) -> Result<Answer, Failure> {
    let id: TaskId = call.id("task")?;
    let look = move |aggregate: &Aggregate| {
        aggregate.task(id).map(|task| {
            let mut links: Vec<Value> = task.identity_links.iter().map(shown_link).collect();
            let people = [("assignee", &task.assignee), ("owner", &task.owner)];
            links.extend(people.into_iter().filter_map(|(kind, user)| {
                user.as_ref().map(|user| json!({ "userId": &**user, "groupId": null, "type": kind }))
            }));
            links
        })
    };
    let links = call.runtime().inspect(LocatedBy::Task(id), look).await?.flatten();
    let mut links = links.ok_or_else(|| Rejection::not_found("task", id))?;
    if let Some(kind) = call.query.get("type") {
        links.retain(|link| link["type"] == kind);
    }
    Answer::json(&links)
}

pub async fn add_identity_link(call: Call) -> Result<Answer, Failure> {
    let link = link(&call.fields()?)?;
    change(&call, TaskChange::AddIdentityLink(link)).await
}

pub async fn delete_identity_link(call: Call) -> Result<Answer, Failure> {
    let link = link(&call.fields()?)?;
    change(&call, TaskChange::DeleteIdentityLink(link)).await
}

async fn change(call: &Call, change: TaskChange) -> Result<Answer, Failure> {
    run(call, Command::ChangeTask { id: call.id("task")?, change }).await
}

async fn run(call: &Call, command: Command) -> Result<Answer, Failure> {
    call.runtime().execute(command).await?;
    Ok(Answer::no_content())
}

/// Camunda: what is left out is reset.
fn properties(fields: &Fields) -> Result<TaskProperties, Failure> {
    let delegation_state = fields.text("delegationState")?.map(|name| {
        DelegationState::from_name(&name)
            .ok_or_else(|| Failure::invalid(format!("`delegationState` has to be PENDING or RESOLVED, not `{name}`")))
    });
    let parent = fields.text("parentTaskId")?.filter(|id| !id.is_empty());
    Ok(TaskProperties {
        name: fields.text("name")?,
        description: fields.text("description")?,
        priority: fields.integer("priority")?.unwrap_or(0),
        assignee: fields.text("assignee")?,
        owner: fields.text("owner")?,
        delegation_state: delegation_state.transpose()?,
        due_date: fields.time("due")?,
        follow_up_date: fields.time("followUp")?,
        parent_task_id: parent.map(|id| parse_id(&id, "task")).transpose()?,
        tenant_id: fields.text("tenantId")?,
    })
}

/// A user or a group, never both, with a type.
fn link(fields: &Fields) -> Result<IdentityLink, Failure> {
    let (user_id, group_id) = (fields.text("userId")?, fields.text("groupId")?);
    if user_id.is_some() == group_id.is_some() {
        return Err(Failure::invalid("an identity link has to have either a `userId` or a `groupId`"));
    }
    let kind = match fields.text("type")? {
        Some(name) => IdentityLinkKind::from_name(name),
        None => return Err(Failure::invalid("an identity link has to have a `type`")),
    };
    Ok(IdentityLink { kind, user_id, group_id })
}

fn shown_link(link: &IdentityLink) -> Value {
    let text = |value: &Option<Arc<str>>| value.as_deref().map(str::to_owned);
    json!({ "userId": text(&link.user_id), "groupId": text(&link.group_id), "type": link.kind.name() })
}
