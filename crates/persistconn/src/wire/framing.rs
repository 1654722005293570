//! Where a response's body ends, and whether the connection outlives it.

use http::Method;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use httptrace::go_text::quote;

use crate::error::Error;
use crate::response::Response;
use crate::wire::head::is_there;
use crate::wire::request::write_canonical;

/// How the end of a body is known. RFC 9112 section 6.3; Go: transfer.go fixLength.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Framing {
    /// There is none: HEAD, 1xx, 204, 304, or a length of 0.
    None,
    /// This many bytes.
    Length(u64),
    /// Chunks, the last of them empty.
    Chunked,
    /// All until the server closes.
    UntilClose,
}

/// Reads out of the header what it says about the body and the connection, into the fields of `response` for that.
///
/// Go: transfer.go readTransfer
///
/// # Errors
///
/// [`Error::Malformed`] with Go's text.
#[doc(alias = "readTransfer")]
#[doc(alias = "fixLength")]
pub(crate) fn read_transfer(method: &Method, response: &mut Response) -> Result<Framing, Error> {
    response.chunked = parse_transfer_encoding(response)?;
    // A length that is none is refused also where chunks override it: another reader may take the length.
    let declared = parse_content_length(&mut response.header)?;
    let bodyless = method == Method::HEAD || matches!(response.status, 100..=199 | 204 | 304);
    if response.chunked && !bodyless {
        // RFC 9112 section 6.1: Transfer-Encoding overrides Content-Length. Where there is no body there is nothing to override.
        response.header.remove(CONTENT_LENGTH);
    }
    let framing = match declared {
        _ if bodyless => Framing::None,
        _ if response.chunked => Framing::Chunked,
        Some(0) => Framing::None,
        Some(length) => Framing::Length(length),
        None => Framing::UntilClose,
    };
    response.content_length = match framing {
        Framing::None if method == Method::HEAD => declared,
        Framing::None => Some(0),
        Framing::Length(length) => Some(length),
        Framing::Chunked | Framing::UntilClose => None,
    };
    response.close = should_close(response) || framing == Framing::UntilClose;
    if response.close && response.proto >= (1, 1) && connection_says(&response.header, "close") {
        // It is told by the field `close`; Go leaves it in place only on HTTP/1.0.
        response.header.remove(CONNECTION);
    }
    if response.chunked {
        response.announced_trailers = fix_trailer(&mut response.header)?;
    }
    Ok(framing)
}

/// Go accepts one header with the one word `chunked`, and ignores it all on HTTP/1.0.
fn parse_transfer_encoding(head: &mut Response) -> Result<bool, Error> {
    if !is_there(&head.header, &TRANSFER_ENCODING) {
        return Ok(false);
    }
    let first = &head.header[TRANSFER_ENCODING];
    let mut chunked = false;
    if head.proto >= (1, 1) {
        let all = head.header.get_all(TRANSFER_ENCODING);
        if all.iter().nth(1).is_some() {
            let all: Vec<String> = all.iter().map(|value| quote(value.as_bytes())).collect();
            return Err(Error::malformed(format!("too many transfer encodings: [{}]", all.join(" "))));
        }
        if !first.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Err(Error::malformed(format!("unsupported transfer encoding: {}", quote(first.as_bytes()))));
        }
        chunked = true;
    }
    head.header.remove(TRANSFER_ENCODING);
    Ok(chunked)
}

