use crate::table::{ColumnKind, Table, index, optional, partial_index, required};

/// One run of a definition. The row of a root carries the revision of its aggregate, and each the number of what is made
/// next in it.
pub const PROCESS_INSTANCE: Table = Table {
    name: "process_instance",
    columns: &[
        required("id", ColumnKind::Id),
        required("root_process_instance_id", ColumnKind::Id),
        optional("super_execution_id", ColumnKind::Id),
        required("definition_id", ColumnKind::Text),
        required("definition_key", ColumnKind::Text),
        optional("business_key", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        required("is_suspended", ColumnKind::Boolean),
        required("start_time", ColumnKind::Time),
        required("revision", ColumnKind::Integer),
        required("next_number", ColumnKind::Integer),
        optional("case_instance_id", ColumnKind::Text),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[
        partial_index("process_instance_by_root", &["root_process_instance_id"], "root_process_instance_id <> id"),
        partial_index("process_instance_by_super_execution", &["super_execution_id"], "super_execution_id IS NOT NULL"),
        index("process_instance_by_definition", &["definition_id"]),
        partial_index("process_instance_by_business_key", &["business_key"], "business_key IS NOT NULL"),
    ],
};
