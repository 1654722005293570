//! Who is alive: a count of the port's tasks by name, kept by the runtime value and by no static.

use std::sync::{Arc, Mutex, MutexGuard};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::rt::TaskName;

/// A count of live tasks, by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Live tasks named `read_loop`.
    pub read_loop: usize,
    /// Live tasks named `write_loop`.
    pub write_loop: usize,
    /// Live tasks named `dial`.
    pub dial: usize,
}

impl Counts {
    /// All of them together, without the caller.
    pub fn total(&self) -> usize {
        self.read_loop + self.write_loop + self.dial
    }

    fn of(&mut self, name: TaskName) -> &mut usize {
        match name {
            TaskName::ReadLoop => &mut self.read_loop,
            TaskName::WriteLoop => &mut self.write_loop,
            TaskName::Dial => &mut self.dial,
        }
    }
}

/// The named count of one runtime's tasks, and of the work that ends by itself.
///
/// Tasks are counted where they are born, so a count can never miss one. [`Census::busy`] marks what is
/// under way but needs nobody's help to end: a drain, a wait for the end of a write. Things have settled
/// when nothing of that kind is left.
#[derive(Debug, Default)]
pub struct Census {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    alive: Counts,
    busy: usize,
}

impl Census {
    /// The live tasks of this moment.
    pub fn counts(&self) -> Counts {
        self.lock().alive
    }

    /// Counts a task of this name as alive until the guard is dropped.
    #[must_use]
    pub fn enter(self: &Arc<Self>, name: TaskName) -> Alive {
        *self.lock().alive.of(name) += 1;
        self.changed.notify_waiters();
        Alive { census: Arc::clone(self), name }
    }

    /// Marks work as under way that ends by itself, until the guard is dropped.
    #[must_use]
    pub fn busy(self: &Arc<Self>) -> Busy {
        self.lock().busy += 1;
        Busy { census: Arc::clone(self) }
    }

    /// Whether a dial or other work that ends by itself is under way.
    pub fn is_busy(&self) -> bool {
        let state = self.lock();
        state.busy > 0 || state.alive.dial > 0
    }

    /// Whether work other than a dial is under way that ends by itself. A dial may be held up by its server.
    pub fn has_work(&self) -> bool {
        self.lock().busy > 0
    }

    /// Waits until the counts satisfy `wanted`, looking again at every birth and every death.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: nothing is taken, only looked at.
    pub async fn until(&self, mut wanted: impl FnMut(Counts) -> bool) -> Counts {
        loop {
            let changed = self.changed.notified();
            let counts = self.counts();
            if wanted(counts) {
                return counts;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the census is never left half changed")
    }
}

/// One live task; dropping it takes the task out of the census.
#[derive(Debug)]
pub struct Alive {
    census: Arc<Census>,
    name: TaskName,
}

impl Drop for Alive {
    fn drop(&mut self) {
        *self.census.lock().alive.of(self.name) -= 1;
        self.census.changed.notify_waiters();
    }
}

/// One piece of work under way; dropping it says that it is over.
#[derive(Debug)]
pub struct Busy {
    census: Arc<Census>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.census.lock().busy -= 1;
        self.census.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_live_tasks_by_name_until_their_guard_is_dropped() {
        let census = Arc::new(Census::default());
        let read = census.enter(TaskName::ReadLoop);
        let write = census.enter(TaskName::WriteLoop);
        assert_eq!(census.counts(), Counts { read_loop: 1, write_loop: 1, dial: 0 });
        drop(read);
        assert_eq!(census.counts().total(), 1);
        drop(write);
        assert_eq!(census.counts(), Counts::default());
    }

    #[test]
    fn a_dial_and_a_drain_both_keep_things_from_being_settled() {
        let census = Arc::new(Census::default());
        assert!(!census.is_busy());
        let dial = census.enter(TaskName::Dial);
        assert!(census.is_busy() && !census.has_work());
        let drain = census.busy();
        drop(dial);
        assert!(census.is_busy() && census.has_work());
        drop(drain);
        assert!(!census.is_busy());
    }
}
