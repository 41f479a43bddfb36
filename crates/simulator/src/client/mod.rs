//! Those who use the nodes. Each tries again as real clients do, and tells what it was promised.

pub mod correlator;
pub mod deployer;
pub mod operator;
pub mod person;
pub mod starter;
pub mod worker;

use std::sync::Arc;
use std::time::Duration;

use types::{VariableMap, VariableValue, VariableWrite};

use crate::random::Random;

/// Attempts of one request.
const ATTEMPTS_MAX: u32 = 6;

async fn back_off(random: &mut Random) {
    tokio::time::sleep(Duration::from_millis(random.between(50, 800))).await;
}

fn note_variable(text: &str) -> VariableMap {
    let write = VariableWrite { value: VariableValue::String(text.into()), transient: false };
    [(Arc::from("note"), write)].into()
}
