//! Deploys all models, before anything else happens.

use std::sync::Arc;

use runtime::{DuplicateFiltering, NewDeployment, NewResource};

use super::back_off;
use crate::model::MODELS;
use crate::random::Random;
use crate::world::World;

pub async fn deploy(world: Arc<World>, mut random: Random) {
    let resource = |model: &crate::model::Model| NewResource {
        name: format!("{}.bpmn", model.key).into(),
        contents: model.xml().into_bytes().into(),
    };
    let deployment = NewDeployment {
        name: Some("simulated".into()),
        source: None,
        tenant_id: None,
        resources: MODELS.iter().map(resource).collect(),
        duplicate_filtering: DuplicateFiltering::WholeDeployment,
        activate_at: None,
    };
    loop {
        let deployment = deployment.clone();
        match world.call(&mut random, |runtime| async move { runtime.deploy(deployment).await }).await {
            Ok(_) => return,
            Err(crate::call::Failure::Refused(rejection)) => world.violate(format!("not deployed: {rejection}")),
            Err(_) => back_off(&mut random).await,
        }
    }
}
