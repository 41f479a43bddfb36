//! What a command did, as text: history as it happened, then the tree as it is.

use std::collections::BTreeMap;
use std::fmt::Write;

use engine::form::ShownForm;
use engine::history::{HistoricDetailKind, HistoryChange};
use engine::record::{EventType, Execution, ExecutionKind};
use engine::{Aggregate, Effect, Outcome, Rejection, Reply, RevisionCheck, ScopeKey, TableChange};
use types::{ActivityInstanceId, ExecutionId, Timestamp};

use crate::notation::shown;
use crate::world::{INSTANCE, START};

/// Names visits in the order of their first appearance: the second visit of `a` is `a#2`.
#[derive(Debug, Default)]
pub struct Names {
    visits: BTreeMap<ActivityInstanceId, u32>,
    counts: BTreeMap<String, u32>,
    variables: BTreeMap<types::VariableInstanceId, String>,
}

impl Names {
    fn visit(&mut self, id: &ActivityInstanceId) -> String {
        let Some(activity) = &id.activity_id else { return "process".to_owned() };
        let counts = &mut self.counts;
        let number = *self.visits.entry(id.clone()).or_insert_with(|| {
            let count = counts.entry(activity.to_string()).or_insert(0);
            *count += 1;
            *count
        });
        if number == 1 { activity.to_string() } else { format!("{activity}#{number}") }
    }
}

/// What a command changed, or why it was refused.
pub fn result(result: &Result<Outcome, Rejection>, names: &mut Names) -> String {
    let mut text = String::new();
    match result {
        Err(rejection) => _ = writeln!(text, "  refused: {:?}: {}", rejection.kind, without_ids(&rejection.message)),
        Ok(Outcome { change_set: None, reply: Reply::TaskForm(shown), .. }) => form(&mut text, shown),
        Ok(Outcome { change_set: None, .. }) => text.push_str("  nothing changed\n"),
        Ok(Outcome { change_set: Some(change_set), detached, effects, signals, .. }) => {
            if change_set.revision == RevisionCheck::Untouched {
                text.push_str("  the task's row alone\n");
            }
            for change in change_set.history.iter().filter(|change| !is_told_twice(change)) {
                _ = writeln!(text, "  {}", history(change, names));
            }
            for effect in effects {
                _ = match effect {
                    Effect::ExternalTaskFetchable { topic, from } => {
                        writeln!(text, "  effect: topic {topic} at {}", relative(*from))
                    }
                    Effect::JobDue { at } => writeln!(text, "  effect: job at {}", relative(*at)),
                };
            }
            for alone in detached {
                for change in &alone.process_instances {
                    if let TableChange::Insert(instance) = change {
                        _ = writeln!(text, "  process {} goes on without its caller", instance.definition_key);
                    }
                }
            }
            for signal in signals {
                let variables = signal.variables.iter().map(|(name, write)| format!(" {name}={}", shown(&write.value)));
                _ = writeln!(text, "  throws signal {}{}", signal.name, variables.collect::<String>());
            }
        }
    }
    text
}

fn form(text: &mut String, form: &ShownForm) {
    if let Some(key) = &form.key {
        _ = writeln!(text, "  form key {key}");
    }
    if let Some(deployed) = &form.deployed {
        _ = writeln!(text, "  form {} {:?}", deployed.key, deployed.binding);
    }
    let fields = form.fields.iter().map(|field| ("field", field));
    for (kind, field) in fields.chain(form.properties.iter().map(|field| ("property", field))) {
        let mut line = format!("  {kind} {} {} {}", field.id, field.field_type.name(), shown(&field.value));
        for (name, value) in [("label", &field.label), ("default", &field.default_value)] {
            if let Some(value) = value {
                _ = write!(line, " {name} '{value}'");
            }
        }
        for constraint in &field.constraints {
            _ = write!(line, " {}({})", constraint.name, constraint.config.as_deref().unwrap_or_default());
        }
        _ = writeln!(text, "{line}");
    }
}

/// The rows of tasks and details say what the rows of activities and variables say already.
fn is_told_twice(change: &HistoryChange) -> bool {
    matches!(
        change,
        HistoryChange::TaskCreated(_) | HistoryChange::TaskChanged(_) | HistoryChange::IdentityLinkLogged(_)
    ) || matches!(change, HistoryChange::DetailLogged(detail) if detail.kind != HistoricDetailKind::FormField)
}

