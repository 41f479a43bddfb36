//! Methods of Spin's XML elements that change them.

use std::sync::Arc;

use super::xml::{described, is_element, optional, required};
use crate::coercion::impossible;
use crate::error::EvaluationError;
use crate::value::Value;
use crate::xml::{Kind, Name, NodeNumber, Tree, XML_NAMESPACE, XMLNS, Xml};

pub(super) fn of_element(
    tree: &Arc<Tree>,
    element: NodeNumber,
    name: &str,
    arguments: &[Value],
) -> Result<Option<Value>, EvaluationError> {
    let answer = match (name, arguments) {
        ("attr", [local, value]) => set_attribute(tree, element, None, local, value)?,
        ("attrNs", [namespace, local, value]) => {
            set_attribute(tree, element, optional(namespace)?.as_ref(), local, value)?
        }
        ("removeAttr", [local]) => remove_attribute(tree, element, None, local)?,
        ("removeAttrNs", [namespace, local]) => remove_attribute(tree, element, optional(namespace)?.as_ref(), local)?,
        ("textContent", [text]) => {
            let text = required("textContent", text)?;
            changed(tree, element, |tree| {
                tree.remove_children(element);
                if !text.is_empty() {
                    tree.add_child(element, Kind::Text(text))?;
                }
                Ok(())
            })?
        }
        ("append", given) => changed(tree, element, |tree| {
            for given in elements(given)? {
                let added = adopted(tree, given)?;
                let place = move_to(tree, element, added, "017 Unable to append new child element")?;
                tree.insert(element, place, added)?;
            }
            Ok(())
        })?,
        ("appendBefore", [added, existing]) => insert(tree, element, added, existing, 0)?,
        ("appendAfter", [added, existing]) => insert(tree, element, added, existing, 1)?,
        ("remove", given) => changed(tree, element, |tree| {
            for given in elements(given)? {
                let child = child_of(tree, element, given)?;
                tree.detach(child);
            }
            Ok(())
        })?,
        ("replace", [other]) => replace(tree, element, single(other)?)?.1,
        ("replaceChild", [existing, other]) => {
            let existing = child_of(tree, element, single(existing)?)?;
            let (later, _) = replace(tree, existing, single(other)?)?;
            Value::Xml(Xml::node(later, element))
        }
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

/// A node in a changed copy of its document.
pub(super) fn changed(
    tree: &Arc<Tree>,
    node: NodeNumber,
    change: impl FnOnce(&mut Tree) -> Result<(), EvaluationError>,
) -> Result<Value, EvaluationError> {
    let mut copy = (**tree).clone();
    change(&mut copy)?;
    Ok(Value::Xml(Xml::node(Arc::new(copy), node)))
}

fn set_attribute(
    tree: &Arc<Tree>,
    element: NodeNumber,
    namespace: Option<&Arc<str>>,
    qualified: &Value,
    value: &Value,
) -> Result<Value, EvaluationError> {
    let (qualified, value) = (required("attributeName", qualified)?, required("value", value)?);
    let Some(name) = attribute_name(&qualified, namespace.cloned()) else {
        return Err(EvaluationError::failed(format!(
            "SPIN/DOM-XML-01016 Unable to set attribute '{}:{qualified}' to value '{value}' on element '{}' in the \
             underlying implementation",
            namespace.map_or("null", |uri| &**uri),
            described(tree, element)
        )));
    };
    changed(tree, element, |tree| tree.set_attribute(element, name, value).map(|_| ()))
}

/// A name that an attribute of this namespace can have.
fn attribute_name(qualified: &str, namespace: Option<Arc<str>>) -> Option<Name> {
    let (prefix, local) = match qualified.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, qualified),
    };
    let is_name = |text: &str| {
        let mut letters = text.chars();
        letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '.' | '_'))
    };
    let declares = prefix == Some("xmlns") || (prefix.is_none() && local == "xmlns");
    let fits = match prefix {
        _ if declares => namespace.as_deref() == Some(XMLNS),
        Some("xml") => namespace.as_deref() == Some(XML_NAMESPACE),
        Some(_) => namespace.as_deref().is_some_and(|uri| uri != XMLNS),
        None => namespace.as_deref() != Some(XMLNS),
    };
    let is_valid = fits && is_name(local) && prefix.is_none_or(is_name);
    is_valid.then(|| Name { prefix: prefix.map(Arc::from), local: local.into(), namespace })
}

fn remove_attribute(
    tree: &Arc<Tree>,
    element: NodeNumber,
    namespace: Option<&Arc<str>>,
    local: &Value,
) -> Result<Value, EvaluationError> {
    let local = required("attributeName", local)?;
    changed(tree, element, |tree| {
        if let Some(found) = tree.attribute(element, namespace.map(|uri| &**uri), &local) {
            tree.detach(found);
        }
        Ok(())
    })
}

