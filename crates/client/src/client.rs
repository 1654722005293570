//! The client.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};
use httptrace::{Actor, Event, Step};
use transport::{Cause, Request, RequestBody, Response, Transport};
use url::form_urlencoded;

use crate::cookie_jar::CookieJar;
use crate::error::{Error, Reason};
use crate::follow::follow;
use crate::leak_check::LeakCheck;
use crate::redirect::{BodyAgain, CheckRedirect, Hop, Redirect, is_redirect};
use crate::round_tripper::{BoxError, RoundTripper};
use crate::send::send;
use crate::url_check;

/// Makes requests over a transport, follows redirects and keeps cookies. Cheap to clone; clones share the transport, its
/// connections and the jar.
///
/// The names are those of Go's fields:
///
/// ```
/// use std::time::Duration;
///
/// use client::Redirect;
///
/// let client = client::default_client()
///     .clone()
///     .with_timeout(Duration::from_secs(5))
///     .with_check_redirect(|hop| Ok(if hop.via.len() < 3 { Redirect::Follow } else { Redirect::UseLastResponse }));
/// # drop(client);
/// ```
///
/// Go twin: client.go type Client
#[derive(Clone)]
pub struct Client {
    transport: Transport,
    round_tripper: Option<Arc<dyn RoundTripper>>,
    check_redirect: Option<CheckRedirect>,
    jar: Option<Arc<dyn CookieJar>>,
    timeout: Option<Duration>,
    leaks: Option<Arc<LeakCheck>>,
}

impl Client {
    /// A client over `transport`, without jar and time limit, that follows up to nine redirects.
    pub fn new(transport: Transport) -> Self {
        Client { transport, round_tripper: None, check_redirect: None, jar: None, timeout: None, leaks: None }
    }

    /// Gives every request to `round_tripper` in place of the transport, which still has the clock and the trace. Whoever
    /// wants to see requests on their way keeps a clone of the transport and hands them on.
    ///
    /// Go: the field `Client.Transport`, an interface there
    #[must_use]
    pub fn with_round_tripper(self, round_tripper: Arc<dyn RoundTripper>) -> Self {
        Client { round_tripper: Some(round_tripper), ..self }
    }

    /// Asks `hook` before each redirect. Its error ends the request, see [`Error::stopped_at`].
    ///
    /// Go: the field `Client.CheckRedirect`
    #[doc(alias = "CheckRedirect")]
    #[must_use]
    pub fn with_check_redirect(
        self,
        hook: impl Fn(Hop<'_>) -> Result<Redirect, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Client { check_redirect: Some(CheckRedirect::new(hook)), ..self }
    }

    /// Sends the jar's cookies, and tells it of those that servers set.
    ///
    /// Go: the field `Client.Jar`
    #[must_use]
    pub fn with_jar(self, jar: Arc<dyn CookieJar>) -> Self {
        Client { jar: Some(jar), ..self }
    }

    /// Gives each request so much time, from its start to the end of its body, redirects included. Zero: no limit. An
    /// earlier deadline of the request's own context stays in force, and keeps its own words.
    ///
    /// Go: the field `Client.Timeout`
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Client { timeout: Some(timeout).filter(|timeout| !timeout.is_zero()), ..self }
    }

    pub(crate) fn watched_by(self, leaks: Arc<LeakCheck>) -> Self {
        Client { leaks: Some(leaks), ..self }
    }

    /// What it sends its requests over.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) fn round_tripper(&self) -> Option<&dyn RoundTripper> {
        self.round_tripper.as_deref()
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub(crate) fn check_redirect(&self) -> Option<&CheckRedirect> {
        self.check_redirect.as_ref()
    }

    pub(crate) fn jar(&self) -> Option<&dyn CookieJar> {
        self.jar.as_deref()
    }

    /// GET. The response's head is complete when this returns; its body is yet to be read.
    ///
    /// # Errors
    ///
    /// See [`Error`]. A status such as 404 is not an error.
    ///
    /// # Go twin
    ///
    /// Go: client.go (*Client).Get
    // ANCHOR: get
    #[track_caller]
    pub fn get(&self, url: &str) -> impl Future<Output = Result<Response, Error>> {
        self.call(Location::caller(), Method::GET, url, |_| {})
    }
    // ANCHOR_END: get

    /// HEAD. The response has no body.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// # Go twin
    ///
    /// Go: client.go (*Client).Head
    #[track_caller]
    pub fn head(&self, url: &str) -> impl Future<Output = Result<Response, Error>> {
        self.call(Location::caller(), Method::HEAD, url, |_| {})
    }

