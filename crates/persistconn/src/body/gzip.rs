//! A body that the transport has asked for in gzip, as if it had not.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::GzipDecoder;
use body_signal::BodyEofSignal;
use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

use super::Kind;
use crate::error::{Error, GzipError};
use crate::response::Response;
use crate::wire::reader::BodyReader;

/// Bytes of a piece at most: what is decompressed at once, however small it was on the wire.
const PIECE: usize = 32 << 10;
/// Bytes of a header of gzip, as far as it is always there (RFC 1952 section 2.3).
const HEADER: usize = 10;
/// Bytes that are gathered at most before any is looked at. Go: the buffer of a `bufio.Reader`
const FIRST: usize = 4096;

/// Puts the decompressor over the body, if the server has compressed it as it was asked to, and takes out of the header
/// what is true of the compressed body only.
///
/// Go: transport.go readLoop, at `rc.addedGzip`
pub(crate) fn decompress(response: &mut Response) {
    let Some(coding) = response.header.get(CONTENT_ENCODING) else { return };
    if !coding.as_bytes().eq_ignore_ascii_case(b"gzip") {
        return;
    }
    response.header.remove(CONTENT_ENCODING);
    response.header.remove(CONTENT_LENGTH);
    response.content_length = None;
    response.uncompressed = true;
    response.body.kind = match mem::replace(&mut response.body.kind, Kind::Wire(BodyEofSignal::empty())) {
        Kind::Wire(wire) => Kind::Gzip(Box::new(GzipReader::new(wire))),
        already @ Kind::Gzip(_) => already,
    };
}

/// Reads gzip from the wire and gives what was compressed. All members of a stream are read, so at the end of it the body
/// on the wire is at its end too, and the connection is given back.
///
/// Go twin: transport.go type gzipReader
#[doc(alias = "gzipReader")]
pub(super) struct GzipReader {
    decoder: GzipDecoder<Wire>,
    /// The end or the error that was shown, and is shown again.
    over: Option<Result<(), Error>>,
}

impl GzipReader {
    fn new(body: BodyEofSignal<BodyReader>) -> Self {
        let mut decoder = GzipDecoder::new(Wire { body, piece: Bytes::new(), began: false, first: true });
        decoder.multiple_members(true);
        GzipReader { decoder, over: None }
    }

    pub(super) fn wire(&self) -> &BodyEofSignal<BodyReader> {
        &self.decoder.get_ref().body
    }

    pub(super) fn is_end(&self) -> bool {
        matches!(self.over, Some(Ok(())))
    }

    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        if let Some(over) = &self.over {
            return Poll::Ready(over.clone());
        }
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.decoder).poll_read(cx, buf));
        Poll::Ready(self.read(read, buf.filled().len() - before))
    }

    pub(super) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Error>> {
        if let Some(over) = &self.over {
            return Poll::Ready(over.clone().map(|()| Bytes::new()));
        }
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = ready!(poll_read_buf(Pin::new(&mut self.decoder), cx, &mut piece));
        Poll::Ready(self.read(read.map(drop), piece.len()).map(|()| piece.freeze()))
    }

    pub(super) async fn read_all(&mut self) -> Result<Bytes, Error> {
        let mut all = BytesMut::new();
        loop {
            let piece = poll_fn(|cx| self.poll_piece(cx)).await?;
            if piece.is_empty() {
                return Ok(all.freeze());
            }
            all.extend_from_slice(&piece);
        }
    }

    /// Closes the body on the wire: an early close if that is not at its end. Go: `(*gzipReader).Close`
    pub(super) async fn close(&mut self) {
        self.over = Some(Err(body_signal::Error::ReadOnClosedResBody.into()));
        self.decoder.get_mut().body.close().await;
    }

    /// `n` bytes were decompressed, or something went wrong.
    fn read(&mut self, read: io::Result<()>, n: usize) -> Result<(), Error> {
        let result = match read {
            Ok(()) if n > 0 => return Ok(()),
            Ok(()) => Ok(()),
            // Nothing at all is no gzip, but it is an empty body, and Go takes it for one.
            Err(_) if self.wire().is_end() && !self.decoder.get_ref().began => Ok(()),
            Err(error) => Err(gzip_error(&error)),
        };
        self.over = Some(result.clone());
        result
    }
}

/// What Go calls the decoder's error.
///
/// Differs from Go: a fault in the compressed data is not told with its offset, which this decoder does not know.
fn gzip_error(error: &io::Error) -> Error {
    if let Some(wire) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return wire.clone();
    }
    let text = error.to_string();
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::UnexpectedEof,
        _ if text.contains("header") => Error::Gzip(GzipError::Header),
        _ if text.contains("CRC") || text.contains("amount of bytes") => Error::Gzip(GzipError::Checksum),
        _ => Error::Gzip(GzipError::Corrupt),
    }
}

/// The pieces of the body on the wire, one after the other, without a copy.
struct Wire {
    body: BodyEofSignal<BodyReader>,
    piece: Bytes,
    /// A byte of it came.
    began: bool,
    /// The first bytes are being gathered.
    first: bool,
}

impl Wire {
    /// Gathers the first bytes, as Go's reader does before it looks at any: the ten of a header or the end, and whatever else
    /// is there, up to a buffer. So a body that is no gzip but short is read to its end, which the connection survives.
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.piece.len() < FIRST {
            let piece = match self.body.poll_piece(cx)? {
                Poll::Ready(piece) => piece,
                // At the end of the body its reader is to find the connection in the pool, whatever these bytes are.
                Poll::Pending if self.piece.len() < HEADER || self.body.is_being_decided() => return Poll::Pending,
                Poll::Pending => break,
            };
            if piece.is_empty() {
                if self.began && self.piece.len() < HEADER {
                    return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                }
                break;
            }
            self.began = true;
            self.piece = if self.piece.is_empty() { piece } else { [&self.piece[..], &piece[..]].concat().into() };
        }
        self.first = false;
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for Wire {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.first {
            ready!(this.poll_first(cx))?;
        }
        if this.piece.is_empty() {
            this.piece = ready!(this.body.poll_piece(cx))?;
            this.began |= !this.piece.is_empty();
        }
        Poll::Ready(Ok(&this.piece))
    }

    fn consume(mut self: Pin<&mut Self>, n: usize) {
        self.piece.advance(n);
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let n = {
            let come = ready!(self.as_mut().poll_fill_buf(cx))?;
            let n = come.len().min(buf.remaining());
            buf.put_slice(&come[..n]);
            n
        };
        self.consume(n);
        Poll::Ready(Ok(()))
    }
}
