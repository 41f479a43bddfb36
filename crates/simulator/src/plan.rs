//! What kind of world a seed makes: how many take part, and how often what goes wrong. Often is in a thousand.

use crate::random::Random;

#[derive(Clone, Debug)]
pub struct Plan {
    pub nodes: usize,
    pub workers: usize,
    pub starts: usize,
    /// What arrives in order is applied in order; otherwise only what shares an aggregate is.
    pub is_in_order: bool,
    pub is_job_executor_on: bool,
    pub has_cache: bool,
    /// Nodes cannot hear each other.
    pub is_deaf: bool,
    /// Whether somebody suspends, changes, unlocks and deletes what runs.
    pub has_operator: bool,
    /// How long things go wrong, in virtual time.
    pub trouble_ms: u64,
    pub often: Often,
    /// The longest pauses between two looks at the queue, and until an answer arrives.
    pub commit_pause_ms_max: u64,
    pub answer_pause_ms_max: u64,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Often {
    pub write_refused: u64,
    pub read_refused: u64,
    pub answer_lost: u64,
    /// Of what a node tells the others.
    pub news_lost: u64,
    /// A pause of seconds instead of one of milliseconds.
    pub slow: u64,
    /// A client that goes before it is answered.
    pub client_gone: u64,
    /// Each second.
    pub crash: u64,
    pub stall: u64,
    pub clock_jump: u64,
}

impl Plan {
    pub fn of(random: &mut Random) -> Plan {
        let nodes = *random.pick(&[1, 1, 2, 2, 3]);
        let is_alone = nodes == 1;
        let mut sometimes = |most: u64| if random.chance(500) { random.below(most + 1) } else { 0 };
        let often = Often {
            write_refused: sometimes(80),
            read_refused: sometimes(30),
            // One process that loses its disk's answer does not know it from a refusal.
            answer_lost: if is_alone { 0 } else { sometimes(60) },
            news_lost: sometimes(300),
            slow: sometimes(40),
            client_gone: sometimes(60),
            crash: sometimes(150),
            stall: sometimes(100),
            clock_jump: sometimes(60),
        };
        Plan {
            nodes,
            workers: usize::try_from(random.between(1, 4)).expect("it is small"),
            starts: usize::try_from(random.between(2, 12)).expect("it is small"),
            is_in_order: is_alone || random.chance(300),
            is_job_executor_on: random.chance(900),
            has_cache: random.chance(750),
            is_deaf: random.chance(200),
            has_operator: random.chance(500),
            trouble_ms: random.between(5_000, 40_000),
            often,
            commit_pause_ms_max: *random.pick(&[0, 1, 5, 20]),
            answer_pause_ms_max: *random.pick(&[0, 1, 5, 30]),
        }
    }
}
