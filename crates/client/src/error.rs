//! What a request fails with, seen by the person who made it.

use std::fmt;

use httptrace::go_text::quote;
use url::Url;

/// Method, URL and reason: `Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused`.
///
/// Go twin: net/url type Error, as client.go makes it
#[doc(alias = "url.Error")]
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Error {
    /// The method as Go writes it: `Get`.
    pub op: String,
    /// The URL, its password replaced by `***`.
    pub url: String,
    /// Why.
    pub reason: Reason,
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
    /// The transport could not get a response.
    #[error(transparent)]
    Transport(#[from] transport::Error),
}

impl Error {
    pub(crate) fn new(method: &http::Method, url: &str, reason: impl Into<Reason>) -> Self {
        Error { op: op(method), url: strip_password(url), reason: reason.into() }
    }

    /// Whether a time limit ended the request. Go: `url.Error.Timeout`.
    pub fn is_timeout(&self) -> bool {
        match &self.reason {
            Reason::BadUrl { .. } => false,
            Reason::Transport(error) => error.is_timeout(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            // Go finds this fault before it has a request to name.
            Reason::BadUrl { .. } => self.reason.fmt(f),
            Reason::Transport(_) => write!(f, "{} {}: {}", self.op, quote(self.url.as_bytes()), self.reason),
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
