//! Lab B. Six GETs over TLS: how many handshakes, and what each waits for; what is agreed on; how a stream ends.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, ready};

use client::{Client, ClientTrace, Config, Context, DialFn, EarlyClose, Proxy, Request, Roots};
use examples::{Outcome, Stage};
use http::Method;
use httptrace::{BoxIo, Io};
use origin::tls::Authority;
use origin::{Plan, Reply, Router, Script, TcpOrigin};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

fn main() -> ExitCode {
    Stage::main_on_sockets(async |stage| {
        let authority = Authority::new("the lab's own");
        handshakes(stage, &authority).await?;
        agreed(stage, &authority).await?;
        ends(stage, &authority).await
    })
}

fn small() -> Router {
    Router::new().at("/", Reply::bytes(13))
}

/// A client that trusts this authority, and nobody else.
fn client(stage: &Stage, authority: &Authority, set: impl FnOnce(&mut Config)) -> Client {
    stage.client_with(EarlyClose::GO_1_27, |config| {
        // Whatever the reader's own environment says.
        config.proxy = Proxy::None;
        config.tls.roots = Roots::Only(vec![authority.root()]);
        set(config);
    })
}

/// One row: how the six requests are made, and by which TLS.
struct Row {
    what: &'static str,
    keep_alive: bool,
    /// How many sessions the client remembers.
    sessions: usize,
    only_tls_12: bool,
}

async fn handshakes(stage: &Stage, authority: &Authority) -> Outcome<()> {
    println!("six GETs, one after the other, read to their ends");
    println!("tasks left, the caller one of them / connections; handshakes full + resumed; round trips of handshakes");
    let row = |what, keep_alive, sessions, only_tls_12| Row { what, keep_alive, sessions, only_tls_12 };
    for row in [
        row("TLS 1.3, one connection", true, 0, false),
        row("TLS 1.2, one connection", true, 0, true),
        row("TLS 1.3, a connection each", false, 0, false),
        row("TLS 1.3, a connection each, sessions remembered", false, 10, false),
        row("TLS 1.2, a connection each", false, 0, true),
        row("TLS 1.2, a connection each, sessions remembered", false, 10, true),
    ] {
        six(stage, authority, &row).await?;
    }
    Ok(())
}

async fn six(stage: &Stage, authority: &Authority, row: &Row) -> Outcome<()> {
    let identity = authority.issue(["127.0.0.1"]).protocols(["h2", "http/1.1"]);
    let identity = if row.only_tls_12 { identity.only_tls_12() } else { identity };
    let origin = TcpOrigin::start_tls(small(), &identity)?;
    let turns = Arc::new(Turns::default());
    let client = client(stage, authority, |config| {
        config.disable_keep_alives = !row.keep_alive;
        config.tls.session_cache = row.sessions;
        config.dial_context = Some(counted_dial(stage, &turns));
    });
    let done = Arc::new(Mutex::new((0, 0, 0)));
    for _ in 1..=6 {
        let (done, turns) = (Arc::clone(&done), Arc::clone(&turns));
        // ANCHOR: hook
        let hooks = ClientTrace::new().tls_handshake_done(move |state| {
            let mut done = done.lock().expect("three additions");
            match state {
                Ok(state) if state.did_resume => done.1 += 1,
                Ok(_) | Err(_) => done.0 += 1,
            }
            done.2 += turns.taken();
        });
        // ANCHOR_END: hook
        let mut request = Request::new(Method::GET, origin.url("/").parse()?);
        request.context = Context::background().with_client_trace(hooks);
        client.do_request(request).await?.body.read_all().await?;
    }
    let left = stage.settled().await?.with_caller();
    let (full, resumed, trips) = *done.lock().expect("three additions");
    println!("{}: {left} / {}; {full} + {resumed}; {trips}", row.what, origin.stats().accepted);
    Ok(())
}

/// What is offered, what a server takes of it, and what is said when that is nothing.
async fn agreed(stage: &Stage, authority: &Authority) -> Outcome<()> {
    println!("\nwhat client and server agree on; the client offers http/1.1");
    let identity = || authority.issue(["127.0.0.1"]);
    for (what, identity) in [
        ("a server of h2 and http/1.1", identity().protocols(["h2", "http/1.1"])),
        ("a server that takes no notice", identity()),
        ("a server of h2 alone", identity().protocols(["h2"])),
    ] {
        let origin = TcpOrigin::start_tls(small(), &identity)?;
        let client = client(stage, authority, |_| {});
        let agreed = match client.get(&origin.url("/")).await {
            Ok(mut response) => {
                response.body.read_all().await?;
                response.tls.and_then(|tls| tls.negotiated_protocol.clone()).unwrap_or("nothing".to_owned())
            }
            Err(error) => error.reason.to_string(),
        };
        println!("{what}: {agreed}");
    }
    let refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    let origin = TcpOrigin::start(Script::new().await_bytes(1).send(refusal).hold())?;
    let secured = origin.url("/").replacen("http", "https", 1);
    let said = client(stage, authority, |_| {}).get(&secured).await.map(drop).expect_err("no TLS there");
    println!("a server without TLS: {}", said.reason);
    Ok(())
}

/// How a body's end is known, and how the stream ends below it.
async fn ends(stage: &Stage, authority: &Authority) -> Outcome<()> {
    println!("\n13 bytes and the end of the connection; no length, then a length of 13, then one of 20");
    let identity = || authority.issue(["127.0.0.1"]);
    for (what, identity) in [
        ("with close_notify", identity()),
        ("without", identity().without_goodbye()),
        ("in a record", identity().cut_short()),
    ] {
        let mut read = Vec::new();
        for length in ["", "Content-Length: 13\r\n", "Content-Length: 20\r\n"] {
            let answer = format!("HTTP/1.1 200 OK\r\n{length}\r\nhello, world!");
            let plan = Plan::from(Script::new().await_request().send(answer).close());
            let origin = TcpOrigin::start_tls(plan, &identity)?;
            let mut body = client(stage, authority, |_| {}).get(&origin.url("/")).await?.body;
            let mut data = Vec::new();
            read.push(match body.read_to_end(&mut data).await {
                Ok(_) => "whole".to_owned(),
                Err(error) => error.to_string(),
            });
        }
        println!("{what}: {}", read.join(", "));
    }
    Ok(())
}

/// Opens connections whose turns are counted.
fn counted_dial(stage: &Stage, turns: &Arc<Turns>) -> DialFn {
    let (rt, turns) = (stage.runtime(), Arc::clone(turns));
    DialFn::new(move |_context, addr| {
        let (rt, turns) = (Arc::clone(&rt), Arc::clone(&turns));
        async move {
            let addr: SocketAddr = addr.parse().map_err(io::Error::other)?;
            let inner = rt.connect(addr, None).await?;
            turns.begin();
            Ok(Box::new(Counted { inner, turns }) as BoxIo)
        }
    })
}

/// How often a side waited for the other: bytes came after bytes had gone.
#[derive(Default)]
struct Turns {
    asked: AtomicBool,
    taken: AtomicUsize,
}

impl Turns {
    fn begin(&self) {
        self.asked.store(false, Ordering::Relaxed);
        self.taken.store(0, Ordering::Relaxed);
    }

    fn wrote(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    fn read(&self) {
        if self.asked.swap(false, Ordering::Relaxed) {
            self.taken.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

struct Counted {
    inner: BoxIo,
    turns: Arc<Turns>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.turns.read();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        self.turns.wrote();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl Io for Counted {
    fn addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.inner.addrs()
    }

    fn holds_back_writes(&self) -> bool {
        self.inner.holds_back_writes()
    }
}
