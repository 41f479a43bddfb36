use std::sync::Arc;

use types::{EventSubscriptionId, ExecutionId, ProcessInstanceId, Timestamp};

use super::Record;

/// An execution's wait for an event that comes from outside, or for compensation.
#[derive(Clone, Debug, PartialEq)]
pub struct EventSubscription {
    pub id: EventSubscriptionId,
    pub event_type: EventType,
    pub event_name: Option<Arc<str>>,
    pub execution_id: ExecutionId,
    pub process_instance_id: ProcessInstanceId,
    /// The event's element.
    pub activity_id: Arc<str>,
    pub tenant_id: Option<Arc<str>>,
    pub create_time: Timestamp,
    /// Of a scope that can be undone: the execution that remembers it.
    pub compensating_execution_id: Option<ExecutionId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    Message,
    Signal,
    Conditional,
    /// An activity that has ended can be undone; the subscription's activity does that.
    Compensate,
}

impl EventType {
    pub fn name(self) -> &'static str {
        match self {
            EventType::Message => "message",
            EventType::Signal => "signal",
            EventType::Conditional => "conditional",
            EventType::Compensate => "compensate",
        }
    }
}

impl Record for EventSubscription {
    type Id = EventSubscriptionId;

    fn id(&self) -> EventSubscriptionId {
        self.id
    }
}
