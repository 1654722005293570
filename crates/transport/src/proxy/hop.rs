//! One proxy, ready to be connected to.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderValue;
use httptrace::go_text::quote;
use percent_encoding::percent_decode_str;
use url::{Host, Position, Url};

use crate::error::Error;

/// How many proxies are remembered. With more than these in turn, connections are not shared as often as they could be.
const REMEMBERED: usize = 256;

/// The first hop of a request that does not go straight to its target.
///
/// # Passwords
///
/// Two users of one proxy, or two passwords of one user, must not share connections. Still no text that leaves this
/// type holds a password, but for the field that is sent to the proxy: in the pool's key a number stands in its
/// place.
pub(crate) struct Hop {
    url: Url,
    kind: HopKind,
    addr: String,
    key: String,
    proxy_authorization: Option<HeaderValue>,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HopKind {
    /// HTTP over TCP.
    Http,
    /// HTTP over TLS.
    Https,
    /// SOCKS version 5 (RFC 1928).
    Socks5,
}

impl Hop {
    /// `number` stands for the password in the key.
    ///
    /// Differs from Go: a proxy whose scheme is not spoken is refused. Go speaks HTTP to it.
    fn new(url: &Url, number: u64) -> Result<Self, Error> {
        let bad = |what: String| Error::BadProxy(what.into());
        let (kind, port) = match url.scheme() {
            "http" => (HopKind::Http, 80),
            "https" => (HopKind::Https, 443),
            "socks5" | "socks5h" => (HopKind::Socks5, 1080),
            other => return Err(bad(format!("unsupported proxy scheme {}", quote(other.as_bytes())))),
        };
        // The parser normalises the hosts of the schemes that it knows; those of SOCKS are left to us.
        let host = url.host_str().filter(|host| !host.is_empty()).and_then(|host| Host::parse(host).ok());
        let host = host.ok_or_else(|| bad("proxy without a host in its URL".to_owned()))?;
        let port = url.port().unwrap_or(port);
        Ok(Hop {
            kind,
            addr: format!("{host}:{port}"),
            key: key(url, number),
            proxy_authorization: proxy_authorization(url),
            url: url.clone(),
        })
    }

    /// With the password.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn kind(&self) -> HopKind {
        self.kind
    }

    /// `host:port`. Go: transport.go canonicalAddr, of the proxy
    pub(crate) fn addr(&self) -> &str {
        &self.addr
    }

    /// What stands for this proxy in a pool's key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether it is shown whole requests, which it sends on, and not only asked for a way to the target: so it is with
    /// http targets. Then its connections serve all targets.
    pub(crate) fn forwards(&self, to_https: bool) -> bool {
        match self.kind {
            HopKind::Http | HopKind::Https => !to_https,
            HopKind::Socks5 => false,
        }
    }

    /// Go: transport.go (*connectMethod).proxyAuth
    #[doc(alias = "proxyAuth")]
    pub(crate) fn proxy_authorization(&self) -> Option<&HeaderValue> {
        self.proxy_authorization.as_ref()
    }

    /// User and password for SOCKS, if the URL names a user.
    #[cfg(feature = "socks")]
    pub(crate) fn credentials(&self) -> Option<(String, String)> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        has_user(&self.url).then(|| (decoded(self.url.username()), decoded(self.url.password().unwrap_or_default())))
    }
}

impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hop({})", self.key)
    }
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// `Basic`, with user and password as the URL has them, its escapes undone (RFC 7617).
fn proxy_authorization(url: &Url) -> Option<HeaderValue> {
    if !has_user(url) {
        return None;
    }
    let mut both: Vec<u8> = percent_decode_str(url.username()).collect();
    both.push(b':');
    both.extend(percent_decode_str(url.password().unwrap_or_default()));
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64.encode(both))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The whole URL: what hooks are told of it may make a difference. A bar ends it, so there must be none in it.
fn key(url: &Url, number: u64) -> String {
    // ANCHOR: key
    let user = &url[Position::BeforeUsername..Position::AfterUsername];
    let password = if url.password().is_some() { format!(":***{number}") } else { String::new() };
    let at = if has_user(url) { "@" } else { "" };
    let rest = &url[Position::BeforeHost..];
    format!("{}://{user}{password}{at}{rest}", url.scheme()).replace('|', "%7C")
    // ANCHOR_END: key
}

