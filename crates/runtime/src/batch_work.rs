//! What a batch does to each of its things, as a value and as the text in its rows.
//!
//! The text has the work as a JSON object in its first line and an id in each of the others.

use std::fmt::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use engine::history::EndState;
use engine::{Cancellation, Instantiation, Modification, ModificationInstruction, Place, Skipped};
use serde_json::{Map, Value, json};
use types::{
    FileValue, ObjectValue, ProcessDefinitionId, Timestamp, Uuid, VariableMap, VariableType, VariableValue,
    VariableWrite,
};

use crate::request::{BatchWork, RemovalTime, RemovalTimeReach, Restart, RestartedVariables, SuspensionState};

type Object = Map<String, Value>;

/// Every type of batches.
pub const BATCH_TYPES: &[&str] = &[
    "set-external-task-retries",
    "set-job-retries",
    "instance-deletion",
    "historic-instance-deletion",
    "process-set-removal-time",
    "batch-set-removal-time",
    "instance-update-suspension-state",
    "set-variables",
    "correlate-message",
    "instance-modification",
    "instance-restart",
];

impl BatchWork {
    /// The type of the batch and of its jobs.
    pub fn batch_type(&self) -> &'static str {
        match self {
            BatchWork::SetExternalTaskRetries { .. } => "set-external-task-retries",
            BatchWork::SetJobRetries { .. } => "set-job-retries",
            BatchWork::DeleteProcessInstances { .. } => "instance-deletion",
            BatchWork::DeleteHistoricProcessInstances => "historic-instance-deletion",
            BatchWork::SetRemovalTimeOfProcessInstances { .. } => "process-set-removal-time",
            BatchWork::SetRemovalTimeOfBatches { .. } => "batch-set-removal-time",
            BatchWork::SetSuspension { .. } => "instance-update-suspension-state",
            BatchWork::SetVariables { .. } => "set-variables",
            BatchWork::CorrelateMessage { .. } => "correlate-message",
            BatchWork::ModifyProcessInstances { .. } => "instance-modification",
            BatchWork::RestartProcessInstances { .. } => "instance-restart",
        }
    }

    fn to_json(&self) -> Value {
        let work = match self {
            BatchWork::SetExternalTaskRetries { retries } => json!({ "retries": retries }),
            BatchWork::SetJobRetries { retries, due_date } => json!({
                "retries": retries,
                "dueDate": due_date.map(|due_date| due_date.map(|time| time.0)),
                "setsDueDate": due_date.is_some(),
            }),
            BatchWork::DeleteProcessInstances { delete_reason, skipped } => json!({
                "deleteReason": delete_reason.as_deref(),
                "skipped": skipped_json(*skipped),
            }),
            BatchWork::DeleteHistoricProcessInstances => json!({}),
            BatchWork::SetRemovalTimeOfProcessInstances { removal_time, reach } => {
                let mut work = removal_time_json(*removal_time);
                work["hierarchical"] = json!(*reach == RemovalTimeReach::Tree);
                work
            }
            BatchWork::SetRemovalTimeOfBatches { removal_time } => removal_time_json(*removal_time),
            BatchWork::SetSuspension { state } => json!({ "suspended": *state == SuspensionState::Suspended }),
            BatchWork::SetVariables { variables } => json!({ "variables": variables_json(variables) }),
            BatchWork::CorrelateMessage { name, variables } => {
                json!({ "name": name.as_deref(), "variables": variables_json(variables) })
            }
            BatchWork::ModifyProcessInstances { definition_id, modification } => json!({
                "definition": definition_id.as_ref().map(ProcessDefinitionId::as_str),
                "modification": modification_json(modification),
            }),
            BatchWork::RestartProcessInstances(restart) => json!({
                "definition": restart.definition_id.as_str(),
                "modification": modification_json(&restart.modification),
                "keepsBusinessKey": restart.keeps_business_key,
                "initialVariables": restart.variables == RestartedVariables::Initial,
            }),
        };
        json!({ "type": self.batch_type(), "work": work })
    }

    fn from_json(value: &Value) -> Option<BatchWork> {
        let work = value.get("work")?.as_object()?;
        let retries = || i32::try_from(work.get("retries")?.as_i64()?).ok();
        Some(match value.get("type")?.as_str()? {
            "set-external-task-retries" => BatchWork::SetExternalTaskRetries { retries: retries()? },
            "set-job-retries" => BatchWork::SetJobRetries {
                retries: retries()?,
                due_date: flag(work, "setsDueDate").then(|| work.get("dueDate").and_then(Value::as_i64).map(Timestamp)),
            },
            "instance-deletion" => BatchWork::DeleteProcessInstances {
                delete_reason: text(work, "deleteReason"),
                skipped: skipped(work.get("skipped")?)?,
            },
            "historic-instance-deletion" => BatchWork::DeleteHistoricProcessInstances,
            "process-set-removal-time" => {
                let reach = match flag(work, "hierarchical") {
                    true => RemovalTimeReach::Tree,
                    false => RemovalTimeReach::Instance,
                };
                BatchWork::SetRemovalTimeOfProcessInstances { removal_time: removal_time(work), reach }
            }
            "batch-set-removal-time" => BatchWork::SetRemovalTimeOfBatches { removal_time: removal_time(work) },
            "instance-update-suspension-state" => BatchWork::SetSuspension {
                state: match flag(work, "suspended") {
                    true => SuspensionState::Suspended,
                    false => SuspensionState::Active,
                },
            },
            "set-variables" => BatchWork::SetVariables { variables: variables(work.get("variables")?)? },
            "correlate-message" => {
                BatchWork::CorrelateMessage { name: text(work, "name"), variables: variables(work.get("variables")?)? }
            }
            "instance-modification" => BatchWork::ModifyProcessInstances {
                definition_id: text(work, "definition").map(ProcessDefinitionId),
                modification: modification(work.get("modification")?)?,
            },
            "instance-restart" => BatchWork::RestartProcessInstances(Restart {
                definition_id: ProcessDefinitionId(text(work, "definition")?),
                modification: modification(work.get("modification")?)?,
                keeps_business_key: flag(work, "keepsBusinessKey"),
                variables: match flag(work, "initialVariables") {
                    true => RestartedVariables::Initial,
                    false => RestartedVariables::Last,
                },
            }),
            _ => return None,
        })
    }
}

