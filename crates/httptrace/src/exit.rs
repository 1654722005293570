//! Every way out of the loops and of the waits has a name.
//!
//! An id says where (`RL` read_loop, `WL` write_loop, `WR` wrote_request, `RT` round_trip, `GC` get_conn,
//! `EC` the expect-continue wait), in which phase (`I` idle, `H` head, `B` body) and which one.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What there is to know of an exit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// The id a reader looks up: `RL-B1`.
    pub id: &'static str,
    /// What it is, in a sentence.
    pub what: &'static str,
    /// Who causes it.
    pub who: &'static str,
    /// What the caller sees.
    pub caller: &'static str,
    /// What becomes of the connection.
    pub connection: &'static str,
    /// Lines of transport.go in Go 1.12.7; a dash where that Go has no such exit.
    pub go_1_12_7: &'static str,
    /// Lines of transport.go in Go 1.27.3.
    pub go_1_27_3: &'static str,
}

/// Declares the enum, the list of all ids and the facts from one table.
macro_rules! exits {
    ($(
        #[doc = $doc:literal]
        $name:ident = $id:literal {
            who: $who:literal,
            caller: $caller:literal,
            connection: $connection:literal,
            go: ($go_1_12_7:literal, $go_1_27_3:literal),
        },
    )*) => {
        /// A way out, named. The order is that of a connection's life.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Exit { $( #[doc = $doc] $name, )* }

        impl Exit {
            /// All of them, in order.
            pub const ALL: &'static [Exit] = &[ $( Exit::$name, )* ];

            /// What there is to know of it.
            pub fn facts(self) -> Facts {
                match self {
                    $( Exit::$name => Facts {
                        id: $id,
                        what: $doc.trim_ascii_start(),
                        who: $who,
                        caller: $caller,
                        connection: $connection,
                        go_1_12_7: $go_1_12_7,
                        go_1_27_3: $go_1_27_3,
                    }, )*
                }
            }
        }
    };
}

impl Exit {
    /// The id a reader looks up: `RL-B1`.
    pub fn id(self) -> &'static str {
        self.facts().id
    }

    /// What it is, in a sentence.
    pub fn explain(self) -> &'static str {
        self.facts().what
    }
}

