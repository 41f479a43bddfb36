//! Servers on databases whose rows were written past them, so that they are long or old at once.

use super::engine::{OwnDatabase, Served, Target};
use super::figure::Figure;
use super::lifecycle;
use super::load::{CONNECTIONS, Process};
use super::observe::{Observed, Written};
use crate::server::Server;
use std::path::Path;

/// A server that runs, and what it works on.
pub struct Prepared {
    /// What it has more than others, as it stands in the name of its figures.
    pub name: String,
    pub process: Process,
    pub target: Target,
    place: Place,
}

enum Place {
    Own { server: Server, database: OwnDatabase },
    Other(Served),
}

impl Prepared {
    /// Of so many instances, which it was not told of.
    pub async fn own(
        name: String,
        observed: Observed,
        program: &Path,
        (written, instances): (Written, u64),
    ) -> anyhow::Result<Prepared> {
        observed.fill(written, instances).await?;
        let Observed { process, database, .. } = observed;
        let (server, target) = database.serve(program).await?;
        Ok(Prepared { name, process, target, place: Place::Own { server, database } })
    }

    /// On an engine that keeps its database to itself.
    pub fn other(name: String, process: Process, served: Served) -> Prepared {
        Prepared { name, process, target: served.target.clone(), place: Place::Other(served) }
    }

    /// Whole lifecycles.
    pub async fn lifecycles(&self, seconds: f64) -> anyhow::Result<Figure> {
        let mut figure = lifecycle::measure_on(&self.target, &self.process, CONNECTIONS, seconds).await?;
        figure.workload = format!("{}: {}", self.name, figure.workload);
        if let Place::Own { server, .. } = &self.place {
            figure.besides.push(("RSS MB", server.memory_mb("VmRSS")?));
        }
        Ok(figure)
    }

    pub async fn end(self) -> anyhow::Result<()> {
        match self.place {
            Place::Other(served) => served.done(&[self.process]).await,
            Place::Own { server, database } => {
                server.kill()?;
                database.remove().await
            }
        }
    }
}
