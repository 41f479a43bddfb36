//! Random requests on random rows: the database finds what a plain reading of the tree finds.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;

use query::select::Order;
use query::{
    ColumnRef, Comparison, Condition, Dialect, Direction, Join, JoinKind, LetterCase, ListRequest, Mutation, Nulls,
    Operand, Purpose, Select, Source, SqlValue, Subquery, Table, Term, resource, tables,
};
use rusqlite::Connection;

use crate::database::{NOW, database, run, run_select};
use crate::random_request::{Random, random_pairs};

type Rows = BTreeMap<&'static str, Vec<Vec<SqlValue>>>;

fn fill(connection: &Connection, random: &mut Random) -> Rows {
    let mut all = Rows::new();
    for table in tables::ALL {
        for _ in 0..12 {
            let cells = table.columns.iter().map(|c| random.cell(c.kind, c.is_nullable)).collect();
            let mut statement = Mutation::insert(table, vec![cells]).render(Dialect::Sqlite);
            // Rows whose keys are taken are left out.
            statement.text = statement.text.replacen("INSERT", "INSERT OR IGNORE", 1);
            run(connection, &statement);
        }
        all.insert(table.name, run_select(connection, &Select::all(table.source())));
    }
    // A detail that was written out has the id of its variable, which stands for none any more.
    let detail = &tables::HISTORIC_DETAIL;
    let variable = &tables::HISTORIC_VARIABLE;
    let same = Condition::exists(variable.source(), Condition::equal(variable.col("id"), detail.col("id")));
    run(connection, &Mutation::delete(detail, same).render(Dialect::Sqlite));
    all.insert(detail.name, run_select(connection, &Select::all(detail.source())));
    for view in tables::VIEWS {
        all.insert(view.table.name, run_select(connection, &Select::all(view.table.source())));
    }
    all
}

/// A row for each alias in sight.
#[derive(Clone)]
struct Scope<'a> {
    rows: &'a Rows,
    bound: Vec<(Source, Option<&'a [SqlValue]>)>,
}

impl<'a> Scope<'a> {
    fn with(&self, source: Source, row: Option<&'a [SqlValue]>) -> Scope<'a> {
        let mut scope = self.clone();
        scope.bound.push((source, row));
        scope
    }

    fn of(&self, table: &Table) -> &'a [Vec<SqlValue>] {
        &self.rows[table.name]
    }

    fn column(&self, column: ColumnRef) -> SqlValue {
        let (source, row) =
            self.bound.iter().rev().find(|(source, _)| source.alias == column.alias).expect("alias is in sight");
        let at = source.table.columns.iter().position(|c| c.name == column.name).expect("column exists");
        row.map_or(SqlValue::Null, |row| row[at].clone())
    }

