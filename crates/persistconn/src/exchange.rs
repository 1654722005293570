//! Everything of one request, and nothing else.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use body_signal::{BodyEofSignal, Handover, Lender};
use httptrace::{Actor, Channel, Event};
use parking_lot::{Mutex, MutexGuard};

use crate::body::Body;
use crate::error::{CloseReason, Error};
use crate::response::Response;
use crate::shared::{ConnShared, set_waker};
use crate::wire::reader::BodyReader;

/// What caller, write_loop, read_loop and body of one request say to each other.
///
/// One value per request, made anew in the place of the last one's ([`Exchange::recycled`]; without that a small GET costs
/// one allocation and 220 instructions more), in place of Go's channels per request (`resc`, `writeErrCh` twice, `gone`,
/// `waitForBodyRead`, `eofc`). None of it is kept per connection: a response without a body is pooled
/// *before* it is delivered, so another caller may own the connection while this one still waits here, and
/// what they shared would carry one's bytes to the other.
#[derive(Debug)]
pub(crate) struct Exchange {
    shared: Arc<ConnShared>,
    handover: Handover<BodyReader>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// read_loop to caller. Go: `resc`.
    response: Option<Result<Box<Response>, Error>>,
    /// write_loop to caller and to read_loop. Go: both channels named `writeErrCh`.
    wrote: Option<Result<(), Error>>,
    /// read_loop to write_loop, for a request with `Expect: 100-continue`. Go: `continueCh`.
    go_on: Option<GoOn>,
    /// The caller has left. Go: `callerGone`, `gone`.
    caller_gone: bool,
    /// The connection no longer carries this request: read_loop has left it or is about to pool it.
    detached: bool,
    /// The caller is closing the connection, for this reason: it must not go to anyone else.
    closing: Option<CloseReason>,
    /// read_loop has left the exchange; nothing more will come.
    ended: bool,
    caller: Option<Waker>,
    /// read_loop, while it waits in wrote_request.
    read_loop: Option<Waker>,
    /// write_loop, while it holds the body back.
    write_loop: Option<Waker>,
}

/// What the server said while the body was held back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GoOn {
    /// 100: send it.
    Got100,
    /// A final status; the body is sent all the same unless the connection will be closed after it.
    FinalStatus {
        /// Send it.
        send: bool,
    },
}

impl Exchange {
    pub(crate) fn new(shared: Arc<ConnShared>) -> Arc<Self> {
        Arc::new(Exchange { shared, handover: Handover::default(), state: Mutex::default() })
    }

    /// `spare` for the connection's next request, made anew in its place. While the last request's caller still holds it
    /// (it has yet to drop its response), it stays what it is, and the next request gets another one.
    pub(crate) fn recycled(mut spare: Arc<Self>, shared: &Arc<ConnShared>) -> Arc<Self> {
        match Arc::get_mut(&mut spare) {
            Some(unshared) => {
                unshared.handover = Handover::default();
                unshared.state = Mutex::default();
                spare
            }
            None => Exchange::new(Arc::clone(shared)),
        }
    }

    pub(crate) fn handover(&self) -> &Handover<BodyReader> {
        &self.handover
    }

