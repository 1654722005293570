//! A connection's life from outside: who may send on it, and how it is started.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::Method;
use httptrace::{Actor, BoxIo, ClientTrace, ConnId, Event, Runtime, TaskName, Trace};

use crate::context::{CancelToken, Context};
use crate::error::{CloseReason, PutIdleError};
use crate::exchange::{Exchange, Lent};
use crate::read_loop::ReadLoop;
use crate::request::{RequestBody, RequestTrailers};
use crate::shared::ConnShared;
use crate::slot::Slot;
use crate::write_loop::WriteLoop;

/// What happens to the rest of a body that is closed before its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EarlyClose {
    /// Close the connection. What Go did until 1.26, and what the article describes.
    Kill,
    /// Read on in the background within these limits, and keep the connection if that reaches the end. What Go does
    /// since 1.27 (golang/go#77370).
    Drain {
        /// Most bytes to read; a body that declares more is not drained at all. Go: `maxPostCloseReadBytes`.
        bytes: u64,
        /// Most time to spend. Go: `maxPostCloseReadTime`.
        time: Duration,
    },
}

impl EarlyClose {
    /// Go 1.27's limits: 256 KiB and 50 ms.
    pub const GO_1_27: EarlyClose = EarlyClose::Drain { bytes: 256 << 10, time: Duration::from_millis(50) };
}

impl Default for EarlyClose {
    fn default() -> Self {
        EarlyClose::GO_1_27
    }
}

/// The settings that a connection copies from its transport when it is dialled.
#[derive(Clone)]
pub struct ConnConfig {
    /// Where its tasks run, and whose clock it follows.
    pub rt: Arc<dyn Runtime>,
    /// Who is told what happens on it.
    pub trace: Trace,
    /// What an early close does.
    pub early_close: EarlyClose,
    /// How long it may be idle; `None` for ever. Go: `Transport.IdleConnTimeout`.
    pub idle_conn_timeout: Option<Duration>,
    /// How long the response head may take once the request is written; `None` for ever.
    /// Go: `Transport.ResponseHeaderTimeout`.
    pub response_header_timeout: Option<Duration>,
    /// How long a body with `Expect: 100-continue` is held back; then it is sent without the server's word.
    /// Go: `Transport.ExpectContinueTimeout`.
    pub expect_continue_timeout: Duration,
    /// Most bytes of response heads for one request, 1xx included. Go: `Transport.MaxResponseHeaderBytes`.
    pub max_response_header_bytes: u64,
    /// How long the end of a body waits for the end of the request's write. Go: `maxWriteWaitBeforeConnReuse`.
    pub max_write_wait_before_conn_reuse: Duration,
}

impl ConnConfig {
    /// Go's defaults of a zero `Transport`, on `rt`.
    pub fn new(rt: Arc<dyn Runtime>) -> Self {
        ConnConfig {
            rt,
            trace: Trace::none(),
            early_close: EarlyClose::default(),
            idle_conn_timeout: None,
            response_header_timeout: None,
            expect_continue_timeout: Duration::ZERO,
            max_response_header_bytes: 10 << 20,
            max_write_wait_before_conn_reuse: Duration::from_millis(50),
        }
    }
}

impl fmt::Debug for ConnConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnConfig").field("early_close", &self.early_close).finish_non_exhaustive()
    }
}

/// A connection's place among those that `MaxConnsPerHost` allows; dropping it frees the place.
pub type Permit = Box<dyn Send + Sync>;

/// The pool that a connection returns to. Go: the field `persistConn.t`, as far as a connection uses it.
///
/// A connection holds it weakly: whoever drops the transport ends its idle connections.
pub trait IdlePool: Send + Sync {
    /// Offers an unused connection; `now` is the [time of day](Runtime::wall). Go: transport.go (*Transport).tryPutIdleConn
    ///
    /// # Errors
    ///
    /// Gives the connection back with the reason of the refusal.
    #[doc(alias = "tryPutIdleConn")]
    fn try_put_idle_conn(&self, conn: ConnHandle, now: Duration) -> Result<(), Refused>;

    /// Takes this connection out of the pool, if it is there. Whoever gets it decides what becomes of it, so this
    /// also settles a race between an idle timeout and a request. Go: transport.go (*Transport).removeIdleConn
    #[doc(alias = "removeIdleConn")]
    fn remove_idle_conn(&self, conn: &ConnShared) -> Option<ConnHandle>;
}

/// A connection that the pool did not take, and why.
#[derive(Debug)]
pub struct Refused {
    /// The connection; dropping it closes it.
    pub conn: ConnHandle,
    /// Why.
    pub reason: PutIdleError,
}

/// The right to send the next request on a connection. There is one per connection, and it cannot be copied.
///
/// It lies in the idle pool, goes to the caller in `get_conn`, into the request in `round_trip`, and back to the
/// pool through read_loop. So no connection can be in the pool twice or serve two callers at once; Go checks for
/// both at run time.
///
/// # Drop
///
/// Closes the connection, which ends both of its tasks. Needs no runtime.
#[derive(Debug)]
#[must_use = "dropping it closes the connection"]
pub struct ConnHandle {
    shared: Arc<ConnShared>,
    pub(crate) channels: Arc<Channels>,
    pub(crate) config: Arc<ConnConfig>,
    reused: bool,
    /// What the last request leaves to the next one.
    spare: Option<Arc<Exchange>>,
}

