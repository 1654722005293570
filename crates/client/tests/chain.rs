//! One request after the other: what goes over the wire, and what comes back.

use bytes::Bytes;
use client::{Client, RequestBody, Response};
use http::{HeaderValue, Method};
use httptrace::{Event, Exit};
use origin::{EndMark, Reply, Router, Script, TcpOrigin, pattern};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Stage, fetch, on_sockets, read_until_error, request, within};

/// The request with this number, as the bytes that arrived.
fn raw(origin: &TcpOrigin, number: usize) -> String {
    let stats = origin.stats();
    let requests: Vec<_> = stats.conns.iter().flat_map(|conn| &conn.requests).collect();
    String::from_utf8(requests[number].raw().to_vec()).expect("the tests send text")
}

/// Writes the request as Go writes it: the framing and the caller's fields, and last what the transport adds.
fn in_gos_order(start: &str, origin: &TcpOrigin, fields: &str, body: &str) -> String {
    let added = if start.starts_with("HEAD") || cfg!(not(feature = "gzip")) { "" } else { "Accept-Encoding: gzip\r\n" };
    let addr = origin.addr();
    format!("{start} HTTP/1.1\r\nHost: {addr}\r\nUser-Agent: Go-http-client/1.1\r\n{fields}{added}\r\n{body}")
}

#[test]
fn a_get_has_gos_default_fields_in_gos_order() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/a", Reply::bytes(13)));
        let client = stage.client();
        assert_eq!(fetch(&client, &origin.url("/a?b=c%20d&e")).await, pattern(13));
        assert_eq!(raw(&origin, 0), in_gos_order("GET /a?b=c%20d&e", &origin, "", ""));
        assert_eq!(stage.settled().await, 3);
    });
}

/// Go: TestClientHead
#[test]
fn a_head_returns_the_fields_and_no_body() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/a", Reply::bytes(13).header("X-Of", "a")));
        let client = stage.client();
        let mut response = client.head(&origin.url("/a")).await.unwrap();
        assert_eq!(raw(&origin, 0), in_gos_order("HEAD /a", &origin, "", ""));
        assert_eq!((response.status, response.reason()), (200, "OK"));
        assert_eq!(response.header["x-of"], "a");
        assert_eq!(response.body.read_all().await.unwrap(), "");
    });
}

/// Go: TestH12_RequestContentLength_Known_NonZero
#[test]
fn a_post_says_its_length_and_its_type() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/form", Reply::bytes(2)));
        let client = stage.client();
        let text = HeaderValue::from_static("text/plain");
        let mut response = client.post(&origin.url("/form"), text.clone(), "hello").await.unwrap();
        response.body.read_all().await.unwrap();
        let wanted = "Content-Length: 5\r\nContent-Type: text/plain\r\n";
        assert_eq!(raw(&origin, 0), in_gos_order("POST /form", &origin, wanted, "hello"));

        let mut response = client.post(&origin.url("/form"), text, "").await.unwrap();
        response.body.read_all().await.unwrap();
        let wanted = "Content-Length: 0\r\nContent-Type: text/plain\r\n";
        assert_eq!(raw(&origin, 1), in_gos_order("POST /form", &origin, wanted, ""));
        assert_eq!(origin.stats().accepted, 1);
    });
}

#[test]
fn the_callers_fields_come_sorted_after_gos_own() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let client = stage.client_with(|config| config.disable_compression = true);
        let mut put = request(Method::PUT, &origin.url("/"));
        put.body = "x".into();
        put.close = true;
        put.host = Some("other.test".into());
        for (name, value) in [("x-b", "2"), ("accept", "*/*"), ("x-a", "1"), ("user-agent", "mine"), ("host", "no")] {
            put.header.append(name, HeaderValue::from_static(value));
        }
        put.header.append("x-b", HeaderValue::from_static("3"));
        drop(client.do_request(put).await.unwrap());
        let wanted = "PUT / HTTP/1.1\r\nHost: other.test\r\nUser-Agent: mine\r\nConnection: close\r\n\
                      Content-Length: 1\r\nAccept: */*\r\nX-A: 1\r\nX-B: 2\r\nX-B: 3\r\n\r\nx";
        assert_eq!(raw(&origin, 0), wanted);
        stage.tasks_become(1).await;
    });
}

