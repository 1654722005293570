//! The task that owns the read side of a connection.
//!
//! ```text
//!            ┌──────────────────────────────────────────────────────────────────┐
//!            ▼                                                                  │ kept
//!   idle: peek one byte ──► head: read_response ──► no body: ask the pool, deliver
//!     │ RL-I…                  │ RL-H…          └──► body: deliver, lend the reader, wait for it
//!     ▼                        ▼                        │ RL-B…
//!   leave                    leave                      └──► ask the pool ──► ack ──► kept, or leave
//! ```

use std::future::pending;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use body_signal::BodyDone;
use httptrace::{Actor, Channel, ClientTrace, Event, Exit, TaskName, Timer, select};

use crate::body::decompress;
use crate::conn::{Channels, ConnConfig, ConnHandle, EarlyClose, IdlePool, Permit, Refused, RequestAndChan};
use crate::context::{Cause, legacy_cancel};
use crate::error::{CloseReason, Error, IoError, PutIdleError, UserError};
use crate::exchange::{GoOn, Lent};
use crate::response::{Response, Upgraded};
use crate::shared::{ConnShared, Loop};
use crate::wire::framing::{Framing, is_protocol_switch, read_transfer};
use crate::wire::head;
use crate::wire::reader::{BodyReader, ConnReader};

/// Reads one response after the other until the connection is of no more use.
///
/// Go twin: transport.go (*persistConn).readLoop
#[doc(alias = "readLoop")]
pub(crate) struct ReadLoop {
    shared: Arc<ConnShared>,
    channels: Arc<Channels>,
    config: Arc<ConnConfig>,
    pool: Weak<dyn IdlePool>,
    /// Why the connection is closed when the loop leaves. Go: `closeErr`.
    close_err: CloseReason,
    idle: IdleClock,
    /// The right to send on it, while a request is on the connection; then the pool's.
    handle: Option<ConnHandle>,
    /// The connection's place among those of its host.
    _permit: Option<Permit>,
}

/// When the connection became idle, by the time of day, and the one timer that looks whether that is too long ago.
///
/// The timer is not set anew at every return to the pool: it looks when it fires, and sets itself again.
#[derive(Default)]
struct IdleClock {
    since: Option<Duration>,
    timer: Option<Pin<Box<dyn Timer>>>,
}

impl ReadLoop {
    pub(crate) fn new(
        shared: Arc<ConnShared>,
        channels: Arc<Channels>,
        config: Arc<ConnConfig>,
        pool: Weak<dyn IdlePool>,
        permit: Option<Permit>,
    ) -> Self {
        let close_err = CloseReason::RuntimeGone;
        let idle = IdleClock::default();
        ReadLoop { shared, channels, config, pool, close_err, idle, handle: None, _permit: permit }
    }

    pub(crate) async fn run(mut self) {
        let mut reader = ConnReader::new(Arc::clone(&self.shared));
        // A connection whose dial has lost the race goes to the pool without ever having carried a request.
        self.became_idle(self.config.rt.wall());
        // ANCHOR: travel
        while let ControlFlow::Continue(returned) = self.serve(reader).await {
            reader = returned;
        }
        // ANCHOR_END: travel
        self.exiting();
    }

    /// It leaves of its own will, for no better reason. Dropped in the middle, it was its runtime that ended.
    fn exiting(&mut self) {
        if self.close_err == CloseReason::RuntimeGone {
            self.close_err = CloseReason::ReadLoopExiting;
        }
    }

