//! What each way out of a body costs: one request and the door it leaves by.

use std::hint::black_box;
use std::time::Duration;

use benches::Bench;
use client::EarlyClose;
use criterion::{Criterion, criterion_group, criterion_main};

fn doors(c: &mut Criterion) {
    let mut group = c.benchmark_group("doors");

    let bench = Bench::new(EarlyClose::GO_1_27);
    // Read to the end, hand the reader over, find the connection idle: the way of the article.
    group.bench_function("eof hand-over, idle reuse", |b| {
        b.iter(|| bench.run(async |bench| black_box(bench.get("/13").await.body.read_all().await)))
    });
    group.bench_function("closed early, drained", |b| {
        b.iter(|| {
            bench.run(async |bench| {
                bench.get("/100k").await.body.close().await;
                bench.rt().settled().await;
            })
        })
    });
    group.bench_function("dial, one request, close", |b| {
        b.iter(|| bench.run(async |bench| black_box(bench.get("/close").await.body.read_all().await)))
    });

    let bench = Bench::new(EarlyClose::Kill);
    group.bench_function("closed early, killed", |b| {
        b.iter(|| {
            bench.run(async |bench| {
                bench.get("/100k").await.body.close().await;
                bench.rt().settled().await;
            })
        })
    });
    // The body is left alone and its context cancelled: the connection is closed under it.
    group.bench_function("cancelled in the middle of a body", |b| {
        b.iter(|| {
            bench.run(async |bench| {
                let (response, cancel) = bench.get_cancellable("/100k").await;
                cancel.cancel();
                bench.rt().settled().await;
                drop(response);
            })
        })
    });
    group.finish();
}

fn short() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3))
}

criterion_group! { name = all; config = short(); targets = doors }
criterion_main!(all);
