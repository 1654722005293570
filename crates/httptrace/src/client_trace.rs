//! The hooks of one request: functions of the caller's own that are called as it goes its way.
//!
//! A [`Listener`](crate::trace::Listener) is told everything that happens on all connections of a transport; hooks belong to
//! one request, which carries them in its context, and are told what Go tells. In the order in which a request on a new
//! connection meets them:
//!
//! ```text
//!  get_conn ► dns_start ► dns_done ► connect_start ► connect_done ► tls_handshake_start ► tls_handshake_done ► got_conn
//!    ► wrote_header_field… ► wrote_headers ► [ wait_100_continue ► got_100_continue ► got_1xx_response ] ► wrote_request
//!    ► got_first_response_byte ► put_idle_conn
//! ```
//!
//! The first two lines are told by caller and dial, then write_loop and read_loop tell what they see, side by side: so the
//! first byte of a response may come before the end of the request. A request that is sent again meets them again, from
//! `get_conn` on; so does each hop of a redirect.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use httptrace::{ClientTrace, Event};
//!
//! let told = Arc::new(Mutex::new(Vec::new()));
//! let note = |what: &'static str| {
//!     let told = Arc::clone(&told);
//!     move |addr: &str| told.lock().unwrap().push(format!("{what} {addr}"))
//! };
//! let older = ClientTrace::new().get_conn(note("older:"));
//! let hooks = ClientTrace::new().get_conn(note("newer:")).compose(&Arc::new(older));
//!
//! // What a transport does when a request with these hooks wants a connection:
//! hooks.tell(&Event::GetConn { host_port: "example.com:80".into() });
//! assert_eq!(*told.lock().unwrap(), ["newer: example.com:80", "older: example.com:80"]);
//! ```
//!
//! Go twin: package net/http/httptrace

use std::error;
use std::fmt;
use std::iter;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use crate::event::{ConnId, Event};
use crate::tls_state::TlsState;

/// What a hook that may refuse gives as its reason.
pub type BoxError = Box<dyn error::Error + Send + Sync>;

