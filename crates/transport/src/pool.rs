//! The idle connections, those who wait for one, and the places per host: all that is under the one lock.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use httptrace::Actor;
use parking_lot::{Mutex, MutexGuard};
use persistconn::{CloseReason, ConnHandle, ConnShared, PutIdleError, Refused};
use url::Url;

use crate::key::write_key;
use crate::proxy::Hop;
use crate::want_conn::{Delivered, WantConn};

/// The limits of a pool. See [`Config`](crate::Config).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) keep_alives: bool,
    pub(crate) max_idle_conns: Option<usize>,
    pub(crate) max_idle_conns_per_host: Option<usize>,
    pub(crate) max_conns_per_host: Option<usize>,
    pub(crate) idle_conn_timeout: Option<Duration>,
}

/// Go twin: transport.go type Transport, its fields `idleMu`, `connsPerHostMu`, and all that these two guard.
///
/// Connections are never dropped and waiters never woken under the lock: what a method takes out, it returns.
#[derive(Debug)]
pub(crate) struct Pool {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In order, so that closing them all happens in the same order in each run of a seed.
    hosts: BTreeMap<Arc<str>, Host>,
    /// All idle connections by the order in which they became idle; the first is the oldest. Go: `idleLRU`.
    order: BTreeMap<u64, Arc<str>>,
    next_number: u64,
    /// Where the key of a request is written to look for its host.
    key: String,
    /// CloseIdleConnections was called and nobody has asked for a connection since. Go: `closeIdle`.
    close_idle: bool,
}

/// What belongs to one pool key.
#[derive(Debug, Default)]
struct Host {
    /// The last one was used most recently. Go: `idleConn[key]`.
    idle: Vec<Idle>,
    /// Waiting for a connection to come back, first come first served. Go: `idleConnWait[key]`.
    wait_idle: VecDeque<Arc<WantConn>>,
    /// Connections and dials. Go counts them only under a limit (`connsPerHost[key]`); here the count also tells how long
    /// the host must be remembered.
    conns: usize,
    /// Waiting for a place to dial. Go: `connsPerHostWait[key]`.
    wait_dial: VecDeque<Arc<WantConn>>,
}

#[derive(Debug)]
struct Idle {
    handle: ConnHandle,
    number: u64,
    /// The time of day.
    since: Duration,
}

/// Connections that were idle for too long, to be dropped outside the lock.
#[derive(Debug, Default)]
struct Expired(Vec<Idle>);

impl Drop for Expired {
    fn drop(&mut self) {
        for Idle { handle, .. } in self.0.drain(..) {
            handle.close(Actor::Pool, CloseReason::IdleConnTimeout);
        }
    }
}

impl Host {
    /// The last one that is still open. Those that died in the pool are left to their read_loop, which is about to take
    /// them out.
    ///
    /// Their timers follow a clock that may have stood still while the machine slept, so the time of day is looked at too.
    fn take_idle(
        &mut self,
        order: &mut BTreeMap<u64, Arc<str>>,
        now: Duration,
        timeout: Option<Duration>,
        expired: &mut Expired,
    ) -> Option<Taken> {
        // ANCHOR: take
        let at = self.idle.iter().rposition(|idle| idle.handle.shared().is_open())?;
        let idle_for = now.saturating_sub(self.idle[at].since);
        // ANCHOR_END: take
        if timeout.is_some_and(|timeout| idle_for > timeout) {
            // Those before it have been idle for longer.
            expired.0 = mem::take(&mut self.idle);
            expired.0.iter().for_each(|idle| _ = order.remove(&idle.number));
            return None;
        }
        let Idle { handle, number, .. } = self.idle.remove(at);
        order.remove(&number);
        Some(Taken { handle, idle_for })
    }

    fn is_unused(&self) -> bool {
        self.idle.is_empty() && self.wait_idle.is_empty() && self.conns == 0 && self.wait_dial.is_empty()
    }
}

/// A connection out of the pool.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) handle: ConnHandle,
    pub(crate) idle_for: Duration,
}

/// What became of an offered connection.
pub(crate) enum Put {
    /// It is in the pool, or with a waiter; the oldest connection had to make room for it.
    Kept { evicted: Option<ConnHandle> },
    /// It is not.
    Refused(Refused),
}

