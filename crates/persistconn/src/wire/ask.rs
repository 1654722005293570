//! A request and the head of its answer, on a stream that is no connection yet: how a proxy is asked for a way.

use std::io;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method};
use httptrace::BoxIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::error::{Error, IoError};
use crate::round_trip::EncodedHead;
use crate::wire::framing::read_transfer;
use crate::wire::head::{self, check_status_line, find_end};

/// Bytes asked of the socket at once.
const READ: usize = 1024;

/// The head of an answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Three digits.
    pub status: u16,
    /// What stands behind them; often empty.
    pub reason: Bytes,
    /// The header fields.
    pub header: HeaderMap,
}

/// Writes the head of a request of this method and reads the head of its answer, of at most `limit` bytes. What comes
/// behind that head is lost, so the peer must be one that says no more unless it is asked.
///
/// # Errors
///
/// The socket's or the answer's, in Go's words; [`Error::UnexpectedEof`] also for an answer that is longer than
/// `limit`, as in Go.
///
/// # Cancel safety
///
/// Not cancel-safe: what was written stays written. The stream is of no use then.
///
/// Go: the calls of `(*Request).Write` and `ReadResponse` in transport.go (*Transport).dialConn
pub async fn ask(io: &mut BoxIo, method: &Method, head: EncodedHead, limit: u64) -> Result<Answer, Error> {
    if let Err(error) = write(io, &head.bytes).await {
        return Err(io_error(io, "write", &error));
    }
    let (mut came, mut scanned, mut searched, mut checked) = (BytesMut::new(), 0, 0, false);
    loop {
        came.reserve(READ);
        let left = limit.saturating_sub(came.len() as u64);
        match (&mut **io).take(left).read_buf(&mut came).await {
            Ok(0) if came.is_empty() => return Err(Error::UnexpectedEof),
            Ok(0) => return Err(head::cut_short(&came)),
            Ok(_more) => {}
            Err(error) => return Err(io_error(io, "read", &error)),
        }
        if let Some(end) = find_end(&came, &mut scanned) {
            let mut head = head::parse(&came.split_to(end).freeze())?;
            read_transfer(method, &mut head)?;
            return Ok(Answer { status: head.status, reason: head.reason, header: head.header });
        }
        // Whoever speaks another protocol may say one line and then wait.
        if !checked {
            checked = check_status_line(&came, &mut searched)?;
        }
    }
}

async fn write(io: &mut BoxIo, head: &[u8]) -> io::Result<()> {
    io.write_all(head).await?;
    io.flush().await
}

fn io_error(io: &BoxIo, op: &str, error: &io::Error) -> Error {
    Error::Io(match io.addrs() {
        Some((local, peer)) => IoError::new(&format!("{op} tcp {local}->{peer}: {op}"), error),
        None => IoError::bare(error),
    })
}