    /// One turn of Go's `for alive`: waits for the first byte of a response, delivers the response, and waits
    /// until the caller is done with its body. Hands the reader on if the connection was kept.
    async fn serve(&mut self, mut reader: Box<ConnReader>) -> ControlFlow<(), Box<ConnReader>> {
        // ANCHOR: serve
        let peeked = self.peek(&mut reader).await;
        let Some(rc) = self.channels.reqch.try_recv() else {
            self.leave_idle(&reader, peeked);
            return ControlFlow::Break(());
        };
        // ANCHOR_END: serve
        let RequestAndChan { mut handle, mut lent, method, close, context, cancel, expects_continue, added_gzip } = rc;
        let hooks = context.client_trace().map(|hooks| &**hooks);
        handle.leave_exchange(lent.exchange());
        self.handle = Some(handle);
        let answer = match peeked {
            Ok(()) => {
                self.emit_to(hooks, || Event::GotFirstResponseByte);
                self.read_response(&mut reader, &method, &lent, expects_continue, hooks).await
            }
            Err(error) => Err(Error::ReadFromServer(Box::new(error))),
        };
        let (mut response, framing) = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.deliver_error(lent, error);
                return ControlFlow::Break(());
            }
        };
        response.tls = self.shared.tls_state().cloned();
        if expects_continue {
            // No 100 came. The body is due all the same, unless nobody will use the connection after it.
            lent.go_on(GoOn::FinalStatus { send: !(response.close || close) });
        }
        let tunnel = method == http::Method::CONNECT && (200..=299).contains(&response.status);
        if tunnel || is_protocol_switch(&response) {
            self.give_away(*reader, lent, response);
            return ControlFlow::Break(());
        }
        // ANCHOR: alive
        // A final status of 199 or less ends the use of a connection, whatever else the head says; so does CONNECT.
        let alive = !(response.close || close || response.status <= 199 || method == http::Method::CONNECT);
        // ANCHOR_END: alive
        let declared = response.content_length;
        // ANCHOR: no_body
        if framing == Framing::None {
            // Nothing to wait for: the connection is back in the pool before the caller has the response.
            let kept = alive && self.keep(&reader, &lent, Exchanges::Detach, hooks).await;
            let delivered = lent.deliver(Ok(response));
            self.sent(Channel::Resc, if delivered { "response" } else { "caller_gone" });
            self.exit(if kept { Exit::NoBodyKept } else { Exit::NoBodyClosed });
            return if kept { ControlFlow::Continue(reader) } else { ControlFlow::Break(()) };
        }
        // ANCHOR_END: no_body

        // ANCHOR: lend
        response.body = lent.lend(BodyReader::new(reader, framing));
        // ANCHOR_END: lend
        if added_gzip {
            decompress(&mut response);
        }
        self.sent(Channel::Resc, "response");
        if !lent.deliver(Ok(response)) {
            self.exit(Exit::HeadCallerGone);
            return ControlFlow::Break(());
        }

        // ANCHOR: body_select
        // The caller has the reader now; the socket is not watched until it comes back.
        // - wait_for_body_read: the body, at its end, at an early close or drop, or after a failed read
        // - cancel: the caller's own token (the article's `rc.req.Cancel`)
        // - context: the caller's context, or its deadline
        // - closech: whoever closes the connection
        // All are cancel-safe: a message stays where it is, and an end does not go away. The body first: it
        // has read its end, so the connection is clean. Go picks at random.
        let done = select! {
            done = lent.exchange().handover().recv() => done,
            // ANCHOR: cancel_arms
            () = legacy_cancel(cancel.as_ref()) => {
                return self.canceled(Cause::RequestCanceled, Exit::BodyLegacyCancel);
            }
            cause = context.done() => {
                let late = cause.is_timeout();
                let exit = if late { Exit::BodyDeadlineExceeded } else { Exit::BodyContextCanceled };
                return self.canceled(cause, exit);
            }
            // ANCHOR_END: cancel_arms
            // ANCHOR: closech_arm
            () = self.shared.closech(Loop::Read) => {
                self.exit(Exit::BodyConnClosed);
                return ControlFlow::Break(());
            }
            // ANCHOR_END: closech_arm
        };
        // ANCHOR_END: body_select

        match done {
            // ANCHOR: eof
            BodyDone::Eof(body) => {
                let reader = body.into_conn();
                let kept = alive && self.keep(&reader, &lent, Exchanges::Stay, hooks).await;
                // The pool has been asked: now the caller may see the end.
                self.ack(&mut lent);
                self.exit(if kept { Exit::BodyEofKept } else { Exit::BodyEofClosed });
                if kept { ControlFlow::Continue(reader) } else { ControlFlow::Break(()) }
            }
            // ANCHOR_END: eof
            // ANCHOR: closed_early
            BodyDone::ClosedEarly(mut body) => {
                let drained = alive && self.maybe_drain_body(&mut body, declared, &mut lent).await;
                let reader = body.into_conn();
                let kept = drained && self.keep(&reader, &lent, Exchanges::Stay, hooks).await;
                self.exit(if kept { Exit::BodyClosedEarlyDrained } else { Exit::BodyClosedEarlyClosed });
                if kept { ControlFlow::Continue(reader) } else { ControlFlow::Break(()) }
            }
            // ANCHOR_END: closed_early
            BodyDone::Failed => {
                self.exit(Exit::BodyReadError);
                ControlFlow::Break(())
            }
        }
    }

    /// Waits for the first byte of a response, or for the end of the connection.
    async fn peek(&mut self, reader: &mut ConnReader) -> Result<(), Error> {
        loop {
            // - peek: the peer, or whoever closes the connection. Cancel-safe: bytes stay in the reader.
            // - idle timer: the clock. Cancel-safe: it stays set.
            select! {
                peeked = reader.peek() => return peeked,
                () = self.idle.fired() => {}
            }
            if !self.still_fresh() && self.close_if_still_idle() {
                return Err(Error::Closed(Box::new(CloseReason::IdleConnTimeout)));
            }
        }
    }

    /// The timer has fired: if the connection became idle later than the timer knew, look again then.
    fn still_fresh(&mut self) -> bool {
        let (Some(since), Some(timeout)) = (self.idle.since, self.config.idle_conn_timeout) else { return false };
        let left = (since + timeout).saturating_sub(self.config.rt.wall());
        // More than all of it is left when the clock was set back; then nobody knows.
        let fresh = !left.is_zero() && left <= timeout;
        if let (true, Some(timer)) = (fresh, &mut self.idle.timer) {
            timer.as_mut().reset(self.config.rt.now() + left);
        }
        fresh
    }

    /// Idle for too long. A request that took the connection at this moment has it; then nothing happens, and
    /// the next return to the pool sets the clock again. Whoever holds the connection without a request on it may put it
    /// back without a word to this loop, so for them the clock goes on.
    ///
    /// Go: transport.go (*persistConn).closeConnIfStillIdle
    #[doc(alias = "closeConnIfStillIdle")]
    fn close_if_still_idle(&mut self) -> bool {
        self.idle.since = None;
        let removed = self.pool.upgrade().and_then(|pool| pool.remove_idle_conn(&self.shared));
        match removed {
            Some(handle) => {
                handle.close(Actor::ReadLoop, CloseReason::IdleConnTimeout);
                true
            }
            None => {
                if self.channels.reqch.is_empty() {
                    self.became_idle(self.config.rt.wall());
                }
                false
            }
        }
    }

    /// No request waits for what was peeked: the connection ends here.
    ///
    /// Go: transport.go (*persistConn).readLoopPeekFailLocked
    #[doc(alias = "readLoopPeekFailLocked")]
    fn leave_idle(&mut self, reader: &ConnReader, peeked: Result<(), Error>) {
        // ANCHOR: peek_failed
        let (reason, exit) = match (self.shared.closed(), peeked) {
            (Some(reason @ CloseReason::IdleConnTimeout), _) => (reason, Exit::IdleTimeout),
            (Some(reason), _) => (reason, Exit::IdleClosed),
            (None, Ok(())) if is_408_message(reader.buffered()) => (CloseReason::ServerClosedIdle, Exit::Idle408),
            (None, Ok(())) => {
                self.unsolicited(reader);
                (CloseReason::Unsolicited, Exit::IdleUnsolicited)
            }
            (None, Err(Error::Eof)) => (CloseReason::ServerClosedIdle, Exit::IdleServerClosed),
            (None, Err(Error::Io(error))) => (CloseReason::PeekFailed(error), Exit::IdleReadError),
            // ANCHOR_END: peek_failed
            // TLS, cut without a goodbye.
            (None, Err(Error::UnexpectedEof)) => {
                (CloseReason::PeekFailed(IoError::unexpected_eof()), Exit::IdleReadError)
            }
            (None, Err(_)) => (CloseReason::ReadLoopExiting, Exit::IdleReadError),
        };
        self.close_err = reason;
        self.exit(exit);
    }

    /// Bytes that nobody has asked for. Go writes a line to its log.
    fn unsolicited(&mut self, reader: &ConnReader) {
        let first = &reader.buffered()[..reader.buffered().len().min(12)];
        self.emit(|| Event::Unsolicited { starts_with: String::from_utf8_lossy(first).into_owned() });
        self.close_err = CloseReason::Unsolicited;
    }

    /// Reads heads until one is final. Interim responses are told and skipped; all share one byte limit.
    ///
    /// Go: transport.go (*persistConn).readResponse
    #[doc(alias = "readResponse")]
    async fn read_response(
        &self,
        reader: &mut ConnReader,
        method: &http::Method,
        lent: &Lent,
        expects_continue: bool,
        hooks: Option<&ClientTrace>,
    ) -> Result<(Box<Response>, Framing), Error> {
        let limit = self.config.max_response_header_bytes;
        let mut allowance = limit;
        let mut waits = expects_continue;
        loop {
            let head = reader.head(&mut allowance, limit).await?;
            // Once the limit is read up, Go tells that, whatever is wrong with what it has read.
            let read_up = reader.buffered().len() as u64 >= allowance;
            let fault = move |error| if read_up { Error::HeaderTooLarge { limit } } else { error };
            let mut head = head::parse(&head).map_err(fault)?;
            let framing = read_transfer(method, &mut head).map_err(fault)?;
            if !matches!(head.status, 100 | 102..=199) {
                return Ok((head, framing));
            }
            if head.status == 100 && waits {
                waits = false;
                self.emit_to(hooks, || Event::Got100Continue);
                lent.go_on(GoOn::Got100);
            }
            self.emit(|| Event::Got1xxResponse { code: head.status });
            if let Some(word) = hooks.and_then(|hooks| hooks.tell_got_1xx_response(head.status, &head.header)) {
                word.map_err(|error| fault(Error::Hook(UserError::new(error))))?;
                // Whoever looks at them answers for their number.
                // Differs from Go: what lies in the buffer already counts too. In Go it does not count again, so that how long
                // a head may be depends on how much of it has come together with the response before it.
                allowance = limit;
            }
        }
    }

    /// The connection leaves HTTP: both loops end, and the caller has the socket with what was read already.
    fn give_away(&mut self, reader: ConnReader, lent: Lent, mut response: Box<Response>) {
        let Some(io) = self.shared.give_away() else {
            self.exit(Exit::HeadConnClosed);
            return;
        };
        response.upgraded = Some(Upgraded::new(io, reader.into_buffered()));
        let delivered = lent.deliver(Ok(response));
        self.sent(Channel::Resc, if delivered { "response" } else { "caller_gone" });
        self.exit(Exit::SwitchedProtocols);
    }

    /// There is no response: the connection is closed first, so that whoever gets the error finds it so.
    fn deliver_error(&mut self, lent: Lent, error: Error) {
        let closed = self.shared.closed();
        let exit = match (&closed, &error) {
            (Some(_), _) => Exit::HeadConnClosed,
            (None, Error::ReadFromServer(_)) => Exit::HeadNoByte,
            (None, Error::HeaderTooLarge { .. }) => Exit::HeadTooLarge,
            (None, _) => Exit::HeadMalformed,
        };
        if let Error::ReadFromServer(_) = error {
            self.close_err = CloseReason::ReadFromServer(Box::new(error.clone()));
        }
        self.exiting();
        self.shared.close(Actor::ReadLoop, self.close_err.clone());
        self.exit(exit);
        if closed.is_none() {
            self.sent(Channel::Resc, "error");
            // A caller that has left does not miss it.
            lent.deliver(Err(error));
        }
    }

    /// The request was given up while its body was out: the connection ends now, and whoever reads the body
    /// learns why.
    // ANCHOR: canceled
    fn canceled(&self, cause: Cause, exit: Exit) -> ControlFlow<(), Box<ConnReader>> {
        self.shared.close(Actor::ReadLoop, CloseReason::Canceled(cause));
        self.exit(exit);
        ControlFlow::Break(())
    }
    // ANCHOR_END: canceled

    // ANCHOR: keep
    /// The conditions of a second life, in Go's order: the server has not hung up, the request was written,
    /// and the pool wants the connection. (That the answer allows it, and that the body was read to its end, the
    /// caller of this function knows.)
    async fn keep(
        &mut self,
        reader: &ConnReader,
        lent: &Lent,
        exchange: Exchanges,
        hooks: Option<&ClientTrace>,
    ) -> bool {
        // ANCHOR: terms
        if reader.saw_eof() || !self.wrote_request(lent).await {
            return false;
        }
        if !reader.buffered().is_empty() {
            // Differs from Go: what lies behind the answer already is never taken for the next one. Go pools the
            // connection, and the next request may be faster than its readLoop's look at the bytes.
            self.unsolicited(reader);
            return false;
        }
        if exchange == Exchanges::Detach
            && let Err(reason) = lent.detach()
        {
            self.close_err = reason;
            return false;
        }
        self.try_put_idle_conn(hooks)
        // ANCHOR_END: terms
    }
    // ANCHOR_END: keep

    /// Whether the request was written without an error. Waits a little for a write that is still going on:
    /// usually the last bytes are on their way, and the connection is worth 50 ms.
    ///
    /// Go: transport.go (*persistConn).wroteRequest
    #[doc(alias = "wroteRequest")]
    async fn wrote_request(&self, lent: &Lent) -> bool {
        let exchange = lent.exchange();
        if let Some(result) = exchange.write_result() {
            self.exit(if result.is_ok() { Exit::WroteAtOnce } else { Exit::NotWritten });
            return result.is_ok();
        }
        // ANCHOR: wrote_request
        let _busy = self.config.rt.census().busy();
        let limit = self.config.rt.now() + self.config.max_write_wait_before_conn_reuse;
        // - write_ended: write_loop
        // - timer: the clock
        // - closech: whoever closes the connection
        // All are cancel-safe: a result stays, a time does not come back, an end does not go away.
        let wrote = select! {
            result = exchange.write_ended() => result.is_ok(),
            () = self.config.rt.timer(limit) => false,
            () = self.shared.closech(Loop::Read) => false,
        };
        // ANCHOR_END: wrote_request
        self.exit(if wrote { Exit::WroteInTime } else { Exit::NotWritten });
        wrote
    }

    /// Offers the connection to the pool and remembers a refusal as the reason to close it.
    ///
    /// Go: transport.go readLoop, the closure tryPutIdleConn
    #[doc(alias = "tryPutIdleConn")]
    fn try_put_idle_conn(&mut self, hooks: Option<&ClientTrace>) -> bool {
        let Some(handle) = self.handle.take() else { unreachable!("a request brings the handle, and is served once") };
        let now = self.config.rt.wall();
        let refused = match self.pool.upgrade() {
            Some(pool) => pool.try_put_idle_conn(handle, now).err(),
            None => Some(Refused { conn: handle, reason: PutIdleError::TransportDropped }),
        };
        let reason = refused.as_ref().map(|refused| refused.reason);
        if reason != Some(PutIdleError::KeepAlivesDisabled) {
            self.emit_to(hooks, || Event::PutIdleConn { error: reason.map(|reason| reason.to_string()) });
        }
        match refused {
            None => {
                self.became_idle(now);
                true
            }
            Some(Refused { conn, reason }) => {
                self.close_err = CloseReason::Refused(reason);
                conn.close(Actor::ReadLoop, CloseReason::Refused(reason));
                false
            }
        }
    }

    /// Notes the time of day `wall`, and sets the timer if it is not set.
    fn became_idle(&mut self, wall: Duration) {
        let Some(timeout) = self.config.idle_conn_timeout else { return };
        if self.idle.since.replace(wall).is_some() {
            return;
        }
        let now = self.config.rt.now();
        match &mut self.idle.timer {
            Some(timer) => timer.as_mut().reset(now + timeout),
            None => self.idle.timer = Some(self.config.rt.timer(now + timeout)),
        }
    }

    // ANCHOR: maybe_drain_body
    /// After an early close: reads the rest of the body, if it is small and comes soon. The caller is released
    /// before that. With [`EarlyClose::Kill`] it is released when the loop has left.
    ///
    /// Go: transport.go maybeDrainBody, since 1.27
    #[doc(alias = "maybeDrainBody")]
    async fn maybe_drain_body(&self, body: &mut BodyReader, declared: Option<u64>, lent: &mut Lent) -> bool {
        // ANCHOR: drain_try
        let EarlyClose::Drain { bytes, time } = self.config.early_close else { return false };
        self.ack(lent);
        if declared.is_some_and(|declared| declared > bytes) {
            return false;
        }
        // ANCHOR_END: drain_try
        let _busy = self.config.rt.census().busy();
        let limit = self.config.rt.now() + time;
        // ANCHOR: drain
        // - discard: the peer. What it has read is gone, and wanted by nobody.
        // - timer: the clock. Cancel-safe: a time does not come back.
        // - closech: whoever closes the connection (then discard fails too). Cancel-safe.
        select! {
            drained = body.discard(bytes) => drained.unwrap_or(false),
            () = self.config.rt.timer(limit) => false,
            () = self.shared.closech(Loop::Read) => false,
        }
        // ANCHOR_END: drain
    }
    // ANCHOR_END: maybe_drain_body

    fn ack(&self, lent: &mut Lent) {
        self.sent(Channel::Eofc, "ack");
        lent.ack();
    }

    fn exit(&self, id: Exit) {
        self.emit(|| Event::Exit { id });
    }

    fn sent(&self, channel: Channel, what: &str) {
        self.emit(|| Event::Sent { channel, what: what.to_owned() });
    }

    fn emit(&self, event: impl FnOnce() -> Event) {
        self.shared.emit(Actor::ReadLoop, event);
    }

    fn emit_to(&self, hooks: Option<&ClientTrace>, event: impl FnOnce() -> Event) {
        self.shared.emit_to(hooks, Actor::ReadLoop, event);
    }
}