impl Pool {
    pub(crate) fn new(limits: Limits) -> Self {
        Pool { limits, state: Mutex::default() }
    }

    /// The most recently used idle connection for `url` through `proxy`. Who asks is the someone that
    /// CloseIdleConnections waits for.
    pub(crate) fn take_idle(&self, proxy: Option<&Hop>, url: &Url, now: Duration) -> Option<Taken> {
        if !self.limits.keep_alives {
            return None;
        }
        let mut expired = Expired::default();
        let mut state = self.lock();
        let state = &mut *state;
        state.close_idle = false;
        state.key.clear();
        write_key(proxy, url, &mut state.key);
        let host = state.hosts.get_mut(state.key.as_str())?;
        host.take_idle(&mut state.order, now, self.limits.idle_conn_timeout, &mut expired)
    }

    /// The most recently used idle connection for `want`, or a place in the line for the next one that comes back.
    ///
    /// Go: transport.go (*Transport).queueForIdleConn
    pub(crate) fn queue_for_idle_conn(&self, want: &Arc<WantConn>, now: Duration) -> Option<Taken> {
        if !self.limits.keep_alives {
            return None;
        }
        let mut expired = Expired::default();
        let mut state = self.lock();
        let state = &mut *state;
        state.close_idle = false;
        let host = state.hosts.entry(Arc::clone(want.method.key())).or_default();
        let taken = host.take_idle(&mut state.order, now, self.limits.idle_conn_timeout, &mut expired);
        if taken.is_none() {
            host.wait_idle.push_back(Arc::clone(want));
        }
        taken
    }

    /// A place for one more connection. Without a limit there always is one.
    ///
    /// Go: transport.go (*Transport).queueForDial
    pub(crate) fn queue_for_dial(&self, want: &Arc<WantConn>) -> bool {
        let mut state = self.lock();
        let host = state.hosts.entry(Arc::clone(want.method.key())).or_default();
        if self.limits.max_conns_per_host.is_none_or(|limit| host.conns < limit) {
            host.conns += 1;
            return true;
        }
        host.wait_dial.push_back(Arc::clone(want));
        false
    }

    /// A place has become free: the first who still waits for one gets it. Otherwise it is counted as free.
    ///
    /// Go: transport.go (*Transport).decConnsPerHost
    pub(crate) fn dec_conns_per_host(&self, key: &Arc<str>) -> Option<Arc<WantConn>> {
        let mut given_up = Vec::new();
        let mut state = self.lock();
        let host = state.hosts.get_mut(key)?;
        while let Some(want) = host.wait_dial.pop_front() {
            if want.waiting() {
                return Some(want);
            }
            given_up.push(want);
        }
        host.conns -= 1;
        state.forget_if_unused(key);
        drop(state);
        drop(given_up);
        None
    }

    /// Gives the connection to the first who waits for one of its kind, or keeps it for the next, under the limits.
    ///
    /// Go: transport.go (*Transport).tryPutIdleConn
    pub(crate) fn try_put_idle_conn(&self, mut handle: ConnHandle, now: Duration) -> Put {
        let refused = |conn, reason| Put::Refused(Refused { conn, reason });
        let Some(per_host) = self.limits.max_idle_conns_per_host.filter(|_| self.limits.keep_alives) else {
            return refused(handle, PutIdleError::KeepAlivesDisabled);
        };
        if !handle.shared().is_open() {
            return refused(handle, PutIdleError::ConnBroken);
        }
        handle.mark_reused();
        let key = Arc::clone(handle.shared().key());
        loop {
            let mut state = self.lock();
            let state_ref = &mut *state;
            let host = state_ref.hosts.entry(Arc::clone(&key)).or_default();
            // ANCHOR: waiter
            if let Some(want) = host.wait_idle.pop_front() {
                state_ref.forget_if_unused(&key);
                drop(state);
                // A waiter that was served or has given up does not take it; then the next one is asked.
                match want.try_deliver(Ok(Delivered { handle, dialled: false })) {
                    Ok(()) => return Put::Kept { evicted: None },
                    Err(back) => handle = back.expect("what was offered comes back").handle,
                }
                continue;
            }
            // ANCHOR_END: waiter
            // ANCHOR: room
            let reason = if state_ref.close_idle {
                PutIdleError::CloseIdle
            } else if host.idle.len() >= per_host {
                PutIdleError::TooManyIdleHost
            } else {
                let number = state_ref.next_number;
                state_ref.next_number += 1;
                host.idle.push(Idle { handle, number, since: now });
                state_ref.order.insert(number, key);
                return Put::Kept { evicted: state_ref.evict_beyond(self.limits.max_idle_conns) };
            };
            // ANCHOR_END: room
            state_ref.forget_if_unused(&key);
            drop(state);
            return refused(handle, reason);
        }
    }