    fn joined(&self, from: Source, joins: &[Join]) -> Vec<Scope<'a>> {
        let mut scopes: Vec<Scope<'a>> = self.of(from.table).iter().map(|row| self.with(from, Some(row))).collect();
        for join in joins {
            scopes = scopes
                .into_iter()
                .flat_map(|scope| {
                    let rows = scope.of(join.source.table).iter();
                    let mut partners: Vec<Scope<'a>> = rows
                        .map(|row| scope.with(join.source, Some(row)))
                        .filter(|candidate| {
                            join.on.iter().all(|(left, right)| {
                                compare(&candidate.column(*left), &candidate.column(*right)) == Some(Ordering::Equal)
                            })
                        })
                        .collect();
                    if partners.is_empty() && join.kind == JoinKind::Left {
                        partners.push(scope.with(join.source, None));
                    }
                    partners
                })
                .collect();
        }
        scopes
    }

    fn matching(&self, subquery: &Subquery) -> Vec<Scope<'a>> {
        let mut scopes = self.joined(subquery.from, &subquery.joins);
        scopes.retain(|scope| scope.holds(&subquery.condition) == Some(true));
        scopes
    }

    fn term(&self, term: &Term) -> SqlValue {
        match term {
            Term::Column(column) => self.column(*column),
            Term::Month(_) | Term::Quarter(_) | Term::Minute(_) => unreachable!("lists show no parts of times"),
            Term::Lower(column) => match self.column(*column) {
                SqlValue::Text(text) => SqlValue::Text(text.to_ascii_lowercase().into()),
                other => other,
            },
            Term::Difference(first, second) => match (self.column(*first), self.column(*second)) {
                (SqlValue::Integer(first), SqlValue::Integer(second)) => SqlValue::Integer(first - second),
                _ => SqlValue::Null,
            },
            Term::Coalesce(first, second) => match self.column(*first) {
                SqlValue::Null => self.column(*second),
                value => value,
            },
            Term::Count(subquery) => SqlValue::Integer(i64::try_from(self.matching(subquery).len()).expect("fits")),
            Term::Lookup(subquery, column) => {
                self.matching(subquery).first().map_or(SqlValue::Null, |scope| scope.column(*column))
            }
        }
    }

    /// One condition that is `decisive` decides; otherwise an unknown one makes all unknown.
    fn decided(&self, conditions: &[Condition], decisive: bool) -> Option<bool> {
        let outcomes: Vec<Option<bool>> = conditions.iter().map(|condition| self.holds(condition)).collect();
        if outcomes.contains(&Some(decisive)) {
            return Some(decisive);
        }
        if outcomes.contains(&None) { None } else { Some(!decisive) }
    }

    /// `None` is SQL's unknown.
    fn holds(&self, condition: &Condition) -> Option<bool> {
        match condition {
            Condition::All(conditions) => self.decided(conditions, false),
            Condition::Any(conditions) => self.decided(conditions, true),
            Condition::Not(condition) => self.holds(condition).map(|holds| !holds),
            Condition::Compare(term, comparison, operand) => {
                let operand = match (term, operand) {
                    (Term::Lower(_), Operand::Value(SqlValue::Text(text))) => {
                        SqlValue::Text(text.to_ascii_lowercase().into())
                    }
                    (_, Operand::Value(value)) => value.clone(),
                    (_, Operand::Column(column)) => self.column(*column),
                    (_, Operand::Now) => SqlValue::Integer(NOW.0),
                };
                let order = compare(&self.term(term), &operand)?;
                Some(match comparison {
                    Comparison::Equal => order.is_eq(),
                    Comparison::NotEqual => order.is_ne(),
                    Comparison::Less => order.is_lt(),
                    Comparison::AtMost => order.is_le(),
                    Comparison::Greater => order.is_gt(),
                    Comparison::AtLeast => order.is_ge(),
                })
            }
            Condition::OneOf(_, values) if values.is_empty() => Some(false),
            Condition::OneOf(term, values) => {
                let value = self.term(term);
                (value != SqlValue::Null)
                    .then(|| values.iter().any(|one| compare(&value, one) == Some(Ordering::Equal)))
            }
            Condition::Like(column, pattern, case) => match self.column(*column) {
                SqlValue::Text(text) => Some(match case {
                    LetterCase::Kept => like(&text, pattern),
                    LetterCase::Ignored => like(&text.to_ascii_lowercase(), &pattern.to_ascii_lowercase()),
                }),
                _ => None,
            },
            Condition::IsNull(term) => Some(self.term(term) == SqlValue::Null),
            Condition::IsNotNull(term) => Some(self.term(term) != SqlValue::Null),
            Condition::Exists(subquery) => Some(!self.matching(subquery).is_empty()),
            Condition::OneOfColumn(term, subquery, column) => {
                let value = self.term(term);
                let found = self.matching(subquery);
                Some(found.iter().any(|row| compare(&value, &row.column(*column)) == Some(Ordering::Equal)))
            }
        }
    }
}

fn bytes(value: &SqlValue) -> Vec<u8> {
    match value {
        SqlValue::Uuid(id) => id.to_bytes().to_vec(),
        SqlValue::Blob(bytes) => bytes.to_vec(),
        SqlValue::Text(text) => text.as_bytes().to_vec(),
        other => panic!("{other:?} has no bytes"),
    }
}

