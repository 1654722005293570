//! The settings of a transport.

use std::sync::Arc;
use std::time::Duration;

use httptrace::{Runtime, Trace};
use persistconn::EarlyClose;

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
    /// How long the response head may take once the request is written. `None`: for ever.
    pub response_header_timeout: Option<Duration>,
    /// How long a body with `Expect: 100-continue` is held back. Zero: not at all.
    pub expect_continue_timeout: Duration,
    /// Most bytes of response heads for one request, 1xx included.
    pub max_response_header_bytes: u64,
    /// One request per connection.
    pub disable_keep_alives: bool,
    /// What becomes of the rest of a body that is closed before its end.
    pub early_close: EarlyClose,
}

impl Config {
    /// What Go's `DefaultTransport` sets: 100 idle connections in all, 90 s of idleness, 30 s for a dial, 1 s
    /// for the word of a server that a body waits for.
    #[doc(alias = "DefaultTransport")]
    pub fn default_transport(rt: Arc<dyn Runtime>) -> Self {
        Config {
            max_idle_conns: Some(100),
            idle_conn_timeout: Some(Duration::from_secs(90)),
            dial_timeout: Some(Duration::from_secs(30)),
            expect_continue_timeout: Duration::from_secs(1),
            ..Config::zero(rt)
        }
    }

    /// What a zero `http.Transport` does: two idle connections per host, no other limit.
    pub fn zero(rt: Arc<dyn Runtime>) -> Self {
        Config {
            rt,
            trace: Trace::none(),
            max_idle_conns: None,
            max_idle_conns_per_host: Some(DEFAULT_MAX_IDLE_CONNS_PER_HOST),
            max_conns_per_host: None,
            idle_conn_timeout: None,
            dial_timeout: None,
            response_header_timeout: None,
            expect_continue_timeout: Duration::ZERO,
            max_response_header_bytes: 10 << 20,
            disable_keep_alives: false,
            early_close: EarlyClose::default(),
        }
    }
}
