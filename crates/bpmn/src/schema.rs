//! The structure that BPMN 2.0 prescribes: which elements, attributes and values may stand where.
//!
//! Says nothing of what Camlock can execute. `grammar` holds the standard's rules, read once from a table; `validation` walks
//! a document and reports like a validating XML parser: at the start tag for attributes and misplaced elements, at the end
//! tag for text and what is missing, at the end of the document for references to nothing.

mod content;
mod grammar;
mod simple_type;
mod validation;

pub(crate) use validation::validate;
