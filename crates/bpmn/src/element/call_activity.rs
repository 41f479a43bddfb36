//! `callActivity`: which process it calls, and what is handed over there and back.

use crate::attribute::camunda;
use crate::document::Node;
use crate::extension::{extensions, is_camunda};
use crate::model::{CallActivity, CallBinding, ElementKind};
use crate::passed_variables::{self, Reading, is_local};
use crate::scope::ProcessBuilder;

pub(crate) fn read(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str) -> Option<ElementKind> {
    let Some(called_element) = node.attribute("calledElement") else {
        builder.report.error(node, "Missing attribute 'calledElement' or 'caseRef'");
        return None;
    };
    let called_element = builder.expression(called_element, node);
    let binding = binding(builder, node);
    let tenant_id = camunda(node, "calledElementTenantId").filter(|text| !text.is_empty());
    let tenant_id = tenant_id.and_then(|text| builder.expression(text, node));
    let mut call = CallActivity {
        called_element: called_element?,
        binding: binding?,
        tenant_id,
        business_key: None,
        inputs: Vec::new(),
        outputs: Vec::new(),
        local_outputs: Vec::new(),
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

fn binding(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>) -> Option<CallBinding> {
    let (name, needed) = match camunda(node, "calledElementBinding") {
        Some("deployment") => return Some(CallBinding::Deployment),
        Some("version") => ("calledElementVersion", "version"),
        Some("versionTag") => ("calledElementVersionTag", "versionTag"),
        // Camunda: an unknown word is like none.
        _ => return Some(CallBinding::Latest),
    };
    let Some(text) = camunda(node, name) else {
        let message = format!("Missing attribute '{name}' when 'calledElementBinding' has value '{needed}'");
        builder.report.error(node, message);
        return None;
    };
    let expression = builder.expression(text, node)?;
    Some(if needed == "version" { CallBinding::Version(expression) } else { CallBinding::VersionTag(expression) })
}
