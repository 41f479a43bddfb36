use crate::table::{ColumnKind, Table, index, optional, required};

/// The static side of the jobs of an element, or of a batch.
pub const JOB_DEFINITION: Table = Table {
    name: "job_definition",
    columns: &[
        required("id", ColumnKind::Id),
        optional("process_definition_id", ColumnKind::Text),
        optional("process_definition_key", ColumnKind::Text),
        optional("activity_id", ColumnKind::Text),
        required("job_type", ColumnKind::Text),
        optional("configuration", ColumnKind::Text),
        required("is_suspended", ColumnKind::Boolean),
        optional("override_priority", ColumnKind::Integer),
        optional("tenant_id", ColumnKind::Text),
        optional("deployment_id", ColumnKind::Id),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[index("job_definition_by_process_definition", &["process_definition_id"])],
};
