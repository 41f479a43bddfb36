//! A PostgreSQL that can be killed: all of its processes at once, in the middle of whatever they do.

use crate::workspace::root;
use anyhow::{Context, ensure};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// `crates/throwaway-postgres/start.sh`, which stops the server and removes its data when this is dropped.
#[derive(Debug)]
pub struct PostgresServer {
    pub url: String,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    _script: Child,
}

impl PostgresServer {
    /// With `fsync`, as only what is on the disk may be acknowledged.
    pub fn start() -> anyhow::Result<PostgresServer> {
        crate::postgres::ensure()?;
        let mut script = Command::new("sh")
            .arg(root().join("crates/throwaway-postgres/start.sh"))
            .env("CAMLOCK_POSTGRES_FSYNC", "on")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("no shell")?;
        let orders = script.stdin.take().context("the script has no input")?;
        let mut answers = BufReader::new(script.stdout.take().context("the script has no output")?);
        let mut url = String::new();
        answers.read_line(&mut url)?;
        ensure!(url.starts_with("postgres://"), "no PostgreSQL could be started; see above for the reason");
        Ok(PostgresServer { url: url.trim().to_owned(), orders, answers, _script: script })
    }

    /// SIGKILL to all of it.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.order("kill")
    }

    /// On the data that it has left. Returns when it takes connections again.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        self.order("start")
    }

    /// Its data stays where it is, for whoever looks for the cause of a violation.
    pub fn keep(&mut self) -> anyhow::Result<()> {
        self.order("keep")
    }

    fn order(&mut self, order: &str) -> anyhow::Result<()> {
        writeln!(self.orders, "{order}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        ensure!(answer.trim() == format!("done: {order}"), "PostgreSQL did not {order}; see above for the reason");
        Ok(())
    }
}
