//! What the caller reads from.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{self, Poll, ready};

use body_signal::BodyEofSignal;
use bytes::Bytes;
use http::HeaderMap;
use tokio::io::{AsyncRead, ReadBuf};

use crate::context::{CancelToken, Cause, Context};
use crate::error::Error;
use crate::wire::reader::BodyReader;

#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "stream")]
mod stream;

#[cfg(feature = "gzip")]
use gzip::GzipReader;
#[cfg(feature = "gzip")]
pub(crate) use gzip::decompress;

/// Nothing was asked for that would have to be decompressed.
#[cfg(not(feature = "gzip"))]
pub(crate) fn decompress(_response: &mut crate::response::Response) {}

/// The body of a response: the body on the wire, or a decompressor over it.
///
/// # Drop
///
/// As [`BodyEofSignal`]: a body whose end was not seen is closed early, and nobody waits for it.
///
/// Go twin: the field `Response.Body`, a `*bodyEOFSignal` or a `*gzipReader` around one.
#[must_use = "dropping a body unread closes it early"]
pub struct Body {
    kind: Kind,
    /// Boxed, as most clients give no time.
    limit: Option<Box<Limit>>,
}

/// The time that a client gives, and the token that may have been faster.
struct Limit {
    context: Context,
    cancel: Option<CancelToken>,
}

enum Kind {
    /// As it comes.
    Wire(BodyEofSignal<BodyReader>),
    /// Boxed: nearly no body is one, and all are passed from hand to hand.
    #[cfg(feature = "gzip")]
    Gzip(Box<GzipReader>),
}

impl Body {
    /// The body of a response that has none. Go: `http.NoBody`.
    #[doc(alias = "NoBody")]
    pub fn empty() -> Self {
        BodyEofSignal::empty().into()
    }

    /// Has every read that fails after the client's time say so: that is the deadline of `context`. A request that `cancel`
    /// ended before is none of them.
    ///
    /// Go twin: client.go type cancelTimerBody, and the function that setRequestCancel gives it
    #[doc(alias = "cancelTimerBody")]
    #[doc(alias = "setRequestCancel")]
    pub fn limited_by(&mut self, context: Context, cancel: Option<CancelToken>) {
        self.limit = Some(Box::new(Limit { context, cancel }));
    }

    /// The trailers that followed a chunked body. Empty until the end was read. Go: `Response.Trailer`.
    pub fn trailers(&self) -> &HeaderMap {
        self.wire().trailers()
    }

    /// Whether the end was shown to the caller.
    pub fn is_end(&self) -> bool {
        match &self.kind {
            Kind::Wire(body) => body.is_end(),
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.is_end(),
        }
    }

    /// Reads into `buf`; nothing filled means the end.
    ///
    /// # Errors
    ///
    /// What went wrong on the wire, or [`Error::Gzip`]. Once the request was cancelled that is the cancel; a later read then
    /// tells what the wire had to say, as Go's does. After [`close`](Self::close): `http: read on closed response body`.
    pub fn poll_read(&mut self, cx: &mut task::Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        let read = match &mut self.kind {
            Kind::Wire(body) => body.poll_read(cx, buf),
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.poll_read(cx, buf),
        };
        Poll::Ready(ready!(read).map_err(|error| self.with_time(error)))
    }

    /// Reads the next piece, as it came from the wire where that is what the caller sees; empty means the end.
    ///
    /// # Errors
    ///
    /// As [`poll_read`](Self::poll_read).
    pub fn poll_piece(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<Bytes, Error>> {
        let piece = match &mut self.kind {
            Kind::Wire(body) => body.poll_piece(cx),
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.poll_piece(cx),
        };
        Poll::Ready(ready!(piece).map_err(|error| self.with_time(error)))
    }

    /// The next piece of the body, or `None` at its end.
    ///
    /// # Errors
    ///
    /// As [`poll_read`](Self::poll_read).
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a piece is taken only when it is returned.
    pub async fn piece(&mut self) -> Option<Result<Bytes, Error>> {
        match poll_fn(|cx| self.poll_piece(cx)).await {
            Ok(piece) if piece.is_empty() => None,
            other => Some(other),
        }
    }

    /// Reads to the end. The twin of `io.ReadAll(resp.Body)`.
    ///
    /// # Errors
    ///
    /// As [`poll_read`](Self::poll_read); what was read before the error is gone. Whoever wants it reads
    /// with `AsyncReadExt::read_to_end`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses what it has read.
    #[doc(alias = "ReadAll")]
    pub async fn read_all(&mut self) -> Result<Bytes, Error> {
        let all = match &mut self.kind {
            Kind::Wire(body) => body.read_all().await,
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.read_all().await,
        };
        all.map_err(|error| self.with_time(error))
    }

    /// Closes the body. Before its end was seen that is an early close, which waits until read_loop has
    /// taken the reader back; after it there is nothing left to do.
    ///
    /// # Cancel safety
    ///
    /// The close itself happens at the first poll; dropping the future only gives up waiting for the ack.
    pub async fn close(&mut self) {
        match &mut self.kind {
            Kind::Wire(body) => body.close().await,
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.close().await,
        }
    }

    /// An error as the caller is told it: with the client's time, once that is over.
    fn with_time(&self, error: Error) -> Error {
        if error == Error::Canceled(Cause::ClientTimeout) || !self.limit.as_ref().is_some_and(|limit| limit.is_over()) {
            return error;
        }
        Error::AfterClientTimeout(Box::new(error))
    }

    /// The body as it is on the wire.
    fn wire(&self) -> &BodyEofSignal<BodyReader> {
        match &self.kind {
            Kind::Wire(body) => body,
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.wire(),
        }
    }
}

impl Limit {
    fn is_over(&self) -> bool {
        self.context.client_timeout_passed() && !self.cancel.as_ref().is_some_and(CancelToken::is_cancelled)
    }
}

impl From<BodyEofSignal<BodyReader>> for Body {
    fn from(body: BodyEofSignal<BodyReader>) -> Self {
        Body { kind: Kind::Wire(body), limit: None }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wire().fmt(f)
    }
}

impl AsyncRead for Body {
    fn poll_read(self: Pin<&mut Self>, cx: &mut task::Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        Body::poll_read(self.get_mut(), cx, buf).map_err(Into::into)
    }
}
