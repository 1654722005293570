//! The counters, as a snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::request::Request;

/// What a server has seen so far.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Connections accepted.
    pub accepted: usize,
    /// Connections that have not ended.
    pub open: usize,
    /// The largest that `open` has been.
    pub most_open: usize,
    /// Requests whose head has arrived, on all connections.
    pub requests: usize,
    /// Each connection, in the order of acceptance.
    pub conns: Vec<ConnStats>,
    /// The checks that failed, and whatever else went against the plan.
    pub failures: Vec<String>,
    /// How often each label was reached.
    pub reached: BTreeMap<Arc<str>, usize>,
    /// The gates that are open.
    pub gates: BTreeSet<Arc<str>>,
}

/// One connection.
#[derive(Clone, Debug, Default)]
pub struct ConnStats {
    /// The client's address, where the stream has one.
    pub peer: Option<SocketAddr>,
    /// Requests whose head has arrived.
    pub seen: usize,
    /// The first of them, raw (see [`Plan::keep_requests`](crate::Plan::keep_requests)).
    pub requests: Vec<Request>,
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
    /// What arrived and was taken by no request, as of the latest step that looked at it.
    pub waiting: Bytes,
    /// How it ended; `None` while it is open.
    pub end: Option<End>,
}

/// How a connection ended, as the server saw it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum End {
    /// The peer closed, at least its write side, while the script waited for bytes; or it was gone
    /// when the script sent.
    PeerClosed,
    /// The peer reset the connection.
    PeerReset,
    /// The script closed, or came to its end.
    Closed,
    /// The script reset it.
    Reset,
    /// The server stopped.
    Stopped,
    /// Any other error.
    Failed(io::ErrorKind),
}

impl End {
    pub(crate) fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset => End::PeerReset,
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted | io::ErrorKind::UnexpectedEof => {
                End::PeerClosed
            }
            kind => End::Failed(kind),
        }
    }
}

impl Stats {
    /// How often this label was reached.
    pub fn reached(&self, label: &str) -> usize {
        self.reached.get(label).copied().unwrap_or(0)
    }

    /// How many connections ended this way.
    pub fn ended(&self, end: End) -> usize {
        self.conns.iter().filter(|conn| conn.end == Some(end)).count()
    }
}

/// A few lines for a failure message.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        writeln!(f, "{} accepted, {} open, {} requests", self.accepted, self.open, self.requests)?;
        for (index, conn) in self.conns.iter().enumerate().take(SHOWN) {
            write!(f, "  connection {}: {} requests, ", index + 1, conn.seen)?;
            write!(f, "{} bytes in, {} out, ", conn.received, conn.sent)?;
            match conn.end {
                Some(end) => writeln!(f, "ended: {end:?}")?,
                None => writeln!(f, "open")?,
            }
        }
        if self.conns.len() > SHOWN {
            writeln!(f, "  and {} connections more", self.conns.len() - SHOWN)?;
        }
        writeln!(f, "  labels reached: {:?}; gates open: {:?}", self.reached, self.gates)?;
        self.failures.iter().try_for_each(|failure| writeln!(f, "  failed: {failure}"))
    }
}