    /// POST of a body of this content type.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// # Go twin
    ///
    /// Go: client.go (*Client).Post
    #[track_caller]
    pub fn post(
        &self,
        url: &str,
        content_type: HeaderValue,
        body: impl Into<RequestBody>,
    ) -> impl Future<Output = Result<Response, Error>> {
        self.call(Location::caller(), Method::POST, url, |request| {
            request.header.insert(CONTENT_TYPE, content_type);
            request.body = body.into();
        })
    }

    /// POST of a form: pairs of names and values, in the order given.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// # Go twin
    ///
    /// Go: client.go (*Client).PostForm
    #[doc(alias = "PostForm")]
    #[track_caller]
    pub fn post_form<K: AsRef<str>, V: AsRef<str>>(
        &self,
        url: &str,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> impl Future<Output = Result<Response, Error>> {
        self.post(url, HeaderValue::from_static("application/x-www-form-urlencoded"), encode(pairs))
    }

    /// Any request. (`do` is a word of Rust's.)
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// # Go twin
    ///
    /// Go: client.go (*Client).do
    #[doc(alias = "Do")]
    #[doc(alias = "do")]
    #[track_caller]
    pub fn do_request(&self, request: Request) -> impl Future<Output = Result<Response, Error>> {
        self.do_from(Location::caller(), request)
    }

    fn do_from(
        &self,
        from: &'static Location<'static>,
        mut request: Request,
    ) -> impl Future<Output = Result<Response, Error>> {
        if let Some(leaks) = &self.leaks {
            leaks.note(&mut request, from);
        }
        // A block uses what it captures where that lies; an `async fn` would move the request once more.
        async move {
            self.emit(Step::Do);
            // ANCHOR: timeout
            if let Some(timeout) = self.timeout {
                let rt = self.transport.runtime();
                request.context = request.context.with_timeout_cause(rt, timeout, Cause::ClientTimeout);
            }
            // ANCHOR_END: timeout
            let body = BodyAgain::of(&request.body);
            // ANCHOR: do_request
            match send(self, &mut request).await {
                // In a box: nearly no request is redirected, and none should carry what that would need.
                Ok(response) if is_redirect(response.status) => Box::pin(follow(self, request, body, *response)).await,
                Ok(mut response) => {
                    response.url = Some(request.url);
                    Ok(*response)
                }
                Err(reason) => Err(Error::new(&request.method, request.url.as_str(), reason)),
            }
            // ANCHOR_END: do_request
        }
    }

    /// Closes the connections that are idle. Go: client.go (*Client).CloseIdleConnections
    #[doc(alias = "CloseIdleConnections")]
    pub fn close_idle_connections(&self) {
        match &self.round_tripper {
            Some(round_tripper) => round_tripper.close_idle_connections(),
            None => self.transport.close_idle_connections(),
        }
    }

    async fn call(
        &self,
        from: &'static Location<'static>,
        method: Method,
        url: &str,
        fill: impl FnOnce(&mut Request),
    ) -> Result<Response, Error> {
        self.emit(Step::Get);
        let parsed = url_check::parse(url).map_err(|reason| Error::new(&method, url, reason))?;
        let mut request = Request::new(method, parsed);
        fill(&mut request);
        self.do_from(from, request).await
    }

    fn emit(&self, step: Step) {
        self.transport.trace().emit(Actor::Caller, None, || Event::Call { step });
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Client { transport, round_tripper, check_redirect, jar, timeout, leaks } = self;
        f.debug_struct("Client")
            .field("transport", transport)
            .field("round_tripper", &round_tripper.is_some())
            .field("check_redirect", &check_redirect.is_some())
            .field("jar", &jar.is_some())
            .field("timeout", timeout)
            .field("leaks", &leaks.is_some())
            .finish()
    }
}

/// A request from texts, without header fields and body. The empty method is GET.
///
/// # Errors
///
/// [`Reason::InvalidMethod`], and what is wrong with the URL.
///
/// Go: request.go NewRequest
#[doc(alias = "NewRequest")]
pub fn new_request(method: &str, url: &str) -> Result<Request, Error> {
    let name = if method.is_empty() { "GET" } else { method };
    let parsed = Method::from_bytes(name.as_bytes());
    let method =
        parsed.map_err(|_not_a_token| Error::new(&Method::GET, url, Reason::InvalidMethod(method.to_owned())))?;
    match url_check::parse(url) {
        Ok(url) => Ok(Request::new(method, url)),
        Err(reason) => Err(Error::new(&method, url, reason)),
    }
}

/// Go: net/url Values.Encode, QueryEscape
fn encode<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> String {
    // Differs from Go: the pairs stay in their order. There they come from a map and are sorted by name.
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    // Browsers and RFC 3986 disagree about these two.
    encoded.replace('*', "%2A").replace("%7E", "~")
}
