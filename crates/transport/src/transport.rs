//! The transport: a request in, a response out, and a connection for it in between.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::Method;
use http::header::{ACCEPT_ENCODING, CONNECTION, HeaderMap, HeaderValue, RANGE, UPGRADE};
use httptrace::{Actor, ClientTrace, ConnId, Event, Exit, GotConnInfo, Runtime, Step, TaskName, Trace, select};
use persistconn::context::legacy_cancel;
use persistconn::{
    CancelToken, CloseReason, ConnConfig, ConnHandle, ConnShared, Context, EncodedHead, ExtraFields, IdlePool, IoError,
    Refused, Request, Response,
};
use url::Url;

use crate::config::Config;
use crate::dial::{Dial, DialConfig, DialsInProgress};
use crate::error::Error;
use crate::key::{ConnectMethod, check};
use crate::pool::{Limits, Pool, PoolCensus, Put};
use crate::probe::probe_request_body;
use crate::proxy::{Hop, Proxies};
use crate::retry::should_retry_request;
use crate::want_conn::{Delivered, Offer, WantConn};

/// Sends requests over connections that it opens, keeps and reuses. Cheap to clone; all clones share one pool.
///
/// # Drop
///
/// With the last clone every idle connection is closed. (Go's transport is kept alive by its connections:
/// golang/go#24739.) Requests under way and bodies being read are not touched.
///
/// Go twin: transport.go type Transport
#[derive(Clone)]
pub struct Transport {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    conn_config: Arc<ConnConfig>,
    trace: Trace,
    dial_config: Arc<DialConfig>,
    dials_in_progress: Arc<DialsInProgress>,
    disable_keep_alives: bool,
    disable_compression: bool,
    proxies: Proxies,
    pool: Pool,
    next_conn: AtomicU64,
}

impl Transport {
    /// A transport with an empty pool.
    pub fn new(config: Config) -> Self {
        let dial_config = Arc::new(DialConfig::new(&config));
        let proxies = Proxies::new(config.proxy, &*config.rt);
        let conn_config = ConnConfig {
            rt: config.rt,
            trace: config.trace.clone(),
            early_close: config.early_close,
            idle_conn_timeout: config.idle_conn_timeout,
            response_header_timeout: config.response_header_timeout,
            expect_continue_timeout: config.expect_continue_timeout,
            max_response_header_bytes: config.max_response_header_bytes,
            max_write_wait_before_conn_reuse: Duration::from_millis(50),
        };
        let limits = Limits {
            keep_alives: !config.disable_keep_alives,
            max_idle_conns: config.max_idle_conns,
            max_idle_conns_per_host: config.max_idle_conns_per_host,
            max_conns_per_host: config.max_conns_per_host,
            idle_conn_timeout: config.idle_conn_timeout,
        };
        let inner = Inner {
            conn_config: Arc::new(conn_config),
            trace: config.trace,
            dial_config,
            dials_in_progress: Arc::default(),
            disable_keep_alives: config.disable_keep_alives,
            disable_compression: config.disable_compression,
            proxies,
            pool: Pool::new(limits),
            next_conn: AtomicU64::new(1),
        };
        Transport { inner: Arc::new(inner) }
    }

