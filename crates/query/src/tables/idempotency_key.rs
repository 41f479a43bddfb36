use crate::table::{ColumnKind, Table, index, optional, required};

/// What was done for a request that may be repeated, so that it is done once. `fingerprint` tells the request from
/// others with the same key; an empty `status` means that what it was answered is not known yet.
pub const IDEMPOTENCY_KEY: Table = Table {
    name: "idempotency_key",
    columns: &[
        required("key", ColumnKind::Text),
        required("fingerprint", ColumnKind::Blob),
        required("expires_at", ColumnKind::Time),
        optional("status", ColumnKind::Integer),
        optional("content_type", ColumnKind::Text),
        optional("body", ColumnKind::Blob),
    ],
    primary_key: &["key"],
    clustered_by: &[],
    indexes: &[index("idempotency_key_by_expiry", &["expires_at"])],
};
