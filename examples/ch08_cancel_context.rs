//! Chapter 8. The second GET of a connection is given up: at four moments, in five ways.

use std::process::ExitCode;
use std::time::Duration;

use client::{Cancel, CancelToken, Client, Context, EarlyClose, Request};
use examples::{Origin, Outcome, Stage};
use http::Method;
use httptrace::{Event, Exit, Record};
use origin::{Reply, Router, Script};
use tokio::io::AsyncReadExt;

/// What the ways that go by the clock allow.
const LIMIT: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    Stage::main(cancel_context)
}

/// What ends the request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Context,
    Token,
    Deadline,
    ClientTimeout,
    Drop,
}

/// When.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    AwaitingHead,
    InBody,
    AfterEof,
}

const CASES: [(&str, How, When); 11] = [
    ("context, before it is sent", How::Context, When::Before),
    ("context, waiting for the head", How::Context, When::AwaitingHead),
    ("context, in the body", How::Context, When::InBody),
    ("context, after the end of the body", How::Context, When::AfterEof),
    ("Request.Cancel, waiting for the head", How::Token, When::AwaitingHead),
    ("Request.Cancel, in the body", How::Token, When::InBody),
    ("Request.Cancel, after the end", How::Token, When::AfterEof),
    ("deadline, in the body", How::Deadline, When::InBody),
    ("Client.Timeout, waiting for the head", How::ClientTimeout, When::AwaitingHead),
    ("Client.Timeout, in the body", How::ClientTimeout, When::InBody),
    ("future dropped, waiting for the head", How::Drop, When::AwaitingHead),
];

async fn cancel_context(stage: &Stage) -> Outcome<()> {
    println!("{:<38}left  next GET  way out  the caller is told", "the second GET of a connection");
    let mut by_context = Vec::new();
    for (what, how, when) in CASES {
        let Ended { exit, left, dials, told } = give_up(stage, how, when).await?;
        let next = if dials { "dials" } else { "reuses" };
        println!("{what:<38}{left:<6}{next:<10}{:<9}{told}", exit.map_or("-", Exit::id));
        if how == How::Context {
            by_context.push(left.to_string());
        }
    }
    println!("context, after the end: {}", by_context.last().ok_or("four moments")?);
    println!("context, the four moments: {}", by_context.join(", "));
    six_unread(stage).await
}

// ANCHOR: six_unread
/// Six bodies that nobody reads, each with a `Request.Cancel`.
async fn six_unread(stage: &Stage) -> Outcome<()> {
    let origin = stage.origin(Router::new().at("/", Reply::bytes(100_000)))?;
    let client = stage.client(EarlyClose::Kill);
    let token = CancelToken::new();
    let mut unread = Vec::new();
    for _ in 0..6 {
        let mut request = Request::new(Method::GET, origin.url("/").parse()?);
        request.cancel = Some(token.clone());
        unread.push(client.do_request(request).await?);
    }
    println!("six unread, before Request.Cancel: {}", stage.settled().await?.with_caller());
    token.cancel();
    println!("six unread, after it: {}", stage.settled().await?.with_caller());
    Ok(())
}
// ANCHOR_END: six_unread

/// How one case ended.
struct Ended {
    exit: Option<Exit>,
    left: usize,
    /// The next GET found no connection.
    dials: bool,
    told: String,
}

/// One GET that is read to its end, a second one that is given up, and a third.
async fn give_up(stage: &Stage, how: How, when: When) -> Outcome<Ended> {
    let origin = stage.origin(
        Router::new()
            .at("/", Reply::bytes(1000))
            .script("/no-head", Script::new().reached("asked").hold())
            .script("/no-end", Script::new().send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nten bytes!").hold()),
    )?;
    let client = match how {
        How::ClientTimeout => stage.client(EarlyClose::Kill).with_timeout(LIMIT),
        How::Context | How::Token | How::Deadline | How::Drop => stage.client(EarlyClose::Kill),
    };
    client.get(&origin.url("/")).await?.body.read_all().await?;

    let seen = stage.records().len();
    let second = Second::new(stage, &client, &origin, how, when)?;
    let told = match when {
        When::Before => second.before().await,
        When::AwaitingHead => second.awaiting_head().await,
        When::InBody => second.in_body(stage).await?,
        When::AfterEof => second.after_eof().await?,
    };
    let left = stage.settled().await?.with_caller();
    let exit = way_out(&stage.records()[seen..]);
    client.get(&origin.url("/")).await?.body.read_all().await?;
    Ok(Ended { exit, left, dials: origin.accepted() > 1, told })
}

/// The request that is given up.
struct Second<'a> {
    client: &'a Client,
    origin: &'a Origin,
    request: Request,
    how: How,
    cancel: Cancel,
    token: CancelToken,
}

