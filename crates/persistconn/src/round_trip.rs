//! One request on one connection, seen from the caller.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;

use httptrace::{Actor, Channel, Event, Exit, Step, Timer, select};

use crate::conn::{ConnHandle, RequestAndChan, WriteRequest};
use crate::context::{CancelToken, Cause, Context, legacy_cancel};
use crate::error::{CloseReason, Error};
use crate::exchange::{Exchange, Lent};
use crate::request::Request;
use crate::response::Response;
use crate::shared::ConnShared;
use crate::wire::request::{TargetForm, encode_head};
use crate::wire::told::tell_fields;

/// A request's head as it goes to the wire: checked and written before a connection is asked for, so that a
/// request that cannot be sent costs none.
#[derive(Debug)]
pub struct EncodedHead {
    pub(crate) bytes: Vec<u8>,
    /// The transport has asked for gzip, so the caller is not to see any. Go: `requestAndChan.addedGzip`.
    pub(crate) added_gzip: bool,
}

/// What the transport adds to the fields of the caller. Go: `transportRequest.extra`
#[derive(Clone, Copy, Default, Debug)]
pub struct ExtraFields<'a> {
    /// `Accept-Encoding: gzip`. A response that is compressed then is decompressed while it is read.
    pub accept_gzip: bool,
    /// `Connection: close`
    pub close: bool,
    /// `Proxy-Authorization`, for a proxy that is spoken to on every request.
    pub proxy_authorization: Option<&'a str>,
}

impl EncodedHead {
    /// Writes the head of `request`, and after its own fields those in `extra`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] with Go's text.
    pub fn new(request: &Request, extra: ExtraFields<'_>) -> Result<Self, Error> {
        Self::in_form(request, TargetForm::Origin, extra)
    }

    /// The same for a proxy that sends the request on: with the whole URL as its target.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] with Go's text.
    ///
    /// Go: request.go (*Request).WriteProxy
    #[doc(alias = "WriteProxy")]
    pub fn for_proxy(request: &Request, extra: ExtraFields<'_>) -> Result<Self, Error> {
        Self::in_form(request, TargetForm::Absolute, extra)
    }

    fn in_form(request: &Request, form: TargetForm, extra: ExtraFields<'_>) -> Result<Self, Error> {
        let bytes = encode_head(request, form, extra)?;
        Ok(EncodedHead { bytes, added_gzip: extra.accept_gzip })
    }
}

/// Sends a request on the connection and waits for the head of its response.
///
/// Takes the body out of `request`: whoever sends it again must have it again.
///
/// # Errors
///
/// In Go's order: the cancel's cause; the fault of the request's body; `http: server closed idle connection`; the
/// error of reading before the first byte; else what broke the connection, marked as
/// [`Error::NothingWritten`] when the server cannot have seen any of it.
///
/// # Drop
///
/// Dropping the future closes the connection, if it still carries this request.
///
/// # Go twin
///
/// Go: transport.go (*persistConn).roundTrip
#[doc(alias = "persistConn.roundTrip")]
pub async fn round_trip(
    mut handle: ConnHandle,
    request: &mut Request,
    head: EncodedHead,
) -> Result<Box<Response>, Error> {
    let shared = Arc::clone(handle.shared());
    let channels = Arc::clone(&handle.channels);
    let config = Arc::clone(&handle.config);
    shared.emit(Actor::Caller, || Event::Call { step: Step::PersistConnRoundTrip });

    let exchange = handle.take_exchange();
    let (context, cancel) = (request.context.clone(), request.cancel.clone());
    let mut waiting = Waiting {
        exchange: &exchange,
        shared: &shared,
        context: &context,
        cancel: cancel.as_ref(),
        written_before: shared.written(),
        answered: false,
        over: false,
    };
    let expects_continue = request.expects_continue();
    let hooks = context.client_trace().cloned();
    if let Some(hooks) = &hooks {
        tell_fields(request, &head.bytes, hooks);
    }

    // read_loop first: the request must lie there when the first byte of the answer comes. A loop that has left
    // gives the message back; dropping it ends the exchange, which is seen below.
    // Differs from Go: there writeLoop is first, since readLoop, once it has seen that byte, waits at reqch.
    drop(channels.reqch.send(RequestAndChan {
        handle,
        lent: Lent::new(Arc::clone(&exchange)),
        method: request.method.clone(),
        close: request.close,
        context: context.clone(),
        cancel: cancel.clone(),
        expects_continue,
        added_gzip: head.added_gzip,
    }));
    shared.emit(Actor::Caller, || Event::Sent { channel: Channel::Reqch, what: "request".into() });
    // ANCHOR: writech
    drop(channels.writech.send(WriteRequest {
        head: head.bytes,
        body: std::mem::take(&mut request.body),
        trailers: request.trailers.clone(),
        exchange: Arc::clone(&exchange),
        expects_continue,
        tell_caller: config.response_header_timeout.is_some(),
        hooks,
    }));
    // ANCHOR_END: writech
    shared.emit(Actor::Caller, || Event::Sent { channel: Channel::Writech, what: "request".into() });

    let mut wrote = false;
    let mut canceled = false;
    let mut header_timer: Option<Pin<Box<dyn Timer>>> = None;
    // ANCHOR: select
    loop {
        // - resc: read_loop, with the response or an error
        // - write_err_ch: write_loop, when the request is written or the write has failed
        // - closech: read_loop, when it has left
        // - header timer: the clock, once the request is written
        // - cancel, context: the caller
        // All are cancel-safe: what is ready stays ready until it is taken. The response first, so that neither a
        // close nor a cancel of the same instant can lose it (Go looks at resc again in those two arms).
        // In the last three the caller closes the connection and leaves: it does not wait for loops that may be on a
        // runtime which nobody drives. Only if read_loop has pooled the connection already, its response is on its way.
        select! {
            response = exchange.resc() => return waiting.got(response),
            // ANCHOR: wrote
            result = exchange.write_err_ch(), if !wrote => match result {
                Ok(()) => {
                    wrote = true;
                    header_timer = config.response_header_timeout.map(|limit| config.rt.timer(config.rt.now() + limit));
                }
                // ANCHOR_END: wrote
                Err(error) => {
                    // read_loop may have answered and closed the connection, and thereby ended the write, since resc
                    // was looked at. Differs from Go: its writeLoop does not end with the connection.
                    if let Some(response) = exchange.try_resc() {
                        return waiting.got(response);
                    }
                    exchange.close_conn(CloseReason::WriteError(Box::new(error.clone())));
                    return Err(waiting.failed(Exit::RoundTripWriteError, error));
                }
            },
            () = exchange.ended() => {
                if let Some(response) = exchange.try_resc() {
                    return waiting.got(response);
                }
                // A loop that leaves of its own will has closed the connection by now; one that was dropped with its
                // runtime is about to.
                shared.close(Actor::Caller, CloseReason::RuntimeGone);
                let error = match shared.closed().unwrap_or(CloseReason::RuntimeGone) {
                    CloseReason::WriteError(error) => *error,
                    reason => Error::Closed(Box::new(reason)),
                };
                return Err(waiting.failed(Exit::RoundTripClosed, error));
            }
            () = fired(&mut header_timer) => {
                header_timer = None;
                if exchange.close_conn(CloseReason::HeaderTimeout) {
                    return waiting.give_up(Exit::HeaderTimeout, Error::HeaderTimeout);
                }
            }
            () = legacy_cancel(cancel.as_ref()), if !canceled => {
                canceled = true;
                let cause = Cause::RequestCanceled;
                if exchange.close_conn(CloseReason::Canceled(cause.clone())) {
                    return waiting.give_up(Exit::RoundTripLegacyCancel, Error::Canceled(cause));
                }
            }
            cause = context.done(), if !canceled => {
                canceled = true;
                if exchange.close_conn(CloseReason::Canceled(cause.clone())) {
                    return waiting.give_up(Exit::RoundTripContext, Error::Canceled(cause));
                }
            }
        }
    }
    // ANCHOR_END: select
}

