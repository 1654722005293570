//! How a request looks on the wire.

use std::borrow::Cow;
use std::future::poll_fn;
use std::io::{IoSlice, Write as _};
use std::pin::Pin;

use bytes::Buf;
use http::Method;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, TRAILER, TRANSFER_ENCODING, USER_AGENT};
use httptrace::go_text::quote;
use tokio::io::{AsyncRead, AsyncReadExt};
use url::{Host, Position};

use crate::error::{Error, IoError};
use crate::request::{Request, RequestBody, RequestTrailers};
use crate::round_trip::ExtraFields;
use crate::shared::ConnShared;

/// What is said in `User-Agent` when the caller says nothing. Go: `defaultUserAgent`.
const DEFAULT_USER_AGENT: &str = "Go-http-client/1.1";

/// Bytes read at once from a body that is a reader. Go: the buffer of `io.Copy`.
const BODY_PIECE: usize = 32 << 10;

/// The size of the buffer in Go before a connection. What is in memory goes through it, until it is full for the first time;
/// from then on Go's connection reads the body itself. Go: `Transport.WriteBufferSize`.
const GO_WRITE_BUFFER: u64 = 4 << 10;

/// What stands behind the method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TargetForm {
    /// Path and query, for the server itself (RFC 9112 section 3.2.1).
    Origin,
    /// The whole URL, for a proxy that sends the request on (RFC 9112 section 3.2.2).
    Absolute,
}

