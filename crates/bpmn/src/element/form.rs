//! Forms of start events and user tasks: `camunda:formKey`, `camunda:formRef`, `camunda:formData`, `camunda:formProperty`.

use std::sync::Arc;

use types::DatePattern;

use crate::attribute::{self, camunda};
use crate::definitions::read_expression;
use crate::document::Node;
use crate::extension::{camunda_children, extensions, is_camunda};
use crate::form::{
    Constraint, FieldType, Form, FormBinding, FormField, FormProperty, FormPropertyPlace, FormReference, Rule,
};
use crate::listener::warn_of_java;
use crate::model::Delegate;
use crate::report::Report;

const TRUE_WORDS: [&str; 5] = ["on", "yes", "true", "enabled", "active"];
const FALSE_WORDS: [&str; 5] = ["off", "no", "false", "disabled", "inactive"];

pub(crate) fn read(node: Node<'_>, report: &mut Report<'_>) -> Form {
    let owner = attribute::id(node).unwrap_or_default();
    let properties = extensions(node).filter(|extension| is_camunda(*extension, "formProperty"));
    let properties = properties.filter_map(|property| read_property(property, report)).collect();
    let data = extensions(node).find(|extension| is_camunda(*extension, "formData"));
    let fields = data.map(|data| read_fields(data, owner, report)).unwrap_or_default();
    Form { reference: read_reference(node, report), fields, properties }
}

fn read_reference(node: Node<'_>, report: &mut Report<'_>) -> Option<FormReference> {
    let (form_key, form_ref) = (camunda(node, "formKey"), camunda(node, "formRef"));
    if form_key.is_some() && form_ref.is_some() {
        let message = "Invalid element definition: only one of the attributes formKey and formRef is allowed.";
        report.error(node, message);
    }
    let key = form_key.and_then(|text| read_expression(text, node, report)).map(FormReference::Key);
    let deployed = form_ref.and_then(|text| {
        let key = read_expression(text, node, report);
        let binding = read_binding(node, report)?;
        Some(FormReference::Deployed { key: key?, binding })
    });
    key.or(deployed)
}

fn read_binding(node: Node<'_>, report: &mut Report<'_>) -> Option<FormBinding> {
    match camunda(node, "formRefBinding") {
        Some("latest") => Some(FormBinding::Latest),
        Some("deployment") => Some(FormBinding::Deployment),
        Some("version") => match camunda(node, "formRefVersion") {
            Some(version) => read_expression(version, node, report).map(FormBinding::Version),
            None => {
                report.error(node, "Invalid element definition: formRefVersion is missing, which formRefBinding needs");
                None
            }
        },
        other => {
            let other = other.unwrap_or("null");
            let message = "Invalid element definition: value for formRefBinding attribute has to be one of";
            report.error(node, format!("{message} [deployment, latest, version] but was {other}"));
            None
        }
    }
}

fn read_fields(data: Node<'_>, owner: &str, report: &mut Report<'_>) -> Vec<FormField> {
    let business_key = data.attribute("businessKey");
    camunda_children(data, "formField").filter_map(|field| read_field(field, owner, business_key, report)).collect()
}

fn read_field(node: Node<'_>, owner: &str, business_key: Option<&str>, report: &mut Report<'_>) -> Option<FormField> {
    let id = node.attribute("id").filter(|id| !id.is_empty());
    if id.is_none() {
        let message = "attribute id must be set for FormFieldGroup and must have a non-empty value";
        report.error(node, message);
    }
    let label = node.attribute("label").and_then(|label| read_expression(label, node, report));
    let constraints = read_constraints(node, owner, report);
    if node.attribute("type").is_none() {
        report.error(node, "form field must have a 'type' attribute");
    }
    let field_type = read_type(node, report);
    let default_value = node.attribute("defaultValue").and_then(|text| read_expression(text, node, report));
    let is_business_key = id == business_key;
    Some(FormField { id: Arc::from(id?), label, field_type: field_type?, default_value, constraints, is_business_key })
}

