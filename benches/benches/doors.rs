//! What each way out of a body costs: one request and the door it leaves by.

use std::hint::black_box;

use benches::Bench;
use client::EarlyClose;
use criterion::{Criterion, criterion_group, criterion_main};

fn doors(c: &mut Criterion) {
    let mut group = c.benchmark_group("doors");

    let bench = Bench::new(EarlyClose::GO_1_27);
    // Read to the end, hand the reader over, find the connection idle: the way of the article.
    group.bench_function("eof, idle reuse", |b| {
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
    group.finish();
}

criterion_group!(benches, doors);
criterion_main!(benches);
