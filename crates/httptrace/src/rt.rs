//! The seam: the four things that need a runtime, behind one small object-safe trait.
//!
//! The loops themselves use tokio's `io` traits and `select!`, which need no runtime. What does, they
//! ask of a [`Runtime`]: start a task, wait for a moment, ask the time, open a connection. On tokio
//! that is [`TokioRuntime`](crate::TokioRuntime); in the stepper it is a hand-cranked executor with a
//! virtual clock and in-memory connections, and both poll the very same loops.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::census::Census;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a task is there for. A live connection is exactly one `ReadLoop` and one `WriteLoop`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskName {
    /// The task that owns the read side of one connection for its whole life.
    ReadLoop,
    /// The task that owns the write side of one connection for its whole life.
    WriteLoop,
    /// A connection being opened; ends when it is open or has failed.
    Dial,
}

impl TaskName {
    /// The name as it stands in traces and in the census.
    pub fn as_str(self) -> &'static str {
        match self {
            TaskName::ReadLoop => "read_loop",
            TaskName::WriteLoop => "write_loop",
            TaskName::Dial => "dial",
        }
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A byte stream to a peer: TCP, TLS or in memory. Dropping it closes it, in both directions.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {
    /// This end's and the peer's address, where the stream has them. They appear in error texts.
    fn addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        None
    }

    /// Whether what was written may stay in the stream until it is flushed. TCP keeps nothing, TLS does.
    fn holds_back_writes(&self) -> bool {
        true
    }
}

/// A stream whose kind the port does not know and does not need to know.
pub type BoxIo = Box<dyn Io>;

/// A timer that can be set again without being allocated again.
pub trait Timer: Future<Output = ()> + Send + Sync {
    /// Moves the timer to `deadline`, a moment on the clock of [`Runtime::now`]. A timer that has
    /// fired may be set again.
    fn reset(self: Pin<&mut Self>, deadline: Duration);
}

/// What the port asks of the world it runs in.
///
/// Go twin: the `go` statement, package `time`, and `net.Dialer.DialContext`.
pub trait Runtime: Send + Sync + 'static {
    /// Starts `task` and forgets it: the loops end by their channels, not by a handle. The task is
    /// counted under `name` in [`census`](Runtime::census) until it has ended or was dropped.
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>);

    /// Makes a timer that fires at `deadline`, a moment on the clock of [`now`](Runtime::now).
    fn timer(&self, deadline: Duration) -> Pin<Box<dyn Timer>>;

    /// The time since this runtime's start. (A duration, since not every target has an `Instant`.)
    fn now(&self) -> Duration;

    /// Opens a stream to `addr`, which is `host:port`.
    ///
    /// # Errors
    ///
    /// The text is Go's: `dial tcp 127.0.0.1:1: connect: connection refused`. The kind is the
    /// operating system's.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up and closes what was opened.
    fn dial<'a>(&'a self, addr: &'a str) -> BoxFuture<'a, io::Result<BoxIo>>;

    /// Who is alive on this runtime, by name.
    fn census(&self) -> &Arc<Census>;
}

/// A runtime that can say when there is nothing left to do.
pub trait Settle: Runtime {
    /// Resolves once things have settled: no task is ready to run, no dial, drain or wait for the end
    /// of a write is under way. Tasks that wait for their peer or for their caller may remain; they are
    /// what one wants to count.
    fn settled(&self) -> BoxFuture<'static, ()>;

    /// How many tasks the executor itself says are alive, as the independent second count to compare
    /// the census with.
    fn alive_tasks(&self) -> usize;
}
