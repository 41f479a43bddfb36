use crate::table::{ColumnKind, Table, index, optional, required};

/// What was deployed together.
pub const DEPLOYMENT: Table = Table {
    name: "deployment",
    columns: &[
        required("id", ColumnKind::Id),
        optional("name", ColumnKind::Text),
        optional("source", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        required("deploy_time", ColumnKind::Time),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[index("deployment_by_time", &["deploy_time"])],
};
