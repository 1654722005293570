//! A listener that keeps what it hears.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::{Actor, ConnId, Event};
use crate::rt::Runtime;
use crate::trace::{Listener, Trace};

/// One event with its time, its task and its connection.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Microseconds on the runtime's clock.
    pub at_us: u64,
    /// Whose lane it belongs to.
    pub task: Actor,
    /// The connection, where there is one yet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub conn: Option<ConnId>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Keeps every event in order and writes them as JSON lines.
pub struct Recorder {
    now: Box<dyn Fn() -> Duration + Send + Sync>,
    records: Mutex<Vec<Record>>,
}

impl Recorder {
    /// A recorder that stamps events with `rt`'s clock.
    pub fn new(rt: Arc<dyn Runtime>) -> Arc<Self> {
        Arc::new(Recorder { now: Box::new(move || rt.now()), records: Mutex::default() })
    }

    /// The handle to hand to the transport.
    pub fn trace(self: &Arc<Self>) -> Trace {
        Trace::to(Arc::clone(self) as Arc<dyn Listener>)
    }

    /// What was recorded so far.
    pub fn records(&self) -> Vec<Record> {
        self.records.lock().expect("a push cannot fail half-way").clone()
    }

    /// What was recorded so far, one JSON object a line.
    pub fn to_json_lines(&self) -> String {
        let mut out = String::new();
        for record in self.records() {
            let line = serde_json::to_string(&record).expect("a record has only plain fields");
            writeln!(out, "{line}").expect("writing into a string cannot fail");
        }
        out
    }
}

impl Listener for Recorder {
    fn event(&self, actor: Actor, conn: Option<ConnId>, event: Event) {
        let at_us = (self.now)().as_micros() as u64;
        let record = Record { at_us, task: actor, conn, event };
        self.records.lock().expect("a push cannot fail half-way").push(record);
    }
}
