//! The history of tasks: told at the end of a command from what has become of each task that it touched.

use std::collections::BTreeMap;
use std::sync::Arc;

use types::TaskId;

use crate::env::HistoryLevel;
use crate::history::{HistoricTask, HistoryChange, IdentityLinkLogEntry, TaskEnd};
use crate::record::{IdentityLink, IdentityLinkKind, Task};
use crate::turn::Turn;

/// A task with what it was before the command, and how it ended if it did.
struct TaskChange {
    before: Option<Task>,
    task: Task,
    end: Option<TaskEnd>,
}

pub(crate) fn record(turn: &mut Turn<'_, '_>) {
    let ended = std::mem::take(&mut turn.ended_tasks);
    if turn.env.history_level == HistoryLevel::None || !turn.keeps_task_history {
        return;
    }
    for TaskChange { before, task, end } in changes(turn, ended) {
        record_links(turn, before.as_ref(), &task);
        let is_new = before.is_none();
        let row = Box::new(HistoricTask { task, end });
        turn.history.task(if is_new { HistoryChange::TaskCreated(row) } else { HistoryChange::TaskChanged(row) });
    }
}

fn changes(turn: &Turn<'_, '_>, ended: Vec<(Task, TaskEnd)>) -> Vec<TaskChange> {
    let mut changes = Vec::new();
    let mut removed: BTreeMap<TaskId, Task> = BTreeMap::new();
    for (before, after) in turn.aggregate.tasks.changed() {
        match (before, after) {
            (before, Some(task)) => changes.push(TaskChange { before: before.cloned(), task: task.clone(), end: None }),
            (Some(before), None) => {
                removed.insert(before.id, before.clone());
            }
            (None, None) => {}
        }
    }
    changes.extend(ended.into_iter().map(|(task, end)| TaskChange {
        before: removed.remove(&task.id),
        task,
        end: Some(end),
    }));
    changes
}

/// The links that are gone and those that are new. A link that is there twice counts twice.
fn record_links(turn: &mut Turn<'_, '_>, before: Option<&Task>, task: &Task) {
    if !turn.history.keeps_logs() {
        return;
    }
    let mut added = links(task);
    let mut deleted = Vec::new();
    for link in before.map(links).unwrap_or_default() {
        match added.iter().position(|known| *known == link) {
            Some(at) => {
                added.remove(at);
            }
            None => deleted.push(link),
        }
    }
    let logged = deleted.into_iter().map(|link| (link, false)).chain(added.into_iter().map(|link| (link, true)));
    for (link, is_added) in logged.collect::<Vec<_>>() {
        let id = match &task.place {
            Some(place) => turn.new_id_in(place.process_instance_id),
            None => turn.new_id(),
        };
        let entry = IdentityLinkLogEntry {
            id,
            time: turn.env.now,
            link,
            is_added,
            task_id: task.id,
            place: task.place.clone(),
            root_process_instance_id: task.root_process_instance_id,
            tenant_id: task.tenant_id.clone(),
        };
        turn.history.identity_link_logged(entry);
    }
}

/// The assignee and the owner as links, then the others.
fn links(task: &Task) -> Vec<IdentityLink> {
    let people = [(IdentityLinkKind::ASSIGNEE, &task.assignee), (IdentityLinkKind::OWNER, &task.owner)];
    let people = people.into_iter().filter_map(|(kind, user_id): (&str, &Option<Arc<str>>)| {
        let user_id = Some(user_id.clone()?);
        Some(IdentityLink { kind: IdentityLinkKind::Other(kind.into()), user_id, group_id: None })
    });
    people.chain(task.identity_links.iter().cloned()).collect()
}