impl<'a> Second<'a> {
    fn new(stage: &Stage, client: &'a Client, origin: &'a Origin, how: How, when: When) -> Outcome<Self> {
        let path = match when {
            When::Before | When::AfterEof => "/",
            When::AwaitingHead => "/no-head",
            When::InBody => "/no-end",
        };
        // ANCHOR: ways
        let mut request = Request::new(Method::GET, origin.url(path).parse()?);
        let (context, cancel) = Context::background().with_cancel();
        request.context = match how {
            How::Deadline => context.with_timeout(&stage.runtime(), LIMIT),
            How::Context | How::Token | How::ClientTimeout | How::Drop => context,
        };
        let token = request.cancel_token();
        // ANCHOR_END: ways
        Ok(Second { client, origin, request, how, cancel, token })
    }

    /// What the caller does to give up. The clock and a drop need nobody to do anything.
    fn give_up(how: How, cancel: &Cancel, token: &CancelToken) {
        match how {
            How::Context => cancel.cancel(),
            How::Token => token.cancel(),
            How::Deadline | How::ClientTimeout | How::Drop => {}
        }
    }

    async fn before(self) -> String {
        Self::give_up(self.how, &self.cancel, &self.token);
        told(self.client.do_request(self.request).await)
    }

    async fn awaiting_head(self) -> String {
        let asked = async {
            self.origin.server().reached("asked").await;
            Self::give_up(self.how, &self.cancel, &self.token);
        };
        let response = self.client.do_request(self.request);
        if self.how == How::Drop {
            // - response: never comes
            // - asked: the server, when it has the request. Then the first future is dropped.
            return tokio::select! {
                biased;
                response = response => told(response),
                () = asked => "nothing: it has left".to_owned(),
            };
        }
        told(tokio::join!(response, asked).0)
    }

    // ANCHOR: in_body
    async fn in_body(self, stage: &Stage) -> Outcome<String> {
        let mut response = self.client.do_request(self.request).await?;
        response.body.read_exact(&mut [0; 10]).await?;
        Self::give_up(self.how, &self.cancel, &self.token);
        // Nobody reads now; the connection is closed all the same, or will be by the clock.
        if self.how == How::Context || self.how == How::Token {
            stage.settled().await?;
        }
        Ok(told(response.body.read_all().await))
    }
    // ANCHOR_END: in_body

    // ANCHOR: after_eof
    async fn after_eof(self) -> Outcome<String> {
        let mut response = self.client.do_request(self.request).await?;
        let body = response.body.read_all().await?;
        Self::give_up(self.how, &self.cancel, &self.token);
        Ok(format!("nothing: it has all {} bytes", body.len()))
    }
    // ANCHOR_END: after_eof
}

fn told<T>(result: Result<T, impl ToString>) -> String {
    match result {
        Ok(_) => "nothing".to_owned(),
        // Of an error with its URL the part after it.
        Err(error) => match error.to_string().split_once("\": ") {
            Some((_url, reason)) => format!("Get \"…\": {reason}"),
            None => error.to_string(),
        },
    }
}

/// How read_loop got out of the body; if it never came to one, how the caller got out of its wait.
fn way_out(records: &[Record]) -> Option<Exit> {
    let exits = || {
        records.iter().filter_map(|record| match record.event {
            Event::Exit { id } => Some(id),
            _ => None,
        })
    };
    let at = |place: &str| exits().find(|exit| exit.id().starts_with(place));
    at("RL-B").or_else(|| at("RT"))
}
