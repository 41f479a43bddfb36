//! The table of operations against the contract's own list, of which `operations.txt` is a copy.

use rest::OPERATIONS;

#[test]
fn the_table_is_the_contracts_list() {
    let listed: Vec<&str> = include_str!("operations.txt").lines().collect();
    let in_table: Vec<String> = OPERATIONS
        .iter()
        .map(|operation| {
            format!("{}\t{}\t{}\t{}", operation.tag, operation.method.name(), operation.path, operation.id)
        })
        .collect();
    assert_eq!(in_table, listed);
}

#[test]
fn ids_name_one_operation_each() {
    let mut ids: Vec<&str> = OPERATIONS.iter().map(|operation| operation.id).collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all);
}
