//! `/history/task`

use std::sync::LazyLock;

use super::{
    Output, OutputValue, Resource, Sort, by_id, constant, left_join, shown, shown_as, sort, sort_activity_instance,
    sort_same,
};
use crate::condition::{ColumnRef, Comparison, Condition, Subquery, Term, column};
use crate::error::QueryErrorKind;
use crate::filter::{
    CaseRule, Filter, FilterKind, ListForm, TextMatching, ValueForm, VariableOperator, VariableScope, compare, equal,
    exists, filter, flag, like, modifier, no_rows, one_of, tenants, text, without_tenant,
};
use crate::tables::{
    HISTORIC_PROCESS_INSTANCE as INSTANCE, HISTORIC_TASK as TASK, HISTORIC_VARIABLE as VARIABLE,
    IDENTITY_LINK_LOG as LINK, PROCESS_DEFINITION as DEFINITION,
};

pub static HISTORIC_TASKS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "history/task",
    source: TASK.source(),
    joins: vec![
        left_join(DEFINITION.source(), &[("id", TASK.col("definition_id"))]),
        left_join(INSTANCE.source(), &[("id", TASK.col("process_instance_id"))]),
        left_join(INSTANCE.named("root"), &[("id", TASK.col("root_process_instance_id"))]),
    ],
    unless: Vec::new(),
    key: by_id(TASK.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: sorts(),
    rules: Vec::new(),
    tie_break: vec![TASK.col("id")],
});

const FORM: ListForm = ListForm::Optional;

fn outputs() -> Vec<Output> {
    let activity_instance =
        OutputValue::ActivityInstance { activity: TASK.col("activity_id"), id: TASK.col("activity_instance_id") };
    let duration = OutputValue::Duration { start: TASK.col("start_time"), end: TASK.col("end_time") };
    let null = || serde_json::Value::Null;
    vec![
        shown("id", TASK.col("id")),
        shown("processDefinitionKey", TASK.col("definition_key")),
        shown("processDefinitionId", TASK.col("definition_id")),
        shown("processInstanceId", TASK.col("process_instance_id")),
        shown("executionId", TASK.col("execution_id")),
        constant("caseDefinitionKey", null()),
        constant("caseDefinitionId", null()),
        constant("caseInstanceId", null()),
        constant("caseExecutionId", null()),
        shown_as("activityInstanceId", activity_instance),
        shown("name", TASK.col("name")),
        shown("description", TASK.col("description")),
        shown("deleteReason", TASK.col("delete_reason")),
        shown("owner", TASK.col("owner")),
        shown("assignee", TASK.col("assignee")),
        shown("startTime", TASK.col("start_time")),
        shown("endTime", TASK.col("end_time")),
        shown_as("duration", duration),
        shown("taskDefinitionKey", TASK.col("activity_id")),
        shown("priority", TASK.col("priority")),
        shown("due", TASK.col("due_date")),
        shown("parentTaskId", TASK.col("parent_task_id")),
        shown("followUp", TASK.col("follow_up_date")),
        shown("tenantId", TASK.col("tenant_id")),
        shown_as(
            "removalTime",
            OutputValue::RemovalTime(vec![INSTANCE.col("removal_time"), column("root", "removal_time")]),
        ),
        shown("rootProcessInstanceId", TASK.col("root_process_instance_id")),
        shown("taskState", TASK.col("state")),
    ]
}

