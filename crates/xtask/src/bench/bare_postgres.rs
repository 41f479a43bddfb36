//! The rows of lifecycles written to PostgreSQL by loops that do nothing else, as the server's committers write them: of a
//! batch one statement for each table and kind of change (ADR 0015), in two round trips.

use super::bare_sqlite::{COMMITS_BETWEEN, figure};
use super::figure::{Figure, Samples, Window};
use super::load::WARM_UP;
use super::template::{ChangeKind, Lifecycle, Slot, Template};
use crate::cluster::Database;
use anyhow::{Context, ensure};
use bytes::{BufMut, BytesMut};
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::time::{Duration, Instant};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};

/// As many as the server has.
const COMMITTERS: u64 = 4;

/// Of what stands in these tables the server looks at each row before it changes anything.
const LOOKED_AT: [&str; 2] = ["process_instance", "external_task"];

/// The rows of some commands, ready to be written by sets.
#[derive(Debug)]
pub struct Sets<'a> {
    sets: Vec<Set<'a>>,
    looks: Vec<Look<'a>>,
}

/// What one statement writes.
#[derive(Debug)]
struct Set<'a> {
    statement: Statement,
    types: Vec<Type>,
    rows: Rows<'a>,
}

/// Rows with the number of their command.
type Rows<'a> = Vec<(usize, &'a Template)>;

/// A key that is read and locked before.
#[derive(Debug)]
struct Look<'a> {
    statement: Statement,
    types: Vec<Type>,
    command: usize,
    key: Vec<&'a Slot>,
}

/// One column of a statement's rows: an array in the binary form of the protocol.
#[derive(Debug)]
struct Column {
    element: Type,
    length: i32,
    has_null: bool,
    bytes: BytesMut,
}

