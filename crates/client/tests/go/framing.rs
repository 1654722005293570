//! Where a message ends, in both directions.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use client::{RequestBody, RequestTrailers, Response};
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use httptrace::Exit;
use origin::{Reply, Router, Script, TcpOrigin};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::streams::{Piece, Pieces, Puppet, Tap, Writes, client_of, client_tapped};
use crate::support::{on_sockets, read_until_error, request, within};

/// The request with this number, as the bytes that arrived.
fn raw(origin: &TcpOrigin, number: usize) -> String {
    let stats = origin.stats();
    let requests: Vec<_> = stats.conns.iter().flat_map(|conn| &conn.requests).collect();
    String::from_utf8(requests[number].raw().to_vec()).expect("the tests send text")
}

// Responses.

/// Go: TestTransportHeadResponses
#[test]
fn a_head_response_keeps_its_length_in_header_and_field_and_has_no_body() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(123)));
        let client = stage.client();
        for _ in 0..2 {
            let mut response = client.head(&origin.url("/")).await.unwrap();
            assert_eq!(response.header[CONTENT_LENGTH], "123");
            assert_eq!(response.content_length, Some(123));
            assert_eq!(response.body.read_all().await.unwrap(), "");
        }
        assert_eq!(origin.stats().accepted, 1);
    });
}

/// What a Go handler answers, as Go's server puts it on an HTTP/1.1 wire. (The other half of the comparison, HTTP/2, is
/// none of this client's.)
///
/// Go: TestH12_HeadContentLengthNoBody
/// Go: TestH12_HeadContentLengthLargeBody
/// Go: TestH12_200NoBody
/// Go: TestH2_304NoBody
/// Go: TestH2_404NoBody
/// Go: TestH12_SmallBody
/// Go: TestH12_FlushBeforeBody
/// Go: TestH12_Head_ExplicitLen
#[test]
fn what_gos_server_sends_is_read_as_go_reads_it() {
    let typed = "Content-Type: text/plain; charset=utf-8\r\n";
    let ok = "HTTP/1.1 200 OK\r\n";
    for (name, method, wire, status, length, chunked, body) in [
        ("HEAD, nothing written", Method::HEAD, format!("{ok}\r\n"), 200, None, false, ""),
        ("HEAD, 5 MB written", Method::HEAD, format!("{ok}{typed}\r\n"), 200, None, false, ""),
        ("HEAD, a length said", Method::HEAD, format!("{ok}Content-Length: 1235\r\n\r\n"), 200, Some(1235), false, ""),
        ("200, nothing", Method::GET, format!("{ok}Content-Length: 0\r\n\r\n"), 200, Some(0), false, ""),
        ("304", Method::GET, "HTTP/1.1 304 Not Modified\r\n\r\n".into(), 304, Some(0), false, ""),
        ("404", Method::GET, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into(), 404, Some(0), false, ""),
        (
            "small body",
            Method::GET,
            format!("{ok}Content-Length: 10\r\n{typed}\r\nsmall body"),
            200,
            Some(10),
            false,
            "small body",
        ),
        (
            "flush before body",
            Method::GET,
            format!("{ok}Transfer-Encoding: chunked\r\n\r\n3\r\nfoo\r\n0\r\n\r\n"),
            200,
            None,
            true,
            "foo",
        ),
    ] {
        on_sockets(async |stage| {
            let origin = stage.origin(Script::new().forever(Script::new().await_request().send(wire)));
            let client = stage.client();
            for _ in 0..2 {
                let mut response = client.do_request(request(method.clone(), &origin.url("/"))).await.unwrap();
                assert_eq!((response.status, response.proto), (status, (1, 1)), "{name}");
                assert_eq!((response.content_length, response.chunked), (length, chunked), "{name}");
                assert_eq!(response.body.read_all().await.unwrap(), body, "{name}");
            }
            assert_eq!(origin.stats().accepted, 1, "{name}: the connection is kept");
        });
    }
}

