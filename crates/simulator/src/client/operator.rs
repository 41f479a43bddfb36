//! Interferes with what runs, and puts in order what needs a human.

use std::sync::Arc;
use std::time::Duration;

use engine::history::EndState;
use engine::{Cancellation, Command, Instantiation, Modification, ModificationInstruction, Place, Skipped};
use types::{ExternalTaskId, ProcessInstanceId, VariableMap};

use crate::random::Random;
use crate::world::World;

pub async fn work(world: Arc<World>, mut random: Random) {
    while !world.is_over() {
        tokio::time::sleep(Duration::from_millis(random.between(300, 3_000))).await;
        if !world.is_calm() && world.plan.has_operator {
            interfere(&world, &mut random).await;
        }
        if world.is_calm() || random.chance(300) {
            put_in_order(&world, &mut random).await;
        }
    }
}

async fn interfere(world: &Arc<World>, random: &mut Random) {
    let running: Vec<ProcessInstanceId> = world.ledger().running().map(|(id, _)| id).collect();
    if running.is_empty() {
        return;
    }
    let id = *random.pick(&running);
    let command = match random.below(10) {
        0..=4 => Command::SetProcessInstanceSuspension { id, is_suspended: random.chance(700) },
        5 => {
            world.ledger().interfere(id);
            Command::DeleteProcessInstance { id, delete_reason: Some("simulated".into()), skipped: Skipped::default() }
        }
        6 => match modification(world, id) {
            Some(modification) => {
                world.ledger().interfere(id);
                Command::ModifyProcessInstance { id, definition_id: None, modification }
            }
            None => return,
        },
        _ => match some_task(world, id) {
            Some(id) => Command::UnlockExternalTask { id },
            None => return,
        },
    };
    send(world, command, random).await;
}

/// Begins an activity again that waits for a worker.
fn modification(world: &World, id: ProcessInstanceId) -> Option<Modification> {
    let activity_id = {
        let ledger = world.ledger();
        let mut tasks = ledger.external_tasks.values();
        // Not one of several instances, which begin in their body.
        tasks
            .find(|task| !task.is_gone && task.row.process_instance_id == id && *task.row.definition_key != *"several")?
            .row
            .activity_id
            .clone()
    };
    let start = Instantiation {
        place: Place::Before(activity_id.clone()),
        ancestor_activity_instance_id: None,
        variables: VariableMap::new(),
        local_variables: VariableMap::new(),
    };
    Some(Modification {
        instructions: vec![
            ModificationInstruction::Cancel(Cancellation::Activity(activity_id)),
            ModificationInstruction::Start(start),
        ],
        skipped: Skipped::default(),
        emptied_as: EndState::ExternallyTerminated,
    })
}

fn some_task(world: &World, id: ProcessInstanceId) -> Option<ExternalTaskId> {
    let ledger = world.ledger();
    let mut tasks = ledger.external_tasks.values().filter(|task| !task.is_gone);
    tasks.find(|task| task.row.process_instance_id == id).map(|task| task.row.id)
}

/// Activates what is suspended, and gives tries to what has none left.
async fn put_in_order(world: &Arc<World>, random: &mut Random) {
    let commands: Vec<Command> = {
        let ledger = world.ledger();
        let suspended = ledger.running().filter(|(_, truth)| truth.row.is_suspended);
        let activations = suspended.map(|(id, _)| Command::SetProcessInstanceSuspension { id, is_suspended: false });
        let failed = ledger.external_tasks.values().filter(|task| !task.is_gone && task.row.retries == Some(0));
        let retries = failed.map(|task| Command::SetExternalTaskRetries { id: task.row.id, retries: 2 });
        // What was modified may wait for what will never come.
        let stuck = ledger.running().filter(|(id, truth)| {
            let is_root = truth.row.root_process_instance_id == *id;
            world.is_calm() && is_root && truth.is_interfered_with
        });
        let skipped = Skipped::default();
        let deletions = stuck.map(|(id, _)| Command::DeleteProcessInstance { id, delete_reason: None, skipped });
        activations.chain(retries).chain(deletions).collect()
    };
    for command in commands {
        send(world, command, random).await;
    }
}

async fn send(world: &Arc<World>, command: Command, random: &mut Random) {
    let told = format!("{command:?}");
    let sent = world.call(random, |runtime| async move { runtime.execute(command).await }).await;
    let outcome = match sent {
        Ok(_) => "done".to_owned(),
        Err(failure) => format!("{failure:?}"),
    };
    world.trace.note("operator", format_args!("{outcome}: {}", told.split('{').next().unwrap_or_default()));
}