/// Go: TestH12_RequestContentLength_Unknown
#[test]
fn a_body_of_unknown_length_is_sent_in_chunks() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let client = stage.client();
        let mut post = request(Method::POST, &origin.url("/"));
        post.body = RequestBody::reader(&b"hello"[..], None);
        drop(client.do_request(post).await.unwrap());
        let wanted = "5\r\nhello\r\n0\r\n\r\n";
        assert_eq!(raw(&origin, 0), in_gos_order("POST /", &origin, "Transfer-Encoding: chunked\r\n", wanted));
    });
}

#[test]
fn a_reader_that_knows_its_length_says_it() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let client = stage.client();
        let mut post = request(Method::POST, &origin.url("/"));
        post.body = RequestBody::reader(&b"hello"[..], Some(5));
        drop(client.do_request(post).await.unwrap());
        assert_eq!(raw(&origin, 0), in_gos_order("POST /", &origin, "Content-Length: 5\r\n", "hello"));
    });
}

/// Go: TestTransportFlushesRequestHeader
#[test]
fn the_head_is_on_the_wire_before_a_body_that_takes_its_time() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_head().reached("head").await_body().reply(Reply::empty()).hold());
        let client = stage.client();
        let (mut source, body) = tokio::io::duplex(64);
        let mut post = request(Method::POST, &origin.url("/"));
        post.body = RequestBody::reader(body, Some(2));
        let (response, ()) = tokio::join!(client.do_request(post), async {
            origin.reached("head").await;
            source.write_all(b"hi").await.unwrap();
            drop(source);
        });
        assert_eq!(response.unwrap().status, 200);
        assert!(raw(&origin, 0).ends_with("\r\n\r\nhi"));
    });
}

/// Go: TestTransportFlushesBodyChunks
#[test]
fn each_chunk_is_on_the_wire_before_the_next_one_is_there() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().answer(Reply::empty()).hold());
        let client = stage.client();
        let (mut source, body) = tokio::io::duplex(64);
        let mut post = request(Method::POST, &origin.url("/"));
        post.body = RequestBody::reader(body, None);
        let (response, ()) = tokio::join!(client.do_request(post), async {
            let head = origin.until(|stats| stats.requests == 1).await.conns[0].received;
            for (chunk, on_wire) in [("a", 6), ("bcd", 6 + 8)] {
                source.write_all(chunk.as_bytes()).await.unwrap();
                origin.until(|stats| stats.conns[0].received == head + on_wire).await;
            }
            drop(source);
        });
        assert_eq!(response.unwrap().status, 200);
        assert!(raw(&origin, 0).ends_with("\r\n\r\n1\r\na\r\n3\r\nbcd\r\n0\r\n\r\n"));
    });
}

/// A response, what it must look like, and whether its connection serves the next request.
struct Case {
    name: &'static str,
    method: Method,
    reply: Reply,
    length: Option<u64>,
    chunked: bool,
    /// The field is there although it does not count.
    names_length: bool,
    body: Bytes,
    kept: bool,
}

fn case(name: &'static str, reply: Reply, length: Option<u64>, body: usize, kept: bool) -> Case {
    Case { name, method: Method::GET, reply, length, chunked: false, names_length: false, body: pattern(body), kept }
}

fn cases() -> Vec<Case> {
    let keep_alive = |reply: Reply| reply.header("Connection", "keep-alive");
    let chunked = || Reply::chunked(1000, 64);
    vec![
        case("Content-Length", Reply::bytes(1000), Some(1000), 1000, true),
        case("Content-Length: 0", Reply::empty(), Some(0), 0, true),
        Case { chunked: true, ..case("chunked", chunked(), None, 1000, true) },
        Case { chunked: true, ..case("chunked, empty", Reply::chunked(0, 1), None, 0, true) },
        Case { chunked: true, ..case("chunked, trailers", chunked().trailer("X-Sum", "7"), None, 1000, true) },
        Case {
            chunked: true,
            ..case("chunked beats length", chunked().header("Content-Length", "5"), None, 1000, true)
        },
        case("until close", Reply::close_delimited(1000), None, 1000, false),
        case("until close, empty", Reply::close_delimited(0), None, 0, false),
        case("Connection: close", Reply::bytes(1000).connection_close(), Some(1000), 1000, false),
        case("Connection: close, length 0", Reply::empty().connection_close(), Some(0), 0, false),
        case("204", Reply::bodyless(204), Some(0), 0, true),
        case("304", Reply::bodyless(304), Some(0), 0, true),
        Case {
            names_length: true,
            ..case("304 that names a length", Reply::bodyless(304).header("Content-Length", "5"), Some(0), 0, true)
        },
        case("HTTP/1.0", Reply::bytes(1000).http10(), Some(1000), 1000, false),
        case("HTTP/1.0 keep-alive", keep_alive(Reply::bytes(1000).http10()), Some(1000), 1000, true),
        case("HTTP/1.0 until close", Reply::close_delimited(1000).http10(), None, 1000, false),
        case("404", Reply::bytes(9).status(404), Some(9), 9, true),
        Case { method: Method::HEAD, ..case("HEAD", Reply::bytes(1234), Some(1234), 0, true) },
        Case { method: Method::HEAD, ..case("HEAD, length 0", Reply::empty(), Some(0), 0, true) },
        Case { method: Method::HEAD, ..case("HEAD, no length", Reply::bodyless(200), None, 0, true) },
        Case { method: Method::HEAD, chunked: true, ..case("HEAD, chunked", chunked(), None, 0, true) },
    ]
}

