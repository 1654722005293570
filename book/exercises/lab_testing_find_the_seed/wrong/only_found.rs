//! A queue that hangs now and then, and the search for when.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Mutex;

use tokio::sync::Notify;

/// Items, and a bell that rings when one comes.
#[derive(Debug, Default)]
pub struct Queue {
    items: Mutex<VecDeque<u32>>,
    bell: Notify,
}

impl Queue {
    /// Adds an item, and rings for those who wait.
    pub fn push(&self, item: u32) {
        self.items.lock().expect("nothing panics under this lock").push_back(item);
        self.bell.notify_waiters();
    }

    /// Takes the first item, or waits for one. `log` writes a line each time there is none; that takes a moment.
    pub async fn pop<L: Future<Output = ()>>(&self, log: impl Fn() -> L) -> u32 {
        loop {
            if let Some(item) = self.look() {
                return item;
            }
            log().await;
            self.bell.notified().await;
        }
    }

    fn look(&self) -> Option<u32> {
        self.items.lock().expect("nothing panics under this lock").pop_front()
    }
}

/// The first seed of a thousand under which a run hangs; `None` when there is none. `hangs` runs one seed.
pub fn find_seed(hangs: impl Fn(u64) -> bool) -> Option<u64> {
    (0..1000).find(|seed| hangs(*seed))
}
