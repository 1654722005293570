//! The rules of redirects: which are followed, as what, and with which header.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, WWW_AUTHENTICATE,
};
use http::{HeaderMap, Method};
use transport::{Cookie, Request, RequestBody, Response};
use url::{Position, Url};

use crate::round_tripper::BoxError;

/// How many requests there are at most where no hook says otherwise. Go: defaultCheckRedirect
pub const MAX_REQUESTS: usize = 10;

/// A redirect that is about to be followed.
#[derive(Debug)]
pub struct Hop<'a> {
    /// The request that will be sent. It may be altered. What it says of cookies and of the URL's user is added later.
    pub request: &'a mut Request,
    /// The requests so far, the oldest first. Their bodies are gone.
    pub via: &'a [Request],
    /// The redirect itself. Go: `Request.Response`.
    pub response: &'a Response,
}

/// What to do with a redirect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Redirect {
    /// Send [`Hop::request`].
    Follow,
    /// Give the caller the redirect, with its body still to be read. Go: `ErrUseLastResponse`.
    UseLastResponse,
}

/// The hook that is asked before each redirect. Go: the field `Client.CheckRedirect`
#[derive(Clone)]
pub(crate) struct CheckRedirect(Arc<Hook>);

type Hook = dyn Fn(Hop<'_>) -> Result<Redirect, BoxError> + Send + Sync;

impl CheckRedirect {
    pub(crate) fn new(hook: impl Fn(Hop<'_>) -> Result<Redirect, BoxError> + Send + Sync + 'static) -> Self {
        CheckRedirect(Arc::new(hook))
    }

    pub(crate) fn call(&self, hop: Hop<'_>) -> Result<Redirect, BoxError> {
        (self.0)(hop)
    }
}

impl fmt::Debug for CheckRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckRedirect")
    }
}

/// What is asked where there is no hook.
///
/// # Errors
///
/// `stopped after 10 redirects`
///
/// Go: client.go defaultCheckRedirect
#[doc(alias = "defaultCheckRedirect")]
pub(crate) fn default_check_redirect(via: &[Request]) -> Result<Redirect, BoxError> {
    if via.len() >= MAX_REQUESTS {
        return Err(format!("stopped after {MAX_REQUESTS} redirects").into());
    }
    Ok(Redirect::Follow)
}

/// The body of the first request, for hops that send it again.
#[derive(Debug)]
pub(crate) struct BodyAgain(Option<RequestBody>);

impl BodyAgain {
    /// To be asked before the body is sent.
    pub(crate) fn of(body: &RequestBody) -> Self {
        BodyAgain(if body.is_empty() { Some(RequestBody::Empty) } else { body.try_clone() })
    }

    /// The body for another hop: what the caller makes it from comes first.
    pub(crate) fn make(&self, first: &Request) -> std::io::Result<RequestBody> {
        match &first.get_body {
            Some(get_body) => get_body.make(),
            None => Ok(self.0.as_ref().and_then(RequestBody::try_clone).unwrap_or_default()),
        }
    }
}

/// How a response is followed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Behavior {
    /// The method of the next request.
    pub(crate) method: Method,
    /// Whether this hop lets the body through.
    pub(crate) include_body: bool,
}

/// How the response to a request of `method` is followed, if it is (RFC 9110 section 15.4).
///
/// Go: client.go redirectBehavior
#[doc(alias = "redirectBehavior")]
pub(crate) fn redirect_behavior(status: u16, method: &Method, first: &Request, body: &BodyAgain) -> Option<Behavior> {
    match status {
        301..=303 => {
            let keeps_method = matches!(*method, Method::GET | Method::HEAD);
            let method = if keeps_method { method.clone() } else { Method::GET };
            Some(Behavior { method, include_body: false })
        }
        307 | 308 => {
            let again = body.0.is_some() || first.get_body.is_some();
            again.then(|| Behavior { method: method.clone(), include_body: true })
        }
        _ => None,
    }
}

/// Whether a status may lead elsewhere at all: the question that every response is asked.
pub(crate) fn is_redirect(status: u16) -> bool {
    matches!(status, 301..=303 | 307 | 308)
}

