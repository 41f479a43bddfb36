//! The HTML of a form that has fields but no page of its own, as Camunda's Tasklist expects it.

use std::fmt::Write;

use engine::form::{FieldType, ShownField, ShownForm};

const NAME: &str = "generatedForm";
const INDENT: &str = "  ";

/// `None` for a form without fields.
pub fn html(form: &ShownForm) -> Option<String> {
    if form.fields.is_empty() && form.properties.is_empty() {
        return None;
    }
    let mut page = Page::default();
    page.begin(&Tag::new("form").attribute("name", NAME).attribute("role", "form"));
    for field in form.fields.iter().chain(&form.properties) {
        write_field(&mut page, field);
    }
    page.end("form");
    Some(page.text)
}

/// Elements within each other, indented.
#[derive(Default)]
struct Page {
    text: String,
    depth: usize,
}

/// A start tag. An attribute may have no value.
struct Tag {
    name: &'static str,
    attributes: Vec<(&'static str, Option<String>)>,
}

impl Tag {
    fn new(name: &'static str) -> Tag {
        Tag { name, attributes: Vec::new() }
    }

    fn attribute(self, name: &'static str, value: impl Into<String>) -> Tag {
        self.set(name, Some(value.into()))
    }

    /// The last value of a name counts, in the place of the first.
    fn set(mut self, name: &'static str, value: Option<String>) -> Tag {
        match self.attributes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name, value)),
        }
        self
    }
}

impl Page {
    fn begin(&mut self, tag: &Tag) {
        self.write_tag(tag, ">");
        self.depth += 1;
    }

    fn end(&mut self, name: &str) {
        self.depth -= 1;
        self.line(format_args!("</{name}>"));
    }

    fn empty(&mut self, tag: &Tag) {
        self.write_tag(tag, " />");
    }

    /// Camunda: labels and names of values are not escaped, so that they can be HTML.
    fn with_text(&mut self, tag: &Tag, text: Option<&str>) {
        let name = tag.name;
        self.begin(tag);
        if let Some(text) = text {
            self.line(format_args!("{text}"));
        }
        self.end(name);
    }

