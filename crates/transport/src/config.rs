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
    /// What Go's `DefaultTransport` sets: limits under which a program that nobody looks after comes to no harm.
    ///
    /// Each value with what it protects from and, behind the semicolon, what it costs; beside it what a zero `Transport`
    /// has, which [`Config::zero`] makes:
    ///
    /// | setting | default | zero | why |
    /// |---|---|---|---|
    /// | `rt` | the caller's | the caller's | tasks, clock and sockets are the runtime's; a transport belongs to one |
    /// | `trace` | none | none | no event is made that nobody wants; whoever wants them has to say so |
    /// | `proxy` | the environment's | none | who runs the program knows the way out of their network; a variable decides who sees the requests |
    /// | `proxy_connect_header` | none | none | a proxy learns no more than it must; one that wants more has to be told |
    /// | `get_proxy_connect_header` | none | none | the same |
    /// | `on_proxy_connect_response` | none | none | 200 says enough; what else the proxy says is not looked at |
    /// | `max_idle_conns` | 100 | no limit | sockets that a visit to many hosts leaves behind; one host too many is dialled anew |
    /// | `max_idle_conns_per_host` | 2 | 2 | a burst that stays on the server as idle sockets; of the next burst all but two are dialled anew |
    /// | `max_conns_per_host` | no limit | no limit | one slow answer that all others wait for; a burst opens a connection for each request |
    /// | `idle_conn_timeout` | 90 s | for ever | connections that servers and firewalls have forgotten; a longer pause costs a dial |
    /// | `dial_timeout` | 30 s | for ever | an address that swallows packets, where the system gives up after minutes; a network slower than that cannot be used |
    /// | `tcp_keep_alive` | 30 s | 15 s | a peer that has vanished without a word; a packet now and then |
    /// | `dial_fallback_delay` | 300 ms | 300 ms | an address family that leads nowhere; a name with both may be dialled twice |
    /// | `dial_context` | none | none | nothing: the system's way is the usual one |
    /// | `dial_tls_context` | none | none | nothing: the settings for TLS hold |
    /// | `tls` | the system's roots | the system's roots | anybody who is not who they should be; a certificate of one's own has to be trusted first |
    /// | `tls_handshake_timeout` | 10 s | for ever | a server that accepts and then is silent; one that takes longer cannot be used |
    /// | `response_header_timeout` | for ever | for ever | cutting an answer off that needs its time; the caller sets a limit where there is none |
    /// | `expect_continue_timeout` | 1 s | 0 s | a server that does not know the word, for which the body would wait for ever; that second |
    /// | `max_response_header_bytes` | 10 MiB | 10 MiB | a head that never ends and fills the memory; so much memory for each that tries |
    /// | `disable_keep_alives` | no | no | a dial for each request; idle connections on both sides |
    /// | `disable_compression` | no | no | bytes on the wire; the time to decompress them |
    /// | `early_close` | 256 KiB, 50 ms | 256 KiB, 50 ms | a dial for each body that is not read to its end; bytes that nobody wants |
    ///
    /// Go's also tries HTTP/2 (`ForceAttemptHTTP2`), which this client does not speak.
    ///
    /// Go: transport.go DefaultTransport
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

    /// What a zero `http.Transport` does: two idle connections per host, and nearly no other limit. The table stands at
    /// [`Config::default_transport`].
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

#[cfg(all(test, feature = "net"))]
mod tests {
    use httptrace::TokioRuntime;

    use super::*;

