//! Chapter 7. One request with nothing against a second life of its connection, and five with something against it.

use std::process::ExitCode;

use client::{EarlyClose, Request, RequestBody, Response};
use examples::{Outcome, Stage};
use http::{HeaderValue, Method, header};
use httptrace::{Channel, Event, Exit, Record};
use origin::{Plan, Reply, Router, Script};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// How many bodyless responses are asked for. The article's six.
const BODYLESS: usize = 6;

fn main() -> ExitCode {
    Stage::main(five_conditions)
}

/// What speaks against the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Nothing,
    ServerSaysClose,
    StopsAfterTenBytes,
    NoLength,
    UploadUnfinished,
    IdleClosed,
}

impl Run {
    const ALL: [Run; 6] = [
        Run::Nothing,
        Run::ServerSaysClose,
        Run::StopsAfterTenBytes,
        Run::NoLength,
        Run::UploadUnfinished,
        Run::IdleClosed,
    ];

    fn what(self) -> &'static str {
        match self {
            Run::Nothing => "nothing against it",
            Run::ServerSaysClose => "A server says Connection: close",
            Run::StopsAfterTenBytes => "B ten bytes are read, then close",
            Run::NoLength => "C no length, server hangs up",
            Run::UploadUnfinished => "D answered amid the upload",
            Run::IdleClosed => "E CloseIdleConnections meanwhile",
        }
    }

    /// What the server does.
    fn plan(self) -> Plan {
        match self {
            Run::Nothing | Run::StopsAfterTenBytes | Run::IdleClosed => Script::new().answer(Reply::bytes(1000)).hold(),
            Run::ServerSaysClose => Script::new().answer(Reply::bytes(1000).connection_close()),
            Run::NoLength => Script::new().answer(Reply::close_delimited(1000)),
            // It has seen the head, and does not wait for more.
            Run::UploadUnfinished => Script::new().await_head().reply(Reply::bytes(1000)).hold(),
        }
        .into()
    }
}

async fn five_conditions(stage: &Stage) -> Outcome<()> {
    println!("one request each, an early close is Go 1.12's (Kill); - means: not asked");
    println!("{:<33}alive  EOF  wrote  pool  way out  left", "");
    let mut first = Vec::new();
    for run in Run::ALL {
        let verdict = live(stage, run, EarlyClose::Kill).await?;
        let Verdict { alive, eof, wrote, pool, exit, left } = &verdict;
        println!("{:<33}{alive:<7}{eof:<5}{wrote:<7}{pool:<6}{:<9}{left}", run.what(), exit.id());
        if run != Run::Nothing {
            first.push(verdict.first_no());
        }
    }
    println!("first to say no, A to E: {}", first.join(", "));
    let drained = live(stage, Run::StopsAfterTenBytes, EarlyClose::GO_1_27).await?;
    println!("B under Go 1.27's rules: {}", drained.left);
    bodyless(stage).await?;
    asked_to_close(stage).await
}

/// What each term said, as far as the trace and the response tell. `sawEOF` leaves no trace.
struct Verdict {
    alive: &'static str,
    eof: &'static str,
    wrote: &'static str,
    pool: &'static str,
    exit: Exit,
    left: usize,
}

impl Verdict {
    /// The terms are asked from left to right, and the first no ends it.
    fn first_no(&self) -> &'static str {
        match (self.alive, self.eof, self.wrote, self.pool) {
            ("no", ..) => "alive",
            (_, "no", ..) => "bodyEOF",
            // Nobody asked for the write: the one term between has said no.
            (.., "-", _) => "sawEOF",
            (.., "no", _) => "wroteRequest",
            (.., "no") => "the pool",
            _ => "nobody",
        }
    }
}

