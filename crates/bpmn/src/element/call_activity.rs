//! `callActivity`: which process or case it calls, and what is handed over there and back.

use std::sync::Arc;

use crate::attribute::camunda;
use crate::document::Node;
use crate::extension::{extensions, is_camunda};
use crate::listener;
use crate::model::{CallActivity, CallBinding, CallForm, Delegate, ElementKind};
use crate::passed_variables::{self, Reading, is_local};
use crate::scope::ProcessBuilder;

/// The names of the attributes that say which one is called.
struct Names {
    binding: &'static str,
    version: &'static str,
    tenant_id: &'static str,
}

const VERSION_TAG: &str = "calledElementVersionTag";

pub(crate) fn read(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str) -> Option<ElementKind> {
    let (form, called_element) = called(builder, node)?;
    let names = match form {
        CallForm::Process => Names {
            binding: "calledElementBinding",
            version: "calledElementVersion",
            tenant_id: "calledElementTenantId",
        },
        CallForm::Case => Names { binding: "caseBinding", version: "caseVersion", tenant_id: "caseTenantId" },
    };
    let variable_mapping = if form == CallForm::Process { variable_mapping(builder, node, id) } else { None };
    let called_element = builder.expression(called_element, node);
    let binding = binding(builder, node, &names);
    let tenant_id = camunda(node, names.tenant_id).filter(|text| !text.is_empty());
    let tenant_id = tenant_id.and_then(|text| builder.expression(text, node));
    let mut call = CallActivity {
        form,
        called_element: called_element?,
        binding: binding?,
        tenant_id,
        business_key: None,
        inputs: Vec::new(),
        outputs: Vec::new(),
        local_outputs: Vec::new(),
        variable_mapping,
    };
    for parameter in extensions(node).filter(|extension| is_camunda(*extension, "in")) {
        match parameter.attribute("businessKey").filter(|key| !key.is_empty()) {
            Some(key) => call.business_key = builder.expression(key, parameter),
            None => call.inputs.extend(passed_variables::read(builder, parameter, id, Reading::AsSaid)),
        }
    }
    for parameter in extensions(node).filter(|extension| is_camunda(*extension, "out")) {
        let passed = passed_variables::read(builder, parameter, id, Reading::Visible);
        let outputs = if is_local(parameter) { &mut call.local_outputs } else { &mut call.outputs };
        outputs.extend(passed);
    }
    Some(ElementKind::CallActivity(call))
}

/// What is called: a process, or a case where there is no process.
fn called<'d>(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'d>) -> Option<(CallForm, &'d str)> {
    match (node.attribute("calledElement"), camunda(node, "caseRef")) {
        (None, None) => {
            builder.report.error(node, "Missing attribute 'calledElement' or 'caseRef'");
            None
        }
        (Some(key), None) => Some((CallForm::Process, key)),
        (Some(key), Some(_)) => {
            builder.report.error(node, "the attributes 'calledElement' and 'caseRef' cannot be used together");
            Some((CallForm::Process, key))
        }
        (None, Some(key)) => {
            let message = format!("there are no cases here: reaching the call of '{key}' fails");
            builder.report.warning(node, &[], message);
            Some((CallForm::Case, key))
        }
    }
}

fn variable_mapping(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str) -> Option<Delegate> {
    if let Some(class) = camunda(node, "variableMappingClass") {
        listener::warn_of_java(node, id, class, builder.report);
        return Some(Delegate::Class(Arc::from(class)));
    }
    let text = camunda(node, "variableMappingDelegateExpression")?;
    listener::warn_of_java(node, id, text, builder.report);
    builder.expression(text, node).map(Delegate::Expression)
}

fn binding(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, names: &Names) -> Option<CallBinding> {
    let (name, needed) = match camunda(node, names.binding) {
        Some("deployment") => return Some(CallBinding::Deployment),
        Some("version") => (names.version, "version"),
        Some("versionTag") => (VERSION_TAG, "versionTag"),
        // Camunda: an unknown word is like none.
        _ => return Some(CallBinding::Latest),
    };
    let Some(text) = camunda(node, name) else {
        let message = format!("Missing attribute '{name}' when '{}' has value '{needed}'", names.binding);
        builder.report.error(node, message);
        return None;
    };
    let expression = builder.expression(text, node)?;
    Some(if needed == "version" { CallBinding::Version(expression) } else { CallBinding::VersionTag(expression) })
}