/// Go's server takes `Transfer-Encoding: identity` of a handler for "no coding", and ends the body with the connection.
///
/// Go: TestIdentityTransferEncoding
#[test]
fn an_identity_coding_of_a_go_handler_arrives_as_a_body_until_close() {
    on_sockets(async |stage| {
        let wire = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody";
        let origin = stage.origin(Script::new().await_request().expect_body("body").send(wire).close());
        let client = stage.client();
        let mut get = request(Method::GET, &origin.url("/"));
        get.body = "body".into();
        let mut response = client.do_request(get).await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap(), "body");
        origin.assert_ok();
        stage.tasks_become(1).await;
    });
}

/// A response as Go's table of `ReadResponse` describes it.
struct Read {
    raw: &'static str,
    method: Method,
    proto: (u8, u8),
    status: u16,
    reason: &'static str,
    header: &'static [(&'static str, &'static str)],
    close: bool,
    length: Option<u64>,
    chunked: bool,
    body: &'static [u8],
}

/// A 200 to a GET of HTTP/1.1 that keeps its connection and has neither header nor body.
const OK: Read = Read {
    raw: "",
    method: Method::GET,
    proto: (1, 1),
    status: 200,
    reason: "OK",
    header: &[],
    close: false,
    length: None,
    chunked: false,
    body: b"",
};

const GZIPPED: &str = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 23\r\nConnection: keep-alive\r\n\
                       Keep-Alive: timeout=7200\r\n\r\n\x1f";

/// Bytes of a gzip stream after its first; that is no text, so it is sent apart.
const GZIP_REST: &[u8] = b"\x8b\x08\x00\x00\x00\x00\x00\x00\x00s\xf3\xf7\x07\x00\xab'\xd4\x1a\x03\x00\x00\x00";

