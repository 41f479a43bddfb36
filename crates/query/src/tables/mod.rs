//! One file per table.

mod attachment;
mod batch;
mod camunda_form_definition;
mod candidate_starter;
mod comment;
mod definition_generation;
mod deployment;
mod deployment_resource;
mod event_subscription;
mod execution;
mod external_task;
mod given_id;
mod historic_activity_instance;
mod historic_batch;
mod historic_detail;
mod historic_external_task_log;
mod historic_incident;
mod historic_job_log;
mod historic_process_instance;
mod historic_task;
mod historic_variable;
mod idempotency_key;
mod identity_link;
mod identity_link_log;
mod incident;
mod job;
mod job_definition;
mod node;
mod process_definition;
mod process_instance;
mod task;
mod variable;

pub use attachment::ATTACHMENT;
pub use batch::BATCH;
pub use camunda_form_definition::CAMUNDA_FORM_DEFINITION;
pub use candidate_starter::CANDIDATE_STARTER;
pub use comment::COMMENT;
pub use definition_generation::DEFINITION_GENERATION;
pub use deployment::DEPLOYMENT;
pub use deployment_resource::DEPLOYMENT_RESOURCE;
pub use event_subscription::EVENT_SUBSCRIPTION;
pub use execution::EXECUTION;
pub use external_task::EXTERNAL_TASK;
pub use given_id::GIVEN_ID;
pub use historic_activity_instance::HISTORIC_ACTIVITY_INSTANCE;
pub use historic_batch::HISTORIC_BATCH;
pub use historic_detail::{EVERY_HISTORIC_DETAIL, EVERY_HISTORIC_DETAIL_VIEW, HISTORIC_DETAIL, first_values};
pub use historic_external_task_log::HISTORIC_EXTERNAL_TASK_LOG;
pub use historic_incident::HISTORIC_INCIDENT;
pub use historic_job_log::HISTORIC_JOB_LOG;
pub use historic_process_instance::{HISTORIC_PROCESS_INSTANCE, NEVER_REMOVED};
pub use historic_task::HISTORIC_TASK;
pub use historic_variable::HISTORIC_VARIABLE;
pub use idempotency_key::IDEMPOTENCY_KEY;
pub use identity_link::IDENTITY_LINK;
pub use identity_link_log::IDENTITY_LINK_LOG;
pub use incident::INCIDENT;
pub use job::JOB;
pub use job_definition::JOB_DEFINITION;
pub use node::NODE;
pub use process_definition::PROCESS_DEFINITION;
pub use process_instance::PROCESS_INSTANCE;
pub use task::TASK;
pub use variable::VARIABLE;

use crate::table::View;
use crate::{Dialect, Table};

/// What is kept of a process instance besides its own row: all have a column `process_instance_id`.
pub const HISTORY_OF_PROCESS_INSTANCE: &[&Table] = &[
    &HISTORIC_ACTIVITY_INSTANCE,
    &HISTORIC_TASK,
    &IDENTITY_LINK_LOG,
    &HISTORIC_VARIABLE,
    &HISTORIC_DETAIL,
    &HISTORIC_EXTERNAL_TASK_LOG,
    &HISTORIC_INCIDENT,
    &HISTORIC_JOB_LOG,
];

/// Every table, in the order in which they are created.
pub const ALL: &[&Table] = &[
    &DEPLOYMENT,
    &DEPLOYMENT_RESOURCE,
    &CAMUNDA_FORM_DEFINITION,
    &PROCESS_DEFINITION,
    &JOB_DEFINITION,
    &PROCESS_INSTANCE,
    &EXECUTION,
    &EXTERNAL_TASK,
    &TASK,
    &IDENTITY_LINK,
    &VARIABLE,
    &JOB,
    &EVENT_SUBSCRIPTION,
    &INCIDENT,
    &BATCH,
    &HISTORIC_PROCESS_INSTANCE,
    &HISTORIC_ACTIVITY_INSTANCE,
    &HISTORIC_TASK,
    &IDENTITY_LINK_LOG,
    &HISTORIC_VARIABLE,
    &HISTORIC_DETAIL,
    &HISTORIC_EXTERNAL_TASK_LOG,
    &HISTORIC_INCIDENT,
    &HISTORIC_BATCH,
    &HISTORIC_JOB_LOG,
    &COMMENT,
    &ATTACHMENT,
    &IDEMPOTENCY_KEY,
    &GIVEN_ID,
    &CANDIDATE_STARTER,
    &DEFINITION_GENERATION,
    &NODE,
];

/// Every view, created after the tables.
pub const VIEWS: &[&View] = &[&EVERY_HISTORIC_DETAIL_VIEW];

/// The statements that make an empty database ours, in order.
pub fn create_statements(dialect: Dialect) -> Vec<String> {
    let tables = ALL.iter().flat_map(|table| table.create_statements(dialect));
    tables.chain(VIEWS.iter().map(move |view| view.create_statement(dialect))).collect()
}
