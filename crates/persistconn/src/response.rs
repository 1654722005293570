//! A response, its body still to be read.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use body_signal::BodyEofSignal;
use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use httptrace::BoxIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use url::Url;

use crate::wire::reader::BodyReader;

/// The body of a response. See [`BodyEofSignal`] for how to read, close and drop it.
pub type Body = BodyEofSignal<BodyReader>;

/// What the server answered. The head is complete; the body comes as it is read.
///
/// Inside the house it travels in a box: it is passed on eight times between read_loop and the one who asked, and moving
/// it each time costs 620 instructions more than allocating it once.
///
/// Go twin: response.go type Response
#[derive(Debug)]
pub struct Response {
    /// The three digits of the status line. (A number and not `http::StatusCode`, which refuses 099; Go does not.)
    pub status: u16,
    /// What follows the digits: `Not Found`. May be empty.
    pub reason: Bytes,
    /// The version of the status line: (1, 1) for HTTP/1.1.
    pub proto: (u8, u8),
    /// The header fields.
    pub header: HeaderMap,
    /// The declared length in bytes, also for HEAD; `None` where the end is known only when it comes.
    pub content_length: Option<u64>,
    /// The head says that the body comes in chunks; it may say so of a body that is not there, as for HEAD.
    /// Go: `Response.TransferEncoding`.
    pub chunked: bool,
    /// The server will not keep the connection.
    pub close: bool,
    /// The trailers that the head announced. Their values are known at the end of the body: [`Body::trailers`].
    pub announced_trailers: Vec<HeaderName>,
    /// The body; empty for HEAD, 204, 304 and a length of 0.
    pub body: Body,
    /// What was asked for, after redirects the last of them; `None` from a transport that was lent the request.
    /// Go: `Response.Request.URL`.
    pub url: Option<Url>,
    /// After 101 with its header fields, or after a 2xx to CONNECT: the connection itself, which is the caller's now.
    pub upgraded: Option<Upgraded>,
}

/// A connection that has left HTTP behind: both of its tasks have ended, and it lives as long as this value.
///
/// Reading gives first what had come together with the head. Go: `Response.Body` as an `io.ReadWriteCloser`.
#[doc(alias = "readWriteCloserBody")]
pub struct Upgraded {
    io: BoxIo,
    buffered: Bytes,
}

impl Upgraded {
    pub(crate) fn new(io: BoxIo, buffered: Bytes) -> Self {
        Upgraded { io, buffered }
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.buffered.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let n = self.buffered.len().min(buf.remaining());
        buf.put_slice(&self.buffered.split_to(n));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upgraded({} bytes buffered)", self.buffered.len())
    }
}

impl Response {
    /// What a head says by itself; the framing is yet to be read, and there is no body yet.
    pub(crate) fn new(proto: (u8, u8), status: u16, reason: Bytes, header: HeaderMap) -> Self {
        Response {
            status,
            reason,
            proto,
            header,
            content_length: None,
            chunked: false,
            close: false,
            announced_trailers: Vec::new(),
            body: Body::empty(),
            url: None,
            upgraded: None,
        }
    }

    /// The reason as text. Go: `Response.Status` without the number.
    pub fn reason(&self) -> &str {
        str::from_utf8(&self.reason).unwrap_or("")
    }
}
