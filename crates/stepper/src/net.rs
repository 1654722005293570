//! The network: which name has which address, who listens where, and what becomes of a connection attempt.
//!
//! Every name has an address. Who is named first gets 127.0.0.1, the next one 127.0.0.2, so that two names of one port
//! are two servers, and a run's addresses are stable.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::clock::StepTimer;
use crate::executor::Core;
use crate::stream::MemStream;
use crate::yielding::yield_now;

/// Bytes that fit into each direction of a connection unless it is set otherwise.
const BUFFER: usize = 64 * 1024;

/// The first port that a dialling end gets. They count up from here, so that a run's are stable.
const FIRST_PORT: u16 = 40_000;

/// What becomes of an attempt to connect to an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Dialling {
    /// It connects if somebody listens there, and is refused otherwise.
    Connects,
    /// It fails with this kind and this text; a transport puts `dial tcp ADDR: connect: ` before it.
    Fails(io::ErrorKind, String),
    /// It never ends; only dropping it does.
    Hangs,
}

/// How many ends of streams are alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OpenStreams {
    /// Ends that were dialled.
    pub dialled: usize,
    /// Ends that were accepted, or wait for it.
    pub accepted: usize,
}

impl OpenStreams {
    /// Both together.
    pub fn total(self) -> usize {
        self.dialled + self.accepted
    }
}

/// The network of one stepper.
#[derive(Debug, Default)]
pub(crate) struct Net {
    state: Mutex<State>,
    dialled: AtomicUsize,
    accepted: AtomicUsize,
}

#[derive(Debug)]
struct State {
    /// The addresses of each name; none: there is no such host.
    names: BTreeMap<String, Vec<IpAddr>>,
    /// How many names were given an address of their own.
    named: u32,
    listeners: BTreeMap<SocketAddr, Weak<Backlog>>,
    dialling: BTreeMap<SocketAddr, Dialling>,
    latency: Duration,
    buffer: usize,
    next_port: u16,
    read_pieces: Option<usize>,
    write_pieces: Option<usize>,
}

impl Default for State {
    fn default() -> Self {
        State {
            names: BTreeMap::new(),
            named: 0,
            listeners: BTreeMap::new(),
            dialling: BTreeMap::new(),
            latency: Duration::ZERO,
            buffer: BUFFER,
            next_port: FIRST_PORT,
            read_pieces: None,
            write_pieces: None,
        }
    }
}

impl Net {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code of others runs under this lock, so nothing panics there")
    }

    pub(crate) fn set_dialling(&self, addr: &str, dialling: Dialling) {
        let addr = self.address(addr).unwrap_or_else(|error| panic!("dial {addr}: {error}"));
        self.lock().dialling.insert(addr, dialling);
    }

    pub(crate) fn set_addresses(&self, host: &str, addresses: &[IpAddr]) {
        self.lock().names.insert(host.to_owned(), addresses.to_vec());
    }

    pub(crate) fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let mut state = self.lock();
        let state = &mut *state;
        let addresses = state.names.entry(host.to_owned()).or_insert_with(|| {
            state.named += 1;
            vec![Ipv4Addr::from_bits(Ipv4Addr::new(127, 0, 0, 0).to_bits() + state.named).into()]
        });
        match addresses.is_empty() {
            true => Err(io::Error::new(io::ErrorKind::NotFound, "no such host")),
            false => Ok(addresses.clone()),
        }
    }

    /// The first address of `addr`, which is `host:port`.
    pub(crate) fn address(&self, addr: &str) -> io::Result<SocketAddr> {
        if let Ok(addr) = addr.parse() {
            return Ok(addr);
        }
        let (host, port) = addr.rsplit_once(':').unwrap_or((addr, ""));
        let port = port.parse().unwrap_or_else(|_| panic!("{addr}: it needs the form host:port"));
        Ok(SocketAddr::new(self.lookup(host)?[0], port))
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    pub(crate) fn set_buffer(&self, bytes: usize) {
        self.lock().buffer = bytes.max(1);
    }

    pub(crate) fn set_read_pieces(&self, most: Option<usize>) {
        self.lock().read_pieces = most;
    }

    pub(crate) fn set_write_pieces(&self, most: Option<usize>) {
        self.lock().write_pieces = most;
    }

    pub(crate) fn read_pieces(&self) -> Option<usize> {
        self.lock().read_pieces
    }

    pub(crate) fn write_pieces(&self) -> Option<usize> {
        self.lock().write_pieces
    }

    /// The live ends of one kind, counted by the streams themselves.
    pub(crate) fn ends(&self, dialled: bool) -> &AtomicUsize {
        if dialled { &self.dialled } else { &self.accepted }
    }

    pub(crate) fn open(&self) -> OpenStreams {
        OpenStreams { dialled: self.dialled.load(Ordering::Relaxed), accepted: self.accepted.load(Ordering::Relaxed) }
    }
}

