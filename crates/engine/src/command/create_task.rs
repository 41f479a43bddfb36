//! A task that stands alone comes to be, alone or as a part of another one.

use types::TaskId;

use crate::command::dispatch::Answer;
use crate::command::{Reply, TaskProperties};
use crate::record::Task;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: TaskId, properties: &TaskProperties) -> Result<Answer, Rejection> {
    if turn.aggregate.task(id).is_some() {
        return Err(Rejection::new(RejectionKind::Persistence, format!("there is a task with id `{id}` already")));
    }
    let (root_process_instance_id, tenant_id) = match properties.parent_task_id {
        None => (id.0.into(), properties.tenant_id.clone()),
        Some(parent) => {
            let parent = parent_of(turn, parent)?;
            if properties.tenant_id.is_some() && properties.tenant_id != parent.tenant_id {
                let message = format!("a part of task {} has the tenant of that task", parent.id);
                return Err(Rejection::new(RejectionKind::ProcessEngine, message));
            }
            (parent.root_process_instance_id, parent.tenant_id.clone())
        }
    };
    turn.aggregate.tasks.insert(Task {
        id,
        root_process_instance_id,
        place: None,
        tenant_id,
        name: properties.name.clone(),
        description: properties.description.clone(),
        assignee: properties.assignee.clone(),
        owner: properties.owner.clone(),
        priority: properties.priority,
        create_time: turn.env.now,
        last_updated: None,
        due_date: properties.due_date,
        follow_up_date: properties.follow_up_date,
        is_suspended: false,
        delegation_state: properties.delegation_state,
        parent_task_id: properties.parent_task_id,
        identity_links: Vec::new(),
        revision: 0,
    });
    Ok(Answer::Ready(Reply::Done))
}

fn parent_of<'t>(turn: &'t Turn<'_, '_>, id: TaskId) -> Result<&'t Task, Rejection> {
    let Some(parent) = turn.aggregate.task(id) else {
        return Err(Rejection::new(RejectionKind::NotValid, format!("there is no task `{id}` to be a part of")));
    };
    if parent.is_suspended {
        return Err(Rejection::new(RejectionKind::Suspended, format!("task {id} is suspended")));
    }
    Ok(parent)
}