/// Beside an existing child: before it, or `behind` it by one.
fn insert(
    tree: &Arc<Tree>,
    element: NodeNumber,
    added: &Value,
    existing: &Value,
    behind: usize,
) -> Result<Value, EvaluationError> {
    let (added, existing) = (single(added)?, single(existing)?);
    changed(tree, element, |tree| {
        let existing = child_of(tree, element, existing)?;
        let added = adopted(tree, added)?;
        if added == existing {
            return Ok(());
        }
        move_to(tree, element, added, "018 Unable to insert new child element")?;
        let place = tree.children(element).iter().position(|child| *child == existing).unwrap_or_default();
        tree.insert(element, place + behind, added)
    })
}

/// The tree in which the other element stands in for this one, and the other one in it.
fn replace(tree: &Arc<Tree>, element: NodeNumber, other: &Xml) -> Result<(Arc<Tree>, Value), EvaluationError> {
    let mut copy = (**tree).clone();
    let Some(parent) = copy.parent(element) else {
        return Err(EvaluationError::failed(format!(
            "SPIN/DOM-XML-01014 The element '{}' has no parent element.",
            described(tree, element)
        )));
    };
    let other = adopted(&mut copy, other)?;
    if other != element {
        move_to(&mut copy, parent, other, "015 Unable to replace the existing element by")?;
        let place = copy.children(parent).iter().position(|child| *child == element).unwrap_or_default();
        copy.detach(element);
        copy.insert(parent, place, other)?;
    }
    let copy = Arc::new(copy);
    Ok((copy.clone(), Value::Xml(Xml::node(copy, other))))
}

/// Detaches a node that is to become a child; answers the place behind the children that there are.
fn move_to(tree: &mut Tree, parent: NodeNumber, node: NodeNumber, problem: &str) -> Result<usize, EvaluationError> {
    if tree.with_ancestors(parent).any(|outer| outer == node) {
        return Err(EvaluationError::failed(format!(
            "SPIN/DOM-XML-01{problem} '{}' to element '{}' in the underlying implementation",
            described(tree, node),
            described(tree, parent)
        )));
    }
    tree.detach(node);
    Ok(tree.children(parent).len())
}

/// The number of an element in this tree, which takes in the document of the element if it is another one.
fn adopted(tree: &mut Tree, xml: &Xml) -> Result<NodeNumber, EvaluationError> {
    if let Some(known) = xml.number_in(tree) {
        return Ok(known);
    }
    let read = xml.read()?;
    let crate::xml::Part::Element(other, node) = read.part()? else {
        return Err(not_an_element(xml));
    };
    Ok(tree.adopt(&other)? + node)
}

fn child_of(tree: &Tree, element: NodeNumber, xml: &Xml) -> Result<NodeNumber, EvaluationError> {
    let known = xml.number_in(tree).filter(|known| tree.parent(*known) == Some(element));
    known.filter(|known| is_element(tree, *known)).map_or_else(|| Err(no_child(tree, element, xml)), Ok)
}

fn no_child(tree: &Tree, element: NodeNumber, xml: &Xml) -> EvaluationError {
    let said = |tree: &Tree, node: NodeNumber| {
        let name = tree.name(node);
        let namespace = name.and_then(|name| name.namespace.as_deref()).unwrap_or("null");
        format!("namespace '{namespace}' and name '{}'", name.map_or("null", |name| &*name.local))
    };
    match xml.part() {
        Ok(crate::xml::Part::Element(other, node)) => EvaluationError::failed(format!(
            "SPIN/DOM-XML-01036 The element with {} is not a child element of the element with {}",
            said(&other, node),
            said(tree, element)
        )),
        Ok(_) => not_an_element(xml),
        Err(error) => error,
    }
}

fn not_an_element(xml: &Xml) -> EvaluationError {
    impossible(&Value::Xml(xml.clone()), "org.camunda.spin.xml.SpinXmlElement")
}

fn single(value: &Value) -> Result<&Xml, EvaluationError> {
    match value {
        Value::Xml(xml) => Ok(xml),
        Value::Null => Err(EvaluationError::failed("UTILS-02001 Parameter 'childElement' is null")),
        _ => Err(impossible(value, "org.camunda.spin.xml.SpinXmlElement")),
    }
}

/// Elements, and those of lists.
fn elements(values: &[Value]) -> Result<Vec<&Xml>, EvaluationError> {
    let mut found = Vec::new();
    for value in values {
        match value {
            Value::List(list) => {
                for item in &list.items {
                    found.push(single(item)?);
                }
            }
            _ => found.push(single(value)?),
        }
    }
    Ok(found)
}