    /// Takes this connection out, if it is idle. Go: transport.go (*Transport).removeIdleConn
    pub(crate) fn remove_idle_conn(&self, conn: &ConnShared) -> Option<ConnHandle> {
        let mut state = self.lock();
        let host = state.hosts.get_mut(conn.key())?;
        let at = host.idle.iter().position(|idle| idle.handle.shared().id() == conn.id())?;
        let idle = host.idle.remove(at);
        state.order.remove(&idle.number);
        state.forget_if_unused(conn.key());
        Some(idle.handle)
    }

    /// Takes all idle connections out, and refuses those that would become idle until somebody asks for one.
    ///
    /// Go: transport.go (*Transport).CloseIdleConnections
    pub(crate) fn close_idle_connections(&self) -> Vec<ConnHandle> {
        let mut state = self.lock();
        state.close_idle = true;
        state.order.clear();
        let closed = state.hosts.values_mut().flat_map(|host| host.idle.drain(..)).map(|idle| idle.handle).collect();
        state.hosts.retain(|_, host| !host.is_unused());
        closed
    }

    /// A waiter has left: no line keeps it.
    pub(crate) fn forget(&self, want: &Arc<WantConn>) {
        let mut state = self.lock();
        let key = want.method.key();
        if let Some(host) = state.hosts.get_mut(key) {
            host.wait_idle.retain(|waiting| !Arc::ptr_eq(waiting, want));
            host.wait_dial.retain(|waiting| !Arc::ptr_eq(waiting, want));
            state.forget_if_unused(key);
        }
    }

    /// Idle connections, waiters and places taken, over all hosts.
    pub(crate) fn census(&self) -> PoolCensus {
        let state = self.lock();
        let mut census = PoolCensus { hosts: state.hosts.len(), ..PoolCensus::default() };
        for host in state.hosts.values() {
            census.idle += host.idle.len();
            census.waiting += host.wait_idle.len() + host.wait_dial.len();
            census.conns += host.conns;
        }
        census
    }

    /// The keys that have idle connections, and how many each has.
    pub(crate) fn idle_keys(&self) -> Vec<(Arc<str>, usize)> {
        let state = self.lock();
        let keys = state.hosts.iter().filter(|(_, host)| !host.idle.is_empty());
        let mut keys: Vec<_> = keys.map(|(key, host)| (Arc::clone(key), host.idle.len())).collect();
        keys.sort();
        keys
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    /// Takes the oldest idle connection out when there is one too many. Only one can be: one was added.
    fn evict_beyond(&mut self, max_idle_conns: Option<usize>) -> Option<ConnHandle> {
        // ANCHOR: evict
        if self.order.len() <= max_idle_conns? {
            return None;
        }
        let (number, key) = self.order.pop_first()?;
        let host = self.hosts.get_mut(&key)?;
        let at = host.idle.iter().position(|idle| idle.number == number)?;
        let idle = host.idle.remove(at);
        // ANCHOR_END: evict
        self.forget_if_unused(&key);
        Some(idle.handle)
    }

    /// A host that has nothing any more costs nothing any more.
    fn forget_if_unused(&mut self, key: &Arc<str>) {
        if self.hosts.get(key).is_some_and(Host::is_unused) {
            self.hosts.remove(key);
        }
    }
}

/// What lies in a pool, as numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolCensus {
    /// Pool keys that have anything at all.
    pub hosts: usize,
    /// Idle connections.
    pub idle: usize,
    /// Requests that wait for a connection or for a place.
    pub waiting: usize,
    /// Connections and dials, idle or not.
    pub conns: usize,
}
