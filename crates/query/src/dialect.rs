//! Trees to text: the only place where SQL of queries is written, for both dialects.
//!
//! Values are always bound. A list of more than `INLINE_VALUES_MAX` values is one bind, a JSON array, so that texts
//! stay few and small and no limit on binds is met.

use std::fmt::Write;
use std::sync::Arc;

use crate::condition::{ColumnRef, Comparison, Condition, Join, JoinKind, LetterCase, Operand, Source, Subquery, Term};
use crate::mutation::{AssignedValue, Assignment, Mutation};
use crate::select::{Direction, Nulls, Order, Select};
use crate::tally::{Measure, Tally};
use crate::{Dialect, SqlValue, Statement, Table, nul};

/// Lists up to this length are written out, one bind a value.
pub const INLINE_VALUES_MAX: usize = 8;

impl Select {
    pub fn render(&self, dialect: Dialect) -> Statement {
        let mut writer = Writer::new(dialect);
        writer.push("SELECT ");
        for (at, term) in self.columns.iter().enumerate() {
            writer.separate(at, ", ");
            writer.term(term);
        }
        writer.from(self.from, &self.joins);
        writer.where_clause(&self.condition);
        writer.order_by(&self.order);
        writer.page(self.limit, self.offset);
        writer.statement
    }

    /// How many rows there are, whatever order and page were asked for.
    pub fn render_count(&self, dialect: Dialect) -> Statement {
        let mut writer = Writer::new(dialect);
        writer.push("SELECT count(*)");
        writer.from(self.from, &self.joins);
        writer.where_clause(&self.condition);
        writer.statement
    }
}

impl Mutation {
    pub fn render(&self, dialect: Dialect) -> Statement {
        let mut writer = Writer::new(dialect);
        match self {
            Mutation::Insert { table, columns, rows } => writer.insert(table, columns, rows),
            Mutation::InsertIfAbsent { table, columns, row } => {
                writer.insert(table, columns, std::slice::from_ref(row));
                writer.push(" ON CONFLICT DO NOTHING");
            }
            Mutation::Update { table, assignments, condition } => {
                writer.sources.push(table.source());
                let _ = write!(writer.statement.text, "UPDATE {} SET ", table.name);
                for (at, assignment) in assignments.iter().enumerate() {
                    writer.separate(at, ", ");
                    writer.assignment(assignment);
                }
                writer.where_clause(condition);
            }
            Mutation::Delete { table, condition } => {
                writer.sources.push(table.source());
                let _ = write!(writer.statement.text, "DELETE FROM {}", table.name);
                writer.where_clause(condition);
            }
        }
        writer.statement
    }
}

impl Tally {
    pub fn render(&self, dialect: Dialect) -> Statement {
        let mut writer = Writer::new(dialect);
        writer.push("SELECT ");
        writer.tally(self);
        writer.statement
    }

    /// Several in one statement. Each row begins with the place of its tally in the list; all of them have as many keys
    /// of the same kinds, and as many measures.
    pub fn render_together(tallies: &[Tally], dialect: Dialect) -> Statement {
        let mut writer = Writer::new(dialect);
        for (at, tally) in tallies.iter().enumerate() {
            writer.separate(at, " UNION ALL ");
            let _ = write!(writer.statement.text, "SELECT {at}, ");
            writer.tally(tally);
        }
        writer.statement
    }
}

struct Writer {
    dialect: Dialect,
    statement: Statement,
    /// What has been named so far.
    sources: Vec<Source>,
    /// Within a negation: what is false must not take the place of what is NULL there.
    is_negated: bool,
}

impl Writer {
    fn new(dialect: Dialect) -> Self {
        Writer { dialect, statement: Statement::default(), sources: Vec::new(), is_negated: false }
    }

    fn push(&mut self, text: &str) {
        self.statement.text.push_str(text);
    }

    fn separate(&mut self, at: usize, separator: &str) {
        if at > 0 {
            self.push(separator);
        }
    }

    fn bind(&mut self, value: SqlValue) {
        self.statement.binds.push(value);
        match self.dialect {
            Dialect::Sqlite => self.push("?"),
            Dialect::Postgres => {
                let _ = write!(self.statement.text, "${}", self.statement.binds.len());
            }
        }
    }

