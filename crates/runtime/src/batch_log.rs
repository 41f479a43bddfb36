//! The job log of batches, whose jobs belong to no instance.

use std::sync::Arc;

use engine::HistoryLevel;
use engine::history::JobLogKind;
use query::{Mutation, SqlValue, tables};
use store::codec::historic_job_log::kind_number;
use store::work::ExpectedStatement;
use types::{BatchId, JobDefinitionId, JobId};

use crate::job_row::StoredJob;
use crate::row;
use crate::shared::Shared;

/// What the log says of a job.
pub(crate) struct LoggedJob<'j> {
    pub id: JobId,
    pub job_definition_id: Option<JobDefinitionId>,
    pub handler: &'j Arc<str>,
    pub batch_id: BatchId,
    pub retries: i32,
}

impl StoredJob {
    /// `None` of a job that belongs to no batch.
    pub(crate) fn logged(&self) -> Option<LoggedJob<'_>> {
        Some(LoggedJob {
            id: self.id,
            job_definition_id: self.job_definition_id,
            handler: &self.handler,
            batch_id: self.batch_id?,
            retries: self.retries,
        })
    }
}

impl Shared {
    /// Nothing unless the whole history is kept.
    pub(crate) fn batch_job_log(&self, kind: JobLogKind, job: &LoggedJob<'_>) -> Option<ExpectedStatement> {
        if self.settings.history_level != HistoryLevel::Full {
            return None;
        }
        let now = self.now();
        let values = [
            ("id", row::id(self.ids.next(now))),
            ("kind", SqlValue::Integer(kind_number(kind))),
            ("logged_at", row::time(now)),
            ("job_id", row::id(job.id.0)),
            ("retries", row::number(job.retries)),
            ("priority", SqlValue::Integer(0)),
            ("job_definition_id", job.job_definition_id.map_or(SqlValue::Null, |id| row::id(id.0))),
            ("job_type", row::text(job.handler)),
            ("job_configuration", SqlValue::Text(job.batch_id.to_string().into())),
            ("host_name", row::text(&self.settings.host_name)),
            ("batch_id", row::id(job.batch_id.0)),
        ];
        let (columns, cells) = values.into_iter().unzip();
        Some(self.statement(&Mutation::Insert { table: &tables::HISTORIC_JOB_LOG, columns, rows: vec![cells] }))
    }
}
