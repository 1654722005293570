//! Who keeps cookies between requests.

use transport::Cookie;
use url::Url;

/// Keeps cookies, and decides which of them go where. [`Jar`](crate::Jar) is one.
///
/// The client asks it before each request, redirects included, and tells it of each response that sets any. The URL is the
/// request's, with the request's own `Host` in place of the URL's where there is one.
///
/// Go twin: jar.go type CookieJar
pub trait CookieJar: Send + Sync + 'static {
    /// A response to a request for `url` has set these.
    ///
    /// Go: `CookieJar.SetCookies`
    #[doc(alias = "SetCookies")]
    fn set_cookies(&self, url: &Url, cookies: &[Cookie]);

    /// What to send with a request for `url`. Only name, value and quotes are looked at.
    ///
    /// Go: `CookieJar.Cookies`
    #[doc(alias = "Cookies")]
    fn cookies(&self, url: &Url) -> Vec<Cookie>;
}
