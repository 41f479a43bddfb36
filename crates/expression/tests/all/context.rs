//! Variables for the cases.

use std::sync::Arc;

use expression::{Bean, Context, EvaluationError, Expression, Value, unknown_bean_method, unknown_bean_property};
use types::{ObjectValue, Timestamp, VariableType, VariableValue};

thread_local! {
    /// One object however often it is asked for, as a variable is.
    static ORDER: VariableValue = VariableValue::Xml(
        r#"<order id="9" total="12.5"><item sku="a" n="2">first</item><item sku="b" n="3">second</item></order>"#.into(),
    );
}

pub struct Variables;

/// 2024-01-31T10:00:00.123Z.
pub const INSTANT: Timestamp = Timestamp(1_706_695_200_123);

pub const EXECUTION: Bean = Bean { kind: "execution", id: 7 };

pub fn object(class: &str, json: &str) -> VariableValue {
    VariableValue::Object(Arc::new(ObjectValue {
        object_type_name: Some(class.to_owned()),
        serialization_data_format: Some("application/json".to_owned()),
        serialized: Some(json.to_owned()),
    }))
}

impl Context for Variables {
    fn resolve(&self, name: &str) -> Result<Option<Value>, EvaluationError> {
        let variable = match name {
            "i" => VariableValue::Integer(5),
            "l" => VariableValue::Long(7),
            "sh" => VariableValue::Short(3),
            "dbl" => VariableValue::Double(1.5),
            "s" => VariableValue::String("abc".into()),
            "sp" => VariableValue::String("  a,b,,c,, ".into()),
            "b" => VariableValue::Boolean(true),
            "n" => VariableValue::Null,
            "D" => VariableValue::Date(INSTANT),
            "BY" => VariableValue::Bytes(Arc::from(*b"hello")),
            "J" => VariableValue::Json(r#"{"a":1,"b":"t","c":[1,2,{"q":null}],"d":1.50,"e":true}"#.into()),
            "X" => return Ok(Some(ORDER.with(|order| order.into()))),
            "BADX" => VariableValue::Xml("<a".into()),
            "L" => object("java.util.ArrayList", r#"[1,"b",3000000000,1.5,null,true,{"k":1},12345678901234567890]"#),
            "M" => object("java.util.HashMap", r#"{"k":"v","n":{"z":1},"l":[1,2]}"#),
            "order" => object("com.example.Order", r#"{"amount":12,"paid":true}"#),
            "ones" => object("java.util.ArrayList<java.lang.Long>", "[1,2]"),
            "HS" => object("java.util.HashSet", r#"["alpha","zeta","beta","alpha"]"#),
            "big" => object(
                "java.util.HashMap",
                r#"{"alpha":1,"beta":2,"gamma":3,"delta":4,"epsilon":5,"zeta":6,"eta":7,"theta":8,"iota":9,"kappa":10,
                    "lambda":11,"mu":12,"nu":13,"xi":14}"#,
            ),
            "ND" => VariableValue::TypedNull(VariableType::Date),
            "jb" => VariableValue::Json(r#"{"a": 1, "b" : 1e2, "d":1.10, "e":"\u00e4/"}"#.into()),
            "jl" => VariableValue::Json("[3,1]".into()),
            "js" => VariableValue::Json("\"text\"".into()),
            "jlong" => VariableValue::Json("[100000000000000000000000]".into()),
            "broken" => object("java.util.ArrayList", "[1"),
            "execution" => return Ok(Some(Value::Bean(EXECUTION))),
            _ => return Ok(None),
        };
        Ok(Some(Value::from(&variable)))
    }

    fn property(&self, bean: &Bean, name: &str) -> Result<Value, EvaluationError> {
        match name {
            "id" => Ok(Value::from("7")),
            "self" => Ok(Value::Bean(*bean)),
            _ => Err(unknown_bean_property(bean, name)),
        }
    }

    fn call(&self, bean: &Bean, method: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        match (method, arguments) {
            ("getVariable", [name]) => Ok(self.resolve(&name.to_text()?)?.unwrap_or(Value::Null)),
            _ => Err(unknown_bean_method(bean, method, arguments)),
        }
    }

    fn function(&self, _: Option<&str>, name: &str, _: &[Value]) -> Result<Value, EvaluationError> {
        match name {
            "now" => Ok(Value::Date(Timestamp(INSTANT.0 + 1))),
            "dateTime" => Ok(Value::DateTime(INSTANT)),
            _ => Ok(Value::Null),
        }
    }
}

/// The result as a type and a text, or the message of an error.
pub fn outcome(text: &str) -> String {
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => return error.to_string(),
    };
    match expression.evaluate(&Variables) {
        Ok(value) => shown(&value),
        Err(error) => error.to_string(),
    }
}

fn shown(value: &Value) -> String {
    match value.to_variable() {
        Ok(VariableValue::Null) => "Null".to_owned(),
        Ok(VariableValue::Object(object)) => format!(
            "Object {} {}",
            object.object_type_name.as_deref().unwrap_or_default(),
            object.serialized.as_deref().unwrap_or_default()
        ),
        Ok(VariableValue::Bytes(bytes)) => format!("Bytes {}", bytes.len()),
        Ok(variable) => {
            format!("{} {}", variable.variable_type().name(), value.to_text().expect("a scalar has a text"))
        }
        Err(error) => error.to_string(),
    }
}

/// Touches the API for every case and reports all that differ at once.
pub fn check(cases: &[(&str, &str)]) {
    let different: Vec<String> = cases
        .iter()
        .filter_map(|(text, expected)| {
            let found = outcome(text);
            (found != *expected).then(|| format!("{text}\n  expected {expected}\n  found    {found}"))
        })
        .collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}
