//! `userTask`: who may do it, until when, how urgent it is.

use std::sync::Arc;

use expression::Expression;

use crate::attribute::{self, bpmn_child, bpmn_children_named, camunda, comma_separated};
use crate::document::Node;
use crate::element::form;
use crate::listener;
use crate::model::{DataProperty, ElementKind, PassedSource, UserTask};
use crate::scope::ProcessBuilder;

pub(crate) fn read(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>) -> ElementKind {
    let mut attribute = |name: &str| camunda(node, name).and_then(|text| builder.expression(text, node));
    let assignee = attribute("assignee");
    let due_date = attribute("dueDate");
    let follow_up_date = attribute("followUpDate");
    let priority = attribute("priority");
    let assignee = read_performer(builder, node, assignee);
    let name = node.attribute("name").and_then(|name| builder.expression(name, node));
    let description = attribute::documentation(node).and_then(|text| builder.expression(&text, node));
    let data_properties = bpmn_children_named(node, "property").flat_map(|property| data_properties(builder, property));
    let data_properties = data_properties.collect();
    let id = attribute::id(node).unwrap_or_default();
    let mut task = UserTask {
        assignee,
        owner: None,
        candidate_users: Vec::new(),
        candidate_groups: Vec::new(),
        due_date,
        follow_up_date,
        priority,
        name,
        description,
        data_properties,
        form: form::read(node, builder.report),
        listeners: listener::read_of_task(node, id, builder.report),
        timeout_listeners: listener::read_timeouts(builder, node, id),
    };
    for owner in bpmn_children_named(node, "potentialOwner") {
        read_potential_owner(builder, owner, &mut task);
    }
    task.candidate_users.extend(candidates(builder, node, "candidateUsers"));
    task.candidate_groups.extend(candidates(builder, node, "candidateGroups"));
    ElementKind::UserTask(task)
}

/// What a `property` sets: for each source that it names.
fn data_properties(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>) -> Vec<DataProperty> {
    let variable = |name: &str| PassedSource::Variable(Arc::from(name));
    let mut expression =
        |name: &str| Some(camunda(node, name).map(|text| builder.expression(text, node).map(PassedSource::Expression)));
    let source = camunda(node, "src").map(|name| Some(variable(name)));
    let source_expression = expression("srcExpr").flatten();
    let _ = expression("dstExpr");
    // Camunda: a link sets what `src` and `srcExpr` name once more, and fails without them.
    let link = camunda(node, "link").filter(|_| source.is_none()).map(|_| None);
    let link_expression = expression("linkExpr").flatten().filter(|_| source_expression.is_none()).map(|_| None);
    let target: Option<Arc<str>> = camunda(node, "dst").map(Arc::from);
    let sources = [source, source_expression, link, link_expression].into_iter().flatten();
    sources.map(|source| DataProperty { source, target: target.clone() }).collect()
}

/// The assignee, as BPMN's `humanPerformer` or Camunda's attribute; both is an error.
fn read_performer(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    node: Node<'_>,
    assignee: Option<Expression>,
) -> Option<Expression> {
    let mut performers = bpmn_children_named(node, "humanPerformer");
    let (first, second) = (performers.next(), performers.next());
    if second.is_some() {
        builder.report.error(node, "Invalid task definition: multiple humanPerformer sub elements defined");
        return assignee;
    }
    let Some(text) = first.and_then(assignment) else { return assignee };
    let performer = builder.expression(&text, node);
    if assignee.is_some() {
        builder.report.error(node, "Invalid usage: duplicate assignee declaration for task");
    }
    performer
}

/// `user(kermit), group(management), accounting`: a name alone is a group.
fn read_potential_owner(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, task: &mut UserTask) {
    for entry in comma_separated(&assignment(node).unwrap_or_default()) {
        let (name, is_user) = match (within(&entry, "user("), within(&entry, "group(")) {
            (Some(name), _) => (name, true),
            (None, Some(name)) => (name, false),
            (None, None) => (entry.as_str(), false),
        };
        if let Some(candidate) = builder.expression(name, node) {
            if is_user { task.candidate_users.push(candidate) } else { task.candidate_groups.push(candidate) }
        }
    }
}

fn candidates(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, name: &str) -> Vec<Expression> {
    let entries = comma_separated(camunda(node, name).unwrap_or_default());
    entries.iter().filter_map(|entry| builder.expression(entry, node)).collect()
}

/// What stands between the opening and the last character.
fn within<'a>(entry: &'a str, opening: &str) -> Option<&'a str> {
    let rest = entry.strip_prefix(opening)?;
    let mut inner = rest.chars();
    inner.next_back();
    Some(inner.as_str().trim())
}

/// The text of `resourceAssignmentExpression/formalExpression`.
fn assignment(node: Node<'_>) -> Option<String> {
    let expression = bpmn_child(bpmn_child(node, "resourceAssignmentExpression")?, "formalExpression")?;
    Some(attribute::text(expression))
}
