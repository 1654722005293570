//! Join: what a task started by name leaves behind.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Context, Poll, Waker};

use crate::executor::Core;
use crate::task::TaskId;

/// A started task and its result to come.
///
/// As a future it resolves to `Some` result, or to `None` if the task was dropped or panicked.
///
/// # Drop
///
/// Dropping it leaves the task alone; [`abort`](Join::abort) ends it.
pub struct Join<T> {
    id: TaskId,
    core: Weak<Core>,
    outcome: Arc<Mutex<Outcome<T>>>,
}

enum Outcome<T> {
    Running(Option<Waker>),
    Done(T),
    Gone,
}

impl<T> Join<T> {
    /// Wraps `future` so that its result is kept. The caller starts the second half and completes the
    /// first with [`started`](Unstarted::started).
    pub(crate) fn wrap<F>(future: F) -> (Unstarted<T>, impl Future<Output = ()>)
    where
        F: Future<Output = T>,
    {
        let outcome = Arc::new(Mutex::new(Outcome::Running(None)));
        let promise = Promise(Arc::clone(&outcome));
        let task = async move {
            let value = future.await;
            promise.leave(Outcome::Done(value));
        };
        (Unstarted { outcome }, task)
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Whether the task is over.
    pub fn is_over(&self) -> bool {
        !matches!(*lock(&self.outcome), Outcome::Running(_))
    }

    /// The result, if the task has ended and it was not taken before.
    pub fn take(&self) -> Option<T> {
        let mut outcome = lock(&self.outcome);
        if !matches!(*outcome, Outcome::Done(_)) {
            return None;
        }
        match std::mem::replace(&mut *outcome, Outcome::Gone) {
            Outcome::Done(value) => Some(value),
            Outcome::Running(_) | Outcome::Gone => None,
        }
    }

    /// Drops the task at once (or at the end of its poll, if it is being polled). `false` if it is over.
    pub fn abort(&self) -> bool {
        self.core.upgrade().is_some_and(|core| core.drop_task(self.id))
    }
}

impl<T> Future for Join<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let _dropped_outside_the_lock;
        if let Outcome::Running(waker) = &mut *lock(&self.outcome) {
            _dropped_outside_the_lock = waker.replace(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(self.take())
    }
}

impl<T> fmt::Debug for Join<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join").field("id", &self.id).field("is_over", &self.is_over()).finish()
    }
}

/// A [`Join`] whose task has no number yet.
pub(crate) struct Unstarted<T> {
    outcome: Arc<Mutex<Outcome<T>>>,
}

impl<T> Unstarted<T> {
    pub(crate) fn started(self, core: &Arc<Core>, id: TaskId) -> Join<T> {
        Join { id, core: Arc::downgrade(core), outcome: self.outcome }
    }
}

/// The task's half: it leaves the result behind, or word that there will be none.
struct Promise<T>(Arc<Mutex<Outcome<T>>>);

impl<T> Promise<T> {
    fn leave(&self, result: Outcome<T>) {
        let before = {
            let mut outcome = lock(&self.0);
            if !matches!(*outcome, Outcome::Running(_)) {
                return;
            }
            std::mem::replace(&mut *outcome, result)
        };
        if let Outcome::Running(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.leave(Outcome::Gone);
    }
}

fn lock<T>(outcome: &Mutex<Outcome<T>>) -> MutexGuard<'_, Outcome<T>> {
    outcome.lock().expect("no code of others runs under this lock, so nothing panics there")
}
