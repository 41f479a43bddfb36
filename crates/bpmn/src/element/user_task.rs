//! `userTask`: who may do it, until when, how urgent it is.

use expression::Expression;

use crate::attribute::{self, bpmn_child, bpmn_children_named, camunda, comma_separated};
use crate::document::Node;
use crate::listener;
use crate::model::{ElementKind, UserTask};
use crate::scope::ProcessBuilder;
use crate::unsupported;

pub(crate) fn read(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>) -> ElementKind {
    let mut attribute = |name: &str| camunda(node, name).and_then(|text| builder.expression(text, node));
    let assignee = attribute("assignee");
    let due_date = attribute("dueDate");
    let follow_up_date = attribute("followUpDate");
    let priority = attribute("priority");
    let form_key = attribute("formKey");
    let assignee = read_performer(builder, node, assignee);
    let name = node.attribute("name").and_then(|name| builder.expression(name, node));
    let description = attribute::documentation(node).and_then(|text| builder.expression(&text, node));
    for property in bpmn_children_named(node, "property") {
        unsupported::refuse_parts(property, attribute::id(node).unwrap_or_default(), builder.report);
    }
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
        form_key,
        listeners: listener::read_of_task(node, attribute::id(node).unwrap_or_default(), builder.report),
    };
    for owner in bpmn_children_named(node, "potentialOwner") {
        read_potential_owner(builder, owner, &mut task);
    }
    task.candidate_users.extend(candidates(builder, node, "candidateUsers"));
    task.candidate_groups.extend(candidates(builder, node, "candidateGroups"));
    ElementKind::UserTask(task)
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
