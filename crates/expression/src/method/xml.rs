//! `org.camunda.spin.xml.SpinXmlElement`, its attributes and its XPath queries. A method that changes something answers
//! the node in a changed copy of its document.

use std::sync::Arc;

use super::xml_change::{self, changed};
use crate::coercion;
use crate::error::EvaluationError;
use crate::value::{List, Value};
use crate::xml::{Kind, Name, NodeNumber, Part, Query, Tree, Xml};
use crate::xpath::{self, Found};

const LIST: &str = "org.camunda.spin.impl.SpinListImpl";

pub(super) fn call(xml: &Xml, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    match xml.part()? {
        Part::Element(tree, element) => of_element(&tree, element, name, arguments),
        Part::Attribute(tree, attribute) => of_attribute(&tree, attribute, name, arguments),
        Part::Query(query) => of_query(&query, name, arguments),
    }
}

fn of_element(
    tree: &Arc<Tree>,
    element: NodeNumber,
    name: &str,
    arguments: &[Value],
) -> Result<Option<Value>, EvaluationError> {
    let node = |number| Value::Xml(Xml::node(tree.clone(), number));
    Ok(Some(match (name, arguments) {
        ("attr", [local]) => node(attribute(tree, element, &Value::Null, local)?),
        ("attrNs", [namespace, local]) => node(attribute(tree, element, namespace, local)?),
        ("hasAttr", [local]) => has_attribute(tree, element, &Value::Null, local)?,
        ("hasAttrNs", [namespace, local]) => has_attribute(tree, element, namespace, local)?,
        ("attrs", []) => list(tree.attributes(element).iter().map(|found| node(*found)).collect()),
        ("attrs", [namespace]) => {
            list(attributes_of(tree, element, namespace)?.into_iter().map(|(found, _)| node(found)).collect())
        }
        ("attrNames", []) => names(tree.attributes(element).iter().filter_map(|found| tree.name(*found))),
        ("attrNames", [namespace]) => names(attributes_of(tree, element, namespace)?.into_iter().map(|(_, name)| name)),
        ("textContent", []) => Value::from(tree.text(element)),
        ("childElement", [local]) => node(child(tree, element, namespace_of(tree, element).as_deref(), local)?),
        ("childElement", [namespace, local]) => node(child(tree, element, optional(namespace)?.as_deref(), local)?),
        ("childElements", []) => {
            let elements = tree.children(element).iter().filter(|child| is_element(tree, **child));
            list(elements.map(|child| node(*child)).collect())
        }
        ("childElements", [local]) => {
            let found = children(tree, element, namespace_of(tree, element).as_deref(), local)?;
            list(found.into_iter().map(node).collect())
        }
        ("childElements", [namespace, local]) => {
            let found = children(tree, element, optional(namespace)?.as_deref(), local)?;
            list(found.into_iter().map(node).collect())
        }
        ("xPath", [expression]) => Value::Xml(Xml::query(Query {
            tree: tree.clone(),
            context: element,
            expression: required("expression", expression)?,
            namespaces: Vec::new(),
        })),
        _ => match of_node(tree, element, name, arguments)? {
            Some(found) => found,
            None => return xml_change::of_element(tree, element, name, arguments),
        },
    }))
}

fn of_attribute(
    tree: &Arc<Tree>,
    attribute: NodeNumber,
    name: &str,
    arguments: &[Value],
) -> Result<Option<Value>, EvaluationError> {
    Ok(Some(match (name, arguments) {
        ("value", []) => Value::from(tree.text(attribute)),
        ("value", [Value::Null]) => {
            return Err(EvaluationError::failed(format!(
                "SPIN/DOM-XML-01010 Unable to set value of the attribute '{}' to 'null'",
                described(tree, attribute)
            )));
        }
        ("value", [value]) => {
            let value = coercion::text(value)?;
            changed(tree, attribute, |tree| {
                tree.set_value(attribute, value);
                Ok(())
            })?
        }
        ("remove", []) => match tree.parent(attribute) {
            Some(owner) => changed(tree, owner, |tree| {
                tree.detach(attribute);
                Ok(())
            })?,
            None => return Err(EvaluationError::failed("the attribute is of no element any more")),
        },
        _ => return of_node(tree, attribute, name, arguments),
    }))
}

