//! What came of a run, in terms that both sides share. No times, no ports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A body of up to so many bytes is told as text, if it is printable.
pub const SHORT: usize = 64;

/// What came of a run.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Each request, by name.
    #[serde(default)]
    pub requests: BTreeMap<String, RequestOutcome>,
    /// Each origin, by name. The host adds them; a Go program leaves them out.
    #[serde(default)]
    pub origins: BTreeMap<String, OriginOutcome>,
    /// Each count, by name; the last one is called `end`.
    #[serde(default)]
    pub counts: BTreeMap<String, Count>,
}

/// What came of a request.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct RequestOutcome {
    /// What the sending gave.
    pub sent: Sent,
    /// What each later step of this request gave, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepOutcome>,
    /// The trailers at the end of the run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trailers: BTreeMap<String, Vec<String>>,
    /// The connections that it got, in order: `a#1` is the first of origin `a` that a request got, the requests in the order
    /// of the steps that send them. A Go program tells the caller's own address, `127.0.0.1:4711`, and the host puts the name in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conns: Vec<String>,
    /// The hooks that were called, by lane, each lane in its order.
    #[serde(default)]
    pub events: Events,
}

/// What the sending of a request gave: an answer, an error, or neither.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Sent {
    /// `200`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `HTTP/1.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proto: Option<String>,
    /// The header fields, names as Go writes them (`Content-Type`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, Vec<String>>>,
    /// -1 where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_length: Option<i64>,
    /// Go: `Response.Uncompressed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncompressed: Option<bool>,
    /// The error's text, when there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// At the end of the run it was still under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// It was let go of while it was under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
}

/// What a step gave. Which field is there says which step it was.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// `read`
    Read(Read),
    /// `close`
    Close(Ended),
    /// `write`
    Write(Ended),
    /// `drop`
    Drop(Ended),
}

/// What a read gave.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Read {
    /// How many bytes.
    #[serde(default)]
    pub bytes: u64,
    /// Them, if there are at most [`SHORT`] and all are printable ASCII (0x20 to 0x7e).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Their FNV-1a hash (64 bits, 16 hexadecimal digits) otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The error's text. The end is none, unless exactly so many bytes were wanted: then `EOF` or `unexpected EOF`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// At the end of the run it was still under way; then nothing is said of bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// There was no response to read from.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skipped: bool,
}

/// How something went that gives nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Ended {
    /// The error's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// There was no response to do it to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skipped: bool,
}

/// The hooks that were called. Order is compared only inside a lane.
///
/// | lane | texts |
/// |---|---|
/// | `caller` | `GetConn a`, `GotConn reused=false was_idle=false` |
/// | `dial` | `DNSStart HOST`, `DNSDone`, `ConnectStart a`, `ConnectDone a`, `TLSHandshakeStart`, `TLSHandshakeDone` |
/// | `writer` | `WroteHeaders`, `Wait100Continue`, `WroteRequest` |
/// | `reader` | `Got1xxResponse 103`, `Got100Continue`, `GotFirstResponseByte` |
/// | `pool` | `PutIdleConn` |
///
/// An error stands behind a colon: `PutIdleConn: http: putIdleConn: …`. An address is told as it is; the host puts the
/// origin's name in its place.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Events {
    /// The caller's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caller: Vec<String>,
    /// Of the dial that was made for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dial: Vec<String>,
    /// Of whoever writes the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writer: Vec<String>,
    /// Of whoever reads the response.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reader: Vec<String>,
    /// Of the pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pool: Vec<String>,
}

/// What an origin has seen by the end of the run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct OriginOutcome {
    /// Connections accepted.
    pub accepted: usize,
    /// Connections that were still open.
    pub open: usize,
    /// Each connection, in the order of their names: the first is `a#1`.
    #[serde(default)]
    pub conns: Vec<ConnOutcome>,
    /// What went against the script.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
}

/// One connection, as the origin saw it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ConnOutcome {
    /// What arrived on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Received>,
    /// `open`, `peer closed`, `peer reset`, `closed`, `reset`, `failed: KIND`.
    pub end: String,
}

/// A request as it arrived.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Received {
    /// The lines of its head.
    pub head: Vec<String>,
    /// Its body, without the marks of chunks.
    pub body: Read,
    /// Whether it arrived to its end.
    pub whole: bool,
}

/// A count of what is alive, the caller's own tasks left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Count {
    /// All of them, and the caller: the twin of `runtime.NumGoroutine()`.
    pub alive: usize,
    /// Those that read a connection.
    pub read_loop: usize,
    /// Those that write to one.
    pub write_loop: usize,
    /// All others: dials, and in Go whatever helpers there are.
    pub other: usize,
}

/// The state of a run that came to its limit. A Go program's last line is then `{"stuck":…}` instead of `{"outcome":…}`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Stuck {
    /// How many of the steps are done.
    pub done: usize,
    /// The index, from 0, of the step that is waiting; `None`: all are done, and the count never settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// Who is alive, a line each: a task by its name, a goroutine by its topmost functions.
    pub tasks: Vec<String>,
    /// The requests, and what each is at, a line each: `r: waits for its response`.
    pub requests: Vec<String>,
}

impl Read {
    /// What is told of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut read = Read { bytes: bytes.len() as u64, ..Read::default() };
        if bytes.len() <= SHORT && bytes.iter().all(|byte| (0x20..=0x7e).contains(byte)) {
            read.text = Some(String::from_utf8_lossy(bytes).into_owned());
        } else {
            read.hash = Some(format!("{:016x}", fnv1a(bytes)));
        }
        read
    }
}

/// The 64-bit FNV-1a hash.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

impl Outcome {
    /// Every field by its path: `requests.r.1.sent.status`. A name may have dots of its own; a list's places are `[0]`.
    /// Of a list there is also its length, under `…[]`.
    ///
    /// # Panics
    ///
    /// Never: an outcome has only plain fields.
    pub fn flatten(&self) -> BTreeMap<String, Value> {
        let mut flat = BTreeMap::new();
        flatten(String::new(), &serde_json::to_value(self).expect("an outcome has only plain fields"), &mut flat);
        flat
    }
}

fn flatten(path: String, value: &Value, flat: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => {
            let dot = if path.is_empty() { "" } else { "." };
            fields.iter().for_each(|(name, value)| flatten(format!("{path}{dot}{name}"), value, flat));
        }
        Value::Array(items) => {
            flat.insert(format!("{path}[]"), Value::from(items.len()));
            items.iter().enumerate().for_each(|(at, item)| flatten(format!("{path}[{at}]"), item, flat));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            flat.insert(path, value.clone());
        }
    }
}
