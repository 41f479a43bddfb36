//! Variables of a scope: of a process instance, an execution, a task. The same operations for all of them.

use std::sync::Arc;

use engine::{Command, Rejection, RejectionKind, ScopeKey, VariablePatch, VariableReach};
use runtime::LocatedBy;
use types::{
    ExecutionId, FileValue, ObjectValue, ProcessInstanceId, TaskId, VariableMap, VariableType, VariableValue,
    VariableWrite,
};

use crate::answer::Answer;
use crate::call::{Call, parse_id};
use crate::dto::variable::{JSON_FORMAT, ValueForm, VariableJson, variable, variables, variables_json};
use crate::failure::{Failure, Refusal, look};
use crate::form::{Form, FormPart};
use crate::given::Given;
use crate::media::{contents_type, essence, parameter};

/// A process instance's variables.
pub mod of_process_instance {
    super::operations!(super::Owner::ProcessInstance, super::VariableReach::Nearest);
}

/// An execution's own variables.
pub mod of_execution {
    super::operations!(super::Owner::Execution, super::VariableReach::Local);
}

/// What a task can see.
pub mod of_task {
    super::operations!(super::Owner::Task, super::VariableReach::Nearest);
}

/// A task's own variables.
pub mod local_to_task {
    super::operations!(super::Owner::Task, super::VariableReach::Local);
}

/// The operations, for one kind of owner and reach.
macro_rules! operations {
    ($owner:expr, $reach:expr) => {
        use super::Variables;
        use crate::answer::Answer;
        use crate::call::Call;
        use crate::failure::Failure;

        const VARIABLES: Variables = Variables { owner: $owner, reach: $reach };

        pub async fn all(call: Call) -> Result<Answer, Failure> {
            VARIABLES.all(&call).await
        }

        pub async fn one(call: Call) -> Result<Answer, Failure> {
            VARIABLES.one(&call).await
        }

        pub async fn data(call: Call) -> Result<Answer, Failure> {
            VARIABLES.data(&call).await
        }

        pub async fn put(call: Call) -> Result<Answer, Failure> {
            VARIABLES.put(&call).await
        }

        pub async fn put_data(call: Call) -> Result<Answer, Failure> {
            VARIABLES.put_data(&call).await
        }

        pub async fn modify(call: Call) -> Result<Answer, Failure> {
            VARIABLES.modify(&call).await
        }

        pub async fn delete(call: Call) -> Result<Answer, Failure> {
            VARIABLES.delete(&call).await
        }
    };
}
use operations;

#[derive(Clone, Copy, Debug)]
enum Owner {
    ProcessInstance,
    Execution,
    Task,
}

#[derive(Clone, Copy, Debug)]
struct Variables {
    owner: Owner,
    reach: VariableReach,
}

type Named = Vec<(Arc<str>, VariableValue)>;

impl Variables {
    async fn all(self, call: &Call) -> Result<Answer, Failure> {
        let form = ValueForm::from_flag(call.query.flag("deserializeValues"), ValueForm::Deserialized);
        let found = self.read(call).await.map_err(unknown_is_null_value)?;
        Answer::json(&variables_json(&found, form).map_err(one_of_many)?)
    }

    async fn one(self, call: &Call) -> Result<Answer, Failure> {
        let form = ValueForm::from_flag(call.query.flag("deserializeValue"), ValueForm::Deserialized);
        Answer::json(&VariableJson::new(&self.read_one(call).await?, form)?)
    }

    async fn data(self, call: &Call) -> Result<Answer, Failure> {
        contents(&self.read_one(call).await?)
    }

    async fn put(self, call: &Call) -> Result<Answer, Failure> {
        let name = call.path("varName");
        let write = variable(&Given::Object(call.fields()?.into_inner()), name)?;
        self.patch(call, modification(name, write)).await
    }

    async fn put_data(self, call: &Call) -> Result<Answer, Failure> {
        let name = call.path("varName");
        let form = Form::read(call).await?;
        let write = uploaded(&form, name)?;
        self.patch(call, modification(name, write)).await
    }

    async fn modify(self, call: &Call) -> Result<Answer, Failure> {
        let fields = call.fields()?;
        let patch = VariablePatch {
            modifications: variables(&fields, "modifications")?,
            deletions: fields.texts("deletions")?.unwrap_or_default(),
        };
        self.patch(call, patch).await
    }

    async fn delete(self, call: &Call) -> Result<Answer, Failure> {
        let deletions = vec![call.path("varName").into()];
        self.patch(call, VariablePatch { modifications: VariableMap::new(), deletions }).await
    }

    async fn patch(self, call: &Call, patch: VariablePatch) -> Result<Answer, Failure> {
        let reach = self.reach;
        let command = match self.owner {
            Owner::ProcessInstance => {
                let id: ProcessInstanceId = call.id("process instance")?;
                Command::PatchVariables { execution_id: id.into(), reach, patch }
            }
            Owner::Execution => Command::PatchVariables { execution_id: call.id("execution")?, reach, patch },
            Owner::Task => Command::PatchTaskVariables { id: call.id("task")?, reach, patch },
        };
        call.runtime().execute(command).await?;
        Ok(Answer::no_content())
    }

    async fn read_one(self, call: &Call) -> Result<VariableValue, Failure> {
        let name = call.path("varName");
        let found = self.read(call).await?.into_iter().find(|(known, _)| **known == *name);
        match found {
            Some((_, value)) => Ok(value),
            None => Err(Failure::not_found(format!("no variable with the name `{name}`"))),
        }
    }

