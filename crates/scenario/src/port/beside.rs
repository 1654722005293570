//! Futures that go on while another one is awaited.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

type Going<T> = Pin<Box<dyn Future<Output = T>>>;

/// A set of futures, each with a name, that belong to one task: the caller's.
pub(super) struct Beside<T> {
    going: Vec<(String, Going<T>)>,
    done: Vec<(String, T)>,
}

impl<T> Beside<T> {
    pub(super) fn new() -> Self {
        Beside { going: Vec::new(), done: Vec::new() }
    }

    /// Adds one. It is polled when something is awaited.
    pub(super) fn add(&mut self, name: &str, future: impl Future<Output = T> + 'static) {
        self.going.push((name.to_owned(), Box::pin(future)));
    }

    /// Whether one of this name goes on.
    pub(super) fn is_going(&self, name: &str) -> bool {
        self.going.iter().any(|(other, _)| other == name)
    }

    /// Drops the one of this name, if it has not ended. What it gave is dropped too.
    pub(super) fn drop_one(&mut self, name: &str) {
        self.going.retain(|(other, _)| other != name);
        self.done.retain(|(other, _)| other != name);
    }

    /// What the ended ones gave.
    pub(super) fn take_done(&mut self) -> Vec<(String, T)> {
        std::mem::take(&mut self.done)
    }

    /// Awaits `main`; the others go on meanwhile.
    pub(super) async fn with<M>(&mut self, main: impl Future<Output = M>) -> M {
        let mut main = pin!(main);
        poll_fn(|cx| {
            self.poll_all(cx);
            main.as_mut().poll(cx)
        })
        .await
    }

    /// Awaits the one of this name, if it goes on.
    pub(super) async fn until(&mut self, name: &str) {
        poll_fn(|cx| {
            self.poll_all(cx);
            if self.is_going(name) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    /// Polls each once, in the order in which they were added.
    pub(super) fn poll_all(&mut self, cx: &mut Context<'_>) {
        let mut at = 0;
        while let Some((_, future)) = self.going.get_mut(at) {
            match future.as_mut().poll(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(given) => {
                    let (name, _over) = self.going.remove(at);
                    self.done.push((name, given));
                }
            }
        }
    }
}
