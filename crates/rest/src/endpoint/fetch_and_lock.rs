//! fetchAndLock: what is asked for, and the locked tasks on their way to the worker.
//!
//! A worker that is gone before its claim commits gets nothing locked: its connection ends, hyper drops this handler's
//! future, and the runtime takes that for a withdrawal. A worker that is gone when its answer is written gets it
//! unlocked again: the answer's body owns the tasks until hyper has taken its last piece.

use std::sync::Arc;

use axum::http::StatusCode;
use engine::{Rejection, RejectionKind};
use runtime::{
    ClaimOrder, ClaimTenants, ClaimTopic, ClaimVariables, ExtensionProperties, FetchRequest, FetchTopic, FetchedTask,
};
use serde::{Serialize, Serializer};
use types::{ActivityInstanceId, ExecutionId, ExternalTaskId, ProcessInstanceId, Timestamp};

use crate::answer::Answer;
use crate::call::Call;
use crate::delivery::Delivery;
use crate::dto::shown::Shown;
use crate::dto::variable::{ValueForm, VariablesJson, plain_value};
use crate::failure::{Failure, Refusal};
use crate::given::Properties;
use crate::json::Fields;
use crate::settings::RestSettings;

/// Topics of one request.
pub const TOPICS_MAX: usize = 1_000;

/// About as long is a task with few variables in an answer.
const TASK_BYTES: usize = 1024;

pub async fn fetch_and_lock(call: Call) -> Result<Answer, Failure> {
    let (request, topics) = read(&call.fields()?, &call.rest.settings)?;
    let deliveries = call.deliveries.clone();
    let fetched = call.into_runtime().fetch_and_lock(request).await?;
    let text = Answer::text_of(&topics.shown(&fetched.tasks)?, TASK_BYTES * fetched.tasks.len())?;
    Ok(Answer::json_text(Delivery::new(text, fetched, deliveries).into_body()))
}

/// The topics of a request, with what its answer needs.
pub(super) struct Topics(Vec<Topic>);

struct Topic {
    fetch: FetchTopic,
    form: ValueForm,
}

pub(super) fn read(fields: &Fields, settings: &RestSettings) -> Result<(FetchRequest, Topics), Failure> {
    let topics = topics(fields)?;
    let timeout_ms = fields.long("asyncResponseTimeout")?.unwrap_or(0);
    let timeout_ms_max = i64::try_from(settings.poll_timeout_max.as_millis()).unwrap_or(i64::MAX);
    let request = FetchRequest {
        order: order(fields)?,
        tasks_max: tasks_max(fields)?.min(settings.tasks_per_fetch_max),
        worker_id: fields.text("workerId")?.ok_or_else(|| null_value("`workerId` is missing"))?,
        topics: topics.iter().map(|topic| topic.fetch.clone()).collect(),
        async_response_timeout_ms: u64::try_from(timeout_ms).unwrap_or(0),
    };
    check(&request)?;
    if timeout_ms > timeout_ms_max {
        return Err(Failure::invalid(format!(
            "`asyncResponseTimeout` must not be more than {timeout_ms_max} milliseconds"
        )));
    }
    Ok((request, Topics(topics)))
}

impl Topics {
    /// The tasks as the worker gets them.
    pub(super) fn shown<'t>(&self, fetched: &'t [FetchedTask]) -> Result<Vec<LockedTaskJson<'t>>, Failure> {
        fetched.iter().map(|task| locked_task(task, &self.0)).collect()
    }
}

/// Camunda: wrong numbers are faults of the engine, not of the request.
fn check(request: &FetchRequest) -> Result<(), Failure> {
    for topic in &request.topics {
        if topic.claim.lock_duration_ms <= 0 {
            return Err(engine_fault(format!(
                "`lockDuration` of topic `{}` has to be more than 0, not {}",
                topic.claim.name, topic.claim.lock_duration_ms
            )));
        }
    }
    Ok(())
}

