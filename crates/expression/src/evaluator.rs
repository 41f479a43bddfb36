//! Runs the instructions of an expression. Jumps only lead forward, so an evaluation ends after at most as many
//! steps as there are instructions.

use std::sync::Arc;

use crate::error::EvaluationError;
use crate::expression::Context;
use crate::limit;
use crate::program::{BinaryOperator, Instruction, Part, Step, UnaryOperator};
use crate::text::TextBuilder;
use crate::value::Value;
use crate::{coercion, comparison, function, method, number, property};

pub(crate) fn evaluate(text: &Arc<str>, parts: &[Part], context: &dyn Context) -> Result<Value, EvaluationError> {
    match parts {
        [] => Ok(Value::String("".into())),
        [Part::Text(literal)] => Ok(Value::String(literal.clone())),
        [Part::Evaluated(steps)] => run(text, steps, context, &mut 0),
        _ => {
            let mut work = 0;
            let mut composite = TextBuilder::default();
            for part in parts {
                match part {
                    Part::Text(literal) => composite.push(literal)?,
                    Part::Evaluated(steps) => {
                        let value = run(text, steps, context, &mut work)?;
                        let position = steps.first().map_or(0, |step| step.position);
                        composite.push_coerced(&value).map_err(|error| error.at(text, position))?;
                    }
                }
            }
            Ok(Value::String(composite.finish()))
        }
    }
}

/// `work` counts towards [`limit::WORK_BYTES`], over all parts of a text.
fn run(text: &Arc<str>, steps: &[Step], context: &dyn Context, work: &mut usize) -> Result<Value, EvaluationError> {
    let mut machine = Machine { stack: Vec::new(), context, work };
    let mut next = 0;
    while let Some(step) = steps.get(next) {
        next = match machine.step(&step.instruction) {
            Ok(Some(target)) => target,
            Ok(None) => next + 1,
            Err(error) => return Err(error.at(text, step.position)),
        };
    }
    Ok(machine.pop())
}

struct Machine<'a> {
    stack: Vec<Value>,
    context: &'a dyn Context,
    work: &'a mut usize,
}

impl Machine<'_> {
    /// Answers where to go on if that is not the next instruction.
    fn step(&mut self, instruction: &Instruction) -> Result<Option<usize>, EvaluationError> {
        let value = match instruction {
            Instruction::Push(value) => value.clone(),
            Instruction::Resolve(name) => match self.context.resolve(name)? {
                Some(value) => value,
                None => {
                    return Err(EvaluationError::unknown_property(format!("Cannot resolve identifier '{name}'")));
                }
            },
            Instruction::Property(name) => {
                let base = self.pop();
                property::named(self.context, &base, name)?
            }
            Instruction::Index => {
                let key = self.pop();
                let base = self.pop();
                property::indexed(self.context, &base, &key)?
            }
            Instruction::RequireTarget(written) => {
                let target = self.pop();
                if target.is_null() {
                    let message = format!("Target unreachable, base expression '{written}' resolved to null");
                    return Err(EvaluationError::unknown_property(message));
                }
                target
            }
            Instruction::Call { method, arguments } => {
                let arguments = self.pop_many(*arguments);
                let target = self.pop();
                self.call(&target, method, &arguments)?
            }
            Instruction::CallIndexed { arguments } => {
                let arguments = self.pop_many(*arguments);
                let name = self.pop();
                let target = self.pop();
                if name.is_null() {
                    return Err(EvaluationError::unknown_property("Cannot find method 'null'"));
                }
                self.call(&target, &coercion::text(&name)?, &arguments)?
            }
            Instruction::Function { function, arguments } => {
                let arguments = self.pop_many(*arguments);
                function::call(self.context, function, &arguments)?
            }
            Instruction::Binary(operator) => {
                let right = self.pop();
                let left = self.pop();
                binary(*operator, &left, &right)?
            }
            Instruction::Unary(operator) => unary(*operator, &self.pop())?,
            Instruction::Truth => Value::Boolean(coercion::boolean(&self.pop())?),
            jump => return self.jump(jump),
        };
        self.spend(value.weight())?;
        self.stack.push(value);
        Ok(None)
    }

    /// Every value costs something once, when it appears: what is done with it later is about as much work.
    fn spend(&mut self, bytes: usize) -> Result<(), EvaluationError> {
        *self.work = self.work.saturating_add(bytes);
        if *self.work > limit::WORK_BYTES {
            return Err(EvaluationError::limit("the size of all values together", limit::WORK_BYTES));
        }
        Ok(())
    }

    fn call(&mut self, target: &Value, method: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        if method::is_pattern(method) {
            self.spend(target.weight().saturating_mul(limit::PATTERN_WORK_PER_BYTE))?;
        }
        method::call(self.context, target, method, arguments)
    }

    fn jump(&mut self, instruction: &Instruction) -> Result<Option<usize>, EvaluationError> {
        match instruction {
            Instruction::Jump(to) => Ok(Some(*to)),
            Instruction::JumpUnless(to) => Ok((!coercion::boolean(&self.pop())?).then_some(*to)),
            Instruction::JumpIfNull(to) => Ok(self.stack.last().is_some_and(Value::is_null).then_some(*to)),
            Instruction::JumpKeeping { when, to } => {
                let truth = coercion::boolean(&self.pop())?;
                if truth != *when {
                    return Ok(None);
                }
                self.stack.push(Value::Boolean(truth));
                Ok(Some(*to))
            }
            other => unreachable!("{other:?} is no jump"),
        }
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().expect("the parser emits an operand for every operator")
    }

    fn pop_many(&mut self, count: usize) -> Vec<Value> {
        self.stack.split_off(self.stack.len() - count)
    }
}

fn binary(operator: BinaryOperator, left: &Value, right: &Value) -> Result<Value, EvaluationError> {
    let truth = match operator {
        BinaryOperator::Add => return number::add(left, right),
        BinaryOperator::Subtract => return number::subtract(left, right),
        BinaryOperator::Multiply => return number::multiply(left, right),
        BinaryOperator::Divide => return number::divide(left, right),
        BinaryOperator::Modulo => return number::modulo(left, right),
        BinaryOperator::Equal => comparison::equal(left, right)?,
        BinaryOperator::NotEqual => !comparison::equal(left, right)?,
        BinaryOperator::Less => comparison::less(left, right)?,
        BinaryOperator::LessOrEqual => comparison::less_or_equal(left, right)?,
        BinaryOperator::Greater => comparison::less(right, left)?,
        BinaryOperator::GreaterOrEqual => comparison::less_or_equal(right, left)?,
    };
    Ok(Value::Boolean(truth))
}

fn unary(operator: UnaryOperator, value: &Value) -> Result<Value, EvaluationError> {
    match operator {
        UnaryOperator::Negate => number::negate(value),
        UnaryOperator::Not => Ok(Value::Boolean(!coercion::boolean(value)?)),
        UnaryOperator::Empty => Ok(Value::Boolean(comparison::empty(value))),
    }
}
