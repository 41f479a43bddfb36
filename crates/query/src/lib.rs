//! Every table once, and the read side as declarations.
//!
//! A `Table` gives the DDL of both dialects and the columns that row codecs write. Knows no SQL client.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod condition;
pub mod dialect;
pub mod mutation;
pub mod nul;
pub mod select;
pub mod statistics;
pub mod table;
pub mod tables;
pub mod tally;
pub mod value;

pub mod error;
pub mod filter;
pub mod request;
pub mod resource;
pub mod row;

mod lowering;
mod reading;
mod variable_condition;

pub use condition::{
    ColumnRef, Comparison, Condition, Join, JoinKind, LetterCase, Operand, Source, Subquery, Term, column,
};
pub use error::{QueryError, QueryErrorKind};
pub use mutation::{AssignedValue, Assignment, Mutation};
pub use reading::time as strict_time;
pub use request::{ListRequest, Purpose};
pub use resource::Resource;
pub use row::{RowError, ShownVariable, variable_value};
pub use select::{Direction, Nulls, Order, Select};
pub use table::{Column, ColumnKind, Dialect, Index, Table};
pub use tally::{Measure, Tally};
pub use value::{SqlValue, Statement};
