//! Tokens into instructions, in one pass: operands come before their operator, so emitting in reading order is
//! already the order of evaluation. Recursion is bounded by [`limit::NESTING_DEPTH`].

use std::sync::Arc;

use crate::error::{ParseError, ParseProblem};
use crate::function;
use crate::limit;
use crate::program::{BinaryOperator, FunctionName, Instruction, Part, Step, UnaryOperator};
use crate::token::{Token, TokenKind, tokens};
use crate::value::Value;

/// What the reference lists where an operand is missing.
const OPERAND: &str = "<IDENTIFIER>|<STRING>|<FLOAT>|<INTEGER>|'true'|'false'|'null'|'-'|'!'|'not'|'empty'|'('";

pub(crate) fn parse(text: &Arc<str>) -> Result<Vec<Part>, ParseError> {
    if text.len() > limit::TEXT_BYTES {
        return Err(too_large(text, 0, format!("at most {} bytes", limit::TEXT_BYTES)));
    }
    let tokens = tokens(text, limit::INSTRUCTIONS);
    let positions = utf16_positions(text, &tokens);
    Parser { text, tokens, positions, at: 0, steps: Vec::new(), depth: 0, choices: 0 }.parts()
}

fn utf16_positions(text: &str, tokens: &[Token<'_>]) -> Vec<usize> {
    let mut counted = 0;
    let mut position = 0;
    let mut positions = Vec::with_capacity(tokens.len());
    for token in tokens {
        position += text[counted..token.start].encode_utf16().count();
        counted = token.start;
        positions.push(position);
    }
    positions
}

fn too_large(text: &Arc<str>, position: usize, expected: String) -> ParseError {
    ParseError { text: text.clone(), problem: ParseProblem::Limit, position, encountered: String::new(), expected }
}

struct Parser<'a> {
    text: &'a Arc<str>,
    tokens: Vec<Token<'a>>,
    positions: Vec<usize>,
    at: usize,
    steps: Vec<Step>,
    depth: usize,
    /// Ternaries whose colon is still to come.
    choices: usize,
}

