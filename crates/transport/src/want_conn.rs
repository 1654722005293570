//! One request that waits for a connection.

use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Poll, Waker};

use parking_lot::{Mutex, MutexGuard};
use persistconn::{ConnHandle, Context};
use tokio::sync::Notify;

use crate::error::Error;
use crate::key::ConnectMethod;
use crate::transport::HostPlace;

/// A place for one connection, wanted by one caller and offered by several: its own dial and whoever gives a connection
/// back. The first one wins; the others keep what they have. Whoever frees a place among the connections of the host
/// may offer that too: then the caller dials.
///
/// Go twin: transport.go type wantConn
#[doc(alias = "wantConn")]
#[derive(Debug)]
pub(crate) struct WantConn {
    pub(crate) method: ConnectMethod,
    /// What a dialler of the user's own is told of the request. It does not end with the request.
    pub(crate) context: Context,
    dial_canceled: Notify,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Waiting {
        caller: Option<Waker>,
        /// Somebody has left it; the caller has not looked yet.
        place: Option<HostPlace>,
    },
    Delivered(Delivery),
    /// The caller has what it wanted, or has given up.
    Over,
}

/// What a waiting request is woken with.
#[derive(Debug)]
pub(crate) enum Offer {
    /// It has what it wanted, or will not get it.
    Delivery(Delivery),
    /// It may dial now, and waits on.
    Place(HostPlace),
}

/// What a waiting request gets.
pub(crate) type Delivery = Result<Delivered, Error>;

/// A connection and where it came from.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) handle: ConnHandle,
    /// The caller's own dial opened it.
    pub(crate) dialled: bool,
}

impl WantConn {
    pub(crate) fn new(method: ConnectMethod, context: &Context) -> Arc<Self> {
        Arc::new(WantConn {
            method,
            context: context.without_cancel(),
            dial_canceled: Notify::new(),
            state: Mutex::new(State::Waiting { caller: None, place: None }),
        })
    }

    /// Ends the dial that was begun for it. Go: `wantConn.cancelCtx`.
    pub(crate) fn cancel_dial(&self) {
        self.dial_canceled.notify_one();
    }

    /// Waits for [`cancel_dial`](Self::cancel_dial).
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: one dial waits here, and for one word.
    pub(crate) async fn dial_canceled(&self) {
        self.dial_canceled.notified().await;
    }

    /// Neither served nor given up yet.
    pub(crate) fn waiting(&self) -> bool {
        matches!(*self.lock(), State::Waiting { .. })
    }

    /// Offers a connection or an error.
    ///
    /// # Errors
    ///
    /// Gives it back when the caller does not wait any more.
    pub(crate) fn try_deliver(&self, delivery: Delivery) -> Result<(), Delivery> {
        let (caller, place) = {
            let mut state = self.lock();
            match &mut *state {
                State::Waiting { caller, place } => {
                    let offered = (caller.take(), place.take());
                    *state = State::Delivered(delivery);
                    offered
                }
                State::Delivered(_) | State::Over => return Err(delivery),
            }
        };
        // The next in line may have it.
        drop(place);
        if let Some(caller) = caller {
            caller.wake();
        }
        Ok(())
    }

    /// Offers a place to dial on, unless the caller does not wait any more.
    pub(crate) fn try_place(&self, make: impl FnOnce() -> HostPlace) -> bool {
        let caller = match &mut *self.lock() {
            State::Waiting { caller, place } => {
                *place = Some(make());
                caller.take()
            }
            State::Delivered(_) | State::Over => return false,
        };
        if let Some(caller) = caller {
            caller.wake();
        }
        true
    }

    /// Waits for the first delivery, or for a place to dial on.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: what was delivered stays until it is returned or [`cancel`](Self::cancel) takes it out.
    pub(crate) async fn recv(&self) -> Offer {
        poll_fn(|cx| {
            let mut state = self.lock();
            match &mut *state {
                State::Waiting { caller, place } => {
                    if let Some(place) = place.take() {
                        return Poll::Ready(Offer::Place(place));
                    }
                    let old = caller.replace(cx.waker().clone());
                    drop(state);
                    drop(old);
                    Poll::Pending
                }
                State::Delivered(_) => match mem::replace(&mut *state, State::Over) {
                    State::Delivered(delivery) => Poll::Ready(Offer::Delivery(delivery)),
                    State::Waiting { .. } | State::Over => unreachable!("looked at under the same lock"),
                },
                State::Over => unreachable!("a request receives one connection"),
            }
        })
        .await
    }

    /// Stops waiting. Returns what was delivered and not taken. Go: `(*wantConn).cancel`.
    pub(crate) fn cancel(&self) -> Option<Delivery> {
        let state = mem::replace(&mut *self.lock(), State::Over);
        match state {
            State::Delivered(delivery) => Some(delivery),
            State::Waiting { .. } | State::Over => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}
