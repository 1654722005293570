//! A slot for one message between two tasks, at the price of the polls that it needs.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

/// One message, for one task that waits for it.
#[derive(Debug)]
pub struct Slot<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    message: Option<T>,
    /// Who waits for it.
    waiter: Option<Waker>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Slot(Mutex::new(State { message: None, waiter: None }))
    }
}

impl<T> Slot<T> {
    /// Puts a message in, in the place of one that nobody has taken, and wakes whoever waits for it now.
    pub fn put(&self, message: T) {
        let waiter = {
            let mut state = self.lock();
            state.message = Some(message);
            state.waiter.take()
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Waits for a message and takes it. Only the latest who asks is told.
    pub async fn take(&self) -> T {
        poll_fn(|cx| self.poll_take(cx)).await
    }

    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.lock();
        match state.message.take() {
            Some(message) => Poll::Ready(message),
            None => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().expect("no code of others runs under this lock, so nothing panics there")
    }
}
