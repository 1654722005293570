//! gzip that the transport asks for on its own, and takes off again.

use std::io::Write as _;

use client::Request;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;
use http::header::{ACCEPT_ENCODING, HeaderValue};
use origin::{Reply, Router, Script, pattern};
use tokio::io::AsyncReadExt;

use crate::support::{Stage, give_up_once, on_sockets, open_becomes, request, within};

const TEXT: &[u8] = b"The test string aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// Bytes that hardly compress.
fn noise(n: usize) -> Vec<u8> {
    let mut state: u64 = 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(n).collect()
}

fn accepting(url: &str, accept: &'static str) -> Request {
    let mut get = request(Method::GET, url);
    if !accept.is_empty() {
        get.header.insert(ACCEPT_ENCODING, HeaderValue::from_static(accept));
    }
    get
}

/// Go: TestRoundTripGzip
#[test]
fn gzip_is_asked_for_and_taken_off_only_when_the_caller_has_not_said_what_it_takes() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().with("/", |asked| match asked.header("Accept-Encoding") {
            Some("gzip") => Reply::body(gzip(TEXT)).header("Content-Encoding", "gzip"),
            other => Reply::body(TEXT).header("Content-Encoding", other.unwrap_or_default()),
        }));
        let client = stage.client();
        for (accept, asked, wanted) in
            [("", "gzip", TEXT.to_vec()), ("foo", "foo", TEXT.to_vec()), ("gzip", "gzip", gzip(TEXT))]
        {
            let mut get = accepting(&origin.url("/"), accept);
            let before = get.header.clone();
            let mut response = client.transport().send(&mut get).await.unwrap();
            assert_eq!(response.body.read_all().await.unwrap(), wanted, "{accept:?}");
            assert_eq!(get.header, before, "{accept:?}: the caller's own fields stay as they are");
            let coding = response.header.get("content-encoding").map_or("", |value| value.to_str().unwrap());
            assert_eq!(coding, accept, "what was taken off is not told");
            assert_eq!(response.uncompressed, accept.is_empty());
            let stats = origin.stats();
            assert_eq!(stats.conns[0].requests.last().unwrap().header("accept-encoding"), Some(asked));
        }
    });
}

/// Go: TestTransportGzip
#[test]
fn a_compressed_body_is_read_in_part_closed_and_read_whole() {
    on_sockets(async |stage| {
        let large = gzip(&[TEXT, &noise(1 << 20)].concat());
        let small = gzip(TEXT);
        let coded = |reply: Reply| reply.header("Content-Encoding", "gzip");
        let origin = stage.origin(
            Router::new()
                .at("/large", coded(Reply::body(large.clone())))
                .at("/large/chunked", coded(Reply::chunked_body(large, 4096)))
                .at("/small", coded(Reply::body(small.clone())))
                .at("/small/chunked", coded(Reply::chunked_body(small, 7)))
                .at("/head", Reply::bytes(13)),
        );
        let client = stage.client();
        for chunked in ["", "/chunked"] {
            let mut response = client.get(&origin.url(&format!("/large{chunked}"))).await.unwrap();
            let mut part = vec![0; TEXT.len()];
            response.body.read_exact(&mut part).await.unwrap();
            assert_eq!(part, TEXT);
            response.body.close().await;
            let error = response.body.read(&mut part).await.expect_err("closed");
            assert_eq!(error.to_string(), "http: read on closed response body");

            let mut response = client.get(&origin.url(&format!("/small{chunked}"))).await.unwrap();
            assert_eq!(response.header.get("content-encoding"), None);
            assert_eq!((response.content_length, response.header.get("content-length")), (None, None));
            assert_eq!(response.body.read_all().await.unwrap(), TEXT);
            assert_eq!(response.body.read(&mut part).await.unwrap(), 0, "the end stays the end");
            response.body.close().await;
            let error = response.body.read(&mut part).await.expect_err("closed");
            assert_eq!(error.to_string(), "http: read on closed response body");
        }
        assert_eq!(client.head(&origin.url("/head")).await.unwrap().status, 200);
        for asked in origin.stats().conns.iter().flat_map(|conn| &conn.requests) {
            let wanted = if asked.method() == "HEAD" { None } else { Some("gzip") };
            assert_eq!(asked.header("accept-encoding"), wanted, "{}", asked.line());
        }
    });
}