    fn insert(&mut self, table: &Table, columns: &[&'static str], rows: &[Vec<SqlValue>]) {
        let _ = write!(self.statement.text, "INSERT INTO {} ({}) VALUES ", table.name, columns.join(", "));
        for (at, row) in rows.iter().enumerate() {
            self.separate(at, ", ");
            self.push("(");
            for (at, value) in row.iter().enumerate() {
                self.separate(at, ", ");
                self.bind(value.clone());
            }
            self.push(")");
        }
    }

    fn column(&mut self, column: ColumnRef) {
        let _ = write!(self.statement.text, "{}.{}", column.alias, column.name);
    }

    fn from(&mut self, from: Source, joins: &[Join]) {
        self.push(" FROM ");
        self.source(from);
        for join in joins {
            self.push(match join.kind {
                JoinKind::Inner => " JOIN ",
                JoinKind::Left => " LEFT JOIN ",
            });
            self.source(join.source);
            self.push(" ON ");
            for (at, (left, right)) in join.on.iter().enumerate() {
                self.separate(at, " AND ");
                if self.is_clustered(*left) {
                    self.range(*left, &Operand::Column(*right));
                    self.push(" AND ");
                }
                self.column(*left);
                self.push(" = ");
                self.column(*right);
            }
        }
    }

    fn source(&mut self, source: Source) {
        self.sources.push(source);
        self.push(source.table.name);
        if source.alias != source.table.name {
            let _ = write!(self.statement.text, " AS {}", source.alias);
        }
    }

    fn where_clause(&mut self, condition: &Condition) {
        if let Condition::All(conditions) = condition {
            if conditions.is_empty() {
                return;
            }
            self.push(" WHERE ");
            self.joined(conditions, " AND ");
        } else {
            self.push(" WHERE ");
            self.condition(condition);
        }
    }

    fn joined(&mut self, conditions: &[Condition], word: &str) {
        for (at, condition) in conditions.iter().enumerate() {
            self.separate(at, word);
            self.condition(condition);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::All(conditions) if conditions.is_empty() => self.push("1 = 1"),
            Condition::Any(conditions) if conditions.is_empty() => self.push("1 = 0"),
            Condition::All(conditions) | Condition::Any(conditions) if conditions.len() == 1 => {
                self.joined(conditions, "");
            }
            Condition::All(conditions) => self.group(conditions, " AND "),
            Condition::Any(conditions) => self.group(conditions, " OR "),
            Condition::Not(condition) => {
                self.push("NOT (");
                let is_negated = std::mem::replace(&mut self.is_negated, true);
                self.condition(condition);
                self.is_negated = is_negated;
                self.push(")");
            }
            Condition::Compare(Term::Column(column), Comparison::Equal, operand)
                if !self.is_negated && self.is_clustered(*column) =>
            {
                self.push("(");
                self.range(*column, operand);
                self.push(" AND ");
                self.column(*column);
                self.push(" = ");
                self.operand(operand);
                self.push(")");
            }
            Condition::Compare(term, comparison, operand) => {
                self.term(term);
                self.push(comparison.sign());
                match (term, operand) {
                    (Term::Lower(_), Operand::Value(SqlValue::Text(text))) => self.bind(SqlValue::Text(lower(text))),
                    _ => self.operand(operand),
                }
            }
            Condition::OneOf(Term::Column(column), values)
                if !values.is_empty() && !self.is_negated && self.is_clustered(*column) =>
            {
                self.one_of_ranges(*column, values);
            }
            Condition::OneOf(term, values) => self.one_of(term, values),
            Condition::Like(column, pattern, letter_case) => self.like(*column, pattern, *letter_case),
            Condition::IsNull(term) => {
                self.term(term);
                self.push(" IS NULL");
            }
            Condition::IsNotNull(term) => {
                self.term(term);
                self.push(" IS NOT NULL");
            }
            Condition::Exists(subquery) => {
                self.push("EXISTS (SELECT 1");
                self.subquery(subquery);
                self.push(")");
            }
            Condition::OneOfColumn(Term::Column(own), subquery, column)
                if !self.is_negated && self.is_clustered(*own) =>
            {
                self.one_of_column_ranges(*own, subquery, *column);
            }
            Condition::OneOfColumn(term, subquery, column) => {
                self.term(term);
                self.push(" IN (SELECT ");
                self.column(*column);
                self.subquery(subquery);
                self.push(")");
            }
        }
    }

    fn group(&mut self, conditions: &[Condition], word: &str) {
        self.push("(");
        self.joined(conditions, word);
        self.push(")");
    }

    fn tally(&mut self, tally: &Tally) {
        for key in &tally.keys {
            self.term(key);
            self.push(", ");
        }
        for (at, measure) in tally.measures.iter().enumerate() {
            self.separate(at, ", ");
            self.measure(measure);
        }
        self.from(tally.from, &tally.joins);
        self.where_clause(&tally.condition);
        for (at, key) in tally.keys.iter().enumerate() {
            self.push(if at == 0 { " GROUP BY " } else { ", " });
            self.term(key);
        }
    }

    fn measure(&mut self, measure: &Measure) {
        let (function, term) = match measure {
            Measure::Count => return self.push("count(*)"),
            Measure::CountOf(condition) => {
                self.push("count(CASE WHEN ");
                self.condition(condition);
                return self.push(" THEN 1 END)");
            }
            Measure::Least(term) => ("min", term),
            Measure::Greatest(term) => ("max", term),
            Measure::Average(term) => ("avg", term),
        };
        self.push("CAST(");
        self.push(function);
        self.push("(");
        self.term(term);
        self.push(match self.dialect {
            Dialect::Sqlite => ") AS INTEGER)",
            Dialect::Postgres => ") AS bigint)",
        });
    }

    fn subquery(&mut self, subquery: &Subquery) {
        let is_negated = std::mem::replace(&mut self.is_negated, false);
        self.from(subquery.from, &subquery.joins);
        self.where_clause(&subquery.condition);
        self.is_negated = is_negated;
    }

    /// Whether rows with the same value in the column are in one range of the table's key.
    fn is_clustered(&self, column: ColumnRef) -> bool {
        let source = self.sources.iter().rev().find(|source| source.alias == column.alias);
        source.is_some_and(|source| source.table.clustered_by.contains(&column.name))
    }

    /// That a row is in the range of what the column equals.
    fn range(&mut self, column: ColumnRef, operand: &Operand) {
        let _ = write!(self.statement.text, "{}.id BETWEEN ", column.alias);
        match operand {
            Operand::Value(SqlValue::Uuid(id)) => {
                self.bind(SqlValue::Uuid(id.range_start()));
                self.push(" AND ");
                self.bind(SqlValue::Uuid(id.range_end()));
            }
            Operand::Column(other) => self.range_of(&format!("{}.{}", other.alias, other.name)),
            Operand::Value(other) => {
                self.bind(other.clone());
                self.push(" AND ");
                self.bind(other.clone());
            }
            Operand::Now => unreachable!("no time is an id"),
        }
    }

    /// The first and the last id of the range that an id is in.
    fn range_of(&mut self, id: &str) {
        let _ = match self.dialect {
            Dialect::Sqlite => {
                write!(self.statement.text, "substr({id}, 1, 12) AND CAST(substr({id}, 1, 12) || x'ffffffff' AS BLOB)")
            }
            Dialect::Postgres => write!(
                self.statement.text,
                "(left({id}::text, 28) || '00000000')::uuid AND (left({id}::text, 28) || 'ffffffff')::uuid"
            ),
        };
    }

    /// That a clustered column has one of the values: each is looked for in its own range.
    fn one_of_ranges(&mut self, column: ColumnRef, values: &[SqlValue]) {
        if let [one] = values {
            return self.condition(&Condition::Compare(column.into(), Comparison::Equal, Operand::Value(one.clone())));
        }
        let (list, _) = json_list(values, self.dialect);
        let table = self.begin_ranges(column);
        self.push(match self.dialect {
            Dialect::Sqlite => "(SELECT unhex(replace(value, '-', '')) AS id FROM json_each(",
            Dialect::Postgres => "(SELECT value::uuid AS id FROM jsonb_array_elements_text(",
        });
        self.bind(SqlValue::Text(list));
        self.push(match self.dialect {
            Dialect::Sqlite => ")) AS named",
            Dialect::Postgres => "::text::jsonb)) AS named",
        });
        self.end_ranges(table, column);
    }

    /// The same of the values that rows have in a column.
    fn one_of_column_ranges(&mut self, own: ColumnRef, subquery: &Subquery, column: ColumnRef) {
        let table = self.begin_ranges(own);
        self.push("(SELECT ");
        self.column(column);
        self.push(" AS id");
        self.subquery(subquery);
        self.push(") AS named");
        self.end_ranges(table, own);
    }

    /// What follows names ids as `named`. Answers the column's table.
    fn begin_ranges(&mut self, column: ColumnRef) -> &'static str {
        let _ = write!(self.statement.text, "{}.id IN (SELECT member.id FROM ", column.alias);
        let source = self.sources.iter().rev().find(|source| source.alias == column.alias);
        source.map_or(column.alias, |source| source.table.name)
    }

