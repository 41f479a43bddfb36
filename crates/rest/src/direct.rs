//! Finds the operation of a path that says everything by itself: nothing in it is encoded, and it names no engine.
//!
//! Any other path is found by the routes. Both are made from the table of operations and agree: a fixed segment comes
//! before a parameter.

use std::borrow::Cow;

use axum::http::Method;

use crate::operation::{OPERATIONS, Operation, Verb};
use crate::router::BASE_PATH;

/// Names and decoded values of the parameters of a path.
pub type PathParameters = Vec<(Cow<'static, str>, String)>;

/// Segments of one path; no operation has as many.
const SEGMENTS_MAX: usize = 16;

/// The paths of the table as a tree of segments.
#[derive(Debug)]
pub struct DirectPaths {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    fixed: Vec<(&'static str, usize)>,
    parameter: Option<usize>,
    /// Those whose path ends here, by their places in the table.
    operations: Vec<(Verb, usize)>,
}

impl DirectPaths {
    pub fn of_table() -> DirectPaths {
        let mut paths = DirectPaths { nodes: vec![Node::default()] };
        for (at, operation) in OPERATIONS.iter().enumerate() {
            let node = segments(operation.path).fold(0, |node, segment| paths.child(node, segment));
            paths.nodes[node].operations.push((operation.method, at));
        }
        paths
    }

    fn child(&mut self, node: usize, segment: &'static str) -> usize {
        let known = match parameter_name(segment) {
            Some(_) => self.nodes[node].parameter,
            None => self.nodes[node].fixed.iter().find(|(known, _)| *known == segment).map(|(_, child)| *child),
        };
        known.unwrap_or_else(|| {
            let child = self.nodes.len();
            self.nodes.push(Node::default());
            match parameter_name(segment) {
                Some(_) => self.nodes[node].parameter = Some(child),
                None => self.nodes[node].fixed.push((segment, child)),
            }
            child
        })
    }

    /// The operation with its place in the table, and the parameters of its path; `None` where the routes have to look.
    pub fn find(&self, method: &Method, path: &str) -> Option<(usize, &'static Operation, PathParameters)> {
        let verb = match *method {
            Method::DELETE => Verb::Delete,
            Method::GET => Verb::Get,
            Method::POST => Verb::Post,
            Method::PUT => Verb::Put,
            _ => return None,
        };
        let path = path.strip_prefix(BASE_PATH)?;
        if !path.starts_with('/') || path.ends_with('/') || !path.bytes().all(|byte| byte.is_ascii() && byte != b'%') {
            return None;
        }
        let mut given = [""; SEGMENTS_MAX];
        let mut count = 0;
        for segment in segments(path) {
            *given.get_mut(count)? = segment;
            count += 1;
        }
        let given = &given[..count];
        if given.first() == Some(&"engine") {
            return None;
        }
        let at = self.find_below(0, given, verb)?;
        let operation = &OPERATIONS[at];
        let named = segments(operation.path).zip(given);
        let parameters =
            named.filter_map(|(name, value)| Some((Cow::Borrowed(parameter_name(name)?), (*value).to_owned())));
        Some((at, operation, parameters.collect()))
    }

    /// As deep as the path has segments.
    fn find_below(&self, node: usize, rest: &[&str], verb: Verb) -> Option<usize> {
        let node = &self.nodes[node];
        let Some((segment, rest)) = rest.split_first() else {
            return node.operations.iter().find(|(known, _)| *known == verb).map(|(_, at)| *at);
        };
        let fixed = node.fixed.iter().find(|(known, _)| known == segment);
        // A path that a fixed segment leads to is never that of a parameter, even with another method.
        if let Some((_, child)) = fixed
            && self.leads_somewhere(*child, rest)
        {
            return self.find_below(*child, rest, verb);
        }
        let parameter = node.parameter.filter(|_| !segment.is_empty())?;
        self.find_below(parameter, rest, verb)
    }

    fn leads_somewhere(&self, node: usize, rest: &[&str]) -> bool {
        let node = &self.nodes[node];
        let Some((segment, rest)) = rest.split_first() else { return !node.operations.is_empty() };
        let fixed = node.fixed.iter().any(|(known, child)| known == segment && self.leads_somewhere(*child, rest));
        fixed || node.parameter.is_some_and(|child| !segment.is_empty() && self.leads_somewhere(child, rest))
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').skip(1)
}

fn parameter_name(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: &Method, path: &str) -> Option<(&'static str, PathParameters)> {
        let found = DirectPaths::of_table().find(method, path);
        found.map(|(_, operation, parameters)| (operation.path, parameters))
    }

    #[test]
    fn every_operation_is_found_by_its_own_path() {
        let paths = DirectPaths::of_table();
        for (at, operation) in OPERATIONS.iter().enumerate() {
            let method = Method::from_bytes(operation.method.name().as_bytes()).expect("a method");
            if operation.method == Verb::Options || operation.path.starts_with("/engine") {
                continue;
            }
            let path = format!("{BASE_PATH}{}", operation.path.replace(['{', '}'], ""));
            let (found, _, parameters) = paths.find(&method, &path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!(found, at, "{path}");
            assert!(parameters.iter().all(|(name, value)| *name == **value), "{path}: {parameters:?}");
        }
    }

    #[test]
    fn parameters_have_names_and_values() {
        let (path, parameters) = find(&Method::POST, "/engine-rest/external-task/a-1/complete").expect("an operation");
        assert_eq!(path, "/external-task/{id}/complete");
        assert_eq!(parameters, [("id".into(), "a-1".to_owned())]);
    }

    #[test]
    fn other_paths_are_left_to_the_routes() {
        for path in [
            "/engine-rest/external-task/a%201/complete",
            "/engine-rest/external-task/a/complete/",
            "/engine-rest/external-task//complete",
            "/engine-rest/engine/default/external-task/a/complete",
            "/engine-rest/external-task/a/nothing",
            "/engine-rest",
            "/engine-restexternal-task/a/complete",
            "/livez",
        ] {
            assert_eq!(find(&Method::POST, path), None, "{path}");
        }
        assert_eq!(find(&Method::DELETE, "/engine-rest/external-task/fetchAndLock"), None);
        assert_eq!(find(&Method::HEAD, "/engine-rest/version"), None);
    }
}
