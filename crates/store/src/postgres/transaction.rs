//! One transaction of a committer: check, write, commit, in as few round trips as that takes.

use std::collections::{BTreeSet, HashMap};

use engine::ChangeSet;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};
use types::Uuid;

use super::array::ArrayColumn;
use super::cell::Id;
use super::checks::{Numbers, Wanted};
use super::connection::{Answer, Connection, binds, in_order, parameters};
use super::failure::{Failure, Progress};
use super::plan::{Plan, SetStatement};
use super::texts::TEXTS;
use crate::StoreError;
use crate::work::ExpectedStatement;

/// Whether each unit was applied, or is in conflict.
pub type Fits = Vec<bool>;

/// A failure and how far it had come.
pub type Broken = (Failure, Progress);

/// What is applied together.
#[derive(Debug)]
pub struct Batch<'a> {
    pub units: Vec<&'a [ChangeSet]>,
    /// Statements besides; there is at most one unit then, and all is one.
    pub statements: &'a [ExpectedStatement],
}

/// Applies the units that fit.
pub async fn transact(connection: &mut Connection, batch: &Batch<'_>) -> Result<Fits, Broken> {
    let mut wanted = Wanted::default();
    batch.units.iter().copied().flatten().for_each(|change_set| wanted.add(change_set));
    let mut has_begun = false;
    let mut numbers = Numbers::default();
    if !wanted.is_empty() {
        has_begun = true;
        numbers = begin_and_check(connection, wanted).await.map_err(open)?;
    }
    let fits: Fits = batch.units.iter().map(|unit| numbers.admit(unit)).collect();
    let is_hopeless = match batch.statements.is_empty() {
        true => !fits.contains(&true),
        false => fits.contains(&false),
    };
    if is_hopeless {
        if has_begun {
            connection.plain("ROLLBACK").await.map_err(|error| open(error.into()))?;
        }
        return Ok(fits);
    }
    let mut plan = Plan::default();
    for (unit, _) in batch.units.iter().zip(&fits).filter(|(_, fits)| **fits) {
        unit.iter().for_each(|change_set| plan.add(change_set));
    }
    write(connection, has_begun, plan.statements(), batch.statements).await?;
    Ok(fits)
}

fn open(failure: Failure) -> Broken {
    (failure, Progress::Open)
}

async fn begin_and_check(connection: &mut Connection, wanted: Wanted) -> Result<Numbers, Failure> {
    let texts = [TEXTS.lock_revisions, TEXTS.lock_task_revisions, TEXTS.lock_epochs, TEXTS.lock_jobs];
    let prepared = connection.prepare(texts).await?;
    // An aggregate is locked before its external tasks, everywhere.
    let owners = ArrayColumn::of_texts(wanted.jobs.values().map(|owner| &**owner));
    let sets = [wanted.roots, wanted.tasks, wanted.external_tasks, wanted.jobs.into_keys().collect()];
    let columns = sets.each_ref().map(|ids| ArrayColumn::of_ids(ids.iter().copied()));
    let mut bound = columns.each_ref().map(|column| vec![column as &(dyn ToSql + Sync)]);
    bound[3].push(&owners);
    let begin = async { connection.plain("BEGIN").await.map(|()| Vec::new()) };
    let mut pipeline: Vec<Answer<'_, Vec<Row>>> = vec![Box::pin(begin)];
    let asked = prepared.iter().zip(&bound).zip(&sets).filter(|(_, ids)| !ids.is_empty());
    pipeline.extend(asked.map(|((statement, bound), _)| connection.query(statement, bound)));
    let mut answers = in_order(pipeline).await.into_iter().skip(1);
    let mut numbers = |ids: &BTreeSet<Uuid>| match ids.is_empty() {
        true => Ok(HashMap::new()),
        false => answers.next().map_or(Ok(HashMap::new()), |rows| numbers_of(rows?)),
    };
    let mut check = || {
        let mut revisions = numbers(&sets[0])?;
        revisions.extend(numbers(&sets[1])?);
        Ok(Numbers::new(revisions, numbers(&sets[2])?, numbers(&sets[3])?))
    };
    let checked: Result<Numbers, Failure> = check();
    if checked.is_err() {
        roll_back(connection).await;
    }
    checked
}

