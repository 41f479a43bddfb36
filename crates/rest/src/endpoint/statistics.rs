//! Statistics of what runs: by definition, and by activity of one definition. Whatever was asked for is counted in one
//! statement.

use std::collections::BTreeMap;
use std::sync::Arc;

use query::tables::{EXECUTION, INCIDENT, JOB, JOB_DEFINITION, PROCESS_DEFINITION, PROCESS_INSTANCE};
use query::{Comparison, Condition, Join, JoinKind, SqlValue, Table, Tally, Term};
use serde_json::{Value, json};

use super::process_definition;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::row;

/// What is said of one definition or activity.
#[derive(Debug, Default)]
struct Counted {
    instances: i64,
    failed_jobs: i64,
    /// Types, with how many there are.
    incidents: Vec<(Arc<str>, i64)>,
}

/// What a tally of several counts. The second key of a group is the type of its incidents; it says nothing elsewhere.
#[derive(Clone, Copy, Debug)]
enum Subject {
    Instances,
    FailedJobs,
    Incidents,
}

/// All definitions, those without instances too.
pub async fn of_definitions(call: Call) -> Result<Answer, Failure> {
    only_one_of(&call, &["incidents", "incidentsForType", "rootIncidents"])?;
    let of_definition = |table: &'static Table, second: &'static str, condition| {
        let keys = vec![table.col("definition_id").into(), table.col(second).into()];
        Tally::count(table.source(), keys, condition)
    };
    let mut tallies =
        vec![(Subject::Instances, of_definition(&PROCESS_INSTANCE, "definition_key", Condition::EVERYTHING))];
    if call.query.flag("failedJobs") == Some(true) {
        let failed = Condition::equal(JOB.col("retries"), 0).and(Condition::is_not_null(JOB.col("definition_id")));
        tallies.push((Subject::FailedJobs, of_definition(&JOB, "definition_key", failed)));
    }
    let root = Condition::equal(INCIDENT.col("id"), INCIDENT.col("root_cause_incident_id"));
    let wanted = match wanted_incidents(&call) {
        None if call.query.flag("rootIncidents") == Some(true) => Some(root),
        wanted => wanted,
    };
    if let Some(wanted) = wanted {
        let wanted = wanted.and(Condition::is_not_null(INCIDENT.col("definition_id")));
        tallies.push((Subject::Incidents, of_definition(&INCIDENT, "incident_type", wanted)));
    }
    let mut counted = count(&call, tallies).await?;
    let definitions = row::rows(call.runtime(), &PROCESS_DEFINITION, Condition::EVERYTHING).await?;
    let shown = definitions.iter().map(|definition| {
        let id = definition.text("id").unwrap_or_default();
        let class = "org.camunda.bpm.engine.rest.dto.repository.ProcessDefinitionStatisticsResultDto";
        let mut shown = counted.remove(&id).unwrap_or_default().shown(&id, class);
        shown["definition"] = process_definition::shown(definition);
        // Camunda: statistics do not say it.
        shown["definition"]["historyTimeToLive"] = Value::Null;
        shown
    });
    Answer::json(&shown.collect::<Vec<_>>())
}

/// The activities of one definition at which something is.
pub async fn of_activities(call: Call) -> Result<Answer, Failure> {
    only_one_of(&call, &["incidents", "incidentsForType"])?;
    let definition_id: Arc<str> = match call.path("key") {
        // Camunda: nothing is at the activities of a definition that does not exist.
        "" => call.path("id").into(),
        _ => process_definition::addressed_id(&call).await?.0,
    };
    let mut tallies = vec![(Subject::Instances, activity_instances(&definition_id))];
    if call.query.flag("failedJobs") == Some(true) {
        tallies.push((Subject::FailedJobs, failed_jobs(&definition_id)));
    }
    if let Some(wanted) = wanted_incidents(&call) {
        let condition = row::has_text(INCIDENT.col("definition_id"), &definition_id)
            .and(Condition::is_not_null(INCIDENT.col("activity_id")))
            .and(wanted);
        let keys = vec![INCIDENT.col("activity_id").into(), INCIDENT.col("incident_type").into()];
        tallies.push((Subject::Incidents, Tally::count(INCIDENT.source(), keys, condition)));
    }
    let counted = count(&call, tallies).await?;
    let class = "org.camunda.bpm.engine.rest.dto.repository.ActivityStatisticsResultDto";
    let shown: Vec<Value> = counted.iter().map(|(id, counted)| counted.shown(id, class)).collect();
    Answer::json(&shown)
}