/// What elements and attributes share.
fn of_node(
    tree: &Arc<Tree>,
    node: NodeNumber,
    name: &str,
    arguments: &[Value],
) -> Result<Option<Value>, EvaluationError> {
    let own = tree.name(node);
    let prefix = own.and_then(|own| own.prefix.as_deref());
    let namespace = namespace_of(tree, node);
    Ok(Some(match (name, arguments) {
        ("name", []) => Value::from(own.map(|own| &*own.local)),
        ("namespace", []) => Value::from(namespace.as_deref()),
        ("prefix", []) => Value::from(prefix),
        ("hasPrefix", [wanted]) => Value::Boolean(optional(wanted)?.as_deref() == prefix),
        ("hasNamespace", [wanted]) => Value::Boolean(optional(wanted)? == namespace),
        ("getDataFormatName", []) => Value::from("application/xml"),
        _ => return Ok(None),
    }))
}

fn of_query(query: &Query, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    let node = |number| Value::Xml(Xml::node(query.tree.clone(), number));
    Ok(Some(match (name, arguments) {
        ("element", []) => match first(query)? {
            found if is_element(&query.tree, found) => node(found),
            _ => return Err(not_a("org.w3c.dom.Element")),
        },
        ("attribute", []) => match first(query)? {
            found if is_attribute(&query.tree, found) => node(found),
            _ => return Err(not_a("org.w3c.dom.Attr")),
        },
        // Camunda: what is no element is left out, even if nothing is left.
        ("elementList", []) => {
            let found = nodes(query)?.into_iter().filter(|found| is_element(&query.tree, *found));
            list(found.map(node).collect())
        }
        ("attributeList", []) => {
            let found = nodes(query)?;
            match found.iter().all(|found| is_attribute(&query.tree, *found)) {
                true => list(found.into_iter().map(node).collect()),
                false => return Err(not_a("org.w3c.dom.Attr")),
            }
        }
        ("string", []) => Value::from(found(query)?.into_text(query).map_err(|error| failed(query, &error))?),
        ("number", []) => Value::Double(found(query)?.into_number(query).map_err(|error| failed(query, &error))?),
        ("bool", []) => Value::Boolean(found(query)?.is_true()),
        ("ns", [Value::Map(map)]) => {
            let pairs: Result<Vec<_>, EvaluationError> =
                map.iter().map(|(prefix, namespace)| Ok((prefix.clone(), coercion::text(namespace)?))).collect();
            // Camunda: a map takes the place of all that was set before.
            Value::Xml(Xml::query(Query { namespaces: pairs?, ..query.clone() }))
        }
        ("ns", [prefix, namespace]) => {
            let mut namespaces = query.namespaces.clone();
            namespaces.push((required("Prefix", prefix)?, required("Namespace URI", namespace)?));
            Value::Xml(Xml::query(Query { namespaces, ..query.clone() }))
        }
        _ => return Ok(None),
    }))
}

fn found(query: &Query) -> Result<Found, EvaluationError> {
    if &*query.expression == "/" {
        return Err(EvaluationError::failed("SPIN/DOM-XML-01034 XPath expression '/' not allowed"));
    }
    xpath::evaluate(query).map_err(|error| failed(query, &error))
}

fn failed(query: &Query, error: &EvaluationError) -> EvaluationError {
    EvaluationError::new(
        error.problem,
        format!(
            "SPIN/DOM-XML-01024 Unable to evaluate XPath expression on element '{}': {}",
            described(&query.tree, query.context),
            error.message
        ),
    )
}

fn nodes(query: &Query) -> Result<Vec<NodeNumber>, EvaluationError> {
    match found(query)? {
        Found::Nodes(nodes) if nodes.is_empty() => Err(EvaluationError::failed(format!(
            "SPIN/DOM-XML-01035 Unable to find XPath expression '{}'",
            query.expression
        ))),
        Found::Nodes(nodes) => Ok(nodes),
        _ => Err(failed(query, &EvaluationError::failed("the expression gives no nodes"))),
    }
}

fn first(query: &Query) -> Result<NodeNumber, EvaluationError> {
    Ok(nodes(query)?[0])
}

