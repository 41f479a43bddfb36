//! Reading attributes and children of XML elements.

use crate::document::{ACTIVITI, BPMN, CAMUNDA, Node};

/// The id of an element; white space around it does not count.
pub(crate) fn id<'d>(node: Node<'d>) -> Option<&'d str> {
    node.attribute("id").map(str::trim).filter(|id| !id.is_empty())
}

/// An attribute of Camunda's namespace, or of the one it had before.
pub(crate) fn camunda<'d>(node: Node<'d>, name: &str) -> Option<&'d str> {
    node.attribute((CAMUNDA, name)).or_else(|| node.attribute((ACTIVITI, name)))
}

/// Camunda: only the word itself is true; `1`, which the schema allows, is not.
pub(crate) fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The children in BPMN's namespace, in document order.
pub(crate) fn bpmn_children<'d>(node: Node<'d>) -> impl Iterator<Item = Node<'d>> {
    node.children().filter(|child| child.is_element() && child.tag_name().namespace() == Some(BPMN))
}

/// The children of one name in BPMN's namespace.
pub(crate) fn bpmn_children_named<'d>(node: Node<'d>, name: &'static str) -> impl Iterator<Item = Node<'d>> {
    bpmn_children(node).filter(move |child| child.tag_name().name() == name)
}

/// The first child of a name in BPMN's namespace.
pub(crate) fn bpmn_child<'d>(node: Node<'d>, name: &'static str) -> Option<Node<'d>> {
    bpmn_children_named(node, name).next()
}

/// The text between the tags of an element, without that of its children.
pub(crate) fn text(node: Node<'_>) -> String {
    node.children().filter(|child| child.is_text()).filter_map(|child| child.text()).collect()
}

/// The documentation of an element: paragraphs, separated by an empty line.
pub(crate) fn documentation(node: Node<'_>) -> Option<String> {
    let paragraphs: Vec<String> =
        bpmn_children_named(node, "documentation").map(|paragraph| text(paragraph).trim().to_owned()).collect();
    if paragraphs.is_empty() { None } else { Some(paragraphs.join("\n\n")) }
}

/// Entries between commas; a comma within an expression separates nothing.
pub(crate) fn comma_separated(list: &str) -> Vec<String> {
    let mut entries = Vec::new();
    let (mut entry, mut in_expression) = (String::new(), false);
    for character in list.chars() {
        match character {
            ',' if !in_expression => {
                entries.push(std::mem::take(&mut entry).trim().to_owned());
                continue;
            }
            '{' | '$' => in_expression = true,
            '}' => in_expression = false,
            _ => {}
        }
        entry.push(character);
    }
    if !entry.is_empty() {
        entries.push(entry.trim().to_owned());
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_within_expressions_do_not_separate() {
        for (list, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a, b ,", &["a", "b"]),
            ("${f(a, b)}, c", &["${f(a, b)}", "c"]),
            ("a,,b", &["a", "", "b"]),
        ] {
            assert_eq!(comma_separated(list), expected, "{list}");
        }
    }
}
