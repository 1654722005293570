//! Bodies: read to the end, closed before it, cut off; and let go exactly once.

use client::{EarlyClose, RequestBody};
use http::Method;
use http::header::{HeaderName, HeaderValue};
use httptrace::Exit;
use origin::{Reply, Router, Script, pattern};
use tokio::io::AsyncReadExt;

use super::streams::Uses;
use crate::support::{BOUND, fetch, give_up_once, on_sockets, open_becomes, request};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

// A request's body.

/// Go: TestTransportClosesRequestBody
#[test]
fn a_request_body_is_let_go_exactly_once() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let client = stage.client();
        let uses = Uses::default();
        let text = HeaderValue::from_static("text/plain");
        let body = RequestBody::reader(uses.of(&b"hello"[..]), None);
        client.post(&origin.url("/"), text, body).await.unwrap().body.close().await;
        stage.settled().await;
        assert_eq!(uses.drops(), 1);
    });
}

/// Go: TestRequestWriteClosesBody
#[test]
fn a_body_that_was_sent_in_chunks_is_let_go() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let client = stage.client();
        let uses = Uses::default();
        let mut post = request(Method::POST, &origin.url("/"));
        post.body = RequestBody::reader(uses.of(&b"my body"[..]), None);
        drop(client.do_request(post).await.unwrap());
        stage.settled().await;
        assert_eq!(uses.drops(), 1);
        let wanted = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nUser-Agent: Go-http-client/1.1\r\nTransfer-Encoding: chunked\r\n\
             Accept-Encoding: gzip\r\n\r\n\
             7\r\nmy body\r\n0\r\n\r\n",
            origin.addr()
        );
        assert_eq!(origin.stats().conns[0].requests[0].raw(), wanted.as_bytes());
    });
}

/// Go: TestClientCallsCloseOnlyOnce
#[test]
fn a_body_is_let_go_once_also_when_the_answer_comes_before_its_end() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().forever(Script::new().await_head().reply(Reply::bodyless(204))));
        let client = stage.client();
        for round in 0..50 {
            let uses = Uses::default();
            let mut post = request(Method::POST, &origin.url("/"));
            post.body = RequestBody::reader(uses.of(tokio::io::repeat(b'x').take(256 << 10)), None);
            assert_eq!(client.do_request(post).await.unwrap().status, 204, "round {round}");
            stage.settled().await;
            assert_eq!(uses.drops(), 1, "round {round}");
        }
    });
}

