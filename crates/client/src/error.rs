//! What a request fails with, seen by the person who made it.
//!
//! Go's client has errors that cannot occur here, because the types leave no room for them: `http: nil Request.URL`,
//! `http: nil Request.Header`, `net/http: nil Context`, `http: no Client.Transport or DefaultTransport`,
//! `http: Request.RequestURI can't be set in client requests`, and those about a RoundTripper that returns neither a
//! response nor an error, both of them, or a response without a body.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use httptrace::go_text::quote;
use transport::CookieError;
use url::Url;

use crate::round_tripper::{BoxError, Foreign};

/// Method, URL and reason: `Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused`.
///
/// Go twin: net/url type Error, as client.go makes it
#[doc(alias = "url.Error")]
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Error {
    /// The method as Go writes it: `Get`. After redirects that of the first request.
    pub op: String,
    /// The URL, its password replaced by `***`.
    pub url: Box<str>,
    /// Why.
    pub reason: Reason,
    /// The redirect that was not followed, when it is the hook's error: Go returns it beside the error, with its body
    /// closed.
    pub stopped_at: Option<Arc<StoppedAt>>,
}

/// The head of a redirect that was not followed.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct StoppedAt {
    /// Its status.
    pub status: u16,
    /// Its header; `Location` says where it would have led to.
    pub header: HeaderMap,
    /// What was asked for.
    pub url: Url,
}

/// Why a request failed.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The text given as a URL is none.
    #[error("parse {}: {why}", quote(text.as_bytes()))]
    BadUrl {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The text given as a method is none.
    #[error("net/http: invalid method {}", quote(.0.as_bytes()))]
    InvalidMethod(String),
    /// A redirect leads to something that is no URL.
    #[error("failed to parse Location header {}: {why}", quote(location.as_bytes()))]
    BadLocation {
        /// What the server said.
        location: String,
        /// What is wrong with it.
        why: String,
    },
    /// The hook that is asked before each redirect said no; without one: `stopped after 10 redirects`.
    #[error(transparent)]
    CheckRedirect(Foreign),
    /// The jar gave a cookie that cannot be sent.
    #[error(transparent)]
    Cookie(#[from] CookieError),
    /// The client's time for the whole exchange was over before a head came.
    #[error("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")]
    ClientTimeout,
    /// The transport could not get a response.
    #[error(transparent)]
    Transport(#[from] transport::Error),
    /// Whoever stands in the transport's place could not.
    #[error(transparent)]
    RoundTripper(Foreign),
}

impl From<BoxError> for Reason {
    fn from(error: BoxError) -> Self {
        match error.downcast::<transport::Error>() {
            Ok(error) => Reason::Transport(*error),
            Err(error) => Reason::RoundTripper(error.into()),
        }
    }
}

impl Error {
    pub(crate) fn new(method: &http::Method, url: &str, reason: impl Into<Reason>) -> Self {
        Error { op: op(method), url: strip_password(url).into(), reason: reason.into(), stopped_at: None }
    }

    /// Whether a time limit ended the request. Go: `url.Error.Timeout`.
    pub fn is_timeout(&self) -> bool {
        match &self.reason {
            Reason::BadUrl { .. } | Reason::InvalidMethod(_) | Reason::BadLocation { .. } | Reason::Cookie(_) => false,
            Reason::ClientTimeout => true,
            Reason::CheckRedirect(error) | Reason::RoundTripper(error) => error.is_timeout(),
            Reason::Transport(error) => error.is_timeout(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            // Go finds these faults before it has a request to name.
            Reason::BadUrl { .. } | Reason::InvalidMethod(_) => self.reason.fmt(f),
            Reason::BadLocation { .. }
            | Reason::CheckRedirect(_)
            | Reason::Cookie(_)
            | Reason::ClientTimeout
            | Reason::Transport(_)
            | Reason::RoundTripper(_) => write!(f, "{} {}: {}", self.op, quote(self.url.as_bytes()), self.reason),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.reason)
    }
}

/// `GET` is shown as `Get`. Go: client.go urlErrorOp
#[doc(alias = "urlErrorOp")]
fn op(method: &http::Method) -> String {
    let (first, rest) = method.as_str().split_at(1);
    format!("{first}{}", rest.to_ascii_lowercase())
}

/// Go: client.go stripPassword
#[doc(alias = "stripPassword")]
fn strip_password(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.password().is_some() => match url.set_password(Some("***")) {
            Ok(()) => url.into(),
            Err(()) => text.to_owned(),
        },
        Ok(_) | Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn reads_like_go_and_hides_the_password() {
        let error = Error::new(&Method::GET, "http://user:secret@example.com/", transport::Error::NoHost);
        assert_eq!(error.to_string(), r#"Get "http://user:***@example.com/": http: no Host in request URL"#);
    }
}
