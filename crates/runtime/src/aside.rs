//! Long computations, off the threads that serve requests.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinError;

/// Where one thread does everything there are no others to spare; another one would only leave the order of things to
/// chance.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => Ok(work()),
        _ => tokio::task::spawn_blocking(work).await,
    }
}
