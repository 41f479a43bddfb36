//! What a text is compiled to: instructions for a machine with a stack of values. They only jump forward.

use std::sync::Arc;

use crate::value::Value;

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(Arc<str>),
    Evaluated(Vec<Step>),
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub instruction: Instruction,
    /// UTF-16 units before its place in the text.
    pub position: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Instruction {
    Push(Value),
    /// Push the value of an identifier.
    Resolve(Arc<str>),
    /// Replace the top by its property.
    Property(Arc<str>),
    /// Replace a base and a key by the property.
    Index,
    /// Refuse a null on top as the target of a call; the text is how the target is written.
    RequireTarget(Arc<str>),
    /// Replace a target and its arguments by the result.
    Call {
        method: Arc<str>,
        arguments: usize,
    },
    /// The same where the method's name lies between the target and the arguments.
    CallIndexed {
        arguments: usize,
    },
    Function {
        function: Arc<FunctionName>,
        arguments: usize,
    },
    Binary(BinaryOperator),
    Unary(UnaryOperator),
    /// Replace the top by its truth.
    Truth,
    /// If the top is null, jump.
    JumpIfNull(usize),
    /// Replace the top by its truth; jump if that is `when`, else drop it.
    JumpKeeping {
        when: bool,
        to: usize,
    },
    /// Drop the top; jump if it was not true.
    JumpUnless(usize),
    Jump(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionName {
    pub prefix: Option<String>,
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOperator {
    Negate,
    Not,
    Empty,
}
