//! A connection's reader, and a body's view of it.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use body_signal::BodyRead;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

use crate::error::Error;
use crate::shared::ConnShared;
use crate::wire::chunked::{Chunked, Progress};
use crate::wire::framing::Framing;
use crate::wire::head::{self, find_end};

/// Bytes asked of the socket at once while a head is read. Go: `Transport.ReadBufferSize`.
const HEAD_READ: usize = 4096;

/// Whoever wants less than so many bytes gets them through our own buffer. Go: the `bufio.Reader` in `persistConn.br`.
const SMALL_READ: usize = HEAD_READ;

/// Bytes asked of the socket at once while a body is read into our own buffer.
const BODY_READ: usize = 32 << 10;

/// The one right to read from a connection. read_loop owns it; while a body is read, the body does.
///
/// An idle connection keeps no buffer: heads are read through a stack array, and what is kept is only what
/// has come and was not used yet.
///
/// Go twin: transport.go, field `persistConn.br` and its `sawEOF`.
#[derive(Debug)]
pub(crate) struct ConnReader {
    shared: Arc<ConnShared>,
    buf: BytesMut,
    saw_eof: bool,
}

impl ConnReader {
    pub(crate) fn new(shared: Arc<ConnShared>) -> Box<Self> {
        Box::new(ConnReader { shared, buf: BytesMut::new(), saw_eof: false })
    }

    /// The peer is done sending: such a connection is never kept. Go: `pc.sawEOF`.
    // Differs from Go: an end is seen only by a read that brings nothing. Under TLS 1.2 Go's crypto/tls may tell it with the
    // last bytes, and the connection is then not offered to the pool; here it is, and read_loop's next look ends it.
    #[doc(alias = "sawEOF")]
    pub(crate) fn saw_eof(&self) -> bool {
        self.saw_eof
    }

    /// What has come and was not used yet, for whoever takes the socket.
    pub(crate) fn into_buffered(self) -> Bytes {
        self.buf.freeze()
    }

    /// What has come and was not used yet.
    pub(crate) fn buffered(&self) -> &[u8] {
        &self.buf
    }

    /// How much memory it holds, in bytes.
    pub(crate) fn held(&self) -> usize {
        self.buf.capacity()
    }

    /// Waits until at least one byte is there, or until the peer is done. Go: `pc.br.Peek(1)`.
    ///
    /// # Errors
    ///
    /// [`Error::Eof`] when the peer is done; else as [`ConnShared::poll_read`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: what was read lies in the buffer.
    pub(crate) async fn peek(&mut self) -> Result<(), Error> {
        if !self.buf.is_empty() {
            return Ok(());
        }
        // What a body left behind may be a large block of which nothing is used any more.
        self.buf = BytesMut::new();
        match poll_fn(|cx| self.poll_fill_head(cx)).await? {
            0 => Err(Error::Eof),
            _ => Ok(()),
        }
    }

    /// Reads up to the empty line that ends a head. `allowance` is what may still be read, in bytes.
    ///
    /// # Errors
    ///
    /// [`Error::HeaderTooLarge`] beyond the allowance, of which `limit` is the original; [`Error::Malformed`] for a
    /// status line that is none; when the peer is done before the head is, or the socket fails,
    /// what [`head::cut_short`] says.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: what was read lies in the buffer.
    pub(crate) async fn head(&mut self, allowance: &mut u64, limit: u64) -> Result<Bytes, Error> {
        let (mut scanned, mut searched, mut checked, mut fields_checked) = (0, 0, false, 0);
        loop {
            let end = find_end(&self.buf, &mut scanned);
            if let Some(end) = end
                && let Some(left) = allowance.checked_sub(end as u64)
            {
                *allowance = left;
                return Ok(self.buf.split_to(end).freeze());
            }
            if end.is_some() || self.buf.len() as u64 >= *allowance {
                return Err(Error::HeaderTooLarge { limit });
            }
            // Whoever speaks another protocol may say one line and then wait: that line is refused when it is there.
            if !checked {
                checked = head::check_status_line(&self.buf, &mut searched)?;
            }
            if checked {
                head::check_fields(&self.buf, &mut fields_checked)?;
            }
            match poll_fn(|cx| self.poll_fill_head(cx)).await {
                Ok(0) => return Err(head::cut_short(&self.buf)),
                Ok(_more) => {}
                // A fault in what did come is told first here, too.
                Err(error) => return Err(self.head_failed(error)),
            }
        }
    }