fn history(change: &HistoryChange, names: &mut Names) -> String {
    match change {
        HistoryChange::ProcessInstanceStarted(row) => {
            let end = row.end.as_ref().map(|end| format!(", {}", end.state.name())).unwrap_or_default();
            format!("process starts at {}{end}", row.start_activity_id)
        }
        HistoryChange::ProcessInstanceEnded(end) => {
            let reason = end.delete_reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            format!("process ends: {}{reason}", end.state.name())
        }
        HistoryChange::ProcessInstanceSuspended { is_suspended, .. } => format!("process suspended: {is_suspended}"),
        HistoryChange::ProcessInstanceDetached { .. } => "process has no caller any more".to_owned(),
        HistoryChange::ActivityStarted(row) => {
            let parent = names.visit(&row.parent);
            let end = row.end.map(|end| format!(", {}", ending(end))).unwrap_or_default();
            let name = names.visit(&row.id);
            let task = row.task_id.map(|_| " with task").unwrap_or_default();
            format!("{name} ({}) in {parent}{task}{end}", row.activity_type)
        }
        HistoryChange::ActivityEnded { id, end } => format!("{} {}", names.visit(id), ending(*end)),
        HistoryChange::ActivityUpdated { id, .. } => format!("{} moves to another execution", names.visit(id)),
        HistoryChange::TaskCreated(row) | HistoryChange::TaskChanged(row) => format!("task {}", row.state()),
        HistoryChange::DetailLogged(detail) if detail.kind == HistoricDetailKind::FormField => {
            let place = detail.place.as_ref().map(|place| names.visit(&place.activity_instance_id));
            let place = place.as_deref().unwrap_or("a task");
            format!("field {}={} sent in at {place}", detail.name, shown(&detail.value))
        }
        HistoryChange::DetailLogged(detail) => format!("detail {}={}", detail.name, shown(&detail.value)),
        HistoryChange::IdentityLinkLogged(entry) => format!("link {}", entry.link.kind.name()),
        HistoryChange::VariableCreated(row) => {
            let scope = row.place.as_ref().map(|place| names.visit(&place.activity_instance_id));
            names.variables.insert(row.id, row.name.to_string());
            format!("variable {}={} in {}", row.name, shown(&row.value), scope.as_deref().unwrap_or("a task"))
        }
        HistoryChange::VariableUpdated { id, value, .. } => {
            format!("variable {} is {} now", names.variables[id], shown(value))
        }
        HistoryChange::VariableDeleted { id } => format!("variable {} deleted", names.variables[id]),
        HistoryChange::ExternalTaskLogged(entry) => {
            let message = entry.error_message.as_ref().map(|text| format!(" {text:?}")).unwrap_or_default();
            let retries = entry.retries.map(|retries| format!(" retries {retries}")).unwrap_or_default();
            format!("log of {}: {:?}{retries}{message}", entry.activity_id, entry.kind)
        }
        HistoryChange::IncidentCreated(row) => {
            format!("incident {} {:?}", row.incident_type.name(), row.message.as_deref().unwrap_or_default())
        }
        HistoryChange::JobLogged(entry) => {
            let message = entry.exception_message.as_ref().map(|text| format!(" {text:?}")).unwrap_or_default();
            let retries = entry.retries;
            let activity = entry.activity_id.as_deref().unwrap_or_default();
            format!("log of job {activity}: {:?} retries {retries}{message}", entry.kind)
        }
        HistoryChange::IncidentAnnotated { annotation, .. } => {
            format!("incident annotated {:?}", annotation.as_deref().unwrap_or_default())
        }
        HistoryChange::IncidentEnded { is_deleted, .. } => {
            format!("incident {}", if *is_deleted { "deleted" } else { "resolved" })
        }
    }
}

fn ending(end: engine::history::ActivityEnd) -> &'static str {
    match (end.is_canceled, end.is_complete_scope) {
        (true, _) => "canceled",
        (false, true) => "ended its scope",
        (false, false) => "ended",
    }
}

/// The tree of executions with what belongs to them.
pub fn state(aggregate: &Aggregate, names: &mut Names) -> String {
    let mut text = String::new();
    if aggregate.is_ended() {
        return "  = ended\n".to_owned();
    }
    let mut open = vec![(ExecutionId::from(INSTANCE), 0)];
    while let Some((id, depth)) = open.pop() {
        let execution = aggregate.execution(id).expect("the tree holds together");
        let indent = "  ".repeat(depth + 1);
        _ = writeln!(text, "{indent}= {}", execution_line(execution, aggregate, names));
        for line in belongings(id, aggregate, names) {
            _ = writeln!(text, "{indent}    {line}");
        }
        let mut children: Vec<ExecutionId> =
            aggregate.children(id).chain(aggregate.event_scopes(id)).map(|child| child.id).collect();
        children.extend(aggregate.called_by(id).map(|instance| ExecutionId::from(instance.id)));
        children.reverse();
        open.extend(children.into_iter().map(|child| (child, depth + 1)));
    }
    text
}

