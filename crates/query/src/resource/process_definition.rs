//! `/process-definition`

use std::sync::LazyLock;

use super::{Output, Resource, Rule, by_id, left_join, shown, sort, sort_time};
use crate::condition::{Comparison, Condition, Subquery};
use crate::error::QueryErrorKind;
use crate::filter::{
    CaseRule, Filter, FilterKind, ListForm, TextMatching, compare, equal, exists, flag, like, modifier, one_of,
    tenants, text, without_tenant,
};
use crate::tables::{CANDIDATE_STARTER as STARTER, DEPLOYMENT, INCIDENT, PROCESS_DEFINITION as DEFINITION};

pub static PROCESS_DEFINITIONS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "process-definition",
    source: DEFINITION.source(),
    joins: vec![left_join(DEPLOYMENT.source(), &[("id", DEFINITION.col("deployment_id"))])],
    unless: Vec::new(),
    key: by_id(DEFINITION.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort("category", DEFINITION.col("category")),
        sort("key", DEFINITION.col("key")),
        sort("id", DEFINITION.col("id")),
        sort("version", DEFINITION.col("version")),
        sort("name", DEFINITION.col("name")),
        sort("deploymentId", DEFINITION.col("deployment_id")),
        sort_time("deployTime", DEPLOYMENT.col("deploy_time"), DEPLOYMENT.col("id")),
        sort("tenantId", DEFINITION.col("tenant_id")),
        sort("versionTag", DEFINITION.col("version_tag")),
    ],
    // Camunda: the latest version goes with keys and names only.
    rules: vec![
        Rule::Excludes("latestVersion", &["processDefinitionId", "version", "ver", "deploymentId"], REFUSED),
        Rule::Excludes("latest", &["processDefinitionId", "version", "ver", "deploymentId"], REFUSED),
    ],
    tie_break: vec![DEFINITION.col("id")],
});

const REFUSED: QueryErrorKind = QueryErrorKind::Refused;

fn outputs() -> Vec<Output> {
    vec![
        shown("id", DEFINITION.col("id")),
        shown("key", DEFINITION.col("key")),
        shown("category", DEFINITION.col("category")),
        shown("description", DEFINITION.col("description")),
        shown("name", DEFINITION.col("name")),
        shown("version", DEFINITION.col("version")),
        shown("resource", DEFINITION.col("resource_name")),
        shown("deploymentId", DEFINITION.col("deployment_id")),
        shown("diagram", DEFINITION.col("diagram_resource_name")),
        shown("suspended", DEFINITION.col("is_suspended")),
        shown("tenantId", DEFINITION.col("tenant_id")),
        shown("versionTag", DEFINITION.col("version_tag")),
        shown("historyTimeToLive", DEFINITION.col("history_time_to_live_days")),
        shown("startableInTasklist", DEFINITION.col("is_startable_in_tasklist")),
    ]
}

fn filters() -> Vec<Filter> {
    let of_definition = || Subquery {
        from: INCIDENT.source(),
        joins: Vec::new(),
        condition: Condition::equal(INCIDENT.col("definition_id"), DEFINITION.col("id")),
    };
    let incident = |name, column| FilterKind::Compare(INCIDENT.col(column), name);
    let message_like =
        FilterKind::Text { column: INCIDENT.col("message"), matching: TextMatching::Like, case: CaseRule::Kept };
    let starter = Subquery {
        from: STARTER.source(),
        joins: Vec::new(),
        condition: Condition::equal(STARTER.col("definition_id"), DEFINITION.col("id")),
    };
    let latest = || Condition::equal(DEFINITION.col("is_latest"), 1);
    vec![
        equal("processDefinitionId", DEFINITION.col("id")),
        one_of("processDefinitionIdIn", DEFINITION.col("id"), ListForm::Optional),
        equal("category", DEFINITION.col("category")),
        like("categoryLike", DEFINITION.col("category")),
        equal("name", DEFINITION.col("name")),
        text("nameLike", DEFINITION.col("name"), TextMatching::Like, CaseRule::Ignored),
        equal("deploymentId", DEFINITION.col("deployment_id")),
        compare("deployedAfter", DEPLOYMENT.col("deploy_time"), Comparison::Greater),
        equal("deployedAt", DEPLOYMENT.col("deploy_time")),
        equal("key", DEFINITION.col("key")),
        like("keyLike", DEFINITION.col("key")),
        one_of("keysIn", DEFINITION.col("key"), ListForm::Optional),
        equal("version", DEFINITION.col("version")).slot("version"),
        // Camunda: an old name of the parameter, still read.
        equal("ver", DEFINITION.col("version")).slot("version"),
        flag("latestVersion", latest()),
        // Camunda: an old name of the parameter, still read.
        flag("latest", latest()),
        equal("resourceName", DEFINITION.col("resource_name")),
        like("resourceNameLike", DEFINITION.col("resource_name")),
        exists("startableBy", starter, FilterKind::Compare(STARTER.col("user_id"), Comparison::Equal)),
        flag("active", Condition::equal(DEFINITION.col("is_suspended"), 0)).slot("suspension"),
        flag("suspended", Condition::equal(DEFINITION.col("is_suspended"), 1)).slot("suspension"),
        exists("incidentId", of_definition(), incident(Comparison::Equal, "id")),
        exists("incidentType", of_definition(), incident(Comparison::Equal, "incident_type")),
        exists("incidentMessage", of_definition(), incident(Comparison::Equal, "message")),
        exists("incidentMessageLike", of_definition(), message_like),
        tenants(
            "tenantIdIn",
            DEFINITION.col("tenant_id"),
            ListForm::Optional,
            Some("includeProcessDefinitionsWithoutTenantId"),
        ),
        without_tenant(DEFINITION.col("tenant_id")),
        modifier("includeProcessDefinitionsWithoutTenantId"),
        equal("versionTag", DEFINITION.col("version_tag")).slot("version tag"),
        like("versionTagLike", DEFINITION.col("version_tag")),
        flag("withoutVersionTag", Condition::is_null(DEFINITION.col("version_tag"))).slot("version tag"),
        flag("startableInTasklist", Condition::equal(DEFINITION.col("is_startable_in_tasklist"), 1)),
        flag("notStartableInTasklist", Condition::equal(DEFINITION.col("is_startable_in_tasklist"), 0)),
        // There are no permissions without authorizations: everything may be started.
        flag("startablePermissionCheck", Condition::EVERYTHING),
    ]
}
