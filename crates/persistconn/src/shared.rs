//! What pool, caller and both loops may all hold: the power to close a connection, not to use it.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use httptrace::{Actor, BoxIo, Channel, ClientTrace, ConnId, Event, TlsState, Trace};
use parking_lot::{Mutex, MutexGuard};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::error::{CloseReason, Error, IoError};

/// The socket of a connection, and the reason it closed.
///
/// The socket lies behind a mutex so that [`close`](ConnShared::close) ends the connection *now*, whoever
/// is reading or writing, also when nobody polls the body: the stream is taken out and dropped, and all who
/// wait for it are woken. That is Go's `conn.Close()`, in one mechanism for TCP, TLS and memory.
///
/// Go twin: transport.go type persistConn, its fields `conn`, `closed`, `closech`, `canceledErr`, `nwrite`.
#[doc(alias = "persistConn")]
pub struct ConnShared {
    id: ConnId,
    key: Arc<str>,
    trace: Trace,
    /// This end's address and the peer's, where the stream has them.
    addrs: Option<(SocketAddr, SocketAddr)>,
    /// What its handshake has agreed on. Go: `tlsState`.
    tls: Option<Arc<TlsState>>,
    /// Whether a write is over only when it was flushed.
    flushes: bool,
    /// Bytes given to the socket since the connection began. Go: `nwrite`.
    written: AtomicU64,
    socket: Mutex<Socket>,
}

struct Socket {
    io: Option<BoxIo>,
    /// The stream may hold back what was written: nobody has seen a flush end since.
    holds_back: bool,
    closed: Option<CloseReason>,
    /// Whoever reads: read_loop, or the body while it has the reader.
    reader: Option<Waker>,
    /// write_loop, when it waits for the socket or for `closech`.
    write_loop: Option<Waker>,
    /// read_loop, when it waits for `closech` and does not read.
    read_loop: Option<Waker>,
}

impl Socket {
    fn new(io: BoxIo) -> Self {
        Socket { io: Some(io), holds_back: false, closed: None, reader: None, write_loop: None, read_loop: None }
    }
}

/// Which loop waits for `closech`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Loop {
    Read,
    Write,
}

impl ConnShared {
    /// Takes over `io`.
    pub(crate) fn new(id: ConnId, key: Arc<str>, io: BoxIo, trace: Trace) -> Arc<Self> {
        let (addrs, tls, flushes) = (io.addrs(), io.tls_state().cloned(), io.holds_back_writes());
        let (written, socket) = (AtomicU64::new(0), Mutex::new(Socket::new(io)));
        Arc::new(ConnShared { id, key, trace, addrs, tls, flushes, written, socket })
    }

    /// The connection's number.
    pub fn id(&self) -> ConnId {
        self.id
    }

    /// The pool key it was dialled for: `proxy|scheme|host:port`.
    pub fn key(&self) -> &Arc<str> {
        &self.key
    }