/// Makes two connected streams, the dialling end first.
pub(crate) fn pair(core: &Arc<Core>, server: SocketAddr) -> (MemStream, MemStream) {
    let (client, buffer) = {
        let mut state = core.net.lock();
        let port = state.next_port;
        state.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
        (SocketAddr::from((Ipv4Addr::LOCALHOST, port)), state.buffer)
    };
    MemStream::pair(core, client, server, buffer)
}

/// Connects to whoever listens on `addr`. It takes at least two polls, so that dials interleave.
pub(crate) async fn connect(core: &Arc<Core>, addr: SocketAddr) -> io::Result<MemStream> {
    let latency = core.net.lock().latency;
    if latency.is_zero() {
        yield_now().await;
    } else {
        let deadline = core.with_clock(|clock| clock.now()).saturating_add(latency);
        StepTimer::new(Arc::clone(core), deadline).await;
    }
    // Looked up only now: it is the moment of arrival that counts.
    let (dialling, backlog) = {
        let state = core.net.lock();
        (state.dialling.get(&addr).cloned(), state.listeners.get(&addr).and_then(Weak::upgrade))
    };
    match dialling.unwrap_or(Dialling::Connects) {
        Dialling::Connects => match backlog {
            Some(backlog) => Ok(backlog.connect(core)),
            None => Err(io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused")),
        },
        Dialling::Fails(kind, text) => Err(io::Error::new(kind, text)),
        Dialling::Hangs => std::future::pending().await,
    }
}

/// Connections that wait to be accepted.
#[derive(Debug)]
struct Backlog {
    addr: SocketAddr,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    streams: VecDeque<MemStream>,
    acceptor: Option<Waker>,
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no code of others runs under this lock, so nothing panics there")
    }

    fn connect(&self, core: &Arc<Core>) -> MemStream {
        let (client, server) = pair(core, self.addr);
        let acceptor = {
            let mut queue = self.lock();
            queue.streams.push_back(server);
            queue.acceptor.take()
        };
        if let Some(acceptor) = acceptor {
            acceptor.wake();
        }
        client
    }
}

/// A listening address.
///
/// # Drop
///
/// Dropping it frees the address; connections that nobody accepted are reset, as the kernel does.
pub struct Listener {
    core: Arc<Core>,
    backlog: Arc<Backlog>,
}

impl Listener {
    pub(crate) fn bind(core: &Arc<Core>, addr: &str) -> Self {
        let at = core.net.address(addr).unwrap_or_else(|error| panic!("listen {addr}: {error}"));
        let backlog = Arc::new(Backlog { addr: at, queue: Mutex::default() });
        let taken = {
            let listeners = &mut core.net.lock().listeners;
            let taken = listeners.contains_key(&at);
            if !taken {
                listeners.insert(at, Arc::downgrade(&backlog));
            }
            taken
        };
        assert!(!taken, "listen {addr}: address already in use");
        Listener { core: Arc::clone(core), backlog }
    }

    /// The next connection, in the order in which they were dialled.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a connection is taken only when it is returned.
    pub async fn accept(&mut self) -> MemStream {
        poll_fn(|cx| {
            let _dropped_outside_the_lock;
            let mut queue = self.backlog.lock();
            match queue.streams.pop_front() {
                Some(stream) => Poll::Ready(stream),
                None => {
                    _dropped_outside_the_lock = queue.acceptor.replace(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// The made-up address behind the name.
    pub fn addr(&self) -> SocketAddr {
        self.backlog.addr
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.core.net.lock().listeners.remove(&self.backlog.addr);
        let queue = std::mem::take(&mut *self.backlog.lock());
        queue.streams.into_iter().for_each(MemStream::reset);
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("addr", &self.addr()).finish_non_exhaustive()
    }
}
