use std::sync::Arc;

use engine::record::{Incident, IncidentType};
use query::{Table, tables};
use types::{ExecutionId, IncidentId, JobDefinitionId, ProcessDefinitionId, ProcessInstanceId};

use super::{RowDecode, RowEncode, RowSink, RowSource};
use crate::StoreError;

impl RowEncode for Incident {
    const TABLE: &'static Table = &tables::INCIDENT;
    const FIXED: &'static [&'static str] =
        &["incident_type", "configuration", "process_instance_id", "tenant_id", "create_time"];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.text(self.incident_type.name());
        row.optional_text(self.message.as_deref());
        row.optional_text(self.configuration.as_deref());
        row.optional_uuid(self.execution_id.map(|id| id.0));
        row.optional_uuid(self.process_instance_id.map(|id| id.0));
        row.optional_text(self.definition_id.as_ref().map(ProcessDefinitionId::as_str));
        row.optional_text(self.definition_key.as_deref());
        row.optional_text(self.tenant_id.as_deref());
        row.optional_text(self.activity_id.as_deref());
        row.optional_text(self.failed_activity_id.as_deref());
        row.optional_uuid(self.job_definition_id.map(|id| id.0));
        row.time(self.create_time);
        row.uuid(self.cause_incident_id.0);
        row.uuid(self.root_cause_incident_id.0);
        row.optional_uuid(self.history_configuration);
        row.optional_text(self.annotation.as_deref());
    }
}

impl RowDecode for Incident {
    fn decode(row: &mut impl RowSource) -> Result<Self, StoreError> {
        Ok(Incident {
            id: IncidentId(row.uuid()?),
            incident_type: incident_type(row.text()?),
            message: row.optional_text()?,
            configuration: row.optional_text()?,
            execution_id: row.optional_uuid()?.map(ExecutionId),
            process_instance_id: row.optional_uuid()?.map(ProcessInstanceId),
            definition_id: row.optional_text()?.map(ProcessDefinitionId),
            definition_key: row.optional_text()?,
            tenant_id: row.optional_text()?,
            activity_id: row.optional_text()?,
            failed_activity_id: row.optional_text()?,
            job_definition_id: row.optional_uuid()?.map(JobDefinitionId),
            create_time: row.time()?,
            cause_incident_id: IncidentId(row.uuid()?),
            root_cause_incident_id: IncidentId(row.uuid()?),
            history_configuration: row.optional_uuid()?,
            annotation: row.optional_text()?,
        })
    }
}

fn incident_type(name: Arc<str>) -> IncidentType {
    let own = [IncidentType::FailedExternalTask, IncidentType::FailedJob];
    own.into_iter().find(|known| known.name() == &*name).unwrap_or(IncidentType::Other(name))
}
