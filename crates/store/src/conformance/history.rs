//! History: rows are inserted once and changed by what happens later.

use std::sync::Arc;

use engine::history::{ActivityEnd, EndState, HistoricIncident, HistoryChange, ProcessInstanceEnd};
use engine::record::IncidentType;
use engine::{ChangeSet, RevisionCheck};
use query::SqlValue;
use types::{ExecutionId, IncidentId, Timestamp, VariableValue};

use super::fixture::{NOW, WaitingInstance, apply, count, id, id_in, rows, start, text};
use crate::Store;

const LATER: Timestamp = Timestamp(NOW.0 + 1000);

async fn cells(store: &dyn Store, columns: &str, table: &str, row: types::Uuid) -> Vec<SqlValue> {
    let query = format!("SELECT {columns} FROM {table} WHERE id = $1");
    rows(store, &query, vec![SqlValue::Uuid(row)]).await.into_iter().next().expect("there is a row")
}

fn sql(value: &str) -> SqlValue {
    SqlValue::Text(text(value))
}

fn time(value: Timestamp) -> SqlValue {
    SqlValue::Integer(value.0)
}

fn incident(waiting: &WaitingInstance) -> HistoricIncident {
    let incident_id = IncidentId(id_in(waiting.id()));
    HistoricIncident {
        id: incident_id,
        incident_type: IncidentType::FailedJob,
        message: None,
        configuration: Some(id().to_string().into()),
        history_configuration: None,
        create_time: NOW,
        execution_id: Some(waiting.scope.id),
        process_instance_id: Some(waiting.id()),
        root_process_instance_id: Some(waiting.id()),
        definition_id: Some(waiting.instance.definition_id.clone()),
        definition_key: None,
        tenant_id: None,
        activity_id: None,
        failed_activity_id: None,
        job_definition_id: None,
        cause_incident_id: incident_id,
        root_cause_incident_id: incident_id,
    }
}

/// One row per record inserted, one change for each kind.
pub async fn rows_follow_what_happened(store: Arc<dyn Store>) {
    let store = &*store;
    let waiting = WaitingInstance::new("t").with_variable("v", VariableValue::Integer(1));
    start(store, &waiting).await;
    let activity = waiting.task.activity_instance_id.clone();
    let variable = waiting.variables[0].id;
    let state = "state, end_time";
    assert_eq!(cells(store, state, "historic_process_instance", waiting.id().0).await, [sql("ACTIVE"), SqlValue::Null]);

    let open = incident(&waiting);
    let moved_to = ExecutionId(id_in(waiting.id()));
    let mut changes = ChangeSet::new(waiting.id(), RevisionCheck::Bump { expected: 1 });
    changes.history = vec![
        HistoryChange::ProcessInstanceSuspended { id: waiting.id(), is_suspended: true },
        HistoryChange::ActivityUpdated { id: activity.clone(), execution_id: moved_to, assignee: Some(text("ann")) },
        HistoryChange::VariableUpdated {
            id: variable,
            value: VariableValue::String(text("two")),
            replaces_first: false,
        },
        HistoryChange::IncidentCreated(open.clone().into()),
    ];
    apply(store, vec![changes]).await.expect("applies");
    assert_eq!(cells(store, "state", "historic_process_instance", waiting.id().0).await, [sql("SUSPENDED")]);
    assert_eq!(
        cells(store, "execution_id, assignee, end_time", "historic_activity_instance", activity.uuid).await,
        [SqlValue::Blob(moved_to.0.to_bytes().into()), sql("ann"), SqlValue::Null]
    );
    assert_eq!(
        cells(store, "value_type, text_value, integer_value, state", "historic_variable", variable.0).await,
        [sql("String"), sql("two"), SqlValue::Null, sql("CREATED")]
    );
    assert_eq!(
        cells(store, "state, end_time", "historic_incident", open.id.0).await,
        [SqlValue::Integer(0), SqlValue::Null]
    );

    everything_ends(store, &waiting, &open).await;
    assert_eq!(count(store, "historic_external_task_log").await, 1);
    assert_eq!(count(store, "historic_activity_instance").await, 2);
}

async fn everything_ends(store: &dyn Store, waiting: &WaitingInstance, open: &HistoricIncident) {
    let activity = waiting.task.activity_instance_id.clone();
    let variable = waiting.variables[0].id;
    let end = ActivityEnd { end_time: LATER, is_canceled: true, is_complete_scope: true };
    let mut changes = ChangeSet::new(waiting.id(), RevisionCheck::Bump { expected: 2 });
    changes.history = vec![
        HistoryChange::ActivityEnded { id: activity.clone(), end },
        HistoryChange::VariableDeleted { id: variable },
        HistoryChange::IncidentEnded { id: open.id, end_time: LATER, is_deleted: true },
        HistoryChange::ProcessInstanceEnded(ProcessInstanceEnd {
            id: waiting.id(),
            end_time: LATER,
            end_activity_id: Some(text("end")),
            state: EndState::ExternallyTerminated,
            delete_reason: Some(text("because")),
            removal_time: Some(LATER),
        }),
        HistoryChange::ProcessInstanceSuspended { id: waiting.id(), is_suspended: false },
        HistoryChange::ProcessInstanceDetached { id: waiting.id() },
    ];
    apply(store, vec![changes]).await.expect("applies");
    assert_eq!(
        cells(store, "end_time, is_canceled, is_complete_scope", "historic_activity_instance", activity.uuid).await,
        [time(LATER), SqlValue::Integer(1), SqlValue::Integer(1)]
    );
    assert_eq!(cells(store, "text_value, state", "historic_variable", variable.0).await, [sql("two"), sql("DELETED")]);
    assert_eq!(
        cells(store, "state, end_time", "historic_incident", open.id.0).await,
        [SqlValue::Integer(2), time(LATER)]
    );
    let columns = "state, end_time, end_activity_id, delete_reason, removal_time";
    assert_eq!(
        cells(store, columns, "historic_process_instance", waiting.id().0).await,
        [sql("EXTERNALLY_TERMINATED"), time(LATER), sql("end"), sql("because"), time(LATER)]
    );
}
