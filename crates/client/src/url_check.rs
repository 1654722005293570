//! What is wrong with a text that was given as a URL, in Go's words.
//!
//! The `url` crate reads a URL as a browser does: it mends what it can, and words its faults in its own way. Go refuses
//! more. So the text is looked at here first, by Go's rules and in Go's order; what passes is then parsed.

use httptrace::go_text::quote;
use transport::Error as TransportError;

use crate::error::Reason;

/// Looks for the first fault that Go would name.
///
/// # Errors
///
/// [`Reason::BadUrl`], or the transport's own "unsupported protocol scheme" and "no Host in request URL".
///
/// Go: net/url Parse, as far as it refuses; transport.go (*Transport).roundTrip for scheme and host
pub(crate) fn check(text: &str) -> Result<(), Reason> {
    let bad = |why: String| Reason::BadUrl { text: text.to_owned(), why };
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(bad("net/url: invalid control character in URL".to_owned()));
    }
    let (before_fragment, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (scheme, rest) = split_scheme(before_fragment).map_err(bad)?;
    let rest = rest.split('?').next().unwrap_or(rest);
    let Some(after_slashes) = rest.strip_prefix("//") else {
        let first_segment = rest.split('/').next().unwrap_or(rest);
        return match scheme {
            "" if first_segment.contains(':') => Err(bad("first path segment in URL cannot contain colon".to_owned())),
            _ if is_http(scheme) => Err(TransportError::NoHost.into()),
            other => Err(TransportError::UnsupportedScheme(other.to_ascii_lowercase()).into()),
        };
    };
    let (authority, path) = after_slashes.split_at(after_slashes.find('/').unwrap_or(after_slashes.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_userinfo, host)| host);
    check_host(host).map_err(bad)?;
    check_escapes(path).map_err(bad)?;
    check_escapes(fragment).map_err(bad)?;
    match scheme {
        "" => Err(TransportError::UnsupportedScheme(String::new()).into()),
        _ if host.is_empty() && is_http(scheme) => Err(TransportError::NoHost.into()),
        _ => Ok(()),
    }
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
