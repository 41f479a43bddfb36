//! The messages of the protocol that a pipeline takes, as the manual of PostgreSQL lists them.

use std::error::Error;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio_postgres::types::{IsNull, ToSql, Type};

use super::failure::Failure;

/// Values go both ways in their binary form.
const BINARY: i16 = 1;
/// A type and a length that counts itself.
const HEAD_BYTES: usize = 5;

/// What the server says.
#[derive(Debug)]
pub enum Message {
    /// To all that was sent it has answered; whether it is amid a transaction.
    Ready {
        is_in_transaction: bool,
    },
    /// The rest up to the next synchronisation is not executed.
    Failure(Failure),
    /// A statement has ended, with so many rows touched.
    Complete(u64),
    Row(Row),
    /// Types of parameters, by their numbers.
    Parameters(Vec<u32>),
    /// The same of the cells that a statement answers.
    Columns(Vec<u32>),
    /// Nothing that anybody waits for.
    Other,
}

/// Of an answer.
#[derive(Debug)]
pub struct Row(Bytes);

impl Message {
    /// The next one, if all of it is there.
    ///
    /// # Errors
    /// `Failure::Lost` for bytes that are no message: nothing behind them can be understood.
    pub fn take(input: &mut BytesMut) -> Result<Option<Message>, Failure> {
        let Some(head) = input.get(..HEAD_BYTES) else { return Ok(None) };
        let kind = head[0];
        let length = (&head[1..]).get_u32() as usize;
        if length < HEAD_BYTES - 1 {
            return Err(broken());
        }
        if input.len() < length + 1 {
            input.reserve(length + 1 - input.len());
            return Ok(None);
        }
        let mut body = input.split_to(length + 1).freeze();
        body.advance(HEAD_BYTES);
        Ok(Some(match kind {
            b'Z' => Message::Ready { is_in_transaction: body.first() != Some(&b'I') },
            b'E' => Message::Failure(told(&body)),
            b'C' => Message::Complete(rows_touched(&body)),
            b'D' => Message::Row(Row(body.slice(2.min(body.len())..))),
            b't' => Message::Parameters(parameter_types(&body).ok_or_else(broken)?),
            b'T' => Message::Columns(column_types(&body).ok_or_else(broken)?),
            _ => Message::Other,
        }))
    }
}

fn broken() -> Failure {
    Failure::Lost("the server said something that is no message".to_owned())
}

