//! Chapter 5. When is a body read to its end? Six GETs in each of seven ways, none closed.

use std::collections::BTreeSet;
use std::process::ExitCode;

use client::EarlyClose;
use examples::{Outcome, Stage};
use httptrace::{Channel, Event};
use origin::{EndMark, Reply, Router, Script};
use tokio::io::AsyncReadExt;

const LARGE: usize = 100_000;
const SMALL: usize = 13;
const MARK: &str = "the end mark";

fn main() -> ExitCode {
    Stage::main(body_eof)
}

async fn body_eof(stage: &Stage) -> Outcome<()> {
    println!("six requests, none closed; settled tasks (the caller is one) / connections accepted");
    let large = read(stage, "100,000 bytes, all", Reply::bytes(LARGE), LARGE).await?;
    println!("order at the end of the second request: {}", order_of_the_second(stage));
    println!("eof sent: {}", sent(stage, "eof"));
    read(stage, "100,000 bytes, all but one", Reply::bytes(LARGE), LARGE - 1).await?;
    read(stage, "13 bytes in a chunk, the end mark with them", Reply::chunked(SMALL, SMALL), SMALL).await?;
    let late = Reply::chunked(SMALL, SMALL).end_mark(EndMark::Later).gate_before_last(MARK);
    read(stage, "13 bytes in a chunk, the end mark later", late.clone(), SMALL).await?;
    read_once_more(stage, "the end mark later, and one read more", late).await?;
    read(stage, "100,000 bytes in a chunk, the end mark with them", Reply::chunked(LARGE, LARGE), LARGE).await?;
    read_until_it_breaks(stage, "half of 100,000 bytes, then the server hangs up").await?;
    println!("why: what counts is whether the end was read, not whether all the data was");
    println!("answer: {large}");
    Ok(())
}

/// Six GETs of `reply`, of each body so many bytes and never more; what is left.
async fn read(stage: &Stage, what: &str, reply: Reply, bytes: usize) -> Outcome<usize> {
    let origin = stage.origin(Router::new().at("/", reply))?;
    let client = stage.client(EarlyClose::Kill);
    // ANCHOR: exactly
    let mut forgotten = Vec::new();
    for _ in 1..=6 {
        let mut response = client.get(&origin.url("/")).await?;
        let mut data = vec![0; bytes];
        response.body.read_exact(&mut data).await?;
        forgotten.push(response);
    }
    // ANCHOR_END: exactly
    let left = stage.settled().await?.with_caller();
    println!("{what}: {left} / {}", origin.accepted());
    Ok(left)
}

/// As `read`, but each body is asked once more after its data, and the mark comes then.
async fn read_once_more(stage: &Stage, what: &str, reply: Reply) -> Outcome<()> {
    let origin = stage.origin(Router::new().at("/", reply))?;
    let client = stage.client(EarlyClose::Kill);
    let mut forgotten = Vec::new();
    for _ in 1..=6 {
        let mut response = client.get(&origin.url("/")).await?;
        let mut data = vec![0; SMALL];
        response.body.read_exact(&mut data).await?;
        origin.open_gate(MARK);
        let nothing = response.body.read(&mut data).await?;
        assert_eq!(nothing, 0, "there is no more data");
        forgotten.push(response);
    }
    let left = stage.settled().await?.with_caller();
    println!("{what}: {left} / {}", origin.accepted());
    Ok(())
}

/// Each body ends with an error, and stays with the caller.
async fn read_until_it_breaks(stage: &Stage, what: &str) -> Outcome<()> {
    let half = Reply::bytes(LARGE).to_bytes().slice(..LARGE / 2);
    let origin = stage.origin(Router::new().script("/", Script::new().send(half).close()))?;
    let client = stage.client(EarlyClose::Kill);
    let mut forgotten = Vec::new();
    let mut errors = BTreeSet::new();
    for _ in 1..=6 {
        let mut response = client.get(&origin.url("/")).await?;
        errors.extend(response.body.read_all().await.err().map(|error| error.to_string()));
        forgotten.push(response);
    }
    let left = stage.settled().await?.with_caller();
    println!("{what}: {left} / {}", origin.accepted());
    println!("the error of those reads: {}", errors.into_iter().collect::<Vec<_>>().join(", "));
    Ok(())
}

/// How often a body told its read_loop this.
fn sent(stage: &Stage, message: &str) -> usize {
    let is_it =
        |event: &Event| matches!(event, Event::Sent { channel: Channel::WaitForBodyRead, what } if what == message);
    stage.records().iter().filter(|record| is_it(&record.event)).count()
}

/// What happened at the end of the second request, step by step.
fn order_of_the_second(stage: &Stage) -> String {
    let steps = stage.records().into_iter().filter_map(|record| match record.event {
        Event::Sent { channel: Channel::WaitForBodyRead, what } => Some(what),
        Event::PutIdleConn { error: None } => Some("pool".to_owned()),
        Event::Sent { channel: Channel::Eofc, what } => Some(what),
        _ => None,
    });
    steps.skip(3).take(3).collect::<Vec<_>>().join(", ")
}
