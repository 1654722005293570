//! Lab D: a request, a body, and the moment at which its connection dies. Is it sent again?

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use client::{Client, DialFn, EarlyClose, GetBody, Request, RequestBody};
use http::{HeaderValue, Method};
use httptrace::{BoxIo, Event, Io, Runtime};
use origin::{Plan, Reply, Script};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::stage::{Outcome, Stage};

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// The method.
    pub method: &'static str,
    /// Where its body comes from.
    pub body: Body,
    /// Whether it has an `Idempotency-Key`.
    pub key: bool,
}

/// Where a body comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    /// There is none.
    None,
    /// It is text in memory. Go gives such a body its `GetBody` by itself.
    Memory,
    /// A reader, which can be read once.
    Reader,
    /// A reader, and a function that makes a new one.
    ReaderAndGetBody,
}

const fn asked(method: &'static str, body: Body, key: bool) -> Asked {
    Asked { method, body, key }
}

impl Asked {
    /// Seven methods, each as it is usually sent, and then what a caller can change.
    pub const ALL: [Asked; 12] = [
        asked("GET", Body::None, false),
        asked("HEAD", Body::None, false),
        asked("OPTIONS", Body::None, false),
        asked("TRACE", Body::None, false),
        asked("DELETE", Body::None, false),
        asked("PUT", Body::Memory, false),
        asked("POST", Body::Memory, false),
        asked("POST", Body::Memory, true),
        asked("POST", Body::Reader, false),
        asked("POST", Body::Reader, true),
        asked("POST", Body::ReaderAndGetBody, true),
        asked("GET", Body::Reader, false),
    ];

    /// How many of [`ALL`](Asked::ALL) are there for their method.
    pub const METHODS: usize = 7;

    fn request(self, url: &str) -> Outcome<Request> {
        let mut request = Request::new(Method::from_bytes(self.method.as_bytes())?, url.parse()?);
        match self.body {
            Body::None => {}
            Body::Memory => request.body = "order 66".into(),
            Body::Reader => request.body = reader(),
            Body::ReaderAndGetBody => {
                request.body = reader();
                request.get_body = Some(GetBody::new(|| Ok(reader())));
            }
        }
        if self.key {
            request.header.insert("Idempotency-Key", HeaderValue::from_static("order-66"));
        }
        Ok(request)
    }
}

fn reader() -> RequestBody {
    RequestBody::reader(&b"order 66"[..], Some(8))
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = match self.body {
            Body::None => "",
            Body::Memory => ", body",
            Body::Reader => ", reader",
            Body::ReaderAndGetBody => ", reader, GetBody",
        };
        f.pad(&format!("{}{body}{}", self.method, if self.key { ", key" } else { "" }))
    }
}

/// When the connection dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Death {
    /// Its first request is read, and never answered.
    New,
    /// It has answered once. Of the second request not a byte can be written.
    Unwritten,
    /// It has answered once. The second request is read, and the server closes.
    Closed,
    /// The same, and the server resets the connection.
    Reset,
    /// The same, and the server sends one byte before it closes.
    OneByte,
}

impl Death {
    /// In the order of the table.
    pub const ALL: [Death; 5] = [Death::New, Death::Unwritten, Death::Closed, Death::Reset, Death::OneByte];

    /// The column's name.
    pub fn name(self) -> &'static str {
        match self {
            Death::New => "new",
            Death::Unwritten => "unwritten",
            Death::Closed => "closed",
            Death::Reset => "reset",
            Death::OneByte => "one byte",
        }
    }

    fn plan(self) -> Plan {
        let answer = || Script::new().answer(Reply::bytes(13));
        let first = match self {
            Death::New => Script::new().await_request().close(),
            Death::Unwritten => answer().hold(),
            Death::Closed => answer().await_request().close(),
            Death::Reset => answer().await_request().reset(),
            Death::OneByte => answer().await_request().send("H").close(),
        };
        Plan::new().conn(first).rest(Script::new().forever(answer()))
    }
}

/// One cell of the table: `again` if the request was sent a second time and answered, or else the end of its error.
///
/// # Errors
///
/// When something else goes wrong than what is tried.
pub async fn cell(stage: &Stage, asked: Asked, death: Death) -> Outcome<String> {
    let origin = stage.origin(death.plan())?;
    let client = client(stage, death);
    if death != Death::New {
        client.get(&origin.url("/")).await?.body.read_all().await?;
    }
    let before = connections(stage);
    let answered = client.do_request(asked.request(&origin.url("/"))?).await;
    match (answered, connections(stage) - before) {
        (Ok(_), 2) => Ok("again".to_owned()),
        (Err(error), 1) => Ok(last_words(&error.to_string())),
        (Ok(_), n) => Err(format!("answered after {n} connections").into()),
        (Err(error), n) => Err(format!("{error}, after {n} connections").into()),
    }
}

/// How many connections requests have got so far.
fn connections(stage: &Stage) -> usize {
    stage.records().iter().filter(|record| matches!(record.event, Event::GotConn { .. })).count()
}

/// What an error says last; before it stand the request and the address, which has a port.
fn last_words(error: &str) -> String {
    error.rsplit(": ").next().unwrap_or(error).to_owned()
}

fn client(stage: &Stage, death: Death) -> Client {
    let rt = stage.runtime();
    stage.client_with(EarlyClose::Kill, |config| {
        if death == Death::Unwritten {
            let first = Arc::new(AtomicBool::new(true));
            config.dial_context = Some(DialFn::new(move |_context, addr| {
                let (rt, first) = (Arc::clone(&rt), first.swap(false, Ordering::Relaxed));
                async move {
                    let io = connect(&*rt, &addr).await?;
                    Ok(if first { Box::new(OneWrite { io, written: false }) } else { io })
                }
            }));
        }
    })
}

async fn connect(rt: &dyn Runtime, addr: &str) -> io::Result<BoxIo> {
    let (host, port) = addr.rsplit_once(':').ok_or(io::ErrorKind::InvalidInput)?;
    let port = port.parse().map_err(io::Error::other)?;
    let addresses = match host.parse() {
        Ok(address) => vec![address],
        Err(_) => rt.lookup(host).await?,
    };
    let address = addresses.first().ok_or(io::ErrorKind::NotFound)?;
    rt.connect(SocketAddr::new(*address, port), None).await
}

/// A connection on which nothing can be written after the first write.
struct OneWrite {
    io: BoxIo,
    written: bool,
}

impl AsyncRead for OneWrite {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for OneWrite {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.written {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, "broken pipe")));
        }
        let wrote = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.written = wrote.is_ready();
        wrote
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Io for OneWrite {
    fn addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.io.addrs()
    }

    fn holds_back_writes(&self) -> bool {
        self.io.holds_back_writes()
    }
}

/// How many tries one GET makes when the pool has `idle` connections to the host, and the server closes each of them at
/// its second request.
///
/// # Errors
///
/// When the GET is not answered in the end.
pub async fn tries(stage: &Stage, idle: usize) -> Outcome<usize> {
    let once = Script::new().answer(Reply::bytes(13)).await_request().close();
    let origin = stage.origin(Plan::new().rest(once))?;
    let client = stage.client_with(EarlyClose::Kill, |config| config.max_idle_conns_per_host = Some(idle));
    let mut bodies = Vec::new();
    for _ in 0..idle {
        bodies.push(client.get(&origin.url("/")).await?.body);
    }
    for mut body in bodies {
        body.read_all().await?;
    }
    let before = connections(stage);
    client.get(&origin.url("/")).await?.body.read_all().await?;
    Ok(connections(stage) - before)
}