fn compare(left: &SqlValue, right: &SqlValue) -> Option<Ordering> {
    match (left, right) {
        (SqlValue::Null, _) | (_, SqlValue::Null) => None,
        (SqlValue::Integer(left), SqlValue::Integer(right)) => Some(left.cmp(right)),
        (SqlValue::Real(left), SqlValue::Real(right)) => left.partial_cmp(right),
        (left, right) => Some(bytes(left).cmp(&bytes(right))),
    }
}

fn like(text: &str, pattern: &str) -> bool {
    let mut pattern = pattern.chars();
    match pattern.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = pattern.as_str();
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| like(&text[at..], rest))
        }
        Some(other) => {
            let literal = if other == '\\' { pattern.next() } else { Some(other).filter(|c| *c != '_') };
            let mut text = text.chars();
            text.next().is_some_and(|first| literal.is_none_or(|c| c == first)) && like(text.as_str(), pattern.as_str())
        }
    }
}

fn ordered(left: &Scope<'_>, right: &Scope<'_>, order: &[Order]) -> Ordering {
    for Order { term, direction, nulls } in order {
        let (left, right) = (left.term(term), right.term(term));
        let by_nulls = match (&left, &right) {
            (SqlValue::Null, SqlValue::Null) => continue,
            (SqlValue::Null, _) => Some(Ordering::Less),
            (_, SqlValue::Null) => Some(Ordering::Greater),
            _ => None,
        };
        let by_value = compare(&left, &right).unwrap_or(Ordering::Equal);
        let found = match (by_nulls, nulls, direction) {
            (Some(order), Nulls::First, _) => order,
            (Some(order), Nulls::Last, _) => order.reverse(),
            (None, _, Direction::Ascending) => by_value,
            (None, _, Direction::Descending) => by_value.reverse(),
        };
        if found.is_ne() {
            return found;
        }
    }
    Ordering::Equal
}

fn expected(rows: &Rows, select: &Select) -> Vec<Vec<SqlValue>> {
    let outside = Scope { rows, bound: Vec::new() };
    let mut found = outside.joined(select.from, &select.joins);
    found.retain(|scope| scope.holds(&select.condition) == Some(true));
    found.sort_by(|left, right| ordered(left, right, &select.order));
    let limit = select.limit.map_or(usize::MAX, |limit| usize::try_from(limit).expect("fits"));
    let offset = usize::try_from(select.offset).expect("fits");
    let page = found.iter().skip(offset).take(limit);
    page.map(|scope| select.columns.iter().map(|term| scope.term(term)).collect()).collect()
}

#[test]
fn the_database_finds_what_a_plain_reading_finds() {
    let (mut answered, mut filled) = (0, 0);
    for seed in 1..=40_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let connection = database();
        let rows = fill(&connection, &mut random);
        for resource in resource::ALL {
            for _ in 0..12 {
                let pairs = random_pairs(resource, &mut random);
                let Ok(request) = ListRequest::from_query(resource, &pairs, Purpose::Rows) else { continue };
                let select = resource.select(&request, NOW);
                let (actual, wanted) = (run_select(&connection, &select), expected(&rows, &select));
                let mut context = String::new();
                let _ = write!(
                    context,
                    "seed {seed}, {} {pairs:?}: {}",
                    resource.name,
                    select.render(Dialect::Sqlite).text
                );
                assert_eq!(actual, wanted, "{context}");
                let everything = Select { limit: None, offset: 0, ..resource.select_count(&request, NOW) };
                let count = run(&connection, &everything.render_count(Dialect::Sqlite));
                let all = i64::try_from(expected(&rows, &everything).len()).expect("fits");
                assert_eq!(count, vec![vec![SqlValue::Integer(all)]], "{context}");
                answered += 1;
                filled += usize::from(!wanted.is_empty());
            }
        }
    }
    assert!(answered > 4_000 && filled > answered / 4, "{filled} of {answered} answers had rows");
}
