//! The table of all operations: those of Camunda's REST contract, one row each in the order of the contract's own list,
//! and behind them those of Camlock's own (`docs/guides/worker-extensions.md`).
//!
//! A row says how an operation is called, what it takes and answers, and, once it is there, its handler and how the
//! engine's refusals look to its callers. Routes are generated from the table (`router`); a row without a handler
//! answers 501. To add an endpoint, name its handler here: see `docs/guides/add-an-endpoint.md`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use axum::http::Method;
use query::resource;

use crate::answer::Answer;
use crate::call::Call;
use crate::endpoint::scope_variables::{local_to_task, of_execution, of_process_instance, of_task};
use crate::endpoint::{
    attachment, batch, comment, completion_batch, condition, deployment, engine, execution, external_task,
    external_task_retries, fetch_and_lock, history, history_cleanup, history_statistics, incident, instance_batch, job,
    job_definition, message, modification, process_definition, process_instance, removal_time, report, restart, signal,
    start_form, statistics, task, task_form, worker_stream,
};
use crate::failure::{Failure, Look};
use crate::list;

/// What a handler is on its way to.
pub type Answering = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send>>;

/// The tag of the operations that the contract does not have.
pub const OWN_TAG: &str = "Camlock";

/// One operation.
pub struct Operation {
    pub method: Verb,
    /// With parameters in braces, relative to `/engine-rest` and to `/engine-rest/engine/{name}`.
    pub path: &'static str,
    pub tag: &'static str,
    /// The contract's `operationId`, where it has the operation.
    pub id: &'static str,
    pub takes: Takes,
    pub answers: Answers,
    /// `None` while it is not there yet.
    pub handler: Option<Handler>,
}

/// What a finished operation does.
pub struct Handler {
    pub run: fn(Call) -> Answering,
    pub look: &'static Look,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Delete,
    Get,
    Options,
    Post,
    Put,
}

/// The media type of what an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// No body; one that is sent is not looked at.
    Nothing,
    Json,
    /// `multipart/form-data`.
    Form,
}

/// The media type of what an operation answers when all went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    Nothing,
    Json,
    Text,
    /// `text/event-stream`.
    Events,
    /// Decided by what is answered.
    Any,
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Verb::Delete => "DELETE",
            Verb::Get => "GET",
            Verb::Options => "OPTIONS",
            Verb::Post => "POST",
            Verb::Put => "PUT",
        }
    }

    pub fn method(self) -> Method {
        match self {
            Verb::Delete => Method::DELETE,
            Verb::Get => Method::GET,
            Verb::Options => Method::OPTIONS,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
        }
    }
}

impl Operation {
    /// Whether it goes beyond Camunda's contract.
    pub fn is_own(&self) -> bool {
        self.tag == OWN_TAG
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.method.name(), self.path, self.id)
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").field("look", self.look).finish_non_exhaustive()
    }
}

macro_rules! verb {
    (DELETE) => {
        Verb::Delete
    };
    (GET) => {
        Verb::Get
    };
    (OPTIONS) => {
        Verb::Options
    };
    (POST) => {
        Verb::Post
    };
    (PUT) => {
        Verb::Put
    };
}

macro_rules! takes {
    (nothing) => {
        Takes::Nothing
    };
    (json) => {
        Takes::Json
    };
    (form) => {
        Takes::Form
    };
}

macro_rules! answers {
    (nothing) => {
        Answers::Nothing
    };
    (json) => {
        Answers::Json
    };
    (text) => {
        Answers::Text
    };
    (events) => {
        Answers::Events
    };
    (any) => {
        Answers::Any
    };
}

macro_rules! handler {
    () => {
        None
    };
    ($look:ident, $handler:expr) => {
        Some(Handler { run: |call| Box::pin(($handler)(call)), look: &crate::failure::look::$look })
    };
}

/// `METHOD "path" id: takes -> answers;`, and for an operation that is there `=> LOOK, handler;`, where the handler is
/// an async function from `Call` to `Result<Answer, Failure>`.
macro_rules! operations {
    ($($tag:literal { $($verb:ident $path:literal $id:ident: $takes:ident -> $answers:ident
        $(=> $look:ident, $handler:expr)?;)* })*) => {
        pub static OPERATIONS: &[Operation] = &[$($(Operation {
            method: verb!($verb),
            path: $path,
            tag: $tag,
            id: stringify!($id),
            takes: takes!($takes),
            answers: answers!($answers),
            handler: handler!($($look, $handler)?),
        },)*)*];
    };
}

