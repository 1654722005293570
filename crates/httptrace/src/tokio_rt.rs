//! The seam on tokio.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

use crate::census::Census;
use crate::rt::{BoxFuture, BoxIo, Io, Runtime, Settle, TaskName, Timer};

/// Time between two TCP keep-alive probes. Go: `defaultTCPKeepAliveInterval`.
const PROBE_INTERVAL: Duration = Duration::from_secs(15);

/// Probes without an answer after which a peer counts as gone. Go: `defaultTCPKeepAliveCount`.
const PROBES: u32 = 9;

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

    fn wall(&self) -> Duration {
        // A clock that is set before 1970 stands still.
        SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
    }

    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(look_up(host))
    }

    fn connect(&self, addr: SocketAddr, keep_alive: Option<Duration>) -> BoxFuture<'_, io::Result<BoxIo>> {
        Box::pin(async move { Ok(Box::new(connect(addr, keep_alive).await?) as BoxIo) })
    }

    fn env_var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
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

/// Asks the system's resolver.
async fn look_up(host: &str) -> io::Result<Vec<IpAddr>> {
    match tokio::net::lookup_host((host, 0)).await {
        Ok(found) => Ok(found.map(|addr| addr.ip()).collect()),
        // Every resolver words this differently; Go's users know one text.
        Err(error) => Err(match error.kind() {
            io::ErrorKind::InvalidInput => error,
            kind => io::Error::new(kind, "no such host"),
        }),
    }
}

/// A TCP connection with Go's settings: no delay, keep-alive probes.
///
/// Go: net/tcpsock.go newTCPConn
async fn connect(addr: SocketAddr, keep_alive: Option<Duration>) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(addr).await?;
    // A peer that has reset the connection already makes these fail on some systems; the first read will say it better.
    let _no_delay = stream.set_nodelay(true);
    if let Some(idle) = keep_alive {
        let probes = TcpKeepalive::new().with_time(idle).with_interval(PROBE_INTERVAL).with_retries(PROBES);
        let _probing = SockRef::from(&stream).set_tcp_keepalive(&probes);
    }
    Ok(stream)
}

impl Io for TcpStream {
    fn addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.local_addr().ok().zip(self.peer_addr().ok())
    }

    fn holds_back_writes(&self) -> bool {
        false
    }
}

#[cfg(unix)]
impl Io for tokio::net::UnixStream {}

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

impl CountedSeam {
    /// Resolves when no task is ready to run: all that could do something have done it. Dials, drains and timers may be
    /// under way.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: nothing is taken, only looked at.
    pub async fn idle(&self) {
        self.parked.notified().await;
    }
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

    fn wall(&self) -> Duration {
        self.tokio.wall()
    }

    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.tokio.lookup(host)
    }

    fn connect(&self, addr: SocketAddr, keep_alive: Option<Duration>) -> BoxFuture<'_, io::Result<BoxIo>> {
        self.tokio.connect(addr, keep_alive)
    }

    fn env_var(&self, name: &str) -> Option<String> {
        self.tokio.env_var(name)
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
    fn a_connection_has_gos_settings() {
        let counted = Counted::new().expect("a runtime");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        counted.block_on(async {
            let addr = listener.local_addr().unwrap();
            let stream = connect(addr, Some(Duration::from_secs(30))).await.unwrap();
            let socket = SockRef::from(&stream);
            assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
            assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(30));
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(15));
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), 9);

            let stream = connect(addr, None).await.unwrap();
            assert!(!SockRef::from(&stream).keepalive().unwrap());
        });
    }

    #[test]
    fn a_name_that_nobody_has_is_no_such_host() {
        let counted = Counted::new().expect("a runtime");
        let seam = counted.seam();
        counted.block_on(async {
            let error = seam.lookup("nobody.invalid").await.expect_err("RFC 6761 keeps this name free");
            assert_eq!(error.to_string(), "no such host");
            assert!(seam.lookup("localhost").await.unwrap().iter().all(IpAddr::is_loopback));
        });
    }
}
