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
        let place = self.place.as_ref();
        row.optional_uuid(place.map(|place| place.process_instance_id.0));
        row.optional_uuid(place.map(|_| self.root_process_instance_id.0));
        row.optional_text(place.map(|place| place.definition_id.as_str()));
        row.optional_text(place.map(|place| &*place.definition_key));
        row.optional_text(self.tenant_id.as_deref());
    }
}