/// Whether what was meant for `initial` may be told to `dest`: to the same host at any port and by any scheme, and to
/// hosts below it.
///
/// Differs from Go: the hosts of a `Url` are in their final form, so two spellings of one host are one host.
///
/// Go: client.go shouldCopyHeaderOnRedirect
#[doc(alias = "shouldCopyHeaderOnRedirect")]
#[doc(alias = "isDomainOrSubdomain")]
pub(crate) fn should_copy_header_on_redirect(initial: &Url, dest: &Url) -> bool {
    let (Some(parent), Some(sub)) = (initial.host_str(), dest.host_str()) else { return false };
    if sub == parent {
        return true;
    }
    // An address has no hosts below it, though its text may end like a host.
    let is_address = sub.contains([':', '%']);
    !is_address && sub.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

/// What to say in `Referer` (RFC 9110 section 10.1.3); `None` leaves that field as it is.
///
/// Differs from Go: the fragment is left out as well, which the RFC demands.
///
/// Go: client.go refererForURL
#[doc(alias = "refererForURL")]
pub(crate) fn referer_for_url(last: &Url, next: &Url, explicit: Option<&HeaderValue>) -> Option<HeaderValue> {
    if last.scheme() == "https" && next.scheme() == "http" {
        return None;
    }
    if let Some(explicit) = explicit.filter(|value| !value.is_empty()) {
        return Some(explicit.clone());
    }
    let text = format!("{}://{}", last.scheme(), &last[Position::BeforeHost..Position::AfterQuery]);
    HeaderValue::try_from(text).ok()
}

/// What must not reach a host that it was not meant for.
static SENSITIVE: [HeaderName; 6] = [
    AUTHORIZATION,
    WWW_AUTHENTICATE,
    COOKIE,
    HeaderName::from_static("cookie2"),
    PROXY_AUTHORIZATION,
    PROXY_AUTHENTICATE,
];

/// What makes no sense without a body.
static ABOUT_THE_BODY: [HeaderName; 4] = [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE];

/// The header of the first request, as it is copied to the ones that follow.
///
/// Go: client.go (*Client).makeHeadersCopier
#[doc(alias = "makeHeadersCopier")]
#[derive(Debug)]
pub(crate) struct HeadersCopier {
    header: HeaderMap,
    /// Cookies set by hand, while a jar may get newer ones of the same names.
    by_hand: Option<HashMap<String, Vec<Cookie>>>,
}

impl HeadersCopier {
    pub(crate) fn new(first: &Request, with_jar: bool) -> Self {
        let by_hand = with_jar && first.header.get(COOKIE).is_some_and(|value| !value.is_empty());
        let by_hand = by_hand.then(|| {
            let mut cookies: HashMap<String, Vec<Cookie>> = HashMap::new();
            for cookie in first.cookies() {
                cookies.entry(cookie.name.clone()).or_default().push(cookie);
            }
            cookies
        });
        HeadersCopier { header: first.header.clone(), by_hand }
    }

    /// The header for the request that `response` leads to.
    pub(crate) fn copy(&mut self, response: &Response, strip_sensitive: bool, strip_body: bool) -> HeaderMap {
        self.forget_what_was_set_by(response);
        let mut copy = self.header.clone();
        let sensitive = SENSITIVE.iter().filter(|_name| strip_sensitive);
        let body = ABOUT_THE_BODY.iter().filter(|_name| strip_body);
        for name in sensitive.chain(body) {
            copy.remove(name);
        }
        copy
    }

    /// A cookie that the server has set anew is the jar's now.
    fn forget_what_was_set_by(&mut self, response: &Response) {
        let Some(by_hand) = &mut self.by_hand else { return };
        let mut changed = false;
        for cookie in response.cookies() {
            changed |= by_hand.remove(&cookie.name).is_some();
        }
        if !changed {
            return;
        }
        let rest = by_hand.values().flatten().map(|cookie| format!("{}={}", cookie.name, cookie.value));
        let mut rest: Vec<String> = rest.collect();
        rest.sort_unstable();
        // What was read as a cookie can stand in the field again.
        if let Ok(value) = HeaderValue::try_from(rest.join("; ")) {
            self.header.insert(COOKIE, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use transport::GetBody;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    /// A `Url` has a path in any case, so there is a slash that Go's has not.
    ///
    /// Go: TestReferer
    #[test]
    fn a_referer_is_the_url_before_without_its_user_and_never_goes_from_https_to_http() {
        for (last, next, explicit, referer) in [
            ("http://gopher@test.com", "http://link.com", "", "http://test.com/"),
            ("https://gopher@test.com", "https://link.com", "", "https://test.com/"),
            ("http://gopher:go@test.com", "http://link.com", "", "http://test.com/"),
            ("https://gopher:go@test.com", "https://link.com", "", "https://test.com/"),
            ("http://test.com", "http://link.com", "", "http://test.com/"),
            ("http://test.com", "https://link.com", "", "http://test.com/"),
            ("https://test.com", "http://link.com", "", ""),
            ("https://gopher:go@test.com", "http://link.com", "", ""),
            ("https://test.com", "http://link.com", "https://foo.com", ""),
            ("https://gopher:go@test.com", "http://link.com", "https://foo.com", ""),
            ("https://test.com", "https://link.com", "https://foo.com", "https://foo.com"),
            ("https://gopher:go@test.com", "https://link.com", "https://foo.com", "https://foo.com"),
            ("http://u@h:8080/a?b#secret", "http://link.com", "", "http://h:8080/a?b"),
        ] {
            let explicit = HeaderValue::from_static(explicit);
            let found = referer_for_url(&url(last), &url(next), Some(&explicit));
            assert_eq!(found.unwrap_or(HeaderValue::from_static("")), referer, "{last} {next}");
        }
    }

    #[test]
    fn what_was_meant_for_a_host_may_go_to_it_and_below() {
        for (initial, dest, may) in [
            ("http://foo.com/", "http://bar.com/", false),
            ("http://foo.com/", "https://foo.com/", true),
            ("https://foo.com/", "http://foo.com/", true),
            ("http://foo.com:1234/", "http://foo.com:4321/", true),
            ("http://foo.com:443/", "https://sub.foo.com/", true),
            ("http://foo.com/", "http://a.sub.foo.com/", true),
            ("http://foo.com/", "http://notfoo.com/", false),
            ("http://foo.com/", "http://foo.com.bar.com/", false),
            ("http://sub.foo.com/", "http://foo.com/", false),
            ("http://foo.com/", "http://foo.com./", false),
            ("http://foobar.com/", "http://fooBAR.com/", true),
            ("http://b\u{fc}cher.test/", "http://xn--bcher-kva.test/", true),
            ("http://example.com/", "http://\u{ff45}xample.com/", true),
            ("http://example.com/", "http://ex\u{e4}mple.com/", false),
            ("http://[::1]/", "http://[::1]:80/", true),
            ("http://[::1]/", "http://[::2]/", false),
            ("http://127.0.0.1/", "http://127.1/", true),
            ("http://127.0.0.1/", "http://localhost/", false),
        ] {
            assert_eq!(should_copy_header_on_redirect(&url(initial), &url(dest)), may, "{initial} {dest}");
        }
    }

    #[test]
    fn a_body_goes_along_only_where_it_can_be_had_again() {
        let reader = || RequestBody::reader(&b"x"[..], None);
        for (body, get_body, follows) in [
            (RequestBody::Empty, None, true),
            (RequestBody::from("x"), None, true),
            (reader(), None, false),
            (RequestBody::reader(&b""[..], Some(0)), None, true),
            (reader(), Some(GetBody::new(|| Ok("y".into()))), true),
        ] {
            let shown = format!("{body:?}");
            let mut put = Request::new(Method::PUT, url("http://h/"));
            let again = BodyAgain::of(&body);
            put.get_body = get_body;
            for status in [307, 308] {
                let found = redirect_behavior(status, &put.method, &put, &again);
                let wanted = follows.then_some(Behavior { method: Method::PUT, include_body: true });
                assert_eq!(found, wanted, "{shown}");
            }
            for status in [301, 302, 303] {
                let found = redirect_behavior(status, &put.method, &put, &again);
                assert_eq!(found, Some(Behavior { method: Method::GET, include_body: false }), "{shown}");
            }
            for status in [200, 300, 304, 305, 306, 309] {
                assert_eq!(redirect_behavior(status, &put.method, &put, &again), None);
                assert!(!is_redirect(status));
            }
        }
    }
}