/// One request on a connection of its own, and what the five terms said about it.
async fn live(stage: &Stage, run: Run, early_close: EarlyClose) -> Outcome<Verdict> {
    let origin = stage.origin(run.plan())?;
    let client = stage.client(early_close);
    let url = origin.url("/");
    let seen = stage.records().len();
    // The other end of an upload that does not come to its end.
    let (mut upload, source) = duplex(64);
    // ANCHOR: runs
    let mut response = match run {
        Run::UploadUnfinished => {
            upload.write_all(b"the beginning").await?;
            let text = HeaderValue::from_static("text/plain");
            client.post(&url, text, RequestBody::reader(source, None)).await?
        }
        _ => client.get(&url).await?,
    };
    match run {
        Run::StopsAfterTenBytes => {
            response.body.read_exact(&mut [0; 10]).await?;
            response.body.close().await;
        }
        Run::IdleClosed => {
            client.close_idle_connections();
            response.body.read_all().await?;
        }
        _ => drop(response.body.read_all().await?),
    }
    // ANCHOR_END: runs
    let left = stage.settled().await?.with_caller();
    let verdict = judge(&stage.records()[seen..], &response, left)?;
    drop(upload);
    Ok(verdict)
}

/// Reads the answers of the terms out of what happened.
fn judge(records: &[Record], response: &Response, left: usize) -> Outcome<Verdict> {
    let yes = |yes| if yes { "yes" } else { "no" };
    let (mut wrote, mut pool, mut exit) = ("-", "-", None);
    for record in records {
        match &record.event {
            Event::Exit { id: Exit::WroteAtOnce | Exit::WroteInTime } => wrote = "yes",
            Event::Exit { id: Exit::NotWritten } => wrote = "no",
            Event::PutIdleConn { error } => pool = yes(error.is_none()),
            Event::Exit { id } if id.id().starts_with("RL-B") => exit = Some(*id),
            _ => {}
        }
    }
    let exit = exit.ok_or("read_loop is still waiting")?;
    let eof = yes(matches!(exit, Exit::BodyEofKept | Exit::BodyEofClosed));
    Ok(Verdict { alive: yes(!response.close), eof, wrote, pool, exit, left })
}

// ANCHOR: bodyless
/// Responses that have no body, and that nobody looks at.
async fn bodyless(stage: &Stage) -> Outcome<()> {
    let origin = stage.origin(Router::new().at("/", Reply::bodyless(204)))?;
    let client = stage.client(EarlyClose::Kill);
    let mut forgotten = Vec::new();
    let mut pooled_first = 0;
    for _ in 0..BODYLESS {
        let seen = stage.records().len();
        forgotten.push(client.get(&origin.url("/")).await?);
        pooled_first += usize::from(is_pooled_first(&stage.records()[seen..]));
    }
    // ANCHOR_END: bodyless
    println!("six 204, forgotten: {} / {}", stage.settled().await?.with_caller(), origin.accepted());
    println!("pooled before the caller had its response: {pooled_first} of {BODYLESS}");
    Ok(())
}

fn is_pooled_first(records: &[Record]) -> bool {
    let at = |wanted: fn(&Event) -> bool| records.iter().position(|record| wanted(&record.event));
    let pooled = at(|event| matches!(event, Event::PutIdleConn { error: None }));
    let delivered = at(|event| matches!(event, Event::Sent { channel: Channel::Resc, .. }));
    matches!((pooled, delivered), (Some(pooled), Some(delivered)) if pooled < delivered)
}

/// Two ways to say that a request is the connection's last, to a server that does not care.
async fn asked_to_close(stage: &Stage) -> Outcome<()> {
    for (what, field) in [("in its field", true), ("in its header", false)] {
        let origin = stage.origin(Script::new().answer(Reply::bytes(1000)).hold())?;
        let client = stage.client(EarlyClose::Kill);
        // ANCHOR: asked_to_close
        let mut request = Request::new(Method::GET, origin.url("/").parse()?);
        if field {
            request.close = true;
        } else {
            request.header.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        client.do_request(request).await?.body.read_all().await?;
        // ANCHOR_END: asked_to_close
        println!("a request that says close {what}: {}", stage.settled().await?.with_caller());
    }
    Ok(())
}
