//! What every store must do: one suite, run over each implementation by its tests.
//!
//! A case gets an empty store and panics if something is not as it should be.

mod apply;
mod claim;
mod claim_filter;
mod claim_jobs;
mod claim_variables;
pub mod fixture;
mod guards;
mod history;
mod locate;
mod release;
pub mod reload;
mod standalone_task;
mod statements;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::Store;

type Case = fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! cases {
    ($($module:ident :: $name:ident),* $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($name)), |store| Box::pin($module::$name(store)))),*]
    };
}

/// Every case with its name.
pub const CASES: &[(&str, Case)] = cases![
    reload::every_field_comes_back,
    reload::every_variable_type_comes_back,
    reload::updates_and_deletions_come_back,
    reload::an_ended_aggregate_leaves_no_row,
    reload::called_instances_belong_to_the_aggregate,
    apply::a_stale_revision_changes_nothing,
    apply::a_stale_epoch_changes_nothing,
    apply::units_are_applied_in_order_of_submission,
    apply::one_conflict_leaves_the_others_alone,
    apply::a_unit_is_applied_as_a_whole,
    apply::a_refused_statement_takes_only_its_unit,
    guards::no_instance_begins_of_a_definition_that_has_gone,
    guards::no_root_instance_begins_of_a_suspended_definition,
    guards::a_job_that_another_node_has_taken_over_changes_nothing,
    locate::everything_is_located,
    standalone_task::an_aggregate_without_a_process_comes_back,
    standalone_task::its_revision_is_checked,
    standalone_task::parts_of_a_process_s_task_go_with_the_process,
    statements::expectations_are_checked,
    statements::what_is_removed_is_gone,
    statements::values_come_back,
    statements::like_distinguishes_case,
    history::rows_follow_what_happened,
    claim::tasks_come_in_the_order_asked_for,
    claim::topics_are_merged_in_order,
    claim::each_task_is_handed_out_once,
    claim::a_claim_locks,
    claim::an_unwanted_claim_locks_nothing,
    claim::suspended_and_exhausted_tasks_stay,
    claim::locked_tasks_do_not_slow_a_claim,
    claim_filter::each_filter_counts,
    claim_filter::any_text_can_be_in_a_list,
    claim_filter::process_variables_count_by_type_and_value,
    claim_filter::candidates_are_looked_at_once_more,
    claim_jobs::priority_counts_before_age,
    claim_jobs::only_due_jobs_that_may_run_are_claimed,
    claim_jobs::priorities_have_a_range,
    claim_jobs::jobs_of_a_dead_node_are_taken_over,
    claim_jobs::released_jobs_wait_for_their_time,
    claim_jobs::an_exclusive_job_keeps_its_instance_on_one_node,
    claim_jobs::a_changed_job_has_no_lock,
    claim_jobs::waiting_timers_do_not_slow_a_claim,
    claim_variables::the_nearest_of_each_name_comes,
    release::expired_locks_can_be_fetched_again,
    release::topics_released_by_a_claim_are_told,
];

/// Runs every case on a store of its own.
pub async fn run<Fut>(mut empty_store: impl FnMut() -> Fut)
where
    Fut: Future<Output = Arc<dyn Store>>,
{
    for (name, case) in CASES {
        // A failing case is found by the last name that was written.
        tracing::info!(name, "conformance");
        case(empty_store().await).await;
    }
}
