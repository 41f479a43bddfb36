//! Reports on the history: how long instances and tasks took, by month or quarter, and how many tasks there were.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode};
use query::tables::{HISTORIC_PROCESS_INSTANCE as INSTANCE, HISTORIC_TASK as TASK, IDENTITY_LINK as LINK};
use query::tables::{PROCESS_DEFINITION as DEFINITION, TASK as WAITING};
use query::{Comparison, Condition, Join, JoinKind, Measure, SqlValue, Table, Tally, Term};
use serde_json::{Value, json};
use types::Timestamp;

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::{Failure, Refusal};
use crate::media::is_accepted;
use crate::row::{self, Row};

#[derive(Clone, Copy, Debug)]
enum PeriodUnit {
    Month,
    Quarter,
}

/// The durations of what began in one period.
#[derive(Clone, Copy, Debug)]
struct Durations {
    period: i64,
    minimum: i64,
    maximum: i64,
    average: i64,
}

/// As JSON, or as CSV where only that is accepted.
pub async fn of_process_instances(call: Call) -> Result<Answer, Failure> {
    let format = ReportFormat::accepted(&call)?;
    match call.query.get("reportType") {
        Some("duration") => {}
        _ => return Err(Failure::invalid("`reportType` has to be `duration`")),
    }
    let mut conditions = vec![Condition::is_not_null(INSTANCE.col("end_time"))];
    for (parameter, column) in
        [("processDefinitionIdIn", "definition_id"), ("processDefinitionKeyIn", "definition_key")]
    {
        if let Some(texts) = call.query.get(parameter) {
            let texts = texts.split(',').map(|text| SqlValue::Text(text.into()));
            conditions.push(Condition::OneOf(INSTANCE.col(column).into(), texts.collect()));
        }
    }
    for (parameter, comparison) in [("startedBefore", Comparison::AtMost), ("startedAfter", Comparison::AtLeast)] {
        if let Some(time) = time(&call, parameter)? {
            conditions.push(Condition::compare(INSTANCE.col("start_time"), comparison, time.0));
        }
    }
    let unit = period_unit(&call)?.ok_or_else(|| Refusal::invalid("`periodUnit` is missing").of_engine())?;
    let durations = durations(&call, &INSTANCE, unit, Condition::All(conditions)).await?;
    match format {
        ReportFormat::Csv(media_type) => {
            let answer = Answer::of_type(HeaderValue::from_static(media_type), csv_of(&durations, unit));
            Ok(answer.as_attachment("process-instance-report.csv"))
        }
        ReportFormat::Json => shown_durations(&durations, unit),
    }
}

pub async fn of_tasks(call: Call) -> Result<Answer, Failure> {
    let report_type = call.query.get("reportType");
    let mut conditions = vec![Condition::is_not_null(TASK.col("end_time"))];
    for (parameter, comparison) in [("completedBefore", Comparison::AtMost), ("completedAfter", Comparison::AtLeast)] {
        if let Some(time) = time(&call, parameter)? {
            conditions.push(Condition::compare(TASK.col("end_time"), comparison, time.0));
        }
    }
    let unit = period_unit(&call)?;
    match (report_type, call.query.get("groupBy")) {
        (Some("duration"), _) => {
            let unit = unit.ok_or_else(|| Failure::invalid("`periodUnit` is missing"))?;
            shown_durations(&durations(&call, &TASK, unit, Condition::All(conditions)).await?, unit)
        }
        (Some("count"), Some("taskName")) => task_counts(&call, Grouping::TaskName, conditions).await,
        (Some("count"), Some("processDefinition")) => task_counts(&call, Grouping::Definition, conditions).await,
        (Some("count"), _) => Err(Failure::invalid("`groupBy` has to be `taskName` or `processDefinition`")),
        _ => Err(Failure::invalid("`reportType` has to be `count` or `duration`")),
    }
}

