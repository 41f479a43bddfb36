//! What becomes of what the database is asked, and when.

use std::time::Duration;

use store::StoreError;

use crate::plan::Plan;
use crate::random::Random;

const SLOW_MS: (u64, u64) = (500, 3_000);

/// The dice of the database.
#[derive(Debug)]
pub struct Fate {
    pub random: Random,
    plan: Plan,
    /// Nothing goes wrong any more.
    is_calm: bool,
}

impl Fate {
    pub fn new(random: Random, plan: Plan) -> Fate {
        Fate { random, plan, is_calm: true }
    }

    pub fn trouble(&mut self) {
        self.is_calm = false;
    }

    pub fn calm(&mut self) {
        self.is_calm = true;
    }

    pub fn commit_pause(&mut self) -> Duration {
        self.pause(self.plan.commit_pause_ms_max)
    }

    pub fn answer_pause(&mut self) -> Duration {
        self.pause(self.plan.answer_pause_ms_max)
    }

    fn pause(&mut self, ms_max: u64) -> Duration {
        if self.happens(self.plan.often.slow) {
            return Duration::from_millis(self.random.between(SLOW_MS.0, SLOW_MS.1));
        }
        Duration::from_millis(self.random.below(ms_max + 1))
    }

    pub fn refuses_write(&mut self) -> bool {
        self.happens(self.plan.often.write_refused)
    }

    pub fn refuses_read(&mut self) -> bool {
        self.happens(self.plan.often.read_refused)
    }

    pub fn loses_answer(&mut self) -> bool {
        self.happens(self.plan.often.answer_lost)
    }

    pub fn loses_news(&mut self) -> bool {
        self.happens(self.plan.often.news_lost)
    }

    fn happens(&mut self, often: u64) -> bool {
        !self.is_calm && often > 0 && self.random.chance(often)
    }
}

pub fn refused() -> StoreError {
    StoreError::Unavailable("the simulated database refuses".to_owned())
}

pub fn unknown() -> StoreError {
    StoreError::OutcomeUnknown("the simulated connection broke".to_owned())
}
