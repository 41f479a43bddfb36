//! Counting what happens: counters, gauges and histograms that cost an atomic addition.
//!
//! Knows no format in which they are shown. Reading is not one moment: a histogram that is written meanwhile may show its
//! sum and its buckets one observation apart.

mod count;
mod counts_by_name;
mod histogram;

pub use count::{Counted, Counter, Gauge};
pub use counts_by_name::{CountsByName, OTHERS};
pub use histogram::{DURATION_BOUNDS_US, Histogram, HistogramReading, SIZE_BOUNDS};