/// Of Go's six kinds the types leave two that a body can be given to; the other four cannot be built.
///
/// Go: TestTransportClosesBodyOnInvalidRequests
#[test]
fn a_request_that_cannot_be_sent_lets_its_body_go_and_says_why() {
    on_sockets(async |stage| {
        let client = stage.client();
        let uses = Uses::default();
        let mut post = request(Method::POST, "faux://host/");
        post.body = RequestBody::reader(uses.of(&b"hello"[..]), None);
        let error = client.do_request(post).await.expect_err("a scheme that nobody speaks");
        assert!(error.to_string().ends_with(r#"unsupported protocol scheme "faux""#), "{error}");
        assert_eq!((uses.drops(), uses.reads()), (1, 0));

        let uses = Uses::default();
        let body = RequestBody::reader(uses.of(&b"hello"[..]), None);
        let text = HeaderValue::from_static("text/plain");
        let error = client.post("http:///", text, body).await.expect_err("no host");
        assert!(error.to_string().ends_with("no Host in request URL"), "{error}");
        assert_eq!((uses.drops(), uses.reads()), (1, 0));

        assert!(Method::from_bytes(b" ").is_err(), "invalid method");
        assert!(HeaderName::from_bytes("💡".as_bytes()).is_err(), "invalid header key");
        assert!(HeaderValue::from_bytes(b"\x19").is_err(), "invalid header value");
        assert_eq!(stage.settled().await, 1);
    });
}

// A response's body.

/// What happens to a body whose server still owes its end mark.
struct Case {
    name: &'static str,
    read: Reading,
    close_after_read: bool,
    truncate: bool,
    reuse: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Reading {
    /// A read waits and is given up, then the body is closed. Go closes while another goroutine reads; here the
    /// compiler wants the read to be over (see `body_signal`).
    GivenUpThenClosed,
    /// The body is closed unread.
    ClosedUnread,
    /// A read waits until the server has said more.
    Waiting,
}

/// Go: TestTransportResponseBodyDrainReadAndClose
#[test]
fn a_read_that_waits_and_a_close_leave_the_connection_as_the_end_of_the_body_decides() {
    use Reading::{ClosedUnread, GivenUpThenClosed, Waiting};
    let case = |name, read, close_after_read, truncate: bool| {
        let reuse = !truncate;
        Case { name, read, close_after_read, truncate, reuse }
    };
    for case in [
        case("early close while a read waits, then the end", GivenUpThenClosed, false, false),
        case("early close while a read waits, then the end of the connection", GivenUpThenClosed, false, true),
        case("a read that ends unexpectedly", Waiting, false, true),
        case("a read that ends unexpectedly, then close", Waiting, true, true),
        case("early close without a read", ClosedUnread, false, false),
        case("read all, then close", Waiting, true, false),
    ] {
        on_sockets(async |stage| {
            let script = Script::new().await_request().send(CHUNKED).await_gate("end");
            let origin = stage.origin(match case.truncate {
                true => script.half_close().hold(),
                false => script.send("0\r\n\r\n").answer(Reply::empty()).hold(),
            });
            let client = stage.patient_client();
            let mut response = client.get(&origin.url("/")).await.unwrap();
            match case.read {
                GivenUpThenClosed => {
                    give_up_once(response.body.piece(), async {
                        stage.settled().await;
                    })
                    .await;
                    response.body.close().await;
                    origin.open_gate("end");
                }
                ClosedUnread => {
                    response.body.close().await;
                    origin.open_gate("end");
                }
                Waiting => {
                    let (read, ()) = tokio::join!(response.body.read_all(), async {
                        stage.settled().await;
                        origin.open_gate("end");
                    });
                    let read = read.map_err(|error| error.to_string());
                    let wanted = if case.truncate { Err("unexpected EOF".to_owned()) } else { Ok("".into()) };
                    assert_eq!(read, wanted, "{}", case.name);
                }
            }
            if case.close_after_read {
                // That it returns is all: Go's returns nil, and not the error of the read once more.
                response.body.close().await;
            }
            if case.reuse {
                stage.settled().await;
                assert_eq!(client.transport().pool_census().idle, 1, "{}", case.name);
                fetch(&client, &origin.url("/next")).await;
                assert_eq!((origin.stats().accepted, origin.stats().requests), (1, 2), "{}", case.name);
            } else {
                stage.tasks_become(1).await;
                open_becomes(&origin, 0).await;
            }
        });
    }
}

/// Go's third case, a compressed body, is on the wire what the second is: bytes without a pattern in chunks.
///
/// Go: TestReadResponseCloseInMiddle
#[test]
fn closing_a_body_in_its_middle_reads_up_to_the_next_message() {
    const SIZE: usize = 1_000_000;
    let mut noise: u32 = 1;
    let mut next = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    };
    let noise: Vec<u8> = (0..SIZE).map(|_| next()).collect();
    for (reply, length) in [
        (Reply::bytes(SIZE), Some(SIZE as u64)),
        (Reply::chunked(SIZE, 1000), None),
        (Reply::chunked_body(noise.clone(), 1000), None),
    ] {
        on_sockets(async |stage| {
            let wire = reply.to_bytes();
            let whole = wire.len();
            // The next message follows at once, in the same pieces.
            let origin = stage.origin(
                Script::new().await_request().send(wire).await_request().send(Reply::body("next").to_bytes()).hold(),
            );
            let client = stage.client_with(|config| {
                config.early_close = EarlyClose::Drain { bytes: 2 * SIZE as u64, time: BOUND };
            });
            let mut response = client.get(&origin.url("/")).await.unwrap();
            assert_eq!(response.content_length, length);
            let mut some = vec![0; 2500];
            response.body.read_exact(&mut some).await.unwrap();
            assert!(some == pattern(2500) || some == noise[..2500]);
            response.body.close().await;
            stage.exit(Exit::BodyClosedEarlyDrained).await;
            assert_eq!(fetch(&client, &origin.url("/")).await, "next");
            assert_eq!(origin.stats().accepted, 1, "all {whole} bytes were read");
        });
    }
}

/// Go: TestBodyReadBadTrailer
#[test]
fn a_bad_trailer_is_an_error_for_ever_after_all_the_data() {
    on_sockets(async |stage| {
        let wire = format!("{CHUNKED}6\r\nfoobar\r\n0\r\n");
        let origin = stage.origin(Script::new().await_request().send(wire).close());
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        let mut buffer = [0; 7];
        assert_eq!(response.body.read(&mut buffer[..3]).await.unwrap(), 3);
        assert_eq!(&buffer[..3], b"foo");
        assert_eq!(response.body.read(&mut buffer).await.unwrap(), 3);
        assert_eq!(&buffer[..3], b"bar");
        for _for_ever in 0..3 {
            let text = response.body.read(&mut buffer).await.unwrap_err().to_string();
            assert_eq!(text, "http: unexpected EOF reading trailer");
        }
        stage.tasks_become(1).await;
    });
}

/// A read of Rust's cannot give data and the end at once. That the end is known without one more read shows in the
/// body, and in the connection being back.
///
/// Go: TestFinalChunkedBodyReadEOF
#[test]
fn the_end_of_a_chunked_body_comes_with_its_last_data() {
    on_sockets(async |stage| {
        let wire = format!("{CHUNKED}0a\r\nBody here\n\r\n09\r\ncontinued\r\n0\r\n\r\n");
        let origin = stage.origin(Script::new().await_request().send(wire).hold());
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        let mut body = [0; 19];
        response.body.read_exact(&mut body).await.unwrap();
        assert_eq!(&body, b"Body here\ncontinued");
        assert!(response.body.is_end());
        assert_eq!(client.transport().pool_census().idle, 1);
    });
}
