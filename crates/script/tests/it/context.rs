//! A context with variables that can be set.

use std::cell::RefCell;
use std::collections::BTreeMap;

use expression::{Bean, Context, EvaluationError, ScriptEngine, ScriptFailure, Value, unknown_bean_method};
use script::{JavaScript, Limits};
use types::{Timestamp, VariableValue};

#[derive(Debug, Default)]
pub struct Variables(pub RefCell<BTreeMap<String, Value>>);

impl Context for Variables {
    fn resolve(&self, name: &str) -> Result<Option<Value>, EvaluationError> {
        match name {
            "execution" => Ok(Some(Value::Bean(Bean { kind: "execution", id: 1 }))),
            _ => Ok(self.0.borrow().get(name).cloned()),
        }
    }

    fn property(&self, bean: &Bean, name: &str) -> Result<Value, EvaluationError> {
        match name {
            "currentActivityId" => Ok(Value::from("here")),
            _ => Err(expression::unknown_bean_property(bean, name)),
        }
    }

    fn call(&self, bean: &Bean, method: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        match (method, arguments) {
            ("getVariable", [Value::String(name)]) => Ok(self.0.borrow().get(&**name).cloned().unwrap_or(Value::Null)),
            ("setVariable", [Value::String(name), value]) => {
                self.0.borrow_mut().insert(name.to_string(), value.clone());
                Ok(Value::Null)
            }
            ("getCurrentActivityId", []) => Ok(Value::from("here")),
            _ => Err(unknown_bean_method(bean, method, arguments)),
        }
    }

    fn function(&self, _prefix: Option<&str>, name: &str, _arguments: &[Value]) -> Result<Value, EvaluationError> {
        match name {
            "now" => Ok(Value::Date(Timestamp(0))),
            _ => Err(EvaluationError::unknown_method(name)),
        }
    }
}

pub fn variables() -> Variables {
    let all = [
        ("s", Value::from("text")),
        ("i", Value::from(3)),
        ("l", Value::from(5_i64)),
        ("d", Value::from(1.5)),
        ("b", Value::from(false)),
        ("nul", Value::Null),
        ("list", Value::list(vec![Value::from(1), Value::from(2)])),
        ("m", Value::map(vec![("k".into(), Value::from("v"))])),
        ("j", Value::Json(r#"{"a":1,"c":{"d":4}}"#.into())),
        ("x", Value::from(&VariableValue::Xml(r#"<o id="9"><i sku="a">first</i><i sku="b">second</i></o>"#.into()))),
        ("dt", Value::Date(Timestamp(1_714_885_505_000))),
    ];
    Variables(RefCell::new(all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

pub fn run(source: &str) -> Result<Value, ScriptFailure> {
    run_in(&variables(), source)
}

pub fn run_in(context: &Variables, source: &str) -> Result<Value, ScriptFailure> {
    JavaScript { limits: Limits::default() }.run("javascript", source, context)
}
