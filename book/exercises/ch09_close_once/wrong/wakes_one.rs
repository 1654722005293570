//! Wakes one of those who wait.

use std::future::Future;
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

/// Why a connection was closed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reason {
    /// The server has hung up while nobody asked anything.
    ServerClosedIdle,
    /// A request could not be written.
    WriteFailed,
    /// The caller has given its request up.
    Canceled,
}

/// A connection that many may close.
#[derive(Debug, Default)]
pub struct Conn {
    closed: Mutex<Option<Reason>>,
    end: Notify,
}

impl Conn {
    /// Why it was closed; `None` while it is open.
    pub fn reason(&self) -> Option<Reason> {
        *self.lock()
    }

    /// Closes the connection, unless somebody has begun to: the first who comes here has closed it, and all others are
    /// too late. Whoever closes it also says `goodbye`, which takes a moment; the others say nothing.
    ///
    /// Returns whether this call has closed it.
    pub async fn close(&self, reason: Reason, goodbye: impl Future<Output = ()>) -> bool {
        {
            let mut closed = self.lock();
            if closed.is_some() {
                return false;
            }
            *closed = Some(reason);
        }
        self.end.notify_one();
        goodbye.await;
        true
    }

    /// Waits until the connection is closed, and says why it was. The goodbye is not waited for.
    pub async fn closed(&self) -> Reason {
        loop {
            // Taken before the look: who waits from here on also hears what happens in between.
            let end = self.end.notified();
            if let Some(reason) = self.reason() {
                return reason;
            }
            end.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Reason>> {
        self.closed.lock().expect("no code of others runs under this lock, so nothing panics there")
    }
}
