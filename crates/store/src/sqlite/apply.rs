//! Applying a change set: first what it was decided on is checked, then its rows are written without conditions.

use engine::record::{Record, Task, VariableInstance};
use engine::{ChangeSet, DefinitionCheck, ExternalTaskGuard, JobGuard, RevisionCheck, TableChange};
use types::{ProcessInstanceId, Uuid};

use super::row::{BoundRow, bind_uuid};
use super::statements::{
    AggregateStatements, IdentityLinkStatements, Statements, TableStatements, VARIABLE_IN_PLACE_COLUMNS, execute_by_id,
    insert_row,
};
use crate::StoreError;
use crate::begun::begun_definitions;
use crate::codec::RowEncode;
use crate::codec::identity_link::IdentityLinkRow;

impl Statements<'_> {
    /// `StoreError::Conflict` from the checks leaves nothing behind; any other failure leaves a part.
    pub fn apply(&mut self, change_set: &ChangeSet) -> Result<(), StoreError> {
        let root = change_set.root_process_instance_id;
        let ended = ended_instances(change_set);
        self.aggregate.check_guards(&change_set.guards)?;
        if let Some(guard) = &change_set.job {
            self.aggregate.check_job(guard)?;
        }
        if change_set.definitions == DefinitionCheck::Checked {
            self.aggregate.check_definitions(change_set)?;
        }
        self.aggregate.check_revision(change_set, !ended.is_empty())?;
        for change in &change_set.process_instances {
            match change {
                TableChange::Insert(record) => self.process_instances.insert(record)?,
                TableChange::Update(record) => self.process_instances.update(record)?,
                TableChange::Delete(id) if *id == root && matches!(change_set.revision, RevisionCheck::Bump { .. }) => {
                }
                TableChange::Delete(id) => self.process_instances.delete(id.0)?,
            }
        }
        apply_table(&mut self.executions, &change_set.executions, &ended, |id| id.0)?;
        apply_table(&mut self.external_tasks, &change_set.external_tasks, &ended, |id| id.0)?;
        apply_tasks(&mut self.tasks, &mut self.identity_links, &change_set.tasks)?;
        self.apply_variables(&change_set.variables, &ended)?;
        if !ended.is_empty() {
            self.delete_variables_of_ended_tasks(&change_set.tasks)?;
        }
        apply_table(&mut self.jobs, &change_set.jobs, &ended, |id| id.0)?;
        apply_table(&mut self.event_subscriptions, &change_set.event_subscriptions, &ended, |id| id.0)?;
        apply_table(&mut self.incidents, &change_set.incidents, &ended, |id| id.0)?;
        change_set.history.iter().try_for_each(|change| self.history.apply(change))
    }

    /// Those of tasks without a process, which do not go with an instance.
    fn delete_variables_of_ended_tasks(&mut self, changes: &[TableChange<Task>]) -> Result<(), StoreError> {
        for change in changes {
            if let TableChange::Delete(id) = change {
                execute_by_id(&mut self.variables_of_task, id.0)?;
            }
        }
        Ok(())
    }

    fn apply_variables(
        &mut self,
        changes: &[TableChange<VariableInstance>],
        ended: &[ProcessInstanceId],
    ) -> Result<(), StoreError> {
        if !ended.is_empty() {
            return apply_table(&mut self.variables, changes, ended, |id| id.0);
        }
        for change in changes {
            match change {
                TableChange::Insert(record) => self.variables.insert(record)?,
                TableChange::Update(record) => {
                    let mut row = BoundRow::new(&mut self.variable_in_place, VARIABLE_IN_PLACE_COLUMNS);
                    record.encode(&mut row);
                    if row.execute()? == 0 {
                        self.variables.update(record)?;
                    }
                }
                TableChange::Delete(id) => self.variables.delete(id.0)?,
            }
        }
        Ok(())
    }
}