async fn ask(client: &Client, case: &Case, url: &str) -> Response {
    client.do_request(request(case.method.clone(), url)).await.unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

/// Go: TestClientHeadContentLength
/// Go: TestTransportHeadResponses
/// Go: TestTransportHeadChunkedResponse
/// Go: TestTransportConnectionCloseOnResponse
/// Go: TestChunkedResponseHeaders
/// Go: Test304Responses
#[test]
fn each_framing_gives_its_body_and_the_connection_lives_on_where_it_may() {
    for case in cases() {
        on_sockets(async |stage| {
            let origin = stage.origin(Router::new().at("/", case.reply.clone()));
            let client = stage.client();
            for _ in 0..2 {
                let mut response = ask(&client, &case, &origin.url("/")).await;
                let looks = (response.content_length, response.chunked);
                assert_eq!(looks, (case.length, case.chunked), "{}", case.name);
                let declared = case.length.is_some() && !matches!(response.status, 204 | 304);
                assert_eq!(
                    response.header.contains_key("content-length"),
                    declared || case.names_length,
                    "{}",
                    case.name
                );
                let body = response.body.read_all().await.unwrap_or_else(|error| panic!("{}: {error}", case.name));
                assert_eq!(body, case.body, "{}", case.name);
                assert!(response.body.is_end(), "{}", case.name);
                assert_eq!(response.body.read_all().await.unwrap(), "", "{}: the end again", case.name);
            }
            assert_eq!(origin.stats().accepted, if case.kept { 1 } else { 2 }, "{}", case.name);
            stage.tasks_become(if case.kept { 3 } else { 1 }).await;
            let open = usize::from(case.kept);
            within(case.name, origin.until(|stats| stats.open == open)).await;
        });
    }
}

#[test]
fn the_same_body_comes_however_it_is_cut() {
    for (step, reply) in [
        (1, Reply::bytes(300).cut_every(1)),
        (7, Reply::bytes(10_000).cut_every(7)),
        (7, Reply::chunked(5_000, 100).cut_every(7)),
        (1, Reply::chunked(300, 13).trailer("X-Sum", "300").cut_every(1)),
        (1000, Reply::bytes(100_000).in_pieces(1000)),
        (4096, Reply::chunked(100_000, 4096).chunk_by_chunk()),
        (100, Reply::chunked(100_000, 100).end_mark(EndMark::Later).chunk_by_chunk()),
    ] {
        on_sockets(async |stage| {
            let origin = stage.origin(Router::new().at("/", reply));
            let client = stage.client();

            let all = fetch(&client, &origin.url("/")).await;
            assert_eq!(all, pattern(all.len()), "read_all");

            let mut response = client.get(&origin.url("/")).await.unwrap();
            let mut read = Vec::new();
            let mut buffer = vec![0; step];
            while let n @ 1.. = response.body.read(&mut buffer).await.unwrap() {
                read.extend_from_slice(&buffer[..n]);
            }
            assert_eq!(read, all, "AsyncRead, {step} bytes at a time");
            assert_eq!(response.body.read(&mut buffer).await.unwrap(), 0, "the end again");

            let mut response = client.get(&origin.url("/")).await.unwrap();
            let mut pieces = Vec::new();
            while let Some(piece) = response.body.piece().await {
                let piece = piece.unwrap();
                assert!(!piece.is_empty(), "an empty piece would be the end");
                pieces.extend_from_slice(&piece);
            }
            assert_eq!(pieces, all, "pieces");
            assert!(response.body.piece().await.is_none(), "the end again");
            assert_eq!(origin.stats().accepted, 1);
        });
    }
}

/// Go: TestStreamingGet
#[test]
fn each_piece_can_be_read_when_it_comes() {
    on_sockets(async |stage| {
        let piece = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let script = Script::new().await_request().send(head).await_gate("one").send(piece("one")).await_gate("three");
        let origin = stage.origin(script.send(piece("three")).await_gate("end").send("0\r\n\r\n").hold());
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        for word in ["one", "three"] {
            origin.open_gate(word);
            let mut read = vec![0; word.len()];
            response.body.read_exact(&mut read).await.unwrap();
            assert_eq!(read, word.as_bytes());
        }
        origin.open_gate("end");
        assert_eq!(response.body.read(&mut [0; 8]).await.unwrap(), 0);
    });
}

#[test]
fn five_mebibytes_arrive_byte_by_byte_the_same() {
    const SIZE: usize = 5 << 20;
    on_sockets(async |stage| {
        let sized = Reply::bytes(SIZE);
        let origin = stage.origin(Router::new().at("/sized", sized).at("/chunked", Reply::chunked(SIZE, 60_000)));
        let client = stage.client();
        for path in ["/sized", "/chunked"] {
            let body = fetch(&client, &origin.url(path)).await;
            assert!(body == pattern(SIZE), "{path}: {} bytes, not the ones that were sent", body.len());
            let mut response = client.get(&origin.url(path)).await.unwrap();
            let mut read = Vec::new();
            response.body.read_to_end(&mut read).await.unwrap();
            assert!(read == pattern(SIZE), "{path} by AsyncRead: {} bytes, not the ones that were sent", read.len());
        }
        assert_eq!(origin.stats().accepted, 1);
        assert_eq!(stage.settled().await, 3);
    });
}

/// Go: TestServerUndeclaredTrailers
#[test]
fn trailers_are_there_once_the_body_was_read_announced_or_not() {
    on_sockets(async |stage| {
        let announced = Reply::chunked(5, 5).trailer("X-Sum", "12").trailer("X-Who", "me");
        let wire =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\nX-Sum: 12\r\nX-Who: me\r\n\r\n";
        let origin = stage.origin(Script::new().answer(announced).await_request().send(wire).hold());
        let client = stage.client();
        for kind in ["announced", "not announced"] {
            let mut response = client.get(&origin.url("/")).await.unwrap();
            assert!(response.body.trailers().is_empty(), "{kind}: before the body was read");
            assert_eq!(response.body.read_all().await.unwrap(), "abcde", "{kind}");
            assert_eq!(response.body.trailers()["x-sum"], "12", "{kind}");
            assert_eq!(response.body.trailers()["x-who"], "me", "{kind}");
        }
        assert_eq!(origin.stats().accepted, 1);
    });
}

/// Go: TestTransportReading100Continue
#[test]
fn interim_responses_are_skipped_and_told() {
    on_sockets(async |stage| {
        let reply = Reply::bytes(5).interim(100, &[]).interim(103, &[("Link", "</a>")]);
        let origin = stage.origin(Router::new().at("/", reply));
        let client = stage.client();
        for _ in 0..3 {
            let mut response = client.get(&origin.url("/")).await.unwrap();
            assert_eq!(response.status, 200);
            assert!(!response.header.contains_key("link"));
            assert_eq!(response.body.read_all().await.unwrap(), pattern(5));
        }
        assert_eq!(origin.stats().accepted, 1);
        assert_eq!(stage.count(|event| matches!(event, Event::Got1xxResponse { code: 103 })), 3);
    });
}

/// Go: TestResponseBodyReadAfterClose
#[test]
fn reading_after_close_is_an_error_and_closing_twice_is_none() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(100)));
        let client = stage.patient_client();
        const CLOSED: &str = "http: read on closed response body";
        for read_first in [false, true] {
            let mut response = client.get(&origin.url("/")).await.unwrap();
            if read_first {
                response.body.read_all().await.unwrap();
            }
            response.body.close().await;
            response.body.close().await;
            assert_eq!(response.body.read_all().await.unwrap_err().to_string(), CLOSED, "{read_first}");
            assert_eq!(read_until_error(&mut response).await, (Vec::new(), CLOSED.into()), "{read_first}");
        }
    });
}

