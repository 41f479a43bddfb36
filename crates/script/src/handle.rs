//! Values that stay with the host while a script works with them: beans, dates, Spin's nodes.
//!
//! Spin's nodes are changed in place: a change of a node that was reached through another one shows in both.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use expression::{Context, EvaluationError, Value, Xml};

use crate::limits::HANDLES_MAX;

/// The values of one run, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handles {
    held: Rc<RefCell<Vec<Held>>>,
    /// The numbers of the host that have entered, by their bits as floating ones.
    numbers: Rc<RefCell<BTreeMap<u64, Value>>>,
    has_null: Rc<Cell<bool>>,
    has_literals: bool,
}

#[derive(Clone, Debug)]
struct Held {
    value: Value,
    /// The JSON node it is a property of.
    parent: Option<(usize, Arc<str>)>,
}

/// Methods of Spin's JSON nodes that change the node they are called on, and answer it.
fn changes_node(method: &str, arguments: &[Value]) -> bool {
    match method {
        "prop" => arguments.len() == 2,
        "append" | "deleteProp" | "removeAt" | "remove" | "removeLast" | "insertAt" | "insertBefore"
        | "insertAfter" => true,
        _ => false,
    }
}

impl Handles {
    pub fn hold(&self, value: Value) -> Result<usize, EvaluationError> {
        self.hold_within(value, None)
    }

    pub fn for_script(source: &str) -> Handles {
        Handles { has_literals: source.contains(|character: char| character.is_ascii_digit()), ..Handles::default() }
    }

    /// A null of the host has entered.
    pub fn note_null(&self) {
        self.has_null.set(true);
    }

    /// The script has no number of its own: one that it gives may be calculated with nulls of the host.
    pub fn calculates_with_nulls(&self) -> bool {
        self.has_null.get() && !self.has_literals
    }

    pub fn remember(&self, number: f64, value: &Value) {
        let mut numbers = self.numbers.borrow_mut();
        if numbers.len() < HANDLES_MAX {
            numbers.entry(number.to_bits()).or_insert_with(|| value.clone());
        }
    }

    /// The number of the host that this one was.
    pub fn remembered(&self, number: f64) -> Option<Value> {
        self.numbers.borrow().get(&number.to_bits()).cloned()
    }

    pub fn value(&self, handle: usize) -> Result<Value, EvaluationError> {
        let held = self.held.borrow();
        held.get(handle)
            .map(|held| held.value.clone())
            .ok_or_else(|| EvaluationError::failed("the script uses an object that is not its own"))
    }

    /// Calls a method; the answer may be a value that stays with the host.
    pub fn call(
        &self,
        context: &dyn Context,
        handle: usize,
        method: &str,
        arguments: &[Value],
    ) -> Result<Called, EvaluationError> {
        let target = self.read(handle)?;
        let answer = target.call_method(context, method, arguments)?;
        match (&target, &answer) {
            (Value::Xml(before), Value::Xml(after)) => {
                if !before.is_beside(after) {
                    self.follow(after);
                }
                Ok(Called::Held(if before.is_same(after) { handle } else { self.hold(answer)? }))
            }
            (Value::Json(_), _) if changes_node(method, arguments) => {
                self.replace(context, handle, answer)?;
                Ok(Called::Held(handle))
            }
            (Value::Json(_), Value::Json(_)) => {
                let parent = match (method, arguments) {
                    ("prop", [Value::String(key)]) => Some((handle, key.clone())),
                    _ => None,
                };
                Ok(Called::Held(self.hold_within(answer, parent)?))
            }
            _ => Ok(Called::Value(answer)),
        }
    }

    /// The value; of an XML document its tree, so that all nodes that are reached through it are of one.
    fn read(&self, handle: usize) -> Result<Value, EvaluationError> {
        let value = match self.value(handle)? {
            Value::Xml(xml) => Value::Xml(xml.read()?),
            other => return Ok(other),
        };
        self.held.borrow_mut()[handle].value = value.clone();
        Ok(value)
    }

    /// All nodes of a document that may have changed are those of the changed one.
    fn follow(&self, later: &Xml) {
        for held in self.held.borrow_mut().iter_mut() {
            if let Value::Xml(xml) = &held.value
                && let Some(moved) = xml.within(later)
            {
                held.value = Value::Xml(moved);
            }
        }
    }

    fn hold_within(&self, value: Value, parent: Option<(usize, Arc<str>)>) -> Result<usize, EvaluationError> {
        let mut held = self.held.borrow_mut();
        if held.len() >= HANDLES_MAX {
            return Err(EvaluationError::failed(format!("a script may hold at most {HANDLES_MAX} objects")));
        }
        held.push(Held { value, parent });
        Ok(held.len() - 1)
    }

    /// The node is another one now, and so is each that it is within.
    fn replace(&self, context: &dyn Context, handle: usize, value: Value) -> Result<(), EvaluationError> {
        let mut next = Some((handle, value));
        // A parent was held before its child: the numbers fall, so this ends.
        while let Some((handle, value)) = next {
            let parent = {
                let mut held = self.held.borrow_mut();
                held[handle].value = value.clone();
                held[handle].parent.clone()
            };
            next = match parent {
                Some((parent, key)) => {
                    let changed = self.value(parent)?.call_method(context, "prop", &[Value::String(key), value])?;
                    Some((parent, changed))
                }
                None => None,
            };
        }
        Ok(())
    }
}

/// What a call has answered.
#[derive(Debug)]
pub(crate) enum Called {
    Value(Value),
    Held(usize),
}
