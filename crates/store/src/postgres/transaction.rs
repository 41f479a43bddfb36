//! One transaction of a committer: check, write, commit, in as few round trips as that takes.

use std::collections::HashMap;

use engine::ChangeSet;
use types::Uuid;

use super::checks::{Numbers, Wanted};
use super::connection::{binds, parameters};
use super::failure::{Failure, Progress};
use super::message::Row;
use super::plan::{Plan, SetStatement};
use super::wire::{Answer, Call, Wire};
use crate::StoreError;
use crate::work::ExpectedStatement;

pub const BEGIN: &str = "BEGIN";
pub const COMMIT: &str = "COMMIT";

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
pub async fn transact(wire: &mut Wire, batch: &Batch<'_>) -> Result<Fits, Broken> {
    let mut wanted = Wanted::default();
    batch.units.iter().copied().flatten().for_each(|change_set| wanted.add(change_set));
    // Nearly always all is stored as it was decided on: that is checked on the way.
    let fits = fits(batch, Numbers::expected(&wanted));
    if !fits.contains(&false) {
        let mut statements = vec![SetStatement::plain(BEGIN)];
        wanted.push_checks(&mut statements);
        match write(wire, statements, batch, &fits).await {
            Err((Failure::Conflict, _)) if !wanted.is_empty() => {}
            written => return written.map(|()| fits),
        }
    }
    look_and_write(wire, &wanted, batch).await
}

/// Finds out which units fit.
async fn look_and_write(wire: &mut Wire, wanted: &Wanted, batch: &Batch<'_>) -> Result<Fits, Broken> {
    let numbers = match begin_and_look(wire, wanted).await {
        Ok(numbers) => numbers,
        Err(failure) => {
            wire.roll_back().await;
            return Err(open(failure));
        }
    };
    let fits = fits(batch, numbers);
    let is_hopeless = match batch.statements.is_empty() {
        true => !fits.contains(&true),
        false => fits.contains(&false),
    };
    if is_hopeless {
        wire.roll_back().await;
        return Ok(fits);
    }
    write(wire, Vec::new(), batch, &fits).await?;
    Ok(fits)
}

fn fits(batch: &Batch<'_>, mut numbers: Numbers) -> Fits {
    batch.units.iter().map(|unit| numbers.admit(unit)).collect()
}

fn open(failure: Failure) -> Broken {
    (failure, Progress::Open)
}

/// Of a message with the commit in it: what a statement before it fails with has it not executed.
pub fn committing(failure: Failure) -> Broken {
    let may_be_done = matches!(failure, Failure::Lost(_));
    (failure, if may_be_done { Progress::Committing } else { Progress::Open })
}

async fn begin_and_look(wire: &mut Wire, wanted: &Wanted) -> Result<Numbers, Failure> {
    let looks = wanted.looks();
    let asked: Vec<&SetStatement> = looks.iter().flatten().collect();
    let texts = std::iter::once(BEGIN).chain(asked.iter().map(|look| look.text));
    let prepared = wire.prepare(texts).await?;
    let values = std::iter::once(Vec::new()).chain(asked.iter().map(|look| parameters(&look.columns)));
    let calls: Vec<Call<'_>> =
        prepared.iter().zip(values).map(|(statement, values)| Call { statement, values }).collect();
    let mut answers = wire.run(&calls).await?.into_iter().skip(1);
    let mut numbers = |look: &Option<SetStatement>| match look {
        Some(_) => answers.next().map_or(Ok(HashMap::new()), |answer| numbers_of(&answer)),
        None => Ok(HashMap::new()),
    };
    let mut revisions = numbers(&looks[0])?;
    revisions.extend(numbers(&looks[1])?);
    Ok(Numbers::new(revisions, numbers(&looks[2])?, numbers(&looks[3])?))
}

fn numbers_of(answer: &Answer) -> Result<HashMap<Uuid, i64>, Failure> {
    let pair = |row: &Row| {
        let [id, number] = row.cells()?;
        let wrong = |_| Failure::Failed("an id or a number has another length".to_owned());
        Ok((Uuid::from_bytes(id.try_into().map_err(wrong)?), i64::from_be_bytes(number.try_into().map_err(wrong)?)))
    };
    answer.rows.iter().map(pair).collect()
}

/// Writes the units that fit behind what is there already, and commits. The commit waits for the answers only where a count
/// is expected: otherwise all is one message.
async fn write(
    wire: &mut Wire,
    mut statements: Vec<SetStatement>,
    batch: &Batch<'_>,
    fits: &[bool],
) -> Result<(), Broken> {
    let mut plan = Plan::default();
    for (unit, _) in batch.units.iter().zip(fits).filter(|(_, fits)| **fits) {
        unit.iter().for_each(|change_set| plan.add(change_set));
    }
    plan.push_statements(&mut statements);
    let extra = batch.statements;
    let own = statements.iter().map(|statement| statement.rows_expected);
    let expected: Vec<Option<u64>> = own.chain(extra.iter().map(|statement| statement.rows_affected)).collect();
    let commits_at_once = expected.iter().all(Option::is_none);
    let answers = match execute(wire, &statements, extra, commits_at_once).await {
        Ok(answers) => answers,
        Err(failure) => {
            wire.roll_back().await;
            let may_be_done = commits_at_once && matches!(failure, Failure::Lost(_));
            return Err((failure, if may_be_done { Progress::Committing } else { Progress::Open }));
        }
    };
    if commits_at_once {
        return Ok(());
    }
    if let Some(failure) = unexpected(&answers, &expected, statements.len()) {
        wire.roll_back().await;
        return Err(open(failure));
    }
    wire.plain(COMMIT).await.map_err(|failure| (failure, Progress::Committing))
}

async fn execute(
    wire: &mut Wire,
    statements: &[SetStatement],
    extra: &[ExpectedStatement],
    commits_at_once: bool,
) -> Result<Vec<Answer>, Failure> {
    let own = statements.iter().map(|statement| statement.text);
    let texts = own.chain(extra.iter().map(|statement| statement.statement.text.as_str()));
    let prepared = wire.prepare(texts.chain(commits_at_once.then_some(COMMIT))).await?;
    let extra_binds: Vec<_> = extra.iter().map(|statement| binds(&statement.statement)).collect();
    let own = statements.iter().map(|statement| parameters(&statement.columns));
    let values = own.chain(extra_binds.iter().map(|binds| parameters(binds))).chain(std::iter::once(Vec::new()));
    let calls: Vec<Call<'_>> =
        prepared.iter().zip(values).map(|(statement, values)| Call { statement, values }).collect();
    wire.run(&calls).await
}

/// A row of an aggregate that is missing is a defect; other statements say what they expect of others.
fn unexpected(answers: &[Answer], expected: &[Option<u64>], planned: usize) -> Option<Failure> {
    let differs = |(answer, expected): (&Answer, &Option<u64>)| expected.is_some_and(|rows| rows != answer.count);
    let at = answers.iter().zip(expected).position(differs)?;
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
