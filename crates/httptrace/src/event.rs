//! What can be told about a connection.
//!
//! Where Go's `httptrace.ClientTrace` has a hook, the event has the hook's name. The rest are the
//! steps that Go's hooks pass over and that this project is about: calls of the chain, messages on the
//! channels, births and deaths of tasks, and the ways out.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::rt::TaskName;

/// The number of a connection, in the order in which its transport opened them, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnId(pub u64);

/// Whose lane an event belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Whoever asked for the request or reads the body.
    Caller,
    /// The task that opens a connection.
    Dial,
    /// The connection's read_loop.
    ReadLoop,
    /// The connection's write_loop.
    WriteLoop,
    /// The idle pool of the transport.
    Pool,
}

/// A function of the call chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// `client::get` and its sisters. Go: `http.Get`.
    Get,
    /// Go: `(*Client).do`, the loop over redirects.
    Do,
    /// Go: the function `send` of client.go.
    Send,
    /// Go: `(*Transport).roundTrip`, the loop over retries.
    RoundTrip,
    /// Go: `(*Transport).getConn`.
    GetConn,
    /// Go: `(*Transport).dialConn`.
    DialConn,
    /// Go: `(*persistConn).roundTrip`.
    PersistConnRoundTrip,
}

impl Step {
    /// The function's name in Go.
    pub fn go_name(self) -> &'static str {
        match self {
            Step::Get => "http.Get",
            Step::Do => "(*Client).do",
            Step::Send => "send",
            Step::RoundTrip => "(*Transport).roundTrip",
            Step::GetConn => "(*Transport).getConn",
            Step::DialConn => "(*Transport).dialConn",
            Step::PersistConnRoundTrip => "(*persistConn).roundTrip",
        }
    }
}

/// A channel of Go's, or what stands in its place here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Caller to read_loop: what answer to expect. Go: `reqch`.
    Reqch,
    /// Caller to write_loop: what to write. Go: `writech`.
    Writech,
    /// write_loop to read_loop and caller: how the write went. Go: `writeErrCh` (both of them).
    WriteErrCh,
    /// read_loop to caller: the response or an error. Go: `resc`, `rc.ch`.
    Resc,
    /// Body to read_loop: the reader comes back, and how reading ended. Go: `waitForBodyRead`.
    WaitForBodyRead,
    /// read_loop to body: the pool has been asked, go on. Go: `eofc`.
    Eofc,
    /// Anyone to everyone: the connection is closed. Go: `closech`.
    Closech,
}

/// One thing that happened. Serialised with its name in the field `event`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Event {
    /// A function of the chain was entered.
    Call {
        /// Which one.
        step: Step,
    },
    /// A connection is wanted. Go hook: `GetConn`.
    GetConn {
        /// `host:port` of the target or of the proxy.
        host_port: String,
    },
    /// A connection is there. Go hook: `GotConn`.
    GotConn {
        /// It has carried a request before.
        reused: bool,
        /// It came out of the idle pool.
        was_idle: bool,
        /// How long it had been idle, in microseconds.
        idle_us: u64,
    },
    /// The addresses of a name are looked up; not told of what is an address already. Go hook: `DNSStart`.
    #[doc(alias = "DNSStart")]
    DnsStart {
        /// The name.
        host: String,
    },
    /// A lookup has ended. Go hook: `DNSDone`.
    #[doc(alias = "DNSDone")]
    DnsDone {
        /// What was found, in the order in which it is tried.
        addrs: Vec<IpAddr>,
        /// Why it failed, if it did.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
    },
    /// One address is tried. Go hook: `ConnectStart`.
    ConnectStart {
        /// `ip:port`.
        addr: String,
    },
    /// The connection to one address is there, or has failed. Go hook: `ConnectDone`.
    ConnectDone {
        /// `ip:port`.
        addr: String,
        /// Why it failed, if it did.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
    },
    /// A TLS handshake begins. Go hook: `TLSHandshakeStart`.
    #[doc(alias = "TLSHandshakeStart")]
    TlsHandshakeStart,
    /// A TLS handshake has ended. Go hook: `TLSHandshakeDone`.
    #[doc(alias = "TLSHandshakeDone")]
    TlsHandshakeDone {
        /// Why it failed, if it did.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
    },
    /// The request's head is complete; as in Go this is told before any of it is on the wire. Go hook: `WroteHeaders`.
    WroteHeaders,
    /// The request is written, or the write failed. Go hook: `WroteRequest`.
    WroteRequest {
        /// Why it failed, if it did.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
    },
    /// write_loop holds the body back until the server says 100. Go hook: `Wait100Continue`.
    Wait100Continue,
    /// The server said 100. Go hook: `Got100Continue`.
    Got100Continue,
    /// An interim response came. Go hook: `Got1xxResponse`.
    Got1xxResponse {
        /// 100 to 199.
        code: u16,
    },
    /// The first byte of a response head is there. Go hook: `GotFirstResponseByte`.
    GotFirstResponseByte,
    /// The pool was asked to take the connection back. Go hook: `PutIdleConn`.
    PutIdleConn {
        /// Why it refused, if it did: Go's text.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
    },
    /// A connection left the idle pool without being taken for a request.
    RemoveIdleConn {
        /// Why.
        reason: String,
    },
    /// A task was started.
    TaskStarted {
        /// Its name in the census.
        name: TaskName,
    },
    /// A task has ended.
    TaskEnded {
        /// Its name in the census.
        name: TaskName,
    },
    /// A message went into a channel.
    Sent {
        /// Which one.
        channel: Channel,
        /// What was in it, in a word: `eof`, `closed_early`, `ack`, …
        what: String,
    },
    /// The socket was closed from this side, or given up.
    ConnClosed {
        /// Go's text of the reason.
        reason: String,
    },
    /// Nothing refers to the connection any more; its memory is free.
    ConnFreed,
    /// A way out was taken.
    Exit {
        /// Which one.
        id: Exit,
    },
    /// Bytes came on an idle connection that nobody had asked for. Go writes this to its log.
    Unsolicited {
        /// The first bytes, at most 12, lossily decoded.
        starts_with: String,
    },
    /// A word of the program itself, beside those of the client, which never says it. Go has `Log` in `runtime/trace`.
    Log {
        /// What kind of word.
        category: String,
        /// The word.
        message: String,
    },
}