exits! {
    /// read_loop, idle: the server closed the connection (EOF).
    IdleServerClosed = "RL-I1" {
        who: "the server",
        caller: "nothing; a request that raced it is sent again, or fails with `http: server closed idle connection`",
        connection: "closed",
        go: ("1680-1684, 1823", "2496-2500, 2653"),
    },
    /// read_loop, idle: reading failed (a reset).
    IdleReadError = "RL-I2" {
        who: "the server or the network",
        caller: "nothing; a request that raced it is sent again, or fails",
        connection: "closed",
        go: ("1680-1684, 1823", "2496-2500, 2653"),
    },
    /// read_loop, idle: the server sent a 408 and hung up; nothing is said about it.
    Idle408 = "RL-I3" {
        who: "the server",
        caller: "nothing",
        connection: "closed",
        go: ("1823, 1847", "2653, 2677"),
    },
    /// read_loop, idle: the server sent bytes that nobody had asked for.
    IdleUnsolicited = "RL-I4" {
        who: "the server",
        caller: "nothing; Go writes a line to its log",
        connection: "closed",
        go: ("1823", "2653"),
    },
    /// read_loop, idle: IdleConnTimeout passed while it was in the pool.
    IdleTimeout = "RL-I5" {
        who: "the clock",
        caller: "nothing",
        connection: "closed",
        go: ("1578", "2342"),
    },
    /// read_loop, idle: this side closed it (CloseIdleConnections, the pool made room, its handle was dropped).
    IdleClosed = "RL-I6" {
        who: "this side",
        caller: "nothing",
        connection: "closed",
        go: ("1680-1684", "2496-2500"),
    },

    /// read_loop, head: the connection ended or failed before the first byte of the response.
    HeadNoByte = "RL-H1" {
        who: "the server or the network",
        caller: "`EOF` or the socket's error; on a connection that had worked before, a request that may be repeated is",
        connection: "closed",
        go: ("1677-1687, 1703-1707", "2493-2503, 2519-2523"),
    },
    /// read_loop, head: it could not be read as HTTP/1.
    HeadMalformed = "RL-H2" {
        who: "the server",
        caller: "`net/http: HTTP/1.x transport connection broken: …`",
        connection: "closed",
        go: ("1703-1707", "2519-2523"),
    },
    /// read_loop, head: it is longer than MaxResponseHeaderBytes.
    HeadTooLarge = "RL-H3" {
        who: "the server",
        caller: "`… server response headers exceeded N bytes; aborted`",
        connection: "closed",
        go: ("1703-1707", "2515-2523"),
    },
    /// read_loop, head: the caller had left before it could be delivered.
    HeadCallerGone = "RL-H4" {
        who: "the caller",
        caller: "what made it leave",
        connection: "closed",
        go: ("1703-1707, 1789-1793", "2519-2523, 2607-2611"),
    },
    /// read_loop, head: no body, and the connection went back to the pool (or to a waiter).
    NoBodyKept = "RL-H5" {
        who: "the server",
        caller: "the response",
        connection: "pooled before the response is delivered",
        go: ("1726-1755", "2547-2575"),
    },
    /// read_loop, head: no body, and the connection was closed.
    NoBodyClosed = "RL-H6" {
        who: "the server, or the pool that refused",
        caller: "the response",
        connection: "closed",
        go: ("1726-1755", "2547-2575"),
    },
    /// read_loop, head: 101 or CONNECT; the caller owns the stream now.
    SwitchedProtocols = "RL-H7" {
        who: "the server",
        caller: "the response with the stream",
        connection: "given to the caller, open",
        go: ("1640, 1936", "2415, 2781"),
    },
    /// read_loop, head: the connection was closed from this side while it was awaited.
    HeadConnClosed = "RL-H8" {
        who: "the caller, a timeout, or write_loop",
        caller: "the reason of the close",
        connection: "closed",
        go: ("1677, 1703-1707", "2493, 2519-2523"),
    },

    /// read_loop, body: read to EOF, and the connection went back to the pool (or to a waiter).
    BodyEofKept = "RL-B1" {
        who: "whoever reads",
        caller: "the end, after the pool was asked",
        connection: "pooled",
        go: ("1799-1808", "2617-2627"),
    },
    /// read_loop, body: read to EOF, and the connection was closed.
    BodyEofClosed = "RL-B2" {
        who: "whoever reads; the server said close, or the write was unfinished, or the pool refused",
        caller: "the end",
        connection: "closed",
        go: ("1799-1808", "2617-2627"),
    },
    /// read_loop, body: closed early, drained, and the connection went back to the pool.
    BodyClosedEarlyDrained = "RL-B3" {
        who: "whoever closed or dropped the body",
        caller: "the close returns before the drain",
        connection: "pooled, a moment later",
        go: ("–", "2628-2637"),
    },
    /// read_loop, body: closed early, and the connection was closed.
    BodyClosedEarlyClosed = "RL-B4" {
        who: "whoever closed or dropped the body",
        caller: "the close returns",
        connection: "closed",
        go: ("1799-1808", "2628-2637"),
    },
    /// read_loop, body: a read of the body failed.
    BodyReadError = "RL-B5" {
        who: "the server or the network",
        caller: "the read's error, at every later read too",
        connection: "closed",
        go: ("1799-1808", "2638-2639"),
    },
    /// read_loop, body: the request's own cancel token fired.
    BodyLegacyCancel = "RL-B6" {
        who: "the caller",
        caller: "`net/http: request canceled`, after what was buffered",
        connection: "closed",
        go: ("1809-1811", "2641-2643"),
    },
    /// read_loop, body: the context was cancelled.
    BodyContextCanceled = "RL-B7" {
        who: "the caller",
        caller: "`context canceled` or the cause, after what was buffered",
        connection: "closed",
        go: ("1812-1814", "2641-2643"),
    },
    /// read_loop, body: the context's deadline passed.
    BodyDeadlineExceeded = "RL-B8" {
        who: "the clock",
        caller: "`context deadline exceeded`, after what was buffered",
        connection: "closed",
        go: ("1812-1814", "2641-2643"),
    },
    /// read_loop, body: someone else closed the connection.
    BodyConnClosed = "RL-B9" {
        who: "write_loop's error, or the runtime's end",
        caller: "the reason of the close",
        connection: "closed",
        go: ("1815-1816", "2644-2645"),
    },

    /// write_loop: the request is written, wait for the next one.
    Written = "WL-1" {
        who: "the caller",
        caller: "nothing yet",
        connection: "goes on",
        go: ("1977", "2834"),
    },
    /// write_loop: writing to the socket failed.
    WriteError = "WL-2" {
        who: "the server or the network",
        caller: "the error, unless the response was faster",
        connection: "closed",
        go: ("1977", "2834"),
    },
    /// write_loop: the source of the request's body failed.
    RequestBodyError = "WL-3" {
        who: "the caller's body",
        caller: "the body's own error; behind `readfrom tcp …` where its length is known, as in Go",
        connection: "closed",
        go: ("1977", "2834"),
    },
    /// write_loop: the connection was closed.
    WriteLoopClosed = "WL-4" {
        who: "whoever closed it",
        caller: "nothing from here",
        connection: "closed",
        go: ("2006", "2862"),
    },

    /// wrote_request: the write had ended before it was asked.
    WroteAtOnce = "WR-1" {
        who: "write_loop",
        caller: "nothing",
        connection: "may be kept",
        go: ("2019", "2878"),
    },
    /// wrote_request: the write ended within the 50 ms it is given.
    WroteInTime = "WR-2" {
        who: "write_loop",
        caller: "the end of the body, a little later",
        connection: "may be kept",
        go: ("2019", "2878"),
    },
    /// wrote_request: the write failed or did not end in time; the connection is not kept.
    NotWritten = "WR-3" {
        who: "write_loop, or the clock",
        caller: "the end of the body, up to 50 ms later",
        connection: "closed",
        go: ("2019", "2878"),
    },

    /// round_trip: the response came.
    GotResponse = "RT-1" {
        who: "the server",
        caller: "the response",
        connection: "in use until the body's end",
        go: ("2220", "3128"),
    },
    /// round_trip: the request could not be written.
    RoundTripWriteError = "RT-2" {
        who: "the network, or the request's body",
        caller: "the error",
        connection: "closed",
        go: ("2193", "3093"),
    },
    /// round_trip: ResponseHeaderTimeout passed.
    HeaderTimeout = "RT-3" {
        who: "the clock",
        caller: "`net/http: timeout awaiting response headers`",
        connection: "closed",
        go: ("2214", "3122"),
    },
    /// round_trip: the connection was closed under it.
    RoundTripClosed = "RT-4" {
        who: "the server, or this side",
        caller: "the reason, mapped; or a second attempt",
        connection: "closed",
        go: ("2209", "3109"),
    },
    /// round_trip: the connection was closed, but the response was already there.
    ClosedButResponse = "RT-5" {
        who: "the server",
        caller: "the response",
        connection: "closed",
        go: ("–", "3109"),
    },
    /// round_trip: the context ended.
    RoundTripContext = "RT-6" {
        who: "the caller, or the clock",
        caller: "`context canceled`, `context deadline exceeded` or the cause",
        connection: "closed",
        go: ("2234", "3130"),
    },
    /// round_trip: the context ended, but the response was already there.
    ContextButResponse = "RT-7" {
        who: "the caller, or the clock",
        caller: "the response; its body then says why it ends",
        connection: "closed, unless it was pooled already",
        go: ("–", "3130"),
    },
    /// round_trip: the request's own cancel token fired.
    RoundTripLegacyCancel = "RT-8" {
        who: "the caller",
        caller: "`net/http: request canceled`",
        connection: "closed",
        go: ("2231", "3130"),
    },
    /// round_trip: the caller dropped the future.
    RoundTripDropped = "RT-9" {
        who: "the caller",
        caller: "nothing: it is gone",
        connection: "closed, unless it was pooled already",
        go: ("–", "–"),
    },

    /// get_conn: an idle connection was there.
    IdleHit = "GC-1" {
        who: "the pool",
        caller: "nothing",
        connection: "taken out of the pool",
        go: ("829", "1241"),
    },
    /// get_conn: a connection that came back was faster than the dial.
    LateBinding = "GC-2" {
        who: "another request's end",
        caller: "nothing",
        connection: "handed over; the dial goes on",
        go: ("1020", "1619"),
    },
    /// get_conn: a new connection was opened for it.
    Dialled = "GC-3" {
        who: "the dial",
        caller: "nothing",
        connection: "new",
        go: ("1020", "1619"),
    },
    /// get_conn: the dial lost the race, and its connection went to the pool.
    DialPooled = "GC-4" {
        who: "the dial",
        caller: "nothing",
        connection: "pooled",
        go: ("978", "1706"),
    },
    /// get_conn: the context or the request's cancel token ended the wait.
    GetConnCanceled = "GC-5" {
        who: "the caller, or the clock",
        caller: "the cause, or `net/http: request canceled while waiting for connection`",
        connection: "the dial goes on, for the pool",
        go: ("1020", "1619"),
    },
    /// get_conn: the caller dropped the future.
    GetConnDropped = "GC-6" {
        who: "the caller",
        caller: "nothing: it is gone",
        connection: "the dial goes on, for the pool",
        go: ("–", "–"),
    },
    /// get_conn: the dial failed.
    DialFailed = "GC-7" {
        who: "the network, or a time limit",
        caller: "`dial tcp …`",
        connection: "none",
        go: ("1020", "1706"),
    },

    /// expect-continue: the server said 100.
    ContinueGot100 = "EC-1" {
        who: "the server",
        caller: "nothing; the body is sent",
        connection: "goes on",
        go: ("1917", "2770-2777"),
    },
    /// expect-continue: a final status came instead.
    ContinueFinalStatus = "EC-2" {
        who: "the server",
        caller: "the response; the body is sent only if the connection goes on",
        connection: "kept if the body was sent",
        go: ("1917", "2770-2777"),
    },
    /// expect-continue: ExpectContinueTimeout passed.
    ContinueTimeout = "EC-3" {
        who: "the clock",
        caller: "nothing; the body is sent",
        connection: "goes on",
        go: ("1917", "2770-2777"),
    },
    /// expect-continue: the connection was closed.
    ContinueClosed = "EC-4" {
        who: "whoever closed it",
        caller: "the reason of the close",
        connection: "closed",
        go: ("1917", "2770-2777"),
    },
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
