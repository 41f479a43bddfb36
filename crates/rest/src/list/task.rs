//! Tasks, with what else can be asked to be shown of them: variables, and whether there are comments.

use std::collections::BTreeSet;

use engine::form::{TaskFormPart, fixed_task_form};
use engine::{Aggregate, RejectionKind, ScopeKey};
use query::tables::{ATTACHMENT, COMMENT};
use query::{Condition, Purpose, SqlValue, Table, Tally, Term, resource};
use runtime::LocatedBy;
use serde_json::{Map, Value};
use types::TaskId;

use super::handler::{ABSENT, absent_row, request, row, shown_rows};
use crate::answer::Answer;
use crate::call::Call;
use crate::dto::form::camunda_form_ref;
use crate::dto::variable::{ValueForm, variables_json};
use crate::failure::Failure;
use crate::row::id_in;

/// What is shown besides a task's own properties.
#[derive(Clone, Copy, Debug)]
struct Extras {
    variables: Option<Reach>,
    comment_info: bool,
}

#[derive(Clone, Copy, Debug)]
enum Reach {
    /// All that the task can see.
    Visible,
    /// Those of the task itself.
    Local,
}

impl Extras {
    fn of(is_asked_for: impl Fn(&str) -> bool) -> Extras {
        let variables = if is_asked_for("withTaskVariablesInReturn") {
            Some(Reach::Visible)
        } else {
            is_asked_for("withTaskLocalVariablesInReturn").then_some(Reach::Local)
        };
        Extras { variables, comment_info: is_asked_for("withCommentAttachmentInfo") }
    }

    async fn add_to(self, tasks: &mut [Map<String, Value>], call: &Call) -> Result<(), Failure> {
        if let Some(reach) = self.variables {
            for task in tasks.iter_mut() {
                let variables = variables(task, reach, call).await?;
                // Camunda: a task without any has no such property.
                if variables.as_object().is_none_or(|variables| !variables.is_empty()) {
                    task.insert("variables".to_owned(), variables);
                }
            }
        }
        if self.comment_info {
            add_comment_info(tasks, call).await?;
        }
        Ok(())
    }
}

pub async fn tasks(call: Call) -> Result<Answer, Failure> {
    let request = request(&resource::TASKS, &call, Purpose::Rows)?;
    let extras = Extras::of(|name| request.has_flag(name));
    let mut tasks = shown_rows(&resource::TASKS, &request, &call).await?;
    for task in &mut tasks {
        add_form(task, &call).await?;
    }
    extras.add_to(&mut tasks, &call).await?;
    Answer::json(&tasks)
}

pub async fn task(call: Call) -> Result<Answer, Failure> {
    let id = call.path("id");
    let Some(task) = row(&resource::TASKS, &call, id, ValueForm::Deserialized).await? else {
        return Err(absent_row(&resource::TASKS, &ABSENT, id));
    };
    let mut tasks = [task];
    add_form(&mut tasks[0], &call).await?;
    Extras::of(|name| call.query.flag(name) == Some(true)).add_to(&mut tasks, &call).await?;
    Answer::json(&tasks[0])
}

/// Whether there are comments on each of the tasks, and attachments.
async fn add_comment_info(tasks: &mut [Map<String, Value>], call: &Call) -> Result<(), Failure> {
    let ids = tasks.iter().map(|task| Ok(SqlValue::Uuid(id_of(task)?.0))).collect::<Result<Vec<_>, Failure>>()?;
    let of_tasks = |table: &'static Table| {
        let task_id = || Term::Column(table.col("task_id"));
        Tally::count(table.source(), vec![task_id()], Condition::OneOf(task_id(), ids.clone()))
    };
    let statement = Tally::render_together(&[of_tasks(&COMMENT), of_tasks(&ATTACHMENT)], call.runtime().dialect());
    let (mut commented, mut with_attachment) = (BTreeSet::new(), BTreeSet::new());
    for cells in call.runtime().select(statement).await? {
        match &cells[..] {
            [SqlValue::Integer(0), id, _] => commented.extend(id_in(id)),
            [SqlValue::Integer(_), id, _] => with_attachment.extend(id_in(id)),
            _ => return Err(Failure::internal("a count of comments has other cells than were asked for")),
        }
    }
    for task in tasks {
        let id = id_of(task)?.0;
        task.insert("attachment".to_owned(), with_attachment.contains(&id).into());
        task.insert("comment".to_owned(), commented.contains(&id).into());
    }
    Ok(())
}

/// Camunda: which form it is is found out when a task is shown, and what cannot be evaluated fails the whole list.
async fn add_form(task: &mut Map<String, Value>, call: &Call) -> Result<(), Failure> {
    let text = |name: &str| task.get(name).and_then(Value::as_str);
    let (Some(definition_id), Some(activity_id)) = (text("processDefinitionId"), text("taskDefinitionKey")) else {
        return Ok(());
    };
    let Some(definition) = call.runtime().definition(&definition_id.into()).await? else { return Ok(()) };
    let form = match fixed_task_form(&definition, activity_id)? {
        Some(form) => form,
        None => match call.runtime().task_form(id_of(task)?, TaskFormPart::Reference).await {
            // It has gone in the meantime.
            Err(runtime::Error::Rejected(rejection)) if rejection.kind == RejectionKind::NotFound => return Ok(()),
            form => form?,
        },
    };
    task.insert("formKey".to_owned(), form.key.as_deref().into());
    task.insert("camundaFormRef".to_owned(), camunda_form_ref(&form));
    Ok(())
}

fn id_of(task: &Map<String, Value>) -> Result<TaskId, Failure> {
    let id = task.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    id.ok_or_else(|| Failure::internal("a task has no id"))
}

/// None if the task has gone in the meantime.
async fn variables(task: &Map<String, Value>, reach: Reach, call: &Call) -> Result<Value, Failure> {
    let id = id_of(task)?;
    let look = move |aggregate: &Aggregate| match reach {
        Reach::Visible => aggregate.variables_visible_from_task(id),
        Reach::Local => {
            let own = aggregate.variables_of(ScopeKey::Task(id));
            own.map(|variable| (variable.name.clone(), variable.value.clone())).collect()
        }
    };
    let found = call.runtime().inspect(LocatedBy::Task(id), look).await?.unwrap_or_default();
    variables_json(&found, ValueForm::Deserialized)
}
