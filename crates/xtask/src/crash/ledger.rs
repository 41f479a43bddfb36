//! What the server was asked to do and what it has acknowledged. Between the two lies what a crash may or may not have
//! taken with it.

use anyhow::{Context, bail};
use std::collections::BTreeMap;

/// How far an instance of the crash model is. Between stages lies one completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    First,
    Second,
    Ended,
}

impl Stage {
    pub fn of_activity(activity_id: &str) -> Option<Stage> {
        match activity_id {
            "first" => Some(Stage::First),
            "second" => Some(Stage::Second),
            _ => None,
        }
    }

    pub fn next(self) -> Stage {
        match self {
            Stage::First => Stage::Second,
            Stage::Second | Stage::Ended => Stage::Ended,
        }
    }
}

/// A lock as it was asked for. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockRecord {
    pub task_id: String,
    pub worker: String,
    pub earliest_expiry_ms: i64,
    pub latest_expiry_ms: i64,
}

/// All that is known of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub amount: i64,
    pub note: String,
    /// Known once the start was acknowledged.
    pub id: Option<String>,
    /// As far as it is for certain, if it was started for certain.
    pub floor: Stage,
    /// As far as it can be.
    pub ceiling: Stage,
    /// The value that a completion set, by the stage it ended.
    pub results: BTreeMap<Stage, i64>,
    /// The acknowledged lock of the task of a stage.
    pub lock: Option<(Stage, LockRecord)>,
    /// Locks asked for without an answer.
    pub doubtful_locks: Vec<(Stage, LockRecord)>,
}

/// By business key, which we give and which is unique.
#[derive(Debug, Default)]
pub struct Ledger {
    pub records: BTreeMap<String, Record>,
    /// Fetches without an answer: each may have locked any task that was free.
    pub doubtful_fetches: Vec<LockRecord>,
}

impl Ledger {
    pub fn start_sent(&mut self, business_key: &str, amount: i64, note: &str) {
        let record = Record {
            amount,
            note: note.to_owned(),
            id: None,
            floor: Stage::First,
            ceiling: Stage::First,
            results: BTreeMap::new(),
            lock: None,
            doubtful_locks: Vec::new(),
        };
        self.records.insert(business_key.to_owned(), record);
    }

    /// The start was acknowledged, or a task of the instance was handed out.
    pub fn seen(&mut self, business_key: &str, id: &str, stage: Stage) -> anyhow::Result<()> {
        let record = self.record(business_key)?;
        match &record.id {
            Some(known) if known != id => bail!("{business_key} is {known} and {id}"),
            _ => record.id = Some(id.to_owned()),
        }
        // Another connection's answer may be on its way still, so this can only raise it.
        record.floor = record.floor.max(stage);
        if record.floor > record.ceiling {
            bail!("{business_key} is at {stage:?}, which nobody asked for");
        }
        Ok(())
    }

    pub fn complete_sent(&mut self, business_key: &str, stage: Stage, result: i64) -> anyhow::Result<()> {
        let record = self.record(business_key)?;
        record.ceiling = record.ceiling.max(stage.next());
        record.results.insert(stage, result);
        Ok(())
    }

    pub fn complete_acknowledged(&mut self, business_key: &str, stage: Stage) -> anyhow::Result<()> {
        let record = self.record(business_key)?;
        record.floor = record.floor.max(stage.next());
        Ok(())
    }

    /// A lock of one task was asked for. Until it is answered it may be there, and it may end at any time after it was
    /// sent.
    pub fn lock_sent(&mut self, business_key: &str, stage: Stage, lock: LockRecord) -> anyhow::Result<()> {
        self.record(business_key)?.doubtful_locks.push((stage, lock));
        Ok(())
    }

    pub fn lock_refused(&mut self, business_key: &str, lock: &LockRecord) -> anyhow::Result<()> {
        self.record(business_key)?.doubtful_locks.retain(|(_, doubtful)| !doubtful.is_same_request(lock));
        Ok(())
    }

    pub fn lock_acknowledged(&mut self, business_key: &str, stage: Stage, lock: LockRecord) -> anyhow::Result<()> {
        self.lock_refused(business_key, &lock)?;
        self.record(business_key)?.lock = Some((stage, lock));
        Ok(())
    }

    pub fn fetch_answered(&mut self, fetch: &LockRecord) {
        self.doubtful_fetches.retain(|doubtful| !doubtful.is_same_request(fetch));
    }

    /// The tasks that a worker holds: business key, stage and task id.
    pub fn held_by(&self, worker: &str) -> Vec<(String, Stage, String)> {
        let mut held = Vec::new();
        for (business_key, record) in &self.records {
            if let Some((stage, lock)) = &record.lock
                && lock.worker == worker
                && *stage == record.floor
            {
                held.push((business_key.clone(), *stage, lock.task_id.clone()));
            }
        }
        held
    }

    fn record(&mut self, business_key: &str) -> anyhow::Result<&mut Record> {
        self.records.get_mut(business_key).with_context(|| format!("nobody started `{business_key}`"))
    }
}

impl LockRecord {
    fn is_same_request(&self, other: &LockRecord) -> bool {
        self.worker == other.worker
            && self.task_id == other.task_id
            && self.earliest_expiry_ms == other.earliest_expiry_ms
    }
}
