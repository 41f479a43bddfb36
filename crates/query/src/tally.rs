//! Rows counted and measured by group: what statistics and reports ask for, in one statement.

use crate::condition::{Condition, Join, Source, Term};

/// One row for each group, first its keys, then its measures.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    pub from: Source,
    pub joins: Vec<Join>,
    /// What the rows of a group have in common.
    pub keys: Vec<Term>,
    pub measures: Vec<Measure>,
    pub condition: Condition,
}

/// A whole number that a group of rows has.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    Count,
    /// Of the rows for which the condition holds.
    CountOf(Condition),
    Least(Term),
    Greatest(Term),
    /// Without its fraction.
    Average(Term),
}

impl Tally {
    /// How many rows each group has.
    pub fn count(from: Source, keys: Vec<Term>, condition: Condition) -> Tally {
        Tally { from, joins: Vec::new(), keys, measures: vec![Measure::Count], condition }
    }

    pub fn join(mut self, join: Join) -> Tally {
        self.joins.push(join);
        self
    }
}
