//! What is wrong with a text that was given as a URL, in Go's words.
//!
//! The `url` crate reads a URL as a browser does: it mends what it can, and words its faults in its own way. Go refuses
//! more. So the text is looked at here first, by Go's rules and in Go's order; what passes is then parsed.

use httptrace::go_text::quote;
use transport::Error as TransportError;
use url::Url;

use crate::error::Reason;

/// A text that Go takes for a URL or a part of one, cut where Go cuts it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Parts<'a> {
    /// Empty where there is none.
    pub(crate) scheme: &'a str,
    /// User and host, where `//` leads to them.
    pub(crate) authority: Option<&'a str>,
    /// What follows, up to `?` or `#`. After a scheme it may be of a form that is no path.
    pub(crate) path: &'a str,
    /// What follows the first `?`.
    pub(crate) query: Option<&'a str>,
    /// What follows the first `#`.
    pub(crate) fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Cuts `text`.
    ///
    /// # Errors
    ///
    /// The first fault that Go would name, in its words.
    ///
    /// Go: net/url Parse
    pub(crate) fn of(text: &'a str) -> Result<Self, String> {
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let (before_fragment, fragment) = cut(text, '#');
        let (scheme, rest) = split_scheme(before_fragment)?;
        let (rest, query) = cut(rest, '?');
        // Three slashes without a scheme are a path: `///h/` leads to no host.
        let may_name_a_host = !scheme.is_empty() || !rest.starts_with("///");
        let after_slashes = rest.strip_prefix("//").filter(|_rest| may_name_a_host);
        let (authority, path) = match after_slashes {
            Some(after) => {
                let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
                (Some(authority), path)
            }
            None => (None, rest),
        };
        if let Some(authority) = authority {
            check_authority(authority)?;
        } else if scheme.is_empty() && path.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
        if scheme.is_empty() || authority.is_some() || path.starts_with('/') {
            check_escapes(path)?;
        }
        check_escapes(fragment.unwrap_or_default())?;
        Ok(Parts { scheme, authority, path, query, fragment })
    }

    /// Whether a transport could ask anybody for it.
    ///
    /// # Errors
    ///
    /// The transport's "unsupported protocol scheme" and "no Host in request URL": what the `url` crate would mend
    /// (`http:h` and `http:///h` become `http://h/`) must not come to it.
    pub(crate) fn check_host(&self) -> Result<(), TransportError> {
        let host = self.authority.map_or("", |authority| split_user(authority).1);
        match self.scheme {
            scheme if is_http(scheme) && host.is_empty() => Err(TransportError::NoHost),
            scheme if scheme.is_empty() || self.authority.is_none() && !is_http(scheme) => {
                Err(TransportError::UnsupportedScheme(scheme.to_ascii_lowercase()))
            }
            _ => Ok(()),
        }
    }
}

/// Looks for the first fault that Go would name.
///
/// # Errors
///
/// [`Reason::BadUrl`], or the transport's own "unsupported protocol scheme" and "no Host in request URL".
///
/// Go: net/url Parse, as far as it refuses; transport.go (*Transport).roundTrip for scheme and host
pub(crate) fn check(text: &str) -> Result<(), Reason> {
    let parts = Parts::of(text).map_err(|why| Reason::BadUrl { text: text.to_owned(), why })?;
    Ok(parts.check_host()?)
}

/// The URL, its faults in Go's words. What passes Go's rules must mean the same to the `url` crate: that one takes a
/// backslash for a slash, as browsers do, and cuts blanks off the end.
///
/// # Errors
///
/// As [`check`].
pub(crate) fn parse(text: &str) -> Result<Url, Reason> {
    check(text)?;
    parse_checked(text).map_err(|why| Reason::BadUrl { text: text.to_owned(), why })
}

/// The URL, if `text` has passed [`check`].
///
/// # Errors
///
/// What the `url` crate has against it and Go has not: a host that cannot be had, a port above 65535.
pub(crate) fn parse_checked(text: &str) -> Result<Url, String> {
    let path_end = text.find(['?', '#']).unwrap_or(text.len());
    let blanks_from = text.trim_end_matches(' ').len();
    let mut plain = text[..path_end.min(blanks_from)].replace('\\', "%5C");
    plain.push_str(&text[path_end.min(blanks_from)..blanks_from]);
    plain.push_str(&"%20".repeat(text.len() - blanks_from));
    Url::parse(&plain).map_err(|error| error.to_string())
}

