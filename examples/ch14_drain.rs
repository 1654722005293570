//! Chapter 14. Six bodies closed unread, before Go 1.27 and since: which of them keep their connection?
//!
//! `--policy go1.12` or `--policy go1.27` runs one side; without it both run, side by side.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use client::EarlyClose;
use examples::{Outcome, Stage};
use origin::{Plan, Reply, Router, Script};

/// What may stand after `--policy`, and what it means.
type Policy = (&'static str, EarlyClose);

/// Before Go 1.27, and since.
const POLICIES: [Policy; 2] = [("go1.12", EarlyClose::Kill), ("go1.27", EarlyClose::GO_1_27)];

/// Bytes in a KiB.
const KIB: usize = 1024;

fn main() -> ExitCode {
    match policies(std::env::args().skip(1).collect()) {
        Ok((policies, words)) => Stage::main_from(words, async |stage| drain(stage, &policies).await),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn drain(stage: &Stage, policies: &[Policy]) -> Outcome<()> {
    println!("six bodies closed unread, things settle after each");
    println!("left: settled tasks (the caller is one) / connections accepted");
    let columns: String = policies.iter().map(|(name, _)| format!("{name:>10}")).collect();
    println!("{:<30}{columns}", "");
    let replies = [
        ("4 KiB", Reply::bytes(4 * KIB)),
        ("1 MiB", Reply::bytes(KIB * KIB)),
        ("4 KiB in chunks", Reply::chunked(4 * KIB, KIB)),
        ("1 MiB in chunks", Reply::chunked(KIB * KIB, 4 * KIB)),
        ("4 KiB, the server says close", Reply::bytes(4 * KIB).connection_close()),
    ];
    let mut seen = Vec::new();
    for (what, reply) in &replies {
        let mut cells = String::new();
        for (_, policy) in policies {
            let left = close_unread(stage, *policy, reply).await?;
            cells += &format!("{:>10}", left.to_string());
            seen.push(left);
        }
        println!("{what:<30}{cells}");
    }
    if let [small_before, small_since, large_before, large_since, ..] = seen[..]
        && policies.len() == POLICIES.len()
    {
        let tasks = [small_before, small_since, large_before, large_since].map(|left| left.tasks.to_string());
        println!("tasks: 4 KiB before and since, 1 MiB before and since: {}", tasks.join(", "));
        println!("go1.27, 4 KiB: {small_since}");
        let wide = EarlyClose::Drain { bytes: 2 << 20, time: Duration::from_secs(5) };
        println!("1 MiB, limits of 2 MiB and 5 s: {}", close_unread(stage, wide, &replies[1].1).await?);
        println!("go1.27, six break off, read, not closed: {}", break_off(stage).await?);
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Left {
    tasks: usize,
    connections: usize,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.tasks, self.connections)
    }
}

// ANCHOR: close_unread
async fn close_unread(stage: &Stage, policy: EarlyClose, reply: &Reply) -> Outcome<Left> {
    let origin = stage.origin(Router::new().at("/", reply.clone()))?;
    let client = stage.client(policy);
    for _ in 1..=6 {
        let mut response = client.get(&origin.url("/")).await?;
        response.body.close().await;
        stage.settled().await?;
    }
    Ok(Left { tasks: stage.settled().await?.with_caller(), connections: origin.accepted() })
}
// ANCHOR_END: close_unread

/// Half of each body comes. Nobody closes it.
async fn break_off(stage: &Stage) -> Outcome<Left> {
    let half = Script::new().await_request().send("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello,").close();
    let origin = stage.origin(Plan::new().rest(half))?;
    let client = stage.client(EarlyClose::GO_1_27);
    let mut failed = Vec::new();
    for _ in 1..=6 {
        let mut response = client.get(&origin.url("/")).await?;
        if response.body.read_all().await.is_ok() {
            return Err("the body did not break off".into());
        }
        failed.push(response);
    }
    Ok(Left { tasks: stage.settled().await?.with_caller(), connections: origin.accepted() })
}

/// The policies that were asked for, and the words that are left.
fn policies(mut words: Vec<String>) -> Outcome<(Vec<Policy>, Vec<String>)> {
    let Some(at) = words.iter().position(|word| word == "--policy") else {
        return Ok((POLICIES.to_vec(), words));
    };
    let asked: Vec<_> = words.drain(at..words.len().min(at + 2)).skip(1).collect();
    let known = POLICIES.iter().find(|(name, _)| asked.first().is_some_and(|asked| asked == name));
    match known {
        Some(policy) => Ok((vec![*policy], words)),
        None => Err("--policy wants go1.12 or go1.27".into()),
    }
}
