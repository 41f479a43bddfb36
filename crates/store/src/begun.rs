//! Of which definitions a change set begins instances.

use engine::{ChangeSet, TableChange};

/// With whether it must not be suspended: a root instance does not begin then, a called one goes on.
pub fn begun_definitions(change_set: &ChangeSet) -> impl Iterator<Item = (&str, bool)> {
    change_set.process_instances.iter().filter_map(|change| match change {
        TableChange::Insert(instance) => {
            Some((instance.definition_id.as_str(), instance.id == instance.root_process_instance_id))
        }
        TableChange::Update(_) | TableChange::Delete(_) => None,
    })
}