impl ConnHandle {
    /// What may be shared of the connection.
    pub fn shared(&self) -> &Arc<ConnShared> {
        &self.shared
    }

    /// Whether the connection has been offered to a pool before: it has carried a request, or was dialled
    /// for one that found another connection first. Go: `isReused`.
    #[doc(alias = "isReused")]
    pub fn is_reused(&self) -> bool {
        self.reused
    }

    /// Go: `markReused`.
    #[doc(alias = "markReused")]
    pub fn mark_reused(&mut self) {
        self.reused = true;
    }

    /// What the next request and its loops share: the last request's, if nobody looks at that any more.
    pub(crate) fn take_exchange(&mut self) -> Arc<Exchange> {
        match self.spare.take() {
            Some(spare) => Exchange::recycled(spare, &self.shared),
            None => Exchange::new(Arc::clone(&self.shared)),
        }
    }

    /// Keeps what this request used for the next one.
    pub(crate) fn leave_exchange(&mut self, exchange: &Arc<Exchange>) {
        self.spare = Some(Arc::clone(exchange));
    }

    /// Closes the connection for a reason that is better than "dropped".
    pub fn close(self, actor: Actor, reason: CloseReason) {
        self.shared.close(actor, reason);
    }
}

impl Drop for ConnHandle {
    fn drop(&mut self) {
        self.shared.close(Actor::Caller, CloseReason::HandleDropped);
    }
}

// ANCHOR: channels
/// The two channels that live as long as the connection.
#[derive(Debug)]
pub(crate) struct Channels {
    /// Sent by the caller in round_trip, received by read_loop when the first bytes of an answer are there.
    pub(crate) reqch: Slot<RequestAndChan>,
    /// Sent by the caller in round_trip, received by write_loop.
    pub(crate) writech: Slot<WriteRequest>,
}
// ANCHOR_END: channels

/// What read_loop must know of a request. Go: type requestAndChan
#[doc(alias = "requestAndChan")]
#[derive(Debug)]
pub(crate) struct RequestAndChan {
    pub(crate) handle: ConnHandle,
    pub(crate) lent: Lent,
    pub(crate) method: Method,
    /// The caller wants the connection closed after it. Go: `Request.Close`.
    pub(crate) close: bool,
    pub(crate) context: Context,
    pub(crate) cancel: Option<CancelToken>,
    /// The body is held back until the server says so. Go: `continueCh` is there.
    pub(crate) expects_continue: bool,
    /// The transport has asked for gzip. Go: `addedGzip`.
    pub(crate) added_gzip: bool,
}

/// What write_loop must do. Go: type writeRequest
///
/// Differs from Go: the caller has written the head already, so the request itself never leaves it, and nothing
/// of it can be touched after `round_trip` has returned (Go waits for its writeLoop to be sure of that).
#[doc(alias = "writeRequest")]
#[derive(Debug)]
pub(crate) struct WriteRequest {
    pub(crate) head: Vec<u8>,
    pub(crate) body: RequestBody,
    pub(crate) trailers: Option<RequestTrailers>,
    pub(crate) exchange: Arc<Exchange>,
    /// Hold the body back until the server says so, or for [`ConnConfig::expect_continue_timeout`].
    pub(crate) expects_continue: bool,
    /// The caller waits for the end of the write too: it has a header timeout to start.
    pub(crate) tell_caller: bool,
    /// Told of the writing.
    pub(crate) hooks: Option<Arc<ClientTrace>>,
}

/// Starts the two tasks of a connection over `io` and returns the right to use it.
///
/// `permit` is dropped when read_loop has left: the connection's place among those that `MaxConnsPerHost` allows.
///
/// Go: transport.go (*Transport).dialConn, its last lines
#[doc(alias = "dialConn")]
pub fn start(
    io: BoxIo,
    id: ConnId,
    key: Arc<str>,
    config: Arc<ConnConfig>,
    pool: Weak<dyn IdlePool>,
    permit: Option<Permit>,
) -> ConnHandle {
    let shared = ConnShared::new(id, key, io, config.trace.clone());
    let channels = Arc::new(Channels { reqch: Slot::new(), writech: Slot::new() });
    let read_loop = ReadLoop::new(Arc::clone(&shared), Arc::clone(&channels), Arc::clone(&config), pool, permit);
    let write_loop = WriteLoop::new(Arc::clone(&shared), Arc::clone(&channels), Arc::clone(&config));
    for (actor, name) in [(Actor::ReadLoop, TaskName::ReadLoop), (Actor::WriteLoop, TaskName::WriteLoop)] {
        shared.emit(actor, || Event::TaskStarted { name });
    }
    // ANCHOR: spawn
    config.rt.spawn(TaskName::ReadLoop, Box::pin(read_loop.run()));
    config.rt.spawn(TaskName::WriteLoop, Box::pin(write_loop.run()));
    // ANCHOR_END: spawn
    ConnHandle { shared, channels, config, reused: false, spare: None }
}