fn read_response_cases() -> Vec<Read> {
    vec![
        Read {
            raw: "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nBody here\n",
            proto: (1, 0),
            header: &[("connection", "close")],
            close: true,
            body: b"Body here\n",
            ..OK
        },
        Read { raw: "HTTP/1.1 200 OK\r\n\r\nBody here\n", close: true, body: b"Body here\n", ..OK },
        Read {
            raw: "HTTP/1.1 204 No Content\r\n\r\nBody should not be read!\n",
            status: 204,
            reason: "No Content",
            length: Some(0),
            ..OK
        },
        Read {
            raw: "HTTP/1.0 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nBody here\n",
            proto: (1, 0),
            header: &[("connection", "close"), ("content-length", "10")],
            close: true,
            length: Some(10),
            body: b"Body here\n",
            ..OK
        },
        Read {
            raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                  0a\r\nBody here\n\r\n09\r\ncontinued\r\n0\r\n\r\n",
            chunked: true,
            body: b"Body here\ncontinued",
            ..OK
        },
        Read {
            raw: "HTTP/1.0 200 OK\r\nTrailer: Content-MD5, Content-Sources\r\nContent-Length: 10\r\n\
                  Connection: close\r\n\r\nBody here\n",
            proto: (1, 0),
            header: &[("connection", "close"), ("content-length", "10"), ("trailer", "Content-MD5, Content-Sources")],
            close: true,
            length: Some(10),
            body: b"Body here\n",
            ..OK
        },
        Read {
            raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 10\r\n\r\n\
                  0a\r\nBody here\n\r\n0\r\n\r\n",
            chunked: true,
            body: b"Body here\n",
            ..OK
        },
        Read {
            raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            method: Method::HEAD,
            chunked: true,
            ..OK
        },
        Read {
            raw: "HTTP/1.0 200 OK\r\nContent-Length: 256\r\n\r\n",
            method: Method::HEAD,
            proto: (1, 0),
            header: &[("content-length", "256")],
            close: true,
            length: Some(256),
            ..OK
        },
        Read {
            raw: "HTTP/1.1 200 OK\r\nContent-Length: 256\r\n\r\n",
            method: Method::HEAD,
            header: &[("content-length", "256")],
            length: Some(256),
            ..OK
        },
        Read { raw: "HTTP/1.0 200 OK\r\n\r\n", method: Method::HEAD, proto: (1, 0), close: true, ..OK },
        Read {
            raw: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            header: &[("content-length", "0")],
            length: Some(0),
            ..OK
        },
        Read { raw: "HTTP/1.0 303 \r\n\r\n", proto: (1, 0), status: 303, reason: "", close: true, ..OK },
        Read { raw: "HTTP/1.0 303\r\n\r\n", proto: (1, 0), status: 303, reason: "", close: true, ..OK },
        Read {
            raw: "HTTP/1.1 206 Partial Content\nConnection: close\n\
                  Content-Type: multipart/byteranges; boundary=18a75608c8f47cef\n\nsome body",
            status: 206,
            reason: "Partial Content",
            header: &[("content-type", "multipart/byteranges; boundary=18a75608c8f47cef")],
            close: true,
            body: b"some body",
            ..OK
        },
        Read {
            raw: "HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain; charset=utf-8\r\nAccept-Ranges: bytes\r\n\
                  Content-Range: bytes 0-5/1862\r\nContent-Length: 6\r\n\r\nfoobar",
            status: 206,
            reason: "Partial Content",
            header: &[
                ("accept-ranges", "bytes"),
                ("content-length", "6"),
                ("content-range", "bytes 0-5/1862"),
                ("content-type", "text/plain; charset=utf-8"),
            ],
            length: Some(6),
            body: b"foobar",
            ..OK
        },
        Read {
            raw: "HTTP/1.1 200 OK\r\nContent-Length: 256\r\nConnection: keep-alive, close\r\n\r\n",
            method: Method::HEAD,
            header: &[("content-length", "256")],
            close: true,
            length: Some(256),
            ..OK
        },
        Read {
            raw: "HTTP/1.1 200 OK\r\nContent-Length: 256\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
            method: Method::HEAD,
            header: &[("content-length", "256")],
            close: true,
            length: Some(256),
            ..OK
        },
        Read {
            raw: "HTTP/1.0 200 OK\r\nTransfer-Encoding: bogus\r\n\r\nBody here\n",
            proto: (1, 0),
            close: true,
            body: b"Body here\n",
            ..OK
        },
        Read {
            raw: "HTTP/1.0 200 OK\r\nTransfer-Encoding: bogus\r\nContent-Length: 10\r\n\r\nBody here\n",
            proto: (1, 0),
            header: &[("content-length", "10")],
            close: true,
            length: Some(10),
            body: b"Body here\n",
            ..OK
        },
        Read {
            raw: GZIPPED,
            header: &[
                ("connection", "keep-alive"),
                ("content-encoding", "gzip"),
                ("content-length", "23"),
                ("keep-alive", "timeout=7200"),
            ],
            length: Some(23),
            body: b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00s\xf3\xf7\x07\x00\xab'\xd4\x1a\x03\x00\x00\x00",
            ..OK
        },
        Read {
            raw: "HTTP/1.0  401 Unauthorized\r\nContent-type: text/html\r\nWWW-Authenticate: Basic realm=\"\"\r\n\r\n\
                  Your Authentication failed.\r\n",
            proto: (1, 0),
            status: 401,
            reason: "Unauthorized",
            header: &[("content-type", "text/html"), ("www-authenticate", "Basic realm=\"\"")],
            close: true,
            body: b"Your Authentication failed.\r\n",
            ..OK
        },
    ]
}

/// The table has one row more in Go: a response without a request, which is read as that of a GET.
///
/// Go: TestReadResponse
#[test]
fn each_response_of_gos_table_has_gos_fields_and_body() {
    for (number, case) in read_response_cases().into_iter().enumerate() {
        on_sockets(async |stage| {
            let rest = if case.raw == GZIPPED { GZIP_REST } else { b"" };
            let wire = [case.raw.as_bytes(), rest].concat();
            let origin = stage.origin(Script::new().await_request().send(wire).half_close().hold());
            // Go's table is about reading a response, without a transport that has asked for gzip.
            let client = stage.client_with(|config| config.disable_compression = true);
            let mut response = client.do_request(request(case.method.clone(), &origin.url("/"))).await.unwrap();
            let Response { status, proto, close, content_length, chunked, .. } = response;
            assert_eq!((status, response.reason(), proto), (case.status, case.reason, case.proto), "#{number}");
            assert_eq!((close, content_length, chunked), (case.close, case.length, case.chunked), "#{number}");
            let mut header: Vec<(&str, &str)> =
                response.header.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
            header.sort_unstable();
            assert_eq!(header, case.header, "#{number}");
            assert_eq!(response.body.read_all().await.unwrap(), case.body, "#{number}");
            stage.tasks_become(1).await;
        });
    }
}