impl<'a> Sets<'a> {
    /// Those of the first commands of a lifecycle, as many as asked for.
    pub async fn prepare(client: &Client, lifecycle: &'a Lifecycle, commands: usize) -> anyhow::Result<Sets<'a>> {
        let mut grouped: BTreeMap<_, Rows<'_>> = BTreeMap::new();
        for (command, templates) in lifecycle.commands.iter().take(commands).enumerate() {
            for template in templates {
                let group = (template.kind, template.table.name.as_str(), template.columns.clone());
                grouped.entry(group).or_default().push((command, template));
            }
        }
        let mut sets = Vec::new();
        for rows in grouped.into_values() {
            let statement = client.prepare(&set_text(rows[0].1)).await?;
            sets.push(Set { statement, types: types(rows[0].1, &rows[0].1.columns)?, rows });
        }
        let mut looks = Vec::new();
        for (command, templates) in lifecycle.commands.iter().take(commands).enumerate() {
            let old = templates.iter().filter(|template| template.kind == ChangeKind::Delete);
            for template in old.filter(|template| LOOKED_AT.contains(&template.table.name.as_str())) {
                let statement = client.prepare(&look_text(template)).await?;
                let key = template.slots.iter().collect();
                looks.push(Look { statement, types: types(template, &template.table.key)?, command, key });
            }
        }
        Ok(Sets { sets, looks })
    }

    /// Writes, of each command, the lifecycles that `numbers` gives for it, as one transaction.
    pub async fn write(&self, client: &Client, numbers: &[Vec<u64>]) -> anyhow::Result<()> {
        let begin = async { client.batch_execute("BEGIN").await };
        let (begun, looked) = tokio::join!(begin, self.look(client, numbers));
        begun?;
        looked?;
        let mut columns: Vec<Vec<Column>> = Vec::with_capacity(self.sets.len());
        for set in &self.sets {
            let mut of_set: Vec<Column> = set.types.iter().map(Column::of).collect();
            for (command, template) in &set.rows {
                for number in &numbers[*command] {
                    add_row(&mut of_set, template.slots.iter(), *number)?;
                }
            }
            columns.push(of_set);
        }
        let bound: Vec<Vec<&(dyn ToSql + Sync)>> = columns.iter().map(|columns| parameters(columns)).collect();
        let filled = self.sets.iter().zip(&bound).zip(&columns).filter(|(_, columns)| columns[0].length > 0);
        let executions = filled.map(|((set, bound), _)| async move {
            client
                .execute(&set.statement, bound)
                .await
                .with_context(|| format!("writing to {}", set.rows[0].1.table.name))
        });
        // All are sent before the first is answered, the commit behind them.
        let commit = async { client.batch_execute("COMMIT").await };
        let (written, committed) = tokio::join!(all_in_order(executions), commit);
        written?;
        Ok(committed?)
    }

    async fn look(&self, client: &Client, numbers: &[Vec<u64>]) -> anyhow::Result<()> {
        let mut columns = Vec::with_capacity(self.looks.len());
        for look in &self.looks {
            let mut keys: Vec<Column> = look.types.iter().map(Column::of).collect();
            for number in &numbers[look.command] {
                add_row(&mut keys, look.key.iter().copied(), *number)?;
            }
            columns.push((keys, numbers[look.command].len()));
        }
        let bound: Vec<Vec<&(dyn ToSql + Sync)>> = columns.iter().map(|(columns, _)| parameters(columns)).collect();
        let queries = self.looks.iter().zip(&bound).zip(&columns).filter(|(_, (_, rows))| *rows > 0);
        let queries = queries.map(|((look, bound), (_, rows))| async move {
            let found = client.query(&look.statement, bound).await?.len();
            ensure!(found == *rows, "{found} of {rows} rows are there that the loop itself has written");
            Ok(0)
        });
        all_in_order(queries).await
    }
}

/// Begins all and waits for all, so that they share a round trip.
async fn all_in_order<F>(futures: impl Iterator<Item = F>) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<u64>>,
{
    for result in futures_util::future::join_all(futures).await {
        result?;
    }
    Ok(())
}

/// Writes lifecycles to a database of the observed one's shape until the window is over.
pub async fn measure(
    lifecycle: &Lifecycle,
    database: &Database,
    per_commit: u64,
    seconds: f64,
) -> anyhow::Result<Figure> {
    let window = Window::starting_now(WARM_UP, Duration::from_secs_f64(seconds));
    let committers = (0..COMMITTERS).map(|committer| commit_until(lifecycle, database, per_commit, committer, window));
    let mut samples = Samples::default();
    for part in futures_util::future::join_all(committers).await {
        samples.append(part?);
    }
    Ok(figure(&samples, per_commit, lifecycle, window))
}

async fn commit_until(
    lifecycle: &Lifecycle,
    database: &Database,
    per_commit: u64,
    committer: u64,
    window: Window,
) -> anyhow::Result<Samples> {
    let client = database.connect().await?;
    let sets = Sets::prepare(&client, lifecycle, lifecycle.commands.len()).await?;
    let mut samples = Samples::default();
    let mut commit = 0;
    while !window.is_over() {
        let started = Instant::now();
        let numbers: Vec<Vec<u64>> = (0..lifecycle.commands.len() as u64)
            .map(|command| match u64::checked_sub(commit, command * COMMITS_BETWEEN) {
                None => Vec::new(),
                Some(of_commit) => {
                    let first = (of_commit * COMMITTERS + committer) * per_commit;
                    (first..first + per_commit).collect()
                }
            })
            .collect();
        sets.write(&client, &numbers).await?;
        samples.record(window, started);
        commit += 1;
    }
    Ok(samples)
}

fn types(template: &Template, columns: &[usize]) -> anyhow::Result<Vec<Type>> {
    let of = |name: &str| match name {
        "uuid" => Some(Type::UUID),
        "bytea" => Some(Type::BYTEA),
        "text" | "varchar" => Some(Type::TEXT),
        "int8" => Some(Type::INT8),
        "int4" => Some(Type::INT4),
        "int2" => Some(Type::INT2),
        "bool" => Some(Type::BOOL),
        "float8" => Some(Type::FLOAT8),
        _ => None,
    };
    let named = columns.iter().map(|column| template.table.types[*column].as_str());
    named.map(|name| of(name).with_context(|| format!("the bare loop cannot write columns of type {name}"))).collect()
}

/// `UNNEST($1::uuid[], …) AS v (c0, …)`
fn unnested(template: &Template, columns: &[usize]) -> String {
    let types = columns.iter().map(|column| template.table.types[*column].as_str()).enumerate();
    let arrays: Vec<String> = types.map(|(index, name)| format!("${}::{name}[]", index + 1)).collect();
    let names: Vec<String> = (0..columns.len()).map(|index| format!("c{index}")).collect();
    format!("UNNEST({}) AS v ({})", arrays.join(", "), names.join(", "))
}

fn set_text(template: &Template) -> String {
    let (table, rows) = (&template.table.name, unnested(template, &template.columns));
    let terms = |from: usize, to: usize, qualifier: &str, separator: &str| {
        let mut text = String::new();
        for (index, name) in template.column_names().enumerate().take(to).skip(from) {
            let separator = if index == from { "" } else { separator };
            let _ = write!(text, "{separator}{qualifier}\"{name}\" = v.c{index}");
        }
        text
    };
    let all = template.columns.len();
    match template.kind {
        ChangeKind::Insert => {
            let names: Vec<String> = template.column_names().map(|name| format!("\"{name}\"")).collect();
            format!("INSERT INTO \"{table}\" ({}) SELECT * FROM {rows}", names.join(", "))
        }
        ChangeKind::Update { set } => format!(
            "UPDATE \"{table}\" AS t SET {} FROM {rows} WHERE {}",
            terms(0, set, "", ", "),
            terms(set, all, "t.", " AND ")
        ),
        ChangeKind::Delete => {
            format!("DELETE FROM \"{table}\" AS t USING {rows} WHERE {}", terms(0, all, "t.", " AND "))
        }
    }
}

fn look_text(template: &Template) -> String {
    let key = &template.table.key;
    let terms = |separator: &str, term: &dyn Fn(usize, &str) -> String| {
        let names = key.iter().map(|column| template.table.columns[*column].as_str());
        names.enumerate().map(|(index, name)| term(index, name)).collect::<Vec<_>>().join(separator)
    };
    format!(
        "SELECT {} FROM \"{}\" AS t JOIN {} ON {} ORDER BY 1 FOR UPDATE OF t",
        terms(", ", &|_, name| format!("t.\"{name}\"")),
        template.table.name,
        unnested(template, key),
        terms(" AND ", &|index, name| format!("t.\"{name}\" = v.c{index}")),
    )
}

fn add_row<'s>(columns: &mut [Column], slots: impl Iterator<Item = &'s Slot>, number: u64) -> anyhow::Result<()> {
    columns.iter_mut().zip(slots).try_for_each(|(column, slot)| column.add(&slot.value(number)))
}

