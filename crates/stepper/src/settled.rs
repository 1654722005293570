//! Settled: an event, told when nothing is ready and nothing is under way.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::executor::Core;

/// Those who wait for things to settle.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    last: u64,
    waiting: BTreeMap<u64, Waker>,
}

impl Settling {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Lets all of them go; their wakers are for the caller to wake, outside the lock.
    pub(crate) fn settle(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.waiting).into_values().collect()
    }
}

/// Resolves when the executor finds nothing else to do.
pub(crate) struct Settled {
    core: Arc<Core>,
    ticket: Option<u64>,
}

impl Settled {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Settled { core, ticket: None }
    }
}

impl Future for Settled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (poll, _dropped_outside_the_lock) = this.core.with_settling(|settling| match this.ticket {
            Some(ticket) => match settling.waiting.get_mut(&ticket) {
                Some(waker) => (Poll::Pending, Some(std::mem::replace(waker, cx.waker().clone()))),
                None => (Poll::Ready(()), None),
            },
            None => {
                settling.last += 1;
                settling.waiting.insert(settling.last, cx.waker().clone());
                this.ticket = Some(settling.last);
                (Poll::Pending, None)
            }
        });
        poll
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let _dropped_outside_the_lock = self.core.with_settling(|settling| settling.waiting.remove(&ticket));
        }
    }
}
