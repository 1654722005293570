//! The two one-shot channels between a body and its read_loop.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use parking_lot::{Mutex, MutexGuard};

use crate::body::BodyRead;

/// How the reading of a body ended. Go sends a bool (1.12) or an error (1.27); here the reader itself
/// comes back with it.
// ANCHOR: body_done
#[derive(Debug)]
pub enum BodyDone<R> {
    /// The body was read to its end.
    Eof(R),
    /// The body was closed or dropped before its end was seen. Go: `errClosedEarly`.
    ClosedEarly(R),
    /// A read failed. The reader is of no use any more and does not come back.
    Failed,
}
// ANCHOR_END: body_done

impl<R> BodyDone<R> {
    /// The word for it in a trace.
    pub fn what(&self) -> &'static str {
        match self {
            BodyDone::Eof(_) => "eof",
            BodyDone::ClosedEarly(_) => "closed_early",
            BodyDone::Failed => "failed",
        }
    }
}

/// Whoever lent the reader: the exchange that body and read_loop share.
pub trait Lender<R: BodyRead>: Send + Sync {
    /// Where the reader goes when the body is done with it.
    fn handover(&self) -> &Handover<R>;

    /// Told just before a message is sent, for the trace.
    fn sending(&self, what: &'static str);
}

/// One body's way back to read_loop, and the answer.
///
/// Two channels of Go's, each used once:
///
/// - `waitForBodyRead`: sent by the body, received by read_loop in its body select.
/// - `eofc`: sent by read_loop once it has asked the pool (after EOF) or before it drains (after an early
///   close), received by whoever reads or closes. *Closed* when read_loop leaves by any other door, so
///   that nobody waits for a loop that is gone.
///
/// The lock is held for a few instructions; messages are dropped and tasks are woken after it. (A mutex of parking_lot's,
/// here and in the rest of the house: that of std looks for a panic at each lock and unlock, which made 480 instructions
/// of a small GET.)
#[derive(Debug)]
pub struct Handover<R: BodyRead> {
    state: Mutex<State<R>>,
}

#[derive(Debug)]
struct State<R> {
    wait_for_body_read: Option<BodyDone<R>>,
    eofc: Eofc,
    read_loop: Option<Waker>,
    body: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Eofc {
    Empty,
    Acked,
    /// read_loop has left; nothing is received any more.
    Closed,
}

impl<R: BodyRead> Default for Handover<R> {
    fn default() -> Self {
        let state = State { wait_for_body_read: None, eofc: Eofc::Empty, read_loop: None, body: None };
        Handover { state: Mutex::new(state) }
    }
}

impl<R: BodyRead> Handover<R> {
    /// Body to read_loop. Returns the message when read_loop has left already.
    pub fn send(&self, done: BodyDone<R>) -> Result<(), BodyDone<R>> {
        let read_loop = {
            let mut state = self.lock();
            if state.eofc == Eofc::Closed {
                return Err(done);
            }
            state.wait_for_body_read = Some(done);
            state.read_loop.take()
        };
        if let Some(read_loop) = read_loop {
            read_loop.wake();
        }
        Ok(())
    }

    /// read_loop waits for the body.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: the message stays where it is until it is returned.
    #[doc(alias = "waitForBodyRead")]
    pub fn recv(&self) -> impl Future<Output = BodyDone<R>> {
        poll_fn(move |cx| {
            let mut state = self.lock();
            let Some(done) = state.wait_for_body_read.take() else {
                let old = set_waker(&mut state.read_loop, cx);
                drop(state);
                drop(old);
                return Poll::Pending;
            };
            Poll::Ready(done)
        })
    }

    /// read_loop to body: go on.
    #[doc(alias = "eofc")]
    pub fn ack(&self) {
        let body = {
            let mut state = self.lock();
            state.eofc = Eofc::Acked;
            state.body.take()
        };
        if let Some(body) = body {
            body.wake();
        }
    }

    /// read_loop has left, by whatever door. Whoever waits goes on, a message that came too late is
    /// dropped, and later ones are refused.
    pub fn close(&self) {
        let (late, body) = {
            let mut state = self.lock();
            state.eofc = Eofc::Closed;
            (state.wait_for_body_read.take(), state.body.take())
        };
        if let Some(body) = body {
            body.wake();
        }
        drop(late);
    }

    // ANCHOR: poll_acked
    /// The body waits until it may go on: read_loop has answered or has left.
    pub fn poll_acked(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.eofc != Eofc::Empty {
            return Poll::Ready(());
        }
        let old = set_waker(&mut state.body, cx);
        drop(state);
        drop(old);
        Poll::Pending
    }
    // ANCHOR_END: poll_acked

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock()
    }
}

/// Returns the waker that is not needed any more. It may be the last to hold its task, so the caller drops
/// it outside the lock.
fn set_waker(slot: &mut Option<Waker>, cx: &Context<'_>) -> Option<Waker> {
    if slot.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
        return None;
    }
    slot.replace(cx.waker().clone())
}