/// A set of hooks; each may be missing. Set with the methods that bear their names.
///
/// Hooks run on the task where the thing happens: the caller's, or one of the connection's. So they must be quick, must not
/// wait, and may be called after the request has ended. No lock is held meanwhile; a panic ends the task that it happens on.
///
/// Differs from Go: an error is told as its text, which is Go's. Whoever needs the error itself gets it with the request.
///
/// Differs from Go: a request that cannot be written as it is fails before a connection is wanted, so no hook is called.
///
/// Differs from Go: a dialler of the user's own does not call the hooks of lookup and connect, which Go's `net.Dialer` finds
/// in the context. It is handed the context and may call them.
///
/// Go twin: httptrace/trace.go type ClientTrace
#[derive(Clone, Default)]
pub struct ClientTrace {
    get_conn: Hook<dyn Fn(&str) + Send + Sync>,
    got_conn: Hook<dyn Fn(&GotConnInfo) + Send + Sync>,
    put_idle_conn: Hook<ToldOutcome>,
    got_first_response_byte: Hook<Told>,
    got_100_continue: Hook<Told>,
    got_1xx_response: Hook<ToldInterim>,
    dns_start: Hook<dyn Fn(&DnsStartInfo<'_>) + Send + Sync>,
    dns_done: Hook<dyn Fn(&DnsDoneInfo<'_>) + Send + Sync>,
    connect_start: Hook<ToldConnect>,
    connect_done: Hook<ToldConnected>,
    tls_handshake_start: Hook<Told>,
    tls_handshake_done: Hook<ToldSecured>,
    wrote_header_field: Hook<ToldField>,
    wrote_headers: Hook<Told>,
    wait_100_continue: Hook<Told>,
    wrote_request: Hook<dyn Fn(&WroteRequestInfo<'_>) + Send + Sync>,
    /// Told after these.
    older: Option<Arc<ClientTrace>>,
}

type Hook<F> = Option<Arc<F>>;
type Told = dyn Fn() + Send + Sync;
type ToldOutcome = dyn Fn(Option<&str>) + Send + Sync;
type ToldInterim = dyn Fn(u16, &HeaderMap) -> Result<(), BoxError> + Send + Sync;
type ToldConnect = dyn Fn(&str, &str) + Send + Sync;
type ToldConnected = dyn Fn(&str, &str, Option<&str>) + Send + Sync;
type ToldSecured = dyn Fn(Result<&TlsState, &str>) + Send + Sync;
type ToldField = dyn Fn(&str, &[&str]) + Send + Sync;

/// Go dials nothing else for a request.
const NETWORK: &str = "tcp";

/// The connection that a request has got.
///
/// Go twin: httptrace/trace.go type GotConnInfo
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GotConnInfo {
    /// Its number. Differs from Go: the connection itself is in nobody else's hands here.
    pub conn: ConnId,
    /// This end's address; `None` for a stream that has none.
    pub local_addr: Option<SocketAddr>,
    /// The address of the other end, which may be a proxy.
    pub remote_addr: Option<SocketAddr>,
    /// It has carried a request before.
    pub reused: bool,
    /// It came out of the idle pool.
    pub was_idle: bool,
    /// How long it had been there.
    pub idle_time: Duration,
}

/// A name whose addresses are looked up.
///
/// Go twin: httptrace/trace.go type DNSStartInfo
#[doc(alias = "DNSStartInfo")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DnsStartInfo<'a> {
    /// The name, without a port.
    pub host: &'a str,
}

/// What a lookup has found.
///
/// Go twin: httptrace/trace.go type DNSDoneInfo
#[doc(alias = "DNSDoneInfo")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DnsDoneInfo<'a> {
    /// The addresses, in the order in which they are tried.
    pub addrs: &'a [IpAddr],
    /// Why it failed, if it did.
    pub error: Option<&'a str>,
    /// Another request asked for the same name at the same time, and one lookup served both. Differs from Go: it never does.
    pub coalesced: bool,
}

/// How the writing of a request has ended.
///
/// Go twin: httptrace/trace.go type WroteRequestInfo
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WroteRequestInfo<'a> {
    /// Why it failed, if it did.
    pub error: Option<&'a str>,
}

/// Setting hooks. Each method replaces the hook of its name.
impl ClientTrace {
    /// No hooks.
    pub fn new() -> Self {
        ClientTrace::default()
    }

    /// A connection to this `host:port`, the target's or the proxy's, is wanted; also when one is idle. Go: `GetConn`
    #[must_use]
    pub fn get_conn(mut self, hook: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.get_conn = Some(Arc::new(hook));
        self
    }

    /// A connection is there. Not called when none can be had: then the request fails. Go: `GotConn`
    #[must_use]
    pub fn got_conn(mut self, hook: impl Fn(&GotConnInfo) + Send + Sync + 'static) -> Self {
        self.got_conn = Some(Arc::new(hook));
        self
    }

    /// The pool was asked to take the connection back, and has refused for this reason if there is one. Called before the
    /// last read of a body returns, but after its early close. Not called where connections are not kept at all.
    /// Go: `PutIdleConn`
    #[must_use]
    pub fn put_idle_conn(mut self, hook: impl Fn(Option<&str>) + Send + Sync + 'static) -> Self {
        self.put_idle_conn = Some(Arc::new(hook));
        self
    }

    /// The first byte of a response is there, be it an interim one. Go: `GotFirstResponseByte`
    #[must_use]
    pub fn got_first_response_byte(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.got_first_response_byte = Some(Arc::new(hook));
        self
    }

    /// The server said 100 to a body that waits for it. Go: `Got100Continue`
    #[must_use]
    pub fn got_100_continue(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.got_100_continue = Some(Arc::new(hook));
        self
    }

    /// An interim response came: its status, 100 to 199 but not 101, and its header. With an error from the hook the request
    /// ends, and has failed for that reason. Whoever sets it answers for the number of interim responses, which is without a
    /// limit then.
    ///
    /// Of several hooks all are called, and the oldest one's word counts, as in Go. Go: `Got1xxResponse`
    #[must_use]
    pub fn got_1xx_response(
        mut self,
        hook: impl Fn(u16, &HeaderMap) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.got_1xx_response = Some(Arc::new(hook));
        self
    }

