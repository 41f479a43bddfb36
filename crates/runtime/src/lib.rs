//! The shell around the pure core: lanes and their cache, long polling, deployments, jobs, batches, clock and ids.
//!
//! Knows neither HTTP nor SQL text. Nothing is answered before it is durable.

pub mod clock;
pub mod error;
pub mod id;
pub mod request;
pub mod settings;

mod runtime;

pub use clock::Clock;
pub use error::Error;
pub use request::*;
pub use runtime::{FetchedTasks, Runtime};
pub use settings::{JobExecutor, Settings};

pub use bpmn::{Diagnostic, ParseFailure};
pub use store::{ClaimOrder, ClaimTenants, ClaimTopic, ClaimVariables, LocatedBy, LockedExternalTask, StoreError};
