//! `/task`

use std::sync::LazyLock;

use super::{
    Output, OutputValue, Resource, Rule, Sort, SortKey, by_id, constant, left_join, shown, shown_as, sort, sort_same,
};
use crate::condition::{Comparison, Condition, Subquery, Term};
use crate::error::QueryErrorKind;
use crate::filter::{
    CaseRule, Filter, FilterKind, ListForm, Membership, Otherwise, TextMatching, ValueForm, VariableOperator,
    VariableScope, compare, equal, exists, filter, flag, like, modifier, no_rows, none_of, one_of, tenants, text,
};
use crate::tables::{IDENTITY_LINK as LINK, PROCESS_DEFINITION as DEFINITION, TASK, VARIABLE};

pub static TASKS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "task",
    source: TASK.source(),
    joins: vec![left_join(DEFINITION.source(), &[("id", TASK.col("definition_id"))])],
    unless: Vec::new(),
    key: by_id(TASK.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: sorts(),
    rules: rules(),
    tie_break: vec![TASK.col("id")],
});

const FORM: ListForm = ListForm::Split;

fn outputs() -> Vec<Output> {
    let null = || serde_json::Value::Null;
    vec![
        shown("id", TASK.col("id")),
        shown("name", TASK.col("name")),
        shown("assignee", TASK.col("assignee")),
        shown("created", TASK.col("create_time")),
        shown("due", TASK.col("due_date")),
        shown("followUp", TASK.col("follow_up_date")),
        shown("lastUpdated", TASK.col("last_updated")),
        shown("delegationState", TASK.col("delegation_state")),
        shown("description", TASK.col("description")),
        shown("executionId", TASK.col("execution_id")),
        shown("owner", TASK.col("owner")),
        shown("parentTaskId", TASK.col("parent_task_id")),
        shown("priority", TASK.col("priority")),
        shown("processDefinitionId", TASK.col("definition_id")),
        shown("processInstanceId", TASK.col("process_instance_id")),
        shown("taskDefinitionKey", TASK.col("activity_id")),
        constant("caseExecutionId", null()),
        constant("caseInstanceId", null()),
        constant("caseDefinitionId", null()),
        shown("suspended", TASK.col("is_suspended")),
        // Both are known to the model alone.
        constant("formKey", null()),
        constant("camundaFormRef", null()),
        shown("tenantId", TASK.col("tenant_id")),
        shown_as("taskState", OutputValue::IfPresent(TASK.col("last_updated"), "Updated", "Created")),
    ]
}

fn sorts() -> Vec<Sort> {
    let of_instance = || {
        Condition::equal(VARIABLE.col("execution_id"), TASK.col("process_instance_id"))
            .and(Condition::is_null(VARIABLE.col("task_id")))
    };
    let of_execution = || {
        Condition::equal(VARIABLE.col("execution_id"), TASK.col("execution_id"))
            .and(Condition::is_null(VARIABLE.col("task_id")))
    };
    let of_task = || Condition::equal(VARIABLE.col("task_id"), TASK.col("id"));
    let variable = |name, link| Sort { name, key: SortKey::Variable { source: VARIABLE.source(), link } };
    vec![
        sort("instanceId", TASK.col("process_instance_id")),
        sort_same("caseInstanceId"),
        sort("dueDate", TASK.col("due_date")),
        sort("followUpDate", TASK.col("follow_up_date")),
        sort("executionId", TASK.col("execution_id")),
        sort_same("caseExecutionId"),
        sort("assignee", TASK.col("assignee")),
        sort("created", TASK.col("create_time")),
        sort("lastUpdated", TASK.col("last_updated")),
        sort("description", TASK.col("description")),
        sort("id", TASK.col("id")),
        sort("name", TASK.col("name")),
        sort("nameCaseInsensitive", Term::Lower(TASK.col("name"))),
        sort("priority", TASK.col("priority")),
        sort("tenantId", TASK.col("tenant_id")),
        variable("processVariable", of_instance()),
        variable("executionVariable", of_execution()),
        variable("taskVariable", of_task()),
        variable("caseExecutionVariable", Condition::NOTHING),
        variable("caseInstanceVariable", Condition::NOTHING),
    ]
}