/// Cut bodies: what comes before the cut is the caller's, then comes the error, and it comes again.
async fn cut_body(stage: &Stage, script: Script, prefix: &str, text: &str) {
    let origin = stage.origin(script);
    let client = stage.client();
    let mut response = client.get(&origin.url("/")).await.unwrap();
    let (bytes, error) = read_until_error(&mut response).await;
    assert_eq!((&*String::from_utf8(bytes).unwrap(), &*error), (prefix, text));
    for _again in 0..2 {
        assert_eq!(response.body.read_all().await.unwrap_err().to_string(), text);
    }
    stage.exit(Exit::BodyReadError).await;
    stage.tasks_become(1).await;
    response.body.close().await;
    assert_eq!(response.body.read_all().await.unwrap_err().to_string(), "http: read on closed response body");
}

/// Go: TestResponseContentLengthShortBody
/// Go: TestH12_HandlerWritesTooLittle
#[test]
fn a_body_that_breaks_off_gives_what_came_and_then_unexpected_eof_for_good() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let sized = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    for (head, body, prefix, text) in [
        (sized, "half", "half", "unexpected EOF"),
        (sized, "", "", "unexpected EOF"),
        (chunked, "", "", "unexpected EOF"),
        (chunked, "5", "", "unexpected EOF"),
        (chunked, "5\r\nhel", "hel", "unexpected EOF"),
        (chunked, "5\r\nhello", "hello", "unexpected EOF"),
        (chunked, "5\r\nhello\r\n", "hello", "unexpected EOF"),
        (chunked, "5\r\nhello\r\n0\r\n", "hello", "http: unexpected EOF reading trailer"),
        (chunked, "5\r\nhello\r\n0\r\nX-Sum: 1", "hello", "http: suspiciously long trailer after chunked body"),
    ] {
        let script = || Script::new().await_request();
        on_sockets(async |stage| cut_body(stage, script().send(format!("{head}{body}")), prefix, text).await);
        if !body.is_empty() {
            on_sockets(async |stage| cut_body(stage, script().send(head).send(body), prefix, text).await);
        }
    }
}