fn execution_line(execution: &Execution, aggregate: &Aggregate, names: &mut Names) -> String {
    let at = execution.at.as_ref().map(|visit| {
        let waits = if visit.is_active { "" } else { ", waits to join" };
        format!("{}{waits}", names.visit(&visit.activity_instance_id))
    });
    let kind = match (&execution.kind, &execution.scope) {
        (ExecutionKind::ProcessInstance, _) => {
            let instance = aggregate.process_instance(execution.process_instance_id);
            let instance = instance.expect("the instance runs");
            let suspended = if instance.is_suspended { ", suspended" } else { "" };
            match instance.super_execution_id {
                Some(_) => format!("called process {}{suspended}", instance.definition_key),
                None => format!("process{suspended}"),
            }
        }
        (ExecutionKind::Concurrent, _) => "path".to_owned(),
        (ExecutionKind::EventScope, scope) => {
            format!("ended scope {}", scope.as_ref().map(|scope| names.visit(scope)).unwrap_or_default())
        }
        (ExecutionKind::Compensating, scope) => {
            format!("compensation of {}", scope.as_ref().map(|scope| names.visit(scope)).unwrap_or_default())
        }
        (ExecutionKind::Scope, Some(scope)) => format!("scope {}", names.visit(scope)),
        (ExecutionKind::Scope, None) => "scope without activity".to_owned(),
    };
    let on_the_way = execution.continuation.as_ref().map(|activity| format!("a job for {activity}"));
    match at.or(on_the_way) {
        Some(at) => format!("{kind}: at {at}"),
        None => kind,
    }
}

fn belongings(id: ExecutionId, aggregate: &Aggregate, names: &mut Names) -> Vec<String> {
    let mut lines = Vec::new();
    let mut variables = |scope: ScopeKey, label: &str, lines: &mut Vec<String>| {
        for variable in aggregate.variables_of(scope) {
            let owner =
                variable.activity_instance_id.as_ref().map_or_else(|| "nothing".to_owned(), |id| names.visit(id));
            lines.push(format!("{label}{}={} of {owner}", variable.name, shown(&variable.value)));
        }
    };
    variables(ScopeKey::Execution(id), "", &mut lines);
    for task in aggregate.tasks_at(id) {
        let suspended = if task.is_suspended { ", suspended" } else { "" };
        let is_instance = if id == ExecutionId::from(INSTANCE) { ", execution = instance" } else { "" };
        let activity = task.activity_id().map_or("", |activity| &**activity);
        lines.push(format!("task {activity}{suspended}{is_instance}"));
        variables(ScopeKey::Task(task.id), "  ", &mut lines);
    }
    for task in aggregate.external_tasks().filter(|task| task.execution_id == id) {
        let mut line = format!("external task {} topic={} priority={}", task.activity_id, task.topic, task.priority);
        if let Some(worker) = &task.worker_id {
            _ = write!(line, " worker={worker}");
        }
        if let Some(until) = task.lock_expiration {
            _ = write!(line, " until={}", relative(until));
        }
        if let Some(retries) = task.retries {
            _ = write!(line, " retries={retries}");
        }
        if let Some(message) = &task.error_message {
            _ = write!(line, " error={message:?}");
        }
        if task.is_suspended {
            line.push_str(" suspended");
        }
        lines.push(line);
    }
    for job in aggregate.jobs().filter(|job| job.execution_id == Some(id)) {
        let due = job.due_date.map_or_else(|| "now".to_owned(), relative);
        lines.push(format!("job {} due={due} retries={}", job.activity_id.as_deref().unwrap_or_default(), job.retries));
    }
    for subscription in aggregate.event_subscriptions().filter(|subscription| subscription.execution_id == id) {
        if subscription.event_type == EventType::Compensate {
            lines.push(format!("can be undone by {}", subscription.activity_id));
            continue;
        }
        let name = subscription.event_name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        lines.push(format!("waits for {}{name}", subscription.event_type.name()));
    }
    for incident in aggregate.incidents().filter(|incident| incident.execution_id == Some(id)) {
        let message = incident.message.as_deref().unwrap_or_default();
        lines.push(format!("incident {} {message:?}", incident.incident_type.name()));
    }
    lines
}

/// Seconds since the scenario's begin.
fn relative(at: Timestamp) -> String {
    format!("{:+}s", (at.0 - START.0) as f64 / 1000.0)
}

/// Ids in messages count up with every change of the engine; a trace does not show them.
fn without_ids(message: &str) -> String {
    let is_id = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        word.len() == 36 && word.bytes().filter(|byte| *byte == b'-').count() == 4
    };
    let words: Vec<String> =
        message.split(' ').map(|word| if is_id(word) { "<id>".to_owned() } else { word.to_owned() }).collect();
    words.join(" ")
}
