//! Chapter 14. How much is too much for a drain, and how long is too long? On the stepper, whose clock is exact.

use std::process::ExitCode;
use std::time::Duration;

use client::EarlyClose;
use examples::{Outcome, Stage};
use httptrace::{Event, Exit};
use origin::{EndMark, Reply, Router};

/// As much as Go 1.27 reads after a close: 256 KiB.
const LIMIT: usize = 262_144;

fn main() -> ExitCode {
    Stage::main_on_stepper(limits)
}

async fn limits(stage: &Stage) -> Outcome<()> {
    println!("Go 1.27's rules, six bodies closed unread; tasks (the caller is one) / connections;");
    println!("how long the first close took, and when its read_loop had decided");
    let mut counts = Vec::new();
    println!("{:<46}{:>7}{:>10}{:>10}", "", "left", "close", "decided");
    let late = |ms| Reply::chunked(13, 13).end_mark(EndMark::Later).pausing(Duration::from_millis(ms));
    let drip = |bytes| Reply::bytes(bytes).in_pieces(1).pausing(Duration::from_millis(10));
    let never = || Reply::chunked(13, 13).end_mark(EndMark::Later).gate_before_last("never opened");
    for (what, reply) in [
        ("262,144 bytes with a length", Reply::bytes(LIMIT)),
        ("262,145 bytes with a length", Reply::bytes(LIMIT + 1)),
        ("262,144 bytes in chunks", Reply::chunked(LIMIT, 4096)),
        ("262,145 bytes in chunks", Reply::chunked(LIMIT + 1, 4096)),
        ("the end comes 49 ms after the rest", late(49)),
        ("the end comes 51 ms after the rest", late(51)),
        ("the end never comes", never()),
        ("the end never comes, and the server says close", never().connection_close()),
        ("a byte every 10 ms, four in all", drip(4)),
        ("a byte every 10 ms, seven in all", drip(7)),
    ] {
        let Ended { left, accepted, close, drain } = close_unread(stage, reply).await?;
        let cell = format!("{left} / {accepted}");
        counts.push((what, left));
        println!("{what:<46}{cell:>7}{:>7} ms{:>7} ms", close.as_millis(), drain.as_millis());
    }
    let of = |what: &str| counts.iter().find(|row| row.0 == what).map(|row| row.1.to_string()).ok_or(what.to_owned());
    let late = [of("the end comes 49 ms after the rest")?, of("the end comes 51 ms after the rest")?];
    println!("left, the end 49 and 51 ms after the rest: {}", late.join(", "));
    Ok(())
}

/// What six early closes left, and how long the first of them took.
struct Ended {
    left: usize,
    accepted: usize,
    /// Until the caller could go on.
    close: Duration,
    /// Until `read_loop` had decided.
    drain: Duration,
}

async fn close_unread(stage: &Stage, reply: Reply) -> Outcome<Ended> {
    let origin = stage.origin(Router::new().at("/", reply))?;
    let client = stage.client(EarlyClose::GO_1_27);
    let rt = stage.runtime();
    let mut times = Vec::new();
    for _ in 1..=6 {
        let mut response = client.get(&origin.url("/")).await?;
        // ANCHOR: clock
        let before = rt.now();
        response.body.close().await;
        let close = rt.now() - before;
        stage.settled().await?;
        let drain = decided(stage)? - before;
        // ANCHOR_END: clock
        times.push((close, drain));
    }
    let left = stage.settled().await?.with_caller();
    let (close, drain) = times[0];
    Ok(Ended { left, accepted: origin.accepted(), close, drain })
}

/// When a `read_loop` last left its wait for a body that was closed early.
fn decided(stage: &Stage) -> Outcome<Duration> {
    let early = |exit: Exit| matches!(exit, Exit::BodyClosedEarlyDrained | Exit::BodyClosedEarlyClosed);
    let records = stage.records();
    let last = records.iter().rev().find(|record| matches!(record.event, Event::Exit { id } if early(id)));
    Ok(Duration::from_micros(last.ok_or("no body was closed early")?.at_us))
}