    /// What is told when the socket fails in the middle of a head. Go comes upon the failure while it only looks whether a
    /// line goes on, forgets it, and asks again; by then a TCP connection has nothing but its end to tell.
    fn head_failed(&self, error: Error) -> Error {
        if !matches!(error, Error::Io(_)) || self.buf.is_empty() {
            return error;
        }
        let cut_short = head::cut_short(&self.buf);
        if self.shared.is_plain_tcp() || matches!(cut_short, Error::Malformed(_)) { cut_short } else { error }
    }

    fn poll_fill_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        let mut scratch = [MaybeUninit::uninit(); HEAD_READ];
        let mut read = ReadBuf::uninit(&mut scratch);
        ready!(self.poll_socket(cx, &mut read))?;
        self.buf.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    }

    /// Reads more of a body into our own buffer.
    fn poll_fill_body(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        self.buf.reserve(BODY_READ);
        let mut failed = None;
        let source = Source { shared: &self.shared, failed: &mut failed };
        match ready!(poll_read_buf(std::pin::pin!(source), cx, &mut self.buf)) {
            Ok(n) => {
                self.saw_eof |= n == 0;
                Poll::Ready(Ok(n))
            }
            Err(_) => Poll::Ready(Err(failed.unwrap_or(Error::UnexpectedEof))),
        }
    }

    /// Reads from the socket and notes its end.
    fn poll_socket(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        let before = buf.filled().len();
        ready!(self.shared.poll_read(cx, buf))?;
        self.saw_eof |= buf.filled().len() == before;
        Poll::Ready(Ok(()))
    }
}

/// The socket as an `AsyncRead`, for the one helper that wants that; keeps our error beside tokio's.
struct Source<'a> {
    shared: &'a ConnShared,
    failed: &'a mut Option<Error>,
}

impl AsyncRead for Source<'_> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        self.shared.poll_read(cx, buf).map_err(|error| {
            *self.failed = Some(error.clone());
            error.into()
        })
    }
}

/// The reader of a connection, confined to one body.
///
/// Go twin: transfer.go type body
#[derive(Debug)]
pub struct BodyReader {
    /// Boxed, once per connection: it goes to the caller with the response and comes back with every body.
    conn: Box<ConnReader>,
    rest: Rest,
    /// A fault in the framing behind data that was good: told after the data.
    fault: Option<Box<Error>>,
}

#[derive(Debug)]
enum Rest {
    /// So many bytes are still to come.
    Length(u64),
    Chunked(Box<Chunked>),
    UntilClose {
        ended: bool,
    },
}

impl BodyReader {
    pub(crate) fn new(conn: Box<ConnReader>, framing: Framing) -> Self {
        let rest = match framing {
            Framing::None => Rest::Length(0),
            Framing::Length(length) => Rest::Length(length),
            Framing::Chunked => Rest::Chunked(Box::new(Chunked::new())),
            Framing::UntilClose => Rest::UntilClose { ended: false },
        };
        BodyReader { conn, rest, fault: None }
    }

    /// The whole connection's reader again.
    pub(crate) fn into_conn(self) -> Box<ConnReader> {
        self.conn
    }

    /// How much memory it holds, in bytes.
    pub(crate) fn held(&self) -> usize {
        self.conn.held()
    }

    /// Reads on without keeping anything, up to `limit` bytes of data, and says whether that was the end.
    /// Go: the copy to `io.Discard` in maybeDrainBody.
    ///
    /// # Errors
    ///
    /// As reading.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe, but what was read is gone.
    pub(crate) async fn discard(&mut self, limit: u64) -> Result<bool, Error> {
        let mut left = limit;
        while !self.at_eof() {
            let piece = poll_fn(|cx| self.poll_piece(cx)).await?;
            let Some(rest) = left.checked_sub(piece.len() as u64) else { return Ok(false) };
            left = rest;
        }
        Ok(true)
    }