/// The URL as it may be shown.
pub(super) fn without_password(url: &Url) -> String {
    if url.password().is_none() {
        return url.as_str().to_owned();
    }
    let (before, after) = (&url[..Position::BeforePassword], &url[Position::AfterPassword..]);
    format!("{before}***{after}")
}

/// The proxies that were named so far, each with a number of its own.
///
/// It remembers the last few: one that was forgotten gets a new number when it comes again, so a number never stands
/// for two passwords.
#[derive(Debug, Default)]
pub(crate) struct HopsSeen(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The newest first.
    hops: VecDeque<Arc<Hop>>,
    numbers_given: u64,
}

impl HopsSeen {
    /// # Errors
    ///
    /// [`Error::BadProxy`]
    pub(crate) fn hop(&self, url: &Url) -> Result<Arc<Hop>, Error> {
        let mut seen = self.lock();
        if let Some(hop) = seen.hops.iter().find(|hop| hop.url == *url) {
            return Ok(Arc::clone(hop));
        }
        seen.numbers_given += 1;
        let hop = Arc::new(Hop::new(url, seen.numbers_given)?);
        seen.hops.push_front(Arc::clone(&hop));
        let forgotten = if seen.hops.len() > REMEMBERED { seen.hops.pop_back() } else { None };
        drop(seen);
        drop(forgotten);
        Ok(hop)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().expect("nothing that can panic runs under this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(url: &str) -> Arc<Hop> {
        HopsSeen::default().hop(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn each_scheme_has_its_port() {
        assert_eq!(hop("http://proxy").addr(), "proxy:80");
        assert_eq!(hop("https://proxy").addr(), "proxy:443");
        assert_eq!(hop("socks5://proxy").addr(), "proxy:1080");
        assert_eq!(hop("socks5h://[2001:db8::1]:9050").addr(), "[2001:db8::1]:9050");
        assert_eq!(hop("socks5://B\u{fc}cher.example").addr(), "xn--bcher-kva.example:1080");
    }

    #[test]
    fn what_cannot_be_a_proxy_says_why() {
        let fault = |url: &str| HopsSeen::default().hop(&Url::parse(url).unwrap()).unwrap_err().to_string();
        assert_eq!(fault("ftp://proxy"), r#"unsupported proxy scheme "ftp""#);
        assert_eq!(fault("socks5:proxy"), "proxy without a host in its URL");
        assert_eq!(fault("socks5://a%0d%0ab"), "proxy without a host in its URL");
    }

    #[test]
    fn user_and_password_become_a_field() {
        let field = |url: &str| hop(url).proxy_authorization().map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(field("http://u:p@proxy").as_deref(), Some("Basic dTpw"));
        assert_eq!(field("http://u@proxy").as_deref(), Some("Basic dTo="));
        assert_eq!(field("http://a%40b:c%3A%0A@proxy").as_deref(), Some("Basic YUBiOmM6Cg=="));
        assert_eq!(field("http://proxy"), None);
    }

    #[test]
    fn passwords_are_told_apart_and_not_shown() {
        let seen = HopsSeen::default();
        let hop = |url: &str| seen.hop(&Url::parse(url).unwrap()).unwrap();
        let (one, other) = (hop("http://me:s3cret@proxy"), hop("http://me:hidden@proxy"));
        assert_ne!(one.key(), other.key());
        assert_eq!(one.key(), hop("http://me:s3cret@proxy").key());
        assert_eq!(one.key(), "http://me:***1@proxy/");
        let shown = format!("{one:?} {other:?} {seen:?} {:?}", one.proxy_authorization());
        assert!(!shown.contains("s3cret") && !shown.contains("hidden") && !shown.contains("Basic"), "{shown}");
    }

    #[test]
    fn a_number_is_never_given_twice() {
        let seen = HopsSeen::default();
        let hop = |n: usize| seen.hop(&Url::parse(&format!("http://me:{n}@proxy")).unwrap()).unwrap();
        let mut keys: Vec<String> = (0..2 * REMEMBERED).map(|n| hop(n % (REMEMBERED + 1)).key().to_owned()).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 2 * REMEMBERED, "each came back after it was forgotten");
        assert!(seen.lock().hops.len() <= REMEMBERED);
    }
}
