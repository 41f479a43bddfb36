//! Sends the message that an instance waits for, until the instance has gone on.

use std::sync::Arc;
use std::time::Duration;

use runtime::MessageCorrelation;

use super::back_off;
use crate::call::Failure;
use crate::random::Random;
use crate::world::World;

pub async fn correlate(world: Arc<World>, message: &'static str, business_key: Arc<str>, mut random: Random) {
    tokio::time::sleep(Duration::from_millis(random.below(8_000))).await;
    let mut acknowledged = false;
    while !world.is_over() {
        let instance = world.ledger().by_business_key(&business_key).map(|truth| truth.is_ended);
        match instance {
            Some(true) => return,
            Some(false) => {}
            None => {
                tokio::time::sleep(Duration::from_secs(2)).await;
                continue;
            }
        }
        let correlation = MessageCorrelation {
            name: message.into(),
            business_key: Some(business_key.clone()),
            ..MessageCorrelation::default()
        };
        let sent = world.call(&mut random, |runtime| async move { runtime.correlate_message(correlation).await }).await;
        match sent {
            Ok(_) if acknowledged => return world.violate(format!("{business_key} took the message twice")),
            Ok(_) => {
                acknowledged = true;
                world.trace.note("sender", format_args!("has sent {message} to {business_key}"));
            }
            // It does not wait, is suspended, or has had the message already.
            Err(Failure::Refused(_)) => tokio::time::sleep(Duration::from_secs(2)).await,
            Err(Failure::Lost | Failure::Unavailable) => back_off(&mut random).await,
        }
    }
}
