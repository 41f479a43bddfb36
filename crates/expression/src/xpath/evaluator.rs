//! What an expression finds in a tree.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::number::{read, written};
use super::parser::parse;
use super::program::{Axis, Expression, NodeTest, Operator, Start, Step};
use super::{function, refused};
use crate::error::EvaluationError;
use crate::limit;
use crate::xml::{Kind, NodeNumber, Query, Tree, XML_NAMESPACE, XMLNS};

/// Bytes of a text that count as one visit.
const BYTES_PER_VISIT: usize = 16;

/// Nodes are in the order of the document.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Nodes(Vec<NodeNumber>),
    Text(String),
    Number(f64),
    Boolean(bool),
}

/// # Errors
/// The text is no expression of XPath 1.0, a prefix stands for no namespace, or it costs too much.
pub(crate) fn evaluate(query: &Query) -> Result<Found, EvaluationError> {
    let expression = parse(&query.expression)?;
    let mut evaluator = Evaluator::new(query);
    let focus = Focus { node: query.context, position: 1, size: 1 };
    evaluator.value(&expression, focus)
}

/// The node that an expression is asked of, and which of how many it is.
#[derive(Clone, Copy)]
pub(super) struct Focus {
    pub node: NodeNumber,
    pub position: usize,
    pub size: usize,
}

pub(super) struct Evaluator<'q> {
    pub tree: &'q Tree,
    namespaces: &'q [(Arc<str>, Arc<str>)],
    top: NodeNumber,
    /// The place of each node in the document.
    order: Vec<u32>,
    visits: usize,
}

impl<'q> Evaluator<'q> {
    fn new(query: &'q Query) -> Evaluator<'q> {
        let tree = &*query.tree;
        let top = tree.with_ancestors(query.context).last().unwrap_or(query.context);
        let mut order = vec![0; tree.len()];
        let mut place = 0;
        for node in tree.with_descendants(top) {
            for node in std::iter::once(&node).chain(tree.attributes(node)) {
                order[*node] = place;
                place += 1;
            }
        }
        Evaluator { tree, namespaces: &query.namespaces, top, order, visits: 0 }
    }

    pub fn visit(&mut self, count: usize) -> Result<(), EvaluationError> {
        self.visits += count;
        match self.visits > limit::PATH_VISITS {
            true => Err(EvaluationError::limit("the number of nodes that an XPath visits", limit::PATH_VISITS)),
            false => Ok(()),
        }
    }

    pub fn value(&mut self, expression: &Expression, focus: Focus) -> Result<Found, EvaluationError> {
        self.visit(1)?;
        match expression {
            Expression::Text(text) => self.made(text.to_string()),
            Expression::Number(number) => Ok(Found::Number(*number)),
            Expression::Negation(inner) => Ok(Found::Number(-self.number(inner, focus)?)),
            Expression::Binary(operator, left, right) => self.binary(*operator, left, right, focus),
            Expression::Call(function, arguments) => function::call(self, *function, arguments, focus),
            Expression::Filter(inner, predicates) => {
                let nodes = self.nodes(inner, focus)?;
                self.filtered(nodes, predicates).map(Found::Nodes)
            }
            Expression::Path(start, steps) => {
                let mut nodes = match start {
                    Start::Document => vec![self.top],
                    Start::Context => vec![focus.node],
                    Start::Expression(inner) => self.nodes(inner, focus)?,
                };
                for step in steps {
                    nodes = self.step(&nodes, step)?;
                }
                Ok(Found::Nodes(nodes))
            }
        }
    }

    /// A text that was made counts as work.
    pub fn made(&mut self, text: String) -> Result<Found, EvaluationError> {
        self.visit(text.len() / BYTES_PER_VISIT)?;
        Ok(Found::Text(text))
    }

    pub fn nodes(&mut self, expression: &Expression, focus: Focus) -> Result<Vec<NodeNumber>, EvaluationError> {
        match self.value(expression, focus)? {
            Found::Nodes(nodes) => Ok(nodes),
            _ => Err(refused("nodes were expected")),
        }
    }

    pub fn number(&mut self, expression: &Expression, focus: Focus) -> Result<f64, EvaluationError> {
        let found = self.value(expression, focus)?;
        self.number_found(found)
    }

    pub fn text(&mut self, expression: &Expression, focus: Focus) -> Result<String, EvaluationError> {
        let found = self.value(expression, focus)?;
        self.text_found(found)
    }

    pub fn number_found(&mut self, found: Found) -> Result<f64, EvaluationError> {
        Ok(match found {
            Found::Number(number) => number,
            Found::Boolean(truth) => f64::from(u8::from(truth)),
            Found::Text(_) | Found::Nodes(_) => read(&self.text_found(found)?),
        })
    }

    pub fn text_found(&mut self, found: Found) -> Result<String, EvaluationError> {
        Ok(match found {
            Found::Text(text) => text,
            Found::Number(number) => written(number),
            Found::Boolean(truth) => truth.to_string(),
            Found::Nodes(nodes) => match nodes.first() {
                Some(first) => self.text_of(*first)?,
                None => String::new(),
            },
        })
    }

    pub fn text_of(&mut self, node: NodeNumber) -> Result<String, EvaluationError> {
        let text = self.tree.text(node);
        self.visit(1 + text.len() / BYTES_PER_VISIT + self.tree.children(node).len())?;
        Ok(text)
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Expression,
        right: &Expression,
        focus: Focus,
    ) -> Result<Found, EvaluationError> {
        let left = self.value(left, focus)?;
        if matches!((operator, truth(&left)), (Operator::Or, true) | (Operator::And, false)) {
            return Ok(Found::Boolean(operator == Operator::Or));
        }
        let right = self.value(right, focus)?;
        match operator {
            Operator::Or | Operator::And => Ok(Found::Boolean(truth(&right))),
            Operator::Union => match (left, right) {
                (Found::Nodes(left), Found::Nodes(right)) => {
                    Ok(Found::Nodes(self.in_order(left.into_iter().chain(right).collect())))
                }
                _ => Err(refused("'|' joins nodes only")),
            },
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => self.compare(operator, left, right).map(Found::Boolean),
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                let (left, right) = (self.number_found(left)?, self.number_found(right)?);
                Ok(Found::Number(match operator {
                    Operator::Add => left + right,
                    Operator::Subtract => left - right,
                    Operator::Multiply => left * right,
                    Operator::Divide => left / right,
                    _ => left % right,
                }))
            }
        }
    }

