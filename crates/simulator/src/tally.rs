//! How much has happened, so that it can be seen that the world was worth a look.

use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub commits: u64,
    pub units: u64,
    pub conflicts: u64,
    pub refusals: u64,
    pub lost_answers: u64,
    pub crashes: u64,
    pub stalls: u64,
    pub clock_jumps: u64,
    pub claimed: u64,
    pub taken_over: u64,
    pub completions: u64,
    pub jobs: u64,
    pub instances: u64,
    pub virtual_ms: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.commits += other.commits;
        self.units += other.units;
        self.conflicts += other.conflicts;
        self.refusals += other.refusals;
        self.lost_answers += other.lost_answers;
        self.crashes += other.crashes;
        self.stalls += other.stalls;
        self.clock_jumps += other.clock_jumps;
        self.claimed += other.claimed;
        self.taken_over += other.taken_over;
        self.completions += other.completions;
        self.jobs += other.jobs;
        self.instances += other.instances;
        self.virtual_ms += other.virtual_ms;
    }
}