fn numbers_of(rows: Vec<Row>) -> Result<HashMap<Uuid, i64>, Failure> {
    let pair = |row: Row| Ok((row.try_get::<_, Id>(0)?.0, row.try_get(1)?));
    rows.into_iter().map(pair).collect()
}

/// Leaves the connection without a transaction, or of no use.
pub async fn roll_back(connection: &Connection) {
    if let Err(error) = connection.plain("ROLLBACK").await {
        tracing::debug!(%error, "a transaction could not be rolled back; the server does it");
    }
}

/// Writes and commits. The commit waits for the answers only where a count is expected.
async fn write(
    connection: &mut Connection,
    has_begun: bool,
    planned: Vec<SetStatement>,
    extra: &[ExpectedStatement],
) -> Result<(), Broken> {
    let texts = planned.iter().map(|statement| statement.text);
    let texts = texts.chain(extra.iter().map(|statement| statement.statement.text.as_str()));
    let prepared = match connection.prepare(texts).await {
        Ok(prepared) => prepared,
        Err(failure) => {
            if has_begun {
                roll_back(connection).await;
            }
            return Err(open(failure));
        }
    };
    let extra_binds: Vec<_> = extra.iter().map(|statement| binds(&statement.statement)).collect();
    let mut bound: Vec<Vec<&(dyn ToSql + Sync)>> = planned.iter().map(|one| parameters(&one.columns)).collect();
    bound.extend(extra_binds.iter().map(|binds| parameters(binds)));
    let expected: Vec<Option<u64>> = planned
        .iter()
        .map(|statement| statement.rows_expected)
        .chain(extra.iter().map(|statement| statement.rows_affected))
        .collect();
    // A statement whose values cannot be bound is never sent: a commit behind it would keep the rest.
    let commits_at_once = extra.is_empty() && expected.iter().all(Option::is_none);

    let mut pipeline: Vec<Answer<'_, u64>> = Vec::with_capacity(prepared.len() + 2);
    if !has_begun {
        pipeline.push(plain(connection, "BEGIN"));
    }
    let first = pipeline.len();
    pipeline.extend(executions(connection, &prepared, &bound));
    if commits_at_once {
        pipeline.push(plain(connection, "COMMIT"));
    }
    let progress = if commits_at_once { Progress::Committing } else { Progress::Open };
    let answers = in_order(pipeline).await;
    let mut counts = Vec::with_capacity(answers.len());
    for answer in answers {
        match answer {
            Ok(count) => counts.push(count),
            // The first failure is the cause of the others. What it aborts, a commit behind it rolls back.
            Err(error) => {
                let failure = Failure::from(error);
                if !commits_at_once {
                    roll_back(connection).await;
                }
                let is_lost = matches!(failure, Failure::Lost(_));
                return Err((failure, if is_lost { progress } else { Progress::Open }));
            }
        }
    }
    if commits_at_once {
        return Ok(());
    }
    if let Some(failure) = unexpected(&counts[first..], &expected, planned.len()) {
        roll_back(connection).await;
        return Err(open(failure));
    }
    connection.plain("COMMIT").await.map_err(|error| (error.into(), Progress::Committing))
}

fn plain<'a>(connection: &'a Connection, text: &'a str) -> Answer<'a, u64> {
    Box::pin(async move { connection.plain(text).await.map(|()| 0) })
}

fn executions<'a>(
    connection: &'a Connection,
    prepared: &'a [Statement],
    bound: &'a [Vec<&'a (dyn ToSql + Sync)>],
) -> impl Iterator<Item = Answer<'a, u64>> {
    prepared.iter().zip(bound).map(|(statement, parameters)| connection.execute(statement, parameters))
}

/// A row of an aggregate that is missing is a defect; other statements say what they expect of others.
fn unexpected(counts: &[u64], expected: &[Option<u64>], planned: usize) -> Option<Failure> {
    let at = counts.iter().zip(expected).position(|(count, expected)| expected.is_some_and(|rows| rows != *count))?;
    if at < planned {
        return Some(Failure::Failed("a row to change is missing".to_owned()));
    }
    Some(Failure::Conflict)
}

impl Batch<'_> {
    /// Of a failure that took all of it.
    pub fn answer(broken: &Broken) -> StoreError {
        let (failure, progress) = broken;
        failure.clone().at(*progress)
    }
}
