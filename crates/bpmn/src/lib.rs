//! BPMN 2.0 XML in, an executable `ProcessModel` out, or every reason why not.
//!
//! Knows nothing of running instances. A document is refused as a whole: what Camlock cannot execute is named with
//! line, column and element ids, and is never read as something else.

pub mod diagnostic;
pub mod model;

pub use diagnostic::{Diagnostic, ParseFailure};
pub use model::{
    Element, ElementIndex, ElementKind, ErrorEventDefinition, Flow, FlowIndex, IoMapping, IoParameter, ProcessModel,
};