fn rules() -> Vec<Rule> {
    const REFUSED: QueryErrorKind = QueryErrorKind::Refused;
    const CANDIDATES: &[&str] = &[
        "candidateUser",
        "candidateGroup",
        "candidateGroupLike",
        "candidateGroups",
        "withCandidateGroups",
        "withoutCandidateGroups",
        "withCandidateUsers",
        "withoutCandidateUsers",
    ];
    vec![
        Rule::Excludes("candidateUser", &["candidateGroup", "candidateGroups"], REFUSED),
        Rule::Needs("includeAssignedTasks", CANDIDATES, REFUSED),
        Rule::Excludes("withoutDueDate", &["dueDate", "due", "dueBefore", "dueAfter"], REFUSED),
        Rule::AtMostOne(&["followUpBefore", "followUpBeforeOrNotExistent"], REFUSED),
        Rule::AtMostOne(&["tenantIdIn", "withoutTenantId"], REFUSED),
        Rule::NotInOrQuery(
            &["withCandidateGroups", "withoutCandidateGroups", "withCandidateUsers", "withoutCandidateUsers"],
            REFUSED,
        ),
    ]
}

fn filters() -> Vec<Filter> {
    let mut filters = vec![filter("orQueries", FilterKind::OrQueries)];
    filters.extend(place_filters());
    filters.extend(person_filters());
    filters.extend(candidate_filters());
    filters.extend(own_filters());
    filters.extend(time_filters());
    filters.extend(case_filters());
    filters.extend(variable_filters());
    // What else is shown of each task.
    filters.extend([
        modifier("withCommentAttachmentInfo"),
        modifier("withTaskVariablesInReturn"),
        modifier("withTaskLocalVariablesInReturn"),
    ]);
    filters
}

/// Camunda: expressions are for stored filters only.
fn expression(name: &'static str) -> Filter {
    filter(name, FilterKind::Refused(QueryErrorKind::BadUserRequest, "is an expression: only stored filters have them"))
}

/// Of which instance and definition it is.
fn place_filters() -> Vec<Filter> {
    vec![
        equal("processInstanceBusinessKey", TASK.col("business_key")),
        expression("processInstanceBusinessKeyExpression"),
        one_of("processInstanceBusinessKeyIn", TASK.col("business_key"), FORM),
        like("processInstanceBusinessKeyLike", TASK.col("business_key")),
        expression("processInstanceBusinessKeyLikeExpression"),
        equal("processDefinitionKey", TASK.col("definition_key")),
        one_of("processDefinitionKeyIn", TASK.col("definition_key"), FORM),
        equal("processDefinitionId", TASK.col("definition_id")),
        equal("executionId", TASK.col("execution_id")),
        filter(
            "activityInstanceIdIn",
            FilterKind::ActivityInstance {
                activity: TASK.col("activity_id"),
                id: TASK.col("activity_instance_id"),
                form: Some(FORM),
            },
        ),
        tenants("tenantIdIn", TASK.col("tenant_id"), FORM, None),
        flag("withoutTenantId", Condition::is_null(TASK.col("tenant_id"))),
        equal("processDefinitionName", DEFINITION.col("name")),
        like("processDefinitionNameLike", DEFINITION.col("name")),
        equal("processInstanceId", TASK.col("process_instance_id")),
        one_of("processInstanceIdIn", TASK.col("process_instance_id"), FORM),
    ]
}

