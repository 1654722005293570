//! Connections in memory: a client whose network is a pipe, for what is measured without a kernel in it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use client::{Client, Config, Proxy, Transport};
use httptrace::{BoxFuture, BoxIo, Census, Io, Runtime, TaskName, Timer, TokioRuntime};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf};

/// What every request is answered with.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, world!";

/// Bytes that a pipe holds in each direction.
const PIPE: usize = 4096;

/// A client with connections in memory, and the runtime that both ends run on.
pub struct InMemory {
    tokio: tokio::runtime::Runtime,
    client: Client,
}

impl InMemory {
    /// A client with `idle` connections in its pool.
    ///
    /// # Panics
    ///
    /// When the machine gives no runtime.
    pub fn with_idle(idle: usize) -> Self {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let config = Config {
            proxy: Proxy::None,
            max_idle_conns: None,
            max_idle_conns_per_host: Some(usize::MAX),
            idle_conn_timeout: None,
            ..Config::default_transport(Arc::new(Pipes(TokioRuntime::new())))
        };
        let client = Client::new(Transport::new(config));
        tokio.block_on(async {
            // Each of them finds the pool empty and dials, before any connection is there.
            let gets: Vec<_> = (0..idle).map(|_| tokio::spawn(get(client.clone()))).collect();
            for get in gets {
                get.await.expect("a get does not panic");
            }
            while client.transport().pool_census().idle < idle {
                tokio::task::yield_now().await;
            }
        });
        InMemory { tokio, client }
    }

    /// One request, from the pool's connection to the end of the body.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub fn get(&self) {
        self.tokio.block_on(get(self.client.clone()));
    }
}

async fn get(client: Client) {
    let mut response = client.get("http://192.0.2.1/").await.expect("the pipe answers");
    let body = response.body.read_all().await.expect("all of it");
    assert_eq!(body.len(), 13);
}

/// Tokio's runtime with pipes for a network.
struct Pipes(Arc<TokioRuntime>);

impl Runtime for Pipes {
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>) {
        self.0.spawn(name, task);
    }

    fn timer(&self, deadline: Duration) -> Pin<Box<dyn Timer>> {
        self.0.timer(deadline)
    }

    fn now(&self) -> Duration {
        self.0.now()
    }

    /// The one address that is asked for is written as one.
    fn lookup<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Err(io::Error::new(io::ErrorKind::NotFound, "no such host")) })
    }

    fn connect(&self, _addr: SocketAddr, _keep_alive: Option<Duration>) -> BoxFuture<'_, io::Result<BoxIo>> {
        Box::pin(async {
            let (near, far) = tokio::io::duplex(PIPE);
            tokio::spawn(answer(far));
            Ok(Box::new(Pipe(near)) as BoxIo)
        })
    }

    fn census(&self) -> &Arc<Census> {
        self.0.census()
    }
}

/// Answers each read: a small GET comes in one piece.
async fn answer(mut pipe: DuplexStream) {
    let mut request = [0; 1024];
    while pipe.read(&mut request).await.is_ok_and(|n| n > 0) {
        if pipe.write_all(ANSWER).await.is_err() {
            return;
        }
    }
}

struct Pipe(DuplexStream);

impl Io for Pipe {}

impl AsyncRead for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
