//! `/job-definition`

use std::sync::LazyLock;

use super::{Resource, by_id, shown, sort};
use crate::condition::Condition;
use crate::filter::{ListForm, equal, flag, modifier, one_of, tenants, without_tenant};
use crate::tables::JOB_DEFINITION as DEFINITION;

pub static JOB_DEFINITIONS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "job-definition",
    source: DEFINITION.source(),
    joins: Vec::new(),
    unless: Vec::new(),
    key: by_id(DEFINITION.col("id")),
    outputs: vec![
        shown("id", DEFINITION.col("id")),
        shown("processDefinitionId", DEFINITION.col("process_definition_id")),
        shown("processDefinitionKey", DEFINITION.col("process_definition_key")),
        shown("jobType", DEFINITION.col("job_type")),
        shown("jobConfiguration", DEFINITION.col("configuration")),
        shown("activityId", DEFINITION.col("activity_id")),
        shown("suspended", DEFINITION.col("is_suspended")),
        shown("overridingJobPriority", DEFINITION.col("override_priority")),
        shown("tenantId", DEFINITION.col("tenant_id")),
        shown("deploymentId", DEFINITION.col("deployment_id")),
    ],
    filters: vec![
        equal("jobDefinitionId", DEFINITION.col("id")),
        one_of("activityIdIn", DEFINITION.col("activity_id"), ListForm::Split),
        equal("processDefinitionId", DEFINITION.col("process_definition_id")),
        equal("processDefinitionKey", DEFINITION.col("process_definition_key")),
        equal("jobType", DEFINITION.col("job_type")),
        equal("jobConfiguration", DEFINITION.col("configuration")),
        flag("active", Condition::equal(DEFINITION.col("is_suspended"), 0)).slot("suspension"),
        flag("suspended", Condition::equal(DEFINITION.col("is_suspended"), 1)).slot("suspension"),
        flag("withOverridingJobPriority", Condition::is_not_null(DEFINITION.col("override_priority"))),
        tenants(
            "tenantIdIn",
            DEFINITION.col("tenant_id"),
            ListForm::Optional,
            Some("includeJobDefinitionsWithoutTenantId"),
        ),
        without_tenant(DEFINITION.col("tenant_id")),
        modifier("includeJobDefinitionsWithoutTenantId"),
    ],
    sorts: vec![
        sort("jobDefinitionId", DEFINITION.col("id")),
        sort("activityId", DEFINITION.col("activity_id")),
        sort("processDefinitionId", DEFINITION.col("process_definition_id")),
        sort("processDefinitionKey", DEFINITION.col("process_definition_key")),
        sort("jobType", DEFINITION.col("job_type")),
        sort("jobConfiguration", DEFINITION.col("configuration")),
        sort("tenantId", DEFINITION.col("tenant_id")),
    ],
    rules: Vec::new(),
    tie_break: vec![DEFINITION.col("id")],
});