fn tasks_max(fields: &Fields) -> Result<u32, Failure> {
    let asked = fields.integer("maxTasks")?.unwrap_or(0);
    u32::try_from(asked).map_err(|_| engine_fault(format!("`maxTasks` must not be negative: {asked}")))
}

fn order(fields: &Fields) -> Result<Vec<ClaimOrder>, Failure> {
    let mut order = Vec::new();
    if fields.flag("usePriority")?.unwrap_or(false) {
        order.push(ClaimOrder::PriorityDescending);
    }
    for entry in fields.array("sorting")?.unwrap_or_default() {
        let entry = Fields::within(entry, || "an entry of `sorting`".to_owned())?;
        match entry.text("sortBy")?.as_deref() {
            Some("createTime") => {}
            other => return Err(Failure::invalid(format!("`sortBy` has to be createTime, not {other:?}"))),
        }
        match entry.text("sortOrder")?.as_deref() {
            Some("asc") => order.push(ClaimOrder::CreateTimeAscending),
            Some("desc") => order.push(ClaimOrder::CreateTimeDescending),
            Some(other) => return Err(Failure::invalid(format!("`sortOrder` has to be asc or desc, not `{other}`"))),
            None => {
                let refusal = Refusal::new(StatusCode::BAD_REQUEST, "NotValidException", "`sortOrder` is missing");
                return Err(Failure::from(Refusal { code: Some(0), ..refusal }));
            }
        }
    }
    Ok(order)
}

fn topics(fields: &Fields) -> Result<Vec<Topic>, Failure> {
    let given = fields.array("topics")?.unwrap_or_default();
    if given.len() > TOPICS_MAX {
        return Err(Failure::invalid(format!("`topics` must not have more than {TOPICS_MAX} entries")));
    }
    given.iter().map(|entry| topic(&Fields::within(entry, || "an entry of `topics`".to_owned())?)).collect()
}

/// An entry of `topics`.
type TopicFields<'v> = Fields<&'v Properties>;

fn topic(fields: &TopicFields<'_>) -> Result<Topic, Failure> {
    let name = fields.text("topicName")?.ok_or_else(|| null_value("`topicName` is missing"))?;
    let claim = ClaimTopic {
        name,
        lock_duration_ms: fields.long("lockDuration")?.unwrap_or(0),
        business_key: fields.text("businessKey")?,
        definition_ids: one_and_many(fields, "processDefinitionId", "processDefinitionIdIn")?,
        definition_keys: one_and_many(fields, "processDefinitionKey", "processDefinitionKeyIn")?,
        definition_version_tag: fields.text("processDefinitionVersionTag")?,
        tenants: tenants(fields)?,
        process_variables: process_variables(fields)?,
        variables: ClaimVariables {
            names: fields.texts("variables")?,
            is_local_only: fields.flag("localVariables")?.unwrap_or(false),
        },
    };
    let extension_properties = match fields.flag("includeExtensionProperties")? {
        Some(true) => ExtensionProperties::Included,
        _ => ExtensionProperties::Left,
    };
    let form = ValueForm::from_flag(fields.flag("deserializeValues")?, ValueForm::Serialized);
    Ok(Topic { fetch: FetchTopic { claim, extension_properties }, form })
}

/// Two properties for the same thing, where both have to hold. Empty is no restriction.
fn one_and_many(fields: &TopicFields<'_>, one: &str, many: &str) -> Result<Vec<Arc<str>>, Failure> {
    let many = fields.texts(many)?.unwrap_or_default();
    Ok(match fields.text(one)? {
        None => many,
        Some(one) if many.is_empty() || many.contains(&one) => vec![one],
        // No definition has an empty id or key.
        Some(_) => vec!["".into()],
    })
}

