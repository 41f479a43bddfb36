//! A short notation for models and commands.
//!
//! A model is the inside of a `<process>`, in BPMN with `camunda:` as the only prefix. Lines `flow a>b ${condition}`
//! become sequence flows `a_b`. Messages, signals and errors go into lines `message m1 name`, `signal g1 name`,
//! `error e1 code` and `escalation c1 code`. Behind a line `called q` comes the inside of another process, which the
//! first may call.
//!
//! A command is one line: a verb, what it is about, and variables: `complete a x=1 y="text" l=json:[1]`, `local z=true`.

use std::sync::Arc;

use types::{VariableMap, VariableValue, VariableWrite};

/// The document that a model is the inside of.
pub fn document(model: &str) -> String {
    let mut roots = String::new();
    let mut processes = vec![("p".to_owned(), String::new(), String::new())];
    for line in model.lines() {
        let (_, attributes, body) = processes.last_mut().expect("there is one from the beginning");
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["flow", flow, ..] => body.push_str(&sequence_flow(flow, line)),
            ["message", id, name] => roots.push_str(&format!("<message id=\"{id}\" name=\"{name}\"/>")),
            ["signal", id, name] => roots.push_str(&format!("<signal id=\"{id}\" name=\"{name}\"/>")),
            ["error", id, code] => roots.push_str(&format!("<error id=\"{id}\" errorCode=\"{code}\"/>")),
            ["escalation", id, code] => {
                roots.push_str(&format!("<escalation id=\"{id}\" escalationCode=\"{code}\"/>"));
            }
            ["process", ..] => *attributes = line.trim().trim_start_matches("process ").to_owned(),
            ["called", key] => processes.push((key.to_owned(), String::new(), String::new())),
            _ => {
                body.push_str(line);
                body.push('\n');
            }
        }
    }
    let processes: String = processes
        .into_iter()
        .map(|(key, attributes, body)| {
            format!("<process id=\"{key}\" isExecutable=\"true\" {attributes}>\n{body}</process>\n")
        })
        .collect();
    format!(
        "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" \
         xmlns:camunda=\"http://camunda.org/schema/1.0/bpmn\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         targetNamespace=\"test\">\n{roots}{processes}</definitions>"
    )
}

fn sequence_flow(flow: &str, line: &str) -> String {
    let (source, target) = flow.split_once('>').unwrap_or_else(|| panic!("`{line}` is no flow"));
    let open = format!("<sequenceFlow id=\"{source}_{target}\" sourceRef=\"{source}\" targetRef=\"{target}\"");
    match line.split_once(flow).map(|(_, condition)| condition.trim()) {
        Some(condition) if !condition.is_empty() => {
            let condition = condition.replace('&', "&amp;").replace('<', "&lt;");
            format!(
                "{open}><conditionExpression xsi:type=\"tFormalExpression\">{condition}</conditionExpression></sequenceFlow>\n"
            )
        }
        _ => format!("{open}/>\n"),
    }
}

/// A command split into its words, with quoted texts kept together.
#[derive(Debug)]
pub struct Line {
    pub verb: String,
    pub words: Vec<String>,
    pub variables: VariableMap,
    pub local_variables: VariableMap,
}

/// Panics where there is no verb.
pub fn line(text: &str) -> Line {
    let mut tokens = tokens(text).into_iter();
    let verb = tokens.next().expect("a command has a verb");
    let mut line = Line { verb, words: Vec::new(), variables: VariableMap::new(), local_variables: VariableMap::new() };
    let mut is_local = false;
    for token in tokens {
        match token.split_once('=') {
            Some((name, value)) if !token.starts_with('"') => {
                let (name, transient) = match name.strip_prefix('~') {
                    Some(name) => (name, true),
                    None => (name, false),
                };
                let variables = if is_local { &mut line.local_variables } else { &mut line.variables };
                variables.insert(name.into(), VariableWrite { value: variable(value), transient });
            }
            _ if token == "local" => is_local = true,
            _ => line.words.push(token.trim_matches('"').to_owned()),
        }
    }
    line
}

impl Line {
    pub fn word(&self, index: usize) -> &str {
        self.words.get(index).unwrap_or_else(|| panic!("`{}` lacks word {}", self.verb, index + 1))
    }

    /// What stands behind a key word.
    pub fn after(&self, key: &str) -> Option<Arc<str>> {
        let place = self.words.iter().position(|word| word == key)?;
        self.words.get(place + 1).map(|word| word.as_str().into())
    }

    pub fn number_after(&self, key: &str) -> Option<i64> {
        self.after(key).map(|word| word.parse().unwrap_or_else(|_| panic!("`{word}` is no number")))
    }
}

fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut token = String::new();
    let mut is_quoted = false;
    for letter in text.chars() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                token.push(letter);
            }
            ' ' if !is_quoted => {
                if !token.is_empty() {
                    found.push(std::mem::take(&mut token));
                }
            }
            other => token.push(other),
        }
    }
    if !token.is_empty() {
        found.push(token);
    }
    found
}

fn variable(text: &str) -> VariableValue {
    if let Some(quoted) = text.strip_prefix('"') {
        return VariableValue::String(quoted.trim_end_matches('"').into());
    }
    if let Some(json) = text.strip_prefix("json:") {
        return VariableValue::Json(json.into());
    }
    match text {
        "true" | "false" => VariableValue::Boolean(text == "true"),
        "null" => VariableValue::Null,
        _ => match (text.parse::<i32>(), text.parse::<f64>(), text.strip_suffix('L')) {
            (Ok(number), _, _) => VariableValue::Integer(number),
            (_, Ok(number), _) => VariableValue::Double(number),
            (_, _, Some(long)) => VariableValue::Long(long.parse().expect("a number before L")),
            _ => panic!("`{text}` is no value"),
        },
    }
}

/// A value as traces show it.
pub fn shown(value: &VariableValue) -> String {
    match value {
        VariableValue::Null => "null".to_owned(),
        VariableValue::Boolean(truth) => truth.to_string(),
        VariableValue::Integer(number) => number.to_string(),
        VariableValue::Long(number) => format!("{number}L"),
        VariableValue::Double(number) => format!("{number:?}"),
        VariableValue::String(text) => format!("{text:?}"),
        VariableValue::Json(text) => format!("json:{text}"),
        VariableValue::Object(object) => format!("object {}", object.serialized.as_deref().unwrap_or("null")),
        other => format!("{other:?}"),
    }
}
