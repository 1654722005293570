//! The clients, each behind the same small trait.
//!
//! All of them may keep any number of connections idle for 90 seconds, follow no proxy and ask for no compression. Each
//! reads a body to its end in the way that its own interface makes cheapest, without collecting it.
//!
//! - [`ours`]: the client of this repository
//! - [`hyper_util`], [`reqwest`]: on the same runtime as ours
//! - [`ureq`]: blocking, one thread for each request under way
//! - [`raw`]: a socket, and no parsing

pub(crate) mod hyper_util;
pub(crate) mod ours;
pub(crate) mod raw;
pub(crate) mod reqwest;
pub(crate) mod ureq;

use std::time::Duration;

use bytes::Bytes;

use crate::compare::fault::Fault;
use crate::compare::order::{Ask, ECHO_LEN, Order};

/// How long a connection may be idle: Go's and hyper's own default, and so everybody's here.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// A client that runs on tokio.
pub(crate) trait Peer: Sized + Send + 'static {
    /// A request, as far as it can be made once and sent often.
    type Ready: Clone + Send + Sync + 'static;

    /// A client for this order, on the runtime that is current.
    fn new(order: &Order) -> Result<Self, Fault>;

    /// The same client in the hands of another worker: they share its connections, if they can be shared.
    fn another(&self) -> Self;

    /// Prepares a request.
    fn ready(&self, order: &Order, ask: Ask) -> Result<Self::Ready, Fault>;

    /// Sends it, and reads the answer to its end.
    fn send(&mut self, ready: &Self::Ready) -> impl Future<Output = Result<Answer, Fault>> + Send;
}

/// A client that blocks its thread.
pub(crate) trait BlockingPeer: Sized + Send {
    /// As [`Peer::Ready`].
    type Ready: Clone + Send + Sync;

    /// As [`Peer::new`].
    fn new(order: &Order) -> Result<Self, Fault>;

    /// As [`Peer::another`].
    fn another(&self) -> Self;

    /// As [`Peer::ready`].
    fn ready(&self, order: &Order, ask: Ask) -> Result<Self::Ready, Fault>;

    /// As [`Peer::send`].
    fn send(&mut self, ready: &Self::Ready) -> Result<Answer, Fault>;
}

/// What a client says of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) length: u64,
}

impl Answer {
    /// Whether it is what was asked for.
    pub(crate) fn check(self, ask: Ask) -> Result<(), Fault> {
        let expected = ask.answer_len();
        if self.status == 200 && self.length == expected {
            return Ok(());
        }
        Err(Fault::Answer { status: self.status, length: self.length, expected })
    }
}

/// The body to send, empty for a GET.
fn body(ask: Ask) -> Bytes {
    if ask.is_post() { Bytes::from(vec![b'y'; ECHO_LEN]) } else { Bytes::new() }
}
