//! Chapter 6. The reader's comment: six GETs, each body read to its end and then closed. Still 3?

use std::process::ExitCode;

use client::EarlyClose;
use examples::{Outcome, Stage};
use httptrace::{Channel, Event};
use origin::{Reply, Router};

fn main() -> ExitCode {
    Stage::main(close_after_eof)
}

async fn close_after_eof(stage: &Stage) -> Outcome<()> {
    let origin = stage.origin(Router::new().at("/", Reply::bytes(100_000)))?;
    let client = stage.client(EarlyClose::Kill);

    // ANCHOR: close
    for request in 1..=6 {
        let mut response = client.get(&origin.url("/")).await?;
        let body = response.body.read_all().await?;
        response.body.close().await;
        println!("request {request}: {} bytes read, closed", body.len());
    }
    // ANCHOR_END: close
    let settled = stage.settled().await?;
    println!("settled: {settled}");
    println!("connections the origin accepted: {}", origin.accepted());
    println!("eof (Go: fn), closed_early (Go: earlyCloseFn): {}, {}", told(stage, "eof"), told(stage, "closed_early"));
    println!("answer: {}", settled.with_caller());

    // ANCHOR: twice
    let mut response = client.get(&origin.url("/")).await?;
    response.body.close().await;
    response.body.close().await;
    drop(response.body);
    // ANCHOR_END: twice
    println!("one more, closed unread, closed again, dropped: {}", told(stage, "closed_early"));

    let mut response = client.get(&origin.url("/")).await?;
    response.body.close().await;
    let after = response.body.read_all().await.map_or_else(|error| error.to_string(), |_| "no error".to_owned());
    println!("a read after the close: {after}");
    Ok(())
}

/// How often bodies told their read_loop this.
fn told(stage: &Stage, message: &str) -> usize {
    let is_it =
        |event: &Event| matches!(event, Event::Sent { channel: Channel::WaitForBodyRead, what } if what == message);
    stage.records().iter().filter(|record| is_it(&record.event)).count()
}