    /// This end's address and the peer's, where the stream has them.
    pub fn addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.addrs
    }

    /// What the handshake has agreed on, where the connection is TLS.
    pub fn tls_state(&self) -> Option<&Arc<TlsState>> {
        self.tls.as_ref()
    }

    /// Tells the trace of this connection.
    pub fn emit(&self, actor: Actor, event: impl FnOnce() -> Event) {
        self.trace.emit(actor, Some(self.id), event);
    }

    /// Tells the trace of this connection, and before it the hooks of the request on it.
    pub(crate) fn emit_to(&self, hooks: Option<&ClientTrace>, actor: Actor, event: impl FnOnce() -> Event) {
        self.trace.emit_to(hooks, actor, Some(self.id), event);
    }

    /// Why the connection was closed, or `None` while it is open. Go: `persistConn.isBroken`.
    #[doc(alias = "isBroken")]
    pub fn closed(&self) -> Option<CloseReason> {
        self.lock().closed.clone()
    }

    /// Whether the connection is still open.
    pub fn is_open(&self) -> bool {
        self.lock().closed.is_none()
    }

    /// Closes the connection. The first reason stays; later calls do nothing.
    ///
    /// Go: transport.go (*persistConn).close
    #[doc(alias = "closeLocked")]
    pub fn close(&self, actor: Actor, reason: CloseReason) {
        // ANCHOR: close
        let (io, wakers) = {
            let mut socket = self.lock();
            if socket.closed.is_some() {
                return;
            }
            socket.closed = Some(reason.clone());
            let wakers = [socket.reader.take(), socket.write_loop.take(), socket.read_loop.take()];
            (socket.io.take(), wakers)
        };
        self.emit(actor, || Event::ConnClosed { reason: reason.to_string() });
        self.emit(actor, || Event::Sent { channel: Channel::Closech, what: "closed".into() });
        drop(io);
        wakers.into_iter().flatten().for_each(Waker::wake);
        // ANCHOR_END: close
    }

    /// Gives the socket to the caller. For the loops the connection is closed.
    pub(crate) fn give_away(&self) -> Option<BoxIo> {
        let (io, wakers) = {
            let mut socket = self.lock();
            let io = socket.io.take()?;
            socket.closed = Some(CloseReason::CallerOwnsConn);
            (io, [socket.reader.take(), socket.write_loop.take(), socket.read_loop.take()])
        };
        self.emit(Actor::ReadLoop, || Event::Sent { channel: Channel::Closech, what: "given_away".into() });
        wakers.into_iter().flatten().for_each(Waker::wake);
        Some(io)
    }

    /// Waits until the connection is closed. Go: `<-pc.closech`.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: nothing is taken.
    pub(crate) fn closech(&self, who: Loop) -> impl Future<Output = ()> {
        poll_fn(move |cx| {
            let mut socket = self.lock();
            if socket.closed.is_some() {
                return Poll::Ready(());
            }
            let slot = match who {
                Loop::Read => &mut socket.read_loop,
                Loop::Write => &mut socket.write_loop,
            };
            let old = set_waker(slot, cx);
            drop(socket);
            drop(old);
            Poll::Pending
        })
    }

    /// Bytes given to the socket so far.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Reads from the socket into `buf`; nothing filled means that the peer is done.
    ///
    /// # Errors
    ///
    /// The cancel's cause once the request on it was cancelled, whatever the socket said; else the
    /// socket's error or the reason for which this side closed it.
    pub(crate) fn poll_read(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        let mut socket = self.lock();
        let result = match &mut socket.io {
            None => Poll::Ready(Err(closed_error(socket.closed.as_ref()))),
            Some(io) => Pin::new(io).poll_read(cx, buf).map_err(|error| match error.kind() {
                // TLS says so of a stream that ends without its goodbye. Of itself a socket does not know.
                io::ErrorKind::UnexpectedEof => Error::UnexpectedEof,
                _ => Error::Io(self.io_error("read", &error)),
            }),
        };
        if result.is_pending() {
            let old = set_waker(&mut socket.reader, cx);
            drop(socket);
            drop(old);
        }
        result
    }

    /// Writes some of `bufs` to the socket and says how much.
    ///
    /// # Errors
    ///
    /// As [`poll_read`](Self::poll_read).
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<Result<usize, Error>> {
        let mut socket = self.lock();
        let result = match &mut socket.io {
            None => Poll::Ready(Err(closed_error(socket.closed.as_ref()))),
            Some(io) => {
                Pin::new(io).poll_write_vectored(cx, bufs).map_err(|error| Error::Io(self.io_error("write", &error)))
            }
        };
        match &result {
            Poll::Pending => {
                let old = set_waker(&mut socket.write_loop, cx);
                drop(socket);
                drop(old);
            }
            Poll::Ready(Ok(n)) => {
                socket.holds_back = true;
                self.written.fetch_add(*n as u64, Ordering::Relaxed);
            }
            Poll::Ready(Err(_)) => {}
        }
        result
    }

    /// Pushes out what the stream itself may hold back (TLS does, TCP does not). Where there is nothing, that the connection
    /// is closed is no error: as in Go nothing was left to write.
    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.flushes {
            return Poll::Ready(Ok(()));
        }
        let mut socket = self.lock();
        if !socket.holds_back {
            return Poll::Ready(Ok(()));
        }
        let result = match &mut socket.io {
            None => Poll::Ready(Err(closed_error(socket.closed.as_ref()))),
            Some(io) => Pin::new(io).poll_flush(cx).map_err(|error| Error::Io(self.io_error("write", &error))),
        };
        socket.holds_back = !matches!(result, Poll::Ready(Ok(())));
        if result.is_pending() {
            let old = set_waker(&mut socket.write_loop, cx);
            drop(socket);
            drop(old);
        }
        result
    }

    /// What a body that cannot be read any further is told: once the request was cancelled that is the cancel's cause, whatever
    /// else is wrong. Go: the function of the `bodyEOFSignal`, which asks `(*persistConn).canceled`.
    pub(crate) fn cause_of(&self, error: &Error) -> Error {
        match &self.lock().closed {
            Some(CloseReason::Canceled(cause)) => Error::Canceled(cause.clone()),
            Some(_) | None => error.clone(),
        }
    }

    /// What a read of a body met, before anybody asks for its reason: where a cancel has closed the socket, that it is
    /// closed. A stream of the caller's own making has no words for that, and tells the cancel.
    pub(crate) fn as_read(&self, error: Error) -> Error {
        if let (Error::Canceled(_), Some((local, peer))) = (&error, self.addrs) {
            let closed = io::Error::new(io::ErrorKind::NotConnected, "use of closed network connection");
            return Error::Io(IoError::new(&format!("read tcp {local}->{peer}"), &closed));
        }
        error
    }

    /// Whether the bytes are those of a TCP connection, and nothing is between.
    pub(crate) fn is_plain_tcp(&self) -> bool {
        self.addrs.is_some() && self.tls.is_none()
    }

    fn io_error(&self, op: &str, error: &io::Error) -> IoError {
        match self.addrs {
            // What a layer between finds wrong in the bytes (TLS) is no fault of the socket.
            Some((local, peer)) if error.kind() != io::ErrorKind::InvalidData => {
                IoError::new(&format!("{op} tcp {local}->{peer}: {op}"), error)
            }
            // A stream of the caller's own making: its errors are shown as they are.
            Some(_) | None => IoError::bare(error),
        }
    }

    /// An error in the middle of a body that Go lets its TCP connection read for itself, `net.TCPConn.ReadFrom`: that call
    /// stands before the error of the body or of the write. A TLS connection has no such call.
    ///
    /// Go: net/tcpsock.go (*TCPConn).ReadFrom
    #[doc(alias = "ReadFrom")]
    pub(crate) fn while_reading_from(&self, error: Error) -> Error {
        let Some((local, peer)) = self.addrs.filter(|_| self.tls.is_none()) else { return error };
        let within = |fault: &IoError| fault.given_on_by(&format!("readfrom tcp {local}->{peer}"));
        if let Error::Io(fault) = &error {
            return Error::Io(within(fault));
        }
        if let Error::RequestBody(fault) = &error {
            return Error::RequestBody(within(fault));
        }
        error
    }

    fn lock(&self) -> MutexGuard<'_, Socket> {
        // A stream that panicked while it was polled is as good as closed: go on and let close() drop it.
        self.socket.lock()
    }
}

impl fmt::Debug for ConnShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnShared").field("id", &self.id).field("key", &self.key).finish_non_exhaustive()
    }
}

impl Drop for ConnShared {
    /// Told so that a test can account for every connection: a circle of references would keep one for ever.
    fn drop(&mut self) {
        self.emit(Actor::Pool, || Event::ConnFreed);
    }
}

/// What reading or writing on a closed connection says.
fn closed_error(reason: Option<&CloseReason>) -> Error {
    match reason {
        Some(CloseReason::Canceled(cause)) => Error::Canceled(cause.clone()),
        Some(reason) => Error::Closed(Box::new(reason.clone())),
        // A stream leaves the mutex only together with a reason.
        None => Error::Closed(Box::new(CloseReason::ReadLoopExiting)),
    }
}

/// Returns the waker that is not needed any more, to be dropped outside the lock: it may be the last
/// to hold its task.
pub(crate) fn set_waker(slot: &mut Option<Waker>, cx: &Context<'_>) -> Option<Waker> {
    if slot.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
        return None;
    }
    slot.replace(cx.waker().clone())
}
