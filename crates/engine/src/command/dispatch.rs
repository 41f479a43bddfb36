//! From a command to the file that decides on it.

use std::sync::Arc;

use types::{ExecutionId, ProcessInstanceId, VariableValue};

use crate::event::Payload;
use crate::instance::ScopeKey;
use crate::process_instance::Given;
use crate::rejection::Rejection;
use crate::turn::{Reach, Turn};
use crate::variables;

use super::fail_external_task::Failure;
use super::start_process_instance::Start;
use super::{
    Command, Reply, StartedProcessInstance, annotate_incident, change_task, complete_external_task, complete_task,
    correlate_message, create_incident, create_task, delete_job, delete_process_instance, delete_task, execute_job,
    extend_external_task_lock, fail_external_task, fail_job, lock_external_task, modify_process_instance, move_task,
    patch_task_variables, patch_variables, read_task_form, recalculate_job_due_date, resolve_incident,
    set_external_task_priority, set_external_task_retries, set_job_due_date, set_job_priority, set_job_retries,
    set_job_suspension, set_process_instance_suspension, signal_execution, start_process_instance, submit_task_form,
    throw_external_task_bpmn_error, throw_task_bpmn_error, throw_task_escalation, unlock_external_task,
};

/// A reply that may lack what is known only at the end of the command.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Ready(Reply),
    Started(StartedProcessInstance),
    Correlated { execution_id: ExecutionId, process_instance_id: ProcessInstanceId, tenant_id: Option<Arc<str>> },
    VariablesOf(ProcessInstanceId),
}

/// Decides on a command and does its part before the agenda is worked off.
pub(crate) fn apply(turn: &mut Turn<'_, '_>, command: &Command) -> Result<Answer, Rejection> {
    match command {
        Command::StartProcessInstance { id, definition_id, start_event_id, keys, variables } => {
            let start = Start { definition_id, start_event_id: start_event_id.as_ref(), keys };
            start_process_instance::apply(turn, *id, &start, Given::Variables(variables))
        }
        Command::SubmitStartForm { id, definition_id, keys, variables } => {
            let start = Start { definition_id, start_event_id: None, keys };
            start_process_instance::apply(turn, *id, &start, Given::StartForm(variables))
        }
        Command::StartProcessInstanceAt {
            id,
            definition_id,
            keys,
            variables,
            modification,
            restarted_process_instance_id: restarted,
        } => {
            let given = (keys, variables, *restarted);
            start_process_instance::apply_at(turn, *id, definition_id, given, modification)
        }
        Command::ModifyProcessInstance { id, definition_id, modification } => {
            modify_process_instance::apply(turn, *id, definition_id.as_ref(), modification)
        }
        Command::DeleteProcessInstance { id, delete_reason, skipped } => {
            delete_process_instance::apply(turn, *id, delete_reason.as_ref(), *skipped)
        }
        Command::SetProcessInstanceSuspension { id, is_suspended } => {
            set_process_instance_suspension::apply(turn, *id, *is_suspended)
        }
        Command::PatchVariables { execution_id, reach, patch } => {
            patch_variables::apply(turn, *execution_id, *reach, patch)
        }
        Command::LockExternalTask { id, worker_id, lock_duration_ms } => {
            lock_external_task::apply(turn, *id, worker_id.as_ref(), *lock_duration_ms)
        }
        Command::ExtendExternalTaskLock { id, worker_id, new_duration_ms } => {
            extend_external_task_lock::apply(turn, *id, worker_id.as_ref(), *new_duration_ms)
        }
        Command::UnlockExternalTask { id } => unlock_external_task::apply(turn, *id),
        Command::SetExternalTaskPriority { id, priority } => set_external_task_priority::apply(turn, *id, *priority),
        Command::SetExternalTaskRetries { id, retries } => set_external_task_retries::apply(turn, *id, *retries),
        Command::CompleteExternalTask { id, worker_id, variables, local_variables } => {
            complete_external_task::apply(turn, *id, worker_id.as_ref(), variables, local_variables)
        }
        Command::FailExternalTask {
            id,
            worker_id,
            error_message,
            error_details,
            retries,
            retry_timeout_ms,
            variables,
            local_variables,
        } => {
            let failure = Failure {
                error_message: error_message.as_ref(),
                error_details: error_details.as_ref(),
                retries: *retries,
                retry_timeout_ms: *retry_timeout_ms,
                variables,
                local_variables,
            };
            fail_external_task::apply(turn, *id, worker_id.as_ref(), &failure)
        }
        Command::ThrowExternalTaskBpmnError { id, worker_id, error_code, error_message, variables } => {
            let error = (error_code.as_ref(), error_message.as_ref());
            throw_external_task_bpmn_error::apply(turn, *id, worker_id.as_ref(), error, variables)
        }
        Command::CreateTask { id, properties } => create_task::apply(turn, *id, properties),
        Command::DeleteTask { id } => delete_task::apply(turn, *id),
        Command::ReleaseTask { id, change, to } => move_task::release(turn, *id, change, *to),
        Command::AdoptTask { tree } => move_task::adopt(turn, tree),
        Command::CompleteTask { id, variables } => complete_task::apply(turn, *id, variables),
        Command::SubmitTaskForm { id, variables } => submit_task_form::apply(turn, *id, variables),
        Command::ReadTaskForm { id, part } => read_task_form::apply(turn, *id, *part),
        Command::ChangeTask { id, change } => change_task::apply(turn, *id, change),
        Command::ThrowTaskBpmnError { id, error_code, error_message, variables } => {
            throw_task_bpmn_error::apply(turn, *id, (error_code.as_ref(), error_message.as_ref()), variables)
        }
        Command::ThrowTaskEscalation { id, escalation_code, variables } => {
            throw_task_escalation::apply(turn, *id, escalation_code.as_ref(), variables)
        }
        Command::PatchTaskVariables { id, reach, patch } => patch_task_variables::apply(turn, *id, *reach, patch),
        Command::CorrelateMessage { subscription_id, variables, local_variables, triggered_scope_variables } => {
            let payload = Payload {
                variables: variables.clone(),
                local_variables: local_variables.clone(),
                triggered_scope_variables: triggered_scope_variables.clone(),
            };
            correlate_message::apply(turn, *subscription_id, &payload)
        }
        Command::TriggerExecution { id, message_name, variables } => {
            let payload = Payload { variables: variables.clone(), ..Payload::default() };
            correlate_message::apply_to_execution(turn, *id, message_name, &payload)
        }
        Command::SignalExecution { id, variables } => signal_execution::apply(turn, *id, variables),
        Command::ExecuteJob { id } => execute_job::apply(turn, *id),
        Command::FailJob { id, message, failed_activity_id } => {
            fail_job::apply(turn, *id, message, failed_activity_id.as_ref())
        }
        Command::DeleteJob { id } => delete_job::apply(turn, *id),
        Command::SetJobRetries { id, retries } => set_job_retries::apply(turn, *id, *retries),
        Command::SetJobDueDate { id, due_date, following } => set_job_due_date::apply(turn, *id, *due_date, *following),
        Command::RecalculateJobDueDate { id, base } => recalculate_job_due_date::apply(turn, *id, *base),
        Command::SetJobPriority { id, priority } => set_job_priority::apply(turn, *id, *priority),
        Command::SetJobSuspension { id, is_suspended } => set_job_suspension::apply(turn, *id, *is_suspended),
        Command::CreateIncident { execution_id, incident_type, configuration, message } => {
            create_incident::apply(turn, *execution_id, incident_type, configuration.as_ref(), message.as_ref())
        }
        Command::ResolveIncident { id, .. } => resolve_incident::apply(turn, *id),
        Command::AnnotateIncident { id, annotation, .. } => annotate_incident::apply(turn, *id, annotation.as_ref()),
    }
}

