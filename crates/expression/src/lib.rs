//! JUEL, as Camunda's models use it.

/// A parsed text with or without `${…}`.
#[derive(Clone, Debug)]
pub struct Expression;
