//! Pauses that double while something keeps failing.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pause {
    next_ms: u64,
    longest_ms: u64,
}

impl Pause {
    pub(crate) const fn between(shortest_ms: u64, longest_ms: u64) -> Pause {
        Pause { next_ms: shortest_ms, longest_ms }
    }

    pub(crate) fn next(&mut self) -> Duration {
        let pause = Duration::from_millis(self.next_ms);
        self.next_ms = (self.next_ms * 2).min(self.longest_ms);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_its_longest() {
        let mut pause = Pause::between(50, 150);
        let pauses: Vec<u128> = (0..4).map(|_| pause.next().as_millis()).collect();
        assert_eq!(pauses, [50, 100, 150, 150]);
    }
}
