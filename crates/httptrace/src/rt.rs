//! The seam: the things that need a runtime, behind one small object-safe trait.
//!
//! The loops themselves use tokio's `io` traits and `select!`, which need no runtime. What does, they
//! ask of a [`Runtime`]: start a task, wait for a moment, ask the time, look up a name, open a connection. On tokio
//! that is [`TokioRuntime`](crate::TokioRuntime); in the stepper it is a hand-cranked executor with a
//! virtual clock and in-memory connections, and both poll the very same loops.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::census::Census;
use crate::tls_state::TlsState;

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

    /// What the handshake has agreed on, where the stream is TLS. Responses on it carry this.
    fn tls_state(&self) -> Option<&Arc<TlsState>> {
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
/// Go twin: the `go` statement, package `time`, `net.Resolver` and the system calls under `net.Dialer`.
pub trait Runtime: Send + Sync + 'static {
    /// Starts `task` and forgets it: the loops end by their channels, not by a handle. The task is
    /// counted under `name` in [`census`](Runtime::census) until it has ended or was dropped.
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>);

    /// Makes a timer that fires at `deadline`, a moment on the clock of [`now`](Runtime::now).
    fn timer(&self, deadline: Duration) -> Pin<Box<dyn Timer>>;

    /// The time since this runtime's start. (A duration, since not every target has an `Instant`.)
    fn now(&self) -> Duration;

    /// The time of day, as a duration since 1970 began in Greenwich, or since some other fixed moment
    /// where there is no calendar. Unlike [`now`](Runtime::now) it may jump, and it has gone
    /// on while the machine slept: the pool asks it how long a connection was idle.
    fn wall(&self) -> Duration {
        self.now()
    }

    /// The addresses of a host, the one to try first at the front. Not asked about what is an address already.
    ///
    /// # Errors
    ///
    /// The text is what Go says after `lookup HOST: `, as `no such host`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the question up.
    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;

    /// Opens a stream to `addr`, with TCP keep-alive probes after `keep_alive` without a word; `None`: no probes.
    ///
    /// # Errors
    ///
    /// The operating system's, or one with the text that Go puts after `dial tcp ADDR: connect: `.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up and closes what was opened.
    fn connect(&self, addr: SocketAddr, keep_alive: Option<Duration>) -> BoxFuture<'_, io::Result<BoxIo>>;

    /// A variable of the environment, which may name proxies. `None` where there is no environment, and for a value that is
    /// not Unicode.
    fn env_var(&self, name: &str) -> Option<String> {
        let _nothing_to_ask = name;
        None
    }

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
