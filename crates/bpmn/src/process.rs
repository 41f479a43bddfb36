//! A `process` and what it says about itself.

use std::sync::Arc;

use expression::Expression;

use crate::attribute::{self, camunda};
use crate::definitions::{Definitions, read_expression};
use crate::document::Node;
use crate::model::ProcessModel;
use crate::parse::Delegates;
use crate::report::Report;
use crate::scope::{self, ProcessBuilder};
use crate::script;
use crate::unsupported;

/// Reads an executable process. `None` means that it has errors, which are in the report.
pub(crate) fn read<'d>(
    node: Node<'d>,
    definitions: &Definitions<'d>,
    delegates: &Delegates,
    report: &mut Report<'_>,
) -> Option<ProcessModel> {
    let Some(key) = attribute::id(node) else {
        report.error(node, "attribute 'id' is missing on process");
        return None;
    };
    unsupported::refuse_parts(node, key, report);
    let job_priority = priority(node, "jobPriority", report);
    let task_priority = priority(node, "taskPriority", report);
    let history_time_to_live_days = match camunda(node, "historyTimeToLive").map(time_to_live) {
        Some(Err(reason)) => {
            report.error(node, format!("Cannot parse historyTimeToLive: {reason}"));
            None
        }
        Some(Ok(days)) => days,
        None => None,
    };
    let candidate_starter_users = starters(node, "candidateStarterUsers", report);
    let candidate_starter_groups = starters(node, "candidateStarterGroups", report);
    let mut builder = ProcessBuilder::new(key, definitions, delegates, report);
    let (initial, start_form) = scope::read(&mut builder, node);
    let arena = builder.finish();
    let script_resources = script::resources(&arena.elements, &arena.flows, &arena.listeners);
    Some(ProcessModel {
        key: Arc::from(key),
        name: node.attribute("name").map(Arc::from),
        version_tag: camunda(node, "versionTag").map(Arc::from),
        description: attribute::documentation(node).map(Arc::from),
        history_time_to_live_days,
        candidate_starter_users,
        candidate_starter_groups,
        is_startable_in_tasklist: camunda(node, "isStartableInTasklist")
            .is_none_or(|value| value.eq_ignore_ascii_case("true")),
        task_priority,
        job_priority,
        listeners: arena.listeners,
        elements: arena.elements,
        flows: arena.flows,
        event_sub_processes: arena.event_sub_processes,
        initial,
        start_form,
        has_conditional_events: arena.has_conditional_events,
        elements_by_id: arena.elements_by_id,
        script_resources,
    })
}

/// Who is named to start the process.
///
/// Camunda: they have to be expressions, and stand for themselves as they are written.
fn starters(node: Node<'_>, name: &str, report: &mut Report<'_>) -> Vec<Arc<str>> {
    let candidates = attribute::comma_separated(camunda(node, name).unwrap_or_default());
    for candidate in &candidates {
        let _ = read_expression(candidate, node, report);
    }
    candidates.into_iter().map(Arc::from).collect()
}

/// `camunda:taskPriority` or `camunda:jobPriority`: an expression, or else an integer.
pub(crate) fn priority(node: Node<'_>, name: &str, report: &mut Report<'_>) -> Option<Expression> {
    let value = camunda(node, name)?;
    let is_expression = matches!(value.trim_start().get(..2), Some("${" | "#{"));
    if !is_expression && value.parse::<i32>().is_err() {
        report.error(node, format!("Value '{value}' for attribute '{name}' is not a valid number"));
        return None;
    }
    read_expression(value, node, report)
}

/// Reports a `camunda:jobPriority` that is none. It is read with the element.
pub(crate) fn check_job_priority(node: Node<'_>, report: &mut Report<'_>) {
    priority(node, "jobPriority", report);
}

/// Days, as a number or as an ISO 8601 period of days alone (`P5D`); empty is none.
fn time_to_live(value: &str) -> Result<Option<u32>, String> {
    if value.is_empty() {
        return Ok(None);
    }
    let period = value.strip_prefix('P').and_then(|rest| rest.strip_suffix('D'));
    let days =
        period.filter(|days| !days.is_empty() && days.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(value);
    match days.parse::<i32>() {
        Ok(days) => u32::try_from(days).map(Some).map_err(|_| "negative value is not allowed".to_owned()),
        Err(_) => Err(format!("'{value}' is neither a number of days nor a period such as P5D")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_to_live_is_a_number_of_days() {
        for (value, expected) in [
            ("", Ok(None)),
            ("5", Ok(Some(5))),
            ("P30D", Ok(Some(30))),
            ("0", Ok(Some(0))),
            ("P5W", Err(())),
            ("-1", Err(())),
            ("P-1D", Err(())),
            ("PD", Err(())),
            ("99999999999", Err(())),
        ] {
            assert_eq!(time_to_live(value).map_err(|_| ()), expected, "{value}");
        }
    }
}