impl Parser<'_> {
    fn parts(mut self) -> Result<Vec<Part>, ParseError> {
        let mut parts = Vec::new();
        let mut sort: Option<TokenKind> = None;
        loop {
            let kind = self.kind().clone();
            match kind {
                TokenKind::End => return Ok(parts),
                TokenKind::Text(literal) => parts.push(Part::Text(literal.into())),
                TokenKind::Invalid(_) => return Err(self.syntax("")),
                start => {
                    // Camunda: `${…}` and `#{…}` mean the same, but one text can't hold both.
                    if sort.as_ref().is_some_and(|sort| *sort != start) {
                        let expected = if start == TokenKind::StartDeferred { "'${'" } else { "'#{'" };
                        return Err(self.syntax(expected));
                    }
                    sort = Some(start);
                    self.at += 1;
                    self.expression()?;
                    if *self.kind() != TokenKind::EndEval {
                        return Err(self.syntax("'}'"));
                    }
                    parts.push(Part::Evaluated(std::mem::take(&mut self.steps)));
                }
            }
            self.at += 1;
        }
    }

    /// A binary operation, or a choice by `?` and `:`.
    fn expression(&mut self) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > limit::NESTING_DEPTH {
            return Err(too_large(self.text, self.position(), format!("at most {} levels", limit::NESTING_DEPTH)));
        }
        self.binary(0)?;
        if *self.kind() == TokenKind::Question {
            self.choice()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn choice(&mut self) -> Result<(), ParseError> {
        let position = self.position();
        self.at += 1;
        let unless = self.emit(Instruction::JumpUnless(0), position)?;
        self.choices += 1;
        self.expression()?;
        self.choices -= 1;
        self.expect(&TokenKind::Colon, "':'")?;
        let end = self.emit(Instruction::Jump(0), position)?;
        self.land(unless);
        self.expression()?;
        self.land(end);
        Ok(())
    }

    /// Operators of at least this level, by precedence.
    fn binary(&mut self, lowest: usize) -> Result<(), ParseError> {
        self.unary()?;
        while let Some((level, operator)) = binary_operator(self.kind()) {
            if level < lowest {
                break;
            }
            let position = self.position();
            self.at += 1;
            match operator {
                Operator::Binary(operator) => {
                    self.binary(level + 1)?;
                    self.emit(Instruction::Binary(operator), position)?;
                }
                Operator::Logical { stops_when } => {
                    let jump = self.emit(Instruction::JumpKeeping { when: stops_when, to: 0 }, position)?;
                    self.binary(level + 1)?;
                    self.emit(Instruction::Truth, position)?;
                    self.land(jump);
                }
            }
        }
        Ok(())
    }

    fn unary(&mut self) -> Result<(), ParseError> {
        let mut operators = Vec::new();
        while let Some(operator) = unary_operator(self.kind()) {
            operators.push((operator, self.position()));
            self.at += 1;
        }
        self.value()?;
        for (operator, position) in operators.into_iter().rev() {
            self.emit(Instruction::Unary(operator), position)?;
        }
        Ok(())
    }

    /// An operand with the properties, indexes and calls behind it.
    fn value(&mut self) -> Result<(), ParseError> {
        let start = self.tokens[self.at].start;
        self.operand()?;
        loop {
            let end = self.tokens[self.at - 1].start + self.tokens[self.at - 1].image.len();
            match self.kind() {
                TokenKind::Dot => self.property(start..end)?,
                TokenKind::LeftBracket => self.index(start..end)?,
                _ => return Ok(()),
            }
        }
    }

    fn property(&mut self, target: std::ops::Range<usize>) -> Result<(), ParseError> {
        self.at += 1;
        let position = self.position();
        if *self.kind() != TokenKind::Identifier {
            return Err(self.syntax("<IDENTIFIER>"));
        }
        let name: Arc<str> = self.tokens[self.at].image.into();
        self.at += 1;
        if *self.kind() != TokenKind::LeftParenthesis {
            self.emit(Instruction::Property(name), position)?;
            return Ok(());
        }
        self.emit(Instruction::RequireTarget(self.text[target].into()), position)?;
        let arguments = self.arguments()?;
        self.emit(Instruction::Call { method: name, arguments }, position)?;
        Ok(())
    }

    fn index(&mut self, target: std::ops::Range<usize>) -> Result<(), ParseError> {
        let position = self.position();
        self.at += 1;
        let null_check = self.emit(Instruction::JumpIfNull(0), position)?;
        self.expression()?;
        self.expect(&TokenKind::RightBracket, "']'")?;
        if *self.kind() != TokenKind::LeftParenthesis {
            self.emit(Instruction::Index, position)?;
            self.land(null_check);
            return Ok(());
        }
        self.steps[null_check].instruction = Instruction::RequireTarget(self.text[target].into());
        let arguments = self.arguments()?;
        self.emit(Instruction::CallIndexed { arguments }, position)?;
        Ok(())
    }

    fn operand(&mut self) -> Result<(), ParseError> {
        let position = self.position();
        let value = match self.kind() {
            TokenKind::Identifier => return self.identifier(),
            TokenKind::LeftParenthesis => {
                self.at += 1;
                // Inside of parentheses a colon can't belong to a choice outside.
                let choices = std::mem::take(&mut self.choices);
                self.expression()?;
                self.choices = choices;
                return self.expect(&TokenKind::RightParenthesis, "')'");
            }
            TokenKind::True => Value::Boolean(true),
            TokenKind::False => Value::Boolean(false),
            TokenKind::Null => Value::Null,
            TokenKind::String(value) => Value::String(value.as_str().into()),
            TokenKind::Integer(value) => Value::Long(*value),
            TokenKind::Float(value) => Value::Double(*value),
            _ => return Err(self.syntax(OPERAND)),
        };
        self.at += 1;
        self.emit(Instruction::Push(value), position)?;
        Ok(())
    }

    /// An identifier, or the call of a function.
    fn identifier(&mut self) -> Result<(), ParseError> {
        let position = self.position();
        let first = self.tokens[self.at].image;
        self.at += 1;
        let prefixed = self.choices == 0
            && *self.kind() == TokenKind::Colon
            && self.kind_after(1) == Some(&TokenKind::Identifier)
            && self.kind_after(2) == Some(&TokenKind::LeftParenthesis);
        let name = if prefixed {
            let name = self.tokens[self.at + 1].image;
            self.at += 2;
            FunctionName { prefix: Some(first.to_owned()), name: name.to_owned() }
        } else if *self.kind() == TokenKind::LeftParenthesis {
            FunctionName { prefix: None, name: first.to_owned() }
        } else {
            self.emit(Instruction::Resolve(first.into()), position)?;
            return Ok(());
        };
        let arguments = self.arguments()?;
        let problem = match function::arity(&name) {
            Some(arity) if arity == arguments => {
                self.emit(Instruction::Function { function: Arc::new(name), arguments }, position)?;
                return Ok(());
            }
            Some(_) => ParseProblem::WrongArgumentCount,
            None => ParseProblem::UnknownFunction,
        };
        let encountered = format!("'{}'", function::written(&name));
        Err(ParseError { text: self.text.clone(), problem, position, encountered, expected: String::new() })
    }

    /// The arguments in parentheses; answers how many there are.
    fn arguments(&mut self) -> Result<usize, ParseError> {
        self.at += 1;
        if *self.kind() == TokenKind::RightParenthesis {
            self.at += 1;
            return Ok(0);
        }
        let choices = std::mem::take(&mut self.choices);
        let mut count = 0;
        loop {
            self.expression()?;
            count += 1;
            if *self.kind() != TokenKind::Comma {
                break;
            }
            self.at += 1;
        }
        self.choices = choices;
        self.expect(&TokenKind::RightParenthesis, "')'")?;
        Ok(count)
    }

    fn emit(&mut self, instruction: Instruction, position: usize) -> Result<usize, ParseError> {
        if self.steps.len() >= limit::INSTRUCTIONS {
            return Err(too_large(self.text, position, format!("at most {} operations", limit::INSTRUCTIONS)));
        }
        self.steps.push(Step { instruction, position });
        Ok(self.steps.len() - 1)
    }

    /// Lets a jump lead to the next instruction.
    fn land(&mut self, jump: usize) {
        let here = self.steps.len();
        match &mut self.steps[jump].instruction {
            Instruction::Jump(to)
            | Instruction::JumpUnless(to)
            | Instruction::JumpIfNull(to)
            | Instruction::JumpKeeping { to, .. } => *to = here,
            other => unreachable!("{other:?} is no jump"),
        }
    }

    fn kind(&self) -> &TokenKind {
        &self.tokens[self.at].kind
    }

    fn kind_after(&self, count: usize) -> Option<&TokenKind> {
        self.tokens.get(self.at + count).map(|token| &token.kind)
    }

    fn position(&self) -> usize {
        self.positions[self.at]
    }

    fn expect(&mut self, kind: &TokenKind, written: &str) -> Result<(), ParseError> {
        if self.kind() != kind {
            return Err(self.syntax(written));
        }
        self.at += 1;
        Ok(())
    }

    fn syntax(&self, expected: &str) -> ParseError {
        let encountered = match self.kind() {
            TokenKind::Invalid(error) => {
                return ParseError {
                    text: self.text.clone(),
                    problem: error.problem,
                    position: self.position(),
                    encountered: error.encountered.clone(),
                    expected: error.expected.clone(),
                };
            }
            TokenKind::End => "the end".to_owned(),
            _ => format!("'{}'", crate::error::quoted(self.tokens[self.at].image)),
        };
        ParseError {
            text: self.text.clone(),
            problem: ParseProblem::Syntax,
            position: self.position(),
            encountered,
            expected: expected.to_owned(),
        }
    }
}

