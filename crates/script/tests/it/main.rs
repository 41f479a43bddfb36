//! Scripts in, values or failures out.

mod context;
mod limits;
mod values;
