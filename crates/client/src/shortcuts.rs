//! The functions of the package: a client for those who want no client.

use std::sync::OnceLock;

use http::HeaderValue;
use httptrace::TokioRuntime;
use transport::{Config, RequestBody, Response, Transport};

use crate::client::Client;
use crate::error::Error;

/// The client behind [`get`], [`head`] and [`post`], over a transport with Go's default settings. One for the whole
/// process, which is why its connections are found again by whoever asks next.
///
/// Go: client.go DefaultClient, transport.go DefaultTransport
#[doc(alias = "DefaultClient")]
#[doc(alias = "DefaultTransport")]
// ANCHOR: default_client
pub fn default_client() -> &'static Client {
    static DEFAULT: OnceLock<Client> = OnceLock::new();
    DEFAULT.get_or_init(|| Client::new(Transport::new(Config::default_transport(TokioRuntime::new()))))
}
// ANCHOR_END: default_client

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

/// POST of a form with the default client.
///
/// # Errors
///
/// As [`Client::get`].
///
/// # Go twin
///
/// Go: client.go PostForm
#[doc(alias = "http.PostForm")]
pub async fn post_form<K: AsRef<str>, V: AsRef<str>>(
    url: &str,
    pairs: impl IntoIterator<Item = (K, V)>,
) -> Result<Response, Error> {
    default_client().post_form(url, pairs).await
}
