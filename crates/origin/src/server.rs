//! A plan in use: its counters, gates and labels.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use httptrace::{BoxFuture, Runtime};
use tokio::sync::Notify;

use crate::conn::{Conn, Record};
use crate::peer::{Accept, Peer};
use crate::script::Plan;
use crate::serve;
use crate::stats::{ConnStats, End, Stats};

/// Runs a plan on the connections that a host brings.
///
/// Nothing in it needs a particular executor: whoever waits here is woken through channels that work
/// across runtimes, and time comes from the runtime that it was made with.
pub struct Server {
    plan: Plan,
    rt: Arc<dyn Runtime>,
    stats: Mutex<Arc<Stats>>,
    changed: Notify,
}

impl Server {
    /// A server whose pauses are on the clock of `rt`. It uses nothing else of it.
    pub fn new(plan: impl Into<Plan>, rt: Arc<dyn Runtime>) -> Arc<Self> {
        Arc::new(Server { plan: plan.into(), rt, stats: Mutex::default(), changed: Notify::new() })
    }

    /// Accepts connections and hands the future that serves each of them to `spawn`. Ends when `listener`
    /// fails, which counts as a failure.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops accepting. Connections live on in the futures that were spawned.
    pub async fn serve(self: Arc<Self>, mut listener: impl Accept, mut spawn: impl FnMut(BoxFuture<'static, ()>)) {
        loop {
            match listener.accept().await {
                Ok(peer) => spawn(self.serve_conn(peer)),
                Err(error) => return self.fail(format!("accept: {error}")),
            }
        }
    }

    /// Serves one connection to its end. It is counted as accepted when this is called.
    ///
    /// # Drop
    ///
    /// Dropping the future closes the connection; it then counts as [`End::Stopped`].
    pub fn serve_conn(self: &Arc<Self>, peer: Box<dyn Peer>) -> BoxFuture<'static, ()> {
        let number = self.accepted(peer.addrs().map(|(_here, there)| there));
        let steps = self.plan.steps(number);
        let conn = Conn::new(peer, Record::new(Arc::clone(self), number), self.plan.kept_body);
        Box::pin(serve::run(conn, steps))
    }

    /// The counters of this moment.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens a gate for good: who waits at it goes on, who comes later passes.
    pub fn open_gate(&self, name: impl Into<Arc<str>>) {
        let name = name.into();
        self.update(|stats| {
            stats.gates.insert(name);
        });
    }

    /// Waits until the counters satisfy `wanted`, looking again at every change.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: nothing is taken, only looked at.
    pub async fn until(&self, mut wanted: impl FnMut(&Stats) -> bool) -> Arc<Stats> {
        loop {
            let changed = self.changed.notified();
            let stats = self.stats();
            if wanted(&stats) {
                return stats;
            }
            // A snapshot that is kept makes the next change copy the counters.
            drop(stats);
            changed.await;
        }
    }

    /// Waits until a script has reached this label.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a label stays reached.
    pub async fn reached(&self, label: &str) -> Arc<Stats> {
        self.until(|stats| stats.reached(label) > 0).await
    }

    /// Asserts that nothing went against the plan.
    ///
    /// # Panics
    ///
    /// When a check failed; the text has them all.
    #[track_caller]
    pub fn assert_ok(&self) {
        let stats = self.stats();
        assert!(stats.failures.is_empty(), "the origin's checks failed:\n{stats}");
    }

    pub(crate) fn rt(&self) -> &dyn Runtime {
        &*self.rt
    }

    pub(crate) fn kept_requests(&self) -> usize {
        self.plan.kept_requests
    }

    pub(crate) fn fail(&self, text: String) {
        self.update(|stats| stats.failures.push(text));
    }

    pub(crate) fn reach(&self, label: &Arc<str>) {
        self.update(|stats| *stats.reached.entry(Arc::clone(label)).or_default() += 1);
    }

    /// Changes what is known of connection `number`.
    pub(crate) fn update_conn(&self, number: usize, change: impl FnOnce(&mut ConnStats)) {
        self.update(|stats| change(&mut stats.conns[number - 1]));
    }

    pub(crate) fn ended(&self, number: usize, end: End) {
        self.update(|stats| {
            stats.open -= 1;
            stats.conns[number - 1].end = Some(end);
        });
    }

    fn accepted(&self, peer: Option<SocketAddr>) -> usize {
        let mut number = 0;
        self.update(|stats| {
            stats.accepted += 1;
            stats.open += 1;
            stats.most_open = stats.most_open.max(stats.open);
            stats.conns.push(ConnStats { peer, ..ConnStats::default() });
            number = stats.accepted;
        });
        number
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Stats)) {
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut stats));
        drop(stats);
        self.changed.notify_waiters();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