    fn end_ranges(&mut self, table: &str, column: ColumnRef) {
        let _ = write!(self.statement.text, " CROSS JOIN {table} AS member WHERE member.id BETWEEN ");
        self.range_of("named.id");
        let _ = write!(self.statement.text, " AND member.{} = named.id)", column.name);
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Value(value) => self.bind(value.clone()),
            Operand::Column(column) => self.column(*column),
            Operand::Now => unreachable!("`Condition::at` was called"),
        }
    }

    fn term(&mut self, term: &Term) {
        match term {
            Term::Column(column) => self.column(*column),
            Term::Lower(column) => self.call("lower", &[*column]),
            Term::Coalesce(first, second) => self.call("coalesce", &[*first, *second]),
            Term::Difference(first, second) => {
                self.push("(");
                self.column(*first);
                self.push(" - ");
                self.column(*second);
                self.push(")");
            }
            Term::Month(column) => self.month(*column),
            Term::Quarter(column) => {
                self.push("((");
                self.month(*column);
                self.push(" + 2) / 3)");
            }
            Term::Minute(column) => {
                self.push("((");
                self.column(*column);
                self.push(" / 60000) % 60)");
            }
            Term::Count(subquery) => {
                self.push("(SELECT count(*)");
                self.subquery(subquery);
                self.push(")");
            }
            Term::Lookup(subquery, column) => {
                self.push("(SELECT ");
                self.column(*column);
                self.subquery(subquery);
                self.push(" LIMIT 1)");
            }
        }
    }

    fn month(&mut self, column: ColumnRef) {
        self.push(match self.dialect {
            Dialect::Sqlite => "CAST(strftime('%m', ",
            Dialect::Postgres => "CAST(EXTRACT(MONTH FROM to_timestamp(",
        });
        self.column(column);
        self.push(match self.dialect {
            Dialect::Sqlite => " / 1000, 'unixepoch') AS INTEGER)",
            Dialect::Postgres => " / 1000) AT TIME ZONE 'UTC') AS bigint)",
        });
    }

    fn call(&mut self, function: &str, columns: &[ColumnRef]) {
        self.push(function);
        self.push("(");
        for (at, column) in columns.iter().enumerate() {
            self.separate(at, ", ");
            self.column(*column);
        }
        self.push(")");
    }

    fn one_of(&mut self, term: &Term, values: &[SqlValue]) {
        match values {
            [] => self.push("1 = 0"),
            [one] => {
                self.term(term);
                self.push(" = ");
                self.bind(one.clone());
            }
            few if few.len() <= INLINE_VALUES_MAX => {
                self.term(term);
                self.push(" IN (");
                for (at, value) in few.iter().enumerate() {
                    self.separate(at, ", ");
                    self.bind(value.clone());
                }
                self.push(")");
            }
            many => {
                let (list, element) = json_list(many, self.dialect);
                self.term(term);
                match (self.dialect, element) {
                    (Dialect::Sqlite, Element::Plain | Element::Integer) => {
                        self.push(" IN (SELECT value FROM json_each(");
                    }
                    (Dialect::Sqlite, Element::Uuid) => {
                        self.push(" IN (SELECT unhex(replace(value, '-', '')) FROM json_each(");
                    }
                    (Dialect::Postgres, _) => self.push(" = ANY (ARRAY (SELECT value"),
                }
                if self.dialect == Dialect::Postgres {
                    self.push(match element {
                        Element::Plain => "",
                        Element::Integer => "::bigint",
                        Element::Uuid => "::uuid",
                    });
                    self.push(" FROM jsonb_array_elements_text(");
                }
                self.bind(SqlValue::Text(list));
                self.push(match self.dialect {
                    Dialect::Sqlite => "))",
                    Dialect::Postgres => "::text::jsonb)))",
                });
            }
        }
    }

    /// SQLite's LIKE knows no difference between cases, its GLOB does.
    fn like(&mut self, column: ColumnRef, pattern: &str, letter_case: LetterCase) {
        let pattern = match letter_case {
            LetterCase::Kept => {
                self.column(column);
                pattern.into()
            }
            LetterCase::Ignored => {
                self.call("lower", &[column]);
                lower(pattern)
            }
        };
        match self.dialect {
            Dialect::Sqlite => {
                self.push(" GLOB ");
                self.bind(SqlValue::Text(glob(&pattern)));
            }
            Dialect::Postgres => {
                self.push(" LIKE ");
                self.bind(SqlValue::Text(complete(&pattern)));
                self.push(" ESCAPE '\\'");
            }
        }
    }

    fn order_by(&mut self, order: &[Order]) {
        for (at, order) in order.iter().enumerate() {
            self.push(if at == 0 { " ORDER BY " } else { ", " });
            self.term(&order.term);
            self.push(match order.direction {
                Direction::Ascending => " ASC",
                Direction::Descending => " DESC",
            });
            // What each dialect does anyway is left out: SQLite uses an index for the order only then.
            let default = match (self.dialect, order.direction) {
                (Dialect::Sqlite, Direction::Ascending) | (Dialect::Postgres, Direction::Descending) => Nulls::First,
                (Dialect::Sqlite, Direction::Descending) | (Dialect::Postgres, Direction::Ascending) => Nulls::Last,
            };
            if order.nulls != default {
                self.push(match order.nulls {
                    Nulls::First => " NULLS FIRST",
                    Nulls::Last => " NULLS LAST",
                });
            }
        }
    }

    fn page(&mut self, limit: Option<u64>, offset: u64) {
        let number = |rows: u64| SqlValue::Integer(i64::try_from(rows).unwrap_or(i64::MAX));
        match (limit, self.dialect) {
            (Some(limit), _) => {
                self.push(" LIMIT ");
                self.bind(number(limit));
            }
            (None, Dialect::Sqlite) if offset > 0 => self.push(" LIMIT -1"),
            (None, _) => {}
        }
        if offset > 0 {
            self.push(" OFFSET ");
            self.bind(number(offset));
        }
    }

    fn assignment(&mut self, assignment: &Assignment) {
        self.push(assignment.column);
        self.push(" = ");
        match &assignment.value {
            AssignedValue::Value(value) => self.bind(value.clone()),
            AssignedValue::Column(column) => self.push(column),
            AssignedValue::Increment(by) => {
                self.push(assignment.column);
                self.push(" + ");
                self.bind(SqlValue::Integer(*by));
            }
        }
    }
}