async fn fired(timer: &mut Option<Pin<Box<dyn Timer>>>) {
    match timer {
        Some(timer) => timer.as_mut().await,
        None => pending().await,
    }
}

/// The caller in the middle of its wait: leaving by any door tells the loops so.
struct Waiting<'a> {
    exchange: &'a Exchange,
    shared: &'a ConnShared,
    context: &'a Context,
    cancel: Option<&'a CancelToken>,
    written_before: u64,
    /// What read_loop had to say was taken.
    answered: bool,
    over: bool,
}

impl Waiting<'_> {
    fn leave(&mut self, exit: Exit) {
        self.over = true;
        self.shared.emit(Actor::Caller, || Event::Exit { id: exit });
    }

    /// read_loop has sent a response, or the error that stands for it.
    fn got(&mut self, response: Result<Box<Response>, Error>) -> Result<Box<Response>, Error> {
        self.answered = true;
        let response = match response {
            Ok(response) => response,
            Err(error) => return Err(self.failed(Exit::RoundTripClosed, error)),
        };
        self.over = true;
        self.shared.emit(Actor::Caller, || {
            let given_up = self.context.cause().is_some() || self.cancel.is_some_and(CancelToken::is_cancelled);
            let id = match (given_up, self.shared.is_open()) {
                (true, _) => Exit::ContextButResponse,
                (false, true) => Exit::GotResponse,
                (false, false) => Exit::ClosedButResponse,
            };
            Event::Exit { id }
        });
        Ok(response)
    }

    fn failed(&mut self, exit: Exit, error: Error) -> Error {
        self.leave(exit);
        map_round_trip_error(self.shared, self.exchange, self.written_before, error)
    }

    /// The caller has closed the connection. A response that was delivered just before that is still its own.
    fn give_up(&mut self, exit: Exit, error: Error) -> Result<Box<Response>, Error> {
        match self.exchange.try_resc() {
            Some(Ok(response)) => self.got(Ok(response)),
            Some(Err(_)) | None => {
                self.leave(exit);
                Err(error)
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.shared.emit(Actor::Caller, || Event::Exit { id: Exit::RoundTripDropped });
            self.exchange.close_conn(CloseReason::Canceled(Cause::RequestCanceled));
        }
        if !self.answered {
            self.exchange.leave();
        }
    }
}

/// Chooses what the caller is told. The first rule that fits.
///
/// Go: transport.go (*persistConn).mapRoundTripError
#[doc(alias = "mapRoundTripError")]
fn map_round_trip_error(shared: &ConnShared, exchange: &Exchange, written_before: u64, error: Error) -> Error {
    let nothing_written = shared.written() == written_before;
    let retriable = |error: Error| if nothing_written { Error::NothingWritten(Box::new(error)) } else { error };
    let closed = shared.closed();
    match (closed, exchange.write_result()) {
        (Some(CloseReason::Canceled(cause)), _) => Error::Canceled(cause),
        (_, Some(Err(fault @ Error::RequestBody(_)))) => fault,
        (Some(CloseReason::ServerClosedIdle), _) => Error::ServerClosedIdle,
        (Some(CloseReason::HeaderTimeout), _) => Error::HeaderTimeout,
        (Some(CloseReason::ReadFromServer(error)), _) => retriable(*error),
        (Some(_), _) if nothing_written => Error::NothingWritten(Box::new(error)),
        (Some(_), _) => Error::Broken(Box::new(error)),
        (None, _) => error,
    }
}
