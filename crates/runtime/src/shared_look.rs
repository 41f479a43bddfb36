//! A look that many ask for at once: one serves all who asked for it before it began.
//!
//! Looks run in a task of their own. Whoever waits for one only waits: nobody ever depends on another one being polled.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt;
use tokio::sync::oneshot;

use crate::error::Error;

type Look = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

#[derive(Debug, Default)]
pub(crate) struct SharedLook {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_under_way: bool,
    /// Begins when what is under way has ended.
    next: Option<Asked>,
}

struct Asked {
    look: Look,
    who: Vec<oneshot::Sender<Result<(), Error>>>,
}

impl SharedLook {
    /// Ends after a look that has begun after this was called. All looks are alike: it may be that of someone else.
    pub(crate) async fn look(
        self: &Arc<Self>,
        look: impl Future<Output = Result<(), Error>> + Send + 'static,
    ) -> Result<(), Error> {
        let (tell, told) = oneshot::channel();
        let is_idle = {
            let mut state = self.lock();
            match &mut state.next {
                Some(asked) => asked.who.push(tell),
                None => state.next = Some(Asked { look: Box::pin(look), who: vec![tell] }),
            }
            !std::mem::replace(&mut state.is_under_way, true)
        };
        if is_idle {
            tokio::spawn(self.clone().run());
        }
        told.await.unwrap_or(Err(Error::ShuttingDown))
    }

    async fn run(self: Arc<Self>) {
        while let Some(Asked { look, who }) = self.begin_next() {
            let panicked = |_| Err(Error::Defect("a look broke an invariant".to_owned()));
            let result = AssertUnwindSafe(look).catch_unwind().await.unwrap_or_else(panicked);
            for one in who {
                // Who has gone does not need to know.
                let _ = one.send(result.clone());
            }
        }
    }

    fn begin_next(&self) -> Option<Asked> {
        let mut state = self.lock();
        let next = state.next.take();
        state.is_under_way = next.is_some();
        next
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("who", &self.who.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    /// Looks that end when they may, and are counted when they begin.
    struct Looks {
        shared: Arc<SharedLook>,
        begun: Arc<AtomicUsize>,
        may_end: Arc<Semaphore>,
    }

    impl Looks {
        fn new() -> Looks {
            Looks { shared: Arc::default(), begun: Arc::default(), may_end: Arc::new(Semaphore::new(0)) }
        }

        fn ask(&self, outcome: Result<(), Error>) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
            let (shared, begun, may_end) = (self.shared.clone(), self.begun.clone(), self.may_end.clone());
            Box::pin(async move {
                let look = async move {
                    begun.fetch_add(1, Ordering::SeqCst);
                    may_end.acquire().await.expect("it is never closed").forget();
                    outcome
                };
                shared.look(look).await
            })
        }

        async fn until_begun(&self, looks: usize) {
            while self.begun.load(Ordering::SeqCst) < looks {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn one_look_serves_all_who_asked_before_it_began() {
        let looks = Looks::new();
        let first = tokio::spawn(looks.ask(Ok(())));
        looks.until_begun(1).await;
        let (mut one, mut other) = (looks.ask(Ok(())), looks.ask(Ok(())));
        assert!((&mut one).now_or_never().is_none() && (&mut other).now_or_never().is_none());
        looks.may_end.add_permits(2);
        first.await.expect("not cancelled").expect("it succeeds");
        one.await.and(other.await).expect("they succeed");
        assert_eq!(looks.begun.load(Ordering::SeqCst), 2, "the first one had begun before the others asked");
    }

    /// A request that stands still, because what polls it is busy with another one, holds up only itself.
    #[tokio::test]
    async fn nobody_waits_for_one_who_is_not_polled() {
        let looks = Looks::new();
        let (mut one, mut other) = (looks.ask(Ok(())), looks.ask(Ok(())));
        assert!((&mut one).now_or_never().is_none());
        looks.until_begun(1).await;
        assert!((&mut other).now_or_never().is_none());
        looks.may_end.add_permits(3);
        // Neither the one that asked first nor the one that is next is polled any more.
        looks.ask(Ok(())).await.expect("it succeeds");
        one.await.and(other.await).expect("they succeed");
    }

    #[tokio::test]
    async fn a_failure_is_that_of_all_who_wait_and_ends_with_them() {
        let looks = Looks::new();
        let failure = Error::Defect("no look".to_owned());
        let (mut one, mut other) = (looks.ask(Err(failure.clone())), looks.ask(Ok(())));
        assert!((&mut one).now_or_never().is_none() && (&mut other).now_or_never().is_none());
        looks.may_end.add_permits(2);
        assert_eq!((one.await, other.await), (Err(failure.clone()), Err(failure)));
        looks.ask(Ok(())).await.expect("the next one is a new one");
    }
}
