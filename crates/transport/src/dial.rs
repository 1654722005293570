//! Opening a connection, in a task of its own.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use httptrace::{Actor, BoxIo, ClientTrace, ConnId, Event, Exit, Step, TaskName, select};
use persistconn::{ConnConfig, IdlePool, IoError, Permit};

use crate::config::Config;
use crate::connect::ConnectSettings;
use crate::dial_fn::DialFn;
use crate::dialer::{Dialer, Dialling};
use crate::error::Error;
use crate::key::{ConnectMethod, host_of};
use crate::proxy::{Hop, HopKind};
#[cfg(feature = "socks")]
use crate::socks;
#[cfg(feature = "tls")]
use crate::tls::{self, TlsClient};
use crate::tls_error::TlsError;
use crate::transport::Inner;
use crate::want_conn::{Delivered, WantConn};

/// How a transport opens connections. One for all its dials.
pub(crate) struct DialConfig {
    dialer: Dialer,
    dial_context: Option<DialFn>,
    dial_tls_context: Option<DialFn>,
    connect: ConnectSettings,
    #[cfg(feature = "tls")]
    tls: TlsClient,
    #[cfg(feature = "tls")]
    tls_handshake_timeout: Option<std::time::Duration>,
}

impl DialConfig {
    pub(crate) fn new(config: &Config) -> Self {
        DialConfig {
            dialer: Dialer {
                timeout: config.dial_timeout,
                keep_alive: config.tcp_keep_alive,
                fallback_delay: config.dial_fallback_delay,
            },
            dial_context: config.dial_context.clone(),
            dial_tls_context: config.dial_tls_context.clone(),
            connect: ConnectSettings {
                header: config.proxy_connect_header.clone(),
                get_header: config.get_proxy_connect_header.clone(),
                on_response: config.on_proxy_connect_response.clone(),
                max_head: config.max_response_header_bytes,
            },
            #[cfg(feature = "tls")]
            tls: TlsClient::new(config.tls.clone()),
            #[cfg(feature = "tls")]
            tls_handshake_timeout: config.tls_handshake_timeout,
        }
    }
}

/// One connection being opened for one request.
pub(crate) struct Dial {
    pub(crate) transport: Weak<Inner>,
    pub(crate) config: Arc<ConnConfig>,
    pub(crate) dial_config: Arc<DialConfig>,
    pub(crate) in_progress: Arc<DialsInProgress>,
    pub(crate) id: ConnId,
    pub(crate) want: Arc<WantConn>,
    pub(crate) permit: Option<Permit>,
}

impl Dial {
    /// Go: transport.go (*Transport).dialConnFor
    #[doc(alias = "dialConnFor")]
    pub(crate) async fn run(mut self) {
        if !self.want.waiting() {
            return;
        }
        // - dial_conn: the peer. Dropping it gives the attempt up.
        // - dial_canceled: CloseIdleConnections, when nobody waits for the connection any more.
        let dialled = select! {
            dialled = self.dial_conn() => dialled,
            () = self.want.dial_canceled() => return,
        };
        match dialled {
            Ok(io) => self.deliver(io),
            Err(error) => drop(self.want.try_deliver(Err(error))),
        }
    }

    /// Opens the connection: to the target, or to the proxy and through it; then TLS, if the target wants it.
    ///
    /// Go: transport.go (*Transport).dialConn
    #[doc(alias = "dialConn")]
    async fn dial_conn(&self) -> Result<BoxIo, Error> {
        self.emit(|| Event::Call { step: Step::DialConn });
        let method = &self.want.method;
        let first = self.dial_first_hop(method).await;
        let Some(proxy) = method.proxy() else { return first.map_err(scheme_mismatch) };
        let io = first.map_err(|error| Error::ProxyConnect(Box::new(error)))?;
        let io = match proxy.kind() {
            HopKind::Socks5 => self.socks(io, proxy, method.target_addr()).await?,
            HopKind::Http | HopKind::Https if method.is_https() => {
                self.dial_config.connect.connect(&*self.config.rt, io, proxy, method.target_addr()).await?
            }
            HopKind::Http | HopKind::Https => io,
        };
        if method.is_https() { self.add_tls(io, method.tls_host()).await.map_err(scheme_mismatch) } else { Ok(io) }
    }

    /// To the proxy or, where there is none, to the target.
    async fn dial_first_hop(&self, method: &ConnectMethod) -> Result<BoxIo, Error> {
        if !method.first_hop_is_https() {
            return self.dial(method.addr()).await;
        }
        match &self.dial_config.dial_tls_context {
            Some(dial) => self.dial_tls(dial, method).await,
            None => self.add_tls(self.dial(method.addr()).await?, host_of(method.addr())).await,
        }
    }

    #[cfg(feature = "socks")]
    async fn socks(&self, io: BoxIo, proxy: &Hop, target: &str) -> Result<BoxIo, Error> {
        socks::connect(&*self.config.rt, io, proxy, target).await
    }

    #[cfg(not(feature = "socks"))]
    async fn socks(&self, _io: BoxIo, _proxy: &Hop, _target: &str) -> Result<BoxIo, Error> {
        Err(Error::BadProxy("http: built without SOCKS".into()))
    }

    /// A plain connection to `addr`. Go: transport.go (*Transport).dial
    async fn dial(&self, addr: &str) -> Result<BoxIo, Error> {
        let dialled = match &self.dial_config.dial_context {
            Some(dial) => dial.call(self.want.context.clone(), addr).await,
            None => self.dialling().dial(addr).await,
        };
        dialled.map_err(dial_error)
    }

