//! Futures that count polls: give way once, or stop after so many.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Gives way: the task is ready again at once, and somebody else may be polled first.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Polls `future` at most `polls` times; if it is still pending then, it is dropped and the answer is
/// `None`. It finds what dropping after some milliseconds never does: every point at which a caller can
/// go away. With 0 the future is dropped without a poll.
pub async fn drop_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut left = polls;
    let mut future = pin!(future);
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