    /// The runtime it works on: for contexts with a deadline on the same clock.
    pub fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.inner.conn_config.rt
    }

    /// Who is told what happens.
    pub fn trace(&self) -> &Trace {
        &self.inner.trace
    }

    /// Sends one request and waits for the head of its response. A request that met a dying connection is sent again
    /// on another one, where that is safe; see [`should_retry_request`].
    ///
    /// # Errors
    ///
    /// See [`Error`]; the texts are Go's.
    ///
    /// # Drop
    ///
    /// Dropping the future gives the request up: no task, connection or place of it is left.
    ///
    /// # Go twin
    ///
    /// Go: transport.go (*Transport).roundTrip
    #[doc(alias = "RoundTrip")]
    #[doc(alias = "roundTrip")]
    pub async fn round_trip(&self, mut request: Request) -> Result<Response, Error> {
        let mut response = self.send(&mut request).await?;
        response.url = Some(request.url);
        Ok(*response)
    }

    /// [`round_trip`](Self::round_trip) for whoever wants to look at the request afterwards: its body is gone.
    ///
    /// # Errors
    ///
    /// As `round_trip`.
    pub async fn send(&self, request: &mut Request) -> Result<Box<Response>, Error> {
        self.emit(Actor::Caller, || Event::Call { step: Step::RoundTrip });
        check(&request.url)?;
        probe_request_body(&**self.runtime(), request).await?;
        loop {
            if let Some(cause) = request.context.cause() {
                return Err(Error::Canceled(cause));
            }
            if request.cancel.as_ref().is_some_and(CancelToken::is_cancelled) {
                return Err(Error::CanceledWaiting);
            }
            let proxy = self.inner.proxies.hop_for(request)?;
            let head = self.encode(proxy.as_deref(), request)?;
            // ANCHOR: attempt
            let conn = self.get_conn(proxy, &request.url, &request.context, request.cancel.as_ref()).await?;
            let reused = conn.is_reused();
            let in_memory = request.body.try_clone();
            let error = match persistconn::round_trip(conn, request, head).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            // Differs from Go: a body that is a reader went with the first attempt, so it is always made again. Go makes
            // it again only if some of it was read.
            let rewindable = in_memory.is_some() || request.get_body.is_some();
            if !should_retry_request(reused, request, rewindable, &error) {
                return Err(Error::Conn(unmarked(error)));
            }
            // ANCHOR_END: attempt
            // ANCHOR: rewind
            request.body = match (in_memory, &request.get_body) {
                (Some(body), _) => body,
                (None, Some(get_body)) => get_body.make().map_err(|error| Error::Rewind(IoError::bare(&error)))?,
                (None, None) => return Err(Error::CannotRewind),
            };
            // ANCHOR_END: rewind
        }
    }

    /// Closes the idle connections, and those that become idle before somebody asks for one again; gives up the dials that
    /// nobody waits for any more. Connections in use stay.
    ///
    /// Go: transport.go (*Transport).CloseIdleConnections
    #[doc(alias = "CloseIdleConnections")]
    pub fn close_idle_connections(&self) {
        for conn in self.inner.pool.close_idle_connections() {
            self.inner.removed(&conn, &CloseReason::CloseIdleConns);
            conn.close(Actor::Pool, CloseReason::CloseIdleConns);
        }
        self.inner.dials_in_progress.cancel_unwanted();
    }

    /// What lies in the pool.
    pub fn pool_census(&self) -> PoolCensus {
        self.inner.pool.census()
    }

    /// The keys that have idle connections, and how many each has. Go's tests: `IdleConnKeysForTesting`.
    #[doc(alias = "IdleConnKeysForTesting")]
    pub fn idle_keys(&self) -> Vec<(Arc<str>, usize)> {
        self.inner.pool.idle_keys()
    }

    fn encode(&self, proxy: Option<&Hop>, request: &Request) -> Result<EncodedHead, Error> {
        // One request per connection is said to the server too, unless the caller has said it.
        let close = self.inner.disable_keep_alives && !request.close && !says_what_becomes(&request.header);
        let accept_gzip = !self.inner.disable_compression && takes_gzip(request);
        let extra = ExtraFields { accept_gzip, close, proxy_authorization: None };
        let Some(proxy) = proxy.filter(|proxy| proxy.forwards(request.url.scheme() == "https")) else {
            return Ok(EncodedHead::new(request, extra)?);
        };
        // Beside what the caller may have said to the proxy, as in Go.
        let proxy_authorization = proxy.proxy_authorization().and_then(|value| value.to_str().ok());
        Ok(EncodedHead::for_proxy(request, ExtraFields { proxy_authorization, ..extra })?)
    }

    /// A connection for the request: an idle one, one that comes back while we wait, or a new one.
    ///
    /// Go: transport.go (*Transport).getConn
    #[doc(alias = "getConn")]
    async fn get_conn(
        &self,
        proxy: Option<Arc<Hop>>,
        url: &Url,
        // Not the request: its body may be of a kind that two threads cannot look at, and then this future, and
        // the caller's with it, could not be moved to another thread.
        context: &Context,
        cancel: Option<&CancelToken>,
    ) -> Result<ConnHandle, Error> {
        self.emit(Actor::Caller, || Event::Call { step: Step::GetConn });
        let hooks = context.client_trace().map(|hooks| &**hooks);
        let trace = &self.inner.trace;
        let now = self.runtime().wall();
        // ANCHOR: idle_hit
        if let Some(taken) = self.inner.pool.take_idle(proxy.as_deref(), url, now) {
            let host_port = || host_port(proxy.as_deref(), &taken.handle);
            trace.emit_to(hooks, Actor::Caller, None, || Event::GetConn { host_port: host_port() });
            self.got_conn(&taken.handle, hooks, Exit::IdleHit, true, taken.idle_for);
            return Ok(taken.handle);
        }
        // ANCHOR_END: idle_hit
        // None there: only now a place in the line is made. One may have come back in between.
        let method = ConnectMethod::via(proxy, url)?;
        trace.emit_to(hooks, Actor::Caller, None, || Event::GetConn { host_port: method.addr().to_owned() });
        let want = WantConn::new(method, context);
        if let Some(taken) = self.inner.pool.queue_for_idle_conn(&want, now) {
            self.got_conn(&taken.handle, hooks, Exit::IdleHit, true, taken.idle_for);
            return Ok(taken.handle);
        }
        // ANCHOR: want_select
        let mut wanting = Wanting { transport: &self.inner, want: &want, over: false };
        self.inner.queue_for_dial(&want);
        let delivery = loop {
            // - recv: the dial, or a read_loop that gives a connection back; or whoever leaves a place to dial on.
            //   Cancel-safe: what was offered stays.
            // - cancel, context: the caller. Cancel-safe: an end does not go away.
            let offer = select! {
                offer = want.recv() => offer,
                () = legacy_cancel(cancel) => return Err(wanting.canceled(Error::CanceledWaiting)),
                cause = context.done() => return Err(wanting.canceled(Error::Canceled(cause))),
            };
            // ANCHOR_END: want_select
            match offer {
                Offer::Delivery(delivery) => break delivery,
                Offer::Place(place) => self.inner.start_dial(Arc::clone(&want), place),
            }
        };
        wanting.over = true;
        match delivery {
            Ok(Delivered { handle, dialled }) => {
                let exit = if dialled { Exit::Dialled } else { Exit::LateBinding };
                self.got_conn(&handle, hooks, exit, false, Duration::ZERO);
                Ok(handle)
            }
            Err(error) => {
                self.emit(Actor::Caller, || Event::Exit { id: Exit::DialFailed });
                Err(error)
            }
        }
    }

    fn got_conn(
        &self,
        handle: &ConnHandle,
        hooks: Option<&ClientTrace>,
        exit: Exit,
        was_idle: bool,
        idle_time: Duration,
    ) {
        let conn = Some(handle.shared().id());
        let reused = handle.is_reused();
        self.inner.trace.emit(Actor::Caller, conn, || Event::Exit { id: exit });
        if let Some(hooks) = hooks {
            tell_got_conn(hooks, handle, was_idle, idle_time);
        }
        let idle_us = idle_time.as_micros() as u64;
        self.inner.trace.emit(Actor::Caller, conn, || Event::GotConn { reused, was_idle, idle_us });
    }

    fn emit(&self, actor: Actor, event: impl FnOnce() -> Event) {
        self.inner.trace.emit(actor, None, event);
    }
}

