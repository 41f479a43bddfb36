//! Starts instances. A start of which the answer is missing is started again, under another business key.

use std::sync::Arc;
use std::time::Duration;

use runtime::{DefinitionSelector, TenantChoice};

use super::{ATTEMPTS_MAX, back_off, correlator, note_variable};
use crate::call::Failure;
use crate::model::MODELS;
use crate::random::Random;
use crate::world::World;

pub async fn start_all(world: Arc<World>, mut random: Random) {
    for number in 0..world.plan.starts {
        let pause_ms = random.below(world.plan.trouble_ms / world.plan.starts as u64 + 1);
        // Some come all at once.
        if random.chance(700) {
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        }
        tokio::spawn(start(world.clone(), number, random.fork()));
    }
}

async fn start(world: Arc<World>, number: usize, mut random: Random) {
    let model = random.pick(MODELS);
    for attempt in 0..ATTEMPTS_MAX {
        let business_key: Arc<str> = format!("{}-{number}-{attempt}", model.key).into();
        if let Some(message) = model.message {
            tokio::spawn(correlator::correlate(world.clone(), message, business_key.clone(), random.fork()));
        }
        let key = Some(business_key.clone());
        let which = DefinitionSelector::Latest { key: model.key.into(), tenant: TenantChoice::None };
        let started = world
            .call(&mut random, |runtime| async move {
                runtime.start_process_instance(which, key, note_variable("started")).await
            })
            .await;
        match started {
            Ok(started) => {
                world.trace.note("starter", format_args!("has started {business_key} as {}", started.id));
                if !world.ledger().instances.contains_key(&started.id) {
                    world.violate(format!("the start of {business_key} was acknowledged and is not stored"));
                }
                return;
            }
            Err(Failure::Refused(rejection)) => {
                return world.violate(format!("the start of {business_key} was refused: {rejection}"));
            }
            Err(Failure::Lost | Failure::Unavailable) => back_off(&mut random).await,
        }
    }
}