/// Writes the head of `request` in Go's order: request line, Host, User-Agent, framing, the caller's fields
/// sorted by name, then what the transport adds.
///
/// # Errors
///
/// [`Error::InvalidRequest`] with Go's text.
///
/// Go: request.go (*Request).write
pub(crate) fn encode_head(request: &Request, form: TargetForm, extra: ExtraFields<'_>) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(request.method.as_str().as_bytes());
    out.push(b' ');
    match form {
        TargetForm::Origin => {
            write_target(request, &mut out)?;
            out.extend_from_slice(b" HTTP/1.1\r\nHost: ");
            write_host(request, &mut out)?;
        }
        TargetForm::Absolute => write_target_and_host_for_proxy(request, &mut out)?,
    }
    out.extend_from_slice(b"\r\n");
    match request.header.get(USER_AGENT) {
        Some(agent) if agent.is_empty() => {}
        Some(agent) => write_field(&mut out, "User-Agent", agent.as_bytes()),
        None => write_field(&mut out, "User-Agent", DEFAULT_USER_AGENT.as_bytes()),
    }
    if request.close && !says_close(request) {
        write_field(&mut out, "Connection", b"close");
    }
    match request.body.length() {
        Some(0) if !announces_empty_body(&request.method) => {}
        Some(length) => write!(out, "Content-Length: {length}\r\n").expect("writing into a vector cannot fail"),
        None => {
            write_field(&mut out, "Transfer-Encoding", b"chunked");
            write_trailer_names(request, &mut out)?;
        }
    }
    write_callers_fields(request, &mut out);
    if extra.accept_gzip {
        write_field(&mut out, "Accept-Encoding", b"gzip");
    }
    if extra.close {
        write_field(&mut out, "Connection", b"close");
    }
    if let Some(authorization) = extra.proxy_authorization {
        write_field(&mut out, "Proxy-Authorization", authorization.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    Ok(out)
}

/// Whether the caller's own field says it already. As in Go only the first one is asked.
fn says_close(request: &Request) -> bool {
    let first = request.header.get(CONNECTION).map_or(&b""[..], |value| value.as_bytes());
    first.split(|&byte| byte == b',').any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// Path and query; for CONNECT the host and port that the tunnel is to lead to (RFC 9112 section 3.2).
fn write_target(request: &Request, out: &mut Vec<u8>) -> Result<(), Error> {
    if request.method == Method::CONNECT {
        // Differs from Go: what goes into the tunnel is written to `Response::upgraded`, not given as a body.
        if !matches!(request.body, RequestBody::Empty) {
            return Err(Error::InvalidRequest("http: CONNECT has no body here; write to Response::upgraded".into()));
        }
        if let Some(own) = own_host(request).filter(|own| !own.is_empty()) {
            let host = remove_zone(&own);
            if is_host(&host) {
                out.extend_from_slice(host.as_bytes());
                return Ok(());
            }
        }
        // Differs from Go: the port is always named, as RFC 9110 section 9.3.6 asks; a `Url` forgets the usual one.
        let host = request.url.host_str().ok_or_else(no_host)?;
        let port = request.url.port_or_known_default().unwrap_or(80);
        write!(out, "{host}:{port}").expect("writing into a vector cannot fail");
        return Ok(());
    }
    write_path(request, out);
    Ok(())
}

fn write_path(request: &Request, out: &mut Vec<u8>) {
    let path = request.url.path();
    out.extend_from_slice(if path.is_empty() { "/" } else { path }.as_bytes());
    if let Some(query) = request.url.query() {
        out.push(b'?');
        out.extend_from_slice(query.as_bytes());
    }
}

/// The whole URL, without user and password, and with the host that the request names in its field. What a proxy does
/// with an empty Host nobody knows, so one that is none fails here.
fn write_target_and_host_for_proxy(request: &Request, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut host = Vec::new();
    match own_host(request).filter(|host| !host.is_empty()) {
        Some(own) if !is_host(&own) => return Err(Error::InvalidRequest("http: invalid Host header".into())),
        Some(own) => host.extend_from_slice(remove_zone(&own).as_bytes()),
        None => write_url_host(request, &mut host)?,
    }
    out.extend_from_slice(request.url.scheme().as_bytes());
    out.extend_from_slice(b"://");
    out.extend_from_slice(&host);
    write_path(request, out);
    out.extend_from_slice(b" HTTP/1.1\r\nHost: ");
    out.extend_from_slice(&host);
    Ok(())
}

fn no_host() -> Error {
    Error::InvalidRequest("http: no Host in request URL".into())
}

/// What will follow the last chunk, told before the first.
fn write_trailer_names(request: &Request, out: &mut Vec<u8>) -> Result<(), Error> {
    let Some(trailers) = &request.trailers else { return Ok(()) };
    for (position, name) in trailers.names().iter().enumerate() {
        if [TRANSFER_ENCODING, TRAILER, CONTENT_LENGTH].contains(name) {
            let mut text = Vec::new();
            write_canonical(&mut text, name);
            return Err(Error::InvalidRequest(format!("invalid Trailer key {}", quote(&text)).into()));
        }
        out.extend_from_slice(if position == 0 { b"Trailer: " } else { b"," });
        write_canonical(out, name);
    }
    if !trailers.names().is_empty() {
        out.extend_from_slice(b"\r\n");
    }
    Ok(())
}

/// POST, PUT and PATCH say `Content-Length: 0` when they have no body.
fn announces_empty_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

fn write_host(request: &Request, out: &mut Vec<u8>) -> Result<(), Error> {
    if let Some(own) = own_host(request) {
        // A Host that is none is sent empty, which is allowed, and never altered: that opens the door to smuggling.
        let host = remove_zone(&own);
        if is_host(&host) {
            out.extend_from_slice(host.as_bytes());
        }
        return Ok(());
    }
    write_url_host(request, out)
}

fn write_url_host(request: &Request, out: &mut Vec<u8>) -> Result<(), Error> {
    request.url.host_str().ok_or_else(no_host)?;
    out.extend_from_slice(request.url[Position::BeforeHost..Position::AfterPort].as_bytes());
    Ok(())
}

/// What the request says in place of its URL's host, in ASCII. One that is no name stays as it is, for [`is_host`] to find.
///
/// Go: golang.org/x/net/http/httpguts PunycodeHostPort
#[doc(alias = "PunycodeHostPort")]
fn own_host(request: &Request) -> Option<Cow<'_, str>> {
    let own = request.host.as_deref()?;
    if own.is_ascii() {
        return Some(own.into());
    }
    let (name, port) = own.split_at(own.rfind(':').unwrap_or(own.len()));
    Some(Host::parse(name).map_or(own.into(), |name| format!("{name}{port}").into()))
}

/// The zone of an IPv6 address means something on this machine only: `[fe80::1%en0]:80` is `[fe80::1]:80` elsewhere.
///
/// Go: request.go removeZone
#[doc(alias = "removeZone")]
fn remove_zone(host: &str) -> Cow<'_, str> {
    let end = if host.starts_with('[') { host.rfind(']') } else { None };
    match end.and_then(|end| Some((host[..end].rfind('%')?, end))) {
        Some((zone, end)) => format!("{}{}", &host[..zone], &host[end..]).into(),
        None => host.into(),
    }
}

fn is_host(host: &str) -> bool {
    host.bytes().all(is_host_byte)
}

/// What may stand in a Host field (RFC 3986 section 3.2.2, with a port).
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=[]_~".contains(&byte)
}

