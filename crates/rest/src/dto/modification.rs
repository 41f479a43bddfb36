//! Instructions that cancel and start activities.

use engine::history::EndState;
use engine::{Cancellation, Instantiation, Modification, ModificationInstruction, Place, Skipped};
use types::VariableMap;

use super::variable::variable;
use crate::failure::Failure;
use crate::given::Given;
use crate::json::Fields;

/// What the instructions are for; not all are of use everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructed {
    OneInstance,
    /// Of one definition.
    ManyInstances,
    /// An instance that is about to start.
    NewInstance,
    /// Instances that start once more.
    Restart,
}

/// The instructions in a property, and what they leave out.
pub fn modification(fields: &Fields, property: &str, instructed: Instructed) -> Result<Modification, Failure> {
    let mut instructions = Vec::new();
    for given in fields.array(property)?.unwrap_or_default() {
        instructions.extend(instruction(&Fields::of(given.clone(), "an instruction")?, instructed)?);
    }
    let emptied_as = match instructed {
        Instructed::OneInstance => EndState::ExternallyTerminated,
        Instructed::ManyInstances | Instructed::NewInstance | Instructed::Restart => EndState::InternallyTerminated,
    };
    Ok(Modification { instructions, skipped: skipped(fields)?, emptied_as })
}

pub fn skipped(fields: &Fields) -> Result<Skipped, Failure> {
    Ok(Skipped {
        custom_listeners: fields.flag("skipCustomListeners")?.unwrap_or(false),
        io_mappings: fields.flag("skipIoMappings")?.unwrap_or(false),
        called_instances: false,
    })
}

/// Camunda: an instruction to cancel something in an instance that is about to start is passed over.
fn instruction(given: &Fields, instructed: Instructed) -> Result<Option<ModificationInstruction>, Failure> {
    let kind = given.text("type")?;
    let required = |property: &str| {
        let value = given.text(property)?;
        value.ok_or_else(|| Failure::invalid(format!("`{property}` is missing in an instruction")))
    };
    let place = match kind.as_deref() {
        Some("cancel") => {
            return Ok(match instructed {
                Instructed::OneInstance => Some(ModificationInstruction::Cancel(cancellation(given)?)),
                Instructed::ManyInstances => {
                    let activity_id = required("activityId")?;
                    let cancellation = match given.flag("cancelCurrentActiveActivityInstances")? {
                        Some(true) => Cancellation::ActivityAtFirst(activity_id),
                        _ => Cancellation::Activity(activity_id),
                    };
                    Some(ModificationInstruction::Cancel(cancellation))
                }
                Instructed::NewInstance | Instructed::Restart => None,
            });
        }
        Some("startBeforeActivity") => Place::Before(required("activityId")?),
        Some("startAfterActivity") => Place::After(required("activityId")?),
        Some("startTransition") => Place::Transition(required("transitionId")?),
        Some(other) => return Err(Failure::invalid(format!("there is no instruction of the type `{other}`"))),
        None => return Err(Failure::invalid("`type` is missing in an instruction")),
    };
    let (variables, local_variables) = match instructed {
        Instructed::OneInstance | Instructed::NewInstance => instruction_variables(given)?,
        // Camunda: variables are left out where several instances are modified.
        Instructed::ManyInstances | Instructed::Restart => (VariableMap::new(), VariableMap::new()),
    };
    Ok(Some(ModificationInstruction::Start(Instantiation {
        place,
        ancestor_activity_instance_id: match instructed {
            Instructed::OneInstance => given.text("ancestorActivityInstanceId")?,
            Instructed::ManyInstances | Instructed::NewInstance | Instructed::Restart => None,
        },
        variables,
        local_variables,
    })))
}

fn cancellation(given: &Fields) -> Result<Cancellation, Failure> {
    match (given.text("activityId")?, given.text("activityInstanceId")?, given.text("transitionInstanceId")?) {
        (Some(activity_id), None, None) => Ok(Cancellation::Activity(activity_id)),
        (None, Some(id), None) => Ok(Cancellation::ActivityInstance(id)),
        (None, None, Some(id)) => Ok(Cancellation::TransitionInstance(id)),
        _ => Err(Failure::invalid(
            "an instruction to cancel needs exactly one of activityId, activityInstanceId and transitionInstanceId",
        )),
    }
}

/// Those for the nearest scope that has them, and those for where the path begins.
fn instruction_variables(given: &Fields) -> Result<(VariableMap, VariableMap), Failure> {
    let mut split = (VariableMap::new(), VariableMap::new());
    let Some(variables) = given.object("variables")? else { return Ok(split) };
    for (name, value) in variables.iter() {
        let target = match value.get("local") {
            Some(Given::Bool(true)) => &mut split.1,
            _ => &mut split.0,
        };
        target.insert(name.shared(), variable(value, name)?);
    }
    Ok(split)
}
