//! A reusable channel with room for one message.

use std::future::poll_fn;
use std::task::{Poll, Waker};

use parking_lot::{Mutex, MutexGuard};

use crate::shared::set_waker;

/// Go's channel of capacity 1 between a caller and a loop: `reqch` and `writech`.
///
/// It lives as long as its connection, so that a request allocates no channel. A message wakes its receiver and nobody
/// else; read_loop is not even woken, it finds the request when the first byte of the answer comes. Its receiver closes it when
/// it leaves; a message sent after that comes back to its sender, and one that still lies in it is dropped.
/// (The message holds the connection's handle, and the handle the slot: without the close that would be a
/// circle that nobody frees.)
#[derive(Debug)]
pub(crate) struct Slot<T> {
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    message: Option<T>,
    closed: bool,
    receiver: Option<Waker>,
}

impl<T> Slot<T> {
    pub(crate) fn new() -> Self {
        Slot { state: Mutex::new(State { message: None, closed: false, receiver: None }) }
    }

    /// Puts the message in and wakes the receiver, if it waits.
    ///
    /// # Errors
    ///
    /// Gives the message back when the receiver has left, or when another one is still in the slot (which
    /// a connection's unique handle rules out).
    pub(crate) fn send(&self, message: T) -> Result<(), T> {
        let receiver = {
            let mut state = self.lock();
            if state.closed || state.message.is_some() {
                return Err(message);
            }
            state.message = Some(message);
            state.receiver.take()
        };
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        Ok(())
    }

    /// Whether no message is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().message.is_none()
    }

    /// Takes the message that is there, without waiting.
    pub(crate) fn try_recv(&self) -> Option<T> {
        self.lock().message.take()
    }

    /// Waits for a message.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: the message stays in the slot until it is returned.
    // ANCHOR: recv
    pub(crate) fn recv(&self) -> impl Future<Output = T> {
        poll_fn(move |cx| {
            let mut state = self.lock();
            let Some(message) = state.message.take() else {
                let old = set_waker(&mut state.receiver, cx);
                drop(state);
                drop(old);
                return Poll::Pending;
            };
            Poll::Ready(message)
        })
    }
    // ANCHOR_END: recv

    /// The receiver has left.
    pub(crate) fn close(&self) {
        let left = {
            let mut state = self.lock();
            state.closed = true;
            (state.message.take(), state.receiver.take())
        };
        drop(left);
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_waits_for_its_receiver() {
        let slot = Slot::new();
        assert_eq!(slot.send(1), Ok(()));
        assert_eq!(slot.try_recv(), Some(1));
        assert_eq!(slot.try_recv(), None);
    }

    #[test]
    fn a_second_message_comes_back() {
        let slot = Slot::new();
        slot.send(1).unwrap();
        assert_eq!(slot.send(2), Err(2));
    }

    #[test]
    fn closing_drops_what_is_inside_and_gives_later_ones_back() {
        let slot = Slot::new();
        let inside = std::sync::Arc::new(());
        slot.send(std::sync::Arc::clone(&inside)).unwrap();
        slot.close();
        assert_eq!(std::sync::Arc::strong_count(&inside), 1);
        assert!(slot.send(inside).is_err());
    }
}