/// Go: TestTrailersServerToClient
#[test]
fn trailer_names_are_known_before_the_body_and_values_after_it() {
    on_sockets(async |stage| {
        let wire = "HTTP/1.1 200 OK\r\nTrailer: Server-Trailer-A, Server-Trailer-B\r\nTrailer: Server-Trailer-C\r\n\
                    Content-Type: text/plain; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n\
                    9\r\nSome body\r\n0\r\nServer-Trailer-A: valuea\r\nServer-Trailer-C: valuec\r\n\r\n";
        let origin = stage.origin(Script::new().await_request().send(wire).hold());
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        assert_eq!(response.content_length, None);
        let names: Vec<&HeaderName> = response.header.keys().collect();
        assert_eq!(names, ["content-type"], "neither the coding nor the names of trailers are header fields");
        assert_eq!(response.announced_trailers, ["server-trailer-a", "server-trailer-b", "server-trailer-c"]);
        assert!(response.body.trailers().is_empty(), "before the body was read");
        assert_eq!(response.body.read_all().await.unwrap(), "Some body");
        let trailers: Vec<(&str, &str)> =
            response.body.trailers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(trailers, [("server-trailer-a", "valuea"), ("server-trailer-c", "valuec")]);
    });
}

/// Go: TestChunkReadPartial
#[test]
fn data_of_a_chunk_is_there_before_its_line_end_which_is_looked_at_after_it() {
    on_sockets(async |stage| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n1234567";
        let origin = stage.origin(Script::new().await_request().send(head).await_gate("read").send("xx").hold());
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        let mut data = [0; 7];
        within("the data", response.body.read_exact(&mut data)).await.unwrap();
        assert_eq!(&data, b"1234567");
        origin.open_gate("read");
        assert_eq!(read_until_error(&mut response).await, (Vec::new(), "malformed chunked encoding".into()));
        stage.tasks_become(1).await;
    });
}

/// Go: TestChunkEndReadError
#[test]
fn an_error_of_the_stream_at_the_end_of_a_chunk_is_shown_as_it_is() {
    on_sockets(async |stage| {
        let client = client_of(stage, || {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd";
            Puppet::new([Ok(head), Err(io::Error::other("chunk end read error"))])
        });
        let mut response = client.get("http://puppet.test/").await.unwrap();
        assert_eq!(read_until_error(&mut response).await, (b"abcd".to_vec(), "chunk end read error".into()));
        stage.tasks_become(1).await;
    });
}

// Requests.

/// Go: TestClientWrites
#[test]
fn a_get_and_a_small_post_are_one_write_each() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let writes = Arc::new(Writes::default());
        let client = client_tapped(stage, &writes);
        drop(client.get(&origin.url("/")).await.unwrap());
        assert_eq!(writes.take().len(), 1);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        drop(client.post(&origin.url("/"), form, "foo=bar").await.unwrap());
        let post = writes.take();
        assert_eq!(post.len(), 1);
        assert!(post[0].ends_with("\r\n\r\nfoo=bar"), "{post:?}");
    });
}

/// Go: TestTransportFlushesBodyChunks
#[test]
fn the_head_and_each_chunk_are_a_write_of_their_own() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().answer(Reply::bodyless(204).connection_close()));
        let writes = Arc::new(Writes::default());
        let client = client_tapped(stage, &writes);
        let mut post = request(Method::POST, &origin.url("/"));
        post.header.insert("user-agent", HeaderValue::from_static("x"));
        post.body = RequestBody::reader(Pieces::data(&["num0\n", "num1\n", "num2\n"]), None);
        assert_eq!(client.do_request(post).await.unwrap().status, 204);
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nUser-Agent: x\r\nTransfer-Encoding: chunked\r\nAccept-Encoding: gzip\r\n\r\n",
            origin.addr()
        );
        let wanted = [&*head, "5\r\nnum0\n\r\n", "5\r\nnum1\n\r\n", "5\r\nnum2\n\r\n", "0\r\n\r\n"];
        assert_eq!(writes.take(), wanted);
        stage.tasks_become(1).await;
    });
}

