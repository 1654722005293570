//! The seam on tokio.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

use crate::census::Census;
use crate::go_text::go_io_text;
use crate::rt::{BoxFuture, BoxIo, Io, Runtime, Settle, TaskName, Timer};

/// Time between TCP keep-alive probes. Go: `net.Dialer.KeepAlive` of `DefaultTransport`.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Runs the port on whatever tokio runtime is current when a connection is opened.
#[derive(Debug)]
pub struct TokioRuntime {
    start: Instant,
    census: Arc<Census>,
}

impl TokioRuntime {
    /// A seam with an empty census; its clock starts now.
    pub fn new() -> Arc<Self> {
        Arc::new(TokioRuntime { start: Instant::now(), census: Arc::default() })
    }
}

impl Runtime for TokioRuntime {
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>) {
        let alive = self.census.enter(name);
        let counted = async move {
            let _alive = alive;
            task.await;
        };
        // With no runtime to run it the task is dropped, as by one that is being shut down: whoever waits for it learns
        // from that. (It may be spawned by a drop, where a panic would be the end of the process.)
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(counted));
        }
    }

    fn timer(&self, deadline: Duration) -> Pin<Box<dyn Timer>> {
        let start = self.start;
        Box::pin(TokioTimer { start, sleep: tokio::time::sleep_until(start + deadline) })
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn dial<'a>(&'a self, addr: &'a str) -> BoxFuture<'a, io::Result<BoxIo>> {
        Box::pin(dial_tcp(addr))
    }

    fn census(&self) -> &Arc<Census> {
        &self.census
    }
}

pin_project_lite::pin_project! {
    struct TokioTimer {
        start: Instant,
        #[pin]
        sleep: Sleep,
    }
}

impl Future for TokioTimer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}

impl Timer for TokioTimer {
    fn reset(self: Pin<&mut Self>, deadline: Duration) {
        let this = self.project();
        this.sleep.reset(*this.start + deadline);
    }
}

/// Resolves `addr` and tries its addresses in order. Go: `(*net.Dialer).DialContext`.
async fn dial_tcp(addr: &str) -> io::Result<BoxIo> {
    let (host, _port) = addr.rsplit_once(':').ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("dial tcp: address {addr}: missing port in address"))
    })?;
    let addrs = tokio::net::lookup_host(addr).await.map_err(|error| {
        // Every resolver words this differently; Go's users know one text.
        let text = match error.kind() {
            io::ErrorKind::InvalidInput => go_io_text(&error),
            _ => "no such host".to_owned(),
        };
        io::Error::new(error.kind(), format!("dial tcp: lookup {host}: {text}"))
    })?;
    let mut last = None;
    for addr in addrs {
        match TcpStream::connect(addr).await {
            Ok(stream) => return Ok(Box::new(Tcp::new(stream)?)),
            Err(error) => last = Some((addr, error)),
        }
    }
    Err(match last {
        Some((addr, error)) => {
            let text = format!("dial tcp {addr}: connect: {}", go_io_text(&error));
            io::Error::new(error.kind(), text)
        }
        None => io::Error::new(io::ErrorKind::NotFound, format!("dial tcp: lookup {host}: no such host")),
    })
}

/// A TCP stream with Go's settings: no delay, keep-alive probes.
struct Tcp {
    stream: TcpStream,
    addrs: Option<(SocketAddr, SocketAddr)>,
}

impl Tcp {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE).with_interval(KEEP_ALIVE);
        SockRef::from(&stream).set_tcp_keepalive(&keep_alive)?;
        let addrs = stream.local_addr().ok().zip(stream.peer_addr().ok());
        Ok(Tcp { stream, addrs })
    }
}

impl Io for Tcp {
    fn addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.addrs
    }

    fn holds_back_writes(&self) -> bool {
        false
    }
}

