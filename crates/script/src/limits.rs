//! How much one run of a script may cost. Reaching a limit is a failure of the script, never a hang.

use std::time::Duration;

/// Bounds of one run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of the processor.
    pub time: Duration,
    /// Of everything the script keeps at the same time, the language's own objects included.
    pub memory_bytes: usize,
    pub stack_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { time: Duration::from_secs(1), memory_bytes: 32 << 20, stack_bytes: 512 << 10 }
    }
}

/// Objects of the host that one script holds at the same time.
pub(crate) const HANDLES_MAX: usize = 100_000;
