//! Every way out of the loops and of the waits has a name.
//!
//! An id says where (`RL` read_loop, `WL` write_loop, `WR` wrote_request, `RT` round_trip, `GC` get_conn,
//! `EC` the expect-continue wait), in which phase (`I` idle, `H` head, `B` body) and which one.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares the enum, the list of all ids and the lookups from one table.
macro_rules! exits {
    ($( $(#[doc = $doc:literal])+ $name:ident = $id:literal, )*) => {
        /// A way out, named. The order is that of a connection's life.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Exit { $( $(#[doc = $doc])+ $name, )* }

        impl Exit {
            /// All of them, in order.
            pub const ALL: &'static [Exit] = &[ $( Exit::$name, )* ];

            /// The id a reader looks up: `RL-B1`.
            pub fn id(self) -> &'static str {
                match self { $( Exit::$name => $id, )* }
            }

            /// What it is, in a sentence.
            pub fn explain(self) -> &'static str {
                match self { $( Exit::$name => concat!($($doc),+).trim_ascii_start(), )* }
            }
        }
    };
}

exits! {
    /// read_loop, idle: the server closed the connection (EOF).
    IdleServerClosed = "RL-I1",
    /// read_loop, idle: reading failed (a reset).
    IdleReadError = "RL-I2",
    /// read_loop, idle: the server sent a 408 and hung up; nothing is said about it.
    Idle408 = "RL-I3",
    /// read_loop, idle: the server sent bytes that nobody had asked for.
    IdleUnsolicited = "RL-I4",
    /// read_loop, idle: IdleConnTimeout passed while it was in the pool.
    IdleTimeout = "RL-I5",
    /// read_loop, idle: this side closed it (CloseIdleConnections, the pool made room, its handle was dropped).
    IdleClosed = "RL-I6",

    /// read_loop, head: the connection ended or failed before the first byte of the response.
    HeadNoByte = "RL-H1",
    /// read_loop, head: it could not be read as HTTP/1.
    HeadMalformed = "RL-H2",
    /// read_loop, head: it is longer than MaxResponseHeaderBytes.
    HeadTooLarge = "RL-H3",
    /// read_loop, head: the caller had left before it could be delivered.
    HeadCallerGone = "RL-H4",
    /// read_loop, head: no body, and the connection went back to the pool (or to a waiter).
    NoBodyKept = "RL-H5",
    /// read_loop, head: no body, and the connection was closed.
    NoBodyClosed = "RL-H6",
    /// read_loop, head: 101 or CONNECT; the caller owns the stream now.
    SwitchedProtocols = "RL-H7",
    /// read_loop, head: the connection was closed from this side while it was awaited.
    HeadConnClosed = "RL-H8",

    /// read_loop, body: read to EOF, and the connection went back to the pool (or to a waiter).
    BodyEofKept = "RL-B1",
    /// read_loop, body: read to EOF, and the connection was closed.
    BodyEofClosed = "RL-B2",
    /// read_loop, body: closed early, drained, and the connection went back to the pool.
    BodyClosedEarlyDrained = "RL-B3",
    /// read_loop, body: closed early, and the connection was closed.
    BodyClosedEarlyClosed = "RL-B4",
    /// read_loop, body: a read of the body failed.
    BodyReadError = "RL-B5",
    /// read_loop, body: the request's own cancel token fired.
    BodyLegacyCancel = "RL-B6",
    /// read_loop, body: the context was cancelled.
    BodyContextCanceled = "RL-B7",
    /// read_loop, body: the context's deadline passed.
    BodyDeadlineExceeded = "RL-B8",
    /// read_loop, body: someone else closed the connection.
    BodyConnClosed = "RL-B9",

    /// write_loop: the request is written, wait for the next one.
    Written = "WL-1",
    /// write_loop: writing to the socket failed.
    WriteError = "WL-2",
    /// write_loop: the source of the request's body failed.
    RequestBodyError = "WL-3",
    /// write_loop: the connection was closed.
    WriteLoopClosed = "WL-4",

    /// wrote_request: the write had ended before it was asked.
    WroteAtOnce = "WR-1",
    /// wrote_request: the write ended within the 50 ms it is given.
    WroteInTime = "WR-2",
    /// wrote_request: the write failed or did not end in time; the connection is not kept.
    NotWritten = "WR-3",

    /// round_trip: the response came.
    GotResponse = "RT-1",
    /// round_trip: the request could not be written.
    RoundTripWriteError = "RT-2",
    /// round_trip: ResponseHeaderTimeout passed.
    HeaderTimeout = "RT-3",
    /// round_trip: the connection was closed under it.
    RoundTripClosed = "RT-4",
    /// round_trip: the connection was closed, but the response was already there.
    ClosedButResponse = "RT-5",
    /// round_trip: the context ended.
    RoundTripContext = "RT-6",
    /// round_trip: the context ended, but the response was already there.
    ContextButResponse = "RT-7",
    /// round_trip: the request's own cancel token fired.
    RoundTripLegacyCancel = "RT-8",
    /// round_trip: the caller dropped the future.
    RoundTripDropped = "RT-9",

    /// get_conn: an idle connection was there.
    IdleHit = "GC-1",
    /// get_conn: a connection that came back was faster than the dial.
    LateBinding = "GC-2",
    /// get_conn: a new connection was opened for it.
    Dialled = "GC-3",
    /// get_conn: the dial lost the race, and its connection went to the pool.
    DialPooled = "GC-4",
    /// get_conn: the context or the request's cancel token ended the wait.
    GetConnCanceled = "GC-5",
    /// get_conn: the caller dropped the future.
    GetConnDropped = "GC-6",
    /// get_conn: the dial failed.
    DialFailed = "GC-7",

    /// expect-continue: the server said 100.
    ContinueGot100 = "EC-1",
    /// expect-continue: a final status came instead.
    ContinueFinalStatus = "EC-2",
    /// expect-continue: ExpectContinueTimeout passed.
    ContinueTimeout = "EC-3",
    /// expect-continue: the connection was closed.
    ContinueClosed = "EC-4",
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for Exit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        Exit::ALL
            .iter()
            .copied()
            .find(|exit| exit.id() == id)
            .ok_or_else(|| serde::de::Error::custom(format!("no exit has the id {id:?}")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_exits_share_an_id_and_each_explains_itself() {
        let ids: HashSet<_> = Exit::ALL.iter().map(|exit| exit.id()).collect();
        assert_eq!(ids.len(), Exit::ALL.len());
        assert!(Exit::ALL.iter().all(|exit| exit.explain().ends_with('.')));
    }
}
