//! Random cells, and random requests on them, for tests that compare what databases find.

use query::filter::FilterKind;
use query::{ColumnKind, ColumnRef, Resource, SqlValue, tables};
use types::{Timestamp, Uuid};

/// When all requests are made.
pub const NOW: Timestamp = Timestamp(1_000_000);

const TEXTS: [&str; 10] = ["a", "b", "A", "ab", "a_c", "String", "Integer", "Kermit the Frog", "50% [x]*?", "ACTIVE"];
const PATTERNS: [&str; 9] = ["b\\", "a%", "%b", "_", "%\\_%", "%\\%%[x]*?", "A%", "%", "kermit the%"];

/// xorshift64*.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).expect("fits") % bound
    }

    pub fn text(&mut self) -> &'static str {
        TEXTS[self.below(TEXTS.len())]
    }

    pub fn id(&mut self) -> Uuid {
        Uuid(0x0193_6f3a_0000_7000_8000_0000_0000_0000 + self.below(6) as u128)
    }

    pub fn time(&mut self) -> Timestamp {
        Timestamp(NOW.0 - 2 + i64::try_from(self.below(5)).expect("fits"))
    }

    pub fn cell(&mut self, kind: ColumnKind, is_nullable: bool) -> SqlValue {
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

pub fn value(kind: &FilterKind, column_kind: impl Fn(ColumnRef) -> ColumnKind, random: &mut Random) -> String {
    let of_column = |column, random: &mut Random| match column_kind(column) {
        ColumnKind::Id => random.id().to_string(),
        ColumnKind::Time => random.time().to_string(),
        ColumnKind::Integer | ColumnKind::Boolean => random.below(4).to_string(),
        ColumnKind::Text | ColumnKind::Real | ColumnKind::Blob => random.text().to_owned(),
    };
    match kind {
        FilterKind::Compare(column, _) => of_column(*column, random),
        FilterKind::WriteId { .. } => random.id().to_string(),
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
pub fn kind_of(column: ColumnRef) -> ColumnKind {
    let columns = || tables::ALL.iter().flat_map(|table| table.columns.iter().map(move |c| (table.name, c)));
    let found = columns().find(|(table, c)| *table == column.alias && c.name == column.name);
    let found = found.or_else(|| columns().find(|(_, c)| c.name == column.name));
    found.expect("column exists").1.kind
}

pub fn random_pairs(resource: &Resource, random: &mut Random) -> Vec<(String, String)> {
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