/// The end of a tag such as `INSERT 0 5`; some statements have no number.
fn rows_touched(body: &[u8]) -> u64 {
    let tag = std::str::from_utf8(body).unwrap_or_default().trim_end_matches('\0');
    tag.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn parameter_types(mut body: &[u8]) -> Option<Vec<u32>> {
    let count = body.try_get_u16().ok()?;
    (0..count).map(|_| body.try_get_u32().ok()).collect()
}

/// Of each column a name, a table, a number in it, a type, a length, a modifier, and a format.
fn column_types(mut body: &[u8]) -> Option<Vec<u32>> {
    let count = body.try_get_u16().ok()?;
    let column = |_| {
        let name = body.iter().position(|byte| *byte == 0)?;
        body = body.get(name + 1 + 6..)?;
        let kind = body.try_get_u32().ok()?;
        body = body.get(8..)?;
        Some(kind)
    };
    (0..count).map(column).collect()
}

/// What an error's fields say: each is a letter and a text.
fn told(body: &[u8]) -> Failure {
    let field = |letter: u8| {
        let found = body.split(|byte| *byte == 0).find(|field| field.first() == Some(&letter));
        String::from_utf8_lossy(found.map_or(&[], |field| &field[1..]))
    };
    let detail = field(b'D');
    Failure::told(&field(b'C'), &field(b'M'), (!detail.is_empty()).then_some(&*detail))
}

impl Row {
    /// Of each cell the length, or -1 for NULL, and the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes of the cells.
    ///
    /// # Errors
    /// For NULL, and where there are fewer.
    pub fn cells<const N: usize>(&self) -> Result<[&[u8]; N], Failure> {
        let mut rest: &[u8] = &self.0;
        let mut cells: [&[u8]; N] = [&[]; N];
        for cell in &mut cells {
            let length = rest.try_get_i32().ok().and_then(|length| usize::try_from(length).ok());
            let (own, behind) = length
                .and_then(|length| rest.split_at_checked(length))
                .ok_or_else(|| Failure::Failed("a cell is missing".to_owned()))?;
            (*cell, rest) = (own, behind);
        }
        Ok(cells)
    }
}

/// One statement or several, without values.
pub fn query(text: &str, output: &mut BytesMut) {
    message(b'Q', output, |output| text_of(text, output));
}

pub fn parse(name: &str, text: &str, output: &mut BytesMut) {
    message(b'P', output, |output| {
        text_of(name, output);
        text_of(text, output);
        output.put_u16(0);
    });
}

pub fn describe_statement(name: &str, output: &mut BytesMut) {
    message(b'D', output, |output| {
        output.put_u8(b'S');
        text_of(name, output);
    });
}

pub fn close_statement(name: &str, output: &mut BytesMut) {
    message(b'C', output, |output| {
        output.put_u8(b'S');
        text_of(name, output);
    });
}

/// # Errors
/// For a value that cannot be bound to a parameter of its type. `output` is of no use then.
pub fn bind(
    name: &str,
    values: &[&(dyn ToSql + Sync)],
    types: &[Type],
    output: &mut BytesMut,
) -> Result<(), Box<dyn Error + Sync + Send>> {
    let count = u16::try_from(values.len())?;
    let mut bound = Ok(());
    message(b'B', output, |output| {
        text_of("", output);
        text_of(name, output);
        output.put_u16(1);
        output.put_i16(BINARY);
        output.put_u16(count);
        bound = values.iter().zip(types).try_for_each(|(value, wanted)| put_value(*value, wanted, output));
        output.put_u16(1);
        output.put_i16(BINARY);
    });
    bound
}

fn put_value(
    value: &(dyn ToSql + Sync),
    wanted: &Type,
    output: &mut BytesMut,
) -> Result<(), Box<dyn Error + Sync + Send>> {
    let at = output.len();
    output.put_i32(-1);
    if let IsNull::No = value.to_sql_checked(wanted, output)? {
        let length = i32::try_from(output.len() - at - 4)?;
        output[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// What was bound last, whatever the number of rows.
pub fn execute(output: &mut BytesMut) {
    message(b'E', output, |output| {
        text_of("", output);
        output.put_i32(0);
    });
}

pub fn synchronise(output: &mut BytesMut) {
    message(b'S', output, |_| {});
}

fn message(kind: u8, output: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    output.put_u8(kind);
    let at = output.len();
    output.put_u32(0);
    body(output);
    // A batch is far smaller than what a length can say: its units and bytes are limited.
    let length = u32::try_from(output.len() - at).unwrap_or(u32::MAX);
    output[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

fn text_of(text: &str, output: &mut BytesMut) {
    output.put_slice(text.as_bytes());
    output.put_u8(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(messages: &[(u8, &[u8])]) -> BytesMut {
        let mut input = BytesMut::new();
        messages.iter().for_each(|(kind, body)| message(*kind, &mut input, |input| input.put_slice(body)));
        input
    }

    #[test]
    fn messages_are_taken_one_by_one_when_they_are_whole() {
        let mut whole = input(&[
            (b'C', b"INSERT 0 5\0"),
            (b'C', b"COMMIT\0"),
            (b'E', b"SERROR\0C23505\0Mthere is one\0Dof that key\0\0"),
            (b'D', &[0, 2, 0, 0, 0, 1, 7, 0, 0, 0, 2, 8, 9]),
            (b't', &[0, 1, 0, 0, 0, 25]),
            (b'T', &[0, 1, b'a', 0, 0, 0, 0, 9, 0, 1, 0, 0, 0, 20, 0, 8, 255, 255, 255, 255, 0, 0]),
            (b'N', b"whatever"),
            (b'Z', b"T"),
        ]);
        let mut part = whole.split_off(9);
        assert!(Message::take(&mut whole).expect("valid so far").is_none());
        whole.unsplit(std::mem::take(&mut part));
        let mut next = || Message::take(&mut whole).expect("valid").expect("whole");
        assert!(matches!(next(), Message::Complete(5)));
        assert!(matches!(next(), Message::Complete(0)));
        let Message::Failure(failure) = next() else { panic!("it is an error") };
        assert_eq!(failure, Failure::Duplicate("there is one; of that key (SQLSTATE 23505)".to_owned()));
        let Message::Row(row) = next() else { panic!("it is a row") };
        assert_eq!(row.cells(), Ok([&[7][..], &[8, 9]]));
        assert!(row.cells::<3>().is_err());
        assert!(matches!(next(), Message::Parameters(types) if types == [25]));
        assert!(matches!(next(), Message::Columns(types) if types == [20]));
        assert!(matches!(next(), Message::Other));
        assert!(matches!(next(), Message::Ready { is_in_transaction: true }));
        assert!(Message::take(&mut input(&[])).expect("nothing").is_none());
        assert!(Message::take(&mut BytesMut::from(&[b'Z', 0, 0, 0, 3][..])).is_err());
    }

    #[test]
    fn values_are_bound_behind_their_lengths() {
        let mut output = BytesMut::new();
        bind("s", &[&1i64, &None::<i64>], &[Type::INT8, Type::INT8], &mut output).expect("they fit");
        assert_eq!(
            output[..],
            [
                &[b'B', 0, 0, 0, 33, 0, b's', 0, 0, 1, 0, 1, 0, 2, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1][..],
                &[0xff, 0xff, 0xff, 0xff, 0, 1, 0, 1]
            ]
            .concat()
        );
        assert!(bind("s", &[&1i64], &[Type::TEXT], &mut output).is_err());
    }
}
