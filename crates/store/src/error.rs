//! What can go wrong between the engine and its database.

/// A failure of the store. Nothing of the unit of work was applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The unit was decided on state that has changed since: load again, decide again.
    #[error("the state has changed in the meantime")]
    Conflict,
    /// The database cannot be written or read now: full disk, read-only file, connection gone. A later retry can help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database refused a statement or holds something it should not. A retry does not help.
    #[error("the database failed: {0}")]
    Failed(String),
}
