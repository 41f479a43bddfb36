//! How records become rows and rows records: one file per record, its cells in the order of the table's columns.
//!
//! Knows no SQL client: a dialect brings a `RowSink` that binds and a `RowSource` that reads. Historic records are only
//! written here; they are read through queries.

pub mod event_subscription;
pub mod execution;
pub mod external_task;
pub mod historic_activity_instance;
pub mod historic_detail;
pub mod historic_external_task_log;
pub mod historic_incident;
pub mod historic_job_log;
pub mod historic_process_instance;
pub mod historic_task;
pub mod historic_variable;
pub mod identity_link;
pub mod identity_link_log;
pub mod incident;
pub mod job;
pub mod process_instance;
pub mod row;
pub mod sql;
pub mod task;
pub mod value;
pub mod variable_instance;

#[cfg(test)]
mod tests;

pub use row::{Cell, RowSink, RowSource, RowValues, corrupt};

use std::sync::Arc;

use query::Table;

use crate::StoreError;

/// A record that can be written.
pub trait RowEncode {
    const TABLE: &'static Table;

    /// Columns that keep what they were inserted with, so that updates leave them and their indexes alone.
    const FIXED: &'static [&'static str];

    /// Gives one cell for each column of the table, in order.
    fn encode(&self, row: &mut impl RowSink);
}

/// Change sets share rows, or keep them apart.
macro_rules! encode_behind {
    ($($pointer:ident),*) => {$(
        impl<R: RowEncode> RowEncode for $pointer<R> {
            const TABLE: &'static Table = R::TABLE;
            const FIXED: &'static [&'static str] = R::FIXED;

            fn encode(&self, row: &mut impl RowSink) {
                R::encode(self, row);
            }
        }
    )*};
}

encode_behind!(Arc, Box);

/// A record that can be read back.
pub trait RowDecode: Sized {
    /// Takes one cell for each column of the table, in order.
    fn decode(row: &mut impl RowSource) -> Result<Self, StoreError>;
}
