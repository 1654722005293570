//! Which requests may share a connection.

use std::sync::Arc;

use url::{Position, Url};

use crate::error::Error;

/// Where and how to connect for a request.
///
/// Go twin: transport.go type connectMethod
#[doc(alias = "connectMethod")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConnectMethod {
    addr: String,
    key: Arc<str>,
}

impl ConnectMethod {
    /// What `url` asks for.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedScheme`], [`Error::NoHost`].
    ///
    /// Go: transport.go (*Transport).connectMethodForRequest
    #[doc(alias = "connectMethodForRequest")]
    pub fn for_url(url: &Url) -> Result<Self, Error> {
        check(url)?;
        let mut key = String::new();
        write_key(url, &mut key);
        let addr = key[KEY_PREFIX.len()..].to_owned();
        Ok(ConnectMethod { addr, key: key.into() })
    }

    /// `host:port` of the first hop. Go: `canonicalAddr`.
    #[doc(alias = "canonicalAddr")]
    pub fn addr(&self) -> &str {
        &self.addr
    }

    /// The pool key as text: `proxy|scheme|host:port`. Requests with the same key share connections; two names of one
    /// machine do not have the same key. Go: `connectMethodKey`.
    #[doc(alias = "connectMethodKey")]
    pub fn key(&self) -> &Arc<str> {
        &self.key
    }
}

/// What stands before `host:port` in a key: no proxy, and the scheme.
const KEY_PREFIX: &str = "|http|";

/// Whether a connection can be had for `url` at all.
///
/// # Errors
///
/// [`Error::UnsupportedScheme`], [`Error::NoHost`].
pub(crate) fn check(url: &Url) -> Result<(), Error> {
    match (url.scheme(), url.host_str()) {
        ("http", Some(host)) if !host.is_empty() => Ok(()),
        ("http", _) => Err(Error::NoHost),
        (other, _) => Err(Error::UnsupportedScheme(other.to_owned())),
    }
}

/// Writes the pool key of a URL that has passed [`check`]. Into a buffer of the caller's, since the pool is asked with
/// every request: an owned key costs an allocation each time.
pub(crate) fn write_key(url: &Url, key: &mut String) {
    key.push_str(KEY_PREFIX);
    key.push_str(&url[Position::BeforeHost..Position::AfterPort]);
    if url.port().is_none() {
        key.push_str(":80");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(url: &str) -> String {
        ConnectMethod::for_url(&Url::parse(url).unwrap()).unwrap().key().to_string()
    }

    #[test]
    fn the_key_is_scheme_host_and_port_and_not_the_path() {
        assert_eq!(key("http://Example.com/a?b"), "|http|example.com:80");
        assert_eq!(key("http://example.com:8080/c"), "|http|example.com:8080");
        assert_eq!(key("http://[::1]:8080/"), "|http|[::1]:8080");
    }

    #[test]
    fn two_names_of_one_machine_are_two_keys() {
        assert_ne!(key("http://localhost/"), key("http://127.0.0.1/"));
    }

    #[test]
    fn a_scheme_that_is_not_spoken_is_named() {
        let error = ConnectMethod::for_url(&Url::parse("foo://example.com/").unwrap()).unwrap_err();
        assert_eq!(error.to_string(), r#"unsupported protocol scheme "foo""#);
    }
}
