//! `/history/process-instance`

use std::sync::LazyLock;

use super::{Output, OutputValue, Resource, Rule, by_id, constant, left_join, shown, shown_as, sort};
use crate::condition::{ColumnRef, Comparison, Condition, Source, Subquery, Term, column};
use crate::error::QueryErrorKind;
use crate::filter::{
    CaseRule, Filter, FilterKind, ListForm, Membership, Otherwise, TextMatching, ValueForm, VariableOperator,
    VariableScope, compare, equal, exists, filter, flag, like, modifier, no_rows, none_of, one_of, tenants,
    without_tenant,
};
use crate::tables::{
    EXECUTION, HISTORIC_ACTIVITY_INSTANCE as ACTIVITY, HISTORIC_INCIDENT as INCIDENT, HISTORIC_JOB_LOG as JOB_LOG,
    HISTORIC_PROCESS_INSTANCE as INSTANCE, HISTORIC_VARIABLE as VARIABLE, JOB, PROCESS_DEFINITION as DEFINITION,
};

pub static HISTORIC_PROCESS_INSTANCES: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "history/process-instance",
    source: INSTANCE.source(),
    joins: vec![
        left_join(DEFINITION.source(), &[("id", INSTANCE.col("definition_id"))]),
        left_join(INSTANCE.named("root"), &[("id", INSTANCE.col("root_process_instance_id"))]),
    ],
    unless: Vec::new(),
    key: by_id(INSTANCE.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort("instanceId", INSTANCE.col("id")),
        sort("definitionId", INSTANCE.col("definition_id")),
        sort("definitionKey", INSTANCE.col("definition_key")),
        sort("definitionName", DEFINITION.col("name")),
        sort("definitionVersion", DEFINITION.col("version")),
        sort("businessKey", INSTANCE.col("business_key")),
        sort("startTime", INSTANCE.col("start_time")),
        sort("endTime", INSTANCE.col("end_time")),
        sort("duration", Term::Difference(INSTANCE.col("end_time"), INSTANCE.col("start_time"))),
        sort("tenantId", INSTANCE.col("tenant_id")),
    ],
    rules: vec![Rule::AtMostOneOutsideOrQueries(
        &["active", "suspended", "completed", "externallyTerminated", "internallyTerminated"],
        QueryErrorKind::BadUserRequest,
    )],
    tie_break: vec![INSTANCE.col("id")],
});

fn outputs() -> Vec<Output> {
    let null = serde_json::Value::Null;
    let duration = OutputValue::Duration { start: INSTANCE.col("start_time"), end: INSTANCE.col("end_time") };
    vec![
        shown("id", INSTANCE.col("id")),
        shown("businessKey", INSTANCE.col("business_key")),
        shown("processDefinitionId", INSTANCE.col("definition_id")),
        shown("processDefinitionKey", INSTANCE.col("definition_key")),
        shown("processDefinitionName", DEFINITION.col("name")),
        shown("processDefinitionVersion", DEFINITION.col("version")),
        shown("startTime", INSTANCE.col("start_time")),
        shown("endTime", INSTANCE.col("end_time")),
        shown_as(
            "removalTime",
            OutputValue::RemovalTime(vec![INSTANCE.col("removal_time"), column("root", "removal_time")]),
        ),
        shown_as("durationInMillis", duration),
        constant("startUserId", null.clone()),
        shown("startActivityId", INSTANCE.col("start_activity_id")),
        shown("deleteReason", INSTANCE.col("delete_reason")),
        shown("rootProcessInstanceId", INSTANCE.col("root_process_instance_id")),
        shown("superProcessInstanceId", INSTANCE.col("super_process_instance_id")),
        constant("superCaseInstanceId", null),
        shown("caseInstanceId", INSTANCE.col("case_instance_id")),
        shown("tenantId", INSTANCE.col("tenant_id")),
        shown("state", INSTANCE.col("state")),
        shown("restartedProcessInstanceId", INSTANCE.col("restarted_process_instance_id")),
    ]
}

fn filters() -> Vec<Filter> {
    let keys = INSTANCE.col("definition_key");
    let mut filters = vec![
        filter("orQueries", FilterKind::OrQueries),
        equal("processInstanceId", INSTANCE.col("id")),
        one_of("processInstanceIds", INSTANCE.col("id"), ListForm::Required),
        none_of("processInstanceIdNotIn", INSTANCE.col("id"), ListForm::Optional),
        equal("rootProcessInstanceId", INSTANCE.col("root_process_instance_id")),
        equal("processDefinitionId", INSTANCE.col("definition_id")),
        equal("processDefinitionKey", keys),
        one_of("processDefinitionKeyIn", keys, ListForm::Optional),
        equal("processDefinitionName", DEFINITION.col("name")),
        like("processDefinitionNameLike", DEFINITION.col("name")),
        // Camunda: these are patterns.
        filter(
            "processDefinitionKeyNotIn",
            FilterKind::List { column: keys, membership: Membership::NotLike, form: ListForm::Optional },
        ),
        equal("processInstanceBusinessKey", INSTANCE.col("business_key")),
        one_of("processInstanceBusinessKeyIn", INSTANCE.col("business_key"), ListForm::Optional),
        like("processInstanceBusinessKeyLike", INSTANCE.col("business_key")),
        flag("rootProcessInstances", Condition::is_null(INSTANCE.col("super_process_instance_id"))),
        flag("finished", Condition::is_not_null(INSTANCE.col("end_time"))),
        flag("unfinished", Condition::is_null(INSTANCE.col("end_time"))),
        compare("startedBefore", INSTANCE.col("start_time"), Comparison::AtMost),
        compare("startedAfter", INSTANCE.col("start_time"), Comparison::AtLeast),
        compare("finishedBefore", INSTANCE.col("end_time"), Comparison::AtMost),
        compare("finishedAfter", INSTANCE.col("end_time"), Comparison::AtLeast),
        // No user is known to have started an instance.
        no_rows("startedBy", ValueForm::Text),
        equal("superProcessInstanceId", INSTANCE.col("super_process_instance_id")),
        no_rows("superCaseInstanceId", ValueForm::Text),
        no_rows("subCaseInstanceId", ValueForm::Text),
        equal("caseInstanceId", INSTANCE.col("case_instance_id")),
        tenants("tenantIdIn", INSTANCE.col("tenant_id"), ListForm::Optional, None),
        without_tenant(INSTANCE.col("tenant_id")),
        modifier("variableNamesIgnoreCase"),
        modifier("variableValuesIgnoreCase"),
    ];
    filters.extend(state_filters());
    filters.extend(incident_filters());
    filters.extend(activity_filters());
    filters.extend(related_filters());
    filters
}

