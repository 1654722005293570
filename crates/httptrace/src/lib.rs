//! What happens on a connection, told as typed events; and the seam to the runtime it happens on.
//!
//! This crate lies at the bottom of the house: everything above reports to it and asks it for time,
//! tasks and sockets, and it knows nothing of HTTP beyond the names of the events.
//!
//! # Layout
//!
//! - [`event`]: the events, under the names of Go's hooks where Go has one
//! - [`exit`]: every way out of the loops and of the waits, each with an id
//! - [`trace`]: where events go; costs one branch when nobody listens
//! - [`recorder`]: a listener that keeps them and writes JSON lines
//! - [`rt`]: the seam: spawn, timer, now, dial
//! - [`census`]: how many tasks of which name are alive
//! - [`go_text`]: Go's wording of errors and quotations
//! - [`tokio_rt`]: the seam on tokio (feature `net`, on by default)
//!
//! Go twin: package `net/http/httptrace` for the events; Go's scheduler and `net.Dialer` for the seam.

pub mod census;
pub mod event;
pub mod exit;
pub mod go_text;
pub mod recorder;
pub mod rt;
#[cfg(feature = "net")]
pub mod tokio_rt;
pub mod trace;

pub use census::{Census, Counts};
pub use event::{Actor, Channel, ConnId, Event, Step};
pub use exit::Exit;
pub use recorder::{Record, Recorder};
pub use rt::{BoxFuture, BoxIo, Io, Runtime, Settle, TaskName, Timer};
#[cfg(feature = "net")]
pub use tokio_rt::{Counted, TokioRuntime};
pub use trace::{Listener, Trace};

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