/// Equal repeated values collapse into one; different ones are an attack or a fault.
fn parse_content_length(header: &mut HeaderMap) -> Result<Option<u64>, Error> {
    // Over all fields: see `is_there`.
    let lengths = || header.iter().filter(|(name, _)| *name == CONTENT_LENGTH);
    let all = || lengths().map(|(_, value)| value.as_bytes().trim_ascii());
    let mut values = all();
    let Some(digits) = values.next() else { return Ok(None) };
    let repeated = values.next().is_some();
    if repeated && all().any(|value| value != digits) {
        let all: Vec<String> = all().map(quote).collect();
        let all = all.join(" ");
        return Err(Error::malformed(format!(
            "http: message cannot contain multiple Content-Length headers; got [{all}]"
        )));
    }
    if digits.is_empty() {
        return Err(Error::malformed(r#"invalid empty Content-Length """#));
    }
    let length = if digits.iter().all(u8::is_ascii_digit) { str::from_utf8(digits).ok() } else { None };
    let length = length.and_then(|digits| digits.parse::<u64>().ok()).filter(|&length| length <= i64::MAX as u64);
    let Some(length) = length else {
        return Err(Error::malformed(format!("bad Content-Length {}", quote(digits))));
    };
    if repeated {
        header.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(Some(length))
}

/// Takes the names out of `Trailer`. Those that decide the framing must not come after it.
///
/// Go: transfer.go fixTrailer
#[doc(alias = "fixTrailer")]
fn fix_trailer(header: &mut HeaderMap) -> Result<Vec<HeaderName>, Error> {
    let mut names = Vec::new();
    for value in header.get_all(TRAILER) {
        for word in value.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            let Ok(name) = HeaderName::from_bytes(word) else { continue };
            if [TRANSFER_ENCODING, TRAILER, CONTENT_LENGTH].contains(&name) {
                let mut text = Vec::new();
                write_canonical(&mut text, &name);
                return Err(Error::malformed(format!("bad trailer key {}", quote(&text))));
            }
            names.push(name);
        }
    }
    header.remove(TRAILER);
    Ok(names)
}

/// Whether a 101 says what it switches to. Go: response.go (*Response).isProtocolSwitch
#[doc(alias = "isProtocolSwitch")]
pub(crate) fn is_protocol_switch(head: &Response) -> bool {
    head.status == 101 && head.header.contains_key(UPGRADE) && connection_says(&head.header, "upgrade")
}

/// Go: transfer.go shouldClose
#[doc(alias = "shouldClose")]
fn should_close(head: &Response) -> bool {
    if head.proto < (1, 0) {
        return true;
    }
    let close = connection_says(&head.header, "close");
    if head.proto < (1, 1) { close || !connection_says(&head.header, "keep-alive") } else { close }
}

/// Whether one of the `Connection` fields has this token.
pub(crate) fn connection_says(header: &HeaderMap, token: &str) -> bool {
    is_there(header, &CONNECTION)
        && header.get_all(CONNECTION).iter().any(|value| {
            let mut tokens = value.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
            tokens.any(|found| found.eq_ignore_ascii_case(token.as_bytes()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::head;

    fn transfer(method: Method, fields: &str) -> Result<(Framing, Box<Response>), Error> {
        transfer_of(method, "HTTP/1.1 200 OK", fields)
    }

    fn transfer_of(method: Method, status_line: &str, fields: &str) -> Result<(Framing, Box<Response>), Error> {
        let mut response = head::parse(&format!("{status_line}\r\n{fields}\r\n").into()).unwrap();
        let framing = read_transfer(&method, &mut response)?;
        Ok((framing, response))
    }

    fn framing(status_line: &str, fields: &str) -> Framing {
        transfer_of(Method::GET, status_line, fields).unwrap().0
    }

    #[test]
    fn the_end_of_a_body_is_known_by_the_first_rule_that_fits() {
        let ok = "HTTP/1.1 200 OK";
        assert_eq!(framing(ok, "Content-Length: 5\r\n"), Framing::Length(5));
        assert_eq!(framing(ok, "Content-Length: 0\r\n"), Framing::None);
        assert_eq!(framing(ok, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), Framing::Chunked);
        assert_eq!(framing(ok, ""), Framing::UntilClose);
        assert_eq!(framing("HTTP/1.1 204 No Content", "Content-Length: 5\r\n"), Framing::None);
        assert_eq!(framing("HTTP/1.1 304 Not Modified", ""), Framing::None);
        assert_eq!(framing("HTTP/1.0 200 OK", "Transfer-Encoding: chunked\r\n"), Framing::UntilClose);
    }

    #[test]
    fn a_head_response_keeps_its_declared_length() {
        let (framing, response) = transfer(Method::HEAD, "Content-Length: 1234\r\n").unwrap();
        assert_eq!((framing, response.content_length), (Framing::None, Some(1234)));
        assert_eq!(transfer(Method::HEAD, "").unwrap().1.content_length, None);
        let (framing, both) = transfer(Method::HEAD, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n").unwrap();
        assert_eq!((framing, both.content_length), (Framing::None, Some(5)));
        assert!(both.header.contains_key(CONTENT_LENGTH), "nothing overrides it where there is no body");
    }

    #[test]
    fn who_keeps_the_connection_follows_version_and_connection_fields() {
        let close = |status_line, fields| transfer_of(Method::GET, status_line, fields).unwrap().1.close;
        assert!(!close("HTTP/1.1 204 x", ""));
        assert!(close("HTTP/1.1 204 x", "Connection: close\r\n"));
        assert!(close("HTTP/1.1 204 x", "Connection: foo\r\nConnection: bar, Close\r\n"));
        assert!(close("HTTP/1.0 204 x", ""));
        assert!(!close("HTTP/1.0 204 x", "Connection: keep-alive\r\n"));
        assert!(close("HTTP/1.1 200 OK", ""));
    }

    #[test]
    fn lengths_and_codings_that_do_not_fit_read_like_go() {
        let text = |fields| transfer(Method::GET, fields).unwrap_err().to_string();
        assert_eq!(
            text("Content-Length: 2\r\nContent-Length: 3\r\n"),
            r#"http: message cannot contain multiple Content-Length headers; got ["2" "3"]"#
        );
        assert_eq!(text("Content-Length: +2\r\n"), r#"bad Content-Length "+2""#);
        assert_eq!(text("Transfer-Encoding: chunked\r\nContent-Length: +2\r\n"), r#"bad Content-Length "+2""#);
        assert_eq!(text("Content-Length:\r\n"), r#"invalid empty Content-Length """#);
        assert_eq!(text("Content-Length: 9223372036854775808\r\n"), r#"bad Content-Length "9223372036854775808""#);
        assert_eq!(text("Transfer-Encoding: gzip, chunked\r\n"), r#"unsupported transfer encoding: "gzip, chunked""#);
        assert_eq!(
            text("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            r#"too many transfer encodings: ["chunked" "chunked"]"#
        );
        assert_eq!(framing("HTTP/1.1 200 OK", "Content-Length: 2\r\nContent-Length: 2\r\n"), Framing::Length(2));
    }
}