operations! {
    "Authorization" {
        DELETE "/authorization/{id}" deleteAuthorization: nothing -> nothing;
        GET "/authorization" queryAuthorizations: nothing -> json;
        GET "/authorization/check" isUserAuthorized: nothing -> json;
        GET "/authorization/count" getAuthorizationCount: nothing -> json;
        GET "/authorization/{id}" getAuthorization: nothing -> json;
        OPTIONS "/authorization" availableOperationsAuthorization: nothing -> json;
        OPTIONS "/authorization/{id}" availableOperationsAuthorizationInstance: nothing -> json;
        POST "/authorization/create" createAuthorization: json -> json;
        PUT "/authorization/{id}" updateAuthorization: json -> nothing;
    }
    "Batch" {
        DELETE "/batch/{id}" deleteBatch: nothing -> nothing => BATCH, batch::delete;
        GET "/batch" getBatches: nothing -> json => ENGINE, |call| list::rows(&resource::BATCHES, call);
        GET "/batch/count" getBatchesCount: nothing -> json => ENGINE, |call| list::count(&resource::BATCHES, call);
        GET "/batch/statistics" getBatchStatistics: nothing -> json => ENGINE, |call| list::rows(&resource::BATCH_STATISTICS, call);
        GET "/batch/statistics/count" getBatchStatisticsCount: nothing -> json => ENGINE, |call| list::count(&resource::BATCH_STATISTICS, call);
        GET "/batch/{id}" getBatch: nothing -> json => ENGINE, |call| list::one(&resource::BATCHES, &list::ABSENT, call);
        PUT "/batch/{id}/suspended" updateBatchSuspensionState: json -> nothing => BATCH, batch::set_suspension;
    }
    "Condition" {
        POST "/condition" evaluateCondition: json -> json => ENGINE, condition::evaluate;
    }
    "Decision Definition" {
        GET "/decision-definition" getDecisionDefinitions: nothing -> json;
        GET "/decision-definition/count" getDecisionDefinitionsCount: nothing -> json;
        GET "/decision-definition/key/{key}" getDecisionDefinitionByKey: nothing -> json;
        GET "/decision-definition/key/{key}/diagram" getDecisionDefinitionDiagramByKey: nothing -> any;
        GET "/decision-definition/key/{key}/tenant-id/{tenant-id}" getDecisionDefinitionByKeyAndTenantId: nothing -> json;
        GET "/decision-definition/key/{key}/tenant-id/{tenant-id}/diagram" getDecisionDefinitionDiagramByKeyAndTenant: nothing -> any;
        GET "/decision-definition/key/{key}/tenant-id/{tenant-id}/xml" getDecisionDefinitionDmnXmlByKeyAndTenant: nothing -> json;
        GET "/decision-definition/key/{key}/xml" getDecisionDefinitionDmnXmlByKey: nothing -> json;
        GET "/decision-definition/{id}" getDecisionDefinitionById: nothing -> json;
        GET "/decision-definition/{id}/diagram" getDecisionDefinitionDiagram: nothing -> any;
        GET "/decision-definition/{id}/xml" getDecisionDefinitionDmnXmlById: nothing -> json;
        POST "/decision-definition/key/{key}/evaluate" evaluateDecisionByKey: json -> json;
        POST "/decision-definition/key/{key}/tenant-id/{tenant-id}/evaluate" evaluateDecisionByKeyAndTenant: json -> json;
        POST "/decision-definition/{id}/evaluate" evaluateDecisionById: json -> json;
        PUT "/decision-definition/key/{key}/history-time-to-live" updateHistoryTimeToLiveByDecisionDefinitionKey: json -> nothing;
        PUT "/decision-definition/key/{key}/tenant-id/{tenant-id}/history-time-to-live" updateHistoryTimeToLiveByDecisionDefinitionKeyAndTenant: json -> nothing;
        PUT "/decision-definition/{id}/history-time-to-live" updateHistoryTimeToLiveByDecisionDefinitionId: json -> nothing;
    }
    "Decision Requirements Definition" {
        GET "/decision-requirements-definition" getDecisionRequirementsDefinitions: nothing -> json;
        GET "/decision-requirements-definition/count" getDecisionRequirementsDefinitionsCount: nothing -> json;
        GET "/decision-requirements-definition/key/{key}" getDecisionRequirementsDefinitionByKey: nothing -> json;
        GET "/decision-requirements-definition/key/{key}/diagram" getDecisionRequirementsDefinitionDiagramByKey: nothing -> any;
        GET "/decision-requirements-definition/key/{key}/tenant-id/{tenant-id}" getDecisionRequirementsDefinitionByKeyAndTenantId: nothing -> json;
        GET "/decision-requirements-definition/key/{key}/tenant-id/{tenant-id}/diagram" getDecisionRequirementsDefinitionDiagramByKeyAndTenantId: nothing -> any;
        GET "/decision-requirements-definition/key/{key}/tenant-id/{tenant-id}/xml" getDecisionRequirementsDefinitionDmnXmlByKeyAndTenantId: nothing -> json;
        GET "/decision-requirements-definition/key/{key}/xml" getDecisionRequirementsDefinitionDmnXmlByKey: nothing -> json;
        GET "/decision-requirements-definition/{id}" getDecisionRequirementsDefinitionById: nothing -> json;
        GET "/decision-requirements-definition/{id}/diagram" getDecisionRequirementsDefinitionDiagramById: nothing -> any;
        GET "/decision-requirements-definition/{id}/xml" getDecisionRequirementsDefinitionDmnXmlById: nothing -> json;
    }
    "Deployment" {
        DELETE "/deployment/{id}" deleteDeployment: nothing -> nothing => LOOKED_UP, deployment::delete;
        GET "/deployment" getDeployments: nothing -> json => ENGINE, |call| list::rows(&resource::DEPLOYMENTS, call);
        GET "/deployment/count" getDeploymentsCount: nothing -> json => ENGINE, |call| list::count(&resource::DEPLOYMENTS, call);
        GET "/deployment/registered" getRegisteredDeployments: nothing -> json => ENGINE, deployment::registered;
        GET "/deployment/{id}" getDeployment: nothing -> json => ENGINE, |call| list::one(&resource::DEPLOYMENTS, &list::ABSENT, call);
        GET "/deployment/{id}/resources" getDeploymentResources: nothing -> json => ENGINE, deployment::resources;
        GET "/deployment/{id}/resources/{resourceId}" getDeploymentResource: nothing -> json => ENGINE, deployment::one_resource;
        GET "/deployment/{id}/resources/{resourceId}/data" getDeploymentResourceData: nothing -> any => ENGINE, deployment::resource_data;
        POST "/deployment/create" createDeployment: form -> json => ENGINE, deployment::create;
        POST "/deployment/{id}/redeploy" redeploy: json -> json => ENGINE, deployment::redeploy;
    }
    "Engine" {
        GET "/engine" getProcessEngineNames: nothing -> json => ENGINE, engine::names;
    }
    "Event Subscription" {
        GET "/event-subscription" getEventSubscriptions: nothing -> json => ENGINE, |call| list::rows(&resource::EVENT_SUBSCRIPTIONS, call);
        GET "/event-subscription/count" getEventSubscriptionsCount: nothing -> json => ENGINE, |call| list::count(&resource::EVENT_SUBSCRIPTIONS, call);
    }
    "Execution" {
        DELETE "/execution/{id}/localVariables/{varName}" deleteLocalExecutionVariable: nothing -> nothing => WRAPPED, of_execution::delete;
        GET "/execution" getExecutions: nothing -> json => ENGINE, |call| list::rows(&resource::EXECUTIONS, call);
        GET "/execution/count" getExecutionsCount: nothing -> json => ENGINE, |call| list::count(&resource::EXECUTIONS, call);
        GET "/execution/{id}" getExecution: nothing -> json => ENGINE, |call| list::one(&resource::EXECUTIONS, &list::ABSENT, call);
        GET "/execution/{id}/localVariables" getLocalExecutionVariables: nothing -> json => WRAPPED, of_execution::all;
        GET "/execution/{id}/localVariables/{varName}" getLocalExecutionVariable: nothing -> json => WRAPPED, of_execution::one;
        GET "/execution/{id}/localVariables/{varName}/data" getLocalExecutionVariableBinary: nothing -> any => WRAPPED, of_execution::data;
        GET "/execution/{id}/messageSubscriptions/{messageName}" getMessageEventSubscription: nothing -> json => ENGINE, execution::message_subscription;
        POST "/execution" queryExecutions: json -> json => ENGINE, |call| list::rows(&resource::EXECUTIONS, call);
        POST "/execution/count" queryExecutionsCount: json -> json => ENGINE, |call| list::count(&resource::EXECUTIONS, call);
        POST "/execution/{id}/create-incident" createIncident: json -> json => ENGINE, incident::create;
        POST "/execution/{id}/localVariables" modifyLocalExecutionVariables: json -> nothing => WRAPPED, of_execution::modify;
        POST "/execution/{id}/localVariables/{varName}/data" setLocalExecutionVariableBinary: form -> nothing => WRAPPED, of_execution::put_data;
        POST "/execution/{id}/messageSubscriptions/{messageName}/trigger" triggerEvent: json -> nothing => WRAPPED, execution::trigger;
        POST "/execution/{id}/signal" signalExecution: json -> nothing => WRAPPED, execution::signal;
        PUT "/execution/{id}/localVariables/{varName}" putLocalExecutionVariable: json -> nothing => WRAPPED, of_execution::put;
    }
    "External Task" {
        GET "/external-task" getExternalTasks: nothing -> json => ENGINE, |call| list::rows(&resource::EXTERNAL_TASKS, call);
        GET "/external-task/count" getExternalTasksCount: nothing -> json => ENGINE, |call| list::count(&resource::EXTERNAL_TASKS, call);
        GET "/external-task/topic-names" getTopicNames: nothing -> json => ENGINE, external_task::topic_names;
        GET "/external-task/{id}" getExternalTask: nothing -> json => ENGINE, |call| list::one(&resource::EXTERNAL_TASKS, &list::ABSENT_EXTERNAL_TASK, call);
        GET "/external-task/{id}/errorDetails" getExternalTaskErrorDetails: nothing -> text => EXTERNAL_TASK, external_task::error_details;
        POST "/external-task" queryExternalTasks: json -> json => ENGINE, |call| list::rows(&resource::EXTERNAL_TASKS, call);
        POST "/external-task/count" queryExternalTasksCount: json -> json => ENGINE, |call| list::count(&resource::EXTERNAL_TASKS, call);
        POST "/external-task/fetchAndLock" fetchAndLock: json -> json => ENGINE, fetch_and_lock::fetch_and_lock;
        POST "/external-task/retries-async" setExternalTaskRetriesAsyncOperation: json -> json => EXTERNAL_TASKS, external_task_retries::set_async;
        POST "/external-task/{id}/bpmnError" handleExternalTaskBpmnError: json -> nothing => EXTERNAL_TASK, external_task::throw_bpmn_error;
        POST "/external-task/{id}/complete" completeExternalTaskResource: json -> nothing => EXTERNAL_TASK, external_task::complete;
        POST "/external-task/{id}/extendLock" extendLock: json -> nothing => EXTERNAL_TASK, external_task::extend_lock;
        POST "/external-task/{id}/failure" handleFailure: json -> nothing => EXTERNAL_TASK, external_task::fail;
        POST "/external-task/{id}/lock" lock: json -> nothing => EXTERNAL_TASK, external_task::lock;
        POST "/external-task/{id}/unlock" unlock: nothing -> nothing => EXTERNAL_TASK, external_task::unlock;
        PUT "/external-task/retries" setExternalTaskRetries: json -> nothing => EXTERNAL_TASKS, external_task_retries::set;
        PUT "/external-task/{id}/priority" setExternalTaskResourcePriority: json -> nothing => EXTERNAL_TASK, external_task::set_priority;
        PUT "/external-task/{id}/retries" setExternalTaskResourceRetries: json -> nothing => EXTERNAL_TASK_RETRIES, external_task::set_retries;
    }
    "Filter" {
        DELETE "/filter/{id}" deleteFilter: nothing -> nothing;
        GET "/filter" getFilterList: nothing -> json;
        GET "/filter/count" getFilterCount: nothing -> json;
        GET "/filter/{id}" getSingleFilter: nothing -> json;
        GET "/filter/{id}/count" executeFilterCount: nothing -> json;
        GET "/filter/{id}/list" executeFilterList: nothing -> json;
        GET "/filter/{id}/singleResult" executeFilterSingleResult: nothing -> json;
        OPTIONS "/filter" filterResourceOptions: nothing -> json;
        OPTIONS "/filter/{id}" filterResourceOptionsSingle: nothing -> json;
        POST "/filter/create" createFilter: json -> json;
        POST "/filter/{id}/count" postExecuteFilterCount: json -> json;
        POST "/filter/{id}/list" postExecuteFilterList: json -> json;
        POST "/filter/{id}/singleResult" postExecuteFilterSingleResult: json -> json;
        PUT "/filter/{id}" updateFilter: json -> nothing;
    }
    "Group" {
        DELETE "/group/{id}" deleteGroup: nothing -> nothing;
        DELETE "/group/{id}/members/{userId}" deleteGroupMember: nothing -> nothing;
        GET "/group" getQueryGroups: nothing -> json;
        GET "/group/count" getGroupCount: nothing -> json;
        GET "/group/{id}" getGroup: nothing -> json;
        OPTIONS "/group" availableGroupOperations: nothing -> json;
        OPTIONS "/group/{id}" availableGroupInstanceOperations: nothing -> json;
        OPTIONS "/group/{id}/members" availableGroupMembersOperations: nothing -> json;
        POST "/group" postQueryGroups: json -> json;
        POST "/group/count" queryGroupCount: json -> json;
        POST "/group/create" createGroup: json -> nothing;
        PUT "/group/{id}" updateGroup: json -> nothing;
        PUT "/group/{id}/members/{userId}" createGroupMember: nothing -> nothing;
    }
    "Historic Activity Instance" {
        GET "/history/activity-instance" getHistoricActivityInstances: nothing -> json => ENGINE, |call| list::rows(&resource::HISTORIC_ACTIVITY_INSTANCES, call);
        GET "/history/activity-instance/count" getHistoricActivityInstancesCount: nothing -> json => ENGINE, |call| list::count(&resource::HISTORIC_ACTIVITY_INSTANCES, call);
        GET "/history/activity-instance/{id}" getHistoricActivityInstance: nothing -> json => ENGINE, |call| list::one(&resource::HISTORIC_ACTIVITY_INSTANCES, &list::ABSENT, call);
        POST "/history/activity-instance" queryHistoricActivityInstances: json -> json => ENGINE, |call| list::rows(&resource::HISTORIC_ACTIVITY_INSTANCES, call);
        POST "/history/activity-instance/count" queryHistoricActivityInstancesCount: json -> json => ENGINE, |call| list::count(&resource::HISTORIC_ACTIVITY_INSTANCES, call);
    }
    "Historic Batch" {
        DELETE "/history/batch/{id}" deleteHistoricBatch: nothing -> nothing => BATCH, history::delete_batch;
        GET "/history/batch" getHistoricBatches: nothing -> json => ENGINE, |call| list::rows(&resource::HISTORIC_BATCHES, call);
        GET "/history/batch/cleanable-batch-report" getCleanableHistoricBatchesReport: nothing -> json => ENGINE, history_cleanup::batches;
        GET "/history/batch/cleanable-batch-report/count" getCleanableHistoricBatchesReportCount: nothing -> json => ENGINE, history_cleanup::batch_count;
        GET "/history/batch/count" getHistoricBatchesCount: nothing -> json => ENGINE, |call| list::count(&resource::HISTORIC_BATCHES, call);
        GET "/history/batch/{id}" getHistoricBatch: nothing -> json => ENGINE, |call| list::one(&resource::HISTORIC_BATCHES, &list::ABSENT, call);
        POST "/history/batch/set-removal-time" setRemovalTimeAsyncHistoricBatch: json -> json => ENGINE, removal_time::of_batches;
    }
    "Historic Decision Definition" {
        GET "/history/decision-definition/cleanable-decision-instance-report" getCleanableHistoricDecisionInstanceReport: nothing -> json;
        GET "/history/decision-definition/cleanable-decision-instance-report/count" getCleanableHistoricDecisionInstanceReportCount: nothing -> json;
    }
    "Historic Decision Instance" {
        GET "/history/decision-instance" getHistoricDecisionInstances: nothing -> json;
        GET "/history/decision-instance/count" getHistoricDecisionInstancesCount: nothing -> json;
        GET "/history/decision-instance/{id}" getHistoricDecisionInstance: nothing -> json;
        POST "/history/decision-instance/delete" deleteAsync: json -> json;
        POST "/history/decision-instance/set-removal-time" setRemovalTimeAsyncHistoricDecisionInstance: json -> json;
    }
    "Historic Decision Requirements Definition" {
        GET "/history/decision-requirements-definition/{id}/statistics" getDecisionStatistics: nothing -> json;
    }
    "Historic Detail" {
        GET "/history/detail" getHistoricDetails: nothing -> json => ENGINE, list::details;
        GET "/history/detail/count" getHistoricDetailsCount: nothing -> json => ENGINE, |call| list::count(&resource::HISTORIC_DETAILS, call);
        GET "/history/detail/{id}" historicDetail: nothing -> json => ENGINE, list::detail;
        GET "/history/detail/{id}/data" historicDetailBinary: nothing -> any => ENGINE, history::detail_data;
        POST "/history/detail" queryHistoricDetails: json -> json => ENGINE, list::details;
    }
    "Historic External Task Log" {
        GET "/history/external-task-log" getHistoricExternalTaskLogs: nothing -> json => ENGINE, |call| list::rows(&resource::HISTORIC_EXTERNAL_TASK_LOGS, call);
        GET "/history/external-task-log/count" getHistoricExternalTaskLogsCount: nothing -> json => ENGINE, |call| list::count(&resource::HISTORIC_EXTERNAL_TASK_LOGS, call);
        GET "/history/external-task-log/{id}" getHistoricExternalTaskLog: nothing -> json => ENGINE, |call| list::one(&resource::HISTORIC_EXTERNAL_TASK_LOGS, &list::ABSENT, call);
        GET "/history/external-task-log/{id}/error-details" getErrorDetailsHistoricExternalTaskLog: nothing -> text => ENGINE, history::error_details;
        POST "/history/external-task-log" queryHistoricExternalTaskLogs: json -> json => ENGINE, |call| list::rows(&resource::HISTORIC_EXTERNAL_TASK_LOGS, call);
        POST "/history/external-task-log/count" queryHistoricExternalTaskLogsCount: json -> json => ENGINE, |call| list::count(&resource::HISTORIC_EXTERNAL_TASK_LOGS, call);
    }
    "Historic Identity Link Log" {
        GET "/history/identity-link-log" getHistoricIdentityLinks: nothing -> json => ENGINE, |call| list::rows(&resource::IDENTITY_LINK_LOGS, call);
        GET "/history/identity-link-log/count" getHistoricIdentityLinksCount: nothing -> json => ENGINE, |call| list::count(&resource::IDENTITY_LINK_LOGS, call);
    }
    "Historic Incident" {
        GET "/history/incident" getHistoricIncidents: nothing -> json => ENGINE, |call| list::rows(&resource::HISTORIC_INCIDENTS, call);
        GET "/history/incident/count" getHistoricIncidentsCount: nothing -> json => ENGINE, |call| list::count(&resource::HISTORIC_INCIDENTS, call);
    }
    "Historic Job Log" {
        GET "/history/job-log" getHistoricJobLogs: nothing -> json => ENGINE, |call| list::rows(&resource::HISTORIC_JOB_LOGS, call);
        GET "/history/job-log/count" getHistoricJobLogsCount: nothing -> json => ENGINE, |call| list::count(&resource::HISTORIC_JOB_LOGS, call);
        GET "/history/job-log/{id}" getHistoricJobLog: nothing -> json => ENGINE, |call| list::one(&resource::HISTORIC_JOB_LOGS, &list::ABSENT, call);
        GET "/history/job-log/{id}/stacktrace" getStacktraceHistoricJobLog: nothing -> text => ENGINE, history::job_stacktrace;
        POST "/history/job-log" queryHistoricJobLogs: json -> json => ENGINE, |call| list::rows(&resource::HISTORIC_JOB_LOGS, call);
        POST "/history/job-log/count" queryHistoricJobLogsCount: json -> json => ENGINE, |call| list::count(&resource::HISTORIC_JOB_LOGS, call);
    }
    "Historic Process Definition" {
        GET "/history/process-definition/cleanable-process-instance-report" getCleanableHistoricProcessInstanceReport: nothing -> json => ENGINE, |call| list::rows(&resource::CLEANABLE_PROCESS_INSTANCES, call);
        GET "/history/process-definition/cleanable-process-instance-report/count" getCleanableHistoricProcessInstanceReportCount: nothing -> json => ENGINE, |call| list::count(&resource::CLEANABLE_PROCESS_INSTANCES, call);
        GET "/history/process-definition/{id}/statistics" getHistoricActivityStatistics: nothing -> json => ENGINE, history_statistics::of_activities;
    }
    "Historic Process Instance" {
        DELETE "/history/process-instance/{id}" deleteHistoricProcessInstance: nothing -> nothing => THING, history::delete_process_instance;
        DELETE "/history/process-instance/{id}/variable-instances" deleteHistoricVariableInstancesOfHistoricProcessInstance: nothing -> nothing => LOOKED_UP, history::delete_variables_of_process_instance;
        GET "/history/process-instance" getHistoricProcessInstances: nothing -> json => ENGINE, |call| list::rows(&resource::HISTORIC_PROCESS_INSTANCES, call);
        GET "/history/process-instance/count" getHistoricProcessInstancesCount: nothing -> json => ENGINE, |call| list::count(&resource::HISTORIC_PROCESS_INSTANCES, call);
        GET "/history/process-instance/report" getHistoricProcessInstanceDurationReport: nothing -> any => ENGINE, report::of_process_instances;
        GET "/history/process-instance/{id}" getHistoricProcessInstance: nothing -> json => ENGINE, |call| list::one(&resource::HISTORIC_PROCESS_INSTANCES, &list::ABSENT, call);
        POST "/history/process-instance" queryHistoricProcessInstances: json -> json => ENGINE, |call| list::rows(&resource::HISTORIC_PROCESS_INSTANCES, call);
        POST "/history/process-instance/count" queryHistoricProcessInstancesCount: json -> json => ENGINE, |call| list::count(&resource::HISTORIC_PROCESS_INSTANCES, call);
        POST "/history/process-instance/delete" deleteHistoricProcessInstancesAsync: json -> json => EXTERNAL_TASKS, instance_batch::delete_history;
        POST "/history/process-instance/set-removal-time" setRemovalTimeAsync: json -> json => ENGINE, removal_time::of_process_instances;
    }
    "Historic Task Instance" {
        GET "/history/task" getHistoricTaskInstances: nothing -> json => ENGINE, |call| list::rows(&resource::HISTORIC_TASKS, call);
        GET "/history/task/count" getHistoricTaskInstancesCount: nothing -> json => ENGINE, |call| list::count(&resource::HISTORIC_TASKS, call);
        GET "/history/task/report" getHistoricTaskInstanceReport: nothing -> json => ENGINE, report::of_tasks;
        POST "/history/task" queryHistoricTaskInstances: json -> json => ENGINE, |call| list::rows(&resource::HISTORIC_TASKS, call);
        POST "/history/task/count" queryHistoricTaskInstancesCount: json -> json => ENGINE, |call| list::count(&resource::HISTORIC_TASKS, call);
    }
    "Historic User Operation Log" {
        GET "/history/user-operation" queryUserOperationEntries: nothing -> json => ENGINE, history::user_operations;
        GET "/history/user-operation/count" queryUserOperationCount: nothing -> json => ENGINE, history::user_operation_count;
        PUT "/history/user-operation/{operationId}/clear-annotation" clearAnnotationUserOperationLog: nothing -> nothing;
        PUT "/history/user-operation/{operationId}/set-annotation" setAnnotationUserOperationLog: json -> nothing;
    }
    "Historic Variable Instance" {
        DELETE "/history/variable-instance/{id}" deleteHistoricVariableInstance: nothing -> nothing => THING, history::delete_variable;
        GET "/history/variable-instance" getHistoricVariableInstances: nothing -> json => ENGINE, |call| list::rows(&resource::HISTORIC_VARIABLE_INSTANCES, call);
        GET "/history/variable-instance/count" getHistoricVariableInstancesCount: nothing -> json => ENGINE, |call| list::count(&resource::HISTORIC_VARIABLE_INSTANCES, call);
        GET "/history/variable-instance/{id}" getHistoricVariableInstance: nothing -> json => ENGINE, |call| list::one(&resource::HISTORIC_VARIABLE_INSTANCES, &list::ABSENT, call);
        GET "/history/variable-instance/{id}/data" getHistoricVariableInstanceBinary: nothing -> any => ENGINE, history::variable_data;
        POST "/history/variable-instance" queryHistoricVariableInstances: json -> json => ENGINE, |call| list::rows(&resource::HISTORIC_VARIABLE_INSTANCES, call);
        POST "/history/variable-instance/count" queryHistoricVariableInstancesCount: json -> json => ENGINE, |call| list::count(&resource::HISTORIC_VARIABLE_INSTANCES, call);
    }
    "History Cleanup" {
        GET "/history/cleanup/configuration" getHistoryCleanupConfiguration: nothing -> json => ENGINE, history_cleanup::configuration;
        GET "/history/cleanup/job" findCleanupJob: nothing -> json => ENGINE, history_cleanup::job;
        GET "/history/cleanup/jobs" findCleanupJobs: nothing -> json => ENGINE, history_cleanup::jobs;
        POST "/history/cleanup" cleanupAsync: nothing -> json => ENGINE, history_cleanup::schedule;
    }
    "Identity" {
        GET "/identity/groups" getGroupInfo: nothing -> json;
        GET "/identity/password-policy" getPasswordPolicy: nothing -> json;
        POST "/identity/password-policy" checkPassword: json -> json;
        POST "/identity/verify" verifyUser: json -> json;
    }
    "Incident" {
        DELETE "/incident/{id}" resolveIncident: nothing -> nothing => LOOKED_UP, incident::resolve;
        DELETE "/incident/{id}/annotation" clearIncidentAnnotation: nothing -> nothing => ENGINE, incident::clear_annotation;
        GET "/incident" getIncidents: nothing -> json => ENGINE, |call| list::rows(&resource::INCIDENTS, call);
        GET "/incident/count" getIncidentsCount: nothing -> json => ENGINE, |call| list::count(&resource::INCIDENTS, call);
        GET "/incident/{id}" getIncident: nothing -> json => ENGINE, |call| list::one(&resource::INCIDENTS, &list::ABSENT, call);
        PUT "/incident/{id}/annotation" setIncidentAnnotation: json -> nothing => ENGINE, incident::annotate;
    }
    "Job" {
        DELETE "/job/{id}" deleteJob: nothing -> nothing => LOOKED_UP, job::delete;
        GET "/job" getJobs: nothing -> json => ENGINE, |call| list::rows(&resource::JOBS, call);
        GET "/job/count" getJobsCount: nothing -> json => ENGINE, |call| list::count(&resource::JOBS, call);
        GET "/job/{id}" getJob: nothing -> json => ENGINE, |call| list::one(&resource::JOBS, &list::ABSENT, call);
        GET "/job/{id}/stacktrace" getStacktrace: nothing -> text => ENGINE, job::stacktrace;
        POST "/job" queryJobs: json -> json => ENGINE, |call| list::rows(&resource::JOBS, call);
        POST "/job/count" queryJobsCount: json -> json => ENGINE, |call| list::count(&resource::JOBS, call);
        POST "/job/retries" setJobRetriesAsyncOperation: json -> json => EXTERNAL_TASKS, instance_batch::set_retries_of_jobs;
        POST "/job/{id}/duedate/recalculate" recalculateDuedate: nothing -> nothing => JOB_RECALCULATION, job::recalculate_due_date;
        POST "/job/{id}/execute" executeJob: nothing -> nothing => JOB_EXECUTION, job::execute;
        PUT "/job/suspended" updateSuspensionStateBy: json -> nothing => ENGINE, job::set_suspension_of_many;
        PUT "/job/{id}/duedate" setJobDuedate: json -> nothing => JOB_CHANGE, job::set_due_date;
        PUT "/job/{id}/priority" setJobPriority: json -> nothing => LOOKED_UP, job::set_priority;
        PUT "/job/{id}/retries" setJobRetries: json -> nothing => JOB_CHANGE, job::set_retries;
        PUT "/job/{id}/suspended" updateJobSuspensionState: json -> nothing => ENGINE, job::set_suspension;
    }
    "Job Definition" {
        GET "/job-definition" getJobDefinitions: nothing -> json => ENGINE, |call| list::rows(&resource::JOB_DEFINITIONS, call);
        GET "/job-definition/count" getJobDefinitionsCount: nothing -> json => ENGINE, |call| list::count(&resource::JOB_DEFINITIONS, call);
        GET "/job-definition/{id}" getJobDefinition: nothing -> json => ENGINE, |call| list::one(&resource::JOB_DEFINITIONS, &list::ABSENT, call);
        POST "/job-definition" queryJobDefinitions: json -> json => ENGINE, |call| list::rows(&resource::JOB_DEFINITIONS, call);
        POST "/job-definition/count" queryJobDefinitionsCount: json -> json => ENGINE, |call| list::count(&resource::JOB_DEFINITIONS, call);
        PUT "/job-definition/suspended" updateSuspensionStateJobDefinitions: json -> nothing => ENGINE, job_definition::set_suspension_of_many;
        PUT "/job-definition/{id}/jobPriority" setJobPriorityJobDefinition: json -> nothing => LOOKED_UP, job_definition::set_priority;
        PUT "/job-definition/{id}/retries" setJobRetriesJobDefinition: json -> nothing => JOB_CHANGE, job_definition::set_retries;
        PUT "/job-definition/{id}/suspended" updateSuspensionStateJobDefinition: json -> nothing => ENGINE, job_definition::set_suspension;
    }
    "Message" {
        POST "/message" deliverMessage: json -> json => MESSAGE, message::deliver;
    }
    "Metrics" {
        DELETE "/metrics/task-worker" deleteTaskMetrics: nothing -> nothing;
        GET "/metrics" interval: nothing -> json;
        GET "/metrics/{metrics-name}/sum" getMetrics: nothing -> json;
    }
    "Migration" {
        POST "/migration/execute" executeMigrationPlan: json -> nothing;
        POST "/migration/executeAsync" executeMigrationPlanAsync: json -> json;
        POST "/migration/generate" generateMigrationPlan: json -> json;
        POST "/migration/validate" validateMigrationPlan: json -> json;
    }
    "Modification" {
        POST "/modification/execute" executeModification: json -> nothing => MODIFICATIONS, modification::execute;
        POST "/modification/executeAsync" executeModificationAsync: json -> json => MODIFICATIONS, instance_batch::modify_many;
    }
    "Process Definition" {
        DELETE "/process-definition/key/{key}" deleteProcessDefinitionsByKey: nothing -> nothing => THING, process_definition::delete;
        DELETE "/process-definition/key/{key}/tenant-id/{tenant-id}" deleteProcessDefinitionsByKeyAndTenantId: nothing -> nothing => THING, process_definition::delete;
        DELETE "/process-definition/{id}" deleteProcessDefinition: nothing -> nothing => THING, process_definition::delete;
        GET "/process-definition" getProcessDefinitions: nothing -> json => ENGINE, |call| list::rows(&resource::PROCESS_DEFINITIONS, call);
        GET "/process-definition/count" getProcessDefinitionsCount: nothing -> json => ENGINE, |call| list::count(&resource::PROCESS_DEFINITIONS, call);
        GET "/process-definition/key/{key}" getProcessDefinitionByKey: nothing -> json => THING, process_definition::get;
        GET "/process-definition/key/{key}/deployed-start-form" getDeployedStartFormByKey: nothing -> any => DEPLOYED_FORM, start_form::deployed;
        GET "/process-definition/key/{key}/diagram" getProcessDefinitionDiagramByKey: nothing -> any => THING, process_definition::diagram;
        GET "/process-definition/key/{key}/form-variables" getStartFormVariablesByKey: nothing -> json => ENGINE, start_form::form_variables;
        GET "/process-definition/key/{key}/rendered-form" getRenderedStartFormByKey: nothing -> any => ENGINE, start_form::rendered;
        GET "/process-definition/key/{key}/startForm" getStartFormByKey: nothing -> json => START_FORM, start_form::get;
        GET "/process-definition/key/{key}/statistics" getActivityStatisticsByProcessDefinitionKey: nothing -> json => ENGINE, statistics::of_activities;
        GET "/process-definition/key/{key}/tenant-id/{tenant-id}" getLatestProcessDefinitionByTenantId: nothing -> json => THING, process_definition::get;
        GET "/process-definition/key/{key}/tenant-id/{tenant-id}/deployed-start-form" getDeployedStartFormByKeyAndTenantId: nothing -> any => DEPLOYED_FORM, start_form::deployed;
        GET "/process-definition/key/{key}/tenant-id/{tenant-id}/diagram" getProcessDefinitionDiagramByKeyAndTenantId: nothing -> any => THING, process_definition::diagram;
        GET "/process-definition/key/{key}/tenant-id/{tenant-id}/form-variables" getStartFormVariablesByKeyAndTenantId: nothing -> json => ENGINE, start_form::form_variables;
        GET "/process-definition/key/{key}/tenant-id/{tenant-id}/rendered-form" getRenderedStartFormByKeyAndTenantId: nothing -> any => ENGINE, start_form::rendered;
        GET "/process-definition/key/{key}/tenant-id/{tenant-id}/startForm" getStartFormByKeyAndTenantId: nothing -> json => START_FORM, start_form::get;
        GET "/process-definition/key/{key}/tenant-id/{tenant-id}/statistics" getActivityStatisticsByProcessDefinitionKeyAndTenantId: nothing -> json => ENGINE, statistics::of_activities;
        GET "/process-definition/key/{key}/tenant-id/{tenant-id}/xml" getProcessDefinitionBpmn20XmlByKeyAndTenantId: nothing -> json => THING, process_definition::xml;
        GET "/process-definition/key/{key}/xml" getProcessDefinitionBpmn20XmlByKey: nothing -> json => THING, process_definition::xml;
        GET "/process-definition/statistics" getProcessDefinitionStatistics: nothing -> json => ENGINE, statistics::of_definitions;
        GET "/process-definition/{id}" getProcessDefinition: nothing -> json => THING, process_definition::get;
        GET "/process-definition/{id}/deployed-start-form" getDeployedStartForm: nothing -> any => DEPLOYED_FORM, start_form::deployed;
        GET "/process-definition/{id}/diagram" getProcessDefinitionDiagram: nothing -> any => THING, process_definition::diagram;
        GET "/process-definition/{id}/form-variables" getStartFormVariables: nothing -> json => ENGINE, start_form::form_variables;
        GET "/process-definition/{id}/rendered-form" getRenderedStartForm: nothing -> any => ENGINE, start_form::rendered;
        GET "/process-definition/{id}/startForm" getStartForm: nothing -> json => START_FORM, start_form::get;
        GET "/process-definition/{id}/static-called-process-definitions" getStaticCalledProcessDefinitions: nothing -> json => LOOKED_UP, process_definition::statically_called;
        GET "/process-definition/{id}/statistics" getActivityStatistics: nothing -> json => ENGINE, statistics::of_activities;
        GET "/process-definition/{id}/xml" getProcessDefinitionBpmn20Xml: nothing -> json => THING, process_definition::xml;
        POST "/process-definition/key/{key}/start" startProcessInstanceByKey: json -> json => WRAPPED, process_definition::start;
        POST "/process-definition/key/{key}/submit-form" submitFormByKey: json -> json => WRAPPED, start_form::submit;
        POST "/process-definition/key/{key}/tenant-id/{tenant-id}/start" startProcessInstanceByKeyAndTenantId: json -> json => WRAPPED, process_definition::start;
        POST "/process-definition/key/{key}/tenant-id/{tenant-id}/submit-form" submitFormByKeyAndTenantId: json -> json => WRAPPED, start_form::submit;
        POST "/process-definition/{id}/restart" restartProcessInstance: json -> nothing => RESTART, restart::restart;
        POST "/process-definition/{id}/restart-async" restartProcessInstanceAsyncOperation: json -> json => RESTART, restart::restart_async;
        POST "/process-definition/{id}/start" startProcessInstance: json -> json => WRAPPED, process_definition::start;
        POST "/process-definition/{id}/submit-form" submitForm: json -> json => WRAPPED, start_form::submit;
        PUT "/process-definition/key/{key}/history-time-to-live" updateHistoryTimeToLiveByProcessDefinitionKey: json -> nothing => THING, process_definition::set_history_time_to_live;
        PUT "/process-definition/key/{key}/suspended" updateProcessDefinitionSuspensionStateByKey: json -> nothing => ENGINE, process_definition::set_suspension;
        PUT "/process-definition/key/{key}/tenant-id/{tenant-id}/history-time-to-live" updateHistoryTimeToLiveByProcessDefinitionKeyAndTenantId: json -> nothing => THING, process_definition::set_history_time_to_live;
        PUT "/process-definition/key/{key}/tenant-id/{tenant-id}/suspended" updateProcessDefinitionSuspensionStateByKeyAndTenantId: json -> nothing => ENGINE, process_definition::set_suspension;
        PUT "/process-definition/suspended" updateProcessDefinitionSuspensionState: json -> nothing => ENGINE, process_definition::set_suspension_of_key;
        PUT "/process-definition/{id}/history-time-to-live" updateHistoryTimeToLiveByProcessDefinitionId: json -> nothing => THING, process_definition::set_history_time_to_live;
        PUT "/process-definition/{id}/suspended" updateProcessDefinitionSuspensionStateById: json -> nothing => ENGINE, process_definition::set_suspension;
    }
    "Process Instance" {
        DELETE "/process-instance/{id}" deleteProcessInstance: nothing -> nothing => THING, process_instance::delete;
        DELETE "/process-instance/{id}/variables/{varName}" deleteProcessInstanceVariable: nothing -> nothing => WRAPPED, of_process_instance::delete;
        GET "/process-instance" getProcessInstances: nothing -> json => ENGINE, |call| list::rows(&resource::PROCESS_INSTANCES, call);
        GET "/process-instance/count" getProcessInstancesCount: nothing -> json => ENGINE, |call| list::count(&resource::PROCESS_INSTANCES, call);
        GET "/process-instance/{id}" getProcessInstance: nothing -> json => ENGINE, |call| list::one(&resource::PROCESS_INSTANCES, &list::ABSENT, call);
        GET "/process-instance/{id}/activity-instances" getActivityInstanceTree: nothing -> json => ENGINE, process_instance::activity_instances;
        GET "/process-instance/{id}/variables" getProcessInstanceVariables: nothing -> json => WRAPPED, of_process_instance::all;
        GET "/process-instance/{id}/variables/{varName}" getProcessInstanceVariable: nothing -> json => WRAPPED, of_process_instance::one;
        GET "/process-instance/{id}/variables/{varName}/data" getProcessInstanceVariableBinary: nothing -> any => WRAPPED, of_process_instance::data;
        POST "/process-instance" queryProcessInstances: json -> json => ENGINE, |call| list::rows(&resource::PROCESS_INSTANCES, call);
        POST "/process-instance/count" queryProcessInstancesCount: json -> json => ENGINE, |call| list::count(&resource::PROCESS_INSTANCES, call);
        POST "/process-instance/delete" deleteProcessInstancesAsyncOperation: json -> json => EXTERNAL_TASKS, instance_batch::delete;
        POST "/process-instance/delete-historic-query-based" deleteAsyncHistoricQueryBased: json -> json => EXTERNAL_TASKS, instance_batch::delete_by_history;
        POST "/process-instance/job-retries" setRetriesByProcess: json -> json => EXTERNAL_TASKS, instance_batch::set_job_retries;
        POST "/process-instance/job-retries-historic-query-based" setRetriesByProcessHistoricQueryBased: json -> json => EXTERNAL_TASKS, instance_batch::set_job_retries_by_history;
        POST "/process-instance/message-async" correlateMessageAsyncOperation: json -> json => EXTERNAL_TASKS, instance_batch::correlate_message;
        POST "/process-instance/suspended-async" updateSuspensionStateAsyncOperation: json -> json => EXTERNAL_TASKS, instance_batch::set_suspension;
        POST "/process-instance/variables-async" setVariablesAsyncOperation: json -> json => EXTERNAL_TASKS, instance_batch::set_variables;
        POST "/process-instance/{id}/modification" modifyProcessInstance: json -> nothing => MODIFICATION, modification::modify;
        POST "/process-instance/{id}/modification-async" modifyProcessInstanceAsyncOperation: json -> json => MODIFICATIONS, instance_batch::modify;
        POST "/process-instance/{id}/variables" modifyProcessInstanceVariables: json -> nothing => WRAPPED, of_process_instance::modify;
        POST "/process-instance/{id}/variables/{varName}/data" setProcessInstanceVariableBinary: form -> nothing => WRAPPED, of_process_instance::put_data;
        PUT "/process-instance/suspended" updateSuspensionState: json -> nothing => ENGINE, process_instance::set_suspension_of_many;
        PUT "/process-instance/{id}/suspended" updateSuspensionStateById: json -> nothing => ENGINE, process_instance::set_suspension;
        PUT "/process-instance/{id}/variables/{varName}" setProcessInstanceVariable: json -> nothing => WRAPPED, of_process_instance::put;
    }
    "Process Instance Comment" {
        DELETE "/process-instance/{id}/comment" deleteProcessInstanceComments: nothing -> nothing => COMMENT, comment::delete_of_process_instance;
        DELETE "/process-instance/{id}/comment/{commentId}" deleteProcessInstanceComment: nothing -> nothing => COMMENT, comment::delete_of_process_instance;
        GET "/process-instance/{id}/comment" getProcessInstanceComments: nothing -> json => COMMENT, comment::of_process_instance;
        PUT "/process-instance/{id}/comment" updateProcessInstanceComment: json -> nothing => COMMENT, comment::update_of_process_instance;
    }
    "Schema Log" {
        GET "/schema/log" getSchemaLog: nothing -> json;
        POST "/schema/log" querySchemaLog: json -> json;
    }
    "Signal" {
        POST "/signal" throwSignal: json -> nothing => SIGNAL, signal::throw;
    }
    "Task" {
        DELETE "/task/{id}" deleteTask: nothing -> nothing => ENGINE, task::delete;
        GET "/task" getTasks: nothing -> json => ENGINE, list::tasks;
        GET "/task/count" getTasksCount: nothing -> json => ENGINE, |call| list::count(&resource::TASKS, call);
        GET "/task/report/candidate-group-count" getTaskCountByCandidateGroup: nothing -> any => ENGINE, report::of_candidate_groups;
        GET "/task/{id}" getTask: nothing -> json => ENGINE, list::task;
        GET "/task/{id}/deployed-form" getDeployedForm: nothing -> any => DEPLOYED_FORM, task_form::deployed;
        GET "/task/{id}/form" getForm: nothing -> json => TASK_FORM, task_form::get;
        GET "/task/{id}/form-variables" getFormVariables: nothing -> json => FORM_VARIABLES, task_form::form_variables;
        GET "/task/{id}/rendered-form" getRenderedForm: nothing -> any => RENDERED_FORM, task_form::rendered;
        POST "/task" queryTasks: json -> json => ENGINE, list::tasks;
        POST "/task/count" queryTasksCount: json -> json => ENGINE, |call| list::count(&resource::TASKS, call);
        POST "/task/create" createTask: json -> nothing => TASK_CREATION, task::create;
        POST "/task/{id}/assignee" setAssignee: json -> nothing => ENGINE, task::assign;
        POST "/task/{id}/bpmnError" handleBpmnError: json -> nothing => TASK_EVENT, task::throw_bpmn_error;
        POST "/task/{id}/bpmnEscalation" handleEscalation: json -> nothing => TASK_EVENT, task::throw_escalation;
        POST "/task/{id}/claim" claim: json -> nothing => TASK, task::claim;
        POST "/task/{id}/complete" complete: json -> json => WRAPPED, task::complete;
        POST "/task/{id}/delegate" delegateTask: json -> nothing => TASK, task::delegate;
        POST "/task/{id}/resolve" resolve: json -> nothing => TASK, task::resolve;
        POST "/task/{id}/submit-form" submit: json -> json => WRAPPED, task_form::submit;
        POST "/task/{id}/unclaim" unclaim: nothing -> nothing => ENGINE, task::unclaim;
        PUT "/task/{id}" updateTask: json -> nothing => LOOKED_UP, task::update;
    }
    "Task Attachment" {
        DELETE "/task/{id}/attachment/{attachmentId}" deleteAttachment: nothing -> nothing => LOOKED_UP, attachment::delete;
        GET "/task/{id}/attachment" getAttachments: nothing -> json => LOOKED_UP, attachment::all;
        GET "/task/{id}/attachment/{attachmentId}" getAttachment: nothing -> json => LOOKED_UP, attachment::one;
        GET "/task/{id}/attachment/{attachmentId}/data" getAttachmentData: nothing -> any => LOOKED_UP, attachment::data;
        POST "/task/{id}/attachment/create" addAttachment: form -> json => LOOKED_UP, attachment::create;
    }
    "Task Comment" {
        DELETE "/task/{id}/comment" deleteTaskComments: nothing -> nothing => COMMENT, comment::delete_of_task;
        DELETE "/task/{id}/comment/{commentId}" deleteTaskComment: nothing -> nothing => COMMENT, comment::delete_of_task;
        GET "/task/{id}/comment" getComments: nothing -> json => COMMENT, comment::of_task;
        GET "/task/{id}/comment/{commentId}" getComment: nothing -> json => COMMENT, comment::one;
        POST "/task/{id}/comment/create" createComment: json -> json => COMMENT, comment::create;
        PUT "/task/{id}/comment" updateTaskComment: json -> nothing => COMMENT, comment::update_of_task;
    }
    "Task Identity Link" {
        GET "/task/{id}/identity-links" getIdentityLinks: nothing -> json => TASK, task::identity_links;
        POST "/task/{id}/identity-links" addIdentityLink: json -> nothing => ENGINE, task::add_identity_link;
        POST "/task/{id}/identity-links/delete" deleteIdentityLink: json -> nothing => TASK, task::delete_identity_link;
    }
    "Task Local Variable" {
        DELETE "/task/{id}/localVariables/{varName}" deleteTaskLocalVariable: nothing -> nothing => WRAPPED, local_to_task::delete;
        GET "/task/{id}/localVariables" getTaskLocalVariables: nothing -> json => WRAPPED, local_to_task::all;
        GET "/task/{id}/localVariables/{varName}" getTaskLocalVariable: nothing -> json => WRAPPED, local_to_task::one;
        GET "/task/{id}/localVariables/{varName}/data" getTaskLocalVariableBinary: nothing -> any => WRAPPED, local_to_task::data;
        POST "/task/{id}/localVariables" modifyTaskLocalVariables: json -> nothing => WRAPPED, local_to_task::modify;
        POST "/task/{id}/localVariables/{varName}/data" setBinaryTaskLocalVariable: form -> nothing => WRAPPED, local_to_task::put_data;
        PUT "/task/{id}/localVariables/{varName}" putTaskLocalVariable: json -> nothing => WRAPPED, local_to_task::put;
    }
    "Task Variable" {
        DELETE "/task/{id}/variables/{varName}" deleteTaskVariable: nothing -> nothing => WRAPPED, of_task::delete;
        GET "/task/{id}/variables" getTaskVariables: nothing -> json => WRAPPED, of_task::all;
        GET "/task/{id}/variables/{varName}" getTaskVariable: nothing -> json => WRAPPED, of_task::one;
        GET "/task/{id}/variables/{varName}/data" getTaskVariableBinary: nothing -> any => WRAPPED, of_task::data;
        POST "/task/{id}/variables" modifyTaskVariables: json -> nothing => WRAPPED, of_task::modify;
        POST "/task/{id}/variables/{varName}/data" setBinaryTaskVariable: form -> nothing => WRAPPED, of_task::put_data;
        PUT "/task/{id}/variables/{varName}" putTaskVariable: json -> nothing => WRAPPED, of_task::put;
    }
    "Telemetry" {
        GET "/telemetry/configuration" getTelemetryConfiguration: nothing -> json;
        GET "/telemetry/data" getTelemetryData: nothing -> json;
        POST "/telemetry/configuration" configureTelemetry: json -> nothing;
    }
    "Tenant" {
        DELETE "/tenant/{id}" deleteTenant: nothing -> nothing;
        DELETE "/tenant/{id}/group-members/{groupId}" deleteGroupMembership: nothing -> nothing;
        DELETE "/tenant/{id}/user-members/{userId}" deleteUserMembership: nothing -> nothing;
        GET "/tenant" queryTenants: nothing -> json;
        GET "/tenant/count" getTenantCount: nothing -> json;
        GET "/tenant/{id}" getTenant: nothing -> json;
        OPTIONS "/tenant" availableTenantResourceOperations: nothing -> json;
        OPTIONS "/tenant/{id}" availableTenantInstanceOperations: nothing -> json;
        OPTIONS "/tenant/{id}/group-members" availableTenantGroupMembersOperations: nothing -> json;
        OPTIONS "/tenant/{id}/user-members" availableTenantUserMembersOperations: nothing -> json;
        POST "/tenant/create" createTenant: json -> nothing;
        PUT "/tenant/{id}" updateTenant: json -> nothing;
        PUT "/tenant/{id}/group-members/{groupId}" createGroupMembership: nothing -> nothing;
        PUT "/tenant/{id}/user-members/{userId}" createUserMembership: nothing -> nothing;
    }
    "User" {
        DELETE "/user/{id}" deleteUser: nothing -> nothing;
        GET "/user" getUsers: nothing -> json;
        GET "/user/count" getUserCount: nothing -> json;
        GET "/user/{id}/profile" getUserProfile: nothing -> json;
        OPTIONS "/user" availableOperations: nothing -> json;
        OPTIONS "/user/{id}" availableUserOperations: nothing -> json;
        POST "/user/create" createUser: json -> nothing;
        POST "/user/{id}/unlock" unlockUser: nothing -> nothing;
        PUT "/user/{id}/credentials" updateCredentials: json -> nothing;
        PUT "/user/{id}/profile" updateProfile: json -> nothing;
    }
    "Variable Instance" {
        GET "/variable-instance" getVariableInstances: nothing -> json => ENGINE, |call| list::rows(&resource::VARIABLE_INSTANCES, call);
        GET "/variable-instance/count" getVariableInstancesCount: nothing -> json => ENGINE, |call| list::count(&resource::VARIABLE_INSTANCES, call);
        GET "/variable-instance/{id}" getVariableInstance: nothing -> json => ENGINE, |call| list::one(&resource::VARIABLE_INSTANCES, &list::ABSENT, call);
        GET "/variable-instance/{id}/data" getVariableInstanceBinary: nothing -> any => ENGINE, history::current_variable_data;
        POST "/variable-instance" queryVariableInstances: json -> json => ENGINE, |call| list::rows(&resource::VARIABLE_INSTANCES, call);
        POST "/variable-instance/count" queryVariableInstancesCount: json -> json => ENGINE, |call| list::count(&resource::VARIABLE_INSTANCES, call);
    }
    "Version" {
        GET "/version" getRestAPIVersion: nothing -> json => ENGINE, engine::version;
    }
    "Camlock" {
        POST "/external-task/complete-and-fetch" completeAndFetch: json -> json => ENGINE, completion_batch::complete_and_fetch;
        POST "/external-task/complete-batch" completeBatch: json -> json => ENGINE, completion_batch::complete_batch;
        POST "/external-task/stream" streamTasks: json -> events => ENGINE, worker_stream::open;
        POST "/external-task/stream/{id}/credit" addStreamCredit: json -> nothing => ENGINE, worker_stream::add_credit;
    }
}
