use crate::table::{ColumnKind, Table, required, unique_index};

/// A file of a deployment.
pub const DEPLOYMENT_RESOURCE: Table = Table {
    name: "deployment_resource",
    columns: &[
        required("id", ColumnKind::Id),
        required("deployment_id", ColumnKind::Id),
        required("name", ColumnKind::Text),
        required("contents", ColumnKind::Blob),
        required("sha256", ColumnKind::Blob),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[unique_index("deployment_resource_by_name", &["deployment_id", "name"])],
};
