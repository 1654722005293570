//! Six requests in every combination of reading, closing and forgetting.

use std::fmt;
use std::time::Duration;

use client::{Client, EarlyClose, Request, Response};
use http::{Method, header};
use origin::{EndMark, Reply, Router};
use tokio::io::AsyncReadExt;

use crate::stage::{Outcome, Stage};

/// How many requests a row makes. The article's six.
const REQUESTS: usize = 6;

/// The usual body, in bytes.
const BODY: usize = 100_000;

/// One way to treat six responses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// The row's name in the table of what Go did.
    pub name: &'static str,
    what: &'static str,
    path: &'static str,
    method: Verb,
    /// Requests go to two ports in turn of three.
    two_ports: bool,
    read: Read,
    close: Close,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verb {
    Get,
    Head,
    Post,
}

/// How much of each body is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Read {
    Nothing,
    /// So many bytes, and never more.
    Exactly(usize),
    All,
}

/// Whether each body is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Close {
    No,
    Yes,
    /// And then 10 ms pass.
    YesAndPause,
}

/// What a row leaves behind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Left {
    /// Tasks once things have settled, the caller included.
    pub settled: usize,
    /// Connections that the origins accepted.
    pub connections: usize,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.settled, self.connections)
    }
}

// ANCHOR: rows
const fn row(name: &'static str, what: &'static str, path: &'static str, read: Read, close: Close) -> Row {
    Row { name, what, path, method: Verb::Get, two_ports: false, read, close }
}

impl Row {
    /// All rows, in the order in which the chapter tells them.
    pub const ALL: [Row; 27] = [
        row("readall", "read all, no close (the article)", "/100k", Read::All, Close::No),
        row("readall_close", "read all, close", "/100k", Read::All, Close::Yes),
        row("close_only", "close only", "/100k", Read::Nothing, Close::Yes),
        row("neither", "neither", "/100k", Read::Nothing, Close::No),
        row("close_only_10ms", "close only, 10 ms pause", "/100k", Read::Nothing, Close::YesAndPause),
        row("partial", "read 10 bytes, no close", "/100k", Read::Exactly(10), Close::No),
        row("partial_close", "read 10 bytes, close", "/100k", Read::Exactly(10), Close::Yes),
        row("exact_100k", "read exactly the length, no close", "/100k", Read::Exactly(BODY), Close::No),
        row("small_neither", "13 bytes: neither", "/13", Read::Nothing, Close::No),
        row("small_exact", "13 bytes: read exactly 13, no close", "/13", Read::Exactly(13), Close::No),
        row("small_close", "13 bytes: close only", "/13", Read::Nothing, Close::Yes),
        row("small_close_10ms", "13 bytes: close only, 10 ms pause", "/13", Read::Nothing, Close::YesAndPause),
        row("chunked_readall", "chunked: read all, no close", "/chunked", Read::All, Close::No),
        row("chunked_exact", "chunked: read exactly the data, no close", "/late_end", Read::Exactly(BODY), Close::No),
        row("chunked_neither", "chunked: neither", "/chunked", Read::Nothing, Close::No),
        row("chunked_close", "chunked: close only", "/chunked", Read::Nothing, Close::Yes),
        Row { two_ports: true, ..row("two_ports", "two ports: read all, no close", "/100k", Read::All, Close::No) },
        Row { two_ports: true, ..row("two_ports_neither", "two ports: neither", "/100k", Read::Nothing, Close::No) },
        Row { method: Verb::Head, ..row("head", "HEAD: neither", "/100k", Read::Nothing, Close::No) },
        row("204", "204: neither", "/204", Read::Nothing, Close::No),
        row("cl0", "Content-Length: 0: neither", "/empty", Read::Nothing, Close::No),
        Row { method: Verb::Post, ..row("post_readall", "POST: read all, no close", "/100k", Read::All, Close::No) },
        Row { method: Verb::Post, ..row("post_neither", "POST: neither", "/100k", Read::Nothing, Close::No) },
        Row { method: Verb::Post, ..row("post_close", "POST: close only", "/100k", Read::Nothing, Close::Yes) },
        row("connclose_readall", "Connection: close: read all", "/close", Read::All, Close::No),
        row("connclose_neither", "Connection: close: neither", "/close", Read::Nothing, Close::No),
        row("http10_readall", "HTTP/1.0, until close: read all", "/http10", Read::All, Close::No),
    ];
    // ANCHOR_END: rows

    /// Whether, with [`EarlyClose::Drain`], a race decides: the drain of one connection against the next request.
    pub fn is_race(&self) -> bool {
        self.close == Close::Yes && self.read != Read::All
    }

    /// What it does, in a few words.
    pub fn what(&self) -> &'static str {
        self.what
    }
}

fn routes() -> Router {
    Router::new()
        .at("/100k", Reply::bytes(BODY))
        .at("/13", Reply::bytes(13))
        .at("/chunked", Reply::chunked(BODY, 4096))
        .at("/late_end", late_end())
        .at("/204", Reply::bodyless(204))
        .at("/empty", Reply::empty())
        .at("/close", Reply::bytes(BODY).connection_close())
        .at("/http10", Reply::close_delimited(BODY).http10())
}

/// Chunks whose end mark comes when the data has long been read.
fn late_end() -> Reply {
    Reply::chunked(BODY, BODY).end_mark(EndMark::Later).pausing(Duration::from_millis(30))
}

/// Makes the row's six requests and counts what is left.
///
/// # Errors
///
/// A request's, or the counter's.
pub async fn settle(stage: &Stage, row: Row, early_close: EarlyClose) -> Outcome<Left> {
    let origins = [stage.origin(routes())?, stage.origin(routes())?];
    let client = stage.client(early_close);
    // ANCHOR: settle
    let mut forgotten = Vec::new();
    for request in 0..REQUESTS {
        let origin = &origins[if row.two_ports { request % 2 } else { 0 }];
        let mut response = send(&client, row.method, &origin.url(row.path)).await?;
        treat(stage, row, &mut response).await?;
        forgotten.push(response);
    }
    let settled = stage.settled().await?.with_caller();
    // ANCHOR_END: settle
    let connections = origins.iter().map(|origin| origin.accepted()).sum();
    drop(forgotten);
    drop(client);
    // The next row starts from nothing.
    let rest = stage.settled().await?;
    if rest.alive != 0 {
        return Err(format!("{} leaves {rest} after its responses were dropped", row.name).into());
    }
    Ok(Left { settled, connections })
}

async fn treat(stage: &Stage, row: Row, response: &mut Response) -> Outcome<()> {
    match row.read {
        Read::Nothing => {}
        Read::Exactly(n) => {
            let mut bytes = vec![0; n];
            response.body.read_exact(&mut bytes).await?;
        }
        Read::All => drop(response.body.read_all().await?),
    }
    match row.close {
        Close::No => {}
        Close::Yes => response.body.close().await,
        Close::YesAndPause => {
            response.body.close().await;
            stage.pause(Duration::from_millis(10)).await;
        }
    }
    Ok(())
}

async fn send(client: &Client, method: Verb, url: &str) -> Outcome<Response> {
    Ok(match method {
        Verb::Get => client.get(url).await?,
        Verb::Head => client.head(url).await?,
        Verb::Post => {
            let mut request = Request::new(Method::POST, url.parse()?);
            request.header.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
            request.body = "hello".into();
            client.do_request(request).await?
        }
    })
}
