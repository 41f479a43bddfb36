//! Every codec gives one cell per column, of the column's kind.

use engine::history::{HistoricIncident, HistoryChange};
use engine::record::{IncidentType, Record};
use engine::{ChangeSet, TableChange};
use query::{ColumnKind, SqlValue};
use types::{IncidentId, VariableValue};

use super::identity_link::IdentityLinkRow;
use super::{RowEncode, RowValues};
use crate::conformance::fixture::{NOW, WaitingInstance, id};
use crate::conformance::reload::{rich_change_set, rich_instance};

fn check<R: RowEncode>(record: &R) {
    let table = R::TABLE;
    let mut row = RowValues::default();
    record.encode(&mut row);
    assert_eq!(row.values.len(), table.columns.len(), "cells of {}", table.name);
    for (column, value) in table.columns.iter().zip(&row.values) {
        let is_right = match value {
            SqlValue::Null => column.is_nullable,
            SqlValue::Uuid(_) => column.kind == ColumnKind::Id,
            SqlValue::Text(_) => column.kind == ColumnKind::Text,
            SqlValue::Real(_) => column.kind == ColumnKind::Real,
            SqlValue::Blob(_) => column.kind == ColumnKind::Blob,
            SqlValue::Integer(_) => {
                matches!(column.kind, ColumnKind::Integer | ColumnKind::Time | ColumnKind::Boolean)
            }
        };
        assert!(is_right, "{}.{} cannot be {value:?}", table.name, column.name);
    }
    for fixed in R::FIXED {
        assert!(table.columns.iter().any(|column| column.name == *fixed), "{} has no column {fixed}", table.name);
    }
}

fn check_all<R: RowEncode + Record>(changes: &[TableChange<R>]) {
    assert!(!changes.is_empty(), "no record of {}", R::TABLE.name);
    for change in changes {
        if let TableChange::Insert(record) = change {
            check(&**record);
        }
    }
}

fn check_history(changes: &ChangeSet) {
    for change in &changes.history {
        match change {
            HistoryChange::ProcessInstanceStarted(record) => check(record),
            HistoryChange::ActivityStarted(record) => check(record),
            HistoryChange::VariableCreated(record) => check(record),
            HistoryChange::ExternalTaskLogged(record) => check(record),
            HistoryChange::IncidentCreated(record) => check(record),
            _ => {}
        }
    }
}

#[test]
fn every_record_fits_its_table() {
    let bare = WaitingInstance::new("t").with_variable("v", VariableValue::Null);
    for waiting in [rich_instance(), bare] {
        let changes = rich_change_set(&waiting);
        check_all(&changes.process_instances);
        check_all(&changes.executions);
        check_all(&changes.external_tasks);
        check_all(&changes.tasks);
        check_all(&changes.variables);
        check_all(&changes.jobs);
        check_all(&changes.event_subscriptions);
        check_all(&changes.incidents);
        check_history(&changes);
        check_history(&waiting.completed(1, 0));
        for change in &changes.tasks {
            let TableChange::Insert(task) = change else { continue };
            for link in &task.identity_links {
                check(&IdentityLinkRow { task_id: task.id, position: 0, link: link.clone() });
            }
        }
    }
    check(&HistoricIncident {
        id: IncidentId(id()),
        incident_type: IncidentType::FailedExternalTask,
        message: None,
        configuration: Some(id().to_string().into()),
        history_configuration: None,
        create_time: NOW,
        execution_id: None,
        process_instance_id: None,
        root_process_instance_id: None,
        definition_id: None,
        definition_key: None,
        tenant_id: None,
        activity_id: None,
        failed_activity_id: None,
        job_definition_id: None,
        cause_incident_id: IncidentId(id()),
        root_cause_incident_id: IncidentId(id()),
    });
}
