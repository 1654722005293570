//! Chapter 14. Six bodies closed unread, and no wait in between: the drain of one against the next request. A seed
//! decides who is first.
//!
//! Without arguments it tries many seeds; `--seed N` shows the run of one.

use std::collections::BTreeMap;
use std::process::ExitCode;

use client::EarlyClose;
use examples::{Outcome, Stage};
use httptrace::{Event, Step};
use origin::{Reply, Router};

/// How many seeds. Each is one order of who runs when.
const SEEDS: u64 = 500;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ran = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => many(),
        ["--seed", seed] => match seed.parse() {
            Ok(seed) => one(seed),
            Err(_) => Err(format!("--seed wants a number, not {seed:?}").into()),
        },
        _ => Err("there is only --seed N".into()),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn many() -> Outcome<()> {
    println!("six bodies of 100,000 bytes closed unread, no wait in between, {SEEDS} seeds");
    println!("{:<10}{:<24}{:>8}{:>14}", "rules", "left / connections", "seeds", "the first");
    for (name, policy) in [("go1.12", EarlyClose::Kill), ("go1.27", EarlyClose::GO_1_27)] {
        let mut seen: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for seed in 0..SEEDS {
            let left = run(seed, policy)?.left;
            seen.entry(left).or_insert((0, seed)).0 += 1;
        }
        for (left, (seeds, first)) in seen {
            println!("{name:<10}{left:<24}{seeds:>8}{first:>14}");
        }
    }
    Ok(())
}

fn one(seed: u64) -> Outcome<()> {
    let Raced { left, requests } = run(seed, EarlyClose::GO_1_27)?;
    println!("seed {seed}, go1.27");
    for (number, how) in requests.iter().enumerate() {
        println!("request {}: {how}", number + 1);
    }
    println!("left / connections: {left}");
    Ok(())
}

struct Raced {
    left: String,
    /// How each request came by its connection.
    requests: Vec<&'static str>,
}

fn run(seed: u64, policy: EarlyClose) -> Outcome<Raced> {
    Stage::on_stepper(seed, async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(100_000)))?;
        let client = stage.client(policy);
        // ANCHOR: race
        for _ in 1..=6 {
            let mut response = client.get(&origin.url("/")).await?;
            response.body.close().await;
        }
        // ANCHOR_END: race
        let left = stage.settled().await?.with_caller();
        Ok(Raced { left: format!("{left} / {}", origin.accepted()), requests: requests(stage) })
    })
}

/// What the trace says: a request that the pool could not serve dials.
fn requests(stage: &Stage) -> Vec<&'static str> {
    let mut requests = Vec::new();
    for record in stage.records() {
        match record.event {
            Event::Call { step: Step::Get } => requests.push(""),
            Event::GotConn { reused, .. } => {
                let request = requests.last_mut().expect("a get comes before its connection");
                *request = if reused { "finds a connection in the pool" } else { "finds none, and dials" };
            }
            _ => {}
        }
    }
    requests
}
