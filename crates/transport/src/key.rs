//! Which requests may share a connection.

use std::sync::Arc;

use url::{Position, Url};

use crate::error::Error;
use crate::proxy::{Hop, HopKind};

/// Where and how to connect for a request.
///
/// Go twin: transport.go type connectMethod
#[doc(alias = "connectMethod")]
#[derive(Clone, Debug)]
pub struct ConnectMethod {
    proxy: Option<Arc<Hop>>,
    https: bool,
    target_addr: String,
    key: Arc<str>,
}

impl ConnectMethod {
    /// What `url` asks for, straight to its host.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedScheme`], [`Error::NoHost`].
    pub fn for_url(url: &Url) -> Result<Self, Error> {
        ConnectMethod::via(None, url)
    }

    /// What `url` asks for, through `proxy`.
    ///
    /// # Errors
    ///
    /// As [`for_url`](Self::for_url).
    ///
    /// Go: transport.go (*Transport).connectMethodForRequest
    #[doc(alias = "connectMethodForRequest")]
    pub(crate) fn via(proxy: Option<Arc<Hop>>, url: &Url) -> Result<Self, Error> {
        check(url)?;
        let (mut key, mut target_addr) = (String::new(), String::new());
        write_key(proxy.as_deref(), url, &mut key);
        write_addr(url, &mut target_addr);
        Ok(ConnectMethod { proxy, https: is_https(url), target_addr, key: key.into() })
    }

    /// The proxy to connect to first.
    pub(crate) fn proxy(&self) -> Option<&Arc<Hop>> {
        self.proxy.as_ref()
    }

    /// The first hop speaks TLS. Go: `connectMethod.scheme`.
    pub(crate) fn first_hop_is_https(&self) -> bool {
        self.proxy.as_ref().map_or(self.https, |proxy| proxy.kind() == HopKind::Https)
    }

    /// The target speaks TLS.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The name that the target's certificate must show. Go: `tlsHost`.
    #[doc(alias = "tlsHost")]
    pub fn tls_host(&self) -> &str {
        host_of(&self.target_addr)
    }

    /// `host:port` of the first hop: the proxy, if there is one.
    pub fn addr(&self) -> &str {
        self.proxy.as_ref().map_or(&self.target_addr, |proxy| proxy.addr())
    }

    /// `host:port` of the target. Go: transport.go canonicalAddr
    #[doc(alias = "canonicalAddr")]
    pub fn target_addr(&self) -> &str {
        &self.target_addr
    }

    /// The pool key as text: `proxy|scheme|host:port`. Requests with the same key share connections; two names of one
    /// machine do not have the same key, nor have two passwords for one proxy. What a proxy is sent for an http
    /// target may be for any host, so there the host is left out. Go: `connectMethodKey`.
    #[doc(alias = "connectMethodKey")]
    pub fn key(&self) -> &Arc<str> {
        &self.key
    }
}

/// Whether a connection can be had for `url` at all.
///
/// # Errors
///
/// [`Error::UnsupportedScheme`], [`Error::NoHost`].
pub(crate) fn check(url: &Url) -> Result<(), Error> {
    match (url.scheme(), url.host_str()) {
        ("http", Some(host)) if !host.is_empty() => Ok(()),
        ("https", Some(host)) if cfg!(feature = "tls") && !host.is_empty() => Ok(()),
        ("http", _) => Err(Error::NoHost),
        (other, _) => Err(Error::UnsupportedScheme(other.to_owned())),
    }
}

/// Writes the pool key of a URL that has passed [`check`]. Into a buffer of the caller's, since the pool is asked with
/// every request: an owned key costs an allocation each time.
///
/// Go: transport.go (*connectMethod).key
pub(crate) fn write_key(proxy: Option<&Hop>, url: &Url, key: &mut String) {
    // ANCHOR: key
    let https = is_https(url);
    if let Some(proxy) = proxy {
        key.push_str(proxy.key());
    }
    key.push_str(if https { "|https|" } else { "|http|" });
    if proxy.is_none_or(|proxy| !proxy.forwards(https)) {
        write_addr(url, key);
    }
    // ANCHOR_END: key
}

fn write_addr(url: &Url, out: &mut String) {
    // Differs from Go: a name is in lower case here, since `Url` folds it as RFC 3986 (6.2.2.1) asks for. For Go
    // `a.test` and `A.test` are two keys, and each is dialled.
    out.push_str(&url[Position::BeforeHost..Position::AfterPort]);
    if url.port().is_none() {
        out.push_str(if is_https(url) { ":443" } else { ":80" });
    }
}

fn is_https(url: &Url) -> bool {
    url.scheme() == "https"
}

/// The host of `host:port`, without the brackets of an IPv6 address. Go: `removePort`.
pub(crate) fn host_of(addr: &str) -> &str {
    let host = addr.rsplit_once(':').map_or(addr, |(host, _port)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
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
        #[cfg(feature = "tls")]
        assert_eq!(key("https://example.com:443/a"), "|https|example.com:443");
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