fn sorts() -> Vec<Sort> {
    vec![
        sort("taskId", TASK.col("id")),
        sort_activity_instance("activityInstanceId", TASK.col("activity_id"), TASK.col("activity_instance_id")),
        sort("processDefinitionId", TASK.col("definition_id")),
        sort("processInstanceId", TASK.col("process_instance_id")),
        sort("executionId", TASK.col("execution_id")),
        sort_same("caseDefinitionId"),
        sort_same("caseInstanceId"),
        sort_same("caseExecutionId"),
        sort("duration", Term::Difference(TASK.col("end_time"), TASK.col("start_time"))),
        sort("endTime", TASK.col("end_time")),
        sort("startTime", TASK.col("start_time")),
        sort("taskName", TASK.col("name")),
        sort("taskDescription", TASK.col("description")),
        sort("assignee", TASK.col("assignee")),
        sort("owner", TASK.col("owner")),
        sort("dueDate", TASK.col("due_date")),
        sort("followUpDate", TASK.col("follow_up_date")),
        sort("deleteReason", TASK.col("delete_reason")),
        sort("taskDefinitionKey", TASK.col("activity_id")),
        sort("priority", TASK.col("priority")),
        sort("tenantId", TASK.col("tenant_id")),
    ]
}

fn filters() -> Vec<Filter> {
    let mut filters = vec![filter("orQueries", FilterKind::OrQueries)];
    filters.extend(place_filters());
    filters.extend(own_filters());
    filters.extend(time_filters());
    filters.extend(link_filters());
    filters.extend(variable_filters());
    filters.extend([no_rows("caseDefinitionId", ValueForm::Text), no_rows("caseDefinitionKey", ValueForm::Text)]);
    filters.extend([no_rows("caseDefinitionName", ValueForm::Text), no_rows("caseInstanceId", ValueForm::Text)]);
    filters.push(no_rows("caseExecutionId", ValueForm::Text));
    filters
}

/// Camunda: these hold if they are given at all, true or false.
fn given(name: &'static str, condition: Condition) -> Filter {
    filter(name, FilterKind::Flag { when_true: condition.clone(), when_false: condition })
}

fn place_filters() -> Vec<Filter> {
    let activity_instances = FilterKind::ActivityInstance {
        activity: TASK.col("activity_id"),
        id: TASK.col("activity_instance_id"),
        form: Some(FORM),
    };
    vec![
        equal("processInstanceId", TASK.col("process_instance_id")),
        equal("rootProcessInstanceId", TASK.col("root_process_instance_id")),
        equal("processInstanceBusinessKey", INSTANCE.col("business_key")),
        one_of("processInstanceBusinessKeyIn", INSTANCE.col("business_key"), FORM),
        like("processInstanceBusinessKeyLike", INSTANCE.col("business_key")),
        equal("executionId", TASK.col("execution_id")),
        filter("activityInstanceIdIn", activity_instances),
        equal("processDefinitionId", TASK.col("definition_id")),
        equal("processDefinitionKey", TASK.col("definition_key")),
        equal("processDefinitionName", DEFINITION.col("name")),
        given("processFinished", Condition::is_not_null(INSTANCE.col("end_time"))),
        given("processUnfinished", is_running()),
        tenants("tenantIdIn", TASK.col("tenant_id"), FORM, None),
        without_tenant(TASK.col("tenant_id")),
    ]
}

/// A task without a process has none that runs.
fn is_running() -> Condition {
    Condition::is_null(INSTANCE.col("end_time")).and(Condition::is_not_null(INSTANCE.col("id")))
}

fn own_filters() -> Vec<Filter> {
    let any_case = |name, column: ColumnRef, matching| text(name, column, matching, CaseRule::Ignored);
    vec![
        equal("taskId", TASK.col("id")),
        equal("taskParentTaskId", TASK.col("parent_task_id")),
        any_case("taskName", TASK.col("name"), TextMatching::Equal),
        any_case("taskNameLike", TASK.col("name"), TextMatching::Like),
        any_case("taskDescription", TASK.col("description"), TextMatching::Equal),
        any_case("taskDescriptionLike", TASK.col("description"), TextMatching::Like),
        equal("taskDefinitionKey", TASK.col("activity_id")),
        one_of("taskDefinitionKeyIn", TASK.col("activity_id"), FORM),
        equal("taskDeleteReason", TASK.col("delete_reason")),
        like("taskDeleteReasonLike", TASK.col("delete_reason")),
        given("assigned", Condition::is_not_null(TASK.col("assignee"))),
        given("unassigned", Condition::is_null(TASK.col("assignee"))),
        equal("taskAssignee", TASK.col("assignee")),
        like("taskAssigneeLike", TASK.col("assignee")),
        equal("taskOwner", TASK.col("owner")),
        like("taskOwnerLike", TASK.col("owner")),
        equal("taskPriority", TASK.col("priority")),
        given("finished", Condition::is_not_null(TASK.col("end_time"))),
        given("unfinished", Condition::is_null(TASK.col("end_time"))),
    ]
}