enum Operator {
    Binary(BinaryOperator),
    Logical { stops_when: bool },
}

/// Its level; a higher one binds tighter.
fn binary_operator(kind: &TokenKind) -> Option<(usize, Operator)> {
    let (level, operator) = match kind {
        TokenKind::Or => return Some((0, Operator::Logical { stops_when: true })),
        TokenKind::And => return Some((1, Operator::Logical { stops_when: false })),
        TokenKind::Equal => (2, BinaryOperator::Equal),
        TokenKind::NotEqual => (2, BinaryOperator::NotEqual),
        TokenKind::Less => (3, BinaryOperator::Less),
        TokenKind::LessOrEqual => (3, BinaryOperator::LessOrEqual),
        TokenKind::Greater => (3, BinaryOperator::Greater),
        TokenKind::GreaterOrEqual => (3, BinaryOperator::GreaterOrEqual),
        TokenKind::Plus => (4, BinaryOperator::Add),
        TokenKind::Minus => (4, BinaryOperator::Subtract),
        TokenKind::Multiply => (5, BinaryOperator::Multiply),
        TokenKind::Divide => (5, BinaryOperator::Divide),
        TokenKind::Modulo => (5, BinaryOperator::Modulo),
        _ => return None,
    };
    Some((level, Operator::Binary(operator)))
}

fn unary_operator(kind: &TokenKind) -> Option<UnaryOperator> {
    match kind {
        TokenKind::Minus => Some(UnaryOperator::Negate),
        TokenKind::Not => Some(UnaryOperator::Not),
        TokenKind::Empty => Some(UnaryOperator::Empty),
        _ => None,
    }
}
