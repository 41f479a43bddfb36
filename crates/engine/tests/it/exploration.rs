//! Every scenario's model under all orders of commands, up to a bound.

use std::path::Path;

use testkit::explorer::{Bounds, Seen, explore};
use testkit::scenario::paths;

const BOUNDS: Bounds = Bounds { states_max: 60, depth_max: 12, executions_max: 24, replays_max: 2 };

#[test]
fn all_orders_of_commands_keep_what_always_holds() {
    let mut sum = Seen::default();
    let mut violations = Vec::new();
    for path in paths(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scenarios")) {
        match explore(&path, BOUNDS) {
            Ok(seen) => sum.add(seen),
            Err(violation) => violations.push(format!("{}: {violation}", path.display())),
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n\n"));
    assert!(sum.states > 1_000 && sum.ended_states > 50, "the models were explored: {sum:?}");
}
