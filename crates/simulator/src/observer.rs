//! Looks at each aggregate that a commit has touched: it must be whole, and what the ledger says.

use std::collections::BTreeSet;

use engine::{Aggregate, ChangeSet};
use store::Work;
use store::sqlite::Driver;
use types::ProcessInstanceId;

use crate::ledger::{Ledger, Violation};

/// The aggregates that a unit changes.
pub fn roots_of(work: &Work) -> BTreeSet<ProcessInstanceId> {
    change_sets_of(work).iter().map(|change_set| change_set.root_process_instance_id).collect()
}

pub fn change_sets_of(work: &Work) -> &[ChangeSet] {
    match work {
        Work::Apply(change_sets) | Work::ApplyAndRun(change_sets, _) | Work::ApplyAndNote(change_sets, _) => {
            change_sets
        }
        Work::Claim(_) | Work::Run(_) | Work::Remove(_) | Work::ClaimJobs(_) | Work::ReleaseExpired { .. } => &[],
    }
}

pub fn check(driver: &Driver<'_>, ledger: &Ledger, root: ProcessInstanceId) -> Result<(), Violation> {
    let snapshot = driver.load(root).map_err(|error| format!("the instance {root} cannot be loaded: {error}"))?;
    let Some(snapshot) = snapshot else {
        return match ledger.instances.get(&root) {
            Some(truth) if !truth.is_ended => Err(format!("the instance {root} runs and is not stored")),
            _ => Ok(()),
        };
    };
    let stored: BTreeSet<_> = snapshot.external_tasks.iter().map(|task| task.id).collect();
    let aggregate = Aggregate::from_snapshot(snapshot).map_err(|broken| format!("{root} is torn: {broken:?}"))?;
    aggregate.check_invariants().map_err(|broken| format!("{root} is torn: {broken:?}"))?;
    if aggregate
        .process_instances()
        .any(|instance| ledger.instances.get(&instance.id).is_none_or(|truth| truth.is_ended))
    {
        return Err(format!("the instance {root} is stored and does not run"));
    }
    let told: BTreeSet<_> = ledger
        .external_tasks
        .iter()
        .filter(|(_, truth)| !truth.is_gone && truth.row.root_process_instance_id == root)
        .map(|(id, _)| *id)
        .collect();
    if told != stored {
        return Err(format!("the instance {root} has the tasks {stored:?}, committed were {told:?}"));
    }
    Ok(())
}