/// Go: TestChunkInvalidInputs
#[test]
fn a_chunk_that_is_none_is_an_error_after_the_data_before_it() {
    for (body, prefix, text) in [
        ("zz\r\n", "", "invalid byte in chunk length"),
        ("\r\n", "", "empty hex number for chunk length"),
        ("5\n", "", "chunked line ends with bare LF"),
        ("5\r;x\r\n", "", "invalid CR in chunked line"),
        ("5\r\nhello\r\nzz\r\n", "hello", "invalid byte in chunk length"),
        ("5\r\nhelloxx", "hello", "malformed chunked encoding"),
        ("5\r\nhello\r\n0\r\nbad trailer\r\n\r\n", "hello", "malformed MIME header: missing colon: \"bad trailer\""),
    ] {
        let wire = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let script = Script::new().await_request().send(wire).hold();
        on_sockets(async |stage| cut_body(stage, script, prefix, text).await);
    }
}

/// Go: TestInterruptWithPanic
#[test]
fn a_reset_in_the_middle_of_a_body_gives_the_prefix_and_an_error() {
    on_sockets(async |stage| {
        let reply = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
        let origin = stage.origin(Script::new().await_request().send(reply).await_gate("read").reset());
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        let mut half = [0; 4];
        response.body.read_exact(&mut half).await.unwrap();
        origin.open_gate("read");
        let (rest, error) = read_until_error(&mut response).await;
        assert_eq!((&half, rest.len()), (b"half", 0));
        let peer = origin.stats().conns[0].peer.expect("TCP has addresses");
        assert_eq!(error, format!("read tcp {peer}->{}: read: connection reset by peer", origin.addr()));
        stage.tasks_become(1).await;
    });
}

/// Go: TestReuseRequest
#[test]
fn a_request_can_be_sent_twice() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(3)));
        let client = stage.patient_client();
        let mut post = request(Method::POST, &origin.url("/"));
        post.body = "hi".into();
        let again = post.try_clone().expect("bytes can be had again");
        for post in [post, again] {
            let mut response = client.do_request(post).await.unwrap();
            response.body.close().await;
            stage.settled().await;
        }
        assert_eq!(raw(&origin, 0), raw(&origin, 1));
        assert_eq!(origin.stats().accepted, 1);
    });
}

#[test]
fn the_default_client_is_one_for_the_whole_process() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let origin = TcpOrigin::start(Router::new().at("/", Reply::bytes(13))).unwrap();
        for _ in 0..2 {
            let mut response = client::get(&origin.url("/")).await.unwrap();
            assert_eq!(response.body.read_all().await.unwrap(), pattern(13));
        }
        drop(client::head(&origin.url("/")).await.unwrap());
        let text = HeaderValue::from_static("text/plain");
        let mut response = client::post(&origin.url("/"), text, "hi").await.unwrap();
        response.body.read_all().await.unwrap();
        assert_eq!(origin.stats().accepted, 1);
        client::default_client().close_idle_connections();
        within("the connection's end", origin.until(|stats| stats.open == 0)).await;
    });
}