    /// A connection that the user's own function has secured already. Go: transport.go (*Transport).customDialTLS
    #[doc(alias = "customDialTLS")]
    async fn dial_tls(&self, dial: &DialFn, method: &ConnectMethod) -> Result<BoxIo, Error> {
        let io = dial.call(self.want.context.clone(), method.addr()).await.map_err(dial_error)?;
        if io.tls_state().is_some() {
            self.dialling().emit(|| Event::TlsHandshakeStart);
            self.secured(&io);
        }
        Ok(io)
    }

    /// TLS over `io`, to whoever can show a certificate for `name`.
    ///
    /// Go: transport.go (*persistConn).addTLS
    #[doc(alias = "addTLS")]
    #[cfg(feature = "tls")]
    pub(crate) async fn add_tls(&self, io: BoxIo, name: &str) -> Result<BoxIo, Error> {
        let DialConfig { tls, tls_handshake_timeout, .. } = &*self.dial_config;
        self.dialling().emit(|| Event::TlsHandshakeStart);
        let mut told =
            self.dialling().owes(|| Event::TlsHandshakeDone { error: Some(crate::dialer::CANCELED.to_owned()) });
        let secured = tls::within(&*self.config.rt, *tls_handshake_timeout, tls.handshake(io, name)).await;
        match &secured {
            Ok(io) => told.settle(|| self.secured(io)),
            Err(error) => told.tell(|| Event::TlsHandshakeDone { error: Some(error.to_string()) }),
        }
        secured.map_err(Error::Tls)
    }

    /// Without TLS in this build no request with the scheme https comes so far, unless by a dialler of the user's own.
    #[cfg(not(feature = "tls"))]
    pub(crate) async fn add_tls(&self, _io: BoxIo, _name: &str) -> Result<BoxIo, Error> {
        Err(Error::Tls(TlsError::Other("http: built without TLS".into())))
    }

    /// The connection is open: its two loops start, and it goes to whoever waits, or to the pool.
    fn deliver(&mut self, io: BoxIo) {
        let Some(transport) = self.transport.upgrade() else { return };
        let pool = Arc::downgrade(&transport) as Weak<dyn IdlePool>;
        // ANCHOR: deliver
        let key = Arc::clone(self.want.method.key());
        let handle = persistconn::start(io, self.id, key, Arc::clone(&self.config), pool, self.permit.take());
        if let Err(back) = self.want.try_deliver(Ok(Delivered { handle, dialled: true })) {
            let handle = back.expect("what was offered comes back").handle;
            if transport.put_or_close_idle_conn(handle) {
                self.emit(|| Event::Exit { id: Exit::DialPooled });
            }
        }
        // ANCHOR_END: deliver
    }

    /// A handshake has ended well. The hooks are told of what it has agreed on, which the event does not know.
    fn secured(&self, io: &BoxIo) {
        if let (Some(hooks), Some(state)) = (self.hooks(), io.tls_state()) {
            hooks.tell_tls_handshake_done(state);
        }
        self.emit(|| Event::TlsHandshakeDone { error: None });
    }

    /// Those of the request that the dial was begun for. Go: `dialConn` finds them in the context.
    fn hooks(&self) -> Option<&ClientTrace> {
        self.want.context.client_trace().map(|hooks| &**hooks)
    }

    fn dialling(&self) -> Dialling<'_> {
        let ConnConfig { rt, trace, .. } = &*self.config;
        Dialling { dialer: &self.dial_config.dialer, rt: &**rt, trace, hooks: self.hooks(), id: self.id }
    }

    fn emit(&self, event: impl FnOnce() -> Event) {
        self.config.trace.emit(Actor::Dial, Some(self.id), event);
    }
}

/// A server that answers the target's handshake in plain HTTP is told as what it most likely is: the wrong scheme.
///
/// Differs from Go: there only the client says so, and a bare transport speaks of records.
fn scheme_mismatch(error: Error) -> Error {
    match error {
        Error::Tls(fault) if fault.is_plain_http() => Error::SchemeMismatch,
        other => other,
    }
}

fn dial_error(error: io::Error) -> Error {
    // What TLS says in a dialler of the user's own is not lost in a text.
    match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
        Some(error) => Error::Tls(error.clone()),
        None => Error::Dial(IoError::bare(&error)),
    }
}

impl Drop for Dial {
    /// A dial that was dropped with its runtime leaves nobody waiting.
    fn drop(&mut self) {
        self.in_progress.remove(&self.want);
        drop(self.want.try_deliver(Err(Error::RuntimeGone)));
        self.emit(|| Event::TaskEnded { name: TaskName::Dial });
    }
}

/// The dials that have begun and not ended, so that those which nobody needs can be given up.
///
/// Go twin: transport.go, field `Transport.dialsInProgress`
#[doc(alias = "dialsInProgress")]
#[derive(Debug, Default)]
pub(crate) struct DialsInProgress(Mutex<Vec<Arc<WantConn>>>);

impl DialsInProgress {
    pub(crate) fn add(&self, want: &Arc<WantConn>) {
        self.lock().push(Arc::clone(want));
    }

    fn remove(&self, want: &Arc<WantConn>) {
        let mut dials = self.lock();
        let at = dials.iter().position(|dial| Arc::ptr_eq(dial, want));
        let removed = at.map(|at| dials.swap_remove(at));
        drop(dials);
        drop(removed);
    }

    /// Gives up the dials whose request has found another connection or has left.
    pub(crate) fn cancel_unwanted(&self) {
        let mut unwanted = self.lock().clone();
        unwanted.retain(|want| !want.waiting());
        unwanted.iter().for_each(|want| want.cancel_dial());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<WantConn>>> {
        self.0.lock().expect("nothing that can panic runs under this lock")
    }
}