/// Go: TestTrailersClientToServer
#[test]
fn request_trailers_are_announced_and_may_be_set_while_the_body_is_read() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let client = stage.client();
        let fields: Arc<Mutex<HeaderMap>> = Arc::default();
        let set = |name: &'static str, value: &'static str| {
            let fields = Arc::clone(&fields);
            Piece::Call(Box::new(move || {
                fields.lock().unwrap().insert(name, HeaderValue::from_static(value));
            }))
        };
        let pieces =
            Pieces::new([set("client-trailer-a", "valuea"), Piece::Data("foo"), set("client-trailer-b", "valueb")]);
        let mut post = request(Method::POST, &origin.url("/"));
        post.body = RequestBody::reader(pieces, None);
        let names = ["client-trailer-b", "client-trailer-a"].map(HeaderName::from_static);
        let values = Arc::clone(&fields);
        post.trailers = Some(RequestTrailers::new(names, move || values.lock().unwrap().clone()));
        drop(client.do_request(post).await.unwrap());
        let raw = raw(&origin, 0);
        assert!(raw.contains("\r\nTrailer: Client-Trailer-A,Client-Trailer-B\r\n"), "{raw}");
        let body = "\r\n\r\n3\r\nfoo\r\n0\r\nClient-Trailer-A: valuea\r\nClient-Trailer-B: valueb\r\n\r\n";
        assert!(raw.ends_with(body), "{raw}");
    });
}

/// Go: TestH12_RequestContentLength_Known_Zero
#[test]
fn a_post_without_a_body_says_that_its_length_is_zero() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let client = stage.client();
        drop(client.do_request(request(Method::POST, &origin.url("/"))).await.unwrap());
        let raw = raw(&origin, 0);
        assert!(raw.contains("\r\nContent-Length: 0\r\n") && raw.ends_with("\r\n\r\n"), "{raw}");
    });
}

/// Which bodies are announced, and how.
///
/// Go: TestRequestWriteTransport
#[test]
fn a_request_announces_the_body_that_it_has() {
    fn unknown(pieces: &[&'static str]) -> RequestBody {
        RequestBody::reader(Pieces::data(pieces), None)
    }
    const CHUNKED: &str = "\r\nTransfer-Encoding: chunked\r\n";
    for (name, method, body, wanted) in [
        ("GET without a body", Method::GET, RequestBody::Empty, &[][..]),
        ("GET of an empty body whose length is said", Method::GET, RequestBody::reader(&b""[..], Some(0)), &[]),
        ("GET of an empty body whose length is not said", Method::GET, unknown(&[]), &[]),
        (
            "GET of a body whose length is said",
            Method::GET,
            RequestBody::reader(&b"foobody"[..], Some(7)),
            &["\r\nContent-Length: 7\r\n", "\r\n\r\nfoobody"],
        ),
        (
            "GET of a body whose length is not said",
            Method::GET,
            unknown(&["f", "oobody"]),
            &[CHUNKED, "\r\n1\r\nf\r\n", "oobody"],
        ),
        ("POST of a body whose length is not said", Method::POST, unknown(&["foobody"]), &[CHUNKED, "foobody"]),
        ("POST of an empty body whose length is not said", Method::POST, unknown(&[]), &[CHUNKED]),
    ] {
        on_sockets(async |stage| {
            let origin = stage.origin(Router::new().at("/", Reply::empty()));
            let client = stage.client();
            let mut asked = request(method, &origin.url("/"));
            asked.body = body;
            drop(client.do_request(asked).await.unwrap());
            let raw = raw(&origin, 0);
            for part in wanted {
                assert!(raw.contains(part), "{name}: {part:?} in {raw}");
            }
            let announced = raw.contains("Content-Length: ") || raw.contains("Transfer-Encoding: ");
            assert_eq!(announced, !wanted.is_empty(), "{name}: {raw}");
        });
    }
}

/// The look at the first byte has a limit of 200 ms.
///
/// Go: TestProbeZeroLengthBody
/// Go: TestRequestWriteTransport
#[test]
fn a_get_whose_body_takes_its_time_is_sent_before_the_body_is_there() {
    on_sockets(async |stage| {
        let script = Script::new().await_head().reached("asked").await_body();
        let origin = stage.origin(script.expect_body("body").reply(Reply::body("body")).hold());
        let client = stage.client();
        let (mut source, body) = tokio::io::duplex(64);
        let mut get = request(Method::GET, &origin.url("/"));
        get.body = RequestBody::reader(body, None);
        let (response, ()) = tokio::join!(client.do_request(get), async {
            origin.reached("asked").await;
            source.write_all(b"body").await.unwrap();
            drop(source);
        });
        assert_eq!(response.unwrap().body.read_all().await.unwrap(), "body");
        assert!(raw(&origin, 0).contains("\r\nTransfer-Encoding: chunked\r\n"));
        origin.assert_ok();
    });
}

/// Lets twenty bytes go with each write, and fails one of the writes.
struct Failing {
    writes: AtomicUsize,
    bad: usize,
}

impl Tap for Failing {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.writes.fetch_add(1, Ordering::SeqCst) == self.bad {
            true => Err(io::Error::other("fake write failure")),
            false => Ok(bytes.len().min(20)),
        }
    }
}

