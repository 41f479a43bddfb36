use engine::history::HistoricTask;
use query::{Table, tables};

use super::{RowEncode, RowSink};

impl RowEncode for HistoricTask {
    const TABLE: &'static Table = &tables::HISTORIC_TASK;
    const FIXED: &'static [&'static str] = &[
        "process_instance_id",
        "root_process_instance_id",
        "activity_id",
        "activity_instance_id",
        "tenant_id",
        "start_time",
    ];

    fn encode(&self, row: &mut impl RowSink) {
        let task = &self.task;
        let place = task.place.as_ref();
        row.uuid(task.id.0);
        row.optional_uuid(place.map(|place| place.process_instance_id.0));
        row.optional_uuid(place.map(|_| task.root_process_instance_id.0));
        row.optional_uuid(place.map(|place| place.execution_id.0));
        row.optional_text(place.map(|place| place.definition_id.as_str()));
        row.optional_text(place.map(|place| &*place.definition_key));
        row.optional_text(place.map(|place| &*place.activity_id));
        row.optional_uuid(place.map(|place| place.activity_instance_id.uuid));
        row.optional_text(task.tenant_id.as_deref());
        row.optional_text(task.name.as_deref());
        row.optional_text(task.description.as_deref());
        row.optional_text(task.assignee.as_deref());
        row.optional_text(task.owner.as_deref());
        row.integer(i64::from(task.priority));
        row.time(task.create_time);
        row.optional_time(self.end.as_ref().map(|end| end.end_time));
        row.optional_time(task.due_date);
        row.optional_time(task.follow_up_date);
        row.optional_uuid(task.parent_task_id.map(|id| id.0));
        row.optional_text(self.end.as_ref().map(|end| &*end.delete_reason));
        row.text(self.state());
    }
}
