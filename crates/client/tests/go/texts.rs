//! Go's words, in the form of 1.27: what a person sees when a request fails, wherever that shows.
//!
//! The texts of a URL that is none, of a dial that fails and of a scheme that nobody speaks are in `errors.rs`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use client::{CancelToken, Cause, Client, Context, GetBody, Request, RequestBody, RequestTrailers};
use http::Method;
use http::header::{CONTENT_LENGTH, HeaderMap, TRAILER, TRANSFER_ENCODING};
use origin::{Plan, Reply, Script};
use persistconn::{CloseReason, PutIdleError};
use tokio::io::AsyncReadExt;

use super::streams::{Piece, Pieces};
use crate::support::{Stage, on_sockets, request};

/// What comes of a response: the text of the request's error, or status, body and the text of the body's error.
#[derive(Clone, PartialEq, Debug)]
enum Comes {
    /// No response; the text is that behind `Get "URL": `.
    NoResponse(String),
    /// A response, its body, and how the body ended.
    Response(u16, String, Result<(), String>),
}

async fn get(client: &Client, url: &str) -> Comes {
    match client.get(url).await {
        Err(error) => {
            let text = error.to_string();
            let behind = text.strip_prefix(&format!("Get {url:?}: ")).expect("the method and the URL come first");
            Comes::NoResponse(behind.to_owned())
        }
        Ok(mut response) => {
            let mut body = Vec::new();
            let end = response.body.read_to_end(&mut body).await.map(drop).map_err(|error| error.to_string());
            Comes::Response(response.status, String::from_utf8_lossy(&body).into_owned(), end)
        }
    }
}

/// What breaks the connection while a head is read.
fn broken(why: &str) -> Comes {
    Comes::NoResponse(format!("net/http: HTTP/1.x transport connection broken: {why}"))
}

fn whole(status: u16, body: &str) -> Comes {
    Comes::Response(status, body.to_owned(), Ok(()))
}

fn cut(body: &str, text: &str) -> Comes {
    Comes::Response(200, body.to_owned(), Err(text.to_owned()))
}

