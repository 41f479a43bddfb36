use crate::table::{ColumnKind, IN_INSTANCE, Table, optional, partial_index, required};

/// What is kept of an incident. `state` is 0 open, 1 resolved, 2 deleted, as in Camunda.
pub const HISTORIC_INCIDENT: Table = Table {
    name: "historic_incident",
    columns: &[
        required("id", ColumnKind::Id),
        required("incident_type", ColumnKind::Text),
        optional("message", ColumnKind::Text),
        optional("configuration", ColumnKind::Text),
        optional("history_configuration", ColumnKind::Id),
        required("create_time", ColumnKind::Time),
        optional("end_time", ColumnKind::Time),
        required("state", ColumnKind::Integer),
        optional("execution_id", ColumnKind::Id),
        optional("process_instance_id", ColumnKind::Id),
        optional("root_process_instance_id", ColumnKind::Id),
        optional("definition_id", ColumnKind::Text),
        optional("definition_key", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        optional("activity_id", ColumnKind::Text),
        optional("failed_activity_id", ColumnKind::Text),
        optional("job_definition_id", ColumnKind::Id),
        required("cause_incident_id", ColumnKind::Id),
        required("root_cause_incident_id", ColumnKind::Id),
        optional("annotation", ColumnKind::Text),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[partial_index(
        "historic_incident_by_job_definition",
        &["job_definition_id"],
        "job_definition_id IS NOT NULL",
    )],
};
