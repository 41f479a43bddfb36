//! The change sets of a batch as one set of statements.
//!
//! Several changes of one row become one: the order of the statements (deletions, insertions, updates, history) then
//! does not matter. A combination that no order of changes allows is left as it is, and fails in the database.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;
use std::hash::DefaultHasher;

use engine::record::VariableInstance;
use engine::record::{EventSubscription, Execution, ExternalTask, Incident, Job, ProcessInstance, Record, Task};
use engine::{ChangeSet, DefinitionCheck, RevisionCheck, TableChange};
use types::Uuid;

use super::array::{ArrayColumn, ArrayRows};
use super::history_plan::HistoryPlan;
use super::texts::{TEXTS, TableTexts};
use crate::begun::begun_definitions;
use crate::codec::RowEncode;
use crate::codec::identity_link::IdentityLinkRow;
use crate::codec::sql::ColumnSet;

type ById = HashMap<Uuid, usize, BuildHasherDefault<DefaultHasher>>;

/// A statement with what it takes.
#[derive(Debug)]
pub struct SetStatement {
    pub text: &'static str,
    pub columns: Vec<ArrayColumn>,
    /// How many rows it must touch, where that is not given.
    pub rows_expected: Option<u64>,
}

impl SetStatement {
    pub fn plain(text: &'static str) -> SetStatement {
        SetStatement { text, columns: Vec::new(), rows_expected: None }
    }
}

#[derive(Debug, Default)]
pub struct Plan<'a> {
    process_instances: TablePlan<'a, ProcessInstance>,
    executions: TablePlan<'a, Execution>,
    external_tasks: TablePlan<'a, ExternalTask>,
    tasks: TablePlan<'a, Task>,
    variables: TablePlan<'a, VariableInstance>,
    jobs: TablePlan<'a, Job>,
    event_subscriptions: TablePlan<'a, EventSubscription>,
    incidents: TablePlan<'a, Incident>,
    /// What the revisions and next numbers of roots that go on become.
    revisions: BTreeMap<Uuid, (i64, u32)>,
    /// The same of tasks that stand for an aggregate.
    task_revisions: BTreeMap<Uuid, i64>,
    /// Definitions that have to be there, and whether they must not be suspended.
    definitions: BTreeMap<&'a str, bool>,
    history: HistoryPlan<'a>,
}

/// What becomes of the rows of one table.
#[derive(Debug)]
struct TablePlan<'a, R> {
    rows: Vec<PlannedRow<'a, R>>,
    by_id: ById,
}

#[derive(Debug)]
enum PlannedRow<'a, R> {
    Insert(&'a R),
    Update(&'a R),
    /// Deleted and inserted anew.
    Replace(Uuid, &'a R),
    Delete(Uuid),
    /// Inserted and deleted.
    Nothing,
}

impl<R> Default for TablePlan<'_, R> {
    fn default() -> Self {
        TablePlan { rows: Vec::new(), by_id: ById::default() }
    }
}

impl<'a, R: RowEncode> TablePlan<'a, R> {
    fn add(&mut self, id: Uuid, change: PlannedRow<'a, R>) {
        use PlannedRow::{Delete, Insert, Nothing, Replace, Update};
        let Some(at) = self.by_id.get(&id) else {
            self.by_id.insert(id, self.rows.len());
            self.rows.push(change);
            return;
        };
        let known = &mut self.rows[*at];
        *known = match (&*known, change) {
            (Nothing, Insert(record)) | (Insert(_), Update(record)) => Insert(record),
            (Insert(_), Delete(_)) => Nothing,
            (Update(_), Update(record)) => Update(record),
            (Update(_) | Replace(..), Delete(id)) => Delete(id),
            (Delete(id), Insert(record)) | (Replace(id, _), Update(record)) => Replace(*id, record),
            (Delete(id), Delete(_)) => Delete(*id),
            (_, change) => {
                self.rows.push(change);
                return;
            }
        };
    }

    fn deleted(&self) -> impl Iterator<Item = Uuid> {
        self.rows.iter().filter_map(|row| match row {
            PlannedRow::Delete(id) | PlannedRow::Replace(id, _) => Some(*id),
            PlannedRow::Insert(_) | PlannedRow::Update(_) | PlannedRow::Nothing => None,
        })
    }

    fn inserted(&self) -> impl Iterator<Item = &'a R> {
        self.rows.iter().filter_map(|row| match row {
            PlannedRow::Insert(record) | PlannedRow::Replace(_, record) => Some(*record),
            PlannedRow::Update(_) | PlannedRow::Delete(_) | PlannedRow::Nothing => None,
        })
    }

    fn updated(&self) -> impl Iterator<Item = &'a R> {
        self.rows.iter().filter_map(|row| match row {
            PlannedRow::Update(record) => Some(*record),
            PlannedRow::Insert(_) | PlannedRow::Replace(..) | PlannedRow::Delete(_) | PlannedRow::Nothing => None,
        })
    }

    fn push_statements(&self, texts: &'static TableTexts, statements: &mut Vec<SetStatement>) {
        if self.rows.is_empty() {
            return;
        }
        push_ids(&texts.delete, self.deleted(), statements);
        push_insertion(&texts.insert, self.inserted(), statements);
        let mut count = 0;
        let mut rows = ArrayRows::of_table(R::TABLE, texts.update_columns);
        for record in self.updated() {
            rows.begin_row();
            record.encode(&mut rows);
            count += 1;
        }
        if count > 0 {
            let columns = rows.into_columns();
            statements.push(SetStatement { text: &texts.update, columns, rows_expected: Some(count) });
        }
    }
}

