//! A request, as the chain carries it.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::io::AsyncRead;
use url::Url;

use crate::context::{CancelToken, Context};

/// What to send, and what ends it before its time.
///
/// Go twin: request.go type Request, its client side.
#[derive(Debug)]
pub struct Request {
    /// The method; GET where Go has the empty string.
    pub method: Method,
    /// Where to: scheme, host, port, path and query.
    pub url: Url,
    /// Header fields of the caller. `Host`, `Content-Length`, `Transfer-Encoding` and `Trailer` are written by
    /// the connection and ignored here; an empty `User-Agent` suppresses the default one.
    pub header: HeaderMap,
    /// What to say in the `Host` field in place of the URL's host.
    pub host: Option<String>,
    /// The body.
    pub body: RequestBody,
    /// Ask the server to close the connection after this request, and do not reuse it. Go: `Request.Close`.
    pub close: bool,
    /// Ends the request, its body included.
    pub context: Context,
    /// The older way to end it. Go: `Request.Cancel`.
    pub cancel: Option<CancelToken>,
}

impl Request {
    /// A request without header fields and body. Go: `http.NewRequest`.
    #[doc(alias = "NewRequest")]
    pub fn new(method: Method, url: Url) -> Self {
        Request {
            method,
            url,
            header: HeaderMap::new(),
            host: None,
            body: RequestBody::Empty,
            close: false,
            context: Context::background(),
            cancel: None,
        }
    }

    /// The same request once more, if its body can be had again. Go: the rules of `rewindBody`.
    #[doc(alias = "rewindBody")]
    pub fn try_clone(&self) -> Option<Request> {
        Some(Request {
            method: self.method.clone(),
            url: self.url.clone(),
            header: self.header.clone(),
            host: self.host.clone(),
            body: self.body.try_clone()?,
            close: self.close,
            context: self.context.clone(),
            cancel: self.cancel.clone(),
        })
    }
}

/// The body of a request.
#[derive(Default)]
pub enum RequestBody {
    /// None. Go: `http.NoBody`.
    #[default]
    Empty,
    /// All of it, in memory: its length is known and it can be sent again.
    Bytes(Bytes),
    /// Read while it is sent. With a length it is sent under `Content-Length`, without one in chunks.
    Reader {
        /// Where it comes from.
        source: Pin<Box<dyn AsyncRead + Send>>,
        /// How many bytes it has, where that is known.
        length: Option<u64>,
    },
}

impl RequestBody {
    /// A body that is read while it is sent.
    pub fn reader(source: impl AsyncRead + Send + 'static, length: Option<u64>) -> Self {
        RequestBody::Reader { source: Box::pin(source), length }
    }

    /// Its length in bytes, `None` when it is not known before it is sent. Go: `outgoingLength`.
    #[doc(alias = "outgoingLength")]
    pub fn length(&self) -> Option<u64> {
        match self {
            RequestBody::Empty => Some(0),
            RequestBody::Bytes(bytes) => Some(bytes.len() as u64),
            RequestBody::Reader { length, .. } => *length,
        }
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.length() == Some(0)
    }

    /// The same body once more; a reader can be read only once.
    pub fn try_clone(&self) -> Option<RequestBody> {
        match self {
            RequestBody::Empty => Some(RequestBody::Empty),
            RequestBody::Bytes(bytes) => Some(RequestBody::Bytes(bytes.clone())),
            RequestBody::Reader { .. } => None,
        }
    }
}

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() { RequestBody::Empty } else { RequestBody::Bytes(bytes) }
    }
}

impl From<Vec<u8>> for RequestBody {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for RequestBody {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for RequestBody {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for RequestBody {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestBody::Empty => f.write_str("Empty"),
            RequestBody::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            RequestBody::Reader { length: Some(length), .. } => write!(f, "Reader({length})"),
            RequestBody::Reader { length: None, .. } => f.write_str("Reader"),
        }
    }
}