/// Whether the connection still belongs to its exchange while the pool is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exchanges {
    /// The caller holds a body, and waits for the answer.
    Stay,
    /// The caller waits for its response; from now on its cancel must not touch the connection.
    Detach,
}

impl IdleClock {
    /// Waits for the timer, if it was ever set.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: the timer stays set.
    async fn fired(&mut self) {
        match &mut self.timer {
            // A timer without a moment to look at has fired for nothing: it is set again at the next return.
            Some(timer) if self.since.is_some() => timer.as_mut().await,
            Some(_) | None => pending().await,
        }
    }
}

impl Drop for ReadLoop {
    /// However it leaves (also with its runtime): the connection is closed, its slot and its place in the pool are free.
    /// The callers were released before, by the drop of [`Lent`]. The order is that of Go's deferred functions.
    // ANCHOR: left
    fn drop(&mut self) {
        self.shared.close(Actor::ReadLoop, self.close_err.clone());
        self.channels.reqch.close();
        let removed = self.pool.upgrade().and_then(|pool| pool.remove_idle_conn(&self.shared));
        if removed.is_some() {
            let reason = self.close_err.to_string();
            self.shared.emit(Actor::Pool, || Event::RemoveIdleConn { reason });
        }
        self.emit(|| Event::TaskEnded { name: TaskName::ReadLoop });
        // ANCHOR_END: left
    }
}

/// A server that gives up waiting for a request says so; that is no answer to anything.
///
/// Go: transport.go is408Message
#[doc(alias = "is408Message")]
fn is_408_message(bytes: &[u8]) -> bool {
    matches!(bytes, [b'H', b'T', b'T', b'P', b'/', b'1', b'.', _, b' ', b'4', b'0', b'8', ..])
}
