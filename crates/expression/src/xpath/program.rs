//! Expressions as they are evaluated.

use std::sync::Arc;

use super::function::Function;

#[derive(Debug)]
pub(super) enum Expression {
    Binary(Operator, Box<Expression>, Box<Expression>),
    Negation(Box<Expression>),
    Text(Arc<str>),
    Number(f64),
    Call(Function, Vec<Expression>),
    /// Nodes of an expression that all predicates hold for.
    Filter(Box<Expression>, Vec<Expression>),
    Path(Start, Vec<Step>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Union,
}

#[derive(Debug)]
pub(super) enum Start {
    Document,
    Context,
    Expression(Box<Expression>),
}

#[derive(Debug)]
pub(super) struct Step {
    pub axis: Axis,
    pub test: NodeTest,
    pub predicates: Vec<Expression>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Child,
    Descendant,
    DescendantOrSelf,
    Itself,
    Parent,
    Ancestor,
    AncestorOrSelf,
    FollowingSibling,
    PrecedingSibling,
    Following,
    Preceding,
    Attribute,
}

impl Axis {
    pub fn named(name: &str) -> Option<Axis> {
        Some(match name {
            "child" => Axis::Child,
            "descendant" => Axis::Descendant,
            "descendant-or-self" => Axis::DescendantOrSelf,
            "self" => Axis::Itself,
            "parent" => Axis::Parent,
            "ancestor" => Axis::Ancestor,
            "ancestor-or-self" => Axis::AncestorOrSelf,
            "following-sibling" => Axis::FollowingSibling,
            "preceding-sibling" => Axis::PrecedingSibling,
            "following" => Axis::Following,
            "preceding" => Axis::Preceding,
            "attribute" => Axis::Attribute,
            _ => return None,
        })
    }

    /// Whether the nearest node, which has the position 1, is the last one of the document.
    pub fn is_reverse(self) -> bool {
        matches!(self, Axis::Parent | Axis::Ancestor | Axis::AncestorOrSelf | Axis::PrecedingSibling | Axis::Preceding)
    }
}

#[derive(Debug)]
pub(super) enum NodeTest {
    /// `*`, `p:*`, `name`, `p:name`: the principal kind of the axis.
    Name {
        prefix: Option<Arc<str>>,
        local: Option<Arc<str>>,
    },
    Node,
    Text,
    Comment,
    Instruction(Option<Arc<str>>),
}
