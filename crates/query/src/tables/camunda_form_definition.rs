use crate::table::{ColumnKind, Table, index, optional, required};

/// One version of a Camunda form: a file of a deployment.
pub const CAMUNDA_FORM_DEFINITION: Table = Table {
    name: "camunda_form_definition",
    columns: &[
        required("id", ColumnKind::Id),
        required("key", ColumnKind::Text),
        required("version", ColumnKind::Integer),
        required("deployment_id", ColumnKind::Id),
        required("resource_name", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[
        index("camunda_form_definition_by_key", &["key", "version"]),
        index("camunda_form_definition_by_deployment", &["deployment_id"]),
    ],
};
