//! Many connections.
//!
//! A [`Transport`] answers each request with one connection: one that is idle, one that somebody gives back while it
//! waits, or a new one, whichever is there first.
//!
//! ```text
//!  round_trip (retries) ──► get_conn ──► idle pool: most recently used first
//!                             │   └────► a dial of its own, in a task named `dial`
//!                             └── waits for whichever delivers first (`WantConn`)
//!  read_loop ── try_put_idle_conn ──► a waiter, or the idle pool, or a refusal with its reason
//! ```
//!
//! # Layout
//!
//! - [`config`]: the settings, under Go's names
//! - [`key`]: which requests may share a connection
//! - [`proxy`]: which proxy a request goes through
//! - [`connect`]: asking an HTTP proxy for a way to an https target
//! - `socks`: asking a SOCKS5 proxy for a way to any target (feature `socks`, on by default)
//! - `pool`: the idle connections, the waiters and the places per host, under one lock
//! - `want_conn`: one waiting request
//! - [`transport`](mod@transport): [`Transport`]: round_trip, get_conn
//! - `dial`: opening a connection, in a task of its own
//! - `dialer`: the addresses of a name, in order and side by side, within a deadline
//! - [`dial_fn`]: a dialler of the user's own
//! - [`tls`]: TLS over any stream (feature `tls`, on by default)
//! - [`tls_error`]: what can go wrong in a handshake
//! - `probe`: whether a body of unknown length is empty
//! - [`retry`]: when a request may be sent again
//! - [`error`]: what can go wrong before a connection is there
//!
//! Go twin: transport.go type Transport

pub mod config;
pub mod connect;
mod dial;
pub mod dial_fn;
mod dialer;
pub mod error;
pub mod key;
mod pool;
mod probe;
pub mod proxy;
pub mod retry;
#[cfg(feature = "socks")]
mod socks;
#[cfg(feature = "tls")]
pub mod tls;
pub mod tls_error;
pub mod transport;
mod want_conn;

pub use config::Config;
pub use connect::{GetProxyConnectHeader, OnProxyConnectResponse, ProxyConnectResponse};
pub use dial_fn::DialFn;
pub use error::{Error, SocksFault, SocksReply, UserError};
pub use key::ConnectMethod;
#[cfg(feature = "json")]
pub use persistconn::JsonError;
pub use persistconn::{
    Body, Cancel, CancelToken, Cause, CloseReason, Context, Cookie, CookieError, EarlyClose, GetBody, IoError,
    PutIdleError, Request, RequestBody, RequestTrailers, Response, SameSite, Upgraded,
};
pub use pool::PoolCensus;
pub use proxy::Proxy;
pub use proxy::environment::{Rules as ProxyRules, Variables as ProxyVariables};
#[cfg(feature = "tls")]
pub use tls::{ClientCertificate, Roots, TlsClient, TlsSettings, TlsVersion};
pub use tls_error::TlsError;
pub use transport::Transport;
