//! A script, its steps, and the plan that gives each connection one.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::check::{Check, Test};
use crate::reply::{Answer, Reply};
use crate::request::Request;
use crate::router::Router;

/// One thing that the server does on a connection.
///
/// Only the steps that wait for bytes read. While a script sends, pauses or waits at a gate nothing is
/// read, so the peer meets back-pressure, and a peer that leaves is noticed by a later step.
///
/// A peer that ends the connection while a step waits for bytes ends the script, wherever it stands.
#[derive(Clone, Debug)]
pub enum Step {
    /// Waits for the head of the next request. Finishes the body of the one before it first.
    AwaitHead,
    /// Waits for the body of the request whose head is in.
    AwaitBody,
    /// Waits for the whole of the next request: its head and its Content-Length or chunked body.
    AwaitRequest,
    /// Waits until this many bytes have arrived that no step has taken: they are counted from the end of
    /// the last head, body or request that was waited for. They are left for the next step.
    AwaitBytes(usize),
    /// Waits until the peer has closed its write side, and goes on.
    AwaitEof,
    /// Waits until the test has opened the gate of this name. Coming to it reaches the label of its name.
    AwaitGate(Arc<str>),
    /// Waits for this long on the runtime's clock.
    Pause(Duration),
    /// Tells whoever awaits this label.
    Reached(Arc<str>),
    /// Sends these bytes as one piece. Between two pieces the executor gets a turn.
    Send(Bytes),
    /// Sends a canned reply; the head only, when the latest request is a HEAD. A reply that says that it
    /// closes is followed by [`Step::Close`].
    Answer(Answer),
    /// Sends the reply that is made from the latest request.
    Respond(Respond),
    /// Answers requests from a router until the connection ends.
    Route(Arc<Router>),
    /// Looks at what arrived; a failure is kept for the test and the script goes on.
    Expect(Check),
    /// Runs steps this many times.
    Repeat(usize, Arc<[Step]>),
    /// Runs steps over and over until the connection ends.
    Forever(Arc<[Step]>),
    /// Closes the write side: the peer reads EOF and can still write.
    HalfClose,
    /// Closes the connection. The end of a script does the same. (TCP turns this into a reset when bytes
    /// have arrived that were not read.)
    Close,
    /// Ends the connection with a reset.
    Reset,
    /// Keeps the connection open and silent until the peer closes it; reads and throws away.
    Hold,
    /// Keeps the connection open and silent and reads nothing, until the server stops.
    Stall,
}

/// Makes a reply from a request.
#[derive(Clone)]
pub struct Respond(Arc<dyn Fn(&Request) -> Reply + Send + Sync>);

impl Respond {
    /// A reply that is made anew for each request.
    pub fn new(make: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Respond(Arc::new(make))
    }

    pub(crate) fn to(&self, request: &Request) -> Reply {
        (self.0)(request)
    }
}

impl std::fmt::Debug for Respond {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Respond(..)")
    }
}

/// The steps of one connection, written as a chain.
#[derive(Clone, Debug, Default)]
pub struct Script {
    steps: Vec<Step>,
}

impl Script {
    /// A script without steps: it closes the connection at once.
    pub fn new() -> Self {
        Script::default()
    }

    /// A script of these steps.
    pub fn of(steps: Vec<Step>) -> Self {
        Script { steps }
    }

    /// Adds any step.
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The steps so far.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// [`Step::AwaitHead`]
    pub fn await_head(self) -> Self {
        self.step(Step::AwaitHead)
    }

    /// [`Step::AwaitBody`]
    pub fn await_body(self) -> Self {
        self.step(Step::AwaitBody)
    }

    /// [`Step::AwaitRequest`]
    pub fn await_request(self) -> Self {
        self.step(Step::AwaitRequest)
    }

    /// [`Step::AwaitBytes`]
    pub fn await_bytes(self, count: usize) -> Self {
        self.step(Step::AwaitBytes(count))
    }

    /// [`Step::AwaitEof`]
    pub fn await_eof(self) -> Self {
        self.step(Step::AwaitEof)
    }

    /// [`Step::AwaitGate`]
    pub fn await_gate(self, name: impl Into<Arc<str>>) -> Self {
        self.step(Step::AwaitGate(name.into()))
    }

    /// [`Step::Pause`]
    pub fn pause(self, time: Duration) -> Self {
        self.step(Step::Pause(time))
    }

    /// [`Step::Reached`]
    pub fn reached(self, label: impl Into<Arc<str>>) -> Self {
        self.step(Step::Reached(label.into()))
    }