/// Paths that are at an activity, or on the way to one with a job. What waits at a join, or after an activity, does not
/// count.
fn activity_instances(definition_id: &str) -> Tally {
    let job = Condition::equal(JOB.col("process_instance_id"), EXECUTION.col("process_instance_id"))
        .and(Condition::equal(JOB.col("execution_id"), EXECUTION.col("id")))
        .and(row::has_text(JOB.col("handler_configuration"), "before"));
    let on_the_way =
        Condition::is_null(EXECUTION.col("activity_instance_id")).and(Condition::exists(JOB.source(), job));
    let condition = row::has_text(PROCESS_INSTANCE.col("definition_id"), definition_id)
        .and(Condition::is_not_null(EXECUTION.col("activity_id")))
        .and(Condition::Any(vec![Condition::equal(EXECUTION.col("is_active"), 1), on_the_way]));
    let activity: Term = EXECUTION.col("activity_id").into();
    Tally::count(PROCESS_INSTANCE.source(), vec![activity.clone(), activity], condition).join(Join {
        kind: JoinKind::Inner,
        source: EXECUTION.source(),
        on: vec![(EXECUTION.col("process_instance_id"), PROCESS_INSTANCE.col("id"))],
    })
}

fn failed_jobs(definition_id: &str) -> Tally {
    let activity: Term = JOB_DEFINITION.col("activity_id").into();
    let condition = row::has_text(JOB_DEFINITION.col("process_definition_id"), definition_id)
        .and(Condition::compare(JOB.col("retries"), Comparison::Equal, 0))
        .and(Condition::is_not_null(activity.clone()));
    Tally::count(JOB_DEFINITION.source(), vec![activity.clone(), activity], condition).join(Join {
        kind: JoinKind::Inner,
        source: JOB.source(),
        on: vec![(JOB.col("job_definition_id"), JOB_DEFINITION.col("id"))],
    })
}

/// `None` where none are asked for.
fn wanted_incidents(call: &Call) -> Option<Condition> {
    match call.query.get("incidentsForType") {
        Some(incident_type) => Some(row::has_text(INCIDENT.col("incident_type"), incident_type)),
        None if call.query.flag("incidents") == Some(true) => Some(Condition::EVERYTHING),
        None => None,
    }
}

fn only_one_of(call: &Call, names: &[&str]) -> Result<(), Failure> {
    let mut given = names.iter().filter(|name| call.query.get(name).is_some());
    match (given.next(), given.next()) {
        (Some(first), Some(second)) => {
            Err(Failure::invalid(format!("only one of the parameters `{first}` and `{second}` can be given")))
        }
        _ => Ok(()),
    }
}

async fn count(call: &Call, tallies: Vec<(Subject, Tally)>) -> Result<BTreeMap<Arc<str>, Counted>, Failure> {
    let (subjects, tallies): (Vec<Subject>, Vec<Tally>) = tallies.into_iter().unzip();
    let statement = Tally::render_together(&tallies, call.runtime().dialect());
    let mut counted: BTreeMap<Arc<str>, Counted> = BTreeMap::new();
    for row in call.runtime().select(statement).await? {
        let [SqlValue::Integer(at), SqlValue::Text(id), SqlValue::Text(kind), SqlValue::Integer(number)] = &row[..]
        else {
            return Err(Failure::internal("a row of statistics has other cells than were asked for"));
        };
        let subject = usize::try_from(*at).ok().and_then(|at| subjects.get(at));
        let of_id = counted.entry(id.clone()).or_default();
        match subject {
            Some(Subject::Instances) => of_id.instances = *number,
            Some(Subject::FailedJobs) => of_id.failed_jobs = *number,
            Some(Subject::Incidents) => of_id.incidents.push((kind.clone(), *number)),
            None => return Err(Failure::internal("a row of statistics is of no tally")),
        }
    }
    Ok(counted)
}

impl Counted {
    fn shown(&self, id: &str, class: &str) -> Value {
        let incident = |(kind, number): &(Arc<str>, i64)| json!({ "incidentType": &**kind, "incidentCount": number });
        json!({
            "@class": class,
            "id": id,
            "instances": self.instances,
            "failedJobs": self.failed_jobs,
            "incidents": self.incidents.iter().map(incident).collect::<Vec<_>>(),
        })
    }
}