impl AsyncRead for Tcp {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A current_thread tokio runtime on which counting is honest.
///
/// Its thread runs nothing but the port and the caller, so tokio's own number of live tasks and the
/// census must agree; and it is told when the thread is about to sleep for want of work, so that
/// [`settled`](Settle::settled) is an event and not a pause.
#[derive(Debug)]
pub struct Counted {
    runtime: tokio::runtime::Runtime,
    seam: Arc<CountedSeam>,
}

impl Counted {
    /// Builds the runtime.
    ///
    /// # Errors
    ///
    /// When the operating system refuses an event queue.
    pub fn new() -> io::Result<Self> {
        let parked = Arc::new(Notify::new());
        let hook = Arc::clone(&parked);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .on_thread_park(move || hook.notify_waiters())
            .build()?;
        let tokio = {
            let _inside = runtime.enter();
            TokioRuntime { start: Instant::now(), census: Arc::default() }
        };
        let seam = CountedSeam { tokio, handle: runtime.handle().clone(), parked };
        Ok(Counted { runtime, seam: Arc::new(seam) })
    }

    /// The seam to hand to a transport.
    pub fn seam(&self) -> Arc<CountedSeam> {
        Arc::clone(&self.seam)
    }

    /// Runs the caller to its end, and the port's tasks beside it.
    pub fn block_on<F: Future>(&self, caller: F) -> F::Output {
        self.runtime.block_on(caller)
    }
}

/// The seam of a [`Counted`] runtime.
#[derive(Debug)]
pub struct CountedSeam {
    tokio: TokioRuntime,
    handle: tokio::runtime::Handle,
    parked: Arc<Notify>,
}

impl Runtime for CountedSeam {
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>) {
        self.tokio.spawn(name, task);
    }

    fn timer(&self, deadline: Duration) -> Pin<Box<dyn Timer>> {
        self.tokio.timer(deadline)
    }

    fn now(&self) -> Duration {
        self.tokio.now()
    }

    fn dial<'a>(&'a self, addr: &'a str) -> BoxFuture<'a, io::Result<BoxIo>> {
        self.tokio.dial(addr)
    }

    fn census(&self) -> &Arc<Census> {
        self.tokio.census()
    }
}

impl Settle for CountedSeam {
    fn settled(&self) -> BoxFuture<'static, ()> {
        let parked = Arc::clone(&self.parked);
        let census = Arc::clone(self.census());
        Box::pin(async move {
            // ANCHOR: settled
            // Two sleeps in a row: before the second one the event queue has been asked once more.
            let mut quiet = 0;
            while quiet < 2 {
                parked.notified().await;
                quiet = if census.is_busy() { 0 } else { quiet + 1 };
            }
            // ANCHOR_END: settled
        })
    }

    fn alive_tasks(&self) -> usize {
        self.handle.metrics().num_alive_tasks()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::TaskName;

    #[test]
    fn settled_waits_until_no_task_is_ready_and_nothing_is_under_way() {
        let counted = Counted::new().expect("a runtime");
        let seam = counted.seam();
        counted.block_on(async {
            for _ in 0..3 {
                seam.spawn(
                    TaskName::ReadLoop,
                    Box::pin(async {
                        for _ in 0..100 {
                            tokio::task::yield_now().await;
                        }
                    }),
                );
            }
            seam.spawn(TaskName::WriteLoop, Box::pin(std::future::pending()));
            seam.settled().await;
            assert_eq!(seam.census().counts().total(), 1);
            assert_eq!(seam.alive_tasks(), 1);
        });
    }

    #[test]
    fn settled_waits_for_a_drain_that_needs_time() {
        let counted = Counted::new().expect("a runtime");
        let seam = counted.seam();
        counted.block_on(async {
            let busy = seam.census().busy();
            let timer = seam.timer(seam.now() + Duration::from_millis(5));
            seam.spawn(
                TaskName::ReadLoop,
                Box::pin(async move {
                    timer.await;
                    drop(busy);
                }),
            );
            seam.settled().await;
            assert_eq!(seam.census().counts().total(), 0);
        });
    }

    #[test]
    fn a_refused_connection_reads_like_go() {
        let counted = Counted::new().expect("a runtime");
        let seam = counted.seam();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        counted.block_on(async {
            let error = seam.dial(&format!("127.0.0.1:{port}")).await.err().expect("nobody listens there");
            assert_eq!(error.to_string(), format!("dial tcp 127.0.0.1:{port}: connect: connection refused"));
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        });
    }
}
