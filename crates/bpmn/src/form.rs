//! The model of forms: what people fill in to start a process or to do a user task. Read only once it is built.

use std::sync::Arc;

use expression::Expression;
use types::DatePattern;

use crate::model::Delegate;

/// Of a start event or a user task.
#[derive(Debug, Default)]
pub struct Form {
    pub reference: Option<FormReference>,
    /// `camunda:formData`, in document order.
    pub fields: Vec<FormField>,
    /// `camunda:formProperty`, the older form of fields, in document order.
    pub properties: Vec<FormProperty>,
}

/// Where the form itself is.
#[derive(Debug)]
pub enum FormReference {
    /// `camunda:formKey`: what it means is up to whoever shows forms.
    Key(Expression),
    /// `camunda:formRef`: a Camunda form that has been deployed.
    Deployed { key: Expression, binding: FormBinding },
}

/// Which of the versions of a Camunda form is meant.
#[derive(Debug)]
pub enum FormBinding {
    Latest,
    /// The one that was deployed with the process.
    Deployment,
    Version(Expression),
}

#[derive(Debug)]
pub struct FormField {
    pub id: Arc<str>,
    pub label: Option<Expression>,
    pub field_type: FieldType,
    pub default_value: Option<Expression>,
    /// In document order.
    pub constraints: Vec<Constraint>,
    /// It is the business key of the instance, not a variable.
    pub is_business_key: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    String,
    Long,
    Boolean,
    Date(DatePattern),
    /// Ids of the values, with the names that people see.
    Enum(Vec<(Arc<str>, Option<Arc<str>>)>),
}

impl FieldType {
    /// Of dates that say nothing else.
    pub const DATE_PATTERN_DEFAULT: &'static str = "dd/MM/yyyy";

    /// The name in models, for example `string`.
    pub fn name(&self) -> &'static str {
        match self {
            FieldType::String => "string",
            FieldType::Long => "long",
            FieldType::Boolean => "boolean",
            FieldType::Date(_) => "date",
            FieldType::Enum(_) => "enum",
        }
    }
}

/// `camunda:constraint`: what must hold for a value that is sent in.
#[derive(Debug)]
pub struct Constraint {
    pub rule: Rule,
    /// As the model writes it.
    pub config: Option<Arc<str>>,
}

#[derive(Debug)]
pub enum Rule {
    Required,
    ReadOnly,
    MinLength,
    MaxLength,
    Min,
    Max,
    /// Java code decides.
    Delegate(Delegate),
}

impl Rule {
    /// The name in models, for example `minlength`.
    pub fn name(&self) -> &'static str {
        match self {
            Rule::Required => "required",
            Rule::ReadOnly => "readonly",
            Rule::MinLength => "minlength",
            Rule::MaxLength => "maxlength",
            Rule::Min => "min",
            Rule::Max => "max",
            Rule::Delegate(_) => "validator",
        }
    }
}

#[derive(Debug)]
pub struct FormProperty {
    pub id: Arc<str>,
    pub name: Option<Arc<str>>,
    pub field_type: Option<FieldType>,
    pub is_required: bool,
    pub is_readable: bool,
    pub is_writable: bool,
    /// Where its value is, if not in a variable of its own id.
    pub place: FormPropertyPlace,
    pub default_value: Option<Expression>,
}

#[derive(Debug)]
pub enum FormPropertyPlace {
    OwnVariable,
    Variable(Arc<str>),
    /// For example `${order.price}`.
    Expression(Expression),
}
