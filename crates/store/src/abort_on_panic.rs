//! Threads that others wait for.

/// Held by such a thread. One that panicked leaves nobody to answer: the process stops rather than hang.
pub struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}