    /// How many bytes of data may be taken now: from the buffer, or, with none there, from the socket. Zero
    /// is the end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, Error>> {
        if let Some(fault) = &self.fault {
            return Poll::Ready(Err((**fault).clone()));
        }
        loop {
            match &mut self.rest {
                Rest::Length(left) => return Poll::Ready(Ok(*left)),
                Rest::UntilClose { ended } => return Poll::Ready(Ok(if *ended { 0 } else { u64::MAX })),
                Rest::Chunked(chunked) => match chunked.advance(&mut self.conn.buf)? {
                    Progress::Data(left) => return Poll::Ready(Ok(left)),
                    Progress::Done => return Poll::Ready(Ok(0)),
                    Progress::NeedMore => match ready!(self.conn.poll_fill_body(cx)) {
                        Ok(0) => return Poll::Ready(Err(chunked.cut_short(&self.conn.buf))),
                        Ok(_) => {}
                        // Go only looks whether the trailer is there, and does not ask why it is not. The reason of a cancel is
                        // told in its place, but once.
                        Err(Error::Io(_) | Error::UnexpectedEof | Error::Canceled(_)) if chunked.is_in_trailer() => {
                            return Poll::Ready(Err(chunked.cut_short(&self.conn.buf)));
                        }
                        Err(error) => return Poll::Ready(Err(error)),
                    },
                },
            }
        }
    }

    fn read_some(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        let left = ready!(self.poll_data(cx))?;
        if left == 0 {
            return Poll::Ready(Ok(()));
        }
        let wanted = left.min(buf.remaining() as u64) as usize;
        let past_the_chunk = self.is_chunked() && left < buf.remaining() as u64;
        if self.conn.buf.is_empty() && (past_the_chunk || wanted < SMALL_READ) {
            // What follows the chunk is framing, which must not land in the caller's buffer. And what has come is the
            // caller's, even if the socket is closed before the next small read.
            let filled = if past_the_chunk { self.conn.poll_fill_body(cx) } else { self.conn.poll_fill_head(cx) };
            if ready!(filled)? == 0 {
                return Poll::Ready(self.took(0));
            }
        }
        let n = if self.conn.buf.is_empty() {
            let before = buf.filled().len();
            ready!(self.conn.poll_socket(cx, buf))?;
            let n = (buf.filled().len() - before).min(wanted);
            // Bytes beyond the body are not the caller's: they go back.
            self.conn.buf.extend_from_slice(&buf.filled()[before + n..]);
            buf.set_filled(before + n);
            n
        } else {
            let n = wanted.min(self.conn.buf.len());
            buf.put_slice(&self.conn.buf.split_to(n));
            n
        };
        Poll::Ready(self.took(n))
    }

    fn read_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Error>> {
        let left = ready!(self.poll_data(cx))?;
        if left == 0 {
            return Poll::Ready(Ok(Bytes::new()));
        }
        if self.conn.buf.is_empty() && ready!(self.conn.poll_fill_body(cx))? == 0 {
            return Poll::Ready(self.took(0).map(|()| Bytes::new()));
        }
        let n = left.min(self.conn.buf.len() as u64) as usize;
        let piece = self.conn.buf.split_to(n).freeze();
        Poll::Ready(self.took(n).map(|()| piece))
    }

    /// `n` bytes of data were taken; 0 means that the socket has ended.
    fn took(&mut self, n: usize) -> Result<(), Error> {
        match &mut self.rest {
            Rest::Length(left) => {
                *left -= n as u64;
                if n == 0 {
                    return Err(Error::UnexpectedEof);
                }
            }
            Rest::UntilClose { ended } => *ended = n == 0,
            Rest::Chunked(chunked) => {
                if n == 0 {
                    return Err(Error::UnexpectedEof);
                }
                chunked.consumed(n as u64);
                // The end mark often lies in the buffer already; then the end comes with the last data.
                self.fault = chunked.advance(&mut self.conn.buf).err().map(Box::new);
            }
        }
        Ok(())
    }
}

impl BodyRead for BodyReader {
    type Error = Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        self.read_some(cx, buf).map_err(|error| self.conn.shared.as_read(error))
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Error>> {
        self.read_piece(cx).map_err(|error| self.conn.shared.as_read(error))
    }

    // ANCHOR: at_eof
    fn at_eof(&self) -> bool {
        match &self.rest {
            Rest::Length(left) => *left == 0,
            Rest::Chunked(chunked) => chunked.is_done() && self.fault.is_none(),
            Rest::UntilClose { ended } => *ended,
        }
    }
    // ANCHOR_END: at_eof

    fn take_trailers(&mut self) -> Option<Box<HeaderMap>> {
        match &mut self.rest {
            Rest::Chunked(chunked) => chunked.take_trailers(),
            Rest::Length(_) | Rest::UntilClose { .. } => None,
        }
    }

    fn reason_of(&self, error: &Error) -> Error {
        self.conn.shared.cause_of(error)
    }
}

impl BodyReader {
    fn is_chunked(&self) -> bool {
        matches!(self.rest, Rest::Chunked(_))
    }
}
