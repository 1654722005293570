//! What an environment says about proxies.
//!
//! `HTTP_PROXY` names the proxy of http targets, `HTTPS_PROXY` that of https targets, and `NO_PROXY` those who are
//! not to be proxied. Each may be written in small letters; the capitals are looked at first. The rules are a
//! function of these strings and of nothing else.
//!
//! Go twin: golang.org/x/net/http/httpproxy

use std::fmt;

use url::Url;

use super::hop::without_password;
use super::no_proxy::NoProxy;
use crate::error::Error;

/// The variables, as they stand in an environment.
///
/// Go twin: httpproxy.Config
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Variables {
    /// `HTTP_PROXY` or `http_proxy`: a URL, or `host:port`, which is meant as `http://host:port`.
    pub http_proxy: String,
    /// `HTTPS_PROXY` or `https_proxy`, in the same form.
    pub https_proxy: String,
    /// `NO_PROXY` or `no_proxy`; see [`NoProxy`].
    pub no_proxy: String,
    /// `REQUEST_METHOD` is set: this process answers a request as a CGI program, and then `HTTP_PROXY` is a field of
    /// that request's header, which anybody could have sent (<https://go.dev/s/cgihttpproxy>).
    pub cgi: bool,
}

impl Variables {
    /// What `get` says of each name. An empty value is none.
    ///
    /// Go: httpproxy.FromEnvironment
    pub fn from_lookup(get: impl Fn(&str) -> Option<String>) -> Self {
        let first =
            |names: [&str; 2]| names.into_iter().filter_map(&get).find(|value| !value.is_empty()).unwrap_or_default();
        Variables {
            http_proxy: first(["HTTP_PROXY", "http_proxy"]),
            https_proxy: first(["HTTPS_PROXY", "https_proxy"]),
            no_proxy: first(["NO_PROXY", "no_proxy"]),
            cgi: get("REQUEST_METHOD").is_some_and(|method| !method.is_empty()),
        }
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's address may hold a password.
        let shown = |value: &str| parse_proxy(value).map(|url| without_password(&url));
        f.debug_struct("Variables")
            .field("http_proxy", &shown(&self.http_proxy))
            .field("https_proxy", &shown(&self.https_proxy))
            .field("no_proxy", &self.no_proxy)
            .field("cgi", &self.cgi)
            .finish()
    }
}

/// The variables, read and ready to be asked.
///
/// Go twin: the function that httpproxy's `Config.ProxyFunc` returns
#[doc(alias = "ProxyFunc")]
#[derive(Clone)]
pub struct Rules {
    http: Option<Url>,
    https: Option<Url>,
    no_proxy: NoProxy,
    cgi: bool,
}

impl Rules {
    /// A proxy's address that cannot be read is as good as none, as in Go.
    pub fn new(variables: &Variables) -> Self {
        Rules {
            http: parse_proxy(&variables.http_proxy),
            https: parse_proxy(&variables.https_proxy),
            no_proxy: NoProxy::new(&variables.no_proxy),
            cgi: variables.cgi,
        }
    }

