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
//! - `pool`: the idle connections, the waiters and the places per host, under one lock
//! - `want_conn`: one waiting request
//! - [`transport`](mod@transport): [`Transport`]: round_trip, get_conn
//! - `dial`: opening a connection, in a task of its own
//! - `probe`: whether a body of unknown length is empty
//! - [`retry`]: when a request may be sent again
//! - [`error`]: what can go wrong before a connection is there
//!
//! Go twin: transport.go type Transport

pub mod config;
mod dial;
pub mod error;
pub mod key;
mod pool;
mod probe;
pub mod retry;
pub mod transport;
mod want_conn;

pub use config::Config;
pub use error::Error;
pub use key::ConnectMethod;
pub use persistconn::{
    Body, Cancel, CancelToken, Cause, CloseReason, Context, EarlyClose, GetBody, Got1xx, PutIdleError, Request,
    RequestBody, RequestTrailers, Response, Upgraded,
};
pub use pool::PoolCensus;
pub use transport::Transport;
