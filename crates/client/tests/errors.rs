//! What goes wrong, in Go's words, and that nothing is left of it.

use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::task::{Context, Poll};

use client::RequestBody;
use http::Method;
use origin::{Reply, Router, Script};
use tokio::io::{AsyncRead, ReadBuf};

use crate::support::{fetch, on_sockets, request};

/// Asks for the root of a server that follows `script`; the text that comes, with `URL` in place of the URL.
fn text_of(script: Script) -> String {
    let mut text = String::new();
    on_sockets(async |stage| {
        let origin = stage.origin(script);
        let client = stage.client_with(|config| config.max_response_header_bytes = 8192);
        let error = client.get(&origin.url("/")).await.expect_err("no response");
        text = error.to_string().replace(&origin.url("/"), "URL");
        stage.tasks_become(1).await;
        assert_eq!(client.transport().pool_census(), Default::default());
        assert_eq!(origin.stats().accepted, 1, "a fresh connection gives no second chance");
    });
    text
}

fn broken(why: &str) -> String {
    format!("Get \"URL\": net/http: HTTP/1.x transport connection broken: {why}")
}

#[test]
fn a_head_that_a_reset_breaks_off_is_judged_by_what_came_of_it() {
    let cases = [
        ("HTTP/1.1 20", r#"malformed HTTP status code "20""#),
        ("HTTP/1.1 200 OK", "unexpected EOF"),
        ("HTTP/1.1 200 OK\r\nX", r#"malformed MIME header: missing colon: "X""#),
        ("HTTP/1.1 200 OK\r\nX: y", "unexpected EOF"),
        ("HTTP/1.1 200 OK\r\nX: y\r\n", "unexpected EOF"),
    ];
    for (came, why) in cases {
        assert_eq!(text_of(Script::new().await_request().send(came).reset()), broken(why), "{came:?}");
    }
}

#[test]
fn a_trailer_that_a_reset_breaks_off_is_missing() {
    on_sockets(async |stage| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let origin = stage.origin(Script::new().await_request().send(format!("{head}1\r\na\r\n0\r\nX")).reset());
        let mut response = stage.client().get(&origin.url("/")).await.expect("a head");
        let error = response.body.read_all().await.expect_err("no trailer");
        assert_eq!(error.to_string(), "http: unexpected EOF reading trailer");
    });
}

#[test]
fn a_refused_connection() {
    on_sockets(async |stage| {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}/");
        let client = stage.client();
        for _ in 0..3 {
            let error = client.get(&url).await.expect_err("nobody listens there");
            let text = format!("Get \"{url}\": dial tcp 127.0.0.1:{port}: connect: connection refused");
            assert_eq!(error.to_string(), text);
            assert!(!error.is_timeout());
            stage.tasks_become(1).await;
        }
        assert_eq!(client.transport().pool_census(), Default::default());
    });
}

#[test]
fn an_unknown_host() {
    on_sockets(async |stage| {
        let client = stage.client();
        let error = client.get("http://nonexistent.invalid/").await.expect_err("RFC 6761 reserves the name");
        // Go also names the server that it asked: `lookup nonexistent.invalid on 127.0.0.53:53`.
        let text = r#"Get "http://nonexistent.invalid/": dial tcp: lookup nonexistent.invalid: no such host"#;
        assert_eq!(error.to_string(), text);
        stage.tasks_become(1).await;
        assert_eq!(client.transport().pool_census(), Default::default());
    });
}