    /// The settings in words. All of them are named, so that a new one has to be put into the table.
    fn in_words(config: Config) -> Vec<(&'static str, String)> {
        let Config {
            rt: _,
            trace,
            proxy,
            proxy_connect_header,
            get_proxy_connect_header,
            on_proxy_connect_response,
            max_idle_conns,
            max_idle_conns_per_host,
            max_conns_per_host,
            idle_conn_timeout,
            dial_timeout,
            tcp_keep_alive,
            dial_fallback_delay,
            dial_context,
            dial_tls_context,
            #[cfg(feature = "tls")]
            tls,
            #[cfg(feature = "tls")]
            tls_handshake_timeout,
            response_header_timeout,
            expect_continue_timeout,
            max_response_header_bytes,
            disable_keep_alives,
            disable_compression,
            early_close,
        } = config;
        let set = |is_set: bool| if is_set { "set" } else { "none" }.to_owned();
        let most = |count: Option<usize>| count.map_or("no limit".to_owned(), |count| count.to_string());
        let time = |time: Duration| match format!("{time:?}") {
            zero if time.is_zero() => zero.replace("ns", " s"),
            text => {
                let (number, unit) = text.split_at(text.find(char::is_alphabetic).unwrap_or(text.len()));
                format!("{number} {unit}")
            }
        };
        let limit = |limit: Option<Duration>| limit.map_or("for ever".to_owned(), time);
        let flag = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
        vec![
            ("rt", "the caller's".to_owned()),
            ("trace", set(format!("{trace:?}") != "Trace(none)")),
            (
                "proxy",
                match proxy {
                    Proxy::None => "none",
                    Proxy::FromEnvironment => "the environment's",
                    Proxy::Url(_) | Proxy::Func(_) => "set",
                }
                .to_owned(),
            ),
            ("proxy_connect_header", set(!proxy_connect_header.is_empty())),
            ("get_proxy_connect_header", set(get_proxy_connect_header.is_some())),
            ("on_proxy_connect_response", set(on_proxy_connect_response.is_some())),
            ("max_idle_conns", most(max_idle_conns)),
            ("max_idle_conns_per_host", max_idle_conns_per_host.map_or("none".to_owned(), |most| most.to_string())),
            ("max_conns_per_host", most(max_conns_per_host)),
            ("idle_conn_timeout", limit(idle_conn_timeout)),
            ("dial_timeout", limit(dial_timeout)),
            ("tcp_keep_alive", tcp_keep_alive.map_or("none".to_owned(), time)),
            ("dial_fallback_delay", dial_fallback_delay.map_or("none".to_owned(), time)),
            ("dial_context", set(dial_context.is_some())),
            ("dial_tls_context", set(dial_tls_context.is_some())),
            #[cfg(feature = "tls")]
            ("tls", tls_in_words(tls)),
            #[cfg(feature = "tls")]
            ("tls_handshake_timeout", limit(tls_handshake_timeout)),
            ("response_header_timeout", limit(response_header_timeout)),
            ("expect_continue_timeout", time(expect_continue_timeout)),
            ("max_response_header_bytes", format!("{} MiB", max_response_header_bytes as f64 / f64::from(1 << 20))),
            ("disable_keep_alives", flag(disable_keep_alives)),
            ("disable_compression", flag(disable_compression)),
            (
                "early_close",
                match early_close {
                    EarlyClose::Kill => "closed".to_owned(),
                    EarlyClose::Drain { bytes, time: most } => format!("{} KiB, {}", bytes as f64 / 1024.0, time(most)),
                },
            ),
        ]
    }

    #[cfg(feature = "tls")]
    fn tls_in_words(tls: TlsSettings) -> String {
        use crate::tls::{Roots, TlsVersion};

        let TlsSettings {
            roots,
            client_certificate,
            server_name,
            min_version,
            session_cache,
            dangerous_accept_any_certificate,
        } = tls;
        let usual = matches!(roots, Roots::System)
            && client_certificate.is_none()
            && server_name.is_none()
            && min_version == TlsVersion::Tls12
            && session_cache == 0
            && !dangerous_accept_any_certificate;
        if usual { "the system's roots" } else { "set" }.to_owned()
    }

    /// The rows of the table at [`Config::default_transport`]: setting, default, zero, why.
    fn table() -> Vec<[&'static str; 4]> {
        let lines = include_str!("config.rs").lines().filter_map(|line| line.trim().strip_prefix("/// | `"));
        lines
            .map(|line| {
                let cells: Vec<&str> = line.trim_end_matches(" |").split(" | ").collect();
                let [setting, default, zero, why] = cells[..] else { panic!("four cells: {line}") };
                [setting.trim_end_matches('`'), default, zero, why]
            })
            .collect()
    }

    #[test]
    fn both_sets_of_settings_are_those_of_the_table() {
        let (default, zero) = (Config::default_transport(TokioRuntime::new()), Config::zero(TokioRuntime::new()));
        let mut table = table();
        assert!(table.iter().all(|[.., why]| !why.is_empty()));
        table.retain(|[setting, ..]| cfg!(feature = "tls") || !setting.starts_with("tls"));
        let settings = in_words(default).into_iter().zip(in_words(zero));
        let found: Vec<_> = settings.map(|((setting, default), (_, zero))| (setting, default, zero)).collect();
        let told: Vec<_> = table
            .iter()
            .map(|[setting, default, zero, _]| (*setting, (*default).to_owned(), (*zero).to_owned()))
            .collect();
        assert_eq!(found, told);
    }
}
