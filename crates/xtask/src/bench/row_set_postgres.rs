//! The rows of a PostgreSQL database, for `row_set`.

use super::row_set::{DatabaseImage, TableShape, quoted};
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::error::Error;
use tokio_postgres::Client;
use tokio_postgres::types::{FromSql, Type};

/// A value of one of the types that the schema has.
struct Cell(Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let value = match *kind {
            Type::UUID | Type::BYTEA => Value::Blob(raw.to_vec()),
            Type::INT8 => Value::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => Value::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Value::Integer(i16::from_sql(kind, raw)?.into()),
            Type::BOOL => Value::Integer(bool::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(kind, raw)?),
            _ => Value::Text(String::from_sql(kind, raw)?),
        };
        Ok(Cell(value))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Cell(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl DatabaseImage {
    pub async fn read_postgres(client: &Client) -> anyhow::Result<DatabaseImage> {
        let mut tables = BTreeMap::new();
        for shape in shapes(client).await? {
            let text = format!("SELECT {} FROM \"{}\"", quoted(&shape.columns), shape.name);
            let mut rows = BTreeMap::new();
            for row in client.query(&text, &[]).await? {
                let values: Vec<Value> =
                    (0..row.len()).map(|index| Ok(row.try_get::<_, Cell>(index)?.0)).collect::<anyhow::Result<_>>()?;
                rows.insert(format!("{:?}", shape.key_of(&values)), values);
            }
            tables.insert(shape.name.clone(), (shape, rows));
        }
        Ok(DatabaseImage { tables })
    }
}

async fn shapes(client: &Client) -> anyhow::Result<Vec<TableShape>> {
    let columns = client
        .query(
            "SELECT c.relname::text, a.attname::text, t.typname::text, array_position(k.conkey, a.attnum)
             FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid JOIN pg_type AS t ON t.oid = a.atttypid
             LEFT JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
             WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY 1, a.attnum",
            &[],
        )
        .await?;
    let mut shapes: Vec<(TableShape, Vec<(i32, usize)>)> = Vec::new();
    for row in columns {
        let name: String = row.get(0);
        if shapes.last().is_none_or(|(shape, _)| shape.name != name) {
            shapes.push((TableShape { name, columns: Vec::new(), types: Vec::new(), key: Vec::new() }, Vec::new()));
        }
        let Some((shape, key)) = shapes.last_mut() else { continue };
        if let Some(position) = row.get::<_, Option<i32>>(3) {
            key.push((position, shape.columns.len()));
        }
        shape.columns.push(row.get(1));
        shape.types.push(row.get(2));
    }
    let finish = |(mut shape, mut key): (TableShape, Vec<(i32, usize)>)| {
        key.sort_unstable();
        shape.key = match key.is_empty() {
            true => (0..shape.columns.len()).collect(),
            false => key.into_iter().map(|(_, column)| column).collect(),
        };
        shape
    };
    Ok(shapes.into_iter().map(finish).collect())
}
