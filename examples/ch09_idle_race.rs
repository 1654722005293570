//! Chapter 9. The server closes an idle connection at the moment a request takes it. Who is asked again?

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use client::{Client, EarlyClose, Request, RequestBody};
use examples::stage::Origin;
use examples::{Outcome, Stage};
use http::{HeaderValue, Method};
use httptrace::{Event, Exit};
use origin::{Plan, Reply, Script};

/// As many orders of events are tried for each request.
const SEEDS: u64 = 200;

/// How a try ends on a connection that dies under it.
const FAILED: [Exit; 2] = [Exit::RoundTripClosed, Exit::RoundTripWriteError];

fn main() -> ExitCode {
    // What is told here hangs on who is first, so a seed decides it: no socket, and the same on every machine.
    match told() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn told() -> Outcome<()> {
    println!("orders of events for each line: {SEEDS}");
    println!("\nthe server reads the second request, and closes without an answer");
    for kind in Kind::ALL {
        count("unanswered", kind, async |stage| unanswered(stage, kind).await)?;
    }
    println!("\nthe server closes the idle connection while the second request sets out");
    for kind in Kind::ALL {
        count("raced", kind, async |stage| race(stage, kind).await)?;
    }
    println!("\nthe same, and the second request has waited for the first one's connection");
    for kind in Kind::ALL {
        count("handed over", kind, async |stage| handed_over(stage, kind).await)?;
    }
    Ok(())
}

/// Runs a program under each seed and prints how it ended, and how often if not always in the same way.
fn count(how: &str, kind: Kind, program: impl AsyncFn(&Stage) -> Outcome<String>) -> Outcome<()> {
    let mut seen = BTreeMap::new();
    for seed in 0..SEEDS {
        *seen.entry(Stage::on_stepper(seed, &program)?).or_insert(0) += 1;
    }
    let what = format!("{}, {how}:", kind.what());
    for (outcome, times) in seen {
        match times {
            SEEDS => println!("{what:<40}{outcome}"),
            _ => println!("{what:<40}{times:>3} x {outcome}"),
        }
    }
    Ok(())
}

/// What is asked, and in what words the table names it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Get,
    Post,
    /// Its body is read once, while it is sent.
    PostFromReader,
    PostWithKey,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Get, Kind::Post, Kind::PostFromReader, Kind::PostWithKey];

    fn what(self) -> &'static str {
        match self {
            Kind::Get => "GET",
            Kind::Post => "POST",
            Kind::PostFromReader => "POST from a reader",
            Kind::PostWithKey => "POST with Idempotency-Key",
        }
    }

    // ANCHOR: request
    fn request(self, url: &str) -> Outcome<Request> {
        let method = if self == Kind::Get { Method::GET } else { Method::POST };
        let mut request = Request::new(method, url.parse()?);
        match self {
            Kind::Get => {}
            Kind::Post | Kind::PostWithKey => request.body = "order 66".into(),
            Kind::PostFromReader => request.body = RequestBody::reader(&b"order 66"[..], Some(8)),
        }
        if self == Kind::PostWithKey {
            request.header.insert("Idempotency-Key", HeaderValue::from_static("order-66"));
        }
        Ok(request)
    }
    // ANCHOR_END: request
}

async fn unanswered(stage: &Stage, kind: Kind) -> Outcome<String> {
    let answer = || Script::new().answer(Reply::bytes(13));
    let plan = Plan::new().conn(answer().await_request().close()).rest(Script::new().forever(answer()));
    let origin = stage.origin(plan)?;
    let client = stage.client(EarlyClose::Kill);
    client.get(&origin.url("/")).await?.body.read_all().await?;
    send(stage, &client, &origin, kind).await
}

async fn race(stage: &Stage, kind: Kind) -> Outcome<String> {
    // ANCHOR: race
    let limit = Duration::from_millis(100);
    let plan = Plan::new()
        .conn(Script::new().answer(Reply::bytes(13)).pause(limit).close())
        .rest(Script::new().forever(Script::new().answer(Reply::bytes(13))));
    let origin = stage.origin(plan)?;
    let client = stage.client(EarlyClose::Kill);
    client.get(&origin.url("/")).await?.body.read_all().await?;
    stage.pause(limit).await;
    send(stage, &client, &origin, kind).await
    // ANCHOR_END: race
}

async fn handed_over(stage: &Stage, kind: Kind) -> Outcome<String> {
    let answer = || Script::new().answer(Reply::bytes(13));
    let plan = Plan::new().conn(answer().close()).rest(Script::new().forever(answer()));
    let origin = stage.origin(plan)?;
    // One connection for a host and no more: who comes second waits for the first to be done.
    let client = stage.client_with(EarlyClose::Kill, |config| config.max_conns_per_host = Some(1));
    let first = async { Outcome::Ok(client.get(&origin.url("/")).await?.body.read_all().await?) };
    let (first, second) = tokio::join!(first, send(stage, &client, &origin, kind));
    first?;
    second
}

/// Sends the second request and says how it went.
async fn send(stage: &Stage, client: &Client, origin: &Origin, kind: Kind) -> Outcome<String> {
    let before = stage.records().len();
    Ok(match client.do_request(kind.request(&origin.url("/"))?).await {
        Ok(mut response) => {
            response.body.read_all().await?;
            let records = &stage.records()[before..];
            let dialled = records.iter().any(|record| matches!(record.event, Event::ConnectStart { .. }));
            let failed =
                records.iter().any(|record| matches!(record.event, Event::Exit { id } if FAILED.contains(&id)));
            match (failed, dialled) {
                (true, _) => "failed, tried again, answered on a new connection".to_owned(),
                (false, true) => "answered on a new connection".to_owned(),
                (false, false) => "answered on the old connection".to_owned(),
            }
        }
        Err(error) => error.to_string().replace(&origin.url("/"), "…"),
    })
}