fn tenants(fields: &TopicFields<'_>) -> Result<ClaimTenants, Failure> {
    let named = fields.texts("tenantIdIn")?.filter(|ids| !ids.is_empty());
    Ok(match (fields.flag("withoutTenantId")?, named) {
        (Some(true), _) => ClaimTenants::None,
        (_, Some(ids)) => ClaimTenants::OneOf(ids),
        (_, None) => ClaimTenants::Any,
    })
}

fn process_variables(fields: &TopicFields<'_>) -> Result<Vec<(Arc<str>, types::VariableValue)>, Failure> {
    let Some(wanted) = fields.object("processVariables")? else { return Ok(Vec::new()) };
    wanted.iter().map(|(name, value)| Ok((name.shared(), plain_value(value)?))).collect()
}

/// A locked task as the worker gets it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LockedTaskJson<'t> {
    activity_id: &'t str,
    activity_instance_id: Shown<&'t ActivityInstanceId>,
    error_message: Option<&'t str>,
    error_details: Option<&'t str>,
    execution_id: Shown<ExecutionId>,
    id: Shown<ExternalTaskId>,
    lock_expiration_time: Option<Shown<Timestamp>>,
    create_time: Shown<Timestamp>,
    process_definition_id: &'t str,
    process_definition_key: &'t str,
    process_definition_version_tag: Option<&'t str>,
    process_instance_id: Shown<ProcessInstanceId>,
    retries: Option<i32>,
    suspended: bool,
    worker_id: Option<&'t str>,
    topic_name: &'t str,
    tenant_id: Option<&'t str>,
    variables: VariablesJson<'t>,
    priority: i64,
    business_key: Option<&'t str>,
    extension_properties: ExtensionPropertiesJson<'t>,
}

#[derive(Debug)]
struct ExtensionPropertiesJson<'t>(&'t [(Arc<str>, Arc<str>)]);

impl Serialize for ExtensionPropertiesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A model may name one twice; the last one counts, in the place of the first.
        let is_first = |at: usize| !self.0[..at].iter().any(|(name, _)| *name == self.0[at].0);
        let last_of = |name: &str| self.0.iter().rev().find(|(known, _)| **known == *name).map(|(_, value)| &**value);
        let names = self.0.iter().enumerate().filter(|(at, _)| is_first(*at)).map(|(_, (name, _))| &**name);
        serializer.collect_map(names.map(|name| (name, last_of(name))))
    }
}

fn locked_task<'t>(fetched: &'t FetchedTask, topics: &[Topic]) -> Result<LockedTaskJson<'t>, Failure> {
    let task = &fetched.locked.task;
    let topic = topics.iter().find(|topic| topic.fetch.claim.name == task.topic);
    let form = topic.map_or(ValueForm::Serialized, |topic| topic.form);
    Ok(LockedTaskJson {
        activity_id: &task.activity_id,
        activity_instance_id: Shown(&task.activity_instance_id),
        error_message: task.error_message.as_deref(),
        error_details: task.error_details.as_deref(),
        execution_id: Shown(task.execution_id),
        id: Shown(task.id),
        lock_expiration_time: task.lock_expiration.map(Shown),
        create_time: Shown(task.create_time),
        process_definition_id: task.definition_id.as_str(),
        process_definition_key: &task.definition_key,
        process_definition_version_tag: task.definition_version_tag.as_deref(),
        process_instance_id: Shown(task.process_instance_id),
        retries: task.retries,
        suspended: task.is_suspended,
        worker_id: task.worker_id.as_deref(),
        topic_name: &task.topic,
        tenant_id: task.tenant_id.as_deref(),
        variables: VariablesJson::new(&fetched.locked.variables, form)?,
        priority: task.priority,
        business_key: task.business_key.as_deref(),
        extension_properties: ExtensionPropertiesJson(&fetched.extension_properties),
    })
}

fn null_value(message: &str) -> Failure {
    Rejection::new(RejectionKind::NullValue, message).into()
}

fn engine_fault(message: String) -> Failure {
    Rejection::new(RejectionKind::ProcessEngine, message).into()
}