impl<'a> Plan<'a> {
    pub fn add(&mut self, change_set: &'a ChangeSet) {
        let root = change_set.root_process_instance_id.0;
        add_all(&mut self.process_instances, &change_set.process_instances, |record| record.id.0, |id| id.0);
        add_all(&mut self.executions, &change_set.executions, |record| record.id.0, |id| id.0);
        add_all(&mut self.external_tasks, &change_set.external_tasks, |record| record.id.0, |id| id.0);
        add_all(&mut self.tasks, &change_set.tasks, |record| record.id.0, |id| id.0);
        add_all(&mut self.variables, &change_set.variables, |record| record.id.0, |id| id.0);
        add_all(&mut self.jobs, &change_set.jobs, |record| record.id.0, |id| id.0);
        add_all(&mut self.event_subscriptions, &change_set.event_subscriptions, |record| record.id.0, |id| id.0);
        add_all(&mut self.incidents, &change_set.incidents, |record| record.id.0, |id| id.0);
        change_set.history.iter().for_each(|change| self.history.add(change));
        if change_set.definitions == DefinitionCheck::Checked {
            for (id, must_be_active) in begun_definitions(change_set) {
                *self.definitions.entry(id).or_default() |= must_be_active;
            }
        }
        match (change_set.revision, is_ended(change_set)) {
            (RevisionCheck::New | RevisionCheck::Untouched, _) => {}
            (RevisionCheck::Bump { .. }, true) => {
                self.revisions.remove(&root);
            }
            (RevisionCheck::Bump { expected }, false) => {
                let known = self.revisions.get(&root).map_or(0, |(_, next_number)| *next_number);
                let next_number = change_set.next_number.unwrap_or(0).max(known);
                self.revisions.insert(root, (revision_after(expected), next_number));
            }
            (RevisionCheck::BumpTask { .. }, true) => {
                self.task_revisions.remove(&root);
            }
            (RevisionCheck::BumpTask { expected }, false) => {
                self.task_revisions.insert(root, revision_after(expected));
            }
        }
    }