fn not_a(class: &str) -> EvaluationError {
    EvaluationError::failed(format!("SPIN/DOM-XML-01025 Unable to cast XPath expression to class '{class}'"))
}

fn list(items: Vec<Value>) -> Value {
    Value::List(Arc::new(List { class: LIST.into(), items, source: None }))
}

fn names<'n>(names: impl Iterator<Item = &'n Name>) -> Value {
    Value::list(names.map(|name| Value::String(name.local.clone())).collect())
}

pub(super) fn is_element(tree: &Tree, node: NodeNumber) -> bool {
    matches!(tree.kind(node), Kind::Element { .. })
}

fn is_attribute(tree: &Tree, node: NodeNumber) -> bool {
    matches!(tree.kind(node), Kind::Attribute { .. })
}

fn namespace_of(tree: &Tree, node: NodeNumber) -> Option<Arc<str>> {
    tree.name(node).and_then(|name| name.namespace.clone())
}

/// Namespace and name, as messages have them.
pub(super) fn described(tree: &Tree, node: NodeNumber) -> String {
    let local = tree.name(node).map_or("null", |name| &*name.local);
    format!("{}:{local}", namespace_of(tree, node).as_deref().unwrap_or("null"))
}

pub(super) fn required(parameter: &str, value: &Value) -> Result<Arc<str>, EvaluationError> {
    match value {
        Value::Null => Err(EvaluationError::failed(format!("UTILS-02001 Parameter '{parameter}' is null"))),
        _ => coercion::text(value),
    }
}

pub(super) fn optional(value: &Value) -> Result<Option<Arc<str>>, EvaluationError> {
    if value.is_null() { Ok(None) } else { coercion::text(value).map(Some) }
}

fn attribute(
    tree: &Tree,
    element: NodeNumber,
    namespace: &Value,
    local: &Value,
) -> Result<NodeNumber, EvaluationError> {
    let (namespace, local) = (optional(namespace)?, required("attributeName", local)?);
    tree.attribute(element, namespace.as_deref(), &local).ok_or_else(|| {
        EvaluationError::failed(format!(
            "SPIN/DOM-XML-01006 Unable to find attribute with namespace '{}' and name '{local}'",
            namespace.as_deref().unwrap_or("null")
        ))
    })
}

fn has_attribute(tree: &Tree, element: NodeNumber, namespace: &Value, local: &Value) -> Result<Value, EvaluationError> {
    let (namespace, local) = (optional(namespace)?, required("attributeName", local)?);
    Ok(Value::Boolean(tree.attribute(element, namespace.as_deref(), &local).is_some()))
}

fn attributes_of<'t>(
    tree: &'t Tree,
    element: NodeNumber,
    namespace: &Value,
) -> Result<Vec<(NodeNumber, &'t Name)>, EvaluationError> {
    let namespace = optional(namespace)?;
    let named = tree.attributes(element).iter().filter_map(|found| Some((*found, tree.name(*found)?)));
    Ok(named.filter(|(_, name)| name.namespace == namespace).collect())
}

fn children(
    tree: &Tree,
    element: NodeNumber,
    namespace: Option<&str>,
    local: &Value,
) -> Result<Vec<NodeNumber>, EvaluationError> {
    let local = required("elementName", local)?;
    let is = |child: &NodeNumber| tree.name(*child).is_some_and(|name| name.is(namespace, &local));
    let found: Vec<NodeNumber> = tree.children(element).iter().copied().filter(is).collect();
    if found.is_empty() {
        return Err(EvaluationError::failed(format!(
            "SPIN/DOM-XML-01007 Unable to find child element with namespace '{}' and name '{local}'",
            namespace.unwrap_or("null")
        )));
    }
    Ok(found)
}

fn child(
    tree: &Tree,
    element: NodeNumber,
    namespace: Option<&str>,
    local: &Value,
) -> Result<NodeNumber, EvaluationError> {
    let found = children(tree, element, namespace, local)?;
    match found.as_slice() {
        [only] => Ok(*only),
        _ => Err(EvaluationError::failed(format!(
            "SPIN/DOM-XML-01008 More than one child element was found for namespace '{}' and name '{}'",
            namespace.unwrap_or("null"),
            coercion::text(local)?
        ))),
    }
}