    /// Whether every request goes straight to its target.
    pub fn name_no_proxy(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// The proxy for a request to `target`. There is none for `localhost` and for loopback addresses.
    ///
    /// # Errors
    ///
    /// [`Error::ProxyInCgi`]
    ///
    /// Go: httpproxy (*config).proxyForURL
    pub fn proxy_for(&self, target: &Url) -> Result<Option<&Url>, Error> {
        let proxy = match target.scheme() {
            "https" => self.https.as_ref(),
            "http" if self.cgi && self.http.is_some() => return Err(Error::ProxyInCgi),
            "http" => self.http.as_ref(),
            _not_spoken => None,
        };
        Ok(proxy.filter(|_| !self.no_proxy.covers(target)))
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("http", &self.http.as_ref().map(without_password))
            .field("https", &self.https.as_ref().map(without_password))
            .field("no_proxy", &self.no_proxy)
            .field("cgi", &self.cgi)
            .finish()
    }
}

/// A URL with a host, or `host:port`.
///
/// Differs from Go: white space and control characters anywhere, and a URL without a host, make it none. Go takes
/// some such values apart into an address that nobody meant.
///
/// Go: httpproxy parseProxy
fn parse_proxy(text: &str) -> Option<Url> {
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return None;
    }
    let with_host = |text: &str| {
        // The parser would look for the host behind any number of slashes.
        let (_scheme, rest) = text.split_once("://")?;
        Url::parse(text).ok().filter(|url| url.has_host() && !rest.starts_with('/'))
    };
    if text.contains("://") { with_host(text) } else { with_host(&format!("http://{text}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(variables: &[(&str, &str)]) -> Rules {
        let get = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Rules::new(&Variables::from_lookup(get))
    }

    /// What is said about `target`, as text.
    fn proxy_for(variables: &[(&str, &str)], target: &str) -> String {
        match rules(variables).proxy_for(&Url::parse(target).unwrap()) {
            Ok(None) => "none".to_owned(),
            Ok(Some(url)) => url.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_address_is_a_url_or_host_and_port() {
        let read = |value: &str| proxy_for(&[("HTTP_PROXY", value)], "http://example.com/");
        assert_eq!(read("127.0.0.1:8080"), "http://127.0.0.1:8080/");
        assert_eq!(read("cache.corp.example.com:1234"), "http://cache.corp.example.com:1234/");
        assert_eq!(read("cache.corp.example.com"), "http://cache.corp.example.com/");
        assert_eq!(read("https://cache.corp.example.com"), "https://cache.corp.example.com/");
        assert_eq!(read("http://127.0.0.1:8080"), "http://127.0.0.1:8080/");
        assert_eq!(read("socks5://127.0.0.1"), "socks5://127.0.0.1");
        assert_eq!(read("socks5h://127.0.0.1"), "socks5h://127.0.0.1");
        assert_eq!(read("localhost:3128"), "http://localhost:3128/");
        assert_eq!(read("me:secret@cache:3128"), "http://me:secret@cache:3128/");
        assert_eq!(read("[::1]:3128"), "http://[::1]:3128/");
    }

    #[test]
    fn what_cannot_be_an_address_is_none() {
        for value in
            ["", " ", "http://", "http:///path", "/path", "a b", "http://h\r\nX: y", " http://h", "http://h:x", "%"]
        {
            assert_eq!(proxy_for(&[("HTTP_PROXY", value)], "http://example.com/"), "none", "{value:?}");
        }
    }

    #[test]
    fn capitals_go_first_and_an_empty_value_is_none() {
        assert_eq!(proxy_for(&[("HTTP_PROXY", "a"), ("http_proxy", "b")], "http://example.com/"), "http://a/");
        assert_eq!(proxy_for(&[("HTTP_PROXY", ""), ("http_proxy", "b")], "http://example.com/"), "http://b/");
    }

    #[test]
    fn each_scheme_has_a_proxy_of_its_own() {
        let both = [("HTTP_PROXY", "plain"), ("HTTPS_PROXY", "secure")];
        assert_eq!(proxy_for(&both, "https://secure.tld/"), "http://secure/");
        assert_eq!(proxy_for(&both, "http://insecure.tld/"), "http://plain/");
        assert_eq!(proxy_for(&[("HTTP_PROXY", "plain")], "https://secure.tld/"), "none");
        assert_eq!(proxy_for(&both, "ftp://insecure.tld/"), "none");
    }

    #[test]
    fn under_cgi_the_proxy_of_http_is_refused_and_that_of_https_is_not() {
        let cgi = [("HTTP_PROXY", "evil"), ("HTTPS_PROXY", "good"), ("REQUEST_METHOD", "GET"), ("NO_PROXY", "*")];
        let refused = "refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy";
        assert_eq!(proxy_for(&cgi, "http://example.com/"), refused);
        assert_eq!(proxy_for(&cgi[..3], "https://example.com/"), "http://good/");
        assert_eq!(proxy_for(&cgi[1..], "http://example.com/"), "none");
    }

    #[test]
    fn nothing_that_is_shown_holds_the_password() {
        let get =
            |name: &str| (!name.eq_ignore_ascii_case("NO_PROXY")).then(|| "http://me:s3cret@cache:3128".to_owned());
        let variables = Variables::from_lookup(get);
        let shown = format!("{variables:?} {:?}", Rules::new(&variables));
        assert!(shown.contains("http://me:***@cache:3128/") && !shown.contains("s3cret"), "{shown}");
    }
}
