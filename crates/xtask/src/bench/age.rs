//! An old database against a new one, alternating: what has long ended is in nobody's way.

use super::engine::OwnStore;
use super::figure::{Figure, grouped_digits};
use super::observe::{Observed, Written};
use super::prepared::Prepared;
use std::path::Path;

/// How figures of this workload begin.
pub const NAME: &str = "history of";

/// Of each round the figures of both. `rows`: of history, which instances that have ended have left.
pub async fn measure(
    program: &Path,
    store: &OwnStore,
    rows: u64,
    rounds: usize,
    seconds: f64,
) -> anyhow::Result<Vec<Figure>> {
    let mut prepared = Vec::new();
    for rows in [0, rows] {
        let observed = Observed::lifecycle(program, store).await?;
        let instances = rows.div_ceil(observed.rows_left() as u64);
        let name = format!("{NAME} {} rows", grouped_digits(rows as f64));
        prepared.push(Prepared::own(name, observed, program, (Written::Ended, instances)).await?);
    }
    let mut figures = Vec::new();
    for _ in 0..rounds {
        for age in &prepared {
            figures.push(age.lifecycles(seconds).await?);
        }
    }
    for age in prepared {
        age.end().await?;
    }
    Ok(figures)
}