impl AggregateStatements<'_> {
    fn check_guards(&mut self, guards: &[ExternalTaskGuard]) -> Result<(), StoreError> {
        for guard in guards {
            bind_uuid(&mut self.lock_epoch, 1, guard.id.0)?;
            let mut rows = self.lock_epoch.raw_query();
            let epoch = match rows.next()? {
                Some(row) => row.get::<_, i64>(0)?,
                None => return Err(StoreError::Conflict),
            };
            if u64::try_from(epoch) != Ok(guard.lock_epoch) {
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }

    /// It may have been taken back, but not given to another node.
    fn check_job(&mut self, guard: &JobGuard) -> Result<(), StoreError> {
        bind_uuid(&mut self.job_owner, 1, guard.id.0)?;
        let mut rows = self.job_owner.raw_query();
        let Some(row) = rows.next()? else { return Err(StoreError::Conflict) };
        let owner: Option<String> = row.get(0)?;
        match owner.is_none_or(|owner| owner == *guard.owner) {
            true => Ok(()),
            false => Err(StoreError::Conflict),
        }
    }

    fn check_definitions(&mut self, change_set: &ChangeSet) -> Result<(), StoreError> {
        for (definition_id, must_be_active) in begun_definitions(change_set) {
            self.definition.raw_bind_parameter(1, definition_id)?;
            let mut rows = self.definition.raw_query();
            match rows.next()? {
                Some(row) if !must_be_active || row.get::<_, i64>(0)? == 0 => {}
                _ => return Err(StoreError::Conflict),
            }
        }
        Ok(())
    }

    fn check_revision(&mut self, change_set: &ChangeSet, is_ended: bool) -> Result<(), StoreError> {
        let (statement, expected) = match change_set.revision {
            RevisionCheck::New | RevisionCheck::Untouched => return Ok(()),
            RevisionCheck::Bump { expected } if is_ended => (&mut self.end, expected),
            RevisionCheck::Bump { expected } => {
                self.bump.raw_bind_parameter(3, change_set.next_number.unwrap_or(0))?;
                (&mut self.bump, expected)
            }
            RevisionCheck::BumpTask { expected } => (&mut self.bump_task, expected),
        };
        bind_uuid(statement, 1, change_set.root_process_instance_id.0)?;
        statement.raw_bind_parameter(2, i64::try_from(expected).unwrap_or(i64::MAX))?;
        match statement.raw_execute()? {
            1 => Ok(()),
            _ => Err(StoreError::Conflict),
        }
    }
}

/// All instances of an aggregate whose root ends; none if it goes on.
fn ended_instances(change_set: &ChangeSet) -> Vec<ProcessInstanceId> {
    let root = change_set.root_process_instance_id;
    let deleted = change_set.process_instances.iter().filter_map(|change| match change {
        TableChange::Delete(id) => Some(*id),
        TableChange::Insert(_) | TableChange::Update(_) => None,
    });
    let deleted: Vec<_> = deleted.collect();
    if deleted.contains(&root) { deleted } else { Vec::new() }
}

/// Where an aggregate ends, several rows of it go with one statement.
fn apply_table<R: RowEncode + Record>(
    statements: &mut TableStatements<'_>,
    changes: &[TableChange<R>],
    ended: &[ProcessInstanceId],
    uuid_of: impl Fn(R::Id) -> Uuid,
) -> Result<(), StoreError> {
    let are_deleted_together = !ended.is_empty() && deletions(changes) > ended.len();
    if are_deleted_together {
        ended.iter().try_for_each(|id| statements.delete_all(id.0))?;
    }
    for change in changes {
        match change {
            TableChange::Insert(record) => statements.insert(record)?,
            TableChange::Update(record) => statements.update(record)?,
            TableChange::Delete(_) if are_deleted_together => {}
            TableChange::Delete(id) => statements.delete(uuid_of(*id))?,
        }
    }
    Ok(())
}

fn deletions<R: Record>(changes: &[TableChange<R>]) -> usize {
    changes.iter().filter(|change| matches!(change, TableChange::Delete(_))).count()
}

fn apply_tasks(
    tasks: &mut TableStatements<'_>,
    links: &mut IdentityLinkStatements<'_>,
    changes: &[TableChange<Task>],
) -> Result<(), StoreError> {
    for change in changes {
        match change {
            TableChange::Insert(task) => {
                tasks.insert(task)?;
                insert_links(links, task)?;
            }
            TableChange::Update(task) => {
                tasks.update(task)?;
                execute_by_id(&mut links.delete, task.id.0)?;
                insert_links(links, task)?;
            }
            TableChange::Delete(id) => {
                tasks.delete(id.0)?;
                execute_by_id(&mut links.delete, id.0)?;
            }
        }
    }
    Ok(())
}

fn insert_links(links: &mut IdentityLinkStatements<'_>, task: &Task) -> Result<(), StoreError> {
    for (position, link) in task.identity_links.iter().enumerate() {
        insert_row(&mut links.insert, &IdentityLinkRow { task_id: task.id, position, link: link.clone() })?;
    }
    Ok(())
}
