//! What is to happen outside once a change set is durable. Losing one costs time, never truth: all can be found again
//! from the stored rows.

use std::sync::Arc;

use types::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// An external task of this topic can be fetched from that time on: wake who waits for it.
    ExternalTaskFetchable { topic: Arc<str>, from: Timestamp },
    /// A job is due at that time.
    JobDue { at: Timestamp },
}