/// Bytes of a server and what Go makes of them; each line was compared with Go 1.27.3.
fn answers() -> Vec<(String, Comes)> {
    let ok = |rest: &str| format!("HTTP/1.1 200 OK\r\n{rest}");
    let chunked = |body: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let tiny = format!("1;{}\r\na\r\n", "x".repeat(1000));
    let too_large = broken("net/http: server response headers exceeded 8192 bytes; aborted");
    vec![
        // The status line.
        ("HTTP/1.1 20 OK\r\n\r\n".into(), broken(r#"malformed HTTP status code "20""#)),
        ("HTTP/1.1 099 Old\r\nContent-Length: 0\r\n\r\n".into(), whole(99, "")),
        ("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n".into(), whole(200, "")),
        ("HTTP/1.1 200 OK\nContent-Length: 2\n\nab".into(), whole(200, "ab")),
        ("garbage\r\n\r\n".into(), broken(r#"malformed HTTP response "garbage""#)),
        ("HTTX/1.1 200 OK\r\n\r\n".into(), broken(r#"malformed HTTP version "HTTX/1.1""#)),
        // Fields.
        (ok("A: b\r\nnocolon\r\n\r\n"), broken(r#"malformed MIME header: missing colon: "nocolon""#)),
        (ok(" A: b\r\n\r\n"), broken(r#"malformed MIME header initial line: " A: b""#)),
        (ok(": x\r\n\r\n"), broken(r#"malformed MIME header line: ": x""#)),
        (ok("A\0: x\r\n\r\n"), broken(r#"malformed MIME header line: "A\x00: x""#)),
        (ok("A: \x0bx\r\n\r\n"), broken(r#"malformed MIME header line: "A: \vx""#)),
        (ok("it's \"é\"\r\n\r\n"), broken(r#"malformed MIME header: missing colon: "it's \"é\"""#)),
        // Framing.
        (
            ok("Content-Length: 2\r\nContent-Length: 3\r\n\r\nab"),
            broken(r#"http: message cannot contain multiple Content-Length headers; got ["2" "3"]"#),
        ),
        (ok("Content-Length: 2\r\nContent-Length: 2\r\n\r\nab"), whole(200, "ab")),
        (ok("Content-Length: 2 \r\n\r\nab"), whole(200, "ab")),
        (ok("Content-Length: 2, 2\r\n\r\nab"), broken(r#"bad Content-Length "2, 2""#)),
        (ok("Content-Length: +2\r\n\r\nab"), broken(r#"bad Content-Length "+2""#)),
        (ok("Content-Length: \r\n\r\nab"), broken(r#"invalid empty Content-Length """#)),
        (ok("Content-Length: 9223372036854775808\r\n\r\n"), broken(r#"bad Content-Length "9223372036854775808""#)),
        ("HTTP/1.1 204 No\r\nContent-Length: x\r\n\r\n".into(), broken(r#"bad Content-Length "x""#)),
        (
            "HTTP/1.1 103 Early\r\nContent-Length: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n".into(),
            broken(r#"bad Content-Length "x""#),
        ),
        (ok("Transfer-Encoding: gzip, chunked\r\n\r\n"), broken(r#"unsupported transfer encoding: "gzip, chunked""#)),
        (ok("Transfer-Encoding: identity\r\n\r\n"), broken(r#"unsupported transfer encoding: "identity""#)),
        (
            "HTTP/1.1 304 No\r\nTransfer-Encoding: gzip\r\n\r\n".into(),
            broken(r#"unsupported transfer encoding: "gzip""#),
        ),
        (
            ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
            broken(r#"too many transfer encodings: ["chunked" "chunked"]"#),
        ),
        (ok("Transfer-Encoding: CHUNKED \r\n\r\n2\r\nab\r\n0\r\n\r\n"), whole(200, "ab")),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab".into(), whole(200, "ab")),
        (
            ok("Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n"),
            broken(r#"bad trailer key "Content-Length""#),
        ),
        (
            ok("Transfer-Encoding: chunked\r\nTrailer: X, Transfer-Encoding\r\n\r\n"),
            broken(r#"bad trailer key "Transfer-Encoding""#),
        ),
        // Limits.
        (ok(&format!("X: {}\r\n\r\n", "y".repeat(20_000))), too_large.clone()),
        ("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(300), too_large),
        // Heads that break off.
        (String::new(), Comes::NoResponse("EOF".into())),
        ("H".into(), broken(r#"malformed HTTP response "H""#)),
        ("HTTP/1.1 200 OK".into(), broken("unexpected EOF")),
        (ok("Content-Length: 5\r\n"), broken("unexpected EOF")),
        (ok("Content-Len"), broken(r#"malformed MIME header: missing colon: "Content-Len""#)),
        // Chunks.
        (chunked("12345678901234567\r\n"), cut("", "http chunk length too large")),
        (chunked("zz\r\n"), cut("", "invalid byte in chunk length")),
        (chunked(" 5\r\nhello\r\n"), cut("", "invalid byte in chunk length")),
        (chunked("5 \t\r\nhello\r\n0\r\n\r\n"), whole(200, "hello")),
        (chunked("\r\n"), cut("", "empty hex number for chunk length")),
        (chunked(&"1".repeat(5000)), cut("", "header line too long")),
        (chunked(&format!("1;{}\r\n", "x".repeat(4100))), cut("", "header line too long")),
        (chunked("5\nhello\r\n0\r\n\r\n"), cut("", "chunked line ends with bare LF")),
        (chunked("5\r;x\r\nhello\r\n"), cut("", "invalid CR in chunked line")),
        (chunked("5\r\nhelloxx0\r\n"), cut("hello", "malformed chunked encoding")),
        (chunked(&tiny.repeat(30)), cut("aaaaaaaaaaaaaaaa", "chunked encoding contains too much non-data")),
        // Bodies and trailers that break off, or should.
        (ok("Content-Length: 10\r\n\r\nhalf"), cut("half", "unexpected EOF")),
        (chunked("5\r\nhel"), cut("hel", "unexpected EOF")),
        (chunked("5\r\nhello\r\n"), cut("hello", "unexpected EOF")),
        (chunked("5\r\nhello\r\n0\r\n"), cut("hello", "http: unexpected EOF reading trailer")),
        (
            chunked(&format!("0\r\nX: {}\r\n\r\n", "y".repeat(5000))),
            cut("", "http: suspiciously long trailer after chunked body"),
        ),
        (
            chunked("5\r\nhello\r\n0\r\nbad trailer\r\n\r\n"),
            cut("hello", r#"malformed MIME header: missing colon: "bad trailer""#),
        ),
    ]
}

#[test]
fn what_a_server_sends_is_told_in_gos_words() {
    for (wire, wanted) in answers() {
        on_sockets(async |stage| {
            let origin = stage.origin(Script::new().await_request().send(wire.clone()).half_close().hold());
            let client = stage.client_with(|config| config.max_response_header_bytes = 8192);
            assert_eq!(get(&client, &origin.url("/")).await, wanted, "{wire:.200?}");
            client.close_idle_connections();
            stage.tasks_become(1).await;
        });
    }
}

/// Differs from Go: there a name with a blank before its colon is a name of its own. `HeaderName` has no such names,
/// and a server that sends one is not understood; the text is that for other names that are none.
///
/// Go: TestInvalidHeaderResponse
#[test]
fn a_name_with_a_blank_before_its_colon_is_refused() {
    on_sockets(async |stage| {
        let wire = "HTTP/1.1 200 OK\r\nA : x\r\nContent-Length: 0\r\n\r\n";
        let origin = stage.origin(Script::new().await_request().send(wire).hold());
        let comes = get(&stage.client(), &origin.url("/")).await;
        assert_eq!(comes, broken(r#"malformed MIME header line: "A : x""#));
    });
}

fn reader(text: &'static str, length: u64) -> RequestBody {
    RequestBody::reader(text.as_bytes(), Some(length))
}

fn trailer(name: http::HeaderName) -> RequestTrailers {
    RequestTrailers::new([name], HeaderMap::new)
}

#[test]
fn what_is_wrong_with_a_request_is_told_in_gos_words() {
    type Fill<'a> = &'a dyn Fn(&mut Request);
    let broken = |why: &str| format!("net/http: HTTP/1.x transport connection broken: {why}");
    let unknown = || RequestBody::reader(&b"12345678"[..], None);
    let cases: [(Fill<'_>, String); 6] = [
        (&|post| post.body = reader("12345", 10), broken("http: ContentLength=10 with Body length 5")),
        (&|post| post.body = reader("12345678", 4), broken("http: ContentLength=4 with Body length 8")),
        (
            &|post| {
                post.body = unknown();
                post.trailers = Some(trailer(CONTENT_LENGTH));
            },
            r#"invalid Trailer key "Content-Length""#.to_owned(),
        ),
        (
            &|post| {
                post.body = unknown();
                post.trailers = Some(trailer(TRAILER));
            },
            r#"invalid Trailer key "Trailer""#.to_owned(),
        ),
        (
            &|post| {
                post.body = unknown();
                post.trailers = Some(trailer(TRANSFER_ENCODING));
            },
            r#"invalid Trailer key "Transfer-Encoding""#.to_owned(),
        ),
        (
            &|post| post.body = RequestBody::reader(Pieces::new([Piece::Fault("the disk is on fire")]), None),
            "the disk is on fire".to_owned(),
        ),
    ];
    for (fill, wanted) in cases {
        on_sockets(async |stage| {
            let origin = stage.origin(Script::new().await_request().hold());
            let client = stage.client();
            let mut post = request(Method::POST, &origin.url("/"));
            fill(&mut post);
            let error = client.do_request(post).await.expect_err("it cannot be sent");
            assert_eq!(error.to_string(), format!("Post {:?}: {wanted}", origin.url("/")));
            stage.tasks_become(1).await;
        });
    }
}

#[test]
fn who_ended_a_request_is_told_in_gos_words() {
    type Arm<'a> = &'a dyn Fn(&Stage, &mut Request);
    let cases: [(&str, Arm<'_>, bool); 5] = [
        (
            "context canceled",
            &|_, get| {
                let (context, cancel) = Context::background().with_cancel();
                get.context = context;
                cancel.cancel();
            },
            false,
        ),
        (
            "went home",
            &|_, get| {
                let (context, cancel) = Context::background().with_cancel();
                get.context = context;
                cancel.cancel_with(Cause::Custom(Arc::new(io::Error::other("went home"))));
            },
            false,
        ),
        (
            "net/http: request canceled while waiting for connection",
            &|_, get| {
                let token = CancelToken::new();
                get.cancel = Some(token.clone());
                token.cancel();
            },
            false,
        ),
        (
            "context deadline exceeded",
            &|stage, get| {
                get.context = Context::background().with_timeout(&stage.runtime(), Duration::from_millis(30));
            },
            true,
        ),
        ("net/http: timeout awaiting response headers", &|_, _| {}, true),
    ];
    for (wanted, arm, timeout) in cases {
        on_sockets(async |stage| {
            let origin = stage.origin(Script::new().await_request().hold());
            let client = stage.client_with(|config| config.response_header_timeout = Some(Duration::from_millis(300)));
            let mut get = request(Method::GET, &origin.url("/"));
            arm(stage, &mut get);
            let error = client.do_request(get).await.expect_err("no answer");
            assert_eq!(error.to_string(), format!("Get {:?}: {wanted}", origin.url("/")));
            assert_eq!(error.is_timeout(), timeout, "{wanted}");
            stage.tasks_become(1).await;
        });
    }
}

#[test]
fn why_a_request_is_not_sent_again_is_told_in_gos_words() {
    type Fill<'a> = &'a dyn Fn(&mut Request);
    let cases: [(Method, Fill<'_>, &str); 3] = [
        (Method::POST, &|post| post.body = "x".into(), "EOF"),
        (Method::GET, &|get| get.body = reader("x", 1), "EOF"),
        (
            Method::GET,
            &|get| {
                get.body = reader("x", 1);
                get.get_body = Some(GetBody::new(|| Err(io::Error::other("no second time"))));
            },
            "no second time",
        ),
    ];
    for (method, fill, wanted) in cases {
        on_sockets(async |stage| {
            let origin = stage.origin(Plan::new().conn(Script::new().answer(Reply::empty()).await_request().close()));
            let client = stage.client();
            drop(client.head(&origin.url("/")).await.unwrap());
            let mut again = request(method, &origin.url("/"));
            fill(&mut again);
            let error = client.do_request(again).await.expect_err("no answer");
            assert_eq!(error.reason.to_string(), wanted);
            stage.tasks_become(1).await;
        });
    }
    // No request comes to this here: whether its body can be had again is known before it is sent again.
    let text = "net/http: cannot rewind body after connection loss";
    assert_eq!(transport::Error::CannotRewind.to_string(), text);
}

/// What is seen in a trace only, with the names that Go's source gives it.
#[test]
fn why_a_connection_ended_is_told_in_gos_words() {
    for (reason, name, text) in [
        (CloseReason::ReadLoopExiting, "errReadLoopExiting", "http: persistConn.readLoop exiting"),
        (CloseReason::ServerClosedIdle, "errServerClosedIdle", "http: server closed idle connection"),
        (CloseReason::IdleConnTimeout, "errIdleConnTimeout", "http: idle connection timeout"),
        (CloseReason::CloseIdleConns, "errCloseIdleConns", "http: CloseIdleConnections called"),
        (CloseReason::TooManyIdle, "errTooManyIdle", "http: putIdleConn: too many idle connections"),
        (CloseReason::HeaderTimeout, "errTimeout", "net/http: timeout awaiting response headers"),
        (CloseReason::CallerOwnsConn, "errCallerOwnsConn", "read loop ending; caller owns writable underlying conn"),
        (CloseReason::Canceled(Cause::RequestCanceled), "errRequestCanceled", "net/http: request canceled"),
        (
            CloseReason::Refused(PutIdleError::KeepAlivesDisabled),
            "errKeepAlivesDisabled",
            "http: putIdleConn: keep alives disabled",
        ),
        (
            CloseReason::Refused(PutIdleError::ConnBroken),
            "errConnBroken",
            "http: putIdleConn: connection is in bad state",
        ),
        (
            CloseReason::Refused(PutIdleError::CloseIdle),
            "errCloseIdle",
            "http: putIdleConn: CloseIdleConnections was called",
        ),
        (
            CloseReason::Refused(PutIdleError::TooManyIdleHost),
            "errTooManyIdleHost",
            "http: putIdleConn: too many idle connections for host",
        ),
    ] {
        assert_eq!((reason.go_name(), reason.to_string().as_str()), (Some(name), text));
    }
}
