//! The ways in which a connection ends, and which of its two loops is the first to go.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use client::{Client, EarlyClose, Request, RequestBody};
use http::Method;
use httptrace::{Event, Record, TaskName};
use origin::{Plan, Reply, Script};
use tokio::io::{AsyncRead, ReadBuf};

use crate::stage::{Origin, Outcome, Stage};

/// Who ends a connection, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The server closes what it has accepted, before any byte.
    AfterAccept,
    /// The server reads the request and closes.
    AfterRequest,
    /// The server closes in the middle of a body that the caller reads.
    InBody,
    /// The same, and the caller leaves the body alone.
    InBodyUnread,
    /// The server closes an idle connection.
    Idle,
    /// The caller closes a body before its end, under Go 1.12's rules.
    ClosedEarly,
    /// What the caller wants to send cannot be read.
    RequestBody,
    /// The caller closes its idle connections.
    CloseIdle,
}

impl Ending {
    /// All of them, in the order in which the chapter tells them.
    pub const ALL: [Ending; 8] = [
        Ending::AfterAccept,
        Ending::AfterRequest,
        Ending::InBody,
        Ending::InBodyUnread,
        Ending::Idle,
        Ending::ClosedEarly,
        Ending::RequestBody,
        Ending::CloseIdle,
    ];

    /// What happens, in a few words.
    pub fn what(self) -> &'static str {
        match self {
            Ending::AfterAccept => "server hangs up right after accepting",
            Ending::AfterRequest => "server hangs up after the request",
            Ending::InBody => "server hangs up in the body, being read",
            Ending::InBodyUnread => "server hangs up in the body, left alone",
            Ending::Idle => "server hangs up on an idle connection",
            Ending::ClosedEarly => "caller closes the body early (Kill)",
            Ending::RequestBody => "request's body fails to be read",
            Ending::CloseIdle => "caller closes idle connections",
        }
    }

    /// Whether either loop may be the first to notice.
    pub fn is_race(self) -> bool {
        matches!(self, Ending::AfterAccept | Ending::CloseIdle)
    }

    fn plan(self) -> Plan {
        let script = Script::new();
        let half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";
        let script = match self {
            Ending::AfterAccept => script,
            Ending::AfterRequest => script.await_request(),
            Ending::InBody | Ending::InBodyUnread => script.await_request().send(half),
            Ending::Idle => script.await_request().reply(Reply::bytes(13)).await_gate("idle"),
            Ending::ClosedEarly | Ending::CloseIdle => script.await_request().reply(Reply::bytes(100_000)).hold(),
            Ending::RequestBody => script.hold(),
        };
        Plan::new().conn(script.close())
    }
}

/// How a connection has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// The loop that ended first, if one did.
    pub first: Option<TaskName>,
    /// Tasks once things have settled, the caller included.
    pub left: usize,
    /// What the caller was told, where that was an error.
    pub told: Option<String>,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first {
            Some(first) => write!(f, "{} left, {first} first", self.left),
            None => write!(f, "{} left, neither", self.left),
        }
    }
}

/// Lets one connection end in this way.
///
/// # Errors
///
/// The counter's, or that the connection is still there when its response and its client are gone.
pub async fn end(stage: &Stage, ending: Ending) -> Outcome<Ended> {
    let origin = stage.origin(ending.plan())?;
    let client = stage.client(EarlyClose::Kill);
    let before = stage.records().len();
    let mut kept = None;
    let told = run(stage, &client, &origin, ending, &mut kept).await.err().map(|error| error.to_string());
    let left = stage.settled().await?.with_caller();
    let first = first_ended(&stage.records()[before..]);
    drop(kept);
    drop(client);
    // Whichever loop went first, the other one has followed.
    let rest = stage.settled().await?;
    match rest.alive {
        0 => Ok(Ended { first, left, told }),
        _ => Err(format!("{} leaves {rest}", ending.what()).into()),
    }
}

async fn run(
    stage: &Stage,
    client: &Client,
    origin: &Origin,
    ending: Ending,
    kept: &mut Option<client::Response>,
) -> Outcome<()> {
    let url = origin.url("/");
    match ending {
        Ending::AfterAccept | Ending::AfterRequest => drop(client.get(&url).await?),
        Ending::InBody => drop(client.get(&url).await?.body.read_all().await?),
        Ending::InBodyUnread => *kept = Some(client.get(&url).await?),
        Ending::Idle => {
            client.get(&url).await?.body.read_all().await?;
            let before = stage.records().len();
            origin.open_gate("idle");
            // The server's goodbye is on its way.
            while first_ended(&stage.records()[before..]).is_none() {
                stage.pause(Duration::from_millis(1)).await;
            }
        }
        Ending::ClosedEarly => client.get(&url).await?.body.close().await,
        Ending::RequestBody => {
            let mut request = Request::new(Method::POST, url.parse()?);
            request.body = RequestBody::reader(Broken, Some(100));
            drop(client.do_request(request).await?);
        }
        Ending::CloseIdle => {
            client.get(&url).await?.body.read_all().await?;
            client.close_idle_connections();
        }
    }
    Ok(())
}

/// The loop whose end comes first in the trace.
fn first_ended(records: &[Record]) -> Option<TaskName> {
    records.iter().find_map(|record| match record.event {
        Event::TaskEnded { name: name @ (TaskName::ReadLoop | TaskName::WriteLoop) } => Some(name),
        _ => None,
    })
}

/// A source that cannot be read.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("no paper left")))
    }
}
