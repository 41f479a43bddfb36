use engine::record::{IdentityLink, IdentityLinkKind};
use query::{Table, tables};
use types::TaskId;

use super::{RowDecode, RowEncode, RowSink, RowSource};
use crate::StoreError;

/// An identity link with its place at its task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityLinkRow {
    pub task_id: TaskId,
    pub position: usize,
    pub link: IdentityLink,
}

impl RowEncode for IdentityLinkRow {
    const TABLE: &'static Table = &tables::IDENTITY_LINK;
    const FIXED: &'static [&'static str] = &["position"];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.task_id.0);
        row.counter(self.position as u64);
        row.text(self.link.kind.name());
        row.optional_text(self.link.user_id.as_deref());
        row.optional_text(self.link.group_id.as_deref());
    }
}

impl RowDecode for IdentityLinkRow {
    fn decode(row: &mut impl RowSource) -> Result<Self, StoreError> {
        let task_id = TaskId(row.uuid()?);
        let position = row.narrow()?;
        let kind = IdentityLinkKind::from_name(row.text()?);
        let link = IdentityLink { kind, user_id: row.optional_text()?, group_id: row.optional_text()? };
        Ok(IdentityLinkRow { task_id, position, link })
    }
}
