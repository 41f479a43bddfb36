//! How often values lie below each of some bounds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// For durations in microseconds: from half a millisecond to 30 seconds.
pub const DURATION_BOUNDS_US: &[u64] =
    &[500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000, 30_000_000];

/// For how many things were done together.
pub const SIZE_BOUNDS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One more than bounds: the last is for what lies above all of them.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a histogram held at about one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramReading {
    /// The upper bound of each bucket, and the number of values in it, not counting those of lower ones; without a
    /// bound for the rest.
    pub buckets: Vec<(Option<u64>, u64)>,
    pub sum: u64,
}

impl Histogram {
    /// Bounds are ascending and belong to the bucket below them.
    pub fn new(bounds: &'static [u64]) -> Histogram {
        Histogram { bounds, buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    pub fn observe(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// In microseconds.
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    pub fn read(&self) -> HistogramReading {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        let buckets = bounds.zip(self.buckets.iter().map(|count| count.load(Ordering::Relaxed))).collect();
        HistogramReading { buckets, sum: self.sum.load(Ordering::Relaxed) }
    }
}

impl HistogramReading {
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_the_bucket_below_it() {
        let histogram = Histogram::new(&[1, 10]);
        for value in [0, 1, 2, 10, 11] {
            histogram.observe(value);
        }
        let read = histogram.read();
        assert_eq!(read.buckets, [(Some(1), 2), (Some(10), 2), (None, 1)]);
        assert_eq!((read.count(), read.sum), (5, 24));
    }

    #[test]
    fn durations_are_counted_in_microseconds() {
        let histogram = Histogram::new(DURATION_BOUNDS_US);
        histogram.observe_duration(Duration::from_millis(2));
        assert_eq!(histogram.read().sum, 2_000);
    }
}
