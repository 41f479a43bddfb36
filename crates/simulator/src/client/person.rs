//! Completes user tasks, and executes jobs where no executor does.

use std::sync::Arc;
use std::time::Duration;

use engine::Command;
use types::{JobId, TaskId};

use super::{back_off, note_variable};
use crate::call::Failure;
use crate::random::Random;
use crate::world::World;

pub async fn work(world: Arc<World>, mut random: Random) {
    while !world.is_over() {
        tokio::time::sleep(Duration::from_millis(random.between(200, 1_500))).await;
        let tasks: Vec<TaskId> =
            world.ledger().user_tasks.iter().filter(|(_, row)| row.is_some()).map(|(id, _)| *id).collect();
        for id in tasks {
            complete(&world, id, &mut random).await;
        }
        if !world.plan.is_job_executor_on {
            let jobs: Vec<JobId> =
                world.ledger().jobs.iter().filter(|(_, truth)| !truth.is_gone).map(|(id, _)| *id).collect();
            for id in jobs {
                execute(&world, id, &mut random).await;
            }
        }
    }
}

async fn complete(world: &Arc<World>, id: TaskId, random: &mut Random) {
    let command = Command::CompleteTask { id, variables: note_variable("approved") };
    let completed = world.call(random, |runtime| async move { runtime.execute(command).await }).await;
    let is_there = world.ledger().user_tasks.get(&id).is_some_and(Option::is_some);
    match completed {
        Ok(_) if is_there => world.violate(format!("the user task {id} was completed and is still there")),
        Ok(_) => world.trace.note("person", format_args!("has completed {id}")),
        Err(failure) if failure.is_not_found() && is_there => {
            world.violate(format!("the user task {id} is there and was not found"));
        }
        Err(Failure::Refused(_)) => {}
        Err(Failure::Lost | Failure::Unavailable) => back_off(random).await,
    }
}

async fn execute(world: &Arc<World>, id: JobId, random: &mut Random) {
    let executed = world.call(random, |runtime| async move { runtime.execute_job(id).await }).await;
    let is_there = world.ledger().jobs.get(&id).is_some_and(|truth| !truth.is_gone);
    match executed {
        Ok(()) if is_there => world.violate(format!("the job {id} was executed and is still there")),
        Err(failure) if failure.is_not_found() && is_there => {
            world.violate(format!("the job {id} is there and was not found"));
        }
        Ok(()) | Err(Failure::Refused(_)) => {}
        Err(Failure::Lost | Failure::Unavailable) => back_off(random).await,
    }
}
