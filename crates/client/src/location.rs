//! Where a redirect leads to.

use http::header::LOCATION;
use transport::Response;
use url::{Position, Url};

use crate::error::Reason;
use crate::url_check::{Parts, parse_checked};

/// Where the response says that what was asked for is; a relative reference is resolved against
/// [`Response::url`]. `None` if it does not say.
///
/// # Errors
///
/// [`Reason::BadUrl`] or, for a place that no transport can ask, [`Reason::Transport`].
///
/// Go: response.go (*Response).Location
#[doc(alias = "Location")]
#[doc(alias = "ErrNoLocation")]
pub fn location(response: &Response) -> Result<Option<Url>, Reason> {
    let Some(reference) = text_of(response) else { return Ok(None) };
    match &response.url {
        Some(base) => resolve(base, &reference).map(Some),
        None => crate::url_check::parse(&reference).map(Some),
    }
}

/// The field `Location` as text; `None` where it is missing or empty. Bytes that are no UTF-8 are escaped, as they would
/// be in the request.
pub(crate) fn text_of(response: &Response) -> Option<String> {
    let value = response.header.get(LOCATION).filter(|value| !value.is_empty())?;
    let mut text = String::with_capacity(value.len());
    for chunk in value.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02X}")));
    }
    Some(text)
}

/// Reads `reference` as it stands in a document at `base` (RFC 3986 section 5.2).
///
/// The `url` crate would resolve it as a browser does, which leads elsewhere: `/\h/` and `///h/` to another host,
/// `http:a` to this one. So the reference is cut by Go's rules, and `url` sees the whole.
///
/// Differs from Go: the path's `%2e` counts as a dot, and a query is escaped, since a `Url` is kept so.
///
/// # Errors
///
/// As [`location`].
///
/// Go: net/url (*URL).Parse, ResolveReference
#[doc(alias = "ResolveReference")]
pub(crate) fn resolve(base: &Url, reference: &str) -> Result<Url, Reason> {
    let bad = |why| Reason::BadUrl { text: reference.to_owned(), why };
    let parts = Parts::of(reference).map_err(bad)?;
    if !parts.scheme.is_empty() {
        parts.check_host()?;
        return parse_checked(reference).map_err(bad);
    }
    let mut whole = base[..Position::AfterScheme].to_owned();
    whole.push(':');
    if let Some(authority) = parts.authority {
        Parts { scheme: base.scheme(), ..parts }.check_host()?;
        whole.push_str("//");
        whole.push_str(authority);
        whole.push_str(parts.path);
    } else {
        // User and host stay.
        whole.push_str(&base[Position::AfterScheme..Position::BeforePath][1..]);
        if parts.path.is_empty() {
            whole.push_str(base.path());
        } else {
            let directory = base.path().rfind('/').map_or(0, |at| at + 1);
            whole.push_str(if parts.path.starts_with('/') { "" } else { &base.path()[..directory] });
            whole.push_str(parts.path);
        }
    }
    let stays = parts.path.is_empty() && parts.authority.is_none();
    if let Some(query) = parts.query.or(if stays { base.query() } else { None }) {
        whole.push('?');
        whole.push_str(query);
    }
    if let Some(fragment) = parts.fragment {
        whole.push('#');
        whole.push_str(fragment);
    }
    parse_checked(&whole).map_err(bad)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn resolved(reference: &str) -> String {
        let base = Url::parse("http://u:p@h:8080/x/y?q").expect("a URL");
        match resolve(&base, reference) {
            Ok(url) => url.into(),
            Err(reason) => reason.to_string(),
        }
    }

    /// Seen with real Go.
    #[test]
    fn leads_where_go_goes() {
        for (reference, place) in [
            ("/z", "http://u:p@h:8080/z"),
            ("z", "http://u:p@h:8080/x/z"),
            ("z w", "http://u:p@h:8080/x/z%20w"),
            ("?r", "http://u:p@h:8080/x/y?r"),
            ("#f", "http://u:p@h:8080/x/y?q#f"),
            ("//other/a?b", "http://other/a?b"),
            ("https://other", "https://other/"),
            ("../../q/./r", "http://u:p@h:8080/q/r"),
            ("/\u{fc}?\u{fc}", "http://u:p@h:8080/%C3%BC?%C3%BC"),
        ] {
            assert_eq!(resolved(reference), place, "{reference}");
        }
    }

    #[test]
    fn stays_on_the_host_where_a_browser_would_leave_it() {
        assert_eq!(resolved("///evil/a"), "http://u:p@h:8080///evil/a");
        assert_eq!(resolved(r"/\evil"), "http://u:p@h:8080/%5Cevil");
        assert_eq!(resolved(r"\\evil"), "http://u:p@h:8080/x/%5C%5Cevil");
        assert_eq!(resolved("http:evil"), "http: no Host in request URL");
        assert_eq!(resolved("http:///evil"), "http: no Host in request URL");
        assert_eq!(resolved("//"), "http: no Host in request URL");
        assert_eq!(resolved("mailto:x"), r#"unsupported protocol scheme "mailto""#);
        assert_eq!(resolved("//a\tb/"), r#"parse "//a\tb/": net/url: invalid control character in URL"#);
    }

    /// Go: TestLocationResponse
    #[test]
    fn a_response_says_where_to() {
        let mut response = Response::new(302);
        assert_eq!(location(&response), Ok(None));
        response.url = Some(Url::parse("http://bar.test/baz").expect("a URL"));
        for (value, place) in [("/foo", "http://bar.test/foo"), ("http://foo.test/", "http://foo.test/")] {
            response.header.insert(LOCATION, HeaderValue::from_static(value));
            assert_eq!(location(&response).expect("a place").expect("one is named").as_str(), place);
        }
        response.header.insert(LOCATION, HeaderValue::from_bytes(b"/\xfc").expect("no control character"));
        assert_eq!(location(&response).expect("a place").expect("one is named").as_str(), "http://bar.test/%FC");
    }
}
