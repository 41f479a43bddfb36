use crate::table::{ColumnKind, IN_INSTANCE, Table, index, optional, partial_index, required};

/// Something that needs a human.
pub const INCIDENT: Table = Table {
    name: "incident",
    columns: &[
        required("id", ColumnKind::Id),
        required("incident_type", ColumnKind::Text),
        optional("message", ColumnKind::Text),
        optional("configuration", ColumnKind::Text),
        optional("execution_id", ColumnKind::Id),
        optional("process_instance_id", ColumnKind::Id),
        optional("definition_id", ColumnKind::Text),
        optional("definition_key", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        optional("activity_id", ColumnKind::Text),
        optional("failed_activity_id", ColumnKind::Text),
        optional("job_definition_id", ColumnKind::Id),
        required("create_time", ColumnKind::Time),
        required("cause_incident_id", ColumnKind::Id),
        required("root_cause_incident_id", ColumnKind::Id),
        optional("history_configuration", ColumnKind::Id),
        optional("annotation", ColumnKind::Text),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[
        index("incident_by_configuration", &["configuration"]),
        partial_index("incident_by_job_definition", &["job_definition_id"], "process_instance_id IS NULL"),
    ],
};
