//! What the caller does, as both sides are told: every loop is unrolled, every name is one request's own, every default is
//! filled in, every time is in microseconds.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::scenario::Policy;

/// What a runner is handed: the caller's part, and where the origins of this run are.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Normalised {
    /// Which Go it is to behave like. Real Go takes no notice.
    pub policy: Policy,
    /// How long the run may take.
    pub limit_us: u64,
    /// Where the origins are, by name.
    pub origins: BTreeMap<String, Place>,
    /// The certificate to trust, as PEM. Empty where no origin speaks TLS.
    pub roots: String,
    /// What to do.
    #[serde(flatten)]
    pub caller: Caller,
}

/// Where an origin is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Place {
    /// `http://127.0.0.1:4711`, to which a path is added.
    pub url: String,
    /// `127.0.0.1:4711`.
    pub addr: String,
}

/// The caller's settings and steps.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Caller {
    /// The transport's settings.
    pub transport: TransportSettings,
    /// The client's settings.
    pub client: ClientSettings,
    /// The names of the contexts that can be cancelled. They exist from the beginning.
    pub contexts: Vec<String>,
    /// The names of the channels that stand for Go's `Request.Cancel`.
    pub channels: Vec<String>,
    /// What is done, in this order.
    pub steps: Vec<Step>,
}

/// The settings of the transport under Go's names, none left out. Times are in microseconds; 0 means what it means in Go.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TransportSettings {
    /// The origin that is the proxy of all requests, as an HTTP proxy. Empty: none.
    pub proxy: String,
    /// Go: `Transport.MaxIdleConns`.
    pub max_idle_conns: i64,
    /// Go: `Transport.MaxIdleConnsPerHost`. Negative: none is kept.
    pub max_idle_conns_per_host: i64,
    /// Go: `Transport.MaxConnsPerHost`.
    pub max_conns_per_host: i64,
    /// Go: `Transport.IdleConnTimeout`, in microseconds.
    pub idle_conn_timeout: u64,
    /// Go: `net.Dialer.Timeout`, in microseconds.
    pub dial_timeout: u64,
    /// Go: `Transport.TLSHandshakeTimeout`, in microseconds.
    #[serde(rename = "TLSHandshakeTimeout")]
    pub tls_handshake_timeout: u64,
    /// Go: `Transport.ResponseHeaderTimeout`, in microseconds.
    pub response_header_timeout: u64,
    /// Go: `Transport.ExpectContinueTimeout`, in microseconds.
    pub expect_continue_timeout: u64,
    /// Go: `Transport.MaxResponseHeaderBytes`.
    pub max_response_header_bytes: u64,
    /// Go: `Transport.DisableKeepAlives`.
    pub disable_keep_alives: bool,
    /// Go: `Transport.DisableCompression`.
    pub disable_compression: bool,
}

impl Caller {
    /// The names of the requests, in the order in which they are sent.
    pub fn requests(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Send(send) => Some(send.request.as_str()),
            Action::Read { .. }
            | Action::Write { .. }
            | Action::Finish { .. }
            | Action::Close { .. }
            | Action::Drop { .. }
            | Action::Cancel { .. }
            | Action::CloseChannel { .. }
            | Action::CancelRequest { .. }
            | Action::Wait(_)
            | Action::WaitEvent { .. }
            | Action::Open { .. }
            | Action::Pause { .. }
            | Action::CloseIdle
            | Action::DropTransport
            | Action::Count { .. } => None,
        })
    }
}

impl TransportSettings {
    /// Those of Go's `DefaultTransport`, without its proxy.
    pub fn default_transport() -> Self {
        TransportSettings {
            max_idle_conns: 100,
            idle_conn_timeout: 90_000_000,
            dial_timeout: 30_000_000,
            tls_handshake_timeout: 10_000_000,
            expect_continue_timeout: 1_000_000,
            ..Self::zero()
        }
    }

    /// Those of Go's `&Transport{}`.
    pub fn zero() -> Self {
        TransportSettings {
            proxy: String::new(),
            max_idle_conns: 0,
            max_idle_conns_per_host: 0,
            max_conns_per_host: 0,
            idle_conn_timeout: 0,
            dial_timeout: 0,
            tls_handshake_timeout: 0,
            response_header_timeout: 0,
            expect_continue_timeout: 0,
            max_response_header_bytes: 0,
            disable_keep_alives: false,
            disable_compression: false,
        }
    }
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self::default_transport()
    }
}

/// The settings of the client, under Go's names.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClientSettings {
    /// Go: `Client.Timeout`, in microseconds; 0: none.
    pub timeout: u64,
}

/// One thing that the caller does.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Step {
    /// The line of the file that it stands in.
    pub line: usize,
    /// What.
    #[serde(flatten)]
    pub action: Action,
}