/// Who has to do with it.
fn person_filters() -> Vec<Filter> {
    let same = |column| FilterKind::Compare(column, Comparison::Equal);
    let linked = FilterKind::Exists(links(), Box::new(same(LINK.col("user_id"))));
    let involved = vec![same(TASK.col("assignee")), same(TASK.col("owner")), linked];
    vec![
        equal("assignee", TASK.col("assignee")),
        expression("assigneeExpression"),
        like("assigneeLike", TASK.col("assignee")),
        expression("assigneeLikeExpression"),
        one_of("assigneeIn", TASK.col("assignee"), FORM),
        none_of("assigneeNotIn", TASK.col("assignee"), FORM),
        flag("assigned", Condition::is_not_null(TASK.col("assignee"))),
        flag("unassigned", Condition::is_null(TASK.col("assignee"))),
        equal("owner", TASK.col("owner")),
        expression("ownerExpression"),
        filter("involvedUser", FilterKind::AnyOf(involved, Condition::NOTHING)),
        expression("involvedUserExpression"),
    ]
}

/// Users and groups that the task is linked to.
fn links() -> Subquery {
    Subquery {
        from: LINK.source(),
        joins: Vec::new(),
        condition: Condition::equal(LINK.col("task_id"), TASK.col("id")),
    }
}

/// Groups of users are not known yet: a user is a candidate only by name.
fn candidate_filters() -> Vec<Filter> {
    let candidates = || {
        let mut candidates = links();
        candidates.condition = candidates.condition.and(Condition::equal(LINK.col("kind"), "candidate"));
        candidates
    };
    let open = |inner| FilterKind::And {
        inner: Box::new(inner),
        condition: Condition::is_null(TASK.col("assignee")),
        unless: Some("includeAssignedTasks"),
    };
    let candidate = |name, inner| exists(name, candidates(), open(inner));
    let group = LINK.col("group_id");
    let when = |condition| FilterKind::Flag { when_true: condition, when_false: Condition::EVERYTHING };
    let none = |column| {
        let mut any = candidates();
        any.condition = any.condition.and(Condition::is_not_null(column));
        open(when(Condition::Exists(Box::new(any)).not()))
    };
    let group_like = FilterKind::Text { column: group, matching: TextMatching::Like, case: CaseRule::Kept };
    let groups = FilterKind::List { column: group, membership: Membership::In, form: ListForm::Required };
    vec![
        candidate("candidateGroup", FilterKind::Compare(group, Comparison::Equal)),
        expression("candidateGroupExpression"),
        candidate("candidateGroupLike", group_like),
        candidate("withCandidateGroups", when(Condition::is_not_null(group))),
        filter("withoutCandidateGroups", none(group)),
        candidate("withCandidateUsers", when(Condition::is_not_null(LINK.col("user_id")))),
        filter("withoutCandidateUsers", none(LINK.col("user_id"))),
        candidate("candidateUser", FilterKind::Compare(LINK.col("user_id"), Comparison::Equal)),
        expression("candidateUserExpression"),
        candidate("candidateGroups", groups),
        expression("candidateGroupsExpression"),
        modifier("includeAssignedTasks"),
    ]
}

fn own_filters() -> Vec<Filter> {
    let ignored = CaseRule::Ignored;
    let is = |state: &'static str| Condition::equal(TASK.col("delegation_state"), state);
    let delegation = FilterKind::Choice {
        words: vec![("PENDING", is("PENDING")), ("RESOLVED", is("RESOLVED"))],
        otherwise: Otherwise::Refused,
    };
    vec![
        equal("taskId", TASK.col("id")),
        one_of("taskIdIn", TASK.col("id"), FORM),
        equal("taskDefinitionKey", TASK.col("activity_id")),
        one_of("taskDefinitionKeyIn", TASK.col("activity_id"), FORM),
        none_of("taskDefinitionKeyNotIn", TASK.col("activity_id"), FORM),
        like("taskDefinitionKeyLike", TASK.col("activity_id")),
        text("name", TASK.col("name"), TextMatching::Equal, ignored),
        text("nameNotEqual", TASK.col("name"), TextMatching::NotEqual, ignored),
        text("nameLike", TASK.col("name"), TextMatching::Like, ignored),
        text("nameNotLike", TASK.col("name"), TextMatching::NotLike, ignored),
        text("description", TASK.col("description"), TextMatching::Equal, ignored),
        text("descriptionLike", TASK.col("description"), TextMatching::Like, ignored),
        equal("priority", TASK.col("priority")),
        compare("maxPriority", TASK.col("priority"), Comparison::AtMost),
        compare("minPriority", TASK.col("priority"), Comparison::AtLeast),
        equal("parentTaskId", TASK.col("parent_task_id")),
        filter("delegationState", delegation),
        flag("active", Condition::equal(TASK.col("is_suspended"), 0)).slot("suspension"),
        flag("suspended", Condition::equal(TASK.col("is_suspended"), 1)).slot("suspension"),
    ]
}

