//! Camunda's REST API over the runtime: what a request says, what an answer looks like, and nothing in between.
//!
//! A request becomes a `Call`, its operation's handler turns it into commands or queries, and the `Answer` or `Failure`
//! becomes JSON. Handlers hold no BPMN semantics and no SQL.

pub mod answer;
pub mod api;
pub mod call;
pub mod delivery;
pub mod direct;
pub mod discard;
pub mod dto;
pub mod endpoint;
pub mod failure;
pub mod form;
pub mod generated_form;
pub mod given;
pub mod idempotency;
pub mod json;
pub mod list;
pub mod media;
pub mod metrics;
pub mod operation;
pub mod query_string;
pub mod router;
pub mod row;
pub mod serve;
pub mod settings;
pub mod trace;

pub use answer::Answer;
pub use api::Api;
pub use call::Call;
pub use failure::{Failure, Look};
pub use metrics::RestMetrics;
pub use operation::{OPERATIONS, Operation};
pub use serve::serve;
pub use settings::RestSettings;
