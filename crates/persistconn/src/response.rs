//! A response, its body still to be read.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use httptrace::{BoxIo, TlsState};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use url::Url;

use crate::body::Body;
use crate::cookie::{Cookie, read_set_cookies};
use crate::error::Error;

/// What the server answered. The head is complete; the body comes as it is read.
///
/// Inside the house it travels in a box: it is passed on eight times between read_loop and the one who asked, and moving
/// it each time costs 620 instructions more than allocating it once.
///
/// # Drop
///
/// Its [body](Body) is dropped, which closes it early where its end was not seen. So a response that nobody takes is worth
/// a warning.
///
/// Go twin: response.go type Response
#[derive(Debug)]
// ANCHOR: must_use
#[must_use = "dropping a response unread closes its body early"]
pub struct Response {
    // ANCHOR_END: must_use
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
    /// The body was sent compressed and is decompressed while it is read. `Content-Encoding` and `Content-Length` are gone
    /// from the header, and the length is unknown. Go: `Response.Uncompressed`.
    pub uncompressed: bool,
    /// The body; empty for HEAD, 204, 304 and a length of 0.
    pub body: Body,
    /// What was asked for, after redirects the last of them; `None` from a transport that was lent the request.
    /// Go: `Response.Request`, and the URL there.
    pub url: Option<Url>,
    /// What the handshake has agreed on and who the server is, where the connection is TLS. Go: `Response.TLS`.
    #[doc(alias = "TLS")]
    pub tls: Option<Arc<TlsState>>,
    /// After 101 with its header fields, or after a 2xx to CONNECT: the connection itself, which is the caller's now.
    pub upgraded: Option<Upgraded>,
}

/// Why a body gave no value.
#[cfg(feature = "json")]
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It could not be read to its end.
    #[error(transparent)]
    Read(#[from] Error),
    /// It is not what was expected. The text says what, and where.
    #[error(transparent)]
    Decode(#[from] serde_json::Error),
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
    /// A response of this status without fields and body, for whoever answers in place of a server.
    pub fn new(status: u16) -> Self {
        Response { content_length: Some(0), ..Response::of_head((1, 1), status, Bytes::new(), HeaderMap::new()) }
    }

    /// What a head says by itself; the framing is yet to be read, and there is no body yet.
    pub(crate) fn of_head(proto: (u8, u8), status: u16, reason: Bytes, header: HeaderMap) -> Self {
        Response {
            status,
            reason,
            proto,
            header,
            content_length: None,
            chunked: false,
            close: false,
            announced_trailers: Vec::new(),
            uncompressed: false,
            body: Body::empty(),
            url: None,
            tls: None,
            upgraded: None,
        }
    }

    /// The cookies that the server sets. What cannot be read is passed over; more than
    /// [`COOKIE_MAX_NUM`](crate::cookie::COOKIE_MAX_NUM) are none.
    ///
    /// Go: response.go (*Response).Cookies
    #[doc(alias = "Cookies")]
    pub fn cookies(&self) -> Vec<Cookie> {
        read_set_cookies(&self.header)
    }

    /// The rest of the body. The same as `body.read_all()`.
    ///
    /// # Errors
    ///
    /// Those of reading the body.
    pub async fn bytes(&mut self) -> Result<Bytes, Error> {
        self.body.read_all().await
    }

    /// The rest of the body as text. It is taken for UTF-8, whatever `Content-Type` says; what is none becomes
    /// `U+FFFD`. Go has no such method.
    ///
    /// # Errors
    ///
    /// Those of reading the body.
    pub async fn text(&mut self) -> Result<String, Error> {
        let bytes = self.bytes().await?;
        Ok(String::from_utf8(bytes.into())
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The rest of the body, read as JSON. Go: `json.NewDecoder(resp.Body).Decode`.
    ///
    /// # Errors
    ///
    /// [`JsonError`]
    #[cfg(feature = "json")]
    pub async fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, JsonError> {
        Ok(serde_json::from_slice(&self.bytes().await?)?)
    }

    /// The reason as text. Go: `Response.Status` without the number.
    pub fn reason(&self) -> &str {
        str::from_utf8(&self.reason).unwrap_or("")
    }
}
