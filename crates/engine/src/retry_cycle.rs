//! `camunda:failedJobRetryTimeCycle`: a list of intervals, or one that repeats.

use bpmn::model::Element;
use expression::Value;
use types::{ExecutionId, Timestamp};

use crate::due_date;
use crate::evaluate;
use crate::record::Job;
use crate::rejection::Rejection;
use crate::turn::Turn;

/// Whether a text can be the cycle of all jobs.
pub fn is_retry_cycle(text: &str) -> bool {
    let now = Timestamp(0);
    let intervals = text.split(',').map(str::trim);
    intervals.map(|interval| due_date::duration(interval, now)).all(|due| due.is_ok())
}

/// How often a job is tried, and how long it waits in between.
pub(crate) struct RetryCycle {
    pub attempts: i32,
    intervals: Vec<String>,
}

impl RetryCycle {
    /// That of the job's element. One that cannot be evaluated is none.
    pub fn of(turn: &mut Turn<'_, '_>, job: &Job) -> Option<RetryCycle> {
        let (execution, activity_id) = (job.execution_id?, job.activity_id.as_ref()?);
        let definition = turn.definition_of(execution).ok()?;
        let element = definition.model.element(definition.model.element_by_id(activity_id)?);
        RetryCycle::of_element(turn, execution, element)
    }

    pub fn of_element(turn: &mut Turn<'_, '_>, execution: ExecutionId, element: &Element) -> Option<RetryCycle> {
        match &element.retry_cycle {
            Some(expression) => RetryCycle::of_value(evaluate::value(turn, execution, expression), turn.env.now),
            None => RetryCycle::parse(turn.env.jobs.retry_cycle.as_ref()?, turn.env.now),
        }
    }

    pub fn of_value(value: Result<Value, Rejection>, now: Timestamp) -> Option<RetryCycle> {
        match value {
            Ok(Value::String(text)) if !text.is_empty() => RetryCycle::parse(&text, now),
            Ok(_) | Err(_) => None,
        }
    }

    /// What a new job begins with. Camunda: at least one, so that it is no incident from the start.
    pub fn retries_of_new(&self) -> i32 {
        self.attempts.max(1)
    }

    /// One interval alone must make sense. Of several, each is looked at only when its turn comes.
    pub fn parse(text: &str, now: Timestamp) -> Option<RetryCycle> {
        let intervals: Vec<String> = text.split(',').map(|interval| interval.trim().to_owned()).collect();
        let listed = i32::try_from(intervals.len()).ok()?.saturating_add(1);
        let attempts = match intervals.as_slice() {
            [only] => {
                due_date::duration(only, now).ok()?;
                due_date::repetitions(only).map_or(listed, |times| i32::try_from(times).unwrap_or(i32::MAX))
            }
            _ => listed,
        };
        Some(RetryCycle { attempts, intervals })
    }

    /// The retries that are left, and when the job is due again where that changes. The first failure takes the number
    /// of attempts from the cycle.
    pub fn after_failure(&self, retries: i32, is_first: bool, now: Timestamp) -> (i32, Option<Timestamp>) {
        let attempts = if is_first { self.attempts } else { retries };
        (attempts.saturating_sub(1).max(0), self.next_due(attempts, now))
    }

    /// `None` where the interval makes no sense: the job stays due.
    fn next_due(&self, attempts: i32, now: Timestamp) -> Option<Timestamp> {
        let count = i32::try_from(self.intervals.len()).ok()?;
        let place = count.saturating_sub(attempts.saturating_sub(1)).min(count - 1).max(0);
        due_date::duration(self.intervals.get(usize::try_from(place).ok()?)?, now).ok()
    }
}
