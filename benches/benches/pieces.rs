//! What the pieces of a request cost, each alone: `cargo bench -p benches --bench pieces`.

use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use benches::memory::InMemory;
use body_signal::{BodyDone, BodyRead, Handover};
use bytes::Bytes;
use client::Request;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use http::{HeaderMap, Method};
use persistconn::fuzzing::once;
use persistconn::{EncodedHead, ExtraFields};
use tokio::io::ReadBuf;
use url::Url;

/// The head of an answer as a server of these days sends it, with twelve fields.
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Date: Mon, 06 Jan 2025 10:00:00 GMT\r\n\
    Server: example\r\n\
    Content-Type: text/html; charset=utf-8\r\n\
    Content-Length: 13\r\n\
    Cache-Control: max-age=3600, public\r\n\
    ETag: \"0123456789abcdef\"\r\n\
    Last-Modified: Sun, 05 Jan 2025 10:00:00 GMT\r\n\
    Vary: Accept-Encoding\r\n\
    Strict-Transport-Security: max-age=63072000\r\n\
    X-Content-Type-Options: nosniff\r\n\
    X-Request-Id: 00000000-0000-0000-0000-000000000000\r\n\
    Connection: keep-alive\r\n\r\n";

fn heads(c: &mut Criterion) {
    let mut group = c.benchmark_group("head");
    let small = Bytes::from_static(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\n");
    let usual = Bytes::from_static(HEAD);
    for (name, head) in [("parse, 2 fields", small), ("parse, 12 fields", usual)] {
        group.bench_function(name, |b| b.iter(|| once::head(black_box(&head)).expect("a good head")));
    }
    let url = Url::parse("http://example.test/some/path?and=query").expect("a URL");
    let mut request = Request::new(Method::GET, url);
    group.bench_function("write, no fields", |b| {
        b.iter(|| EncodedHead::new(black_box(&request), ExtraFields::default()).expect("valid"))
    });
    for (name, value) in [("accept", "*/*"), ("accept-language", "en"), ("authorization", "Bearer 0123456789")] {
        request.header.insert(name, value.parse().expect("a value"));
    }
    group.bench_function("write, 3 fields", |b| {
        b.iter(|| EncodedHead::new(black_box(&request), ExtraFields::default()).expect("valid"))
    });
    group.finish();
}

fn framing(c: &mut Criterion) {
    const LEN: usize = 1 << 20;
    let mut group = c.benchmark_group("framing");
    group.throughput(Throughput::Bytes(LEN as u64));
    let plain = Bytes::from(vec![b'x'; LEN]);
    let chunked = |size: usize| {
        let mut wire = Vec::new();
        for chunk in plain.chunks(size) {
            wire.extend_from_slice(format!("{size:x}\r\n").as_bytes());
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"0\r\n\r\n");
        Bytes::from(wire)
    };
    let bodies = [
        ("Content-Length, 1 MiB", plain.clone(), Some(LEN as u64)),
        ("chunks of 16 KiB, 1 MiB", chunked(16 << 10), None),
        ("chunks of 256 bytes, 1 MiB", chunked(256), None),
    ];
    for (name, wire, length) in &bodies {
        group.bench_function(*name, |b| {
            let read = |reading: once::Reading| assert_eq!(reading.to_end().expect("a good body"), LEN);
            b.iter_batched(|| once::Reading::new(wire, *length), read, BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// The pair of channels alone: no task is woken, nothing is read.
fn handover(c: &mut Criterion) {
    c.bench_function("hand-over, both ways", |b| {
        b.iter(|| {
            let handover = Arc::new(Handover::<NoReader>::default());
            let mut cx = Context::from_waker(Waker::noop());
            let mut read_loop = std::pin::pin!(handover.recv());
            assert!(read_loop.as_mut().poll(&mut cx).is_pending());
            handover.send(BodyDone::Eof(NoReader)).expect("read_loop is there");
            assert!(handover.poll_acked(&mut cx).is_pending());
            let Poll::Ready(BodyDone::Eof(reader)) = read_loop.poll(&mut cx) else { unreachable!("it was sent") };
            handover.ack();
            assert!(handover.poll_acked(&mut cx).is_ready());
            reader
        });
    });
}

#[derive(Debug)]
struct NoReader;

impl BodyRead for NoReader {
    type Error = body_signal::Error;

    fn poll_read(&mut self, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_piece(&mut self, _: &mut Context<'_>) -> Poll<Result<Bytes, Self::Error>> {
        Poll::Ready(Ok(Bytes::new()))
    }

    fn at_eof(&self) -> bool {
        true
    }

    fn take_trailers(&mut self) -> Option<Box<HeaderMap>> {
        None
    }
}

/// A whole request without a kernel in it. What it costs more with more idle connections is the pool's.
fn requests(c: &mut Criterion) {
    let mut group = c.benchmark_group("whole request in memory");
    for idle in [1, 100, 10_000] {
        let bench = InMemory::with_idle(idle);
        group.bench_function(format!("{idle} idle"), |b| b.iter(|| bench.get()));
    }
    group.finish();
}

fn short() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

criterion_group! { name = pieces; config = short(); targets = heads, framing, handover, requests }
criterion_main!(pieces);
