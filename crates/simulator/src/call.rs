//! One request of a client to a node, with all that can come between them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use engine::{Rejection, RejectionKind};
use runtime::{Error, Runtime};
use tokio::time::Instant;

use crate::inbox::Life;
use crate::random::Random;
use crate::world::World;

/// A client waits so long for an answer, as those with a timeout do, besides what it has asked to wait.
const PATIENCE: Duration = Duration::from_secs(60);
const RECONNECT_PAUSE_MS: u64 = 200;

#[derive(Debug)]
pub enum Failure {
    /// The node, or the client itself, went before there was an answer: it may have happened or not.
    Lost,
    /// 5xx or 429: the same.
    Unavailable,
    Refused(Rejection),
}

impl Failure {
    pub fn is_not_found(&self) -> bool {
        matches!(self, Failure::Refused(rejection) if rejection.kind == RejectionKind::NotFound)
    }
}

impl World {
    /// Sends a request to some node that is there.
    pub async fn call<T, F: Future<Output = Result<T, Error>>>(
        self: &Arc<Self>,
        random: &mut Random,
        request: impl FnOnce(Runtime) -> F,
    ) -> Result<T, Failure> {
        self.call_for(Duration::ZERO, random, |runtime, _| request(runtime)).await
    }

    /// The same where the answer is allowed to take that long.
    pub async fn call_for<T, F: Future<Output = Result<T, Error>>>(
        self: &Arc<Self>,
        wait: Duration,
        random: &mut Random,
        request: impl FnOnce(Runtime, Life) -> F,
    ) -> Result<T, Failure> {
        let node = self.node(random.index(self.plan.nodes));
        let Some(runtime) = node.runtime.clone() else {
            tokio::time::sleep(Duration::from_millis(RECONNECT_PAUSE_MS)).await;
            return Err(Failure::Unavailable);
        };
        let leaves = !self.is_calm() && random.chance(self.plan.often.client_gone);
        let patience = if leaves { Duration::from_millis(random.below(200)) } else { wait + PATIENCE };
        let until = Instant::now() + patience;
        let answered = tokio::select! {
            biased;
            () = node.gone.cancelled() => return Err(Failure::Lost),
            answered = tokio::time::timeout_at(until, request(runtime, node.life)) => answered,
        };
        match answered {
            Err(_) => Err(Failure::Lost),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Error::Rejected(rejection))) => Err(Failure::Refused(rejection)),
            Ok(Err(
                Error::Store(_) | Error::OptimisticLocking { .. } | Error::Overloaded { .. } | Error::ShuttingDown,
            )) => Err(Failure::Unavailable),
            Ok(Err(error @ (Error::Parse { .. } | Error::NotImplemented(_) | Error::Defect(_)))) => {
                self.violate(format!("node {} answers: {error}", node.life.node));
                Err(Failure::Unavailable)
            }
        }
    }
}
