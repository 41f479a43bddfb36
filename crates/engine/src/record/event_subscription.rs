use std::sync::Arc;

use types::{EventSubscriptionId, ExecutionId, ProcessInstanceId, Timestamp};

use super::Record;

/// An execution's wait for an event that comes from outside.
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    Message,
    Signal,
    Conditional,
}

impl EventType {
    pub fn name(self) -> &'static str {
        match self {
            EventType::Message => "message",
            EventType::Signal => "signal",
            EventType::Conditional => "conditional",
        }
    }
}

impl Record for EventSubscription {
    type Id = EventSubscriptionId;

    fn id(&self) -> EventSubscriptionId {
        self.id
    }
}
