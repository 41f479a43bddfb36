//! What has happened, in words, for whoever looks into a failing seed.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

#[derive(Debug)]
pub struct Trace {
    started: Instant,
    lines: Mutex<Vec<String>>,
    digest: Mutex<u64>,
}

impl Trace {
    pub fn new() -> Trace {
        Trace { started: Instant::now(), lines: Mutex::default(), digest: Mutex::new(0xcbf2_9ce4_8422_2325) }
    }

    pub fn note(&self, who: impl Display, what: impl Display) {
        let elapsed = self.started.elapsed();
        let line = format!("{:>4}.{:03} {who:<10} {what}", elapsed.as_secs(), elapsed.subsec_millis());
        let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in line.bytes() {
            *digest = (*digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Two runs that went the same way have the same one.
    pub fn digest(&self) -> u64 {
        *self.digest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
