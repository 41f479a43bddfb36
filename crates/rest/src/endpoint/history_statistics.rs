//! How often activities of a definition were visited and how that ended, counted in one statement.

use std::collections::BTreeMap;
use std::sync::Arc;

use query::tables::{
    HISTORIC_ACTIVITY_INSTANCE as ACTIVITY, HISTORIC_INCIDENT as INCIDENT, HISTORIC_PROCESS_INSTANCE as INSTANCE,
};
use query::{Comparison, Condition, Join, JoinKind, Measure, SqlValue, Table, Tally};
use serde_json::{Value, json};

use super::report::{flag, time};
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::row;

/// What is asked for besides the visits that have not ended.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    finished: bool,
    canceled: bool,
    complete_scope: bool,
    incidents: bool,
}

/// Of one activity, in the order of the measures below.
#[derive(Debug, Default)]
struct Counted {
    visits: [i64; 4],
    incidents: [i64; 4],
}

pub async fn of_activities(call: Call) -> Result<Answer, Failure> {
    let is_wanted = |name| Ok::<_, Failure>(flag(&call, name)? == Some(true));
    let wanted = Wanted {
        finished: is_wanted("finished")?,
        canceled: is_wanted("canceled")?,
        complete_scope: is_wanted("completeScope")?,
        incidents: is_wanted("incidents")?,
    };
    let of_instances = instances(&call)?;
    let is_descending = is_descending(&call)?;
    let mut tallies = vec![visits(wanted, of_instances.clone())];
    if wanted.incidents {
        tallies.push(incidents(of_instances));
    }
    let statement = Tally::render_together(&tallies, call.runtime().dialect());
    let mut counted: BTreeMap<Arc<str>, Counted> = BTreeMap::new();
    for cells in call.runtime().select(statement).await? {
        let [SqlValue::Integer(at), SqlValue::Text(activity), numbers @ ..] = &cells[..] else {
            return Err(Failure::internal("a row of statistics has other cells than were asked for"));
        };
        let of_activity = counted.entry(activity.clone()).or_default();
        let slots = if *at == 0 { &mut of_activity.visits } else { &mut of_activity.incidents };
        for (slot, number) in slots.iter_mut().zip(numbers) {
            let SqlValue::Integer(number) = number else {
                return Err(Failure::internal("a count of activities is no number"));
            };
            *slot = *number;
        }
    }
    let mut shown: Vec<Value> = counted.iter().map(|(id, counted)| counted.shown(id, wanted)).collect();
    if is_descending {
        shown.reverse();
    }
    Answer::json(&shown)
}

/// The instances of the definition that are asked about.
fn instances(call: &Call) -> Result<Condition, Failure> {
    let mut conditions = vec![row::has_text(INSTANCE.col("definition_id"), call.path("id"))];
    for (parameter, column, comparison) in [
        ("startedBefore", "start_time", Comparison::AtMost),
        ("startedAfter", "start_time", Comparison::AtLeast),
        ("finishedBefore", "end_time", Comparison::AtMost),
        ("finishedAfter", "end_time", Comparison::AtLeast),
    ] {
        if let Some(time) = time(call, parameter)? {
            conditions.push(Condition::compare(INSTANCE.col(column), comparison, time.0));
        }
    }
    if let Some(ids) = call.query.get("processInstanceIdIn") {
        // Text that is no id is the id of nothing.
        let ids = ids.split(',').filter_map(|id| id.parse().ok()).map(SqlValue::Uuid);
        conditions.push(Condition::OneOf(INSTANCE.col("id").into(), ids.collect()));
    }
    Ok(Condition::All(conditions))
}

fn of_instances(table: &'static Table, measures: [Measure; 4], condition: Condition) -> Tally {
    Tally {
        from: INSTANCE.source(),
        joins: vec![Join {
            kind: JoinKind::Inner,
            source: table.source(),
            on: vec![(table.col("process_instance_id"), INSTANCE.col("id"))],
        }],
        keys: vec![table.col("activity_id").into()],
        measures: measures.into(),
        condition,
    }
}

fn visits(wanted: Wanted, of_instances_asked: Condition) -> Tally {
    let has_ended = || Condition::is_not_null(ACTIVITY.col("end_time"));
    let is_running = || Condition::is_null(ACTIVITY.col("end_time"));
    let is_canceled = || Condition::equal(ACTIVITY.col("is_canceled"), 1);
    let completes_scope = || Condition::equal(ACTIVITY.col("is_complete_scope"), 1);
    let mut seen = vec![is_running()];
    if wanted.finished {
        seen.push(has_ended());
    }
    if wanted.canceled {
        seen.push(is_canceled());
    }
    if wanted.complete_scope {
        seen.push(completes_scope());
    }
    let measures = [is_running(), has_ended(), is_canceled(), completes_scope()].map(Measure::CountOf);
    of_instances(&ACTIVITY, measures, of_instances_asked.and(Condition::Any(seen)))
}

fn incidents(of_instances_asked: Condition) -> Tally {
    let [open, resolved, deleted] =
        [0, 1, 2].map(|state| Measure::CountOf(Condition::equal(INCIDENT.col("state"), state)));
    let of_activities = of_instances_asked.and(Condition::is_not_null(INCIDENT.col("activity_id")));
    of_instances(&INCIDENT, [open, resolved, deleted, Measure::Count], of_activities)
}

fn is_descending(call: &Call) -> Result<bool, Failure> {
    match (call.query.get("sortBy"), call.query.get("sortOrder")) {
        (None, None) | (Some("activityId"), Some("asc")) => Ok(false),
        (Some("activityId"), Some("desc")) => Ok(true),
        _ => Err(Failure::invalid("`sortBy` has to be `activityId`, with `asc` or `desc` as the `sortOrder`")),
    }
}

impl Counted {
    fn shown(&self, id: &str, wanted: Wanted) -> Value {
        let [running, finished, canceled, complete_scope] = self.visits;
        let [open, resolved, deleted, _] = self.incidents;
        let asked = |is_wanted: bool, number: i64| if is_wanted { number } else { 0 };
        json!({
            "id": id,
            "instances": running,
            "finished": asked(wanted.finished, finished),
            "canceled": asked(wanted.canceled, canceled),
            "completeScope": asked(wanted.complete_scope, complete_scope),
            "openIncidents": open,
            "resolvedIncidents": resolved,
            "deletedIncidents": deleted,
        })
    }
}