/// What the reply can say only when all paths wait or have ended.
pub(crate) fn complete_reply(turn: &mut Turn<'_, '_>, answer: Answer) -> Reply {
    match answer {
        Answer::Ready(reply) => reply,
        Answer::Started(started) => {
            let is_ended = turn.aggregate.process_instance(started.id).is_none();
            let variables = process_variables(turn, started.id);
            Reply::Started(StartedProcessInstance { is_ended, variables, ..started })
        }
        Answer::Correlated { execution_id, process_instance_id, tenant_id } => {
            let variables = process_variables(turn, process_instance_id);
            Reply::Correlated { execution_id, process_instance_id, tenant_id, variables }
        }
        Answer::VariablesOf(id) => Reply::Variables(process_variables(turn, id)),
    }
}

/// Those of the process's own scope, also where it has just ended.
fn process_variables(turn: &mut Turn<'_, '_>, id: ProcessInstanceId) -> Vec<(Arc<str>, VariableValue)> {
    match turn.final_variables.remove(&id) {
        Some(variables) => variables,
        None => variables::all_local(turn, ScopeKey::Execution(ExecutionId::from(id))),
    }
}

impl Command {
    /// Those that only change the row of one external task need no newest state of the rest.
    pub(crate) fn reach(&self) -> Reach {
        match self {
            Command::LockExternalTask { .. }
            | Command::ExtendExternalTaskLock { .. }
            | Command::UnlockExternalTask { .. }
            | Command::SetExternalTaskPriority { .. }
            | Command::SetExternalTaskRetries { .. } => Reach::ExternalTaskRow,
            Command::StartProcessInstance { .. }
            | Command::StartProcessInstanceAt { .. }
            | Command::SubmitStartForm { .. }
            | Command::ModifyProcessInstance { .. }
            | Command::DeleteProcessInstance { .. }
            | Command::SetProcessInstanceSuspension { .. }
            | Command::PatchVariables { .. }
            | Command::CompleteExternalTask { .. }
            | Command::FailExternalTask { .. }
            | Command::ThrowExternalTaskBpmnError { .. }
            | Command::CreateTask { .. }
            | Command::DeleteTask { .. }
            | Command::ReleaseTask { .. }
            | Command::AdoptTask { .. }
            | Command::CompleteTask { .. }
            | Command::SubmitTaskForm { .. }
            | Command::ReadTaskForm { .. }
            | Command::ChangeTask { .. }
            | Command::ThrowTaskBpmnError { .. }
            | Command::ThrowTaskEscalation { .. }
            | Command::PatchTaskVariables { .. }
            | Command::CorrelateMessage { .. }
            | Command::TriggerExecution { .. }
            | Command::SignalExecution { .. }
            | Command::ExecuteJob { .. }
            | Command::FailJob { .. }
            | Command::SetJobRetries { .. }
            | Command::DeleteJob { .. }
            | Command::RecalculateJobDueDate { .. }
            | Command::SetJobPriority { .. }
            | Command::SetJobSuspension { .. }
            | Command::CreateIncident { .. }
            | Command::ResolveIncident { .. }
            | Command::AnnotateIncident { .. }
            | Command::SetJobDueDate { .. } => Reach::Aggregate,
        }
    }
}
