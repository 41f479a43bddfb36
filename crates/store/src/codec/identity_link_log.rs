use engine::history::IdentityLinkLogEntry;
use query::{Table, tables};

use super::{RowEncode, RowSink};

impl RowEncode for IdentityLinkLogEntry {
    const TABLE: &'static Table = &tables::IDENTITY_LINK_LOG;
    const FIXED: &'static [&'static str] = &[];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.time(self.time);
        row.text(self.link.kind.name());
        row.optional_text(self.link.user_id.as_deref());
        row.optional_text(self.link.group_id.as_deref());
        row.uuid(self.task_id.0);
        row.text(if self.is_added { "add" } else { "delete" });
        row.uuid(self.process_instance_id.0);
        row.uuid(self.root_process_instance_id.0);
        row.text(&self.definition_id.0);
        row.text(&self.definition_key);
        row.optional_text(self.tenant_id.as_deref());
    }
}
