//! New ids: UUIDv7, strictly increasing within a node, without a system call for each. They end in the 32 zero bits that
//! number what is made within an instance (ADR 0020).

use std::sync::Mutex;

use engine::IdSource;
use types::{Timestamp, Uuid};

/// Shared by all lanes. A command takes a block of ids, so that the lock is touched once per block.
#[derive(Debug)]
pub struct IdFactory {
    state: Mutex<State>,
}

/// `tail` is the 42 bits after the time: they start at a random number each millisecond and count up within it.
#[derive(Debug)]
struct State {
    millisecond: u64,
    tail: u128,
    random: u128,
}

const TAIL_BITS: u32 = 42;
/// The first bit of a new tail is clear, so that it has room to count up.
const TAIL_START_MASK: u128 = (1 << (TAIL_BITS - 1)) - 1;
/// Random steps keep ids from being guessed one after the other.
const STEP_MASK: u128 = 0x00ff_ffff;

impl IdFactory {
    /// Seeded from the operating system.
    pub fn new() -> Result<IdFactory, getrandom::Error> {
        let mut seed = [0; 16];
        getrandom::fill(&mut seed)?;
        Ok(IdFactory::seeded(u128::from_le_bytes(seed)))
    }

    /// The same seed gives the same ids at the same times.
    pub fn seeded(seed: u128) -> IdFactory {
        IdFactory { state: Mutex::new(State { millisecond: 0, tail: 0, random: seed | 1 }) }
    }

    pub fn next(&self, now: Timestamp) -> Uuid {
        let mut state = self.state.lock().expect("no holder of this lock panics");
        state.next(u64::try_from(now.0).unwrap_or(0))
    }

    /// For the length of one command.
    pub fn source(&self, now: Timestamp) -> impl IdSource + '_ {
        Source { factory: self, now }
    }
}

struct Source<'a> {
    factory: &'a IdFactory,
    now: Timestamp,
}

impl IdSource for Source<'_> {
    fn next(&mut self) -> Uuid {
        self.factory.next(self.now)
    }
}

impl State {
    fn next(&mut self, now_ms: u64) -> Uuid {
        if now_ms > self.millisecond {
            self.millisecond = now_ms;
            self.tail = self.random() & TAIL_START_MASK;
        } else {
            self.tail += 1 + (self.random() & STEP_MASK);
            if self.tail >> TAIL_BITS != 0 {
                self.millisecond += 1;
                self.tail = self.random() & TAIL_START_MASK;
            }
        }
        self.compose()
    }

    /// 48 bits of time, version 7, 12 bits, variant 2, 30 bits, 32 bits for numbers.
    fn compose(&self) -> Uuid {
        let time = u128::from(self.millisecond & 0xffff_ffff_ffff) << 80;
        let high = (self.tail >> 30) & 0xfff;
        let low = self.tail & ((1 << 30) - 1);
        Uuid(time | (7 << 76) | (high << 64) | (2 << 62) | (low << 32))
    }

    /// Xorshift over 128 bits: not for secrets, only to keep ids of several nodes apart.
    fn random(&mut self) -> u128 {
        self.random ^= self.random << 23;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 26;
        self.random.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_increase_even_when_the_clock_does_not() {
        let factory = IdFactory::new().expect("random bytes are there");
        let mut last = Uuid(0);
        for now in [1_000, 1_000, 999, 2_000, 500, 2_000] {
            for _ in 0..1_000 {
                let id = factory.next(Timestamp(now));
                assert!(id > last, "{id} comes after {last}");
                assert_eq!((id.0 >> 76) & 0xf, 7);
                assert_eq!((id.0 >> 62) & 3, 2);
                assert_eq!(id.range_start(), id);
                last = id;
            }
        }
    }

    #[test]
    fn a_full_tail_moves_on_to_the_next_millisecond() {
        let mut state = State { millisecond: 5, tail: (1 << TAIL_BITS) - 1, random: 1 };
        let before = state.compose();
        assert!(state.next(5) > before);
        assert_eq!(state.millisecond, 6);
    }
}