/// Go: TestTransportRejectsAlphaPort
#[test]
fn what_cannot_be_asked_for_is_told_and_costs_no_connection() {
    on_sockets(async |stage| {
        let client = stage.client();
        for (url, text) in [
            ("http://[::1/", r#"parse "http://[::1/": missing ']' in host"#),
            ("http://a b/", r#"parse "http://a b/": invalid character " " in host name"#),
            ("http://127.0.0.1:abc/", r#"parse "http://127.0.0.1:abc/": invalid port ":abc" after host"#),
            (
                "http://dummy.tld:123foo/bar",
                r#"parse "http://dummy.tld:123foo/bar": invalid port ":123foo" after host"#,
            ),
            ("http://127.0.0.1/%zz", r#"parse "http://127.0.0.1/%zz": invalid URL escape "%zz""#),
            ("http://127.0.0.1/\n", r#"parse "http://127.0.0.1/\n": net/url: invalid control character in URL"#),
            ("http://exa\x7fmple/", r#"parse "http://exa\x7fmple/": net/url: invalid control character in URL"#),
            ("127.0.0.1:80/", r#"parse "127.0.0.1:80/": first path segment in URL cannot contain colon"#),
            (":80/", r#"parse ":80/": missing protocol scheme"#),
            ("", r#"Get "": unsupported protocol scheme """#),
            ("foo", r#"Get "foo": unsupported protocol scheme """#),
            ("/foo", r#"Get "/foo": unsupported protocol scheme """#),
            ("foo://x/", r#"Get "foo://x/": unsupported protocol scheme "foo""#),
            ("mailto:x", r#"Get "mailto:x": unsupported protocol scheme "mailto""#),
            ("localhost:80/", r#"Get "localhost:80/": unsupported protocol scheme "localhost""#),
            ("http:///", r#"Get "http:///": http: no Host in request URL"#),
            ("http:///x", r#"Get "http:///x": http: no Host in request URL"#),
            ("http:/x", r#"Get "http:/x": http: no Host in request URL"#),
        ] {
            assert_eq!(client.get(url).await.expect_err(url).to_string(), text);
        }
        assert_eq!(stage.settled().await, 1);
        assert_eq!(stage.seen().iter().filter(|seen| seen.conn.is_some()).count(), 0, "{:?}", stage.seen());
    });
}

/// Go: TestStripPasswordFromError
#[test]
fn an_error_does_not_show_the_password() {
    on_sockets(async |stage| {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let client = stage.client();
        for password in ["secret", "%73ecret", "se%40cret"] {
            let error = client.get(&format!("http://user:{password}@127.0.0.1:{port}/")).await.expect_err("refused");
            let text = format!("Get \"http://user:***@127.0.0.1:{port}/\": ");
            assert!(error.to_string().starts_with(&text), "{error}");
        }
        stage.tasks_become(1).await;
    });
}

/// Go: TestRequestSanitization
#[test]
fn a_host_field_cannot_carry_a_second_field() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let client = stage.client();
        let mut get = request(Method::HEAD, &origin.url("/"));
        get.host = Some("go.dev\r\nX-Evil: evil".into());
        drop(client.do_request(get).await.unwrap());
        let head = "HEAD / HTTP/1.1\r\nHost: \r\nUser-Agent: Go-http-client/1.1\r\n\r\n";
        assert_eq!(origin.stats().conns[0].requests[0].head(), head);
    });
}

#[test]
fn a_server_that_hangs_up_without_a_word() {
    assert_eq!(text_of(Script::new().await_request().close()), "Get \"URL\": EOF");
    assert_eq!(text_of(Script::new().await_request().half_close().hold()), "Get \"URL\": EOF");
}

#[test]
fn a_server_that_resets_without_a_word() {
    let text = text_of(Script::new().await_request().reset());
    assert!(text.starts_with("Get \"URL\": read tcp 127.0.0.1:"), "{text}");
    assert!(text.ends_with(": read: connection reset by peer"), "{text}");
}

/// Go: TestTransportRejectsSignInContentLength
#[test]
fn a_head_that_cannot_be_read() {
    let status = "HTTP/1.1 200 OK\r\n";
    for (head, why) in [
        ("garbage\r\n\r\n".to_owned(), r#"malformed HTTP response "garbage""#),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n".to_owned(), r#"malformed HTTP response """#),
        ("HTTP/1.1 20 OK\r\n\r\n".to_owned(), r#"malformed HTTP status code "20""#),
        ("HTTX/1.1 200 OK\r\n\r\n".to_owned(), r#"malformed HTTP version "HTTX/1.1""#),
        (format!("{status}A: b\r\nnocolon\r\n\r\n"), r#"malformed MIME header: missing colon: "nocolon""#),
        (format!("{status} A: b\r\n\r\n"), r#"malformed MIME header initial line: " A: b""#),
        (format!("{status}: x\r\n\r\n"), r#"malformed MIME header line: ": x""#),
        (format!("{status}A\0: x\r\n\r\n"), r#"malformed MIME header line: "A\x00: x""#),
        (format!("{status}Content-Length: +3\r\n\r\nabc"), r#"bad Content-Length "+3""#),
        (format!("{status}Content-Length: \r\n\r\nabc"), r#"invalid empty Content-Length """#),
        (
            format!("{status}Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
            r#"http: message cannot contain multiple Content-Length headers; got ["2" "3"]"#,
        ),
        (
            format!("{status}Transfer-Encoding: gzip, chunked\r\n\r\n"),
            r#"unsupported transfer encoding: "gzip, chunked""#,
        ),
        (
            format!("{status}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
            r#"too many transfer encodings: ["chunked" "chunked"]"#,
        ),
    ] {
        assert_eq!(text_of(Script::new().await_request().send(head).hold()), broken(why));
    }
}

#[test]
fn a_head_that_breaks_off() {
    for (head, why) in [
        ("H", r#"malformed HTTP response "H""#),
        ("HTTP/1.1", r#"malformed HTTP response "HTTP/1.1""#),
        ("HTTP/1.1 200 OK", "unexpected EOF"),
        ("HTTP/1.1 200 OK\r\n", "unexpected EOF"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "unexpected EOF"),
        ("HTTP/1.1 200 OK\r\nContent-Len", r#"malformed MIME header: missing colon: "Content-Len""#),
    ] {
        assert_eq!(text_of(Script::new().await_request().send(head).close()), broken(why), "{head:?}");
    }
}

/// Go: TestTransportResponseHeaderLength
#[test]
fn a_head_above_the_limit() {
    let padded = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: {}\r\n\r\n", "y".repeat(length));
    let too_long = broken("net/http: server response headers exceeded 8192 bytes; aborted");
    assert_eq!(text_of(Script::new().await_request().send(padded(20_000)).hold()), too_long);
    let endless =
        Script::new().await_request().send("HTTP/1.1 200 OK\r\nX: ").forever(Script::new().send("y".repeat(1000)));
    assert_eq!(text_of(endless), too_long);
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(300);
    assert_eq!(text_of(Script::new().await_request().send(interim).hold()), too_long);

    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_request().send(padded(8000)).hold());
        let client = stage.client_with(|config| config.max_response_header_bytes = 8192);
        assert_eq!(client.get(&origin.url("/")).await.unwrap().header["x"], "y".repeat(8000));
    });
}

#[test]
fn a_head_that_cannot_be_read_is_too_long_once_the_limit_is_read_up() {
    on_sockets(async |stage| {
        let head = "HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\n";
        let origin = stage.origin(Script::new().await_request().send(format!("{head}hello")).hold());
        for (limit, why) in [
            (head.len() + 5, format!("server response headers exceeded {} bytes; aborted", head.len() + 5)),
            (head.len() + 6, r#"malformed HTTP status code "2000""#.to_owned()),
        ] {
            let client = stage.client_with(|config| config.max_response_header_bytes = limit as u64);
            let error = client.get(&origin.url("/")).await.expect_err("no response").to_string();
            assert!(error.ends_with(&why), "{error}");
        }
    });
}

/// Go: TestTransportPersistConnLeakShortBody
#[test]
fn a_body_that_is_not_as_long_as_it_says() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_request().hold());
        let client = stage.client();
        for length in [3, 4, 6, 9] {
            for _ in 0..5 {
                let mut post = request(Method::POST, &origin.url("/"));
                post.body = RequestBody::reader(&b"hello"[..], Some(length));
                let error = client.do_request(post).await.expect_err("a wrong length");
                let why = format!("http: ContentLength={length} with Body length 5");
                let text = broken(&why).replace("Get \"URL\"", &format!("Post {:?}", origin.url("/")));
                assert_eq!(error.to_string(), text);
                stage.tasks_become(1).await;
            }
        }
    });
}

/// Reads one piece, and then fails.
struct Failing {
    read: bool,
}

impl AsyncRead for Failing {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.read {
            return Poll::Ready(Err(io::Error::other("the disk is on fire")));
        }
        self.read = true;
        buf.put_slice(b"hello");
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_body_whose_source_fails() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let client = stage.client();
        for length in [None, Some(10)] {
            // On a connection that has worked before, where a retry would be possible.
            drop(client.head(&origin.url("/")).await.unwrap());
            let mut post = request(Method::POST, &origin.url("/"));
            post.body = RequestBody::reader(Failing { read: false }, length);
            let error = client.do_request(post).await.expect_err("no whole body");
            let told = error.to_string();
            let reason = told.strip_prefix(&format!("Post {:?}: ", origin.url("/"))).expect("the request");
            // As in Go the connection reads a body of known length itself, and says so.
            let within = if length.is_some() { "readfrom tcp 127.0.0.1:" } else { "" };
            assert!(reason.starts_with(within) && reason.ends_with("the disk is on fire"), "{told}");
            assert_eq!(reason.contains("readfrom"), length.is_some(), "{told}");
            stage.tasks_become(1).await;
        }
        assert_eq!(origin.until(|stats| stats.open == 0).await.requests, 4, "none is sent again");
    });
}

#[test]
fn an_error_does_not_spoil_what_comes_after_it() {
    on_sockets(async |stage| {
        let routes = Router::new().at("/", Reply::bytes(13)).script("/broken", Script::new().send("garbage\r\n\r\n"));
        let origin = stage.origin(routes);
        let client = stage.client();
        for _ in 0..5 {
            fetch(&client, &origin.url("/")).await;
            client.get(&origin.url("/broken")).await.expect_err("garbage");
        }
        assert_eq!(origin.stats().accepted, 5);
        stage.tasks_become(1).await;
    });
}
