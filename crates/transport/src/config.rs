//! The settings of a transport.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use httptrace::{Runtime, Trace};
use persistconn::EarlyClose;

use crate::connect::{GetProxyConnectHeader, OnProxyConnectResponse};
use crate::dial_fn::DialFn;
use crate::proxy::Proxy;
#[cfg(feature = "tls")]
use crate::tls::TlsSettings;

/// How many idle connections a host keeps when nothing is said. Go: `DefaultMaxIdleConnsPerHost`.
pub const DEFAULT_MAX_IDLE_CONNS_PER_HOST: usize = 2;

/// The settings of a [`Transport`](crate::Transport), under the names of Go's fields.
///
/// [`Config::default_transport`] are those of Go's `DefaultTransport`, [`Config::zero`] those of a zero `Transport`.
#[derive(Clone)]
pub struct Config {
    /// Where the tasks run, whose clock counts, and who opens connections.
    pub rt: Arc<dyn Runtime>,
    /// Who is told what happens.
    pub trace: Trace,
    /// Through which proxy requests go.
    pub proxy: Proxy,
    /// More fields of the CONNECT that asks a proxy for a way to an https target.
    pub proxy_connect_header: HeaderMap,
    /// Makes those fields for each connection, in place of `proxy_connect_header`.
    pub get_proxy_connect_header: Option<GetProxyConnectHeader>,
    /// Is shown the proxy's answer to each CONNECT, and may refuse it.
    pub on_proxy_connect_response: Option<OnProxyConnectResponse>,
    /// Most idle connections over all hosts; the oldest makes room. `None`: no limit.
    pub max_idle_conns: Option<usize>,
    /// Most idle connections of one pool key. `None`: none is kept (a negative number in Go).
    pub max_idle_conns_per_host: Option<usize>,
    /// Most connections of one pool key, dials included; further requests wait in line. `None`: no limit.
    pub max_conns_per_host: Option<usize>,
    /// How long a connection may be idle. `None`: for ever.
    pub idle_conn_timeout: Option<Duration>,
    /// How long a dial may take. `None`: for ever. Go: `net.Dialer.Timeout`.
    pub dial_timeout: Option<Duration>,
    /// Silence after which TCP asks whether the peer is still there. `None`: it does not ask. Go: `net.Dialer.KeepAlive`.
    pub tcp_keep_alive: Option<Duration>,
    /// How long a name's first address family is tried alone when it has addresses of both. `None`: all addresses are
    /// tried one after the other. Go: `net.Dialer.FallbackDelay`.
    pub dial_fallback_delay: Option<Duration>,
    /// Opens connections in place of the above.
    pub dial_context: Option<DialFn>,
    /// Opens and secures connections to whoever comes first and speaks TLS: an https target without a proxy, or an https
    /// proxy. Then `tls` and `tls_handshake_timeout` are not used for that.
    pub dial_tls_context: Option<DialFn>,
    /// Whom to trust, and who to be. Go: `TLSClientConfig`.
    #[cfg(feature = "tls")]
    #[doc(alias = "TLSClientConfig")]
    pub tls: TlsSettings,
    /// How long a TLS handshake may take. `None`: for ever.
    #[cfg(feature = "tls")]
    #[doc(alias = "TLSHandshakeTimeout")]
    pub tls_handshake_timeout: Option<Duration>,
    /// How long the response head may take once the request is written. `None`: for ever.
    pub response_header_timeout: Option<Duration>,
    /// How long a body with `Expect: 100-continue` is held back. Zero: not at all.
    pub expect_continue_timeout: Duration,
    /// Most bytes of response heads for one request, 1xx included.
    pub max_response_header_bytes: u64,
    /// One request per connection.
    pub disable_keep_alives: bool,
    /// Do not ask for gzip when the caller has not said what it takes. (What a caller asked for itself comes as it is.)
    pub disable_compression: bool,
    /// What becomes of the rest of a body that is closed before its end.
    pub early_close: EarlyClose,
}

impl Config {
    /// What Go's `DefaultTransport` sets: 100 idle connections in all, 90 s of idleness, 30 s for a dial, 10 s for a TLS
    /// handshake, 1 s for the word of a server that a body waits for.
    #[doc(alias = "DefaultTransport")]
    pub fn default_transport(rt: Arc<dyn Runtime>) -> Self {
        Config {
            proxy: Proxy::FromEnvironment,
            max_idle_conns: Some(100),
            idle_conn_timeout: Some(Duration::from_secs(90)),
            dial_timeout: Some(Duration::from_secs(30)),
            tcp_keep_alive: Some(Duration::from_secs(30)),
            #[cfg(feature = "tls")]
            tls_handshake_timeout: Some(Duration::from_secs(10)),
            expect_continue_timeout: Duration::from_secs(1),
            ..Config::zero(rt)
        }
    }

    /// What a zero `http.Transport` does: two idle connections per host, no other limit.
    pub fn zero(rt: Arc<dyn Runtime>) -> Self {
        Config {
            rt,
            trace: Trace::none(),
            proxy: Proxy::None,
            proxy_connect_header: HeaderMap::new(),
            get_proxy_connect_header: None,
            on_proxy_connect_response: None,
            max_idle_conns: None,
            max_idle_conns_per_host: Some(DEFAULT_MAX_IDLE_CONNS_PER_HOST),
            max_conns_per_host: None,
            idle_conn_timeout: None,
            dial_timeout: None,
            tcp_keep_alive: Some(Duration::from_secs(15)),
            dial_fallback_delay: Some(Duration::from_millis(300)),
            dial_context: None,
            dial_tls_context: None,
            #[cfg(feature = "tls")]
            tls: TlsSettings::default(),
            #[cfg(feature = "tls")]
            tls_handshake_timeout: None,
            response_header_timeout: None,
            expect_continue_timeout: Duration::ZERO,
            max_response_header_bytes: 10 << 20,
            disable_keep_alives: false,
            disable_compression: false,
            early_close: EarlyClose::default(),
        }
    }
}
