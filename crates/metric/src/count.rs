//! Numbers that go up, and numbers that go up and down.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Only goes up.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

/// How many of something there are now.
#[derive(Debug, Default)]
pub struct Gauge(AtomicUsize);

/// One that counts until it is dropped.
#[derive(Debug)]
pub struct Counted<'g>(&'g Gauge);

impl Counter {
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Gauge {
    /// One more. Answers how many there were before.
    pub fn increment(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    pub fn decrement(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn set(&self, count: usize) {
        self.0.store(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// One more, until what is answered is dropped.
    pub fn count(&self) -> Counted<'_> {
        self.increment();
        Counted(self)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.decrement();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_counts_what_is_there() {
        let gauge = Gauge::default();
        assert_eq!(gauge.increment(), 0);
        let counted = gauge.count();
        assert_eq!(gauge.get(), 2);
        drop(counted);
        gauge.decrement();
        assert_eq!(gauge.get(), 0);
    }
}
