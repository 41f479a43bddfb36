//! The nodes of one database: each keeps a row and counts up in it while it lives (ADR 0021).
//!
//! No clocks are compared. A node is dead for another one that has looked several times, a while apart, and found the
//! same count each time: a look that fails, or one that is late because the looker itself stood still, counts nothing. The
//! locks of a dead node's jobs are released at once; what it still does about them, should it only have stood still, is
//! stored only as far as nobody else has taken them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use query::mutation::{AssignedValue, Assignment};
use query::{Condition, Dialect, Direction, Mutation, Select, SqlValue, tables};
use store::work::ExpectedStatement;
use store::{News, Store};
use tokio::time::{Instant, MissedTickBehavior};
use types::{Timestamp, Uuid};

use crate::error::Error;
use crate::row::{self, Cells};
use crate::shared::Shared;

/// Looks that find the same count.
const MISSED_MAX: u32 = 5;
/// How long a dead node is still shown.
const REMEMBERED_MS: i64 = 60 * 60 * 1_000;

/// One process that serves, or has served, the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Of this run of it.
    pub id: Uuid,
    pub name: Arc<str>,
    pub host: Arc<str>,
    pub address: Option<Arc<str>>,
    pub version: Arc<str>,
    pub started: Timestamp,
    /// By its own clock.
    pub last_seen: Timestamp,
    pub beat: i64,
    /// By the clock of the node that has found it out.
    pub dead_since: Option<Timestamp>,
}

/// Those that have registered, by name. Dead ones are shown for an hour.
pub async fn nodes(store: &dyn Store, dialect: Dialect) -> Result<Vec<Node>, Error> {
    let table = &tables::NODE;
    let select = Select::all(table.source())
        .order_by(table.col("name"), Direction::Ascending)
        .order_by(table.col("started"), Direction::Ascending)
        .order_by(table.col("id"), Direction::Ascending);
    let rows = store.select(select.render(dialect)).await?;
    rows.into_iter().map(|row| node(Cells::of(row))).collect()
}

fn node(mut cells: Cells) -> Result<Node, Error> {
    Ok(Node {
        id: cells.id()?,
        name: cells.text()?,
        host: cells.text()?,
        address: cells.optional_text()?,
        version: cells.text()?,
        started: cells.time()?,
        last_seen: cells.time()?,
        beat: cells.integer()?,
        dead_since: cells.optional_time()?,
    })
}

/// What this node knows of the others.
pub(crate) struct Registry {
    shared: Arc<Shared>,
    this: Node,
    standing: Standing,
    others: BTreeMap<Uuid, Other>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It has never been registered.
    New,
    Registered,
    /// Its row has gone.
    Removed,
}

struct Other {
    node: Node,
    /// Looks in a row that have found the same count.
    missed: u32,
}

impl Shared {
    /// Before anything is locked in its name. If the database does not take it now, it does later.
    pub(crate) async fn register(self: Arc<Self>) -> Registry {
        let this = self.this_node();
        let mut registry = Registry { shared: self, this, standing: Standing::New, others: BTreeMap::new() };
        registry.turn_or_tell().await;
        registry
    }

    fn this_node(&self) -> Node {
        let identity = &self.settings.node;
        let now = self.now();
        Node {
            id: self.node_run,
            name: self.node_name.clone(),
            host: identity.host.clone(),
            address: identity.address.clone(),
            version: identity.version.clone(),
            started: now,
            last_seen: now,
            beat: 0,
            dead_since: None,
        }
    }

    /// The last that the others see of this node.
    pub(crate) async fn leave(&self) {
        let this = Condition::equal(tables::NODE.col("id"), row::id(self.node_run));
        if let Err(error) = self.apply(vec![self.statement(&Mutation::delete(&tables::NODE, this))]).await {
            tracing::warn!(%error, "the other nodes could not be told that this one ends; they will notice");
        }
    }
}

