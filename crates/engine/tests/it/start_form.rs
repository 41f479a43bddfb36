//! What a form shows that starts a process: no instance is there that its expressions could look at.

use engine::RejectionKind;
use engine::form::{DeployedForm, DeployedFormBinding, ShownForm, shown_start_form};
use testkit::scenario::world;
use types::VariableValue;

use crate::world::{Keeping, START};

fn shown(attributes: &str, fields: &str) -> Result<Option<ShownForm>, RejectionKind> {
    let extensions = format!("<extensionElements><camunda:formData>{fields}</camunda:formData></extensionElements>");
    let model = format!("<startEvent id=\"s\" {attributes}>{extensions}</startEvent>\n");
    let world = world(&model, Keeping::InMemory);
    shown_start_form(world.definition(), START).map_err(|rejection| rejection.kind)
}

fn field(field_type: &str, default: &str) -> String {
    format!("<camunda:formField id=\"a\" type=\"{field_type}\" defaultValue=\"{default}\"/>")
}

fn value(field_type: &str, default: &str) -> Result<VariableValue, RejectionKind> {
    let form = shown("", &field(field_type, default))?;
    Ok(form.expect("it has a start event").fields[0].value.clone())
}

#[test]
fn defaults_have_the_types_of_their_fields() {
    assert_eq!(value("string", "${1 + 1}"), Ok(VariableValue::String("2".into())));
    assert_eq!(value("long", "5"), Ok(VariableValue::Long(5)));
    assert_eq!(value("boolean", "yes"), Ok(VariableValue::Boolean(false)));
    assert_eq!(value("date", "24/12/2031"), Ok(VariableValue::String("24/12/2031".into())));
    assert_eq!(value("long", "many"), Err(RejectionKind::NumberFormat));
    assert_eq!(value("date", "tomorrow"), Err(RejectionKind::ProcessEngine));
}

#[test]
fn there_is_no_instance_to_look_at() {
    assert_eq!(value("string", "${order}"), Err(RejectionKind::Expression));
    assert_eq!(value("string", "${execution.id}"), Err(RejectionKind::Expression));
    assert_eq!(value("string", "${authenticatedUserId}"), Ok(VariableValue::TypedNull(types::VariableType::String)));
}

#[test]
fn which_form_it_is_is_not_evaluated() {
    let form = shown("camunda:formKey=\"${order}\"", "");
    assert_eq!(form, Ok(Some(ShownForm { key: Some("${order}".into()), ..ShownForm::default() })));
    let of_version = |version: &str| {
        let binding = format!("camunda:formRefBinding=\"version\" camunda:formRefVersion=\"{version}\"");
        shown(&format!("camunda:formRef=\"${{letter}}\" {binding}"), "")
    };
    let deployed = DeployedForm { key: "${letter}".into(), binding: DeployedFormBinding::Version(3) };
    assert_eq!(of_version("3"), Ok(Some(ShownForm { deployed: Some(deployed), ..ShownForm::default() })));
    assert_eq!(of_version("${v}"), Err(RejectionKind::NumberFormat));
}
