use engine::record::{EventSubscription, EventType};
use query::{Table, tables};
use types::{EventSubscriptionId, ExecutionId, ProcessInstanceId};

use super::{RowDecode, RowEncode, RowSink, RowSource, corrupt};
use crate::StoreError;

impl RowEncode for EventSubscription {
    const TABLE: &'static Table = &tables::EVENT_SUBSCRIPTION;
    const FIXED: &'static [&'static str] =
        &["event_type", "event_name", "process_instance_id", "tenant_id", "create_time", "definition_id"];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.text(self.event_type.name());
        row.optional_text(self.event_name.as_deref());
        row.uuid(self.execution_id.0);
        row.uuid(self.process_instance_id.0);
        row.text(&self.activity_id);
        row.optional_text(self.tenant_id.as_deref());
        row.time(self.create_time);
        // Only start events have a definition, and they belong to no instance.
        row.optional_text(None);
        row.optional_uuid(self.compensating_execution_id.map(|id| id.0));
    }
}

impl RowDecode for EventSubscription {
    fn decode(row: &mut impl RowSource) -> Result<Self, StoreError> {
        let mut subscription = EventSubscription {
            id: EventSubscriptionId(row.uuid()?),
            event_type: event_type(&row.text()?)?,
            event_name: row.optional_text()?,
            execution_id: ExecutionId(row.uuid()?),
            process_instance_id: ProcessInstanceId(row.uuid()?),
            activity_id: row.text()?,
            tenant_id: row.optional_text()?,
            create_time: row.time()?,
            compensating_execution_id: None,
        };
        row.optional_text()?;
        subscription.compensating_execution_id = row.optional_uuid()?.map(ExecutionId);
        Ok(subscription)
    }
}

fn event_type(name: &str) -> Result<EventType, StoreError> {
    match name {
        name if name == EventType::Message.name() => Ok(EventType::Message),
        name if name == EventType::Signal.name() => Ok(EventType::Signal),
        name if name == EventType::Conditional.name() => Ok(EventType::Conditional),
        name if name == EventType::Compensate.name() => Ok(EventType::Compensate),
        _ => Err(corrupt("an event subscription has an unknown type")),
    }
}