    /// XPath 1.0, 3.4: a set of nodes compares if one of its nodes does.
    fn compare(&mut self, operator: Operator, left: Found, right: Found) -> Result<bool, EvaluationError> {
        if matches!((&left, &right), (Found::Nodes(_), Found::Boolean(_)) | (Found::Boolean(_), Found::Nodes(_))) {
            return self.compare_values(operator, Found::Boolean(truth(&left)), Found::Boolean(truth(&right)));
        }
        let left = self.each(left)?;
        let right = self.each(right)?;
        for left in &left {
            for right in &right {
                self.visit(1)?;
                if self.compare_values(operator, left.clone(), right.clone())? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn each(&mut self, found: Found) -> Result<Vec<Found>, EvaluationError> {
        match found {
            Found::Nodes(nodes) => nodes.into_iter().map(|node| self.text_of(node).map(Found::Text)).collect(),
            other => Ok(vec![other]),
        }
    }

    fn compare_values(&mut self, operator: Operator, left: Found, right: Found) -> Result<bool, EvaluationError> {
        if matches!(operator, Operator::Equal | Operator::NotEqual) {
            let is_equal = match (&left, &right) {
                (Found::Boolean(_), _) | (_, Found::Boolean(_)) => truth(&left) == truth(&right),
                (Found::Number(_), _) | (_, Found::Number(_)) => {
                    self.number_found(left)? == self.number_found(right)?
                }
                _ => self.text_found(left)? == self.text_found(right)?,
            };
            return Ok(is_equal == (operator == Operator::Equal));
        }
        let (left, right) = (self.number_found(left)?, self.number_found(right)?);
        Ok(match operator {
            Operator::Less => left < right,
            Operator::LessOrEqual => left <= right,
            Operator::Greater => left > right,
            _ => left >= right,
        })
    }

    fn step(&mut self, from: &[NodeNumber], step: &Step) -> Result<Vec<NodeNumber>, EvaluationError> {
        let namespace = match &step.test {
            NodeTest::Name { prefix: Some(prefix), .. } => Some(self.namespace(prefix)?),
            _ => None,
        };
        let mut found = Vec::new();
        for node in from {
            let mut nodes = self.axis(*node, step.axis)?;
            nodes.retain(|node| self.passes(*node, step, namespace.as_deref()));
            found.extend(self.filtered(nodes, &step.predicates)?);
        }
        let is_one = from.len() == 1 && !step.axis.is_reverse();
        Ok(if is_one { found } else { self.in_order(found) })
    }

    /// The nodes of an axis, the nearest first.
    fn axis(&mut self, node: NodeNumber, axis: Axis) -> Result<Vec<NodeNumber>, EvaluationError> {
        let tree = self.tree;
        let nodes: Vec<NodeNumber> = match axis {
            Axis::Child => tree.children(node).to_vec(),
            Axis::Itself => vec![node],
            Axis::Parent => tree.parent(node).into_iter().collect(),
            Axis::Ancestor => tree.with_ancestors(node).skip(1).collect(),
            Axis::AncestorOrSelf => tree.with_ancestors(node).collect(),
            Axis::Attribute => tree.attributes(node).to_vec(),
            Axis::Descendant => tree.with_descendants(node).skip(1).collect(),
            Axis::DescendantOrSelf => tree.with_descendants(node).collect(),
            Axis::FollowingSibling => self.siblings(node).1.to_vec(),
            Axis::PrecedingSibling => self.siblings(node).0.iter().rev().copied().collect(),
            Axis::Following => {
                let after = tree.with_ancestors(node).flat_map(|outer| self.siblings(outer).1);
                let inside = matches!(tree.kind(node), Kind::Attribute { .. }).then(|| tree.parent(node)).flatten();
                let inside = inside.into_iter().flat_map(|owner| tree.children(owner));
                inside.chain(after).flat_map(|node| tree.with_descendants(*node)).collect()
            }
            Axis::Preceding => {
                let before = tree.with_ancestors(node).flat_map(|outer| self.siblings(outer).0.iter().rev());
                let mut nodes = Vec::new();
                for sibling in before {
                    let inner: Vec<NodeNumber> = tree.with_descendants(*sibling).collect();
                    nodes.extend(inner.into_iter().rev());
                }
                nodes
            }
        };
        self.visit(nodes.len() + 1)?;
        Ok(nodes)
    }

    /// Those before a node and those behind it.
    fn siblings(&self, node: NodeNumber) -> (&'q [NodeNumber], &'q [NodeNumber]) {
        let tree = self.tree;
        let all = tree.parent(node).map_or(&[][..], |parent| tree.children(parent));
        match all.iter().position(|sibling| *sibling == node) {
            Some(place) => (&all[..place], &all[place + 1..]),
            None => (&[], &[]),
        }
    }

    fn passes(&self, node: NodeNumber, step: &Step, namespace: Option<&str>) -> bool {
        let kind = self.tree.kind(node);
        let name = match kind {
            Kind::Attribute { name, .. } if name.namespace.as_deref() == Some(XMLNS) => return false,
            Kind::Attribute { name, .. } if step.axis == Axis::Attribute => Some(name),
            Kind::Element { name, .. } if step.axis != Axis::Attribute => Some(name),
            _ => None,
        };
        match (&step.test, kind) {
            (NodeTest::Node, _) | (NodeTest::Text, Kind::Text(_)) => true,
            (NodeTest::Instruction(wanted), Kind::Instruction { target, .. }) => {
                wanted.as_ref().is_none_or(|wanted| wanted == target)
            }
            (NodeTest::Name { prefix, local }, _) => name.is_some_and(|name| {
                let is_local = local.as_ref().is_none_or(|local| *local == name.local);
                let is_any = prefix.is_none() && local.is_none();
                is_local && (is_any || name.namespace.as_deref() == namespace)
            }),
            (NodeTest::Text | NodeTest::Comment | NodeTest::Instruction(_), _) => false,
        }
    }

    /// Camunda: the prefixes of the document mean nothing, only those that `ns` has given.
    fn namespace(&self, prefix: &str) -> Result<Arc<str>, EvaluationError> {
        match prefix {
            "xml" => Ok(XML_NAMESPACE.into()),
            "xmlns" => Ok(XMLNS.into()),
            _ => {
                let found = self.namespaces.iter().rev().find(|(known, _)| **known == *prefix);
                let found = found.map(|(_, namespace)| namespace.clone()).filter(|namespace| !namespace.is_empty());
                found.ok_or_else(|| refused(format!("the prefix '{prefix}' stands for no namespace")))
            }
        }
    }

    /// Those of the nodes, which are in the order of their axis, that all predicates hold for.
    fn filtered(
        &mut self,
        mut nodes: Vec<NodeNumber>,
        predicates: &[Expression],
    ) -> Result<Vec<NodeNumber>, EvaluationError> {
        for predicate in predicates {
            let size = nodes.len();
            let mut kept = Vec::new();
            for (place, node) in nodes.into_iter().enumerate() {
                let focus = Focus { node, position: place + 1, size };
                let holds = match self.value(predicate, focus)? {
                    Found::Number(number) => number == focus.position as f64,
                    other => truth(&other),
                };
                if holds {
                    kept.push(node);
                }
            }
            nodes = kept;
        }
        Ok(nodes)
    }

    fn in_order(&self, nodes: Vec<NodeNumber>) -> Vec<NodeNumber> {
        let unique: BTreeSet<(u32, NodeNumber)> = nodes.into_iter().map(|node| (self.order[node], node)).collect();
        unique.into_iter().map(|(_, node)| node).collect()
    }
}

pub(crate) fn truth(found: &Found) -> bool {
    match found {
        Found::Boolean(truth) => *truth,
        Found::Number(number) => *number != 0.0 && !number.is_nan(),
        Found::Text(text) => !text.is_empty(),
        Found::Nodes(nodes) => !nodes.is_empty(),
    }
}

/// What was found as a text, number or boolean.
impl Found {
    pub fn into_text(self, query: &Query) -> Result<String, EvaluationError> {
        Evaluator::new(query).text_found(self)
    }

    pub fn into_number(self, query: &Query) -> Result<f64, EvaluationError> {
        Evaluator::new(query).number_found(self)
    }

    pub fn is_true(&self) -> bool {
        truth(self)
    }
}
