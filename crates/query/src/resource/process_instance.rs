//! `/process-instance`

use std::sync::LazyLock;

use super::{Output, Resource, by_id, constant, left_join, no_links, shown, sort};
use crate::condition::{Comparison, Condition, Join, JoinKind, Source, Subquery, column};
use crate::error::QueryErrorKind;
use crate::filter::{
    CaseRule, Filter, FilterKind, ListForm, Membership, TextMatching, ValueForm, VariableOperator, VariableScope,
    equal, exists, filter, flag, like, modifier, no_rows, none_of, one_of, tenants, without_tenant,
};
use crate::tables::{EXECUTION, INCIDENT, PROCESS_DEFINITION as DEFINITION, PROCESS_INSTANCE as INSTANCE, VARIABLE};

pub static PROCESS_INSTANCES: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "process-instance",
    source: INSTANCE.source(),
    joins: vec![left_join(DEFINITION.source(), &[("id", INSTANCE.col("definition_id"))])],
    unless: Vec::new(),
    key: by_id(INSTANCE.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort("instanceId", INSTANCE.col("id")),
        sort("definitionKey", INSTANCE.col("definition_key")),
        sort("definitionId", INSTANCE.col("definition_id")),
        sort("tenantId", INSTANCE.col("tenant_id")),
        sort("businessKey", INSTANCE.col("business_key")),
    ],
    rules: Vec::new(),
    tie_break: vec![INSTANCE.col("id")],
});

fn outputs() -> Vec<Output> {
    vec![
        no_links(),
        shown("id", INSTANCE.col("id")),
        shown("definitionId", INSTANCE.col("definition_id")),
        shown("definitionKey", INSTANCE.col("definition_key")),
        shown("businessKey", INSTANCE.col("business_key")),
        shown("caseInstanceId", INSTANCE.col("case_instance_id")),
        constant("ended", false),
        shown("suspended", INSTANCE.col("is_suspended")),
        shown("tenantId", INSTANCE.col("tenant_id")),
    ]
}

fn filters() -> Vec<Filter> {
    let mut filters = vec![
        filter("orQueries", FilterKind::OrQueries),
        one_of("processInstanceIds", INSTANCE.col("id"), ListForm::Required),
        equal("processDefinitionKey", INSTANCE.col("definition_key")),
        one_of("processDefinitionKeyIn", INSTANCE.col("definition_key"), ListForm::Optional),
        none_of("processDefinitionKeyNotIn", INSTANCE.col("definition_key"), ListForm::Optional),
        equal("deploymentId", DEFINITION.col("deployment_id")),
        equal("businessKey", INSTANCE.col("business_key")),
        like("businessKeyLike", INSTANCE.col("business_key")),
        equal("caseInstanceId", INSTANCE.col("case_instance_id")),
        equal("processDefinitionId", INSTANCE.col("definition_id")),
        no_rows("superCaseInstance", ValueForm::Text),
        no_rows("subCaseInstance", ValueForm::Text),
        flag("active", Condition::equal(INSTANCE.col("is_suspended"), 0)).slot("suspension"),
        flag("suspended", Condition::equal(INSTANCE.col("is_suspended"), 1)).slot("suspension"),
        equal("rootProcessInstanceId", INSTANCE.col("root_process_instance_id")),
        tenants("tenantIdIn", INSTANCE.col("tenant_id"), ListForm::Optional, None),
        without_tenant(INSTANCE.col("tenant_id")),
        flag("rootProcessInstances", Condition::is_null(INSTANCE.col("super_execution_id"))),
        flag("processDefinitionWithoutTenantId", Condition::is_null(DEFINITION.col("tenant_id"))),
        modifier("variableNamesIgnoreCase"),
        modifier("variableValuesIgnoreCase"),
    ];
    filters.extend(call_filters());
    filters.extend(incident_filters());
    filters.push(exists(
        "activityIdIn",
        of_instance(EXECUTION.source()),
        FilterKind::List { column: EXECUTION.col("activity_id"), membership: Membership::In, form: ListForm::Optional },
    ));
    filters.push(filter(
        "variables",
        FilterKind::Variables(VariableScope {
            source: VARIABLE.source(),
            link: Some(Condition::equal(VARIABLE.col("execution_id"), INSTANCE.col("id"))),
            operators: VariableOperator::ALL_BUT_NOT_LIKE,
            refusal: QueryErrorKind::NotValid,
        }),
    ));
    filters
}

/// Rows of the source that belong to the instance.
fn of_instance(source: Source) -> Subquery {
    let link = Condition::equal(column(source.alias, "process_instance_id"), INSTANCE.col("id"));
    Subquery { from: source, joins: Vec::new(), condition: link }
}

/// By callers and by what is called.
fn call_filters() -> Vec<Filter> {
    let caller = EXECUTION.named("caller");
    let called = INSTANCE.named("called");
    let of_caller = Subquery {
        from: caller,
        joins: Vec::new(),
        condition: Condition::equal(column("caller", "id"), INSTANCE.col("super_execution_id")),
    };
    let of_called = || Subquery {
        from: caller,
        joins: vec![Join {
            kind: JoinKind::Inner,
            source: called,
            on: vec![(column("called", "super_execution_id"), column("caller", "id"))],
        }],
        condition: Condition::equal(column("caller", "process_instance_id"), INSTANCE.col("id")),
    };
    let same = |alias, name| FilterKind::Compare(column(alias, name), Comparison::Equal);
    vec![
        exists("superProcessInstance", of_caller, same("caller", "process_instance_id")),
        exists("subProcessInstance", of_called(), same("called", "id")),
        flag("leafProcessInstances", Condition::Exists(Box::new(of_called())).not()),
    ]
}

fn incident_filters() -> Vec<Filter> {
    let incidents = || of_instance(INCIDENT.source());
    let same = |name| FilterKind::Compare(INCIDENT.col(name), Comparison::Equal);
    let any = FilterKind::Flag { when_true: Condition::EVERYTHING, when_false: Condition::EVERYTHING };
    let message_like =
        FilterKind::Text { column: INCIDENT.col("message"), matching: TextMatching::Like, case: CaseRule::Kept };
    vec![
        exists("withIncident", incidents(), any),
        exists("incidentId", incidents(), same("id")),
        exists("incidentType", incidents(), same("incident_type")),
        exists("incidentMessage", incidents(), same("message")),
        exists("incidentMessageLike", incidents(), message_like),
    ]
}
