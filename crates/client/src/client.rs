//! The client.

use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};
use httptrace::{Actor, Event, Step};
use transport::{Request, RequestBody, Response, Transport};
use url::Url;

use crate::error::{Error, Reason};
use crate::send::send;
use crate::url_check;

/// Makes requests over a transport. Cheap to clone; clones share the transport and its connections.
///
/// Go twin: client.go type Client
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
}

impl Client {
    /// A client over `transport`.
    pub fn new(transport: Transport) -> Self {
        Client { transport }
    }

    /// What it sends its requests over.
    pub fn transport(&self) -> &Transport {
        &self.transport
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
    pub async fn get(&self, url: &str) -> Result<Response, Error> {
        self.call(Method::GET, url, |_| {}).await
    }

    /// HEAD. The response has no body.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// # Go twin
    ///
    /// Go: client.go (*Client).Head
    pub async fn head(&self, url: &str) -> Result<Response, Error> {
        self.call(Method::HEAD, url, |_| {}).await
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
    pub async fn post(
        &self,
        url: &str,
        content_type: HeaderValue,
        body: impl Into<RequestBody>,
    ) -> Result<Response, Error> {
        self.call(Method::POST, url, |request| {
            request.header.insert(CONTENT_TYPE, content_type);
            request.body = body.into();
        })
        .await
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
    pub async fn do_request(&self, mut request: Request) -> Result<Response, Error> {
        self.emit(Step::Do);
        match send(&mut request, &self.transport).await {
            Ok(mut response) => {
                response.url = Some(request.url);
                Ok(*response)
            }
            Err(error) => Err(Error::new(&request.method, request.url.as_str(), error)),
        }
    }

    /// Closes the connections that are idle. Go: client.go (*Client).CloseIdleConnections
    #[doc(alias = "CloseIdleConnections")]
    pub fn close_idle_connections(&self) {
        self.transport.close_idle_connections();
    }

    async fn call(&self, method: Method, url: &str, fill: impl FnOnce(&mut Request)) -> Result<Response, Error> {
        self.emit(Step::Get);
        let parsed = parse(url).map_err(|reason| Error::new(&method, url, reason))?;
        let mut request = Request::new(method, parsed);
        fill(&mut request);
        self.do_request(request).await
    }

    fn emit(&self, step: Step) {
        self.transport.trace().emit(Actor::Caller, None, || Event::Call { step });
    }
}

/// Go's rules first, then those of the `url` crate.
fn parse(text: &str) -> Result<Url, Reason> {
    url_check::check(text)?;
    Url::parse(text).map_err(|error| Reason::BadUrl { text: text.to_owned(), why: error.to_string() })
}

#[cfg(feature = "net")]
mod shortcuts {
    use std::sync::OnceLock;

    use httptrace::TokioRuntime;
    use transport::Config;

    use super::*;

    /// The client behind [`get`], [`head`] and [`post`], over a transport with Go's default settings. One for the whole
    /// process, which is why its connections are found again by whoever asks next.
    ///
    /// Go: client.go DefaultClient, transport.go DefaultTransport
    #[doc(alias = "DefaultClient")]
    #[doc(alias = "DefaultTransport")]
    pub fn default_client() -> &'static Client {
        static DEFAULT: OnceLock<Client> = OnceLock::new();
        DEFAULT.get_or_init(|| Client::new(Transport::new(Config::default_transport(TokioRuntime::new()))))
    }

    /// GET with the default client.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    ///
    /// # Go twin
    ///
    /// Go: client.go Get
    #[doc(alias = "http.Get")]
    pub async fn get(url: &str) -> Result<Response, Error> {
        default_client().get(url).await
    }

    /// HEAD with the default client.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    ///
    /// # Go twin
    ///
    /// Go: client.go Head
    #[doc(alias = "http.Head")]
    pub async fn head(url: &str) -> Result<Response, Error> {
        default_client().head(url).await
    }

    /// POST with the default client.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    ///
    /// # Go twin
    ///
    /// Go: client.go Post
    #[doc(alias = "http.Post")]
    pub async fn post(url: &str, content_type: HeaderValue, body: impl Into<RequestBody>) -> Result<Response, Error> {
        default_client().post(url, content_type, body).await
    }
}

#[cfg(feature = "net")]
pub use shortcuts::{default_client, get, head, post};
