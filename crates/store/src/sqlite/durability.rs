//! How far what was committed is on the disk, for those who must not tell of anything that can still be lost.
//!
//! Commits are numbered. A commit can be seen by other connections before it is durable. Its number is announced before
//! it can be seen, so that whoever has read something finds a number here that is not smaller than that of any commit
//! it has seen. Numbers become durable in order.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

#[derive(Debug, Default)]
pub struct Durability {
    /// The newest commit that anybody may have seen.
    announced: AtomicU64,
    /// It and all before it are on the disk.
    durable: AtomicU64,
    /// The same, for those who wait.
    told: watch::Sender<u64>,
}

impl Durability {
    /// Of the commit that is announced next. Only one thread commits.
    pub fn next(&self) -> u64 {
        self.announced.load(Ordering::Relaxed) + 1
    }

    /// A commit is going to be made. Answers its number.
    pub fn announce(&self) -> u64 {
        let number = self.next();
        self.announced.store(number, Ordering::SeqCst);
        number
    }

    /// The commit and all before it are on the disk, or have left nothing that could be seen.
    pub fn reach(&self, number: u64) {
        self.durable.store(number, Ordering::SeqCst);
        self.told.send_replace(number);
    }

    /// Commits that were announced and are not durable.
    pub fn owed(&self) -> u64 {
        let durable = self.durable.load(Ordering::SeqCst);
        self.announced.load(Ordering::SeqCst).saturating_sub(durable)
    }

    /// Waits until all that anybody has seen before the call is durable. Costs two loads where nothing is owed.
    pub async fn settled(&self) {
        self.reached(self.announced.load(Ordering::SeqCst)).await;
    }

    /// Waits until this commit and all before it are durable.
    pub async fn reached(&self, number: u64) {
        if self.durable.load(Ordering::SeqCst) < number {
            // The sender is ours, so it has not gone.
            let _ = self.told.subscribe().wait_for(|durable| *durable >= number).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn who_has_seen_a_commit_waits_for_it_and_no_longer() {
        let durability = Durability::default();
        durability.settled().await;
        let first = durability.announce();
        let second = durability.announce();
        let mut waits = std::pin::pin!(durability.settled());
        assert!(waits.as_mut().now_or_never().is_none());
        durability.reach(first);
        assert_eq!(durability.owed(), 1);
        assert!(waits.as_mut().now_or_never().is_none());
        durability.announce();
        durability.reach(second);
        waits.await;
        assert_eq!(durability.owed(), 1, "what came later is not waited for");
    }
}