    pub fn push_statements(self, statements: &mut Vec<SetStatement>) {
        self.push_definition_check(statements);
        self.process_instances.push_statements(&TEXTS.process_instances, statements);
        self.executions.push_statements(&TEXTS.executions, statements);
        self.external_tasks.push_statements(&TEXTS.external_tasks, statements);
        self.tasks.push_statements(&TEXTS.tasks, statements);
        self.push_identity_links(statements);
        self.variables.push_statements(&TEXTS.variables, statements);
        self.jobs.push_statements(&TEXTS.jobs, statements);
        self.event_subscriptions.push_statements(&TEXTS.event_subscriptions, statements);
        self.incidents.push_statements(&TEXTS.incidents, statements);
        if !self.revisions.is_empty() {
            let ids = ArrayColumn::of_ids(self.revisions.keys().copied());
            let revisions = ArrayColumn::of_integers(self.revisions.values().map(|(revision, _)| *revision));
            let numbers = ArrayColumn::of_integers(self.revisions.values().map(|(_, number)| i64::from(*number)));
            let columns = vec![ids, revisions, numbers];
            statements.push(SetStatement { text: TEXTS.bump, columns, rows_expected: None });
        }
        if !self.task_revisions.is_empty() {
            let ids = ArrayColumn::of_ids(self.task_revisions.keys().copied());
            let columns = vec![ids, ArrayColumn::of_integers(self.task_revisions.values().copied())];
            statements.push(SetStatement { text: TEXTS.bump_task, columns, rows_expected: None });
        }
        self.history.push_statements(statements);
    }

    /// Before all that is written.
    fn push_definition_check(&self, statements: &mut Vec<SetStatement>) {
        if self.definitions.is_empty() {
            return;
        }
        let all = ArrayColumn::of_texts(self.definitions.keys().copied());
        let any_state = self.definitions.iter().filter(|(_, must_be_active)| !**must_be_active);
        let any_state = ArrayColumn::of_texts(any_state.map(|(id, _)| *id));
        let columns = vec![all, any_state];
        statements.push(SetStatement { text: TEXTS.keep_definitions, columns, rows_expected: None });
    }

    /// A task that is written writes all its links.
    fn push_identity_links(&self, statements: &mut Vec<SetStatement>) {
        let outdated = self.tasks.deleted().chain(self.tasks.updated().map(|task| task.id.0));
        push_ids(TEXTS.identity_link_delete, outdated, statements);
        let links: Vec<IdentityLinkRow> = self
            .tasks
            .inserted()
            .chain(self.tasks.updated())
            .flat_map(|task| {
                let links = task.identity_links.iter().enumerate();
                links.map(|(position, link)| IdentityLinkRow { task_id: task.id, position, link: link.clone() })
            })
            .collect();
        push_insertion(&TEXTS.identity_link_insert, links.iter(), statements);
    }
}

fn add_all<'a, R: RowEncode + Record>(
    plan: &mut TablePlan<'a, R>,
    changes: &'a [TableChange<R>],
    id_of: impl Fn(&R) -> Uuid,
    uuid_of: impl Fn(R::Id) -> Uuid,
) {
    for change in changes {
        match change {
            TableChange::Insert(record) => plan.add(id_of(record), PlannedRow::Insert(record)),
            TableChange::Update(record) => plan.add(id_of(record), PlannedRow::Update(record)),
            TableChange::Delete(id) => {
                let id = uuid_of(*id);
                plan.add(id, PlannedRow::Delete(id));
            }
        }
    }
}

/// What it is named after is among what it deletes.
pub fn is_ended(change_set: &ChangeSet) -> bool {
    let root = change_set.root_process_instance_id;
    change_set.process_instances.iter().any(|change| matches!(change, TableChange::Delete(id) if *id == root))
        || change_set.tasks.iter().any(|change| matches!(change, TableChange::Delete(id) if id.0 == root.0))
}

pub fn revision_after(expected: u64) -> i64 {
    i64::try_from(expected).unwrap_or(i64::MAX).saturating_add(1)
}

/// A statement on rows with these ids.
pub fn push_ids(text: &'static str, ids: impl Iterator<Item = Uuid>, statements: &mut Vec<SetStatement>) {
    let mut ids = ids.peekable();
    if ids.peek().is_some() {
        statements.push(SetStatement { text, columns: vec![ArrayColumn::of_ids(ids)], rows_expected: None });
    }
}

pub fn push_insertion<'r, R: RowEncode + 'r>(
    text: &'static str,
    records: impl Iterator<Item = &'r R>,
    statements: &mut Vec<SetStatement>,
) {
    let mut records = records.peekable();
    if records.peek().is_none() {
        return;
    }
    let mut rows = ArrayRows::of_table(R::TABLE, ColumnSet::MAX);
    for record in records {
        rows.begin_row();
        record.encode(&mut rows);
    }
    statements.push(SetStatement { text, columns: rows.into_columns(), rows_expected: None });
}