fn time_filters() -> Vec<Filter> {
    let follow_up = TASK.col("follow_up_date");
    let before = FilterKind::Compare(follow_up, Comparison::Less);
    let or_none = FilterKind::AnyOf(vec![before], Condition::is_null(follow_up));
    let after = |column| FilterKind::Compare(column, Comparison::Greater);
    let updated =
        FilterKind::AnyOf(vec![after(TASK.col("last_updated")), after(TASK.col("create_time"))], Condition::NOTHING);
    let due = TASK.col("due_date");
    let created = TASK.col("create_time");
    let mut filters = vec![
        // Camunda: `due`, `followUp` and `created` are older names, still read.
        equal("due", due).slot("due"),
        equal("dueDate", due).slot("due"),
        compare("dueAfter", due, Comparison::Greater),
        compare("dueBefore", due, Comparison::Less),
        flag("withoutDueDate", Condition::is_null(due)),
        equal("followUp", follow_up).slot("follow-up"),
        equal("followUpDate", follow_up).slot("follow-up"),
        compare("followUpAfter", follow_up, Comparison::Greater),
        compare("followUpBefore", follow_up, Comparison::Less),
        filter("followUpBeforeOrNotExistent", or_none),
        equal("created", created).slot("created"),
        equal("createdOn", created).slot("created"),
        compare("createdAfter", created, Comparison::Greater),
        compare("createdBefore", created, Comparison::Less),
        filter("updatedAfter", updated),
    ];
    filters.extend(TIME_EXPRESSIONS.iter().map(|name| expression(name)));
    filters
}

const TIME_EXPRESSIONS: [&str; 11] = [
    "dueDateExpression",
    "dueAfterExpression",
    "dueBeforeExpression",
    "followUpDateExpression",
    "followUpAfterExpression",
    "followUpBeforeExpression",
    "followUpBeforeOrNotExistentExpression",
    "createdOnExpression",
    "createdAfterExpression",
    "createdBeforeExpression",
    "updatedAfterExpression",
];

/// There are no cases.
fn case_filters() -> Vec<Filter> {
    [
        "caseDefinitionId",
        "caseDefinitionKey",
        "caseDefinitionName",
        "caseDefinitionNameLike",
        "caseExecutionId",
        "caseInstanceBusinessKey",
        "caseInstanceBusinessKeyLike",
        "caseInstanceId",
    ]
    .map(|name| no_rows(name, ValueForm::Text))
    .into()
}

fn variable_filters() -> Vec<Filter> {
    let of_task = Condition::equal(VARIABLE.col("task_id"), TASK.col("id"));
    let of_instance = Condition::equal(VARIABLE.col("process_instance_id"), TASK.col("process_instance_id"))
        .and(Condition::is_null(VARIABLE.col("task_id")));
    let variables = |name, link, operators| {
        let scope =
            VariableScope { source: VARIABLE.source(), link: Some(link), operators, refusal: QueryErrorKind::Refused };
        filter(name, FilterKind::Variables(scope))
    };
    vec![
        modifier("variableValuesIgnoreCase"),
        modifier("variableNamesIgnoreCase"),
        variables("taskVariables", of_task, VariableOperator::ALL_BUT_NOT_LIKE),
        variables("processVariables", of_instance, VariableOperator::ALL),
        no_rows("caseInstanceVariables", ValueForm::Variables),
    ]
}
