//! Rows on their way to PostgreSQL, column by column: each column is one array in the binary form of the protocol.

use bytes::{BufMut, BytesMut};
use query::{ColumnKind, Table};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use types::Uuid;

use crate::codec::RowSink;
use crate::codec::sql::ColumnSet;

type Boxed = Box<dyn std::error::Error + Sync + Send>;

/// One array. Its elements stand in `bytes` as the protocol has them: a length, or -1 for NULL, and the value.
#[derive(Debug)]
pub struct ArrayColumn {
    kind: ColumnKind,
    length: usize,
    has_null: bool,
    bytes: BytesMut,
}

/// Takes rows cell by cell; the cells of columns that are not selected are dropped.
#[derive(Debug)]
pub struct ArrayRows {
    columns: Vec<Option<ArrayColumn>>,
    next: usize,
}

impl ArrayColumn {
    pub fn new(kind: ColumnKind) -> ArrayColumn {
        ArrayColumn { kind, length: 0, has_null: false, bytes: BytesMut::new() }
    }

    pub fn of_ids(ids: impl IntoIterator<Item = Uuid>) -> ArrayColumn {
        let mut column = ArrayColumn::new(ColumnKind::Id);
        ids.into_iter().for_each(|id| column.value(&id.to_bytes()));
        column
    }

    pub fn of_integers(numbers: impl IntoIterator<Item = i64>) -> ArrayColumn {
        let mut column = ArrayColumn::new(ColumnKind::Integer);
        numbers.into_iter().for_each(|number| column.value(&number.to_be_bytes()));
        column
    }

    pub fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> ArrayColumn {
        let mut column = ArrayColumn::new(ColumnKind::Text);
        texts.into_iter().for_each(|text| column.value(query::nul::escape(text).as_bytes()));
        column
    }

    fn null(&mut self) {
        self.length += 1;
        self.has_null = true;
        self.bytes.put_i32(-1);
    }

    fn value(&mut self, bytes: &[u8]) {
        self.length += 1;
        // A value that is longer than the protocol can say is refused before: bodies of requests are limited.
        self.bytes.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
        self.bytes.put_slice(bytes);
    }
}

impl ToSql for ArrayColumn {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        out.put_i32(i32::from(self.length > 0));
        out.put_i32(i32::from(self.has_null));
        out.put_u32(element_type(self.kind).oid());
        if self.length > 0 {
            out.put_i32(i32::try_from(self.length)?);
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

impl ArrayRows {
    /// Rows of a table, of which a statement takes the columns in `selected`.
    pub fn of_table(table: &Table, selected: ColumnSet) -> ArrayRows {
        let column = |(n, column): (usize, &query::Column)| (selected >> n & 1 == 1).then_some(column.kind);
        ArrayRows::of_kinds(table.columns.iter().enumerate().map(column))
    }

    pub fn of_kinds(kinds: impl IntoIterator<Item = Option<ColumnKind>>) -> ArrayRows {
        ArrayRows { columns: kinds.into_iter().map(|kind| kind.map(ArrayColumn::new)).collect(), next: 0 }
    }

    /// The next cells are those of another row.
    pub fn begin_row(&mut self) {
        self.next = 0;
    }

    pub fn into_columns(self) -> Vec<ArrayColumn> {
        self.columns.into_iter().flatten().collect()
    }

    fn cell(&mut self, write: impl FnOnce(&mut ArrayColumn)) {
        let column = &mut self.columns[self.next];
        self.next += 1;
        if let Some(column) = column {
            write(column);
        }
    }
}

impl RowSink for ArrayRows {
    fn null(&mut self) {
        self.cell(ArrayColumn::null);
    }

    fn uuid(&mut self, value: Uuid) {
        self.cell(|column| column.value(&value.to_bytes()));
    }

    fn integer(&mut self, value: i64) {
        self.cell(|column| column.value(&value.to_be_bytes()));
    }

    fn real(&mut self, value: f64) {
        self.cell(|column| column.value(&value.to_be_bytes()));
    }

    fn text(&mut self, value: &str) {
        self.cell(|column| column.value(query::nul::escape(value).as_bytes()));
    }

    fn blob(&mut self, value: &[u8]) {
        self.cell(|column| column.value(value));
    }
}

/// The type of an array of such cells, as casts name it.
pub fn array_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Id => "uuid[]",
        ColumnKind::Text => "text[]",
        ColumnKind::Integer | ColumnKind::Time | ColumnKind::Boolean => "bigint[]",
        ColumnKind::Real => "double precision[]",
        ColumnKind::Blob => "bytea[]",
    }
}

fn element_type(kind: ColumnKind) -> Type {
    match kind {
        ColumnKind::Id => Type::UUID,
        ColumnKind::Text => Type::TEXT,
        ColumnKind::Integer | ColumnKind::Time | ColumnKind::Boolean => Type::INT8,
        ColumnKind::Real => Type::FLOAT8,
        ColumnKind::Blob => Type::BYTEA,
    }
}
