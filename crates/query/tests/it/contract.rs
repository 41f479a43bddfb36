//! Every filter and sort key of the contract is declared.

use std::collections::BTreeSet;

use query::{Resource, resource};

const LISTS: &str = include_str!("contract/lists.txt");

pub fn declared(name: &str) -> &'static Resource {
    resource::ALL.iter().find(|resource| resource.name == name).unwrap_or_else(|| panic!("no resource {name}"))
}

/// Resource, kind of line, name.
pub fn lines() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut found = Vec::new();
    let mut of = "";
    for line in LISTS.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(name) => of = name,
            None => {
                let (kind, name) = line.split_once(' ').expect("two words");
                found.push((of, kind, name));
            }
        }
    }
    found
}

#[test]
fn every_filter_and_sort_key_is_declared() {
    let mut missing = Vec::new();
    for (of, kind, name) in lines() {
        let resource = declared(of);
        let is_there = match kind {
            "SORT" => resource.sorts.iter().any(|sort| sort.name == name),
            _ => resource.filters.iter().any(|filter| filter.name == name),
        };
        if !is_there {
            missing.push(format!("{of}: {kind} {name}"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_resource_is_in_the_contract() {
    let known: BTreeSet<&str> = lines().into_iter().map(|(of, _, _)| of).collect();
    let declared: BTreeSet<&str> = resource::ALL.iter().map(|resource| resource.name).collect();
    assert_eq!(known, declared);
}

#[test]
fn names_are_declared_once() {
    for resource in resource::ALL {
        let mut filters: Vec<&str> = resource.filters.iter().map(|filter| filter.name).collect();
        let mut outputs: Vec<&str> = resource.outputs.iter().map(|output| output.name).collect();
        let mut sorts: Vec<&str> = resource.sorts.iter().map(|sort| sort.name).collect();
        for names in [&mut filters, &mut outputs, &mut sorts] {
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count, "{}: {names:?}", resource.name);
        }
    }
}