/// Before and after the first `mark`; `None` where there is none.
fn cut(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn split_user(authority: &str) -> (Option<&str>, &str) {
    authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host))
}

/// Go: parseAuthority, validUserinfo
fn check_authority(authority: &str) -> Result<(), String> {
    let (user, host) = split_user(authority);
    check_host(host)?;
    let Some(user) = user else { return Ok(()) };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    if !user.bytes().all(allowed) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    check_escapes(user)
}

fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The scheme, empty where there is none, and what follows its colon. Go: getScheme.
fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

/// Go: parseHost
fn check_host(host: &str) -> Result<(), String> {
    let port = if host.starts_with('[') {
        let end = host.rfind(']').ok_or("missing ']' in host")?;
        &host[end + 1..]
    } else {
        host.rfind(':').map_or("", |at| &host[at..])
    };
    if !port.is_empty()
        && !port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(format!("invalid port {} after host", quote(port.as_bytes())));
    }
    check_escapes(host)?;
    let allowed = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "!$&'()*+,;=:[]<>\"-_.~%".contains(c);
    match host.chars().find(|&c| !allowed(c)) {
        Some(c) => Err(format!("invalid character {} in host name", quote(c.encode_utf8(&mut [0; 4]).as_bytes()))),
        None => Ok(()),
    }
}

/// A percent sign is followed by two hexadecimal digits. Go: unescape
fn check_escapes(part: &str) -> Result<(), String> {
    for (at, _percent) in part.match_indices('%') {
        let escape: &str = part.get(at..at + 3).unwrap_or(&part[at..]);
        if escape.len() < 3 || !escape[1..].bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("invalid URL escape {}", quote(escape.as_bytes())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        check(text).expect_err(text).to_string()
    }

    #[test]
    fn reads_like_go() {
        assert_eq!(fault("http://[::1/"), r#"parse "http://[::1/": missing ']' in host"#);
        assert_eq!(fault("http://[::1]a/"), r#"parse "http://[::1]a/": invalid port "a" after host"#);
        assert_eq!(fault("http://h:80x?q"), r#"parse "http://h:80x?q": invalid port ":80x" after host"#);
        assert_eq!(fault("http://a^b/"), r#"parse "http://a^b/": invalid character "^" in host name"#);
        assert_eq!(fault("http://h/%4"), r#"parse "http://h/%4": invalid URL escape "%4""#);
        assert_eq!(fault("http://h/#%zz"), r#"parse "http://h/#%zz": invalid URL escape "%zz""#);
        assert_eq!(fault("http://h/\x7f"), r#"parse "http://h/\x7f": net/url: invalid control character in URL"#);
        assert_eq!(fault("a b:c"), r#"parse "a b:c": first path segment in URL cannot contain colon"#);
        assert_eq!(fault("//h/"), r#"unsupported protocol scheme """#);
        assert_eq!(fault("HTTP:/h"), "http: no Host in request URL");
        assert_eq!(fault("http:h"), "http: no Host in request URL");
        assert_eq!(fault("http:///h"), "http: no Host in request URL");
        assert_eq!(fault("mailto:h"), r#"unsupported protocol scheme "mailto""#);
        assert_eq!(fault("http://u r@h/"), r#"parse "http://u r@h/": net/url: invalid userinfo"#);
        assert_eq!(fault("http://u%zz@h/"), r#"parse "http://u%zz@h/": invalid URL escape "%zz""#);
        assert_eq!(fault(r"http://h\a/"), r#"parse "http://h\\a/": invalid character "\\" in host name"#);
    }

    #[test]
    fn means_what_go_means() {
        for (text, means) in [
            (r"http://h/\evil/", "http://h/%5Cevil/"),
            (r"http://h/?\evil", r"http://h/?\evil"),
            ("http://h/a b ", "http://h/a%20b%20"),
            ("http://h/?a ", "http://h/?a%20"),
            ("http://h ", ""),
        ] {
            assert_eq!(parse(text).map_or_else(|_fault| String::new(), String::from), means, "{text}");
        }
    }

    #[test]
    fn lets_pass_what_go_lets_pass() {
        for text in [
            "http://h",
            "HTTP://h:/",
            "http://u:p@h:80/a%20b?%zz#f",
            "http://[::1]:80",
            "https://h/a b",
            "foo://x/",
            "http://h\u{e9}/",
            "http://h?a=//b:c",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }
}
