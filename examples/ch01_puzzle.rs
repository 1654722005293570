//! Chapter 1. Six GETs, each body read to its end, none closed. How many tasks are left?

use std::process::ExitCode;

use client::EarlyClose;
use examples::{Outcome, Stage};
use origin::{Reply, Router};

fn main() -> ExitCode {
    Stage::main(puzzle)
}

async fn puzzle(stage: &Stage) -> Outcome<()> {
    let origin = stage.origin(Router::new().at("/", Reply::bytes(100_000)))?;
    let client = stage.client(EarlyClose::Kill);

    // ANCHOR: puzzle
    let mut forgotten = Vec::new();
    for request in 1..=6 {
        let mut response = client.get(&origin.url("/")).await?;
        let body = response.body.read_all().await?;
        println!("request {request}: {} bytes read, not closed", body.len());
        // Go forgets the response here, and nothing happens. Rust would drop it, and a drop is a close:
        // so it is kept, to ask Go's question.
        forgotten.push(response);
    }
    // ANCHOR_END: puzzle

    // ANCHOR: count
    let settled = stage.settled().await?;
    println!("settled: {settled}");
    println!("connections the origin accepted: {}", origin.accepted());
    // ANCHOR_END: count
    println!("why: each body, read to its end, gave the one connection back; idle, it still has two tasks");
    println!("answer: {}", settled.with_caller());
    Ok(())
}
