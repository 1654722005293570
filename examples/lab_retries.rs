//! Lab D. A connection dies under a request. Which requests are sent again, and which knob spares the caller the error?

use std::process::ExitCode;
use std::time::Duration;

use client::{Config, EarlyClose};
use examples::retries::{Asked, Death, cell, tries};
use examples::{Outcome, Stage};
use http::{HeaderValue, Method};
use origin::{Plan, Reply, Script};

/// As many orders of events are tried for each knob.
const SEEDS: u64 = 200;

/// The seed of what no race decides.
const ANY: u64 = 1;

/// Cells that are told once more, in a line of their own.
const TOLD_AGAIN: [(&str, Death); 2] = [("DELETE", Death::Unwritten), ("GET, reader", Death::Closed)];

fn main() -> ExitCode {
    Stage::main_on_stepper(async |stage| {
        // The first is on the stage whose trace is kept. Each other run has a stepper of its own.
        println!("a GET whose connection dies: {}", cell(stage, Asked::ALL[0], Death::Closed).await?);
        matrix()?;
        let tried = Stage::on_stepper(ANY, async |stage| tries(stage, 6).await)?;
        println!("tries of a GET that meets six dying connections: {tried}");
        println!("\na POST in the race, {SEEDS} orders of events: errors / connections");
        for knob in Knob::ALL {
            let (mut errors, mut conns) = (0, 0);
            for seed in 0..SEEDS {
                let (answered, used) = Stage::on_stepper(seed, async |stage| race(stage, knob).await)?;
                errors += usize::from(!answered);
                conns += used;
            }
            println!("{:<38}{errors:>3} / {conns}", format!("{}:", knob.what()));
        }
        Ok(())
    })
}

fn matrix() -> Outcome<()> {
    println!();
    let mut heads = format!("{:28}", "");
    Death::ALL.iter().for_each(|death| heads.push_str(&format!("{:<12}", death.name())));
    println!("{}", heads.trim_end());
    let mut again = 0;
    let mut told = Vec::new();
    for (n, asked) in Asked::ALL.into_iter().enumerate() {
        let mut line = format!("{asked:<28}");
        for death in Death::ALL {
            let cell = Stage::on_stepper(ANY, async |stage| cell(stage, asked, death).await)?;
            again += usize::from(n < Asked::METHODS && death == Death::Closed && cell == "again");
            line.push_str(&format!("{:<12}", short(&cell)));
            if TOLD_AGAIN.contains(&(asked.to_string().as_str(), death)) {
                told.push(format!("{asked}, {}: {cell}", death.name()));
            }
        }
        println!("{}", line.trim_end());
    }
    println!("\nof seven methods, closed, sent again: {again}\n{}", told.join("\n"));
    Ok(())
}

/// An error in a word.
fn short(cell: &str) -> &str {
    match cell {
        "connection reset by peer" => "reset",
        "malformed HTTP response \"H\"" => "malformed",
        other => other,
    }
}

/// What a caller may change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Knob {
    Nothing,
    Key,
    IdleConnTimeout,
    NoKeepAlives,
}

impl Knob {
    const ALL: [Knob; 4] = [Knob::Nothing, Knob::Key, Knob::IdleConnTimeout, Knob::NoKeepAlives];

    fn what(self) -> &'static str {
        match self {
            Knob::Nothing => "nothing changed",
            Knob::Key => "Idempotency-Key",
            Knob::IdleConnTimeout => "IdleConnTimeout half the server's",
            Knob::NoKeepAlives => "DisableKeepAlives",
        }
    }

    fn set(self, config: &mut Config, servers: Duration) {
        match self {
            Knob::Nothing | Knob::Key => {}
            Knob::IdleConnTimeout => config.idle_conn_timeout = Some(servers / 2),
            Knob::NoKeepAlives => config.disable_keep_alives = true,
        }
    }
}

/// Whether the POST was answered, and how many connections were dialled.
async fn race(stage: &Stage, knob: Knob) -> Outcome<(bool, usize)> {
    let limit = Duration::from_millis(100);
    let answer = || Script::new().answer(Reply::bytes(13));
    let origin = stage.origin(Plan::new().conn(answer().pause(limit).close()).rest(answer().forever(answer())))?;
    let client = stage.client_with(EarlyClose::Kill, |config| knob.set(config, limit));
    client.get(&origin.url("/")).await?.body.read_all().await?;
    stage.pause(limit).await;
    let mut post = client::Request::new(Method::POST, origin.url("/").parse()?);
    post.body = "order 66".into();
    if knob == Knob::Key {
        post.header.insert("Idempotency-Key", HeaderValue::from_static("order-66"));
    }
    let answered = client.do_request(post).await.is_ok();
    Ok((answered, origin.accepted()))
}
