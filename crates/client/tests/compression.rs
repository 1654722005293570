//! gzip beyond what Go's own tests ask: streams that are none, connections behind them, and bombs.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;
use http::header::{HeaderValue, RANGE};
use origin::{Reply, Router};
use tokio::io::AsyncReadExt;

use crate::support::{on_sockets, read_until_error, request};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn coded(body: Vec<u8>) -> Reply {
    Reply::body(body).header("Content-Encoding", "gzip")
}

#[test]
fn what_is_no_gzip_reads_like_go() {
    let whole = gzip(b"Hello, world!");
    let n = whole.len();
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        bytes
    };
    let cases = [
        ("plain text", b"Hello, world!, this is no gzip".to_vec(), "", "gzip: invalid header"),
        ("another method", changed(2), "", "gzip: invalid header"),
        ("another checksum", changed(n - 8), "Hello, world!", "gzip: invalid checksum"),
        ("another length", changed(n - 1), "Hello, world!", "gzip: invalid checksum"),
        ("cut in its header", whole[..5].to_vec(), "", "unexpected EOF"),
        ("cut in its data", whole[..n - 10].to_vec(), "Hello, world", "unexpected EOF"),
        ("cut in its checksum", whole[..n - 3].to_vec(), "Hello, world!", "unexpected EOF"),
        ("more behind it", [&whole[..], b"garbage, and more"].concat(), "Hello, world!", "gzip: invalid header"),
    ];
    on_sockets(async |stage| {
        for (name, bytes, shown, wanted) in cases {
            let origin = stage.origin(Router::new().at("/", coded(bytes)));
            let mut response = stage.client().get(&origin.url("/")).await.unwrap();
            let (read, error) = read_until_error(&mut response).await;
            assert_eq!(error, wanted, "{name}");
            assert!(shown.as_bytes().starts_with(&read), "{name}: {read:?}");
            let again = response.body.read(&mut [0; 10]).await.expect_err("it stays broken");
            assert_eq!(again.to_string(), wanted, "{name}, again");
        }
    });
}

#[test]
fn two_members_are_read_as_one_body_and_none_as_an_empty_one() {
    on_sockets(async |stage| {
        let origin = stage.origin(
            Router::new()
                .at("/two", coded([gzip(b"Hello, "), gzip(b"world!")].concat()))
                .at("/none", Reply::chunked_body(Vec::new(), 10).header("Content-Encoding", "gzip")),
        );
        let client = stage.client();
        let mut two = client.get(&origin.url("/two")).await.unwrap();
        assert_eq!(two.body.read_all().await.unwrap(), &b"Hello, world!"[..]);
        let mut none = client.get(&origin.url("/none")).await.unwrap();
        assert_eq!(none.body.read_all().await.unwrap(), &b""[..]);
        assert_eq!(origin.stats().conns.len(), 1, "both gave the connection back");
    });
}

#[test]
fn a_part_of_a_whole_is_not_asked_for_in_gzip() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(13)));
        let mut get = request(Method::GET, &origin.url("/"));
        get.header.insert(RANGE, HeaderValue::from_static("bytes=0-12"));
        stage.client().do_request(get).await.unwrap().body.read_all().await.unwrap();
        assert_eq!(origin.stats().conns[0].requests[0].header("accept-encoding"), None);
    });
}

#[test]
fn an_early_close_through_the_decompressor_drains_the_wire_and_keeps_the_connection() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", coded(gzip(&[b'x'; 1 << 20]))));
        let client = stage.patient_client();
        for _ in 0..3 {
            let mut response = client.get(&origin.url("/")).await.unwrap();
            response.body.read_exact(&mut [0; 10]).await.unwrap();
            response.body.close().await;
            stage.settled().await;
        }
        assert_eq!(origin.stats().conns.len(), 1, "a thousand bytes on the wire are quickly drained");
    });
}

/// 64 MiB of zeros are 64 KiB on the wire. Whoever reads in pieces has one piece at a time, and no more lies anywhere.
#[test]
fn a_bomb_read_in_pieces_stays_small() {
    on_sockets(async |stage| {
        let plain = vec![0; 64 << 20];
        let bomb = gzip(&plain);
        assert!(bomb.len() < 100_000, "it is a bomb: {} bytes", bomb.len());
        let origin = stage.origin(Router::new().at("/", coded(bomb)));
        let mut response = stage.client().get(&origin.url("/")).await.unwrap();
        let (mut total, mut largest) = (0, 0);
        while let Some(piece) = response.body.piece().await.transpose().unwrap() {
            total += piece.len();
            largest = largest.max(piece.len());
        }
        assert_eq!(total, plain.len());
        assert!(largest <= 64 << 10, "the largest piece has {largest} bytes");
    });
}