/// Differs from Go: there a plain writer sees four writes for a simple request; here the head is one buffer, which goes
/// in one write if the stream takes it (see `a_get_and_a_small_post_are_one_write_each`).
///
/// Go: TestRequestWriteError
#[test]
fn whichever_write_fails_its_error_is_returned() {
    let mut good = 0;
    for bad in 0..10 {
        on_sockets(async |stage| {
            let origin = stage.origin(Router::new().at("/", Reply::empty()));
            let tap = Arc::new(Failing { writes: AtomicUsize::new(0), bad });
            let client = client_tapped(stage, &tap);
            let result = client.get(&origin.url("/")).await;
            let writes = tap.writes.load(Ordering::SeqCst);
            match result {
                Err(error) => {
                    assert!(error.to_string().ends_with(": fake write failure"), "{error}");
                    assert_eq!(writes, bad + 1, "no write follows the one that failed");
                    stage.tasks_become(1).await;
                }
                Ok(_) => {
                    assert!(writes <= bad, "write {bad} failed and nobody was told");
                    good += 1;
                }
            }
        });
    }
    assert!((1..=8).contains(&good), "both happen: {good} of 10 succeeded");
}

// A response before the end of the request.

/// Go: TestIssue3595
#[test]
fn an_answer_to_a_body_that_never_ends_is_returned() {
    on_sockets(async |stage| {
        let denied = "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 14\r\n\r\nsorry, denied.";
        let origin = stage.origin(Script::new().await_head().send(denied).half_close().hold());
        let client = stage.client();
        let mut post = request(Method::POST, &origin.url("/"));
        post.body = RequestBody::reader(tokio::io::repeat(b'a'), None);
        let mut response = client.do_request(post).await.unwrap();
        assert_eq!(response.status, 401);
        assert_eq!(response.body.read_all().await.unwrap(), "sorry, denied.");
        stage.tasks_become(1).await;
    });
}

/// Go's server stops reading, too, and leaves the connection open for a while so that its answer is not lost.
///
/// Go: TestTransportPrefersResponseOverWriteError
#[test]
fn an_early_400_is_returned_a_hundred_times_out_of_a_hundred() {
    const SIZE: usize = 2 << 20;
    on_sockets(async |stage| {
        let bad = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        let origin = stage.origin(Script::new().await_head().send(bad).half_close().stall());
        let client = stage.client();
        for round in 0..100 {
            let mut put = request(Method::PUT, &origin.url("/"));
            put.body = vec![b'a'; SIZE].into();
            assert_eq!(within("a request", client.do_request(put)).await.unwrap().status, 400, "round {round}");
        }
        stage.tasks_become(1).await;
    });
}

/// Go: TestTransportPrefersResponseOverWriteError
#[test]
fn a_response_wins_over_a_write_error_of_the_same_instant() {
    on_sockets(async |stage| {
        let bad = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        let client = client_of(stage, move || Puppet::new([Ok(bad)]).taking(1000));
        for round in 0..100 {
            let mut put = request(Method::PUT, "http://puppet.test/");
            put.body = vec![b'a'; 5000].into();
            assert_eq!(client.do_request(put).await.unwrap().status, 400, "round {round}");
            stage.tasks_become(1).await;
        }
        stage.exit(Exit::WriteError).await;
    });
}