    /// The addresses of a name are looked up. Go: `DNSStart`
    #[doc(alias = "DNSStart")]
    #[must_use]
    pub fn dns_start(mut self, hook: impl Fn(&DnsStartInfo<'_>) + Send + Sync + 'static) -> Self {
        self.dns_start = Some(Arc::new(hook));
        self
    }

    /// A lookup has ended. Go: `DNSDone`
    #[doc(alias = "DNSDone")]
    #[must_use]
    pub fn dns_done(mut self, hook: impl Fn(&DnsDoneInfo<'_>) + Send + Sync + 'static) -> Self {
        self.dns_done = Some(Arc::new(hook));
        self
    }

    /// An address is tried: the network, always `tcp`, and `ip:port`. May be called several times, and for two addresses side
    /// by side. Go: `ConnectStart`
    #[must_use]
    pub fn connect_start(mut self, hook: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        self.connect_start = Some(Arc::new(hook));
        self
    }

    /// The connection to an address is open, or has failed for this reason. Go: `ConnectDone`
    #[must_use]
    pub fn connect_done(mut self, hook: impl Fn(&str, &str, Option<&str>) + Send + Sync + 'static) -> Self {
        self.connect_done = Some(Arc::new(hook));
        self
    }

    /// A TLS handshake begins; through an HTTP proxy, after the proxy has opened the way. Go: `TLSHandshakeStart`
    #[doc(alias = "TLSHandshakeStart")]
    #[must_use]
    pub fn tls_handshake_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.tls_handshake_start = Some(Arc::new(hook));
        self
    }

    /// A TLS handshake has ended: what was agreed on, or why it failed. Go: `TLSHandshakeDone`
    #[doc(alias = "TLSHandshakeDone")]
    #[must_use]
    pub fn tls_handshake_done(mut self, hook: impl Fn(Result<&TlsState, &str>) + Send + Sync + 'static) -> Self {
        self.tls_handshake_done = Some(Arc::new(hook));
        self
    }

    /// A header field is written: its name as it is on the wire, and all its values. Bytes that are no UTF-8 are replaced.
    /// Go: `WroteHeaderField`
    #[must_use]
    pub fn wrote_header_field(mut self, hook: impl Fn(&str, &[&str]) + Send + Sync + 'static) -> Self {
        self.wrote_header_field = Some(Arc::new(hook));
        self
    }

    /// All header fields are written, though they may not have left this machine. Go: `WroteHeaders`
    #[must_use]
    pub fn wrote_headers(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.wrote_headers = Some(Arc::new(hook));
        self
    }

    /// The head is on its way, and the body waits for the server's word. Go: `Wait100Continue`
    #[must_use]
    pub fn wait_100_continue(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.wait_100_continue = Some(Arc::new(hook));
        self
    }

    /// The request and its body are written, or writing has failed. Called once for each connection that the request is sent
    /// on. Go: `WroteRequest`
    #[must_use]
    pub fn wrote_request(mut self, hook: impl Fn(&WroteRequestInfo<'_>) + Send + Sync + 'static) -> Self {
        self.wrote_request = Some(Arc::new(hook));
        self
    }

    /// These hooks, and after each of them the one of `older`.
    ///
    /// Go: httptrace/trace.go (*ClientTrace).compose
    #[must_use]
    pub fn compose(mut self, older: &Arc<ClientTrace>) -> Self {
        self.older = Some(match self.older {
            Some(own) => Arc::new(ClientTrace::clone(&own).compose(older)),
            None => Arc::clone(older),
        });
        self
    }
}

/// Calling hooks, for whoever makes and carries requests: a transport, or one who stands in its place.
impl ClientTrace {
    /// Calls the hooks that this event belongs to.
    ///
    /// Some hooks are told more than the event knows, and have a method of their own:
    /// [`tell_got_conn`](Self::tell_got_conn), [`tell_tls_handshake_done`](Self::tell_tls_handshake_done),
    /// [`tell_got_1xx_response`](Self::tell_got_1xx_response) and
    /// [`tell_wrote_header_field`](Self::tell_wrote_header_field).
    pub fn tell(&self, event: &Event) {
        self.sets().for_each(|hooks| hooks.tell_own(event));
    }

    fn tell_own(&self, event: &Event) {
        match event {
            Event::GetConn { host_port } => call(&self.get_conn, |hook| hook(host_port)),
            Event::PutIdleConn { error } => call(&self.put_idle_conn, |hook| hook(error.as_deref())),
            Event::GotFirstResponseByte => call(&self.got_first_response_byte, |hook| hook()),
            Event::Got100Continue => call(&self.got_100_continue, |hook| hook()),
            Event::DnsStart { host } => call(&self.dns_start, |hook| hook(&DnsStartInfo { host })),
            Event::DnsDone { addrs, error } => {
                let info = DnsDoneInfo { addrs, error: error.as_deref(), coalesced: false };
                call(&self.dns_done, |hook| hook(&info));
            }
            Event::ConnectStart { addr } => call(&self.connect_start, |hook| hook(NETWORK, addr)),
            Event::ConnectDone { addr, error } => {
                call(&self.connect_done, |hook| hook(NETWORK, addr, error.as_deref()));
            }
            Event::TlsHandshakeStart => call(&self.tls_handshake_start, |hook| hook()),
            Event::TlsHandshakeDone { error: Some(error) } => call(&self.tls_handshake_done, |hook| hook(Err(error))),
            Event::WroteHeaders => call(&self.wrote_headers, |hook| hook()),
            Event::Wait100Continue => call(&self.wait_100_continue, |hook| hook()),
            Event::WroteRequest { error } => {
                call(&self.wrote_request, |hook| hook(&WroteRequestInfo { error: error.as_deref() }));
            }
            Event::TlsHandshakeDone { error: None }
            | Event::GotConn { .. }
            | Event::Got1xxResponse { .. }
            | Event::Call { .. }
            | Event::RemoveIdleConn { .. }
            | Event::TaskStarted { .. }
            | Event::TaskEnded { .. }
            | Event::Sent { .. }
            | Event::ConnClosed { .. }
            | Event::ConnFreed
            | Event::Exit { .. }
            | Event::Unsolicited { .. }
            | Event::Log { .. } => {}
        }
    }

    /// Calls the hooks for [`Event::GotConn`].
    pub fn tell_got_conn(&self, info: &GotConnInfo) {
        self.sets().for_each(|hooks| call(&hooks.got_conn, |hook| hook(info)));
    }

    /// Calls the hooks for an [`Event::TlsHandshakeDone`] without an error.
    pub fn tell_tls_handshake_done(&self, state: &TlsState) {
        self.sets().for_each(|hooks| call(&hooks.tls_handshake_done, |hook| hook(Ok(state))));
    }

    /// Calls the hooks for [`Event::Got1xxResponse`] and gives the word of the oldest one; `None` where there is none.
    pub fn tell_got_1xx_response(&self, code: u16, header: &HeaderMap) -> Option<Result<(), BoxError>> {
        self.sets().filter_map(|hooks| hooks.got_1xx_response.as_deref()).map(|hook| hook(code, header)).last()
    }

    /// Whether somebody wants to be told of header fields.
    pub fn wants_header_fields(&self) -> bool {
        self.sets().any(|hooks| hooks.wrote_header_field.is_some())
    }

    /// Calls the hooks for one header field.
    pub fn tell_wrote_header_field(&self, name: &str, values: &[&str]) {
        self.sets().for_each(|hooks| call(&hooks.wrote_header_field, |hook| hook(name, values)));
    }

    /// These hooks, then the older ones.
    fn sets(&self) -> impl Iterator<Item = &ClientTrace> {
        iter::successors(Some(self), |hooks| hooks.older.as_deref())
    }
}

fn call<F: ?Sized>(hook: &Hook<F>, call: impl FnOnce(&F)) {
    if let Some(hook) = hook {
        call(hook);
    }
}

impl fmt::Debug for ClientTrace {
    /// The names of the hooks that are set, without the older ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hooks = [
            ("get_conn", self.get_conn.is_some()),
            ("got_conn", self.got_conn.is_some()),
            ("put_idle_conn", self.put_idle_conn.is_some()),
            ("got_first_response_byte", self.got_first_response_byte.is_some()),
            ("got_100_continue", self.got_100_continue.is_some()),
            ("got_1xx_response", self.got_1xx_response.is_some()),
            ("dns_start", self.dns_start.is_some()),
            ("dns_done", self.dns_done.is_some()),
            ("connect_start", self.connect_start.is_some()),
            ("connect_done", self.connect_done.is_some()),
            ("tls_handshake_start", self.tls_handshake_start.is_some()),
            ("tls_handshake_done", self.tls_handshake_done.is_some()),
            ("wrote_header_field", self.wrote_header_field.is_some()),
            ("wrote_headers", self.wrote_headers.is_some()),
            ("wait_100_continue", self.wait_100_continue.is_some()),
            ("wrote_request", self.wrote_request.is_some()),
        ];
        f.write_str("ClientTrace")?;
        f.debug_set().entries(hooks.iter().filter(|(_, set)| *set).map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    type Told = Arc<Mutex<String>>;

    fn notes(told: &Told, letter: char) -> ClientTrace {
        let told = Arc::clone(told);
        ClientTrace::new().connect_start(move |network, addr| {
            assert_eq!((network, addr), ("tcp", "addr"));
            told.lock().unwrap().push(letter);
        })
    }

    fn start(hooks: &ClientTrace) {
        hooks.tell(&Event::ConnectStart { addr: "addr".into() });
    }

    /// Go: TestCompose
    #[test]
    fn the_new_hook_is_called_before_the_old_one_and_either_may_be_missing() {
        let told = Told::default();
        start(&notes(&told, 'T'));
        assert_eq!(*told.lock().unwrap(), "T");
        told.lock().unwrap().clear();
        start(&notes(&told, 'T').compose(&Arc::new(notes(&told, 'O'))));
        assert_eq!(*told.lock().unwrap(), "TO");
        told.lock().unwrap().clear();
        start(&ClientTrace::new().compose(&Arc::new(notes(&told, 'O'))));
        assert_eq!(*told.lock().unwrap(), "O");
    }

    #[test]
    fn what_is_composed_already_keeps_its_order() {
        let told = Told::default();
        let [first, second, third] = ['1', '2', '3'].map(|letter| notes(&told, letter));
        start(&third.compose(&Arc::new(second)).compose(&Arc::new(first)));
        assert_eq!(*told.lock().unwrap(), "321");
    }

    #[test]
    fn of_two_words_about_an_interim_response_the_older_one_counts() {
        let says = |word: Result<(), &'static str>| {
            ClientTrace::new().got_1xx_response(move |_, _| word.map_err(BoxError::from))
        };
        let word = |hooks: &ClientTrace| {
            hooks.tell_got_1xx_response(103, &HeaderMap::new()).map(|word| word.map_err(|error| error.to_string()))
        };
        assert_eq!(word(&ClientTrace::new()), None);
        assert_eq!(word(&says(Err("no"))), Some(Err("no".to_owned())));
        assert_eq!(word(&says(Err("no")).compose(&Arc::new(says(Ok(()))))), Some(Ok(())));
        assert_eq!(word(&says(Ok(())).compose(&Arc::new(says(Err("no"))))), Some(Err("no".to_owned())));
        assert_eq!(word(&says(Err("no")).compose(&Arc::new(ClientTrace::new()))), Some(Err("no".to_owned())));
    }

    #[test]
    fn it_shows_which_hooks_are_set() {
        let hooks = ClientTrace::new().wrote_headers(|| {}).get_conn(|_| {});
        assert_eq!(format!("{hooks:?}"), r#"ClientTrace{"get_conn", "wrote_headers"}"#);
    }
}