/// Whether the caller tells the server what becomes of the connection: that it ends, or changes its protocol.
///
/// Go: request.go (*Request).wantsClose, response.go isProtocolSwitchHeader
#[doc(alias = "wantsClose")]
#[doc(alias = "isProtocolSwitchHeader")]
fn says_what_becomes(header: &HeaderMap) -> bool {
    let says = |token: &str| {
        let mut tokens =
            header.get_all(CONNECTION).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
        tokens.any(|found| found.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    };
    says("close") || says("upgrade") && header.contains_key(UPGRADE)
}

/// Whether the transport may ask for gzip on its own: the caller has not said what it takes, wants no part of a whole
/// (a range is one of the compressed bytes), and there will be a body to decompress.
fn takes_gzip(request: &Request) -> bool {
    let unsaid = |name| request.header.get(name).is_none_or(|value: &HeaderValue| value.is_empty());
    cfg!(feature = "gzip")
        && request.method != Method::HEAD
        && (request.header.is_empty() || (unsaid(ACCEPT_ENCODING) && unsaid(RANGE)))
}

#[cold]
fn tell_got_conn(hooks: &ClientTrace, handle: &ConnHandle, was_idle: bool, idle_time: Duration) {
    let (conn, reused) = (handle.shared().id(), handle.is_reused());
    let (local_addr, remote_addr) = handle.shared().addrs().unzip();
    hooks.tell_got_conn(&GotConnInfo { conn, local_addr, remote_addr, reused, was_idle, idle_time });
}

/// `host:port` of a connection's first hop.
fn host_port(proxy: Option<&Hop>, conn: &ConnHandle) -> String {
    let target = || conn.shared().key().rsplit('|').next().unwrap_or_default();
    proxy.map_or_else(target, Hop::addr).to_owned()
}

/// The marks that only the retry needed are taken off. Go does the same before the caller sees the error.
fn unmarked(error: persistconn::Error) -> persistconn::Error {
    match error {
        persistconn::Error::NothingWritten(inner) | persistconn::Error::ReadFromServer(inner) => unmarked(*inner),
        other => other,
    }
}

/// A caller that waits for a connection. However it leaves, no line keeps it, and a connection that was delivered
/// at the last moment goes to the pool.
struct Wanting<'a> {
    transport: &'a Arc<Inner>,
    want: &'a Arc<WantConn>,
    over: bool,
}

