use crate::table::{ColumnKind, Table, index, optional, partial_index, required, unique_index};

/// A process of a deployment. `version` counts within key and tenant.
pub const PROCESS_DEFINITION: Table = Table {
    name: "process_definition",
    columns: &[
        required("id", ColumnKind::Text),
        required("key", ColumnKind::Text),
        required("version", ColumnKind::Integer),
        optional("name", ColumnKind::Text),
        optional("category", ColumnKind::Text),
        optional("description", ColumnKind::Text),
        optional("version_tag", ColumnKind::Text),
        required("deployment_id", ColumnKind::Id),
        required("resource_name", ColumnKind::Text),
        optional("diagram_resource_name", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        required("is_suspended", ColumnKind::Boolean),
        optional("history_time_to_live_days", ColumnKind::Integer),
        required("is_startable_in_tasklist", ColumnKind::Boolean),
        required("is_latest", ColumnKind::Boolean),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[
        unique_index("process_definition_by_version", &["key", "coalesce(tenant_id, '')", "version"]),
        index("process_definition_by_deployment", &["deployment_id"]),
        partial_index("process_definition_latest", &["key"], "is_latest = 1"),
    ],
};