impl Registry {
    /// For as long as it is not dropped.
    pub(crate) async fn keep(mut self) {
        let interval = self.shared.settings.beat_interval;
        let mut beats = tokio::time::interval_at(Instant::now() + interval, interval);
        // Looks after a pause of this node are as far apart as ever.
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            self.turn_or_tell().await;
        }
    }

    async fn turn_or_tell(&mut self) {
        if let Err(error) = self.turn().await {
            tracing::debug!(%error, "the database does not hear that this node lives");
        }
    }

    async fn turn(&mut self) -> Result<(), Error> {
        let rows = nodes(self.shared.store.as_ref(), self.shared.settings.dialect).await?;
        match self.standing {
            Standing::Registered => self.beat(&rows).await?,
            Standing::New => self.join(&rows).await?,
            Standing::Removed => {
                let insert = self.shared.statement_on_one(&insertion(&self.this));
                self.shared.apply(vec![insert]).await?;
                self.standing = Standing::Registered;
            }
        }
        self.look_at_others(rows).await
    }

    /// A process on the same address of the same machine was there before this one, and is no more.
    async fn join(&mut self, rows: &[Node]) -> Result<(), Error> {
        let this = &self.this;
        let is_predecessor = |other: &&Node| {
            other.id != this.id && other.name == this.name && other.host == this.host && other.address == this.address
        };
        let mut statements = vec![self.shared.statement(&insertion(this))];
        for before in rows.iter().filter(is_predecessor) {
            statements.push(self.shared.statement(&Mutation::delete(&tables::NODE, with_id(before))));
        }
        let lives_elsewhere =
            rows.iter().any(|other| other.name == this.name && !is_predecessor(&other) && other.dead_since.is_none());
        if lives_elsewhere {
            tracing::warn!(name = %this.name, "another node has the same name: give each one its own");
        } else {
            statements.push(self.lock_release(&this.name));
        }
        self.shared.apply(statements).await?;
        self.standing = Standing::Registered;
        let Node { name, host, address, .. } = this;
        tracing::info!(%name, %host, address = address.as_deref(), "this node has joined");
        Ok(())
    }

    async fn beat(&mut self, rows: &[Node]) -> Result<(), Error> {
        if rows.iter().any(|row| row.id == self.this.id && row.dead_since.is_some()) {
            tracing::warn!("this node stood still for so long that another one has taken over its jobs");
        }
        let set = |column, value| Assignment { column, value };
        let assignments = vec![
            set("beat", AssignedValue::Increment(1)),
            set("last_seen", row::time(self.shared.now()).into()),
            set("dead_since", SqlValue::Null.into()),
        ];
        let beat = Mutation::Update { table: &tables::NODE, assignments, condition: with_id(&self.this) };
        match self.shared.apply(vec![self.shared.statement_on_one(&beat)]).await {
            Err(Error::OptimisticLocking { .. }) => {
                self.standing = Standing::Removed;
                Ok(())
            }
            done => done,
        }
    }

    async fn look_at_others(&mut self, rows: Vec<Node>) -> Result<(), Error> {
        let (this, others): (Vec<Node>, Vec<Node>) = rows.into_iter().partition(|row| row.id == self.this.id);
        drop(this);
        let mut before = std::mem::take(&mut self.others);
        for node in others {
            let known = before.remove(&node.id);
            let other = Other::seen(node, known.as_ref());
            self.others.insert(other.node.id, other);
        }
        for left in before.into_values().filter(|other| other.node.dead_since.is_none()) {
            tracing::info!(name = %left.node.name, "a node has left");
        }
        let living = self.others.values().filter(|other| other.node.dead_since.is_none()).count();
        self.shared.nodes_living.store(living + 1, Ordering::Relaxed);
        self.bury().await
    }

    /// Takes over what silent nodes have locked, and forgets those that have been dead for long.
    async fn bury(&mut self) -> Result<(), Error> {
        let now = self.shared.now();
        let silent: Vec<Node> =
            self.others.values().filter(|other| other.is_silent()).map(|o| o.node.clone()).collect();
        for node in silent {
            let names_another = |other: &Other| {
                other.node.id != node.id && other.node.name == node.name && other.node.dead_since.is_none()
            };
            let as_seen = with_id(&node)
                .and(Condition::equal(tables::NODE.col("beat"), node.beat))
                .and(Condition::is_null(tables::NODE.col("dead_since")));
            let dead = Mutation::update(&tables::NODE, vec![("dead_since", row::time(now))], as_seen);
            let mut statements = vec![self.shared.statement_on_one(&dead)];
            if node.name != self.this.name && !self.others.values().any(names_another) {
                statements.push(self.lock_release(&node.name));
            }
            match self.shared.apply(statements).await {
                // It lives, or somebody else was first.
                Err(Error::OptimisticLocking { .. }) => continue,
                done => done?,
            }
            tracing::warn!(name = %node.name, host = %node.host, "a node is silent: its jobs are taken over");
            self.shared.job_alarm.set(now);
            self.shared.store.announce(News::JobsDue);
        }
        let is_forgotten =
            |other: &&Other| other.node.dead_since.is_some_and(|since| since.plus_ms(REMEMBERED_MS) < now);
        let forgotten: Vec<ExpectedStatement> = self
            .others
            .values()
            .filter(is_forgotten)
            .map(|other| {
                let still_dead = with_id(&other.node).and(Condition::is_not_null(tables::NODE.col("dead_since")));
                self.shared.statement(&Mutation::delete(&tables::NODE, still_dead))
            })
            .collect();
        self.shared.apply(forgotten).await
    }

    /// What nodes of this name have locked can be run by others.
    fn lock_release(&self, name: &Arc<str>) -> ExpectedStatement {
        let owned = Condition::equal(tables::JOB.col("lock_owner"), name.as_ref());
        let values = vec![("lock_owner", SqlValue::Null), ("lock_expiration", SqlValue::Null)];
        self.shared.statement(&Mutation::update(&tables::JOB, values, owned))
    }
}

impl Other {
    fn seen(node: Node, known: Option<&Other>) -> Other {
        let Node { name, host, address, version, .. } = &node;
        let Some(known) = known else {
            if node.dead_since.is_none() {
                tracing::info!(%name, %host, address = address.as_deref(), %version, "there is another node");
            }
            return Other { node, missed: 0 };
        };
        if known.node.dead_since.is_some() && node.dead_since.is_none() {
            tracing::info!(%name, "a node that was silent is back");
        }
        let missed = if known.node.beat == node.beat { known.missed.saturating_add(1) } else { 0 };
        Other { node, missed }
    }

    fn is_silent(&self) -> bool {
        self.node.dead_since.is_none() && self.missed >= MISSED_MAX
    }
}

fn with_id(node: &Node) -> Condition {
    Condition::equal(tables::NODE.col("id"), row::id(node.id))
}

fn insertion(node: &Node) -> Mutation {
    let cells = vec![
        row::id(node.id),
        row::text(&node.name),
        row::text(&node.host),
        row::optional_text(node.address.as_ref()),
        row::text(&node.version),
        row::time(node.started),
        row::time(node.last_seen),
        SqlValue::Integer(node.beat),
        row::optional_time(node.dead_since),
    ];
    Mutation::insert(&tables::NODE, vec![cells])
}
