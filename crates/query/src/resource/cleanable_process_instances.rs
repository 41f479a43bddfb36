//! `/history/process-definition/cleanable-process-instance-report`

use std::sync::LazyLock;

use super::{Output, OutputValue, Resource, Sign, shown, shown_as, sort};
use crate::condition::{Comparison, Condition, Join, JoinKind, Operand, Subquery, Term, column};
use crate::filter::{FilterKind, ListForm, flag, one_of, tenants, without_tenant};
use crate::tables::{HISTORIC_PROCESS_INSTANCE as INSTANCE, PROCESS_DEFINITION as DEFINITION};

pub static CLEANABLE_PROCESS_INSTANCES: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "history/process-definition/cleanable-process-instance-report",
    source: DEFINITION.source(),
    joins: Vec::new(),
    unless: Vec::new(),
    key: FilterKind::Compare(DEFINITION.col("id"), Comparison::Equal),
    outputs: vec![
        shown("processDefinitionId", DEFINITION.col("id")),
        shown("processDefinitionKey", DEFINITION.col("key")),
        shown("processDefinitionName", DEFINITION.col("name")),
        shown("processDefinitionVersion", DEFINITION.col("version")),
        shown("historyTimeToLive", DEFINITION.col("history_time_to_live_days")),
        counted("finishedProcessInstanceCount", finished()),
        counted("cleanableProcessInstanceCount", cleanable()),
        shown("tenantId", DEFINITION.col("tenant_id")),
    ],
    filters: vec![
        one_of("processDefinitionIdIn", DEFINITION.col("id"), ListForm::Optional),
        one_of("processDefinitionKeyIn", DEFINITION.col("key"), ListForm::Optional),
        tenants("tenantIdIn", DEFINITION.col("tenant_id"), ListForm::Optional, None),
        without_tenant(DEFINITION.col("tenant_id")),
        flag("compact", Condition::Exists(Box::new(finished()))),
    ],
    sorts: vec![sort("finished", Term::Count(Box::new(finished())))],
    rules: Vec::new(),
    tie_break: vec![DEFINITION.col("id")],
});

fn counted(name: &'static str, of: Subquery) -> Output {
    shown_as(name, OutputValue::Sum(vec![(Sign::Plus, Term::Count(Box::new(of)))]))
}

fn finished() -> Subquery {
    let condition = Condition::equal(INSTANCE.col("definition_id"), DEFINITION.col("id"))
        .and(Condition::is_not_null(INSTANCE.col("end_time")));
    Subquery { from: INSTANCE.source(), joins: Vec::new(), condition }
}

/// The removal time of the root counts unless an instance has one of its own.
fn cleanable() -> Subquery {
    let mut cleanable = finished();
    let root = INSTANCE.named("root");
    cleanable.joins.push(Join {
        kind: JoinKind::Inner,
        source: root,
        on: vec![(column("root", "id"), INSTANCE.col("root_process_instance_id"))],
    });
    let is_over = Condition::compare(
        Term::Coalesce(INSTANCE.col("removal_time"), column("root", "removal_time")),
        Comparison::AtMost,
        Operand::Now,
    );
    cleanable.condition = cleanable.condition.and(is_over);
    cleanable
}
