//! Reading statements as values.

use crate::condition::{Condition, Join, Source, Term};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

/// Where rows without a value go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    First,
    Last,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub term: Term,
    pub direction: Direction,
    pub nulls: Nulls,
}

/// `SELECT`. Rendered by `render`, its count form by `render_count`.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    pub from: Source,
    pub joins: Vec<Join>,
    pub columns: Vec<Term>,
    pub condition: Condition,
    pub order: Vec<Order>,
    pub limit: Option<u64>,
    pub offset: u64,
}

impl Select {
    /// All columns of a table's rows, in the order of their declaration.
    pub fn all(from: Source) -> Select {
        let columns = from.table.columns.iter();
        Select {
            from,
            joins: Vec::new(),
            columns: columns.map(|c| Term::Column(crate::condition::column(from.alias, c.name))).collect(),
            condition: Condition::EVERYTHING,
            order: Vec::new(),
            limit: None,
            offset: 0,
        }
    }

    pub fn filter(mut self, condition: Condition) -> Select {
        self.condition = self.condition.and(condition);
        self
    }

    pub fn order_by(mut self, term: impl Into<Term>, direction: Direction) -> Select {
        let nulls = match direction {
            Direction::Ascending => Nulls::First,
            Direction::Descending => Nulls::Last,
        };
        self.order.push(Order { term: term.into(), direction, nulls });
        self
    }

    pub fn limit(mut self, rows: u64) -> Select {
        self.limit = Some(rows);
        self
    }
}