/// Go's body is a gzip that decompresses to itself; here one that was compressed twice. Both tell how often it is done.
///
/// Go: TestTransportGzipRecursive
#[test]
fn one_layer_of_gzip_is_taken_off_and_no_more() {
    on_sockets(async |stage| {
        let inner = gzip(TEXT);
        let origin = stage.origin(Router::new().at("/", Reply::body(gzip(&inner)).header("Content-Encoding", "gzip")));
        let mut response = stage.client().get(&origin.url("/")).await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap(), inner);
        assert_eq!(response.header.get("content-encoding"), None);
    });
}

/// Go: TestTransportGzipShort
#[test]
fn a_compressed_body_that_breaks_off_is_an_unexpected_end() {
    on_sockets(async |stage| {
        let origin =
            stage.origin(Router::new().at("/", Reply::body(vec![0x1f, 0x8b]).header("Content-Encoding", "gzip")));
        let mut response = stage.client().get(&origin.url("/")).await.unwrap();
        let error = response.body.read_all().await.expect_err("two bytes are no gzip");
        assert_eq!(error, persistconn::Error::UnexpectedEof);
    });
}

/// In Go one goroutine may close the body in which another one reads. Here whoever reads has the body for himself, so the
/// read is given up first, in the middle of its wait.
///
/// Go: TestTransportGzipConcurrentCloseAndRead
#[test]
fn a_read_that_waits_inside_the_decompressor_can_be_given_up_and_the_body_closed() {
    on_sockets(async |stage| {
        let origin = stage.origin(
            Script::new()
                .await_head()
                .send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
                .hold(),
        );
        let client = stage.client_with(|config| config.disable_keep_alives = true);
        let mut response = client.get(&origin.url("/")).await.unwrap();
        let mut buf = [0; 10];
        give_up_once(response.body.read(&mut buf), std::future::ready(())).await;
        within("the close", response.body.close()).await;
        let error = response.body.read(&mut buf).await.expect_err("closed");
        assert_eq!(error.to_string(), "http: read on closed response body");
        open_becomes(&origin, 0).await;
    });
}

/// Go: TestTransportContentEncodingCaseInsensitive
#[test]
fn the_name_of_the_coding_is_read_in_any_case() {
    on_sockets(async |stage| {
        let coded = |name| Reply::body(gzip(b"Hello Gopher")).header("Content-Encoding", name);
        let origin = stage.origin(Router::new().at("/gzip", coded("gzip")).at("/GZIP", coded("GZIP")));
        let client = stage.client();
        for path in ["/gzip", "/GZIP"] {
            let mut response = client.get(&origin.url(path)).await.unwrap();
            assert_eq!(response.body.read_all().await.unwrap(), &b"Hello Gopher"[..], "{path}");
        }
    });
}

/// Go: TestTransportReuseConnection_Gzip_Chunked
#[test]
fn reading_exactly_what_was_compressed_gives_the_connection_back_when_it_came_in_chunks() {
    on_sockets(async |stage| reading_exactly_is_enough(stage, |gzip| Reply::chunked_body(gzip, 4096)).await);
}

/// Go: TestTransportReuseConnection_Gzip_ContentLength
#[test]
fn reading_exactly_what_was_compressed_gives_the_connection_back_when_its_length_was_told() {
    on_sockets(async |stage| reading_exactly_is_enough(stage, Reply::body).await);
}

async fn reading_exactly_is_enough(stage: &Stage, reply: fn(Vec<u8>) -> Reply) {
    for plain in [TEXT.to_vec(), noise(3000), pattern(200_000).to_vec()] {
        let origin = stage.origin(Router::new().at("/", reply(gzip(&plain)).header("Content-Encoding", "gzip")));
        let client = stage.client();
        for _ in 0..2 {
            let mut response = client.get(&origin.url("/")).await.unwrap();
            let mut buf = vec![0; plain.len()];
            response.body.read_exact(&mut buf).await.unwrap();
            assert_eq!(buf, plain);
        }
        assert_eq!(origin.stats().conns.len(), 1, "{} bytes: one connection", plain.len());
    }
}

/// Go: TestH12_AutoGzip_Disabled
#[test]
fn with_compression_disabled_nothing_is_asked_for() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(13)));
        let client = stage.client_with(|config| config.disable_compression = true);
        client.get(&origin.url("/")).await.unwrap().body.read_all().await.unwrap();
        assert_eq!(origin.stats().conns[0].requests[0].header("accept-encoding"), None);
    });
}