fn write_callers_fields(request: &Request, out: &mut Vec<u8>) {
    if request.header.is_empty() {
        return;
    }
    for name in callers_names(request) {
        for value in request.header.get_all(name) {
            write_name(out, name);
            out.extend_from_slice(value.as_bytes().trim_ascii());
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// The names of the caller's fields that are written, in the order of writing.
pub(crate) fn callers_names(request: &Request) -> Vec<&HeaderName> {
    let written_elsewhere = [HOST, USER_AGENT, CONTENT_LENGTH, TRANSFER_ENCODING, TRAILER];
    let mut names: Vec<&HeaderName> = request.header.keys().filter(|name| !written_elsewhere.contains(name)).collect();
    names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    names
}

fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn write_name(out: &mut Vec<u8>, name: &HeaderName) {
    write_canonical(out, name);
    out.extend_from_slice(b": ");
}

/// `x-request-id` is written `X-Request-Id`, as Go writes it. Go: `textproto.CanonicalMIMEHeaderKey`.
#[doc(alias = "CanonicalMIMEHeaderKey")]
pub(crate) fn write_canonical(out: &mut Vec<u8>, name: &HeaderName) {
    let mut upper = true;
    for &byte in name.as_str().as_bytes() {
        out.push(if upper { byte.to_ascii_uppercase() } else { byte });
        upper = byte == b'-';
    }
}

/// Writes head and body. Go: the call of `(*Request).write` and the flush in writeLoop.
///
/// `before_body` is told of the head, and says whether the body is to follow it.
///
/// # Errors
///
/// The socket's error, or [`Error::RequestBody`] when the source of the body fails or has another length than it said.
///
/// # Cancel safety
///
/// Not cancel-safe: what was written stays written, so the connection must be closed.
pub(crate) async fn write_request(
    shared: &ConnShared,
    head: &[u8],
    body: RequestBody,
    trailers: Option<&RequestTrailers>,
    before_body: impl BeforeBody,
) -> Result<(), Error> {
    match body {
        RequestBody::Empty => {
            before_body.head_written();
            write_all(shared, head, b"", b"").await?;
        }
        RequestBody::Bytes(bytes) if !before_body.holds_back() => {
            before_body.head_written();
            let before = shared.written();
            write_all(shared, head, &bytes, b"").await.map_err(|error| {
                let buffer_was_full = shared.written() - before >= GO_WRITE_BUFFER;
                if buffer_was_full { shared.while_reading_from(error) } else { error }
            })?;
        }
        body => {
            // The server sees the head before a body that may take long to come.
            before_body.head_written();
            write_all(shared, head, b"", b"").await?;
            poll_fn(|cx| shared.poll_flush(cx)).await?;
            if before_body.go_on().await {
                write_body(shared, body, trailers).await?;
            }
        }
    }
    poll_fn(|cx| shared.poll_flush(cx)).await
}

/// What happens between a request's head and its body.
pub(crate) trait BeforeBody {
    /// The head is complete. As in Go this is told before any of it is on the wire.
    fn head_written(&self);

    /// The body waits for the server's word.
    fn holds_back(&self) -> bool;

    /// Waits for that word, if it has to, and says whether the body is to be sent.
    fn go_on(&self) -> impl Future<Output = bool> + Send;
}

async fn write_body(shared: &ConnShared, body: RequestBody, trailers: Option<&RequestTrailers>) -> Result<(), Error> {
    match body {
        RequestBody::Empty => Ok(()),
        RequestBody::Bytes(bytes) => {
            write_all(shared, &bytes, b"", b"").await.map_err(|error| shared.while_reading_from(error))
        }
        RequestBody::Reader { mut source, length: Some(length) } => {
            write_counted(shared, source.as_mut(), length).await
        }
        RequestBody::Reader { mut source, length: None } => write_chunked(shared, source.as_mut(), trailers).await,
    }
}

/// A body that has said its length must keep its word: the server waits for exactly so many bytes.
async fn write_counted(
    shared: &ConnShared,
    mut source: Pin<&mut (dyn AsyncRead + Send)>,
    length: u64,
) -> Result<(), Error> {
    // One byte more than is left, so that a body that is too long is noticed with its last piece.
    let mut piece = Vec::with_capacity(length.saturating_add(1).min(BODY_PIECE as u64) as usize);
    let mut sent: u64 = 0;
    loop {
        // What is read after the whole length only tells whether it was true.
        let counts = sent < length;
        let within = |error| if counts { shared.while_reading_from(error) } else { error };
        let n = read_piece(&mut source, &mut piece).await.map_err(within)?;
        let total = sent + n as u64;
        if n == 0 && sent == length {
            return Ok(());
        }
        if n > 0 && total > length {
            // What was promised is sent; the rest is only counted.
            write_all(shared, &piece[..(length - sent) as usize], b"", b"").await.map_err(within)?;
        }
        if n == 0 || total > length {
            let total = total + read_rest(&mut source, &mut piece).await?;
            let text = format!("http: ContentLength={length} with Body length {total}");
            return Err(Error::InvalidRequest(text.into()));
        }
        write_all(shared, &piece, b"", b"").await.map_err(within)?;
        poll_fn(|cx| shared.poll_flush(cx)).await.map_err(within)?;
        sent = total;
    }
}

/// Each piece is a chunk, on the wire before the next one is read.
async fn write_chunked(
    shared: &ConnShared,
    mut source: Pin<&mut (dyn AsyncRead + Send)>,
    trailers: Option<&RequestTrailers>,
) -> Result<(), Error> {
    let mut piece = Vec::with_capacity(BODY_PIECE);
    loop {
        let n = read_piece(&mut source, &mut piece).await?;
        if n == 0 {
            return write_all(shared, b"0\r\n", &trailer_fields(trailers), b"\r\n").await;
        }
        write_all(shared, format!("{n:x}\r\n").as_bytes(), &piece, b"\r\n").await?;
        poll_fn(|cx| shared.poll_flush(cx)).await?;
        poll_fn(|cx| shared.poll_flush(cx)).await?;
    }
}

/// How many bytes more the source has. Go reads them too, to say in its error how long the body is.
async fn read_rest(source: &mut Pin<&mut (dyn AsyncRead + Send)>, piece: &mut Vec<u8>) -> Result<u64, Error> {
    let mut rest = 0;
    loop {
        match read_piece(source, piece).await? {
            0 => return Ok(rest),
            n => rest += n as u64,
        }
    }
}

fn trailer_fields(trailers: Option<&RequestTrailers>) -> Vec<u8> {
    let mut out = Vec::new();
    let Some(trailers) = trailers else { return out };
    let values = trailers.values();
    for name in trailers.names() {
        for value in values.get_all(name) {
            write_name(&mut out, name);
            out.extend_from_slice(value.as_bytes().trim_ascii());
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

async fn read_piece(source: &mut Pin<&mut (dyn AsyncRead + Send)>, piece: &mut Vec<u8>) -> Result<usize, Error> {
    piece.clear();
    source.read_buf(piece).await.map_err(|error| Error::RequestBody(IoError::bare(&error)))
}

/// Writes three pieces with as few system calls as the socket allows.
async fn write_all(shared: &ConnShared, first: &[u8], second: &[u8], third: &[u8]) -> Result<(), Error> {
    let mut rest = Buf::chain(Buf::chain(first, second), third);
    while rest.has_remaining() {
        let n = poll_fn(|cx| {
            let mut slices = [IoSlice::new(&[]); 3];
            let used = rest.chunks_vectored(&mut slices);
            shared.poll_write(cx, &slices[..used])
        })
        .await?;
        if n == 0 {
            return Err(Error::UnexpectedEof);
        }
        rest.advance(n);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use url::Url;

    use super::*;

    fn request(method: Method, url: &str) -> Request {
        Request::new(method, Url::parse(url).unwrap())
    }

    fn head(request: &Request) -> String {
        String::from_utf8(encode_head(request, TargetForm::Origin, ExtraFields::default()).unwrap()).unwrap()
    }

    fn for_proxy(request: &Request) -> Result<String, String> {
        let head =
            encode_head(request, TargetForm::Absolute, ExtraFields::default()).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(head).unwrap())
    }

    #[test]
    fn a_plain_get_has_gos_default_fields() {
        let get = request(Method::GET, "http://example.com/a?b=c");
        let expected = "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nUser-Agent: Go-http-client/1.1\r\n\r\n";
        assert_eq!(head(&get), expected);
    }

    #[test]
    fn fields_come_in_gos_order() {
        let mut post = request(Method::POST, "http://example.com:8080/");
        post.body = "hi".into();
        post.close = true;
        post.header.insert("x-b", HeaderValue::from_static("2"));
        post.header.insert("accept", HeaderValue::from_static("*/*"));
        post.header.insert("content-length", HeaderValue::from_static("999"));
        let expected = "POST / HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: Go-http-client/1.1\r\n\
                        Connection: close\r\nContent-Length: 2\r\nAccept: */*\r\nX-B: 2\r\n\r\n";
        assert_eq!(head(&post), expected);
    }

    #[test]
    fn close_is_not_said_again_where_the_caller_has_said_it() {
        let said = |field: &'static str| {
            let mut get = request(Method::GET, "http://example.com/");
            get.close = true;
            get.header.insert(CONNECTION, HeaderValue::from_static(field));
            head(&get).matches("Connection:").count()
        };
        assert_eq!(said("close"), 1);
        assert_eq!(said("upgrade, Close"), 1);
        assert_eq!(said("upgrade"), 2);
    }

    #[test]
    fn an_empty_user_agent_suppresses_the_field() {
        let mut get = request(Method::GET, "http://example.com/");
        get.header.insert(USER_AGENT, HeaderValue::from_static(""));
        assert_eq!(head(&get), "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    }

    #[test]
    fn an_empty_body_is_announced_only_where_one_is_usual() {
        assert!(head(&request(Method::POST, "http://example.com/")).contains("Content-Length: 0\r\n"));
        assert!(!head(&request(Method::DELETE, "http://example.com/")).contains("Content-Length"));
    }

    #[test]
    fn a_host_cannot_carry_a_second_field() {
        let mut get = request(Method::GET, "http://example.com/");
        get.host = Some("a\r\nX: y".into());
        assert!(head(&get).starts_with("GET / HTTP/1.1\r\nHost: \r\nUser-Agent: "));
    }

    #[test]
    fn a_host_beyond_ascii_is_sent_in_ascii() {
        let mut get = request(Method::GET, "http://example.com/");
        for (host, sent) in [
            ("b\u{fc}cher.test:8080", "xn--bcher-kva.test:8080"),
            ("\u{433}\u{43e}\u{444}\u{435}\u{440}.\u{440}\u{444}", "xn--c1ae0ajs.xn--p1ai"),
            ("b\u{fc}cher test", ""),
            ("b\u{fc}cher.test:80\r\nX: y", ""),
        ] {
            get.host = Some(host.into());
            assert!(head(&get).starts_with(&format!("GET / HTTP/1.1\r\nHost: {sent}\r\nUser-Agent: ")), "{host:?}");
            match for_proxy(&get) {
                Ok(head) => assert!(head.starts_with(&format!("GET http://{sent}/ HTTP/1.1\r\nHost: {sent}\r\n"))),
                Err(error) => assert_eq!((&*error, sent), ("http: invalid Host header", "")),
            }
        }
    }

    #[test]
    fn a_connect_names_host_and_port() {
        let connect = request(Method::CONNECT, "http://example.com:443/ignored");
        assert!(head(&connect).starts_with("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n"));
    }

    #[test]
    fn trailers_are_announced_and_must_not_be_framing() {
        let mut post = request(Method::POST, "http://example.com/");
        post.body = RequestBody::reader(&b""[..], None);
        post.trailers = Some(RequestTrailers::new(
            [HeaderName::from_static("x-sum"), HeaderName::from_static("x-a")],
            http::HeaderMap::new,
        ));
        assert!(head(&post).contains("Transfer-Encoding: chunked\r\nTrailer: X-A,X-Sum\r\n"));
        post.trailers = Some(RequestTrailers::new([CONTENT_LENGTH], http::HeaderMap::new));
        assert_eq!(
            encode_head(&post, TargetForm::Origin, ExtraFields::default()).unwrap_err().to_string(),
            r#"invalid Trailer key "Content-Length""#
        );
    }
    #[test]
    fn a_proxy_is_told_the_whole_url_and_no_password() {
        let mut get = request(Method::GET, "http://user:secret@example.com:8080/a?b=c#d");
        let expected = "GET http://example.com:8080/a?b=c HTTP/1.1\r\nHost: example.com:8080\r\n\
                        User-Agent: Go-http-client/1.1\r\n\r\n";
        assert_eq!(for_proxy(&get).unwrap(), expected);
        get.host = Some("other.test:1".into());
        assert!(
            for_proxy(&get).unwrap().starts_with("GET http://other.test:1/a?b=c HTTP/1.1\r\nHost: other.test:1\r\n")
        );
        let connect = request(Method::CONNECT, "http://example.com");
        assert!(
            for_proxy(&connect).unwrap().starts_with("CONNECT http://example.com/ HTTP/1.1\r\nHost: example.com\r\n")
        );
    }

    #[test]
    fn a_proxy_is_not_sent_a_host_that_is_none() {
        let mut get = request(Method::GET, "http://example.com/");
        for host in ["a b", "a\r\nX: y", "a/b", "a@b"] {
            get.host = Some(host.into());
            assert_eq!(for_proxy(&get).unwrap_err(), "http: invalid Host header", "{host:?}");
        }
        get.host = Some("[fe80::1%en0]:80".into());
        assert!(for_proxy(&get).unwrap().starts_with("GET http://[fe80::1]:80/ HTTP/1.1\r\nHost: [fe80::1]:80\r\n"));
    }
}