    /// [`Step::Send`]
    pub fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.step(Step::Send(bytes.into()))
    }

    /// Several [`Step::Send`], one per piece.
    pub fn pieces<B: Into<Bytes>>(mut self, pieces: impl IntoIterator<Item = B>) -> Self {
        self.steps.extend(pieces.into_iter().map(|piece| Step::Send(piece.into())));
        self
    }

    /// [`Step::Answer`], without waiting for a request.
    pub fn reply(self, reply: Reply) -> Self {
        self.step(Step::Answer(reply.build()))
    }

    /// Waits for a whole request, then [`Step::Answer`].
    pub fn answer(self, reply: Reply) -> Self {
        self.await_request().reply(reply)
    }

    /// Waits for a whole request, then [`Step::Respond`].
    pub fn respond(self, make: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        self.await_request().step(Step::Respond(Respond::new(make)))
    }

    /// [`Step::Route`]
    pub fn route(self, router: Router) -> Self {
        self.step(Step::Route(Arc::new(router)))
    }

    /// [`Step::Expect`]
    pub fn expect(self, check: Check) -> Self {
        self.step(Step::Expect(check))
    }

    /// [`Check::Line`]
    pub fn expect_line(self, line: impl Into<String>) -> Self {
        self.expect(Check::Line(line.into()))
    }

    /// [`Check::Header`]
    pub fn expect_header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.expect(Check::Header(name.into(), value.into()))
    }

    /// [`Check::NoHeader`]
    pub fn expect_no_header(self, name: impl Into<String>) -> Self {
        self.expect(Check::NoHeader(name.into()))
    }

    /// [`Check::Body`]
    pub fn expect_body(self, body: impl Into<Bytes>) -> Self {
        self.expect(Check::Body(body.into()))
    }

    /// [`Check::Waiting`]
    pub fn expect_waiting(self, bytes: impl Into<Bytes>) -> Self {
        self.expect(Check::Waiting(bytes.into()))
    }

    /// [`Check::That`]
    pub fn expect_that(
        self,
        what: impl Into<Arc<str>>,
        holds: impl Fn(&Request) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.expect(Check::That(Test::new(what, holds)))
    }

    /// [`Step::Repeat`]
    pub fn times(self, times: usize, script: Script) -> Self {
        self.step(Step::Repeat(times, script.steps.into()))
    }

    /// [`Step::Forever`]
    pub fn forever(self, script: Script) -> Self {
        self.step(Step::Forever(script.steps.into()))
    }

    /// [`Step::HalfClose`]
    pub fn half_close(self) -> Self {
        self.step(Step::HalfClose)
    }

    /// [`Step::Close`]
    pub fn close(self) -> Self {
        self.step(Step::Close)
    }

    /// [`Step::Reset`]
    pub fn reset(self) -> Self {
        self.step(Step::Reset)
    }

    /// [`Step::Hold`]
    pub fn hold(self) -> Self {
        self.step(Step::Hold)
    }

    /// [`Step::Stall`]
    pub fn stall(self) -> Self {
        self.step(Step::Stall)
    }
}

/// Which script each connection gets, in the order in which connections are accepted.
///
/// A connection that the plan has no script for is closed, and that counts as a failure.
#[derive(Clone, Debug)]
pub struct Plan {
    nth: Vec<Arc<[Step]>>,
    rest: Option<Arc<[Step]>>,
    pub(crate) kept_requests: usize,
    pub(crate) kept_body: usize,
}

impl Plan {
    /// A plan for no connection at all.
    pub fn new() -> Self {
        Plan { nth: Vec::new(), rest: None, kept_requests: 64, kept_body: 256 * 1024 }
    }

    /// The script of the next connection.
    pub fn conn(mut self, script: Script) -> Self {
        self.nth.push(script.steps.into());
        self
    }

    /// The script of every connection that has none of its own.
    pub fn rest(mut self, script: Script) -> Self {
        self.rest = Some(script.steps.into());
        self
    }

    /// How many requests the counters keep raw per connection: the first ones. Default: 64.
    pub fn keep_requests(mut self, count: usize) -> Self {
        self.kept_requests = count;
        self
    }

    /// How many bytes of a request's body are kept, chunk marks included. Default: 256 KiB. Checks and
    /// [`Step::Respond`] see no more than that.
    pub fn keep_body(mut self, bytes: usize) -> Self {
        self.kept_body = bytes;
        self
    }

    /// The steps of connection `number`, counted from 1.
    pub(crate) fn steps(&self, number: usize) -> Option<Arc<[Step]>> {
        self.nth.get(number - 1).or(self.rest.as_ref()).cloned()
    }
}

impl Default for Plan {
    fn default() -> Self {
        Plan::new()
    }
}

impl From<Script> for Plan {
    /// Every connection gets this script.
    fn from(script: Script) -> Self {
        Plan::new().rest(script)
    }
}

impl From<Router> for Plan {
    /// Every connection is answered by this router.
    fn from(router: Router) -> Self {
        Script::new().route(router).into()
    }
}