/// How many tasks that nobody has wait for each group, and for none. As JSON, or as CSV where only that is accepted.
///
/// Camunda: a task counts once for each link to a user, and for each to the same group.
pub async fn of_candidate_groups(call: Call) -> Result<Answer, Failure> {
    let format = ReportFormat::accepted(&call)?;
    let mut counts: Vec<(Option<Arc<str>>, i64)> = Vec::new();
    let links =
        Join { kind: JoinKind::Left, source: LINK.source(), on: vec![(LINK.col("task_id"), WAITING.col("id"))] };
    let keys = vec![LINK.col("group_id").into()];
    let tally = Tally::count(WAITING.source(), keys, Condition::is_null(WAITING.col("assignee"))).join(links);
    for cells in call.runtime().select(tally.render(call.runtime().dialect())).await? {
        match &cells[..] {
            [SqlValue::Text(group), SqlValue::Integer(count)] => counts.push((Some(group.clone()), *count)),
            [SqlValue::Null, SqlValue::Integer(count)] => counts.push((None, *count)),
            _ => return Err(Failure::internal("a row of a report has other cells than were asked for")),
        }
    }
    counts.sort();
    match format {
        ReportFormat::Csv(media_type) => {
            let mut csv = "CANDIDATE_GROUP_NAME,TASK_COUNT".to_owned();
            for (group, count) in &counts {
                let _ = write!(csv, "\n{},{count}", group.as_deref().unwrap_or("null"));
            }
            let answer = Answer::of_type(HeaderValue::from_static(media_type), csv);
            Ok(answer.as_attachment("task-count-by-candidate-group.csv"))
        }
        ReportFormat::Json => {
            let shown =
                counts.iter().map(|(group, count)| json!({ "groupName": group.as_deref(), "taskCount": count }));
            Answer::json(&shown.collect::<Vec<_>>())
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReportFormat {
    Json,
    /// Under the name that the caller accepts.
    Csv(&'static str),
}

impl ReportFormat {
    fn accepted(call: &Call) -> Result<ReportFormat, Failure> {
        if is_accepted("application/json", &call.headers) {
            return Ok(ReportFormat::Json);
        }
        let csv = ["application/csv", "text/csv"].into_iter().find(|csv| is_accepted(csv, &call.headers));
        let refusal =
            || Failure::refused(StatusCode::NOT_ACCEPTABLE, "NotAcceptableException", "a report is JSON or CSV");
        csv.map(ReportFormat::Csv).ok_or_else(refusal)
    }
}

async fn durations(
    call: &Call,
    table: &'static Table,
    unit: PeriodUnit,
    condition: Condition,
) -> Result<Vec<Durations>, Failure> {
    let began = table.col("start_time");
    let duration = || Term::Difference(table.col("end_time"), began);
    let tally = Tally {
        from: table.source(),
        joins: Vec::new(),
        keys: vec![match unit {
            PeriodUnit::Month => Term::Month(began),
            PeriodUnit::Quarter => Term::Quarter(began),
        }],
        measures: vec![Measure::Least(duration()), Measure::Greatest(duration()), Measure::Average(duration())],
        condition,
    };
    let rows = call.runtime().select(tally.render(call.runtime().dialect())).await?;
    let read = |cells: Vec<SqlValue>| match cells[..] {
        [
            SqlValue::Integer(period),
            SqlValue::Integer(minimum),
            SqlValue::Integer(maximum),
            SqlValue::Integer(average),
        ] => Ok(Durations { period, minimum, maximum, average }),
        _ => Err(Failure::internal("a row of a report has other cells than were asked for")),
    };
    let mut durations = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    durations.sort_by_key(|durations| durations.period);
    Ok(durations)
}

fn shown_durations(durations: &[Durations], unit: PeriodUnit) -> Result<Answer, Failure> {
    let shown = durations.iter().map(|durations| {
        json!({
            "period": durations.period,
            "periodUnit": unit.name(),
            "minimum": durations.minimum,
            "maximum": durations.maximum,
            "average": durations.average,
        })
    });
    Answer::json(&shown.collect::<Vec<_>>())
}

fn csv_of(durations: &[Durations], unit: PeriodUnit) -> String {
    let mut csv = "PERIOD,PERIOD_UNIT,MINIMUM,MAXIMUM,AVERAGE".to_owned();
    for Durations { period, minimum, maximum, average } in durations {
        let _ = write!(csv, "\n{period},{},{minimum},{maximum},{average}", unit.name());
    }
    csv
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grouping {
    TaskName,
    Definition,
}

/// Of tasks of definitions of which a version is still there; all versions count together.
async fn task_counts(call: &Call, grouping: Grouping, mut conditions: Vec<Condition>) -> Result<Answer, Failure> {
    let mut keys: Vec<Term> = vec![TASK.col("definition_key").into(), TASK.col("tenant_id").into()];
    conditions.push(Condition::is_not_null(TASK.col("definition_key")));
    if grouping == Grouping::TaskName {
        keys.push(TASK.col("name").into());
        // Without a name it is in no group.
        conditions.push(Condition::compare(TASK.col("name"), Comparison::NotEqual, ""));
    }
    let tally = Tally::count(TASK.source(), keys, Condition::All(conditions));
    let groups = call.runtime().select(tally.render(call.runtime().dialect())).await?;
    let latest = row::rows(call.runtime(), &DEFINITION, Condition::equal(DEFINITION.col("is_latest"), 1)).await?;
    let of_key = |definition: &Row| (definition.text("key").unwrap_or_default(), definition.text("tenant_id"));
    let latest: BTreeMap<(Arc<str>, Option<Arc<str>>), &Row> =
        latest.iter().map(|definition| (of_key(definition), definition)).collect();
    let mut counts: Vec<(Option<Arc<str>>, i64, Value)> = Vec::new();
    for cells in groups {
        let text = |cell: Option<&SqlValue>| match cell {
            Some(SqlValue::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let (Some(key), Some(SqlValue::Integer(count))) = (text(cells.first()), cells.last()) else {
            return Err(Failure::internal("a row of a report has other cells than were asked for"));
        };
        let tenant = text(cells.get(1));
        let name = text(cells.get(2)).filter(|_| grouping == Grouping::TaskName);
        // Of a process that has no definition any more.
        let Some(definition) = latest.get(&(key, tenant)) else { continue };
        let shown = json!({
            "taskName": name.as_deref(),
            "count": count,
            "processDefinitionKey": definition.text("key").as_deref(),
            "processDefinitionId": definition.text("id").as_deref(),
            "processDefinitionName": definition.text("name").as_deref(),
            "tenantId": definition.text("tenant_id").as_deref(),
        });
        counts.push((name, *count, shown));
    }
    counts.sort_by(|(name, count, _), (other_name, other_count, _)| name.cmp(other_name).then(other_count.cmp(count)));
    Answer::json(&counts.into_iter().map(|(_, _, shown)| shown).collect::<Vec<_>>())
}

fn period_unit(call: &Call) -> Result<Option<PeriodUnit>, Failure> {
    match call.query.get("periodUnit").map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("month") => Ok(Some(PeriodUnit::Month)),
        Some("quarter") => Ok(Some(PeriodUnit::Quarter)),
        Some(other) => Err(Failure::invalid(format!("`periodUnit` is `{other}`: expected `month` or `quarter`"))),
    }
}

/// A time in the query string.
pub(super) fn time(call: &Call, parameter: &str) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = call.query.get(parameter).filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|fault| Failure::invalid(format!("`{parameter}`: {fault}")))
}

/// `true` or `false` in the query string; a number that is not zero is true.
pub(super) fn flag(call: &Call, parameter: &str) -> Result<Option<bool>, Failure> {
    match call.query.get(parameter) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => match other.parse::<i64>() {
            Ok(number) => Ok(Some(number != 0)),
            Err(_) => Err(Failure::invalid(format!("`{parameter}` is `{other}`: expected true or false"))),
        },
    }
}

impl PeriodUnit {
    fn name(self) -> &'static str {
        match self {
            PeriodUnit::Month => "MONTH",
            PeriodUnit::Quarter => "QUARTER",
        }
    }
}
