//! Expressions with what they evaluate to. The expectations marked as the reference's were read from Camunda 7.24.

mod context;
mod errors;
mod hostile;
mod methods;
mod values;
mod xml;
