use engine::record::{Execution, ExecutionKind, Visit};
use query::{Table, tables};
use types::{ActivityInstanceId, ExecutionId, ProcessInstanceId};

use super::{RowDecode, RowEncode, RowSink, RowSource, corrupt};
use crate::StoreError;

impl RowEncode for Execution {
    const TABLE: &'static Table = &tables::EXECUTION;
    const FIXED: &'static [&'static str] = &["process_instance_id"];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.uuid(self.process_instance_id.0);
        row.optional_uuid(self.parent_id.map(|id| id.0));
        row.integer(kind_number(self.kind));
        row.optional_text(self.scope.as_ref().and_then(|scope| scope.activity_id.as_deref()));
        row.optional_uuid(self.scope.as_ref().map(|scope| scope.uuid));
        // Without an activity instance it is where a job goes on.
        row.optional_text(
            self.at.as_ref().map(|visit| &visit.activity_id).or(self.continuation.as_ref()).map(|id| &**id),
        );
        row.optional_uuid(self.at.as_ref().map(|visit| visit.activity_instance_id.uuid));
        row.boolean(self.at.as_ref().is_some_and(|visit| visit.is_active));
    }
}

impl RowDecode for Execution {
    fn decode(row: &mut impl RowSource) -> Result<Self, StoreError> {
        let id = ExecutionId(row.uuid()?);
        let process_instance_id = ProcessInstanceId(row.uuid()?);
        let parent_id = row.optional_uuid()?.map(ExecutionId);
        let kind = kind_of(row.integer()?)?;
        let scope_activity_id = row.optional_text()?;
        let scope = row.optional_uuid()?.map(|uuid| ActivityInstanceId { activity_id: scope_activity_id, uuid });
        let activity_id = row.optional_text()?;
        let visit_uuid = row.optional_uuid()?;
        let is_active = row.boolean()?;
        let (at, continuation) = match (activity_id, visit_uuid) {
            (Some(activity_id), Some(uuid)) => {
                let activity_instance_id = ActivityInstanceId::of_activity(activity_id.clone(), uuid);
                (Some(Visit { activity_id, activity_instance_id, is_active }), None)
            }
            (continuation, _) => (None, continuation),
        };
        Ok(Execution { id, process_instance_id, parent_id, kind, scope, at, continuation })
    }
}

fn kind_number(kind: ExecutionKind) -> i64 {
    match kind {
        ExecutionKind::ProcessInstance => 0,
        ExecutionKind::Scope => 1,
        ExecutionKind::Concurrent => 2,
        ExecutionKind::EventScope => 3,
        ExecutionKind::Compensating => 4,
    }
}

fn kind_of(number: i64) -> Result<ExecutionKind, StoreError> {
    match number {
        0 => Ok(ExecutionKind::ProcessInstance),
        1 => Ok(ExecutionKind::Scope),
        2 => Ok(ExecutionKind::Concurrent),
        3 => Ok(ExecutionKind::EventScope),
        4 => Ok(ExecutionKind::Compensating),
        _ => Err(corrupt("an execution has an unknown kind")),
    }
}