/// `None` if there is none, or one that is reported.
fn read_type(node: Node<'_>, report: &mut Report<'_>) -> Option<FieldType> {
    match node.attribute("type")? {
        "string" => Some(FieldType::String),
        "long" => Some(FieldType::Long),
        "boolean" => Some(FieldType::Boolean),
        "date" => {
            let pattern = node.attribute("datePattern").unwrap_or(FieldType::DATE_PATTERN_DEFAULT);
            match DatePattern::parse(pattern) {
                Ok(pattern) => Some(FieldType::Date(pattern)),
                // Camunda: the exception of Java, as one of an expression.
                Err(error) => {
                    report.expression_error(node, error.to_string());
                    None
                }
            }
        }
        "enum" => {
            let values = camunda_children(node, "value").map(|value| {
                (Arc::from(value.attribute("id").unwrap_or_default()), value.attribute("name").map(Arc::from))
            });
            Some(FieldType::Enum(values.collect()))
        }
        other => {
            report.error(node, format!("unknown type '{other}'"));
            None
        }
    }
}

fn read_constraints(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Vec<Constraint> {
    let validation = node.children().find(|child| is_camunda(*child, "validation"));
    let constraints = validation.into_iter().flat_map(|validation| camunda_children(validation, "constraint"));
    constraints
        .filter_map(|constraint| {
            let rule = read_rule(constraint, owner, report)?;
            Some(Constraint { rule, config: constraint.attribute("config").map(Arc::from) })
        })
        .collect()
}

fn read_rule(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Option<Rule> {
    match node.attribute("name") {
        Some("required") => Some(Rule::Required),
        Some("readonly") => Some(Rule::ReadOnly),
        Some("minlength") => Some(Rule::MinLength),
        Some("maxlength") => Some(Rule::MaxLength),
        Some("min") => Some(Rule::Min),
        Some("max") => Some(Rule::Max),
        Some("validator") => match node.attribute("config").filter(|config| !config.is_empty()) {
            Some(config) if is_expression(config) => {
                warn_of_java(node, owner, config, report);
                read_expression(config, node, report).map(|expression| Rule::Delegate(Delegate::Expression(expression)))
            }
            Some(class) => {
                warn_of_java(node, owner, class, report);
                Some(Rule::Delegate(Delegate::Class(Arc::from(class))))
            }
            None => {
                let message = "validator configuration needs to provide either a fully qualified classname or an \
                               expression resolving to a custom FormFieldValidator implementation.";
                report.error(node, message);
                None
            }
        },
        other => {
            let other = other.unwrap_or("null");
            report.error(node, format!("Cannot find validator implementation for name '{other}'."));
            None
        }
    }
}

fn is_expression(text: &str) -> bool {
    matches!(text.trim().get(..2), Some("${" | "#{"))
}

fn read_property(node: Node<'_>, report: &mut Report<'_>) -> Option<FormProperty> {
    let id = node.attribute("id");
    if id.is_none() {
        report.error(node, "attribute 'id' is required");
    }
    let has_type = node.attribute("type").is_some();
    let field_type = read_type(node, report);
    let is_required = read_word(node, "required", false, report);
    let is_readable = read_word(node, "readable", true, report);
    let is_writable = read_word(node, "writable", true, report);
    let expression = node.attribute("expression").and_then(|text| read_expression(text, node, report));
    let place = match (node.attribute("variable"), expression) {
        (Some(name), _) => FormPropertyPlace::Variable(Arc::from(name)),
        (None, Some(expression)) => FormPropertyPlace::Expression(expression),
        (None, None) => FormPropertyPlace::OwnVariable,
    };
    let default_value = node.attribute("default").and_then(|text| read_expression(text, node, report));
    if has_type && field_type.is_none() {
        return None;
    }
    Some(FormProperty {
        id: Arc::from(id?),
        name: node.attribute("name").map(Arc::from),
        field_type,
        is_required: is_required?,
        is_readable: is_readable?,
        is_writable: is_writable?,
        place,
        default_value,
    })
}

fn read_word(node: Node<'_>, name: &str, default: bool, report: &mut Report<'_>) -> Option<bool> {
    let Some(word) = node.attribute(name) else { return Some(default) };
    if TRUE_WORDS.contains(&word) {
        return Some(true);
    }
    if !FALSE_WORDS.contains(&word) {
        let words = "on|yes|true|enabled|active|off|no|false|disabled|inactive";
        report.error(node, format!("attribute '{name}' must be one of {{{words}}}"));
        return None;
    }
    Some(false)
}
