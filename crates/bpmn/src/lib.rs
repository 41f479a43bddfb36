//! BPMN 2.0 XML in, an executable `ProcessModel` out, or every reason why not.
//!
//! Knows nothing of running instances. A document is refused as a whole: what Camlock cannot execute is named with
//! line, column and element ids, and is never read as something else.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod diagnostic;
pub mod form;
pub mod model;
mod parse;
mod passed_variables;

mod association;
mod asynchronous;
mod attribute;
mod definitions;
mod diagram;
mod document;
mod element;
mod extension;
mod field;
mod io_mapping;
mod listener;
mod process;
mod report;
mod schema;
mod scope;
mod script;
mod sequence_flow;
mod tag;
mod unsupported;

pub use diagnostic::{Diagnostic, ParseFailure};
pub use model::{
    Action, Condition, Element, ElementIndex, ElementKind, ErrorEventDefinition, Flow, FlowIndex, IoMapping,
    IoParameter, ProcessModel,
};
pub use parse::{Delegates, ParseOptions, ParsedDocument, parse};