    /// write_loop says how the write went. A success wakes nobody who does not wait for it.
    pub(crate) fn wrote(&self, result: Result<(), Error>, tell_caller: bool) {
        let wakers = {
            let mut state = self.lock();
            let tell_caller = tell_caller || result.is_err();
            state.wrote = Some(result);
            [state.read_loop.take(), if tell_caller { state.caller.take() } else { None }]
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// How the write went, as far as is known. Go: `<-pc.writeErrCh` with a default.
    pub(crate) fn write_result(&self) -> Option<Result<(), Error>> {
        self.lock().wrote.clone()
    }

    /// read_loop waits for the end of the write.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: the result stays.
    pub(crate) fn write_ended(&self) -> impl Future<Output = Result<(), Error>> {
        poll_fn(move |cx| self.poll_wrote(cx, |state| &mut state.read_loop))
    }

    /// The caller waits for the end of the write. Go: roundTrip's arm `<-writeErrCh`.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: the result stays.
    pub(crate) fn write_err_ch(&self) -> impl Future<Output = Result<(), Error>> {
        poll_fn(move |cx| self.poll_wrote(cx, |state| &mut state.caller))
    }

    fn poll_wrote(
        &self,
        cx: &mut Context<'_>,
        waker: impl FnOnce(&mut State) -> &mut Option<Waker>,
    ) -> Poll<Result<(), Error>> {
        let mut state = self.lock();
        if let Some(result) = &state.wrote {
            return Poll::Ready(result.clone());
        }
        let old = set_waker(waker(&mut state), cx);
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// write_loop waits for a word of the server. Go: `<-continueCh`.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: the word stays.
    pub(crate) fn continue_ch(&self) -> impl Future<Output = GoOn> {
        poll_fn(move |cx| {
            let mut state = self.lock();
            if let Some(go_on) = state.go_on {
                return Poll::Ready(go_on);
            }
            let old = set_waker(&mut state.write_loop, cx);
            drop(state);
            drop(old);
            Poll::Pending
        })
    }

    /// The caller waits for the response. Go: roundTrip's arm `<-resc`.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: the response stays until it is returned.
    pub(crate) fn resc(&self) -> impl Future<Output = Result<Box<Response>, Error>> {
        poll_fn(move |cx| {
            let mut state = self.lock();
            let Some(response) = state.response.take() else {
                let old = set_waker(&mut state.caller, cx);
                drop(state);
                drop(old);
                return Poll::Pending;
            };
            // It has what it came for: [`leave`](Self::leave) has nothing to add.
            state.caller_gone = true;
            Poll::Ready(response)
        })
    }

    /// The caller looks for a response that came at the last moment.
    pub(crate) fn try_resc(&self) -> Option<Result<Box<Response>, Error>> {
        self.lock().response.take()
    }

    /// The caller waits for read_loop's leaving. Go: roundTrip's arm `<-pc.closech`.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: nothing is taken.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> {
        poll_fn(move |cx| {
            let mut state = self.lock();
            if state.ended {
                return Poll::Ready(());
            }
            let old = set_waker(&mut state.caller, cx);
            drop(state);
            drop(old);
            Poll::Pending
        })
    }

    /// The caller leaves. A response that nobody will take is dropped here; its body, if it has one, tells
    /// read_loop so.
    pub(crate) fn leave(&self) {
        let unwanted = {
            let mut state = self.lock();
            state.caller_gone = true;
            (state.response.take(), state.caller.take())
        };
        drop(unwanted);
    }

    /// Closes the connection, if it still carries this request, and says whether it does.
    ///
    /// Decided under the lock and done after it; between the two, on another thread, read_loop could pool the connection
    /// and the close would hit whoever takes it next. So the decision is noted, and [`Lent::detach`] looks for it.
    pub(crate) fn close_conn(&self, reason: CloseReason) -> bool {
        let carried = {
            let mut state = self.lock();
            if !state.detached {
                state.closing.get_or_insert_with(|| reason.clone());
            }
            !state.detached
        };
        if carried {
            self.shared.close(Actor::Caller, reason);
        }
        carried
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Lender<BodyReader> for Exchange {
    fn handover(&self) -> &Handover<BodyReader> {
        &self.handover
    }

    fn sending(&self, what: &'static str) {
        self.shared.emit(Actor::Caller, || Event::Sent { channel: Channel::WaitForBodyRead, what: what.into() });
    }
}

/// read_loop's debt to a caller.
///
/// However read_loop leaves (by a return, or because its runtime drops it in the middle), whoever waits
/// for the response, for the end of a body or for the end of a close goes on.
#[derive(Debug)]
pub(crate) struct Lent {
    exchange: Arc<Exchange>,
    /// The caller has a body, and its end or close waits for a word. Go: whoever receives from `eofc`.
    body_waits: bool,
}

impl Lent {
    pub(crate) fn new(exchange: Arc<Exchange>) -> Self {
        Lent { exchange, body_waits: false }
    }

    pub(crate) fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    /// A body with the connection's reader goes to the caller with the response.
    pub(crate) fn lend(&mut self, reader: BodyReader) -> Body {
        self.body_waits = true;
        BodyEofSignal::new(reader, Arc::clone(&self.exchange) as Arc<_>).into()
    }

    /// The body may go on: its end was decided about, or it was closed.
    pub(crate) fn ack(&mut self) {
        self.body_waits = false;
        self.exchange.handover.ack();
    }

    /// From now on the connection is no longer this request's, and a cancel does not touch it.
    ///
    /// # Errors
    ///
    /// The reason for which the caller is closing the connection at this moment.
    pub(crate) fn detach(&self) -> Result<(), CloseReason> {
        let mut state = self.exchange.lock();
        match &state.closing {
            Some(reason) => Err(reason.clone()),
            None => {
                state.detached = true;
                Ok(())
            }
        }
    }

    /// Gives the caller its response or the error that stands for it, and says whether the caller was still there.
    /// Go: the select of `rc.ch` and `callerGone`.
    pub(crate) fn deliver(&self, response: Result<Box<Response>, Error>) -> bool {
        let caller = {
            let mut state = self.exchange.lock();
            if state.caller_gone {
                drop(state);
                drop(response);
                return false;
            }
            state.response = Some(response);
            state.caller.take()
        };
        if let Some(caller) = caller {
            caller.wake();
        }
        true
    }

    /// Lets a body that waits for a word of the server go on, or not.
    pub(crate) fn go_on(&self, go_on: GoOn) {
        let write_loop = {
            let mut state = self.exchange.lock();
            // The first word counts: a body that a 100 has let go is sent, whatever comes after it.
            state.go_on.get_or_insert(go_on);
            state.write_loop.take()
        };
        if let Some(write_loop) = write_loop {
            write_loop.wake();
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.body_waits {
            self.exchange.handover.close();
        }
        let caller = {
            let mut state = self.exchange.lock();
            state.detached = true;
            state.ended = true;
            state.caller.take()
        };
        if let Some(caller) = caller {
            caller.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::pin::Pin;

    use httptrace::{ConnId, Io, Trace};
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::*;
    use crate::context::Cause;

    /// A stream on which nothing ever happens.
    struct Silent;

    impl Io for Silent {}

    impl AsyncRead for Silent {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Silent {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    fn exchange() -> (Arc<ConnShared>, Arc<Exchange>, Lent) {
        let shared = ConnShared::new(ConnId(1), "key".into(), Box::new(Silent), Trace::none());
        let exchange = Exchange::new(Arc::clone(&shared));
        let lent = Lent::new(Arc::clone(&exchange));
        (shared, exchange, lent)
    }

    #[test]
    fn a_close_by_the_caller_does_not_reach_a_connection_that_is_detached() {
        let (shared, exchange, lent) = exchange();
        assert_eq!(lent.detach(), Ok(()));
        exchange.close_conn(CloseReason::Canceled(Cause::Canceled));
        assert!(shared.is_open());
    }

    #[test]
    fn a_connection_that_the_caller_is_closing_cannot_be_detached() {
        let (_shared, exchange, lent) = exchange();
        exchange.close_conn(CloseReason::Canceled(Cause::Canceled));
        exchange.close_conn(CloseReason::HeaderTimeout);
        assert_eq!(lent.detach(), Err(CloseReason::Canceled(Cause::Canceled)), "the first reason stays");
    }
}
