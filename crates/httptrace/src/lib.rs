//! What happens on a connection, told as typed events; and the seam to the runtime it happens on.
//!
//! This crate lies at the bottom of the house: everything above reports to it and asks it for time,
//! tasks and sockets, and it knows nothing of HTTP beyond the names of the events and what a hook is shown of a header.
//!
//! # Layout
//!
//! - [`event`]: the events, under the names of Go's hooks where Go has one
//! - [`exit`]: every way out of the loops and of the waits, each with an id
//! - [`trace`]: where events go; costs one branch when nobody listens
//! - [`client_trace`]: the hooks of one request
//! - [`recorder`]: a listener that keeps them and writes JSON lines
//! - `tracing_listener`: a listener that hands them on to the `tracing` crate (feature `tracing`)
//! - [`rt`]: the seam: spawn, timer, now, lookup, connect
//! - [`tls_state`]: what a TLS connection has agreed on
//! - [`census`]: how many tasks of which name are alive
//! - [`go_text`]: Go's wording of errors and quotations
//! - [`tokio_rt`]: the seam on tokio (feature `net`, on by default)
//!
//! Go twin: package `net/http/httptrace` for the events; Go's scheduler and `net.Dialer` for the seam.

pub mod census;
pub mod client_trace;
pub mod event;
pub mod exit;
pub mod go_text;
pub mod recorder;
pub mod rt;
pub mod tls_state;
#[cfg(feature = "net")]
pub mod tokio_rt;
pub mod trace;
#[cfg(feature = "tracing")]
pub mod tracing_listener;

pub use census::{Census, Counts};
pub use client_trace::{ClientTrace, DnsDoneInfo, DnsStartInfo, GotConnInfo, WroteRequestInfo};
pub use event::{Actor, Channel, ConnId, Event, Step};
pub use exit::Exit;
pub use recorder::{Record, Recorder};
pub use rt::{BoxFuture, BoxIo, Io, Runtime, Settle, TaskName, Timer};
pub use tls_state::TlsState;
#[cfg(feature = "net")]
pub use tokio_rt::{Counted, TokioRuntime};
pub use trace::{Listener, Trace};
#[cfg(feature = "tracing")]
pub use tracing_listener::TracingListener;

/// `tokio::select!` whose arms are tried in the order in which they are written.
///
/// Every select of the port goes through this wrapper, so that a run of the schedule search replays
/// exactly. With the feature `unbiased` the word `biased` is left out and tokio picks the first arm to
/// try at random, as Go does: an order can hide a lost wake-up, so the search is run both ways.
#[cfg(not(feature = "unbiased"))]
#[macro_export]
macro_rules! select {
    ($($arms:tt)*) => { ::tokio::select! { biased; $($arms)* } };
}

/// `tokio::select!` with the random start that tokio gives it (feature `unbiased`).
#[cfg(feature = "unbiased")]
#[macro_export]
macro_rules! select {
    ($($arms:tt)*) => { ::tokio::select! { $($arms)* } };
}
