//! From words to expressions, with the levels of precedence of XPath 1.0, 3.5.

use super::function::Function;
use super::program::{Axis, Expression, NodeTest, Operator, Start, Step};
use super::refused;
use super::token::{Token, tokens};
use crate::error::EvaluationError;
use crate::limit;

pub(super) fn parse(text: &str) -> Result<Expression, EvaluationError> {
    if text.len() > limit::XPATH_BYTES {
        return Err(EvaluationError::limit("the length of an XPath expression", limit::XPATH_BYTES));
    }
    let mut parser = Parser { tokens: tokens(text)?, place: 0, depth: 0 };
    let expression = parser.expression(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(refused("the expression does not end where it should")),
    }
}

/// The operators of each level, from the loosest; `|` is a level of its own, inside the sign.
const LEVELS: [&[Operator]; 6] = [
    &[Operator::Or],
    &[Operator::And],
    &[Operator::Equal, Operator::NotEqual],
    &[Operator::Less, Operator::LessOrEqual, Operator::Greater, Operator::GreaterOrEqual],
    &[Operator::Add, Operator::Subtract],
    &[Operator::Multiply, Operator::Divide, Operator::Remainder],
];

struct Parser {
    tokens: Vec<Token>,
    place: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.place += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &Token, what: &str) -> Result<(), EvaluationError> {
        if self.takes(wanted) { Ok(()) } else { Err(refused(format!("expected {what}"))) }
    }

    /// One level of precedence and all tighter ones.
    fn expression(&mut self, level: usize) -> Result<Expression, EvaluationError> {
        let Some(operators) = LEVELS.get(level) else {
            return self.signed();
        };
        let mut left = self.expression(level + 1)?;
        let mut length = 0;
        while let Some(Token::Operator(operator)) = self.peek()
            && operators.contains(operator)
        {
            let operator = *operator;
            self.place += 1;
            let right = self.expression(level + 1)?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
            // A long chain is a deep tree.
            length += 1;
            check_depth(length)?;
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Expression, EvaluationError> {
        let mut is_negative = false;
        while self.takes(&Token::Operator(Operator::Subtract)) {
            is_negative = !is_negative;
        }
        let mut found = self.path()?;
        let mut length = 0;
        while self.takes(&Token::Operator(Operator::Union)) {
            found = Expression::Binary(Operator::Union, Box::new(found), Box::new(self.path()?));
            length += 1;
            check_depth(length)?;
        }
        Ok(if is_negative { Expression::Negation(Box::new(found)) } else { found })
    }

    fn path(&mut self) -> Result<Expression, EvaluationError> {
        let (start, mut steps) = match self.peek() {
            Some(Token::Slash) => {
                self.place += 1;
                if !self.starts_step() {
                    return Ok(Expression::Path(Start::Document, Vec::new()));
                }
                (Start::Document, Vec::new())
            }
            Some(Token::DoubleSlash) => {
                self.place += 1;
                (Start::Document, vec![every()])
            }
            _ if self.starts_primary() => {
                let primary = self.primary()?;
                let predicates = self.predicates()?;
                let filtered = match predicates.is_empty() {
                    true => primary,
                    false => Expression::Filter(Box::new(primary), predicates),
                };
                match self.peek() {
                    Some(Token::Slash) => {
                        self.place += 1;
                        (Start::Expression(Box::new(filtered)), Vec::new())
                    }
                    Some(Token::DoubleSlash) => {
                        self.place += 1;
                        (Start::Expression(Box::new(filtered)), vec![every()])
                    }
                    _ => return Ok(filtered),
                }
            }
            _ => (Start::Context, Vec::new()),
        };
        steps.push(self.step()?);
        loop {
            if self.takes(&Token::DoubleSlash) {
                steps.push(every());
            } else if !self.takes(&Token::Slash) {
                return Ok(Expression::Path(start, steps));
            }
            steps.push(self.step()?);
        }
    }

    fn starts_step(&self) -> bool {
        matches!(self.peek(), Some(Token::Dot | Token::DoubleDot | Token::At | Token::Star | Token::Name(..)))
    }

    /// A literal, parenthesis or call; `node()` and its kin are tests of a step.
    fn starts_primary(&self) -> bool {
        match self.peek() {
            Some(Token::Text(_) | Token::Number(_) | Token::OpenParenthesis) => true,
            Some(Token::Name(_, name)) => {
                let is_call = self.tokens.get(self.place + 1) == Some(&Token::OpenParenthesis);
                is_call && !matches!(&**name, "node" | "text" | "comment" | "processing-instruction")
            }
            _ => false,
        }
    }

    fn primary(&mut self) -> Result<Expression, EvaluationError> {
        let token = self.peek().cloned();
        self.place += 1;
        match token {
            Some(Token::Text(text)) => Ok(Expression::Text(text)),
            Some(Token::Number(number)) => Ok(Expression::Number(number)),
            Some(Token::OpenParenthesis) => {
                let inner = self.nested()?;
                self.expect(&Token::CloseParenthesis, "')'")?;
                Ok(inner)
            }
            Some(Token::Name(None, name)) => {
                self.expect(&Token::OpenParenthesis, "'('")?;
                let mut arguments = Vec::new();
                while !self.takes(&Token::CloseParenthesis) {
                    if !arguments.is_empty() {
                        self.expect(&Token::Comma, "',' or ')'")?;
                    }
                    arguments.push(self.nested()?);
                }
                let function = Function::named(&name, arguments.len()).ok_or_else(|| {
                    refused(format!("there is no function {name}() of {} arguments", arguments.len()))
                })?;
                Ok(Expression::Call(function, arguments))
            }
            Some(Token::Name(Some(prefix), name)) => Err(refused(format!("there is no function {prefix}:{name}()"))),
            _ => Err(refused("expected an expression")),
        }
    }

    fn nested(&mut self) -> Result<Expression, EvaluationError> {
        self.depth += 1;
        check_depth(self.depth)?;
        let found = self.expression(0)?;
        self.depth -= 1;
        Ok(found)
    }

    fn predicates(&mut self) -> Result<Vec<Expression>, EvaluationError> {
        let mut predicates = Vec::new();
        while self.takes(&Token::OpenBracket) {
            predicates.push(self.nested()?);
            self.expect(&Token::CloseBracket, "']'")?;
        }
        Ok(predicates)
    }

    fn step(&mut self) -> Result<Step, EvaluationError> {
        if self.takes(&Token::Dot) {
            return Ok(Step { axis: Axis::Itself, test: NodeTest::Node, predicates: Vec::new() });
        }
        if self.takes(&Token::DoubleDot) {
            return Ok(Step { axis: Axis::Parent, test: NodeTest::Node, predicates: Vec::new() });
        }
        let axis = self.axis()?;
        let test = self.node_test()?;
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn axis(&mut self) -> Result<Axis, EvaluationError> {
        if self.takes(&Token::At) {
            return Ok(Axis::Attribute);
        }
        let name = match self.peek() {
            Some(Token::Name(None, name)) if self.tokens.get(self.place + 1) == Some(&Token::DoubleColon) => name,
            _ => return Ok(Axis::Child),
        };
        let axis = Axis::named(name).ok_or_else(|| refused(format!("the axis '{name}' is not supported")))?;
        self.place += 2;
        Ok(axis)
    }

    fn node_test(&mut self) -> Result<NodeTest, EvaluationError> {
        let token = self.peek().cloned();
        self.place += 1;
        match token {
            Some(Token::Star) => Ok(NodeTest::Name { prefix: None, local: None }),
            Some(Token::Name(prefix, local)) if prefix.is_some() => {
                Ok(NodeTest::Name { prefix, local: (&*local != "*").then_some(local) })
            }
            Some(Token::Name(_, local)) if self.takes(&Token::OpenParenthesis) => {
                let test = match &*local {
                    "node" => NodeTest::Node,
                    "text" => NodeTest::Text,
                    "comment" => NodeTest::Comment,
                    "processing-instruction" => NodeTest::Instruction(self.target()),
                    _ => return Err(refused(format!("{local}() can't stand here"))),
                };
                self.expect(&Token::CloseParenthesis, "')'")?;
                Ok(test)
            }
            Some(Token::Name(_, local)) => Ok(NodeTest::Name { prefix: None, local: Some(local) }),
            _ => Err(refused("expected the name of a node")),
        }
    }

    fn target(&mut self) -> Option<std::sync::Arc<str>> {
        let Some(Token::Text(target)) = self.peek().cloned() else {
            return None;
        };
        self.place += 1;
        Some(target)
    }
}

/// What `//` stands for.
fn every() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: NodeTest::Node, predicates: Vec::new() }
}

fn check_depth(depth: usize) -> Result<(), EvaluationError> {
    match depth > limit::XPATH_DEPTH {
        true => Err(EvaluationError::limit("the nesting of an XPath expression", limit::XPATH_DEPTH)),
        false => Ok(()),
    }
}
