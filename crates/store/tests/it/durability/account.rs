//! What a database held for each instance after each of its steps, and how far each step was acknowledged.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use query::{SqlValue, Statement, Table, tables};
use store::{Store, StoreError};
use types::Uuid;

/// Rows of all tables, in the order of tables and keys.
pub type Rows = Vec<(&'static str, Vec<SqlValue>)>;

/// Everything that stands on its own: instances with all that belongs to them, deployments.
#[derive(Debug, Default)]
pub struct Account(Mutex<Entries>);

#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// By id: nothing, then the rows after the first step, the second…
    pub states: BTreeMap<Uuid, Vec<Rows>>,
    /// What the acknowledgement with this number was for: the id and the number of the step, which counts from 1.
    pub steps: Vec<(Uuid, usize)>,
}

impl Account {
    /// A number for the next step of `id`. Its steps come one after the other.
    pub fn next_step(&self, id: Uuid) -> u64 {
        self.change(|entries| {
            let step = entries.states.entry(id).or_insert_with(|| vec![Rows::new()]).len();
            entries.steps.push((id, step));
            entries.steps.len() as u64 - 1
        })
    }

    /// The step was done, and this is what there is now.
    pub fn finish_step(&self, id: Uuid, rows: Rows) {
        self.change(|entries| entries.states.get_mut(&id).expect("the step was begun").push(rows));
    }

    pub fn entries(&self) -> Entries {
        self.change(|entries| entries.clone())
    }

    fn change<T>(&self, change: impl FnOnce(&mut Entries) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Entries {
    /// The newest acknowledged step of each id.
    pub fn acknowledged(&self, marks: &[u64]) -> BTreeMap<Uuid, usize> {
        marks.iter().map(|mark| self.steps[*mark as usize]).collect()
    }
}

/// The rows of one id.
pub async fn rows_of(store: &dyn Store, id: Uuid) -> Result<Rows, StoreError> {
    Ok(read(store, Some(id)).await?.remove(&id).unwrap_or_default())
}

/// All rows, by id.
pub async fn all_rows(store: &dyn Store) -> Result<BTreeMap<Uuid, Rows>, StoreError> {
    read(store, None).await
}

async fn read(store: &dyn Store, id: Option<Uuid>) -> Result<BTreeMap<Uuid, Rows>, StoreError> {
    let mut found: BTreeMap<Uuid, Rows> = BTreeMap::new();
    for table in tables::ALL {
        let Some((place, column)) = owner(table) else { continue };
        let condition = id.map(|_| format!("WHERE {column} = ? ")).unwrap_or_default();
        let key = table.primary_key.join(", ");
        let text = format!("SELECT {} FROM {} {condition}ORDER BY {key}", column_names(table), table.name);
        let binds = id.map(SqlValue::Uuid).into_iter().collect();
        for row in store.select(Statement { text, binds }).await? {
            let SqlValue::Blob(owner) = &row[place] else { panic!("{}.{column} is an id", table.name) };
            let owner = Uuid::from_bytes((&**owner).try_into().expect("ids have 16 bytes"));
            found.entry(owner).or_default().push((table.name, row));
        }
    }
    Ok(found)
}

/// The column that says whom a row belongs to, with its place.
fn owner(table: &Table) -> Option<(usize, &'static str)> {
    let is_owner = [&tables::PROCESS_INSTANCE, &tables::HISTORIC_PROCESS_INSTANCE, &tables::DEPLOYMENT];
    let column = if is_owner.iter().any(|owner| owner.name == table.name) { "id" } else { "process_instance_id" };
    table.columns.iter().position(|candidate| candidate.name == column).map(|place| (place, column))
}

fn column_names(table: &Table) -> String {
    table.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}