fn time_filters() -> Vec<Filter> {
    vec![
        equal("taskDueDate", TASK.col("due_date")),
        compare("taskDueDateBefore", TASK.col("due_date"), Comparison::Less),
        compare("taskDueDateAfter", TASK.col("due_date"), Comparison::Greater),
        flag("withoutTaskDueDate", Condition::is_null(TASK.col("due_date"))),
        equal("taskFollowUpDate", TASK.col("follow_up_date")),
        compare("taskFollowUpDateBefore", TASK.col("follow_up_date"), Comparison::Less),
        compare("taskFollowUpDateAfter", TASK.col("follow_up_date"), Comparison::Greater),
        compare("startedBefore", TASK.col("start_time"), Comparison::AtMost),
        compare("startedAfter", TASK.col("start_time"), Comparison::AtLeast),
        compare("finishedBefore", TASK.col("end_time"), Comparison::AtMost),
        compare("finishedAfter", TASK.col("end_time"), Comparison::AtLeast),
    ]
}

/// Of users and groups that the task was ever linked to. All of them hold for the same link.
fn link_filters() -> Vec<Filter> {
    let links = || Subquery {
        from: LINK.source(),
        joins: Vec::new(),
        condition: Condition::equal(LINK.col("task_id"), TASK.col("id")),
    };
    let is_candidate = || Condition::equal(LINK.col("kind"), "candidate");
    let same = |name| FilterKind::Compare(LINK.col(name), Comparison::Equal);
    let candidate = |name| FilterKind::And { inner: Box::new(same(name)), condition: is_candidate(), unless: None };
    let candidate_group = is_candidate().and(Condition::is_not_null(LINK.col("group_id")));
    let any_group = FilterKind::Flag { when_true: candidate_group.clone(), when_false: candidate_group.clone() };
    let mut with_group = links();
    with_group.condition = with_group.condition.and(candidate_group);
    vec![
        exists("taskInvolvedUser", links(), same("user_id")),
        exists("taskInvolvedGroup", links(), same("group_id")),
        exists("taskHadCandidateUser", links(), candidate("user_id")),
        exists("taskHadCandidateGroup", links(), candidate("group_id")),
        exists("withCandidateGroups", links(), any_group),
        given("withoutCandidateGroups", Condition::Exists(Box::new(with_group)).not()),
    ]
}

fn variable_filters() -> Vec<Filter> {
    /// Camunda: a task's own variables are compared for equality only.
    const EQUAL: &[VariableOperator] = VariableOperator::ALL.split_at(1).0;
    let of_task = Condition::equal(VARIABLE.col("task_id"), TASK.col("id"));
    let of_instance = Condition::equal(VARIABLE.col("process_instance_id"), TASK.col("process_instance_id"))
        .and(Condition::is_null(VARIABLE.col("task_id")));
    let variables = |name, link, operators| {
        let scope =
            VariableScope { source: VARIABLE.source(), link: Some(link), operators, refusal: QueryErrorKind::Refused };
        filter(name, FilterKind::Variables(scope))
    };
    vec![
        modifier("variableNamesIgnoreCase"),
        modifier("variableValuesIgnoreCase"),
        variables("taskVariables", of_task, EQUAL),
        variables("processVariables", of_instance, VariableOperator::ALL),
    ]
}
