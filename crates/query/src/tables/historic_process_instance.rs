use crate::table::{ColumnKind, Table, index, optional, partial_index, required};

/// As a removal time: the root's does not count for this instance.
pub const NEVER_REMOVED: i64 = i64::MAX;

/// What is kept of a process instance. A removal time counts for all that is kept of the instance; one that is not a root
/// and has none follows its root.
pub const HISTORIC_PROCESS_INSTANCE: Table = Table {
    name: "historic_process_instance",
    columns: &[
        required("id", ColumnKind::Id),
        required("root_process_instance_id", ColumnKind::Id),
        optional("super_process_instance_id", ColumnKind::Id),
        optional("restarted_process_instance_id", ColumnKind::Id),
        required("definition_id", ColumnKind::Text),
        required("definition_key", ColumnKind::Text),
        optional("business_key", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        required("start_time", ColumnKind::Time),
        optional("end_time", ColumnKind::Time),
        required("start_activity_id", ColumnKind::Text),
        optional("end_activity_id", ColumnKind::Text),
        required("state", ColumnKind::Text),
        optional("delete_reason", ColumnKind::Text),
        optional("removal_time", ColumnKind::Time),
        optional("case_instance_id", ColumnKind::Text),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[
        index("historic_process_instance_by_definition", &["definition_id"]),
        partial_index("historic_process_instance_by_business_key", &["business_key"], "business_key IS NOT NULL"),
        partial_index(
            "historic_process_instance_by_root",
            &["root_process_instance_id"],
            "root_process_instance_id <> id",
        ),
        partial_index(
            "historic_process_instance_removable",
            &["removal_time"],
            "removal_time IS NOT NULL AND end_time IS NOT NULL",
        ),
    ],
};