impl Comparison {
    fn sign(self) -> &'static str {
        match self {
            Comparison::Equal => " = ",
            Comparison::NotEqual => " <> ",
            Comparison::Less => " < ",
            Comparison::AtMost => " <= ",
            Comparison::Greater => " > ",
            Comparison::AtLeast => " >= ",
        }
    }
}

#[derive(Clone, Copy)]
enum Element {
    Plain,
    Integer,
    Uuid,
}

fn json_list(values: &[SqlValue], dialect: Dialect) -> (Arc<str>, Element) {
    let mut element = Element::Plain;
    let list: Vec<serde_json::Value> = values
        .iter()
        .map(|value| match value {
            SqlValue::Uuid(id) => {
                element = Element::Uuid;
                id.to_string().into()
            }
            SqlValue::Integer(number) => {
                element = Element::Integer;
                (*number).into()
            }
            SqlValue::Text(text) => text.as_ref().into(),
            SqlValue::Real(number) => (*number).into(),
            SqlValue::Null | SqlValue::Blob(_) => serde_json::Value::Null,
        })
        .collect();
    let list = match dialect {
        Dialect::Sqlite => serde_json::Value::from(list).to_string(),
        Dialect::Postgres => nul::json_list(list),
    };
    (list.into(), element)
}

/// Lower case as both databases know it: SQLite always, PostgreSQL by the collation of our columns.
fn lower(text: &str) -> Arc<str> {
    text.to_ascii_lowercase().into()
}

