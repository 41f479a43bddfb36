//! Every table once, and the read side as declarations.
//!
//! A `Table` gives the DDL of both dialects and the columns that row codecs write. Knows no SQL client.

pub mod table;
pub mod tables;
pub mod value;

pub use table::{Column, ColumnKind, Dialect, Index, Table};
pub use value::{SqlValue, Statement};