    /// In the order of names. An unknown owner is refused by the engine's word for it.
    async fn read(self, call: &Call) -> Result<Named, Failure> {
        let text = call.path("id");
        let (what, found) = match self.owner {
            Owner::ProcessInstance => {
                let id: ProcessInstanceId = parse_id(text, "process instance")?;
                ("process instance", self.read_execution(call, id.into()).await?)
            }
            Owner::Execution => ("execution", self.read_execution(call, parse_id(text, "execution")?).await?),
            Owner::Task => ("task", self.read_task(call, parse_id(text, "task")?).await?),
        };
        found.ok_or_else(|| Rejection::not_found(what, text).into())
    }

    async fn read_execution(self, call: &Call, id: ExecutionId) -> Result<Option<Named>, Failure> {
        let look = move |aggregate: &engine::Aggregate| {
            aggregate.execution(id).map(|_| match self.reach {
                VariableReach::Nearest => aggregate.variables_visible_from(id),
                VariableReach::Local => own(aggregate, ScopeKey::Execution(id)),
            })
        };
        Ok(call.runtime().inspect(LocatedBy::Execution(id), look).await?.flatten())
    }

    async fn read_task(self, call: &Call, id: TaskId) -> Result<Option<Named>, Failure> {
        let look = move |aggregate: &engine::Aggregate| {
            aggregate.task(id).map(|_| match self.reach {
                VariableReach::Nearest => aggregate.variables_visible_from_task(id),
                VariableReach::Local => own(aggregate, ScopeKey::Task(id)),
            })
        };
        Ok(call.runtime().inspect(LocatedBy::Task(id), look).await?.flatten())
    }
}

/// Camunda: one value that cannot be shown fails them all, and as the engine itself.
fn one_of_many(failure: Failure) -> Failure {
    let refusal = failure.into_refusal(&look::ENGINE);
    Refusal { error_type: "ProcessEngineException", ..refusal }.of_engine().into()
}

/// Contents of a file or of bytes, to be saved. Other values have none.
pub fn contents(value: &VariableValue) -> Result<Answer, Failure> {
    match value {
        VariableValue::File(file) => {
            let content_type = contents_type(file.mime_type.as_deref(), file.encoding.as_deref());
            Ok(Answer::of_type(content_type, file.contents.to_vec()).as_attachment(&file.filename))
        }
        VariableValue::Bytes(bytes) => Ok(Answer::of_type(contents_type(None, None), bytes.to_vec())),
        VariableValue::TypedNull(VariableType::Bytes) => Ok(Answer::of_type(contents_type(None, None), Vec::new())),
        other => Err(Failure::invalid(format!(
            "only values of the types File and Bytes have data, not one of type {}",
            other.variable_type().name()
        ))),
    }
}

fn own(aggregate: &engine::Aggregate, scope: ScopeKey) -> Named {
    aggregate.variables_of(scope).map(|variable| (variable.name.clone(), variable.value.clone())).collect()
}

fn modification(name: &str, write: VariableWrite) -> VariablePatch {
    VariablePatch { modifications: VariableMap::from([(name.into(), write)]), deletions: Vec::new() }
}

/// Camunda: the list of an unknown owner is refused in another way than its single variables.
fn unknown_is_null_value(failure: Failure) -> Failure {
    match failure {
        Failure::Rejected(rejection) if rejection.kind == RejectionKind::NotFound => {
            Rejection { kind: RejectionKind::NullValue, ..rejection }.into()
        }
        other => other,
    }
}

/// The part `data` as what `valueType` says, bytes if nothing does, or as JSON of the class that `type` names.
fn uploaded(form: &Form, name: &str) -> Result<VariableWrite, Failure> {
    let Some(data) = form.part("data") else {
        return Err(Failure::invalid("the part `data` is missing"));
    };
    if let Some(class) = form.text("type")? {
        return uploaded_object(data, class, name);
    }
    let type_name = form.text("valueType")?.unwrap_or("Bytes").trim();
    match VariableType::from_name(type_name) {
        Some(VariableType::File) => Ok(uploaded_file(data)),
        Some(VariableType::Bytes) => {
            let value = VariableValue::Bytes(data.contents.to_vec().into());
            Ok(VariableWrite { value, transient: false })
        }
        _ => Err(Failure::invalid(format!("`valueType` has to be File or Bytes, not `{type_name}`"))),
    }
}

/// Kept as JSON, not in Java's serialization as the reference does.
fn uploaded_object(data: &FormPart, class: &str, name: &str) -> Result<VariableWrite, Failure> {
    let content_type = data.content_type.as_deref().unwrap_or_default();
    if !content_type.to_ascii_lowercase().contains(JSON_FORMAT) {
        return Err(Failure::invalid(format!("an object has to come as {JSON_FORMAT}, not as `{content_type}`")));
    }
    let text = std::str::from_utf8(&data.contents)
        .ok()
        .filter(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    let Some(text) = text else {
        return Err(Failure::invalid(format!("the variable `{name}` is no JSON")));
    };
    let value = VariableValue::Object(Arc::new(ObjectValue {
        object_type_name: Some(class.trim().to_owned()),
        serialization_data_format: Some(JSON_FORMAT.to_owned()),
        serialized: Some(text.to_owned()),
    }));
    Ok(VariableWrite { value, transient: false })
}

fn uploaded_file(data: &FormPart) -> VariableWrite {
    let content_type = data.content_type.as_deref().unwrap_or("application/octet-stream");
    let value = VariableValue::File(Arc::new(FileValue {
        filename: data.filename.clone().unwrap_or_default(),
        mime_type: Some(essence(content_type).to_owned()),
        encoding: parameter(content_type, "encoding").map(str::to_owned),
        contents: data.contents.to_vec().into(),
    }));
    VariableWrite { value, transient: parameter(content_type, "transient") == Some("true") }
}