fn parameters(columns: &[Column]) -> Vec<&(dyn ToSql + Sync)> {
    columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect()
}

impl Column {
    fn of(element: &Type) -> Column {
        Column { element: element.clone(), length: 0, has_null: false, bytes: BytesMut::new() }
    }

    fn add(&mut self, value: &Value) -> anyhow::Result<()> {
        self.length += 1;
        match value {
            Value::Null => {
                self.has_null = true;
                self.bytes.put_i32(-1);
            }
            Value::Integer(number) => self.add_number(*number)?,
            Value::Real(number) => self.add_bytes(&number.to_be_bytes())?,
            Value::Text(text) => self.add_bytes(text.as_bytes())?,
            Value::Blob(blob) => self.add_bytes(blob)?,
        }
        Ok(())
    }

    fn add_number(&mut self, number: i64) -> anyhow::Result<()> {
        match self.element {
            Type::INT4 => self.add_bytes(&i32::try_from(number)?.to_be_bytes()),
            Type::INT2 => self.add_bytes(&i16::try_from(number)?.to_be_bytes()),
            Type::BOOL => self.add_bytes(&[u8::from(number != 0)]),
            _ => self.add_bytes(&number.to_be_bytes()),
        }
    }

    fn add_bytes(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.bytes.put_i32(i32::try_from(bytes.len())?);
        self.bytes.put_slice(bytes);
        Ok(())
    }
}

impl ToSql for Column {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i32(i32::from(self.length > 0));
        out.put_i32(i32::from(self.has_null));
        out.put_u32(self.element.oid());
        if self.length > 0 {
            out.put_i32(self.length);
            // Arrays of SQL begin at 1.
            out.put_i32(1);
            out.put_slice(&self.bytes);
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
