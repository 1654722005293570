//! The virtual clock: it stands still while anybody is ready, then jumps to the next timer.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use httptrace::Timer;

use crate::executor::Core;

/// Deadlines from here on mean "never" (a hundred years): the clock does not jump to them.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// When a timer fires, then in which order it was set among equals.
pub(crate) type Slot = (Duration, u64);

/// The time, and the wakers of the timers that somebody waits for.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    now: Duration,
    set: u64,
    timers: BTreeMap<Slot, Waker>,
}

impl Clock {
    pub(crate) fn now(&self) -> Duration {
        self.now
    }

    /// Jumps to the earliest timer and hands out the wakers of all that are due, in their order.
    /// `None` when there is no timer to jump to.
    pub(crate) fn advance(&mut self) -> Option<Vec<Waker>> {
        let (&(deadline, _), _) = self.timers.first_key_value()?;
        if deadline >= NEVER {
            return None;
        }
        self.now = self.now.max(deadline);
        let later = self.timers.split_off(&(self.now, u64::MAX));
        let due = std::mem::replace(&mut self.timers, later);
        Some(due.into_values().collect())
    }

    /// Sets a timer; the place it gets is after all others of the same deadline.
    fn set(&mut self, deadline: Duration, waker: Waker) -> Slot {
        self.set += 1;
        let slot = (deadline, self.set);
        self.timers.insert(slot, waker);
        slot
    }

    /// Takes a timer out. The waker is for the caller to drop, outside the lock.
    fn unset(&mut self, slot: Slot) -> Option<Waker> {
        self.timers.remove(&slot)
    }

    /// Replaces the waker of a timer that is still set and returns the old one.
    fn refresh(&mut self, slot: Slot, waker: &Waker) -> Option<Waker> {
        let old = self.timers.get_mut(&slot)?;
        Some(std::mem::replace(old, waker.clone()))
    }

    /// All wakers, when the run is over.
    pub(crate) fn clear(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.timers).into_values().collect()
    }
}

/// A timer on the virtual clock. It is on the clock from its first pending poll until it fires or is
/// dropped.
pub(crate) struct StepTimer {
    core: Arc<Core>,
    deadline: Duration,
    slot: Option<Slot>,
}

impl StepTimer {
    pub(crate) fn new(core: Arc<Core>, deadline: Duration) -> Self {
        StepTimer { core, deadline, slot: None }
    }
}

impl Future for StepTimer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (poll, _dropped_outside_the_lock) = this.core.with_clock(|clock| {
            if clock.now() >= this.deadline {
                return (Poll::Ready(()), this.slot.take().and_then(|slot| clock.unset(slot)));
            }
            let old = this.slot.and_then(|slot| clock.refresh(slot, cx.waker()));
            if old.is_none() {
                this.slot = Some(clock.set(this.deadline, cx.waker().clone()));
            }
            (Poll::Pending, old)
        });
        poll
    }
}

impl Timer for StepTimer {
    /// Like tokio's: whoever waits for the timer need not poll it again to be woken at the new time.
    fn reset(mut self: Pin<&mut Self>, deadline: Duration) {
        let this = &mut *self;
        this.deadline = deadline;
        let due = this.core.with_clock(|clock| {
            let waker = clock.unset(this.slot.take()?)?;
            if clock.now() >= deadline {
                return Some(waker);
            }
            this.slot = Some(clock.set(deadline, waker));
            None
        });
        if let Some(waker) = due {
            waker.wake();
        }
    }
}

impl Drop for StepTimer {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            let _dropped_outside_the_lock = self.core.with_clock(|clock| clock.unset(slot));
        }
    }
}