pub(crate) fn encode(work: &BatchWork, ids: &[Uuid]) -> Arc<str> {
    let mut encoded = work.to_json().to_string();
    for id in ids {
        let _ = write!(encoded, "\n{id}");
    }
    encoded.into()
}

pub(crate) fn decode(encoded: &str) -> Option<(BatchWork, Vec<Uuid>)> {
    decode_part(encoded, 0, usize::MAX)
}

/// The same with `count` ids after the first `from`: those of a large batch are read portion by portion.
pub(crate) fn decode_part(encoded: &str, from: usize, count: usize) -> Option<(BatchWork, Vec<Uuid>)> {
    let mut lines = encoded.lines();
    let work = BatchWork::from_json(&serde_json::from_str(lines.next()?).ok()?)?;
    let ids: Result<Vec<Uuid>, _> = lines.skip(from).take(count).map(str::parse).collect();
    Some((work, ids.ok()?))
}

fn text(object: &Object, name: &str) -> Option<Arc<str>> {
    object.get(name).and_then(Value::as_str).map(Into::into)
}

fn flag(object: &Object, name: &str) -> bool {
    object.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn removal_time_json(removal_time: RemovalTime) -> Value {
    let time = match removal_time {
        RemovalTime::At(time) => Some(time.0),
        RemovalTime::Never | RemovalTime::Calculated => None,
    };
    json!({ "time": time, "calculated": removal_time == RemovalTime::Calculated })
}

fn removal_time(object: &Object) -> RemovalTime {
    match object.get("time").and_then(Value::as_i64) {
        Some(time) => RemovalTime::At(Timestamp(time)),
        None if flag(object, "calculated") => RemovalTime::Calculated,
        None => RemovalTime::Never,
    }
}

fn skipped_json(skipped: Skipped) -> Value {
    json!([skipped.custom_listeners, skipped.io_mappings, skipped.called_instances])
}

fn skipped(value: &Value) -> Option<Skipped> {
    Some(Skipped {
        custom_listeners: value.get(0)?.as_bool()?,
        io_mappings: value.get(1)?.as_bool()?,
        // Older batches do not say.
        called_instances: value.get(2).and_then(Value::as_bool).unwrap_or(false),
    })
}

fn modification_json(modification: &Modification) -> Value {
    let instructions: Vec<Value> = modification.instructions.iter().map(instruction_json).collect();
    json!({
        "instructions": instructions,
        "skipped": skipped_json(modification.skipped),
        "emptiedExternally": modification.emptied_as == EndState::ExternallyTerminated,
    })
}

fn modification(value: &Value) -> Option<Modification> {
    let object = value.as_object()?;
    let instructions: Option<Vec<_>> = object.get("instructions")?.as_array()?.iter().map(instruction).collect();
    Some(Modification {
        instructions: instructions?,
        skipped: skipped(object.get("skipped")?)?,
        emptied_as: match flag(object, "emptiedExternally") {
            true => EndState::ExternallyTerminated,
            false => EndState::InternallyTerminated,
        },
    })
}

fn instruction_json(instruction: &ModificationInstruction) -> Value {
    match instruction {
        ModificationInstruction::Cancel(cancellation) => {
            let (kind, id) = match cancellation {
                Cancellation::Activity(id) => ("cancel", id),
                Cancellation::ActivityAtFirst(id) => ("cancel-first", id),
                Cancellation::ActivityInstance(id) => ("cancel-instance", id),
                Cancellation::TransitionInstance(id) => ("cancel-transition", id),
            };
            json!({ "type": kind, "id": &**id })
        }
        ModificationInstruction::Start(start) => {
            let (kind, id) = match &start.place {
                Place::Before(id) => ("before", id),
                Place::After(id) => ("after", id),
                Place::Transition(id) => ("along", id),
            };
            json!({
                "type": kind,
                "id": &**id,
                "in": start.ancestor_activity_instance_id.as_deref(),
                "variables": variables_json(&start.variables),
                "local": variables_json(&start.local_variables),
            })
        }
    }
}

fn instruction(value: &Value) -> Option<ModificationInstruction> {
    let object = value.as_object()?;
    let id = text(object, "id")?;
    let place = match object.get("type")?.as_str()? {
        "cancel" => return Some(ModificationInstruction::Cancel(Cancellation::Activity(id))),
        "cancel-first" => return Some(ModificationInstruction::Cancel(Cancellation::ActivityAtFirst(id))),
        "cancel-instance" => return Some(ModificationInstruction::Cancel(Cancellation::ActivityInstance(id))),
        "cancel-transition" => return Some(ModificationInstruction::Cancel(Cancellation::TransitionInstance(id))),
        "before" => Place::Before(id),
        "after" => Place::After(id),
        "along" => Place::Transition(id),
        _ => return None,
    };
    Some(ModificationInstruction::Start(Instantiation {
        place,
        ancestor_activity_instance_id: text(object, "in"),
        variables: variables(object.get("variables")?)?,
        local_variables: variables(object.get("local")?)?,
    }))
}

fn variables_json(variables: &VariableMap) -> Value {
    let shown = variables.iter().map(|(name, write)| {
        let value = json!({
            "type": write.value.variable_type().name(),
            "value": value_json(&write.value),
            "transient": write.transient,
        });
        (name.to_string(), value)
    });
    Value::Object(shown.collect())
}

fn variables(value: &Value) -> Option<VariableMap> {
    let read = |(name, value): (&String, &Value)| {
        let kind = VariableType::from_name(value.get("type")?.as_str()?)?;
        let transient = value.get("transient")?.as_bool()?;
        Some((name.as_str().into(), VariableWrite { value: variable(kind, value.get("value")?)?, transient }))
    };
    value.as_object()?.iter().map(read).collect()
}

fn value_json(value: &VariableValue) -> Value {
    match value {
        VariableValue::Null | VariableValue::TypedNull(_) => Value::Null,
        VariableValue::Boolean(flag) => json!(flag),
        VariableValue::Short(number) => json!(number),
        VariableValue::Integer(number) => json!(number),
        VariableValue::Long(number) => json!(number),
        // JSON has no infinite numbers and none that is not a number.
        VariableValue::Double(number) => json!(number.to_bits()),
        VariableValue::Date(time) => json!(time.0),
        VariableValue::String(text) | VariableValue::Json(text) | VariableValue::Xml(text) => json!(&**text),
        VariableValue::Bytes(bytes) => json!(STANDARD.encode(bytes)),
        VariableValue::File(file) => json!({
            "filename": file.filename,
            "mimeType": file.mime_type,
            "encoding": file.encoding,
            "contents": STANDARD.encode(&file.contents),
        }),
        VariableValue::Object(object) => json!({
            "objectTypeName": object.object_type_name,
            "serializationDataFormat": object.serialization_data_format,
            "serialized": object.serialized,
        }),
    }
}

fn variable(kind: VariableType, value: &Value) -> Option<VariableValue> {
    if value.is_null() {
        return Some(VariableValue::null_of(kind));
    }
    let given = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(match kind {
        VariableType::Null => VariableValue::Null,
        VariableType::Boolean => VariableValue::Boolean(value.as_bool()?),
        VariableType::Short => VariableValue::Short(value.as_i64()?.try_into().ok()?),
        VariableType::Integer => VariableValue::Integer(value.as_i64()?.try_into().ok()?),
        VariableType::Long => VariableValue::Long(value.as_i64()?),
        VariableType::Double => VariableValue::Double(f64::from_bits(value.as_u64()?)),
        VariableType::Date => VariableValue::Date(Timestamp(value.as_i64()?)),
        VariableType::String => VariableValue::String(value.as_str()?.into()),
        VariableType::Json => VariableValue::Json(value.as_str()?.into()),
        VariableType::Xml => VariableValue::Xml(value.as_str()?.into()),
        VariableType::Bytes => VariableValue::Bytes(STANDARD.decode(value.as_str()?).ok()?.into()),
        VariableType::File => VariableValue::File(Arc::new(FileValue {
            filename: given("filename")?,
            mime_type: given("mimeType"),
            encoding: given("encoding"),
            contents: STANDARD.decode(given("contents")?).ok()?.into(),
        })),
        VariableType::Object => VariableValue::Object(Arc::new(ObjectValue {
            object_type_name: given("objectTypeName"),
            serialization_data_format: given("serializationDataFormat"),
            serialized: given("serialized"),
        })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: VariableValue) -> VariableWrite {
        VariableWrite { value, transient: false }
    }

    fn every_value() -> VariableMap {
        let file = FileValue {
            filename: "a.txt".to_owned(),
            mime_type: Some("text/plain".to_owned()),
            encoding: None,
            contents: [0, 255].as_slice().into(),
        };
        let object = ObjectValue {
            object_type_name: Some("java.util.ArrayList".to_owned()),
            serialization_data_format: None,
            serialized: Some("[1]".to_owned()),
        };
        let values = [
            VariableValue::Null,
            VariableValue::TypedNull(VariableType::Date),
            VariableValue::Boolean(true),
            VariableValue::Short(-3),
            VariableValue::Integer(7),
            VariableValue::Long(i64::MIN),
            VariableValue::Double(f64::INFINITY),
            VariableValue::String("two\nlines".into()),
            VariableValue::Date(Timestamp(5)),
            VariableValue::Bytes([1, 2].as_slice().into()),
            VariableValue::File(Arc::new(file)),
            VariableValue::Json("{".into()),
            VariableValue::Xml("<a/>".into()),
            VariableValue::Object(Arc::new(object)),
        ];
        values.into_iter().enumerate().map(|(n, value)| (format!("v{n:02}").into(), written(value))).collect()
    }

    #[test]
    fn texts_are_read_as_they_were_written() {
        let start = Instantiation {
            place: Place::After("a".into()),
            ancestor_activity_instance_id: Some("p:1".into()),
            variables: every_value(),
            local_variables: VariableMap::new(),
        };
        let modification = Modification {
            instructions: vec![
                ModificationInstruction::Cancel(Cancellation::ActivityAtFirst("b".into())),
                ModificationInstruction::Start(start),
            ],
            skipped: Skipped { custom_listeners: true, ..Skipped::default() },
            emptied_as: EndState::InternallyTerminated,
        };
        let skipped = modification.skipped;
        let restart = Restart {
            definition_id: "p:1:x".into(),
            modification: modification.clone(),
            keeps_business_key: true,
            variables: RestartedVariables::Last,
        };
        let works = [
            BatchWork::SetExternalTaskRetries { retries: -1 },
            BatchWork::SetJobRetries { retries: 3, due_date: Some(None) },
            BatchWork::SetJobRetries { retries: 3, due_date: None },
            BatchWork::DeleteProcessInstances { delete_reason: Some("no".into()), skipped },
            BatchWork::DeleteHistoricProcessInstances,
            BatchWork::SetRemovalTimeOfProcessInstances {
                removal_time: RemovalTime::At(Timestamp(0)),
                reach: RemovalTimeReach::Tree,
            },
            BatchWork::SetRemovalTimeOfProcessInstances {
                removal_time: RemovalTime::Calculated,
                reach: RemovalTimeReach::Instance,
            },
            BatchWork::SetRemovalTimeOfBatches { removal_time: RemovalTime::Never },
            BatchWork::SetSuspension { state: SuspensionState::Suspended },
            BatchWork::SetVariables { variables: every_value() },
            BatchWork::CorrelateMessage { name: None, variables: VariableMap::new() },
            BatchWork::ModifyProcessInstances { definition_id: None, modification },
            BatchWork::RestartProcessInstances(restart),
        ];
        let ids = vec![Uuid(1), Uuid(u128::MAX)];
        for work in works {
            assert!(BATCH_TYPES.contains(&work.batch_type()));
            assert_eq!(decode(&encode(&work, &ids)), Some((work, ids.clone())));
        }
    }
}
