//! HTTP/1.1 over one socket, as cheap as it can be: the load generator shares the machine with what it measures.
//!
//! One write a request, usually one read an answer, no allocation for an answer without a body. It understands what the
//! engines send: answers with a length or in chunks, one at a time.

use bytes::Bytes;
use std::io::{Error, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More than any head of an answer.
const HEAD_MAX: usize = 64 * 1024;
const FIRST_BUFFER: usize = 8 * 1024;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// It says when to ask again.
    pub has_retry_after: bool,
    pub body: Bytes,
}

#[derive(Debug)]
pub struct HttpConnection {
    stream: TcpStream,
    received: Vec<u8>,
    /// How much of `received` is filled.
    filled: usize,
}

/// How the end of an answer's body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyEnd {
    Length(usize),
    Chunked,
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    length: usize,
    body: BodyEnd,
    closes: bool,
    has_retry_after: bool,
}

impl HttpConnection {
    pub async fn open(authority: &str) -> Result<HttpConnection, Error> {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        Ok(HttpConnection { stream, received: vec![0; FIRST_BUFFER], filled: 0 })
    }

    /// Whether the server has left it open since the last answer.
    pub fn is_open(&self) -> bool {
        let mut nothing = [0; 1];
        matches!(self.stream.try_read(&mut nothing), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Sends a whole request and reads its answer; says besides whether the connection can be used again.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<(Answer, bool), Error> {
        self.filled = 0;
        self.stream.write_all(request).await?;
        let mut searched = 0;
        let head = loop {
            self.receive().await?;
            if let Some(length) = head_end(&self.received[..self.filled], searched) {
                break read_head(&self.received[..length])?;
            }
            searched = self.filled.saturating_sub(3);
            if self.filled > HEAD_MAX {
                return Err(malformed("a head without an end"));
            }
        };
        let body = match head.body {
            BodyEnd::Length(length) => {
                while self.filled < head.length + length {
                    self.receive().await?;
                }
                Bytes::copy_from_slice(&self.received[head.length..head.length + length])
            }
            BodyEnd::Chunked => loop {
                match join_chunks(&self.received[head.length..self.filled])? {
                    Some(body) => break body,
                    None => self.receive().await?,
                }
            },
        };
        Ok((Answer { status: head.status, has_retry_after: head.has_retry_after, body }, !head.closes))
    }

    async fn receive(&mut self) -> Result<(), Error> {
        if self.filled == self.received.len() {
            self.received.resize(self.filled * 2, 0);
        }
        let count = self.stream.read(&mut self.received[self.filled..]).await?;
        if count == 0 {
            return Err(Error::new(
                ErrorKind::UnexpectedEof,
                "the server closed the connection before its answer's end",
            ));
        }
        self.filled += count;
        Ok(())
    }
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("not an answer of HTTP/1.1: {what}"))
}

/// Where the body begins.
fn head_end(received: &[u8], from: usize) -> Option<usize> {
    received[from..].windows(4).position(|bytes| bytes == b"\r\n\r\n").map(|at| from + at + 4)
}

fn read_head(head: &[u8]) -> Result<Head, Error> {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.strip_prefix(b"HTTP/1.1 ").and_then(|rest| number(rest.get(..3)?, 10));
    let status = u16::try_from(status.ok_or_else(|| malformed("no status"))?).map_err(|_| malformed("no status"))?;
    let mut read = Head { status, length: head.len(), body: BodyEnd::Length(0), closes: false, has_retry_after: false };
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = number(value, 10).ok_or_else(|| malformed("a length that is no number"))?;
            read.body = BodyEnd::Length(length);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") && value.eq_ignore_ascii_case(b"chunked") {
            read.body = BodyEnd::Chunked;
        } else if name.eq_ignore_ascii_case(b"connection") && value.eq_ignore_ascii_case(b"close") {
            read.closes = true;
        } else if name.eq_ignore_ascii_case(b"retry-after") {
            read.has_retry_after = true;
        }
    }
    Ok(read)
}

fn number(digits: &[u8], radix: u32) -> Option<usize> {
    usize::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

/// The chunks as one, if the last one is there.
fn join_chunks(mut received: &[u8]) -> Result<Option<Bytes>, Error> {
    let mut body = Vec::new();
    loop {
        let Some(line_end) = received.windows(2).position(|bytes| bytes == b"\r\n") else { return Ok(None) };
        let size = received[..line_end].split(|byte| *byte == b';').next().unwrap_or_default();
        let size = number(size.trim_ascii(), 16).ok_or_else(|| malformed("a chunk without a size"))?;
        let begin = line_end + 2;
        if received.len() < begin + size + 2 {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some(body.into()));
        }
        body.extend_from_slice(&received[begin..begin + size]);
        received = &received[begin + size + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_whatever_the_case_of_their_names() {
        let text = b"HTTP/1.1 204 No Content\r\nContent-Length: 12\r\nCONNECTION: close\r\nRetry-After: 1\r\n\r\n";
        let expected =
            Head { status: 204, length: text.len(), body: BodyEnd::Length(12), closes: true, has_retry_after: true };
        assert_eq!(read_head(text).unwrap(), expected);
        let chunked = read_head(b"HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
        assert_eq!((chunked.status, chunked.body, chunked.closes), (200, BodyEnd::Chunked, false));
        assert!(read_head(b"SSH-2.0\r\n\r\n").is_err());
    }

    #[test]
    fn the_end_of_a_head_is_found_across_reads() {
        let text = b"HTTP/1.1 200 OK\r\n\r\nbody";
        assert_eq!(head_end(text, 0), Some(19));
        assert_eq!(head_end(text, 14), Some(19));
        assert_eq!(head_end(&text[..18], 0), None);
    }

    #[test]
    fn chunks_become_one_body_once_all_are_there() {
        let text = b"4\r\nWiki\r\n6;a=b\r\npedia \r\n0\r\n\r\n";
        assert_eq!(join_chunks(text).unwrap().unwrap(), Bytes::from_static(b"Wikipedia "));
        for length in 0..text.len() {
            assert_eq!(join_chunks(&text[..length]).unwrap(), None);
        }
        assert!(join_chunks(b"x\r\n").is_err());
    }
}
