//! The task that owns the write side of a connection.

use std::sync::Arc;

use httptrace::{Actor, Channel, Event, Exit, TaskName, select};

use crate::conn::{Channels, WriteRequest};
use crate::error::{CloseReason, Error};
use crate::shared::{ConnShared, Loop};
use crate::wire::request::write_request;

/// Writes one request after the other until the connection is closed.
///
/// Go twin: transport.go (*persistConn).writeLoop
#[doc(alias = "writeLoop")]
pub(crate) struct WriteLoop {
    shared: Arc<ConnShared>,
    channels: Arc<Channels>,
}

impl WriteLoop {
    pub(crate) fn new(shared: Arc<ConnShared>, channels: Arc<Channels>) -> Self {
        WriteLoop { shared, channels }
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
        let WriteRequest { head, body, exchange, tell_caller } = request;
        let shared = &self.shared;
        let head_written = || shared.emit(Actor::WriteLoop, || Event::WroteHeaders);
        // - write: by the socket and by the source of the body. Not cancel-safe: dropped only when the
        //   connection is closed.
        // - closech: whoever closes the connection, so that a body that never comes holds nobody.
        //   Differs from Go: its writeLoop stays in the caller's Read until that returns.
        let result = select! {
            result = write_request(shared, &head, body, head_written) => result,
            () = shared.closech(Loop::Write) => Err(closed(shared)),
        };
        let failed = result.as_ref().err().cloned();
        shared.emit(Actor::WriteLoop, || Event::WroteRequest { error: failed.as_ref().map(Error::to_string) });
        shared.emit(Actor::WriteLoop, || Event::Sent {
            channel: Channel::WriteErrCh,
            what: if failed.is_some() { "failed" } else { "wrote" }.into(),
        });
        exchange.wrote(result, tell_caller);
        match failed {
            None => Exit::Written,
            Some(Error::Closed(_) | Error::Canceled(_)) => Exit::WriteLoopClosed,
            Some(error) => {
                let body_failed = matches!(error, Error::RequestBody(_) | Error::InvalidRequest(_));
                shared.close(Actor::WriteLoop, CloseReason::WriteError(Box::new(error)));
                if body_failed { Exit::RequestBodyError } else { Exit::WriteError }
            }
        }
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
