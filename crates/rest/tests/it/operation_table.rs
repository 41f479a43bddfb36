//! The table of operations against the contract's own list, of which `operations.txt` is a copy.

use rest::OPERATIONS;

#[test]
fn the_table_is_the_contracts_list() {
    let listed: Vec<&str> = include_str!("operations.txt").lines().collect();
    let in_table: Vec<String> = OPERATIONS
        .iter()
        .filter(|operation| !operation.is_own())
        .map(|operation| {
            format!("{}\t{}\t{}\t{}", operation.tag, operation.method.name(), operation.path, operation.id)
        })
        .collect();
    assert_eq!(in_table, listed);
}

#[test]
fn what_is_our_own_has_no_place_of_the_contract() {
    let of_contract = |path: &str| OPERATIONS.iter().any(|known| !known.is_own() && known.path == path);
    for own in OPERATIONS.iter().filter(|operation| operation.is_own()) {
        assert!(!of_contract(own.path), "{own:?}");
    }
}

#[test]
fn ids_name_one_operation_each() {
    let mut ids: Vec<&str> = OPERATIONS.iter().map(|operation| operation.id).collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all);
}
