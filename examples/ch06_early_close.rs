//! Chapter 6. Bodies closed before their end, under both policies: what is left, and how much is too much?

use std::process::ExitCode;

use client::EarlyClose;
use examples::{Outcome, Stage};
use httptrace::{Channel, Event, Step};
use origin::{EndMark, Reply, Router};
use tokio::io::AsyncReadExt;

/// As much as Go 1.27 reads after a close: 256 KiB.
const LIMIT: usize = 262_144;

fn main() -> ExitCode {
    Stage::main(early_close)
}

async fn early_close(stage: &Stage) -> Outcome<()> {
    println!("six requests, things settle after each; settled tasks (the caller is one) / connections accepted");
    println!("an early close is Go 1.12's (Kill) or Go 1.27's (Drain)");
    println!("{:<44}{:>10}{:>10}", "", "Kill", "Drain");
    let json = Reply::body("{\"ok\":true}\n");
    let never = Reply::chunked(13, 13).end_mark(EndMark::Later).gate_before_last("never opened");
    compare(stage, "13 bytes, none read", &Reply::bytes(13), 0, Leave::Close).await?;
    let order = orders(stage);
    compare(stage, "all but a newline at the end", &json, 11, Leave::Close).await?;
    compare(stage, "all but a newline, dropped and not closed", &json, 11, Leave::Drop).await?;
    compare(stage, "the newline too", &json, 12, Leave::Close).await?;
    compare(stage, "262,144 bytes, none read", &Reply::bytes(LIMIT), 0, Leave::Close).await?;
    compare(stage, "262,145 bytes, none read", &Reply::bytes(LIMIT + 1), 0, Leave::Close).await?;
    compare(stage, "262,145 bytes, all but one", &Reply::bytes(LIMIT + 1), LIMIT, Leave::Close).await?;
    compare(stage, "262,144 bytes in chunks, none read", &Reply::chunked(LIMIT, 4096), 0, Leave::Close).await?;
    compare(stage, "262,145 bytes in chunks, none read", &Reply::chunked(LIMIT + 1, 4096), 0, Leave::Close).await?;
    compare(stage, "262,145 bytes in chunks, all but one", &Reply::chunked(LIMIT + 1, 4096), LIMIT, Leave::Close)
        .await?;
    compare(stage, "13 bytes, and the end never comes", &never, 0, Leave::Close).await?;
    println!("order of the first close, Kill: {}", order[0]);
    println!("order of the first close, Drain: {}", order[1]);
    Ok(())
}

/// How a body is left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leave {
    Close,
    /// Without a word.
    Drop,
}

async fn compare(stage: &Stage, what: &str, reply: &Reply, bytes: usize, leave: Leave) -> Outcome<()> {
    let kill = leave_early(stage, EarlyClose::Kill, reply, bytes, leave).await?;
    let drain = leave_early(stage, EarlyClose::GO_1_27, reply, bytes, leave).await?;
    println!("{what:<44}{kill:>10}{drain:>10}");
    Ok(())
}

async fn leave_early(stage: &Stage, policy: EarlyClose, reply: &Reply, bytes: usize, leave: Leave) -> Outcome<String> {
    let origin = stage.origin(Router::new().at("/", reply.clone()))?;
    let client = stage.client(policy);
    for _ in 1..=6 {
        let mut response = client.get(&origin.url("/")).await?;
        let mut data = vec![0; bytes];
        response.body.read_exact(&mut data).await?;
        if leave == Leave::Close {
            response.body.close().await;
        }
        drop(response);
        // A drain goes on behind the caller's back: let it end before the next request asks the pool.
        stage.settled().await?;
    }
    let left = stage.settled().await?.with_caller();
    Ok(format!("{left} / {}", origin.accepted()))
}

/// For the twelve requests so far, six under each policy: what the first of each did at its close.
fn orders(stage: &Stage) -> [String; 2] {
    let mut requests = vec![Vec::new()];
    for record in stage.records() {
        let step = match record.event {
            Event::Call { step: Step::Get } => {
                requests.push(Vec::new());
                continue;
            }
            Event::Sent { channel: Channel::WaitForBodyRead | Channel::Eofc, what } => what,
            Event::PutIdleConn { error: None } => "pool".to_owned(),
            _ => continue,
        };
        requests.last_mut().expect("it is never empty").push(step);
    }
    [1, 7].map(|request| requests[request].join(", "))
}
