//! A request, as the chain carries it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, EXPECT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::io::AsyncRead;
use url::Url;

use crate::context::{CancelToken, Context};
use crate::cookie::{Cookie, CookieError, read_cookies};

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
    /// What to say in the `Host` field in place of the URL's host; for CONNECT also where the tunnel is to lead to.
    pub host: Option<String>,
    /// The body.
    pub body: RequestBody,
    /// Ask the server to close the connection after this request, and do not reuse it. Go: `Request.Close`.
    pub close: bool,
    /// Ends the request, its body included; and carries its [hooks](Context::with_client_trace).
    pub context: Context,
    /// The older way to end it. Go: `Request.Cancel`.
    pub cancel: Option<CancelToken>,
    /// Makes the body once more, for a second attempt; needed only for a body that is a reader. Go: `Request.GetBody`.
    pub get_body: Option<GetBody>,
    /// What follows a body that is sent in chunks. Go: `Request.Trailer`.
    pub trailers: Option<RequestTrailers>,
}

/// Makes a request's body once more.
#[derive(Clone)]
pub struct GetBody(Arc<dyn Fn() -> io::Result<RequestBody> + Send + Sync>);

impl GetBody {
    /// From a function that makes the body from its beginning.
    pub fn new(make: impl Fn() -> io::Result<RequestBody> + Send + Sync + 'static) -> Self {
        GetBody(Arc::new(make))
    }

    /// The body from its beginning.
    ///
    /// # Errors
    ///
    /// The function's.
    pub fn make(&self) -> io::Result<RequestBody> {
        (self.0)()
    }
}

impl fmt::Debug for GetBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GetBody")
    }
}

/// Fields that follow a body in chunks: their names are told before it, their values are known after it.
#[derive(Clone)]
pub struct RequestTrailers {
    names: Vec<HeaderName>,
    values: Arc<dyn Fn() -> HeaderMap + Send + Sync>,
}

impl RequestTrailers {
    /// `values` is called when the body was sent; of what it gives only the announced `names` are written.
    pub fn new(
        names: impl IntoIterator<Item = HeaderName>,
        values: impl Fn() -> HeaderMap + Send + Sync + 'static,
    ) -> Self {
        let mut names: Vec<HeaderName> = names.into_iter().collect();
        names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        RequestTrailers { names, values: Arc::new(values) }
    }

    pub(crate) fn names(&self) -> &[HeaderName] {
        &self.names
    }

    pub(crate) fn values(&self) -> HeaderMap {
        (self.values)()
    }
}

impl fmt::Debug for RequestTrailers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestTrailers").field(&self.names).finish()
    }
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
            get_body: None,
            trailers: None,
        }
    }

    /// A token that ends this request wherever it is: what Go finds by the request's address in
    /// `Transport.CancelRequest`.
    #[doc(alias = "CancelRequest")]
    pub fn cancel_token(&mut self) -> CancelToken {
        self.cancel.get_or_insert_default().clone()
    }

    /// The request that follows a redirect of this one: to another place, for the same caller. What ends this request
    /// ends that one too; header, Host and body are yet to be filled in.
    #[must_use]
    pub fn next_hop(&self, method: Method, url: Url) -> Request {
        // Field by field, so that each new one is thought about here.
        Request {
            method,
            url,
            header: HeaderMap::new(),
            host: None,
            body: RequestBody::Empty,
            close: false,
            context: self.context.clone(),
            cancel: self.cancel.clone(),
            get_body: None,
            trailers: None,
        }
    }

    /// Says who asks, in the field `Authorization` (RFC 7617). A user name must have no colon.
    ///
    /// Go: request.go (*Request).SetBasicAuth
    #[doc(alias = "SetBasicAuth")]
    pub fn set_basic_auth(&mut self, user: &str, password: &str) {
        let value = format!("Basic {}", BASE64.encode(format!("{user}:{password}")));
        let mut value = HeaderValue::try_from(value).expect("the letters of base64 may stand in a header");
        value.set_sensitive(true);
        self.header.insert(AUTHORIZATION, value);
    }

    /// User and password of the field `Authorization`, if that is what it holds.
    ///
    /// Go: request.go (*Request).BasicAuth
    #[doc(alias = "BasicAuth")]
    pub fn basic_auth(&self) -> Option<(String, String)> {
        let value = self.header.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = value.split_at_checked("Basic ".len())?;
        if !scheme.eq_ignore_ascii_case("Basic ") {
            return None;
        }
        let decoded = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }

    /// Adds a cookie to those in the field `Cookie`. Only its name and its value are sent; bytes that must not stand in a
    /// value are left out.
    ///
    /// # Errors
    ///
    /// [`CookieError::InvalidHeader`] if the name cannot stand in a header. The request is as it was.
    ///
    /// Go: request.go (*Request).AddCookie
    #[doc(alias = "AddCookie")]
    pub fn add_cookie(&mut self, cookie: &Cookie) -> Result<(), CookieError> {
        let mut value = self.header.get(COOKIE).map_or(Vec::new(), |before| before.as_bytes().to_vec());
        if !value.is_empty() {
            value.extend_from_slice(b"; ");
        }
        value.extend_from_slice(cookie.pair().as_bytes());
        let value = HeaderValue::from_bytes(&value).map_err(|_bad| CookieError::InvalidHeader)?;
        self.header.insert(COOKIE, value);
        Ok(())
    }

    /// The cookies in the field `Cookie`. More than [`COOKIE_MAX_NUM`](crate::cookie::COOKIE_MAX_NUM) are none.
    ///
    /// Go: request.go (*Request).Cookies
    #[doc(alias = "Cookies")]
    pub fn cookies(&self) -> Vec<Cookie> {
        read_cookies(&self.header)
    }

    /// The cookies of this name. Go: request.go (*Request).CookiesNamed
    #[doc(alias = "CookiesNamed")]
    pub fn cookies_named(&self, name: &str) -> Vec<Cookie> {
        self.cookies().into_iter().filter(|cookie| cookie.name == name).collect()
    }

    /// The first cookie of this name.
    ///
    /// # Errors
    ///
    /// [`CookieError::NotPresent`]
    ///
    /// Go: request.go (*Request).Cookie
    #[doc(alias = "ErrNoCookie")]
    pub fn cookie(&self, name: &str) -> Result<Cookie, CookieError> {
        self.cookies_named(name).into_iter().next().ok_or(CookieError::NotPresent)
    }

    /// Whether the body waits for the server's word: there is one, and the caller has asked for it.
    /// Go: `expectsContinue`.
    #[doc(alias = "expectsContinue")]
    pub fn expects_continue(&self) -> bool {
        let asked = || {
            self.header.get_all(EXPECT).iter().any(|value| {
                let mut words = value.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
                words.any(|word| word.eq_ignore_ascii_case(b"100-continue"))
            })
        };
        !matches!(self.body, RequestBody::Empty) && asked()
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
            get_body: self.get_body.clone(),
            trailers: self.trailers.clone(),
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
