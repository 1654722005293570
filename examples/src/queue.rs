//! Lab F: a queue that passes its tests, and what is wrong with it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use stepper::{Stalled, Stepper, yield_now};
use tokio::sync::Notify;

/// Items, and a bell that rings when one comes.
#[derive(Debug, Default)]
pub struct Queue {
    items: Mutex<VecDeque<u32>>,
    bell: Notify,
}

/// How the queue waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// It looks, writes a line to a log, and then waits for the bell.
    Broken,
    /// It listens for the bell before it looks.
    Mended,
}

impl Queue {
    /// Adds an item and rings.
    pub fn push(&self, item: u32) {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).push_back(item);
        self.bell.notify_waiters();
    }

    fn look(&self) -> Option<u32> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    // ANCHOR: broken
    /// Takes the first item, or waits for one.
    pub async fn pop(&self) -> u32 {
        loop {
            if let Some(item) = self.look() {
                return item;
            }
            log("nothing there, waits").await;
            self.bell.notified().await;
        }
    }
    // ANCHOR_END: broken

    // ANCHOR: mended
    /// The same, listening before it looks.
    pub async fn pop_mended(&self) -> u32 {
        loop {
            let bell = self.bell.notified();
            if let Some(item) = self.look() {
                return item;
            }
            log("nothing there, waits").await;
            bell.await;
        }
    }
    // ANCHOR_END: mended
}

/// Writes a line to a log. It takes a moment, in which others run.
async fn log(_line: &str) {
    yield_now().await;
}

/// Somebody who pops one item. Gives it.
pub async fn consumer(queue: Arc<Queue>, wait: Wait) -> u32 {
    match wait {
        Wait::Broken => queue.pop().await,
        Wait::Mended => queue.pop_mended().await,
    }
}

/// How many turns the producer works.
pub const TURNS: usize = 3;

/// Somebody who works for so many turns and then pushes one.
pub async fn producer(queue: Arc<Queue>, turns: usize) {
    for _ in 0..turns {
        yield_now().await;
    }
    queue.push(7);
}

/// One consumer and one producer on the stepper.
///
/// # Errors
///
/// The report of a hang.
pub fn on_stepper(wait: Wait, turns: usize, seed: u64) -> Result<u32, Stalled> {
    // ANCHOR: search
    let stepper = Stepper::seeded(seed);
    let queue = Arc::new(Queue::default());
    stepper.spawn("producer", producer(Arc::clone(&queue), turns));
    stepper.block_on("consumer", consumer(queue, wait))
    // ANCHOR_END: search
}

/// The same on tokio's runtime with one thread: whether the consumer got its item.
///
/// # Errors
///
/// When there is no runtime.
pub fn on_tokio(wait: Wait) -> std::io::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(async {
        let queue = Arc::new(Queue::default());
        let consumer = tokio::spawn(consumer(Arc::clone(&queue), wait));
        tokio::spawn(producer(queue, TURNS));
        // Nothing here waits for a socket or a clock: after so many turns nobody has anything left to do.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        consumer.is_finished()
    }))
}