impl Wanting<'_> {
    fn canceled(&mut self, error: Error) -> Error {
        self.over = true;
        self.transport.trace.emit(Actor::Caller, None, || Event::Exit { id: Exit::GetConnCanceled });
        error
    }
}

impl Drop for Wanting<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.transport.trace.emit(Actor::Caller, None, || Event::Exit { id: Exit::GetConnDropped });
        }
        let untaken = self.want.cancel();
        self.transport.pool.forget(self.want);
        if let Some(Ok(Delivered { handle, .. })) = untaken {
            self.transport.put_or_close_idle_conn(handle);
        }
    }
}

impl Inner {
    /// Dials for `want`, now or when a place becomes free.
    fn queue_for_dial(self: &Arc<Self>, want: &Arc<WantConn>) {
        if self.pool.queue_for_dial(want) {
            self.start_dial(Arc::clone(want), HostPlace::new(self, want.method.key()));
        }
    }

    /// Starts the task that opens a connection for `want`, on `place`, which is already counted.
    ///
    /// The dial is not the request's: when the request ends first, the connection is there for the next one.
    ///
    /// Go: transport.go (*Transport).startDialConnForLocked
    fn start_dial(self: &Arc<Self>, want: Arc<WantConn>, place: HostPlace) {
        let id = ConnId(self.next_conn.fetch_add(1, Ordering::Relaxed));
        let dial = Dial {
            transport: Arc::downgrade(self),
            config: Arc::clone(&self.conn_config),
            dial_config: Arc::clone(&self.dial_config),
            in_progress: Arc::clone(&self.dials_in_progress),
            id,
            want,
            permit: Some(Box::new(place)),
        };
        self.dials_in_progress.add(&dial.want);
        self.trace.emit(Actor::Dial, Some(id), || Event::TaskStarted { name: TaskName::Dial });
        self.conn_config.rt.spawn(TaskName::Dial, Box::pin(dial.run()));
    }

    /// Go: transport.go (*Transport).putOrCloseIdleConn
    pub(crate) fn put_or_close_idle_conn(self: &Arc<Self>, handle: ConnHandle) -> bool {
        match self.try_put_idle_conn(handle, self.conn_config.rt.wall()) {
            Ok(()) => true,
            Err(Refused { conn, reason }) => {
                conn.close(Actor::Pool, CloseReason::Refused(reason));
                false
            }
        }
    }

    fn removed(&self, conn: &ConnHandle, reason: &CloseReason) {
        self.trace.emit(Actor::Pool, Some(conn.shared().id()), || Event::RemoveIdleConn { reason: reason.to_string() });
    }
}

impl IdlePool for Inner {
    fn try_put_idle_conn(&self, conn: ConnHandle, now: Duration) -> Result<(), Refused> {
        match self.pool.try_put_idle_conn(conn, now) {
            Put::Kept { evicted } => {
                if let Some(oldest) = evicted {
                    self.removed(&oldest, &CloseReason::TooManyIdle);
                    oldest.close(Actor::Pool, CloseReason::TooManyIdle);
                }
                Ok(())
            }
            Put::Refused(refused) => Err(refused),
        }
    }

    fn remove_idle_conn(&self, conn: &ConnShared) -> Option<ConnHandle> {
        self.pool.remove_idle_conn(conn)
    }
}

/// A connection's or a dial's place among those of its host.
#[derive(Debug)]
pub(crate) struct HostPlace {
    transport: Weak<Inner>,
    key: Arc<str>,
}

impl HostPlace {
    fn new(transport: &Arc<Inner>, key: &Arc<str>) -> Self {
        HostPlace { transport: Arc::downgrade(transport), key: Arc::clone(key) }
    }
}

impl Drop for HostPlace {
    /// The next in line may dial.
    ///
    /// Differs from Go: whoever waits starts its dial itself, on a runtime of its own. The one that frees the place may
    /// be the last task of a runtime that is shut down.
    fn drop(&mut self) {
        let Some(transport) = self.transport.upgrade() else { return };
        while let Some(next) = transport.pool.dec_conns_per_host(&self.key) {
            if next.try_place(|| HostPlace::new(&transport, &self.key)) {
                return;
            }
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("pool", &self.inner.pool.census()).finish_non_exhaustive()
    }
}
