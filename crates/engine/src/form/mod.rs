//! Forms: what is shown of them, and what becomes of the values that people send in.
//!
//! A form of a user task sees its instance; one that starts a process sees nothing, as there is no instance yet.

use bpmn::ElementKind;
use bpmn::form::Form;

use crate::definition::ProcessDefinition;

mod conversion;
mod shown;
mod submission;
mod validation;

pub use bpmn::form::FieldType;
pub use shown::{
    DeployedForm, DeployedFormBinding, ShownConstraint, ShownField, ShownForm, TaskFormPart, fixed_task_form,
    shown_start_form,
};

pub(crate) use shown::{shown_reference, shown_task_form};
pub(crate) use submission::{Destination, submit};

/// The form of a user task.
pub(crate) fn of_user_task<'d>(definition: &'d ProcessDefinition, activity_id: &str) -> Option<&'d Form> {
    let element = definition.model.element_by_id(activity_id)?;
    match &definition.model.element(element).kind {
        ElementKind::UserTask(task) => Some(&task.form),
        _ => None,
    }
}
