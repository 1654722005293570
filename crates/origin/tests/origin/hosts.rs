//! The two hosts: a thread of its own over real sockets, and whatever executor brings the connections.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use httptrace::{BoxFuture, Io, TokioRuntime};
use origin::{Accept, End, Peer, Reply, Router, Script, Server};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::mpsc;

use crate::start;
use crate::support::{Client, soon};

#[tokio::test]
async fn dropping_it_closes_every_connection_and_frees_the_port() {
    let origin = start(Script::new().hold());
    let server = Arc::clone(origin.server());
    let addr = origin.addr();
    let mut clients = [Client::to(&origin).await, Client::to(&origin).await];
    origin.until(|stats| stats.open == 2).await;
    drop(origin);
    for client in &mut clients {
        assert_eq!(client.rest().await.unwrap(), "");
    }
    assert_eq!((server.stats().open, server.stats().ended(End::Stopped)), (0, 2));
    let refused = tokio::net::TcpStream::connect(addr).await.expect_err("nobody listens any more");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn stop_ends_a_script_that_waits_for_a_gate_that_nobody_opens() {
    let origin = start(Script::new().await_gate("never"));
    let mut client = Client::to(&origin).await;
    origin.reached("never").await;
    let stats = origin.stop();
    assert_eq!((stats.open, stats.conns[0].end), (0, Some(End::Stopped)));
    assert_eq!(client.rest().await.unwrap(), "");
}

#[tokio::test]
async fn it_is_quiet_when_all_that_was_sent_to_it_is_taken_in_and_no_script_is_in_a_pause() {
    let pause = Duration::from_millis(20);
    let origin = start(Script::new().await_request().pause(pause).reached("over").await_gate("never"));
    let mut client = Client::to(&origin).await;
    let before = Instant::now();
    client.get("/").await;
    soon("quiet", origin.quiet()).await;
    assert_eq!((origin.stats().requests, origin.stats().reached("over")), (1, 1));
    assert!(before.elapsed() >= pause);
    drop(client);
    let left = start(Script::new().hold());
    drop(Client::to(&left).await);
    soon("quiet", left.quiet()).await;
    assert_eq!((left.stats().accepted, left.stats().open), (1, 0), "the end of a connection is taken in too");
}

#[tokio::test]
async fn a_url_is_made_of_its_address() {
    let origin = start(Script::new());
    assert_eq!(origin.url("/a"), format!("http://127.0.0.1:{}/a", origin.addr().port()));
}

#[test]
fn it_starts_and_is_awaited_without_a_runtime_of_the_caller() {
    let origin = start(Router::new().at("/", Reply::bytes(1).connection_close()));
    let mut client = std::net::TcpStream::connect(origin.addr()).expect("it listens");
    io::Write::write_all(&mut client, b"GET / HTTP/1.1\r\n\r\n").expect("it reads");
    let mut text = String::new();
    io::Read::read_to_string(&mut client, &mut text).expect("it answers");
    assert!(text.ends_with("\r\n\r\na"));
    // A runtime without a clock: the bound of the wait is the origin's own.
    let bare = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let stats = bare.block_on(origin.until(|stats| stats.open == 0));
    assert_eq!(stats.requests, 1);
}

/// An in-memory peer, and a listener of such peers.
struct Memory(DuplexStream);

impl Peer for Memory {
    fn reset(self: Box<Self>) {}
}

impl Io for Memory {}

impl AsyncRead for Memory {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Memory {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

struct Incoming(mpsc::UnboundedReceiver<DuplexStream>);

impl Accept for Incoming {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn Peer>>> {
        Box::pin(async {
            match self.0.recv().await {
                Some(stream) => Ok(Box::new(Memory(stream)) as Box<dyn Peer>),
                None => Err(io::Error::other("no more connections")),
            }
        })
    }
}

#[tokio::test]
async fn any_executor_can_serve_any_stream() {
    let server = Server::new(Router::new().at("/", Reply::bytes(2)), TokioRuntime::new());
    let (dial, incoming) = mpsc::unbounded_channel();
    let serving = tokio::spawn(Arc::clone(&server).serve(Incoming(incoming), |task| drop(tokio::spawn(task))));
    let (mut client, accepted) = tokio::io::duplex(7);
    dial.send(accepted).expect("the server accepts");
    soon("send", client.write_all(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")).await.expect("the server reads");
    let mut text = String::new();
    soon("read", client.read_to_string(&mut text)).await.expect("the server answers");
    assert_eq!(text, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab");
    let stats = soon("the end", server.until(|stats| stats.open == 0)).await;
    assert_eq!((stats.requests, stats.conns[0].end), (1, Some(End::Closed)));
    drop(dial);
    soon("serving", serving).await.expect("no panic");
    assert_eq!(server.stats().failures, ["accept: no more connections"]);
}

#[tokio::test]
async fn a_connection_whose_future_is_dropped_counts_as_stopped() {
    let server = Server::new(Script::new().hold(), TokioRuntime::new());
    let (mut client, accepted) = tokio::io::duplex(7);
    let serving = server.serve_conn(Box::new(Memory(accepted)));
    assert_eq!(server.stats().open, 1);
    drop(serving);
    assert_eq!(server.stats().ended(End::Stopped), 1);
    let mut rest = Vec::new();
    assert_eq!(soon("eof", client.read_to_end(&mut rest)).await.expect("a clean end"), 0);
}

#[tokio::test]
async fn a_stalled_connection_reads_nothing_so_the_client_meets_back_pressure() {
    let server = Server::new(Script::new().await_head().reached("stalled").stall(), TokioRuntime::new());
    let (mut client, accepted) = tokio::io::duplex(64);
    let serving = tokio::spawn(server.serve_conn(Box::new(Memory(accepted))));
    soon("send", client.write_all(b"POST / HTTP/1.1\r\nContent-Length: 999\r\n\r\n")).await.expect("the server reads");
    soon("stalled", server.reached("stalled")).await;
    // 64 bytes fit between the two ends, the next one does not.
    let mut writing = Box::pin(client.write_all(&[b'x'; 65]));
    for _turn in 0..100 {
        tokio::select! {
            biased;
            _ = &mut writing => panic!("somebody read"),
            () = tokio::task::yield_now() => {}
        }
    }
    serving.abort();
    let error = soon("the end", writing).await.expect_err("the connection is over");
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}
