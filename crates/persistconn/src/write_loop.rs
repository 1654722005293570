//! The task that owns the write side of a connection.

use std::sync::Arc;

use httptrace::{Actor, Channel, ClientTrace, Event, Exit, TaskName, select};

use crate::conn::{Channels, ConnConfig, WriteRequest};
use crate::error::{CloseReason, Error};
use crate::exchange::{Exchange, GoOn};
use crate::shared::{ConnShared, Loop};
use crate::wire::request::{BeforeBody, write_request};

/// Writes one request after the other until the connection is closed.
///
/// Go twin: transport.go (*persistConn).writeLoop
#[doc(alias = "writeLoop")]
pub(crate) struct WriteLoop {
    shared: Arc<ConnShared>,
    channels: Arc<Channels>,
    config: Arc<ConnConfig>,
}

impl WriteLoop {
    pub(crate) fn new(shared: Arc<ConnShared>, channels: Arc<Channels>, config: Arc<ConnConfig>) -> Self {
        WriteLoop { shared, channels, config }
    }

    // ANCHOR: run
    pub(crate) async fn run(self) {
        loop {
            // - writech: a caller in round_trip. Cancel-safe: the message stays in its slot.
            // - closech: whoever closes the connection. Cancel-safe: nothing is taken.
            // A request first: it learns from its failing write that the connection is closed.
            let exit = select! {
                request = self.channels.writech.recv() => self.write(request).await,
                () = self.shared.closech(Loop::Write) => Exit::WriteLoopClosed,
            };
            self.shared.emit(Actor::WriteLoop, || Event::Exit { id: exit });
            if exit != Exit::Written {
                return;
            }
        }
    }
    // ANCHOR_END: run

    /// Writes one request and tells read_loop and, where it waits for it, the caller. Returns the way out.
    async fn write(&self, request: WriteRequest) -> Exit {
        let WriteRequest { head, body, trailers, exchange, expects_continue, tell_caller, hooks } = request;
        let hooks = hooks.as_deref();
        let shared = &self.shared;
        let before_body = HoldBack { write_loop: self, exchange: &exchange, expects_continue, hooks };
        // - write: by the socket and by the source of the body. Not cancel-safe: dropped only when the
        //   connection is closed.
        // - closech: whoever closes the connection, so that a body that never comes holds nobody.
        //   Differs from Go: its writeLoop stays in the caller's Read until that returns.
        let result = select! {
            result = write_request(shared, &head, body, trailers.as_ref(), before_body) => result,
            () = shared.closech(Loop::Write) => Err(closed(shared)),
        };
        let failed = result.as_ref().err().cloned();
        // Differs from Go: told when the last byte has left. Go tells it while what fits its buffer still lies there, so a
        // failure of the last bytes is none to its hook.
        shared
            .emit_to(hooks, Actor::WriteLoop, || Event::WroteRequest { error: failed.as_ref().map(Error::to_string) });
        shared.emit(Actor::WriteLoop, || Event::Sent {
            channel: Channel::WriteErrCh,
            what: if failed.is_some() { "failed" } else { "wrote" }.into(),
        });
        exchange.wrote(result, tell_caller);
        // ANCHOR: failed
        match failed {
            None => Exit::Written,
            Some(Error::Closed(_) | Error::Canceled(_)) => Exit::WriteLoopClosed,
            Some(error) => {
                let body_failed = matches!(error, Error::RequestBody(_) | Error::InvalidRequest(_));
                shared.close(Actor::WriteLoop, CloseReason::WriteError(Box::new(error)));
                if body_failed { Exit::RequestBodyError } else { Exit::WriteError }
            }
        }
        // ANCHOR_END: failed
    }
}

/// Between the head and the body: a request with `Expect: 100-continue` waits here for the server's word.
///
/// Go twin: transport.go (*persistConn).waitForContinue
#[doc(alias = "waitForContinue")]
struct HoldBack<'a> {
    write_loop: &'a WriteLoop,
    exchange: &'a Exchange,
    expects_continue: bool,
    hooks: Option<&'a ClientTrace>,
}

impl BeforeBody for HoldBack<'_> {
    fn head_written(&self) {
        self.write_loop.shared.emit_to(self.hooks, Actor::WriteLoop, || Event::WroteHeaders);
    }

    fn holds_back(&self) -> bool {
        self.expects_continue
    }

    async fn go_on(&self) -> bool {
        if !self.expects_continue {
            return true;
        }
        let WriteLoop { shared, config, .. } = self.write_loop;
        shared.emit_to(self.hooks, Actor::WriteLoop, || Event::Wait100Continue);
        if config.expect_continue_timeout.is_zero() {
            // A clock may count no finer than milliseconds, and nothing is to be waited for.
            shared.emit(Actor::WriteLoop, || Event::Exit { id: Exit::ContinueTimeout });
            return true;
        }
        let limit = config.rt.now() + config.expect_continue_timeout;
        // - continue_ch: read_loop, at a 100 or at a final status
        // - timer: the clock; the body is sent without the server's word
        // - closech: whoever closes the connection
        // All are cancel-safe: a word stays, a time does not come back, an end does not go away.
        let (exit, send) = select! {
            word = self.exchange.continue_ch() => match word {
                GoOn::Got100 => (Exit::ContinueGot100, true),
                GoOn::FinalStatus { send } => (Exit::ContinueFinalStatus, send),
            },
            () = shared.closech(Loop::Write) => (Exit::ContinueClosed, false),
            () = config.rt.timer(limit) => (Exit::ContinueTimeout, true),
        };
        shared.emit(Actor::WriteLoop, || Event::Exit { id: exit });
        send
    }
}

fn closed(shared: &ConnShared) -> Error {
    match shared.closed() {
        Some(CloseReason::Canceled(cause)) => Error::Canceled(cause),
        Some(reason) => Error::Closed(Box::new(reason)),
        None => unreachable!("closech fires only when a reason is there"),
    }
}

impl Drop for WriteLoop {
    /// However it leaves (also with its runtime), no connection goes on with one loop.
    fn drop(&mut self) {
        self.shared.close(Actor::WriteLoop, CloseReason::RuntimeGone);
        self.channels.writech.close();
        self.shared.emit(Actor::WriteLoop, || Event::TaskEnded { name: TaskName::WriteLoop });
    }
}