    fn write_tag(&mut self, tag: &Tag, closing: &str) {
        let mut written = format!("<{}", tag.name);
        for (name, value) in &tag.attributes {
            written.push(' ');
            written.push_str(name);
            if let Some(value) = value {
                let _ = write!(written, "=\"{}\"", value.replace('"', "&quot;"));
            }
        }
        self.line(format_args!("{written}{closing}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let indent = INDENT.repeat(self.depth);
        let _ = writeln!(self.text, "{indent}{line}");
    }
}

fn write_field(page: &mut Page, field: &ShownField) {
    page.begin(&Tag::new("div").attribute("class", "form-group"));
    if let Some(label) = field.label.as_deref().filter(|label| !label.is_empty()) {
        page.with_text(&Tag::new("label").attribute("for", &*field.id), Some(label));
    }
    match &field.field_type {
        FieldType::Enum(values) => {
            page.begin(&control("select", field));
            for (id, name) in values {
                page.with_text(&Tag::new("option").attribute("value", &**id), name.as_deref());
            }
            page.end("select");
        }
        FieldType::Date(pattern) => write_date(page, field, pattern.text()),
        FieldType::Boolean => write_input(page, field, "checkbox"),
        FieldType::String | FieldType::Long => write_input(page, field, "text"),
    }
    write_messages(page, field);
    page.end("div");
}

fn write_input(page: &mut Page, field: &ShownField, input_type: &str) {
    let input = control("input", field).attribute("type", input_type);
    let input = match &field.default_value {
        Some(value) => input.attribute("value", &**value),
        None => input,
    };
    page.empty(&input);
}

/// A text with a calendar beside it.
fn write_date(page: &mut Page, field: &ShownField, pattern: &str) {
    let id = &*field.id;
    let input = control("input", field).attribute("type", "text");
    page.begin(&Tag::new("div").attribute("class", "input-group"));
    if field.constraints.iter().any(|constraint| constraint.name == "readonly") {
        page.empty(&input);
    } else {
        let is_open = format!("dateFieldOpened{id}");
        page.empty(&input.attribute("uib-datepicker-popup", pattern).attribute("is-open", &*is_open));
        page.begin(&Tag::new("div").attribute("class", "input-group-btn"));
        let button = Tag::new("button").attribute("type", "button").attribute("class", "btn btn-default");
        page.begin(&button.attribute("ng-click", format!("open{id}($event)")));
        page.with_text(&Tag::new("i").attribute("class", "glyphicon glyphicon-calendar"), None);
        page.end("button");
        page.end("div");
        let script = format!(
            "$scope.open{id} = function ($event) {{ $event.preventDefault(); $event.stopPropagation(); \
             $scope.{is_open} = true; }};"
        );
        page.with_text(
            &Tag::new("script").set("cam-script", None).attribute("type", "text/form-script"),
            Some(&script),
        );
    }
    page.end("div");
}

/// What all controls say of their field.
fn control(name: &'static str, field: &ShownField) -> Tag {
    let mut tag = Tag::new(name).attribute("class", "form-control").attribute("name", &*field.id);
    tag = if field.is_business_key {
        tag.set("cam-business-key", None)
    } else {
        let variable_type = match field.field_type {
            FieldType::String | FieldType::Enum(_) | FieldType::Date(_) => "String",
            FieldType::Long => "Long",
            FieldType::Boolean => "Boolean",
        };
        tag.attribute("cam-variable-type", variable_type).attribute("cam-variable-name", &*field.id)
    };
    for constraint in &field.constraints {
        let name = if constraint.name == "readonly" { "disabled" } else { constraint.name };
        tag = tag.set(name, constraint.config.as_deref().map(str::to_owned));
    }
    tag
}

/// What is shown beside a control whose value is wrong.
fn write_messages(page: &mut Page, field: &ShownField) {
    let this = format!("this.{NAME}.{}", field.id);
    let is_wrong = format!("{this}.$invalid && {this}.$dirty");
    let message = |page: &mut Page, shown: String, text: &str| {
        page.with_text(&Tag::new("div").attribute("ng-show", shown).attribute("class", "help-block"), Some(text));
    };
    page.begin(&Tag::new("div").attribute("ng-if", is_wrong).attribute("class", "has-error"));
    if let FieldType::Date(pattern) = &field.field_type {
        message(page, format!("{this}.$error.required && !{this}.$error.date"), "Required field");
        let text = format!("Invalid date format: the date should have the pattern '{}'", pattern.text());
        message(page, format!("{this}.$error.date"), &text);
    } else {
        let type_name = match field.field_type {
            FieldType::Enum(_) => FieldType::String.name(),
            _ => field.field_type.name(),
        };
        message(page, format!("{this}.$error.required"), "Required field");
        message(page, format!("{this}.$error.camVariableType"), &format!("Only a {type_name} value is allowed"));
    }
    page.end("div");
}

#[cfg(test)]
mod tests {
    use engine::form::ShownConstraint;
    use types::{DatePattern, VariableValue};

    use super::*;

    fn field(id: &str, field_type: FieldType) -> ShownField {
        ShownField {
            id: id.into(),
            label: None,
            field_type,
            default_value: None,
            value: VariableValue::Null,
            constraints: Vec::new(),
            is_business_key: false,
        }
    }

    fn constraint(name: &'static str, config: Option<&str>) -> ShownConstraint {
        ShownConstraint { name, config: config.map(Into::into) }
    }

    fn rendered(fields: Vec<ShownField>) -> String {
        html(&ShownForm { fields, ..ShownForm::default() }).unwrap_or_default()
    }

    #[test]
    fn a_form_without_fields_has_no_page() {
        assert_eq!(html(&ShownForm::default()), None);
    }

    #[test]
    fn a_text_with_constraints() {
        let text = ShownField {
            label: Some("Say <b>\"x\"</b>".into()),
            default_value: Some("a \"q\" <".into()),
            constraints: vec![constraint("required", None), constraint("maxlength", Some("9"))],
            ..field("s", FieldType::String)
        };
        let expected = r#"<form name="generatedForm" role="form">
  <div class="form-group">
    <label for="s">
      Say <b>"x"</b>
    </label>
    <input class="form-control" name="s" cam-variable-type="String" cam-variable-name="s" required maxlength="9" type="text" value="a &quot;q&quot; <" />
    <div ng-if="this.generatedForm.s.$invalid && this.generatedForm.s.$dirty" class="has-error">
      <div ng-show="this.generatedForm.s.$error.required" class="help-block">
        Required field
      </div>
      <div ng-show="this.generatedForm.s.$error.camVariableType" class="help-block">
        Only a string value is allowed
      </div>
    </div>
  </div>
</form>
"#;
        assert_eq!(rendered(vec![text]), expected);
    }

    #[test]
    fn a_date_has_a_calendar_unless_it_can_only_be_read() {
        let pattern = || FieldType::Date(DatePattern::parse("dd.MM.yyyy").unwrap());
        let page = rendered(vec![field("d", pattern())]);
        let group = r#"    <div class="input-group">
      <input class="form-control" name="d" cam-variable-type="String" cam-variable-name="d" type="text" uib-datepicker-popup="dd.MM.yyyy" is-open="dateFieldOpenedd" />
      <div class="input-group-btn">
        <button type="button" class="btn btn-default" ng-click="opend($event)">
          <i class="glyphicon glyphicon-calendar">
          </i>
        </button>
      </div>
      <script cam-script type="text/form-script">
        $scope.opend = function ($event) { $event.preventDefault(); $event.stopPropagation(); $scope.dateFieldOpenedd = true; };
      </script>
    </div>
"#;
        assert!(page.contains(group), "{page}");
        assert!(page.contains("Invalid date format: the date should have the pattern 'dd.MM.yyyy'"), "{page}");
        let constraints = vec![constraint("readonly", None)];
        let page = rendered(vec![ShownField { constraints, ..field("d", pattern()) }]);
        assert!(page.contains("cam-variable-name=\"d\" disabled type=\"text\" />"), "{page}");
        assert!(!page.contains("button"), "{page}");
    }

    #[test]
    fn a_choice_and_the_business_key() {
        let values = vec![("x".into(), Some("X".into())), ("y".into(), None)];
        let key = ShownField { is_business_key: true, ..field("k", FieldType::String) };
        let page = rendered(vec![field("e", FieldType::Enum(values)), key]);
        let select = r#"    <select class="form-control" name="e" cam-variable-type="String" cam-variable-name="e">
      <option value="x">
        X
      </option>
      <option value="y">
      </option>
    </select>
"#;
        assert!(page.contains(select), "{page}");
        assert!(page.contains(r#"<input class="form-control" name="k" cam-business-key type="text" />"#), "{page}");
    }
}
