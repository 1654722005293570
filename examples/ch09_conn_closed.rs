//! Chapter 9. Three ways for a connection to die, and who notices: idle, unread, and in the middle of an answer.

use std::io;
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Context, Poll};
use std::time::Duration;

use client::{EarlyClose, Request, RequestBody};
use examples::{Outcome, Stage};
use http::Method;
use httptrace::Event;
use origin::{Reply, Script};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::oneshot;

fn main() -> ExitCode {
    Stage::main(async |stage| {
        idle(stage).await?;
        unread(stage).await?;
        other_side(stage).await
    })
}

/// The server's limit for an idle connection is 100 ms. The gate is its clock, so that a slow machine changes nothing.
async fn idle(stage: &Stage) -> Outcome<()> {
    // ANCHOR: idle
    let script = Script::new().answer(Reply::bytes(13)).await_gate("its 100 ms are over").close();
    let origin = stage.origin(script)?;
    let client = stage.client(EarlyClose::Kill);
    client.get(&origin.url("/")).await?.body.read_all().await?;

    stage.pause(Duration::from_millis(50)).await;
    let at_50 = stage.settled().await?;
    stage.pause(Duration::from_millis(50)).await;
    origin.open_gate("its 100 ms are over");
    stage.pause(Duration::from_millis(300)).await;
    let at_400 = stage.settled().await?;
    // ANCHOR_END: idle
    println!("idle, the server's limit is 100 ms");
    println!("after 50 ms: {}", at_50.with_caller());
    println!("after 400 ms: {}", at_400.with_caller());
    println!("the loops, idle: {}", exits_since(stage, 0));
    Ok(())
}

/// The server hangs up in the middle of bodies that nobody reads.
async fn unread(stage: &Stage) -> Outcome<()> {
    let before = stage.records().len();
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf of it";
    let origin = stage.origin(Script::new().await_request().send(half).close())?;
    let client = stage.client(EarlyClose::Kill);
    // ANCHOR: unread
    let mut forgotten = Vec::new();
    for _ in 1..=6 {
        forgotten.push(client.get(&origin.url("/")).await?);
    }
    let unread = stage.settled().await?;
    let mut said = Vec::new();
    for response in &mut forgotten {
        let error = response.body.read_all().await.expect_err("half a body");
        said.push(error.to_string());
    }
    let read = stage.settled().await?;
    // ANCHOR_END: unread
    said.dedup();
    println!("\nunread, the server has hung up in the middle of six bodies");
    println!("before reading: {}", unread.with_caller());
    println!("after reading: {}", read.with_caller());
    println!("the reads said: {}", said.join(", "));
    println!("the loops, unread: {}", exits_since(stage, before));
    Ok(())
}

/// An answer is being read while the request's own body is still on its way. Then the source of that body fails.
async fn other_side(stage: &Stage) -> Outcome<()> {
    let before = stage.records().len();
    // ANCHOR: upload
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf of it";
    let origin = stage.origin(Script::new().await_head().send(answer).hold())?;
    let client = stage.client(EarlyClose::Kill);
    let (fail, failing) = oneshot::channel();
    let mut request = Request::new(Method::POST, origin.url("/").parse()?);
    request.body = RequestBody::reader(FailsLater(failing), None);

    let mut response = client.do_request(request).await?;
    let while_read = stage.settled().await?;
    fail.send(()).expect("write_loop waits for the body");
    let failed = stage.settled().await?;
    // ANCHOR_END: upload
    let error = response.body.read_all().await.expect_err("the connection is closed");
    println!("\nan upload whose source fails while its answer is read");
    println!("before it fails: {}", while_read.with_caller());
    println!("after it failed: {}", failed.with_caller());
    println!("the read of the answer said: {error}");
    println!("the loops, upload: {}", exits_since(stage, before));
    Ok(())
}

/// A request body that never comes, and fails when it is told to.
struct FailsLater(oneshot::Receiver<()>);

impl AsyncRead for FailsLater {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let told = Pin::new(&mut self.0).poll(cx);
        told.map(|_| Err(io::Error::other("disk on fire")))
    }
}

/// The ways by which loops went on or ended, in the order in which each was first taken.
fn exits_since(stage: &Stage, first: usize) -> String {
    let mut taken: Vec<(&str, usize)> = Vec::new();
    for record in &stage.records()[first..] {
        let Event::Exit { id } = record.event else { continue };
        if !id.id().starts_with("RL") && !id.id().starts_with("WL") {
            continue;
        }
        match taken.iter_mut().find(|(known, _)| *known == id.id()) {
            Some((_, times)) => *times += 1,
            None => taken.push((id.id(), 1)),
        }
    }
    let words = taken.iter().map(|(id, times)| if *times == 1 { (*id).to_owned() } else { format!("{times} x {id}") });
    words.collect::<Vec<_>>().join(", ")
}
