//! What the caller reads from.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use body_signal::BodyEofSignal;
use bytes::Bytes;
use http::HeaderMap;
use tokio::io::{AsyncRead, ReadBuf};

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
pub struct Body(Kind);

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

    /// The trailers that followed a chunked body. Empty until the end was read. Go: `Response.Trailer`.
    pub fn trailers(&self) -> &HeaderMap {
        self.wire().trailers()
    }

    /// Whether the end was shown to the caller.
    pub fn is_end(&self) -> bool {
        match &self.0 {
            Kind::Wire(body) => body.is_end(),
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.is_end(),
        }
    }

    /// Reads into `buf`; nothing filled means the end.
    ///
    /// # Errors
    ///
    /// What went wrong on the wire, or [`Error::Gzip`]; the same one at every later read. After
    /// [`close`](Self::close): `http: read on closed response body`.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        match &mut self.0 {
            Kind::Wire(body) => body.poll_read(cx, buf),
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.poll_read(cx, buf),
        }
    }

    /// Reads the next piece, as it came from the wire where that is what the caller sees; empty means the end.
    ///
    /// # Errors
    ///
    /// As [`poll_read`](Self::poll_read).
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Error>> {
        match &mut self.0 {
            Kind::Wire(body) => body.poll_piece(cx),
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.poll_piece(cx),
        }
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
        match &mut self.0 {
            Kind::Wire(body) => body.read_all().await,
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.read_all().await,
        }
    }

    /// Closes the body. Before its end was seen that is an early close, which waits until read_loop has
    /// taken the reader back; after it there is nothing left to do.
    ///
    /// # Cancel safety
    ///
    /// The close itself happens at the first poll; dropping the future only gives up waiting for the ack.
    pub async fn close(&mut self) {
        match &mut self.0 {
            Kind::Wire(body) => body.close().await,
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.close().await,
        }
    }

    /// The body as it is on the wire.
    fn wire(&self) -> &BodyEofSignal<BodyReader> {
        match &self.0 {
            Kind::Wire(body) => body,
            #[cfg(feature = "gzip")]
            Kind::Gzip(body) => body.wire(),
        }
    }
}

impl From<BodyEofSignal<BodyReader>> for Body {
    fn from(body: BodyEofSignal<BodyReader>) -> Self {
        Body(Kind::Wire(body))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wire().fmt(f)
    }
}

impl AsyncRead for Body {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        Body::poll_read(self.get_mut(), cx, buf).map_err(Into::into)
    }
}