/// What the caller does. `request` is always the name of one request.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Sends a request and waits for the head of its response.
    Send(Box<Send>),
    /// Reads from the body of a response.
    Read {
        /// Of which request.
        request: String,
        /// How much.
        #[serde(flatten)]
        amount: Amount,
        /// Whether the next step begins at once.
        later: bool,
    },
    /// Writes to the connection that a response of 101 has left.
    Write {
        /// Of which request.
        request: String,
        /// What.
        text: String,
    },
    /// Waits for what a request does `later`.
    Finish {
        /// Which.
        request: String,
    },
    /// Closes the body.
    Close {
        /// Of which request.
        request: String,
    },
    /// Lets go of the response, or of the future that waits for it. Go can only forget it.
    Drop {
        /// Which.
        request: String,
    },
    /// Cancels a context, with a cause where there is one.
    Cancel {
        /// Which.
        context: String,
        /// The cause's text; empty: none, which is `context canceled`.
        cause: String,
    },
    /// Closes the channel of `Request.Cancel`.
    CloseChannel {
        /// Which.
        channel: String,
    },
    /// Go's `Transport.CancelRequest`.
    CancelRequest {
        /// Which.
        request: String,
    },
    /// Waits until an origin has seen something. A Go runner asks for it.
    Wait(OriginEvent),
    /// Waits until a hook of a request was called.
    WaitEvent {
        /// Which request.
        request: String,
        /// The name of the hook, as in Go: `GotConn`.
        event: String,
    },
    /// Opens a gate: for the caller's bodies, and for the origins. A Go runner opens its own and asks for the others.
    Open {
        /// Which.
        gate: String,
    },
    /// Lets time pass.
    Pause {
        /// How much, in microseconds.
        us: u64,
    },
    /// Go's `Client.CloseIdleConnections`.
    CloseIdle,
    /// Lets go of client and transport.
    DropTransport,
    /// Counts once things have settled. The last count is called `end`; it is always there.
    Count {
        /// Under which name.
        name: String,
    },
}

/// A request.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Send {
    /// Its name: `r`, or `r.3` in the third round of a loop.
    pub request: String,
    /// The method.
    pub method: String,
    /// The origin it goes to.
    pub origin: String,
    /// What follows the origin's address in the URL: `/a?b=c`.
    pub path: String,
    /// Header fields, in order. `Host` is Go's `Request.Host`.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// Go: `Request.Close`.
    pub close: bool,
    /// The context; empty: the background.
    pub context: String,
    /// How long this request may take: its context is a child with a timeout, which begins with the send; 0: without one.
    pub timeout_us: u64,
    /// The channel that is `Request.Cancel`; empty: none.
    pub channel: String,
    /// Whether the hook `Got1xxResponse` is set, which lifts the limit on interim responses.
    pub got_1xx: bool,
    /// Whether the next step begins at once.
    pub later: bool,
}

/// A request's body.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Body {
    /// Its length where it is declared; without one it is sent in chunks. Go: `Request.ContentLength`; -1: not known.
    pub length: i64,
    /// Whether it can be made once more. Go: `Request.GetBody`.
    pub again: bool,
    /// Whether it is in memory: in Go a `bytes.Reader`. Then it has one piece of bytes, a length, and `again` is true.
    pub in_memory: bool,
    /// What it is read from, piece by piece. Each read gives bytes of one piece only.
    pub pieces: Vec<Piece>,
}

/// A piece of a request's body.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "piece", rename_all = "snake_case")]
pub enum Piece {
    /// This text.
    Text {
        /// Which.
        text: String,
    },
    /// So many of the letters a to z over and over, from `a` on.
    Bytes {
        /// How many.
        bytes: u64,
    },
    /// Lets time pass.
    Pause {
        /// In microseconds.
        us: u64,
    },
    /// Waits until a gate is open.
    Gate {
        /// Which.
        gate: String,
    },
    /// Fails, with this text.
    Fail {
        /// Which.
        error: String,
    },
}

/// How much of a body is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "amount", rename_all = "snake_case")]
pub enum Amount {
    /// To the end. Go: `io.ReadAll`.
    All,
    /// Up to so many bytes; a body that ends before is no error. Go: `io.ReadAll(io.LimitReader(body, bytes))`.
    Bytes {
        /// How many.
        bytes: u64,
    },
    /// So many; a body that ends before is an error. Go: `io.ReadFull`.
    Exactly {
        /// How many.
        bytes: u64,
    },
}

/// Something that an origin has seen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, serde::Deserialize)]
pub struct OriginEvent {
    /// Which origin.
    pub origin: String,
    /// What.
    #[serde(flatten)]
    pub seen: Seen,
}

/// What an origin has seen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// So many connections were accepted.
    Accepted(usize),
    /// So many requests have arrived, at least their heads.
    Requests(usize),
    /// So many connections have ended.
    Ended(usize),
    /// A script has reached this label (or stands at the gate of this name).
    Reached(String),
}

/// The step as the file has it, nearly.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Send(send) => write!(f, "send {} ({} {}{})", send.request, send.method, send.origin, send.path),
            Action::Read { request, amount: Amount::All, .. } => write!(f, "read {request}"),
            Action::Read { request, amount: Amount::Bytes { bytes }, .. } => write!(f, "read {request}, {bytes} bytes"),
            Action::Read { request, amount: Amount::Exactly { bytes }, .. } => {
                write!(f, "read {request}, exactly {bytes} bytes")
            }
            Action::Write { request, .. } => write!(f, "write {request}"),
            Action::Finish { request } => write!(f, "finish {request}"),
            Action::Close { request } => write!(f, "close {request}"),
            Action::Drop { request } => write!(f, "drop {request}"),
            Action::Cancel { context: name, .. }
            | Action::CloseChannel { channel: name }
            | Action::CancelRequest { request: name } => write!(f, "cancel {name}"),
            Action::Wait(OriginEvent { origin, seen }) => match seen {
                Seen::Accepted(count) => write!(f, "wait {origin}, accepted {count}"),
                Seen::Requests(count) => write!(f, "wait {origin}, requests {count}"),
                Seen::Ended(count) => write!(f, "wait {origin}, ended {count}"),
                Seen::Reached(label) => write!(f, "wait {origin}, reached {label:?}"),
            },
            Action::WaitEvent { request, event } => write!(f, "wait {request}, event {event}"),
            Action::Open { gate } => write!(f, "open {gate:?}"),
            Action::Pause { us } => write!(f, "pause {:?}", Duration::from_micros(*us)),
            Action::CloseIdle => f.write_str("close_idle"),
            Action::DropTransport => f.write_str("drop_transport"),
            Action::Count { name } => write!(f, "count {name}"),
        }
    }
}
