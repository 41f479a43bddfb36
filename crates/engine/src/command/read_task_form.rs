//! Tells what the form of a user task shows. Only expressions of the form can change something.

use types::TaskId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::form::{self, ShownForm, TaskFormPart};
use crate::rejection::Rejection;
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: TaskId, part: TaskFormPart) -> Result<Answer, Rejection> {
    let task = turn.aggregate.task(id).ok_or_else(|| Rejection::not_found("task", id))?;
    let Some(place) = &task.place else { return Ok(Answer::Ready(Reply::TaskForm(Box::default()))) };
    let (execution, activity_id) = (place.execution_id, place.activity_id.clone());
    let definition = turn.definition_of(execution)?;
    let shown = match (form::of_user_task(definition, &activity_id), part) {
        (None, _) => ShownForm::default(),
        (Some(form), TaskFormPart::Reference) => form::shown_reference(turn, id, form)?,
        (Some(form), TaskFormPart::Whole) => form::shown_task_form(turn, id, form)?,
    };
    Ok(Answer::Ready(Reply::TaskForm(Box::new(shown))))
}
