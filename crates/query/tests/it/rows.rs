//! Random requests on random rows: the database finds what a plain reading of the tree finds.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;

use query::filter::FilterKind;
use query::select::Order;
use query::{
    ColumnKind, ColumnRef, Comparison, Condition, Dialect, Direction, Join, JoinKind, LetterCase, ListRequest,
    Mutation, Nulls, Operand, Purpose, Resource, Select, Source, SqlValue, Subquery, Table, Term, resource, tables,
};
use rusqlite::Connection;
use types::{Timestamp, Uuid};

use crate::database::{NOW, database, run, run_select};

const TEXTS: [&str; 10] = ["a", "b", "A", "ab", "a_c", "String", "Integer", "Kermit the Frog", "50% [x]*?", "ACTIVE"];
const PATTERNS: [&str; 8] = ["a%", "%b", "_", "%\\_%", "%\\%%[x]*?", "A%", "%", "kermit the%"];

/// xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).expect("fits") % bound
    }

    fn text(&mut self) -> &'static str {
        TEXTS[self.below(TEXTS.len())]
    }

    fn id(&mut self) -> Uuid {
        Uuid(0x0193_6f3a_0000_7000_8000_0000_0000_0000 + self.below(6) as u128)
    }

    fn time(&mut self) -> Timestamp {
        Timestamp(NOW.0 - 2 + i64::try_from(self.below(5)).expect("fits"))
    }

    fn cell(&mut self, kind: ColumnKind, is_nullable: bool) -> SqlValue {
        if is_nullable && self.below(3) == 0 {
            return SqlValue::Null;
        }
        match kind {
            ColumnKind::Id => SqlValue::Uuid(self.id()),
            ColumnKind::Text => SqlValue::Text(self.text().into()),
            ColumnKind::Integer => SqlValue::Integer(i64::try_from(self.below(4)).expect("fits")),
            ColumnKind::Time => SqlValue::Integer(self.time().0),
            ColumnKind::Boolean => SqlValue::Integer(i64::from(self.below(2) == 0)),
            ColumnKind::Real => SqlValue::Real(0.5),
            ColumnKind::Blob => SqlValue::Blob([1, 2].into()),
        }
    }
}

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
            Term::Month(_) | Term::Quarter(_) => unreachable!("lists show no parts of times"),
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

fn value(kind: &FilterKind, column_kind: impl Fn(ColumnRef) -> ColumnKind, random: &mut Random) -> String {
    let of_column = |column, random: &mut Random| match column_kind(column) {
        ColumnKind::Id => random.id().to_string(),
        ColumnKind::Time => random.time().to_string(),
        ColumnKind::Integer | ColumnKind::Boolean => random.below(4).to_string(),
        ColumnKind::Text | ColumnKind::Real | ColumnKind::Blob => random.text().to_owned(),
    };
    match kind {
        FilterKind::Compare(column, _) => of_column(*column, random),
        FilterKind::List { column, .. } => {
            let count = 1 + random.below(12);
            (0..count).map(|_| of_column(*column, random)).collect::<Vec<_>>().join(",")
        }
        FilterKind::Text { .. } => PATTERNS[random.below(PATTERNS.len())].to_owned(),
        FilterKind::Tenants { .. } | FilterKind::VariableTypes(_) => format!("{},{}", random.text(), random.text()),
        FilterKind::ActivityInstance { .. } => format!("{}:{},{}", random.text(), random.id(), random.id()),
        FilterKind::Flag { .. } | FilterKind::Modifier => (random.below(4) > 0).to_string(),
        FilterKind::Choice { words, .. } => words[random.below(words.len())].0.to_owned(),
        FilterKind::Variables(scope) => {
            let operator = scope.operators[random.below(scope.operators.len())];
            format!(
                "{}_{}_{}",
                random.text().replace('_', ""),
                operator.name(),
                ["a", "A", "a%", "ab"][random.below(4)]
            )
        }
        FilterKind::TimeConditions { .. } => format!("gt_{},lt_{}", random.time(), random.time()),
        FilterKind::Exists(_, inner) | FilterKind::And { inner, .. } => value(inner, column_kind, random),
        FilterKind::AnyOf(inner, _) => value(&inner[0], column_kind, random),
        FilterKind::VariableValue { .. } => random.text().to_owned(),
        FilterKind::NoRows(_) | FilterKind::OrQueries | FilterKind::Ignored | FilterKind::Refused(..) => {
            "false".to_owned()
        }
    }
}

/// Looks the kind up by name, wherever the alias points to.
fn kind_of(column: ColumnRef) -> ColumnKind {
    let columns = || tables::ALL.iter().flat_map(|table| table.columns.iter().map(move |c| (table.name, c)));
    let found = columns().find(|(table, c)| *table == column.alias && c.name == column.name);
    let found = found.or_else(|| columns().find(|(_, c)| c.name == column.name));
    found.expect("column exists").1.kind
}

fn random_pairs(resource: &Resource, random: &mut Random) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for _ in 0..random.below(4) {
        let filter = &resource.filters[random.below(resource.filters.len())];
        pairs.push((filter.name.to_owned(), value(&filter.kind, kind_of, random)));
    }
    if random.below(2) == 0 {
        let sort = &resource.sorts[random.below(resource.sorts.len())];
        pairs.push(("sortBy".to_owned(), sort.name.to_owned()));
        pairs.push(("sortOrder".to_owned(), ["asc", "desc"][random.below(2)].to_owned()));
    }
    if random.below(3) == 0 {
        pairs.push(("firstResult".to_owned(), random.below(3).to_string()));
        pairs.push(("maxResults".to_owned(), random.below(5).to_string()));
    }
    pairs
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