/// PostgreSQL refuses a pattern that ends amid an escape.
fn complete(pattern: &str) -> Arc<str> {
    let escapes = pattern.bytes().rev().take_while(|byte| *byte == b'\\').count();
    if escapes % 2 == 1 { format!("{pattern}\\").into() } else { pattern.into() }
}

/// The GLOB pattern that matches what a LIKE pattern does.
fn glob(pattern: &str) -> Arc<str> {
    let mut text = String::with_capacity(pattern.len() + 4);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => text.push('*'),
            '_' => text.push('?'),
            '\\' => literal(&mut text, characters.next().unwrap_or('\\')),
            other => literal(&mut text, other),
        }
    }
    text.into()
}

fn literal(text: &mut String, character: char) {
    match character {
        '*' | '?' | '[' => {
            text.push('[');
            text.push(character);
            text.push(']');
        }
        other => text.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{Condition, column};
    use crate::tables::{EXTERNAL_TASK, JOB};

    fn sqlite(select: &Select) -> String {
        select.render(Dialect::Sqlite).text
    }

    #[test]
    fn values_are_bound_in_order() {
        let select = Select::all(JOB.source())
            .filter(Condition::equal(JOB.col("handler"), "timer"))
            .filter(Condition::Any(vec![
                Condition::is_null(JOB.col("due_date")),
                Condition::compare(JOB.col("due_date"), Comparison::AtMost, 5),
            ]))
            .order_by(JOB.col("due_date"), Direction::Ascending)
            .limit(3);
        let statement = Select { columns: vec![JOB.col("id").into()], ..select }.render(Dialect::Postgres);
        assert_eq!(
            statement.text,
            "SELECT job.id FROM job WHERE job.handler = $1 AND (job.due_date IS NULL OR job.due_date <= $2) \
             ORDER BY job.due_date ASC NULLS FIRST LIMIT $3"
        );
        assert_eq!(statement.binds, vec![SqlValue::Text("timer".into()), SqlValue::Integer(5), SqlValue::Integer(3)]);
    }

    #[test]
    fn a_long_list_is_one_bind() {
        let ids: Vec<SqlValue> = (0..20).map(|n| SqlValue::Uuid(types::Uuid(n))).collect();
        let select = Select::all(EXTERNAL_TASK.named("t")).filter(Condition::OneOf(column("t", "id").into(), ids));
        let select = Select { columns: vec![column("t", "topic").into()], ..select };
        assert_eq!(
            sqlite(&select),
            "SELECT t.topic FROM external_task AS t WHERE t.id IN (SELECT unhex(replace(value, '-', '')) FROM json_each(?))"
        );
        let statement = select.render(Dialect::Postgres);
        assert_eq!(
            statement.text,
            "SELECT t.topic FROM external_task AS t WHERE t.id = ANY (ARRAY (SELECT value::uuid \
             FROM jsonb_array_elements_text($1::text::jsonb)))"
        );
        assert_eq!(statement.binds.len(), 1);
    }

    #[test]
    fn mutations() {
        let one = Mutation::Update {
            table: &JOB,
            assignments: vec![Assignment { column: "retries", value: AssignedValue::Increment(-1) }],
            condition: Condition::equal(JOB.col("id"), SqlValue::Uuid(types::Uuid(1))),
        };
        assert_eq!(one.render(Dialect::Postgres).text, "UPDATE job SET retries = retries + $1 WHERE job.id = $2");
        let rows = vec![vec![SqlValue::Null; 2], vec![SqlValue::Null; 2]];
        let insert = Mutation::Insert { table: &JOB, columns: vec!["id", "handler"], rows };
        assert_eq!(insert.render(Dialect::Sqlite).text, "INSERT INTO job (id, handler) VALUES (?, ?), (?, ?)");
        let if_absent = Mutation::InsertIfAbsent { table: &JOB, columns: vec!["id"], row: vec![SqlValue::Null] };
        let expected = "INSERT INTO job (id) VALUES ($1) ON CONFLICT DO NOTHING";
        assert_eq!(if_absent.render(Dialect::Postgres).text, expected);
        let delete = Mutation::delete(&JOB, Condition::EVERYTHING);
        assert_eq!(delete.render(Dialect::Sqlite).text, "DELETE FROM job");
    }

    #[test]
    fn patterns_become_globs() {
        for (like, expected) in
            [("a%", "a*"), ("_b\\_", "?b_"), ("50\\%*", "50%[*]"), ("[x?", "[[]x[?]"), ("a\\", "a\\")]
        {
            assert_eq!(glob(like).as_ref(), expected, "{like}");
        }
    }
}
