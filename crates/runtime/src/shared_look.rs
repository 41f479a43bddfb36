//! A look that many ask for at once: one serves all who asked for it before it began.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use crate::error::Error;

#[derive(Debug)]
pub(crate) struct SharedLook {
    turn: Semaphore,
    /// How many have begun, and which of them was the last one that succeeded.
    begun: AtomicU64,
    done: AtomicU64,
}

impl SharedLook {
    pub(crate) fn new() -> SharedLook {
        SharedLook { turn: Semaphore::new(1), begun: AtomicU64::new(0), done: AtomicU64::new(0) }
    }

    /// Ends after a look that has begun after this was called.
    pub(crate) async fn look(&self, look: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
        let wanted = self.begun.load(Ordering::Acquire) + 1;
        let _turn = self.turn.acquire().await.expect("it is never closed");
        if self.done.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        let number = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        look.await?;
        self.done.store(number, Ordering::Release);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_look_serves_all_who_asked_before_it_began() {
        let (shared, looks) = (SharedLook::new(), AtomicU64::new(0));
        let (begun, may_end) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
        let look = || async {
            if looks.fetch_add(1, Ordering::Relaxed) == 0 {
                begun.notify_one();
                may_end.notified().await;
            }
            Ok(())
        };
        let late = async {
            begun.notified().await;
            let (one, other) = (shared.look(look()), shared.look(look()));
            let ending = async {
                may_end.notify_one();
                Ok(())
            };
            let (one, other, ended) = tokio::join!(one, other, ending);
            one.and(other).and(ended)
        };
        let (first, others): (Result<(), Error>, Result<(), Error>) = tokio::join!(shared.look(look()), late);
        first.and(others).expect("all looks succeed");
        assert_eq!(looks.into_inner(), 2, "the first one had begun before the others asked");
    }
}
