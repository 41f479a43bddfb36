//! Starts, crashes and disturbs nodes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use runtime::{Clock, JobExecutor, JobLocks, NodeIdentity, Nodes, Runtime, Settings};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::inbox::Life;
use crate::node_store::NodeStore;
use crate::random::Random;
use crate::world::{Node, ORIGIN, World};

const JOB_LOCK_DURATION_MS: i64 = 20_000;

/// Begins the next life of a node.
pub fn start(world: &Arc<World>, index: usize, began: Instant, random: &mut Random) {
    let before = world.node(index);
    let life = Life { node: index, number: before.life.number + 1 };
    world.inbox.connect(life);
    world.note(life, "starts");
    let elapsed_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    let plan = &world.plan;
    let settings = Settings {
        node: NodeIdentity { name: Some(format!("node{index}").into()), ..NodeIdentity::default() },
        job_executor: if plan.is_job_executor_on { JobExecutor::On } else { JobExecutor::Off },
        job_lock_duration_ms: JOB_LOCK_DURATION_MS,
        job_locks_at_start: if plan.nodes == 1 { JobLocks::Released } else { JobLocks::Kept },
        nodes: if plan.nodes == 1 { Nodes::Alone } else { Nodes::Several },
        clock: Clock::skewed(ORIGIN.plus_ms(elapsed_ms), before.skew_ms.clone()),
        id_seed: Some(u128::from(random.number()) << 64 | u128::from(random.number())),
        aggregate_cache_bytes: if plan.has_cache { Settings::default().aggregate_cache_bytes } else { 0 },
        ..Settings::default()
    };
    let node = Node { life, runtime: None, gone: CancellationToken::new(), skew_ms: before.skew_ms };
    world.set_node(node.clone());
    let world = world.clone();
    tokio::spawn(async move {
        let store = Arc::new(NodeStore { inbox: world.inbox.clone(), life, is_deaf: world.plan.is_deaf });
        match Runtime::open(store, settings).await {
            Ok(runtime) => {
                if world.node(index).life == life {
                    if world.plan.nodes == 1 {
                        world.ledger().know_all(life);
                    }
                    world.set_node(Node { runtime: Some(runtime), ..node });
                }
            }
            Err(error) => world.violate(format!("node {index} does not start: {error}")),
        }
    });
}

/// Everything of it that was not committed is gone.
pub fn crash(world: &Arc<World>, index: usize) {
    let node = world.node(index);
    world.note(node.life, "crashes");
    world.ledger().tally.crashes += 1;
    world.inbox.cut(node.life);
    node.gone.cancel();
    world.set_node(Node { runtime: None, ..node });
}

/// A pause of everything in it, longer than some locks last.
pub fn stall(world: &Arc<World>, index: usize, random: &mut Random) {
    let node = world.node(index);
    let pause = Duration::from_millis(random.between(500, 12_000));
    world.note(node.life, format_args!("stands still for {pause:?}"));
    world.ledger().tally.stalls += 1;
    world.inbox.stall(node.life, Instant::now() + pause);
}

/// Somebody sets its clock.
pub fn jump_clock(world: &Arc<World>, index: usize, random: &mut Random) {
    let node = world.node(index);
    let jump_ms = i64::try_from(random.between(1_000, 40_000)).unwrap_or(0) - 20_000;
    world.note(node.life, format_args!("has its clock set by {jump_ms} ms"));
    world.ledger().tally.clock_jumps += 1;
    node.skew_ms.fetch_add(jump_ms, Ordering::Relaxed);
}
