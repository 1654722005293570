//! The host over real sockets: a thread and a tokio runtime of its own, never the caller's.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use httptrace::{BoxFuture, Census, Io, Runtime as _, TokioRuntime};
use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;

use crate::peer::{Accept, Peer};
use crate::script::Plan;
use crate::server::Server;
use crate::stats::Stats;

/// How long a wait for the counters may take before it counts as a hang.
const GIVE_UP: Duration = Duration::from_secs(30);
/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A scripted server on a free port of 127.0.0.1.
///
/// # Drop
///
/// Dropping it stops it: every connection is closed, the port is free, and its thread has ended.
#[derive(Debug)]
pub struct TcpOrigin {
    server: Arc<Server>,
    scheme: &'static str,
    addr: SocketAddr,
    handle: Handle,
    /// Told whenever the origin's thread is about to sleep for want of work.
    parked: Arc<Notify>,
    /// Knows of the pauses of scripts.
    census: Arc<Census>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TcpOrigin {
    /// Starts a server. It accepts connections from now on.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a port, an event queue or a thread.
    pub fn start(plan: impl Into<Plan>) -> io::Result<Self> {
        Self::start_as("http", plan.into(), |tcp| Box::new(tcp))
    }

    /// Starts a server that speaks TLS. The counters are those of its TCP connections: one whose handshake fails was
    /// accepted, and ended in an error.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and when the identity is of no use.
    #[cfg(feature = "tls")]
    pub fn start_tls(plan: impl Into<Plan>, identity: &crate::tls::Identity) -> io::Result<Self> {
        let (acceptor, goodbye) = (identity.acceptor()?, identity.goodbye());
        Self::start_as("https", plan.into(), move |tcp| Box::new(crate::tls::TlsPeer::new(&acceptor, tcp, goodbye)))
    }

    fn start_as(
        scheme: &'static str,
        plan: Plan,
        wrap: impl Fn(TcpPeer) -> Box<dyn Peer> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let parked = Arc::new(Notify::new());
        let hook = Arc::clone(&parked);
        let runtime =
            Builder::new_current_thread().enable_all().on_thread_park(move || hook.notify_waiters()).build()?;
        let handle = runtime.handle().clone();
        let (listener, addr) = {
            let _inside = runtime.enter();
            listen()?
        };
        let listener = Listener { listener, wrap };
        let rt = TokioRuntime::new();
        let census = Arc::clone(rt.census());
        let server = Server::new(plan, rt);
        let serving = Arc::clone(&server).serve(listener, |task| drop(tokio::spawn(task)));
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("origin".to_owned()).spawn(move || {
            runtime.block_on(async move {
                // - stopped: `stop` was dropped; cancel-safe, it is not polled again
                // - serving: the listener failed; what is open is served on
                let mut stopped = stopped;
                httptrace::select! {
                    _ = &mut stopped => return,
                    () = serving => {}
                }
                let _dropped = stopped.await;
            });
            // Dropping the runtime drops its tasks, and with them every connection.
            drop(runtime);
        })?;
        Ok(TcpOrigin { server, scheme, addr, handle, parked, census, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.addr)
    }

    /// The plan in use.
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// [`Server::stats`]
    pub fn stats(&self) -> Arc<Stats> {
        self.server.stats()
    }

    /// [`Server::open_gate`]
    pub fn open_gate(&self, name: impl Into<Arc<str>>) {
        self.server.open_gate(name);
    }

    /// [`Server::assert_ok`]
    ///
    /// # Panics
    ///
    /// When a check failed; the text has them all.
    #[track_caller]
    pub fn assert_ok(&self) {
        self.server.assert_ok();
    }

    /// Waits until the counters satisfy `wanted`, from any executor.
    ///
    /// # Panics
    ///
    /// When that takes more than 30 s of real time; the text has the counters.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: nothing is taken, only looked at.
    pub async fn until(&self, wanted: impl FnMut(&Stats) -> bool) -> Arc<Stats> {
        self.within(GIVE_UP, wanted).await
    }

    /// Waits until a script has reached this label, from any executor.
    ///
    /// # Panics
    ///
    /// When that takes more than 30 s of real time; the text has the counters.
    pub async fn reached(&self, label: &str) -> Arc<Stats> {
        self.until(|stats| stats.reached(label) > 0).await
    }

    /// Waits until it has nothing left to do: whatever has reached its sockets is taken in, and no script is in a pause. What
    /// waits for the peer, at a gate, or for a peer that does not read, may remain. From any executor.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: nothing is taken, only looked at.
    pub async fn quiet(&self) {
        let (parked, census) = (Arc::clone(&self.parked), Arc::clone(&self.census));
        let task = self.handle.spawn(async move {
            // Two sleeps in a row: before the second one the event queue has been asked once more.
            let mut quiet = 0;
            while quiet < 2 {
                census.until(|_| !census.is_busy()).await;
                parked.notified().await;
                quiet = if census.is_busy() { 0 } else { quiet + 1 };
            }
        });
        let _stopped_asking = AbortOnDrop(task.abort_handle());
        // It ends early only if the origin does, which then is quiet too.
        let _ended = task.await;
    }

    /// Stops it, as dropping does, and returns the last counters.
    pub fn stop(mut self) -> Arc<Stats> {
        self.end();
        self.server.stats()
    }

    async fn within(&self, bound: Duration, wanted: impl FnMut(&Stats) -> bool) -> Arc<Stats> {
        // The timer runs on the origin's runtime: the caller may be on one that has no clock.
        let timer = self.handle.spawn(async move { tokio::time::sleep(bound).await });
        let _unset = AbortOnDrop(timer.abort_handle());
        // - until: the counters are as wanted; only looks, so cancel-safe
        // - timer: the bound has passed; nothing is lost with it
        httptrace::select! {
            stats = self.server.until(wanted) => stats,
            _ = timer => panic!("gave up after {bound:?}; the origin has {}", self.server.stats()),
        }
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked in a script: those are tasks. A bug of the host shows in its own output.
            let _ended = thread.join();
        }
    }
}

impl Drop for TcpOrigin {
    fn drop(&mut self) {
        self.end();
    }
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let listener = TcpListener::from_std(socket.into())?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

struct Listener<F> {
    listener: TcpListener,
    wrap: F,
}

impl<F: Fn(TcpPeer) -> Box<dyn Peer> + Send + Sync> Accept for Listener<F> {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn Peer>>> {
        Box::pin(async {
            loop {
                match self.listener.accept().await {
                    Ok((stream, peer)) => {
                        // It fails only on a connection that is gone, which the script will notice.
                        let _gone = stream.set_nodelay(true);
                        let addrs = stream.local_addr().ok().map(|local| (local, peer));
                        return Ok((self.wrap)(TcpPeer { stream, addrs }));
                    }
                    // The client left before it was accepted: no connection, and no fault of the listener.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    Err(error) => return Err(error),
                }
            }
        })
    }
}

/// An accepted TCP connection.
pub(crate) struct TcpPeer {
    stream: TcpStream,
    addrs: Option<(SocketAddr, SocketAddr)>,
}

impl TcpPeer {
    /// Closing a socket that may not linger sends RST.
    pub(crate) fn reset_when_closed(&self) {
        // A socket that is gone already has had its end.
        let _gone = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}

impl Peer for TcpPeer {
    fn reset(self: Box<Self>) {
        self.reset_when_closed();
        drop(self);
    }
}

impl Io for TcpPeer {
    fn addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.addrs
    }
}

impl AsyncRead for TcpPeer {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for TcpPeer {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script;

    #[tokio::test]
    #[should_panic(expected = "gave up after 1ms; the origin has 0 accepted, 0 open, 0 requests")]
    async fn a_wait_that_takes_too_long_tells_the_counters() {
        let origin = TcpOrigin::start(Script::new()).expect("a free port of loopback");
        origin.within(Duration::from_millis(1), |stats| stats.accepted > 0).await;
    }
}