fn state_filters() -> Vec<Filter> {
    let state = |name, state: &str| flag(name, Condition::equal(INSTANCE.col("state"), state));
    vec![
        state("active", "ACTIVE"),
        state("suspended", "SUSPENDED"),
        state("completed", "COMPLETED"),
        state("externallyTerminated", "EXTERNALLY_TERMINATED"),
        state("internallyTerminated", "INTERNALLY_TERMINATED"),
    ]
}

/// Rows of the source that belong to the instance.
fn of_instance(source: Source) -> Subquery {
    let link = Condition::equal(column(source.alias, "process_instance_id"), INSTANCE.col("id"));
    Subquery { from: source, joins: Vec::new(), condition: link }
}

fn when_true(condition: Condition) -> FilterKind {
    FilterKind::Flag { when_true: condition, when_false: Condition::EVERYTHING }
}

fn listed(column: ColumnRef) -> FilterKind {
    FilterKind::List { column, membership: Membership::In, form: ListForm::Optional }
}

/// All of them hold for the same incident.
fn incident_filters() -> Vec<Filter> {
    let incidents = || of_instance(INCIDENT.source());
    let same = |name| FilterKind::Compare(INCIDENT.col(name), Comparison::Equal);
    let message_like =
        FilterKind::Text { column: INCIDENT.col("message"), matching: TextMatching::Like, case: CaseRule::Kept };
    let root = Condition::equal(INCIDENT.col("id"), INCIDENT.col("root_cause_incident_id"));
    // Camunda: another word asks only that there is an incident.
    let status = FilterKind::Choice {
        words: vec![
            ("open", Condition::is_null(INCIDENT.col("end_time"))),
            ("resolved", Condition::is_not_null(INCIDENT.col("end_time"))),
        ],
        otherwise: Otherwise::Holds(Condition::EVERYTHING),
    };
    vec![
        exists("withIncidents", incidents(), when_true(Condition::EVERYTHING)),
        exists("withRootIncidents", incidents(), when_true(root)),
        exists("incidentIdIn", incidents(), listed(INCIDENT.col("id"))),
        exists("incidentStatus", incidents(), status),
        exists("incidentType", incidents(), same("incident_type")),
        exists("incidentMessage", incidents(), same("message")),
        exists("incidentMessageLike", incidents(), message_like),
    ]
}

fn activity_filters() -> Vec<Filter> {
    let activities = || of_instance(ACTIVITY.source());
    let in_time = |comparison| {
        let start = FilterKind::Compare(ACTIVITY.col("start_time"), comparison);
        let end = FilterKind::Compare(ACTIVITY.col("end_time"), comparison);
        FilterKind::AnyOf(vec![start, end], Condition::NOTHING)
    };
    // Times and names are looked for in rows of their own: they need not be the same.
    let by_name = || of_instance(ACTIVITY.named("visited"));
    let visited = |condition| FilterKind::And {
        inner: Box::new(listed(column("visited", "activity_id"))),
        condition,
        unless: None,
    };
    let end = column("visited", "end_time");
    vec![
        exists("executedActivityAfter", activities(), in_time(Comparison::AtLeast)),
        exists("executedActivityBefore", activities(), in_time(Comparison::AtMost)),
        exists("executedActivityIdIn", by_name(), visited(Condition::is_not_null(end))),
        exists("activeActivityIdIn", by_name(), visited(Condition::is_null(end))),
        exists("activityIdIn", of_instance(EXECUTION.source()), listed(EXECUTION.col("activity_id"))),
    ]
}

fn related_filters() -> Vec<Filter> {
    let called = Subquery {
        from: INSTANCE.named("called"),
        joins: Vec::new(),
        condition: Condition::equal(column("called", "super_process_instance_id"), INSTANCE.col("id")),
    };
    let retrying = Condition::compare(JOB.col("retries"), Comparison::Greater, 0)
        .and(Condition::is_not_null(JOB.col("exception_message")));
    let variables = VariableScope {
        source: VARIABLE.source(),
        link: Some(Condition::equal(VARIABLE.col("process_instance_id"), INSTANCE.col("id"))),
        operators: VariableOperator::ALL_BUT_NOT_LIKE,
        refusal: QueryErrorKind::NotValid,
    };
    let logged = |comparison| FilterKind::Compare(JOB_LOG.col("logged_at"), comparison);
    vec![
        exists("executedJobAfter", of_instance(JOB_LOG.source()), logged(Comparison::AtLeast)),
        exists("executedJobBefore", of_instance(JOB_LOG.source()), logged(Comparison::AtMost)),
        exists("subProcessInstanceId", called, FilterKind::Compare(column("called", "id"), Comparison::Equal)),
        exists("withJobsRetrying", of_instance(JOB.source()), when_true(retrying)),
        filter("variables", FilterKind::Variables(variables)),
    ]
}
