//! The stage of these tests: a runtime that can count, origins that are not counted, and all events kept.

pub(crate) mod recording;

#[cfg(feature = "tls")]
pub(crate) mod proxy;

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::net::{SocketAddr, TcpStream};
use std::pin::pin;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use client::{Client, Config, EarlyClose, Proxy, Response, Transport};
use http::Method;
use httptrace::tokio_rt::CountedSeam;
use httptrace::{Actor, ConnId, Counted, Event, Exit, Listener, Runtime, Settle, TaskName, Trace};
#[cfg(feature = "tls")]
use origin::tls::{Authority, Identity};
use origin::{Plan, TcpOrigin};
use tokio::io::AsyncReadExt;
use tokio::sync::Notify;

/// How long any one wait may take before it counts as a hang.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

/// One event, when it happened and where.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) at: Duration,
    pub(crate) conn: Option<ConnId>,
    pub(crate) event: Event,
}

/// Keeps every event, and wakes those who wait for one.
pub(crate) struct Events {
    seam: Arc<CountedSeam>,
    seen: Mutex<Vec<Seen>>,
    changed: Notify,
}

impl Listener for Events {
    fn event(&self, _actor: Actor, conn: Option<ConnId>, event: Event) {
        let seen = Seen { at: self.seam.now(), conn, event };
        self.seen.lock().expect("a push cannot fail half-way").push(seen);
        self.changed.notify_waiters();
    }
}

/// Where a test runs.
pub(crate) struct Stage {
    seam: Arc<CountedSeam>,
    events: Arc<Events>,
    forgotten: Cell<usize>,
}

/// Runs a test on a fresh counted runtime. Then, with all that the test made dropped, looks that nothing of it is left:
/// no task, and no connection in memory.
pub(crate) fn on_sockets(test: impl AsyncFnOnce(&Stage)) {
    let counted = Counted::new().expect("a runtime");
    let events = Arc::new(Events { seam: counted.seam(), seen: Mutex::default(), changed: Notify::new() });
    let stage = Stage { seam: counted.seam(), events, forgotten: Cell::new(0) };
    counted.block_on(async {
        // All waits in a test together may take what one of them may.
        if tokio::time::timeout(2 * BOUND, test(&stage)).await.is_err() {
            panic!("the test hangs; the last events are {:#?}", stage.last_events());
        }
        stage.tasks_become(1 + 2 * stage.forgotten.get()).await;
        let opened = stage.count(|event| matches!(event, Event::TaskStarted { name: TaskName::ReadLoop }));
        let freed = stage.count(|event| matches!(event, Event::ConnFreed));
        assert_eq!(opened - freed, stage.forgotten.get(), "connections still in memory");
    });
}

impl Stage {
    /// Starts an origin on a thread of its own. It lives until it is dropped.
    pub(crate) fn origin(&self, plan: impl Into<Plan>) -> TcpOrigin {
        TcpOrigin::start(plan).expect("a free port of loopback")
    }

    /// Starts an origin that speaks TLS.
    #[cfg(feature = "tls")]
    pub(crate) fn tls_origin(&self, plan: impl Into<Plan>, identity: &Identity) -> TcpOrigin {
        TcpOrigin::start_tls(plan, identity).expect("a free port of loopback")
    }

    /// A client that trusts this authority and no other.
    #[cfg(feature = "tls")]
    pub(crate) fn client_trusting(&self, authority: &Authority, set: impl FnOnce(&mut Config)) -> Client {
        self.client_with(|config| {
            config.tls.roots = client::Roots::Only(vec![authority.root()]);
            set(config);
        })
    }

    /// Go's `DefaultTransport`, with the events kept, and whatever proxy the environment of the tests may name left alone.
    pub(crate) fn config(&self) -> Config {
        Config { trace: self.trace(), proxy: Proxy::None, ..Config::default_transport(self.runtime()) }
    }

    /// A client with these settings and a pool of its own.
    pub(crate) fn client_with(&self, set: impl FnOnce(&mut Config)) -> Client {
        let mut config = self.config();
        set(&mut config);
        Client::new(Transport::new(config))
    }

    /// A client with Go's default settings.
    pub(crate) fn client(&self) -> Client {
        self.client_with(|_| {})
    }

    /// A client whose drain may take long, so that a busy machine does not decide a test.
    pub(crate) fn patient_client(&self) -> Client {
        self.client_with(|config| config.early_close = EarlyClose::Drain { bytes: 256 << 10, time: BOUND })
    }

    pub(crate) fn trace(&self) -> Trace {
        Trace::to(Arc::clone(&self.events) as Arc<dyn Listener>)
    }

    pub(crate) fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::clone(&self.seam) as Arc<dyn Runtime>
    }

    pub(crate) fn seam(&self) -> &Arc<CountedSeam> {
        &self.seam
    }

    /// Waits until nothing is ready or under way, and counts tasks, the caller included. The executor's own count and
    /// the census by name must agree.
    pub(crate) async fn settled(&self) -> usize {
        within("things to settle", self.seam.settled()).await;
        self.tasks()
    }

    /// Waits until there are so many tasks, the caller included.
    pub(crate) async fn tasks_become(&self, wanted: usize) {
        let census = self.seam.census();
        let reached = tokio::time::timeout(BOUND, census.until(|counts| 1 + counts.total() == wanted)).await;
        assert!(reached.is_ok(), "waited for {wanted} tasks; there are {}: {:?}", self.tasks(), self.last_events());
        assert_eq!(self.settled().await, wanted);
    }

    fn tasks(&self) -> usize {
        let (alive, census) = (self.seam.alive_tasks(), self.seam.census().counts());
        assert_eq!(1 + alive, 1 + census.total(), "the executor's count and the census {census:?}");
        1 + alive
    }

    /// The test has forgotten a body for good; its connection and its two tasks are meant to be left.
    pub(crate) fn forgot_a_body(&self) {
        self.forgotten.set(self.forgotten.get() + 1);
    }

    /// How many events are like this.
    pub(crate) fn count(&self, like: impl Fn(&Event) -> bool) -> usize {
        self.seen().iter().filter(|seen| like(&seen.event)).count()
    }

    /// Waits until there are so many events like this, and returns the last of them.
    pub(crate) async fn nth(&self, wanted: usize, like: impl Fn(&Event) -> bool) -> Seen {
        let found = async {
            loop {
                let changed = self.events.changed.notified();
                if let Some(seen) = self.seen().into_iter().filter(|seen| like(&seen.event)).nth(wanted - 1) {
                    return seen;
                }
                changed.await;
            }
        };
        match tokio::time::timeout(BOUND, found).await {
            Ok(seen) => seen,
            Err(_late) => panic!("waited for an event; the last ones are {:#?}", self.last_events()),
        }
    }

    /// Waits until this way out was taken, and returns the event.
    pub(crate) async fn exit(&self, wanted: Exit) -> Seen {
        self.nth(1, |event| matches!(event, Event::Exit { id } if *id == wanted)).await
    }

    /// Which connections the requests got, in order.
    pub(crate) fn got_conns(&self) -> Vec<u64> {
        let got = |seen: &Seen| matches!(seen.event, Event::GotConn { .. }).then_some(seen.conn?.0);
        self.seen().iter().filter_map(got).collect()
    }

    /// What the pool said at each return of a connection: `None` is yes.
    pub(crate) fn pool_answers(&self) -> Vec<Option<String>> {
        let answer = |seen: Seen| match seen.event {
            Event::PutIdleConn { error } => Some(error),
            _ => None,
        };
        self.seen().into_iter().filter_map(answer).collect()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.events.seen.lock().expect("a push cannot fail half-way").clone()
    }

    fn last_events(&self) -> Vec<Seen> {
        let seen = self.seen();
        seen[seen.len().saturating_sub(30)..].to_vec()
    }
}

/// Gives a wait a bound of real time.
pub(crate) async fn within<T>(what: &str, wait: impl Future<Output = T>) -> T {
    match tokio::time::timeout(BOUND, wait).await {
        Ok(done) => done,
        Err(_late) => panic!("{what} took longer than {BOUND:?}"),
    }
}

/// Waits until so many connections are open at the origin.
pub(crate) async fn open_becomes(origin: &TcpOrigin, open: usize) {
    within("the origin's count of open connections", origin.until(|stats| stats.open == open)).await;
}

/// GET and read all.
pub(crate) async fn fetch(client: &Client, url: &str) -> Bytes {
    let mut response = client.get(url).await.expect("a response");
    response.body.read_all().await.expect("a whole body")
}

/// A request to be filled in.
pub(crate) fn request(method: Method, url: &str) -> client::Request {
    client::Request::new(method, url.parse().expect("a URL"))
}

/// What can be read of a body, and the error that ended it.
pub(crate) async fn read_until_error(response: &mut Response) -> (Vec<u8>, String) {
    let mut bytes = Vec::new();
    let error = response.body.read_to_end(&mut bytes).await.expect_err("the body does not end well");
    (bytes, error.to_string())
}

/// Runs all of them side by side in this task, and returns what each one gave.
pub(crate) async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (future, result) in futures.iter_mut().zip(&mut results).filter(|(_, result)| result.is_none()) {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                *result = Some(value);
            }
        }
        if results.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results.into_iter().map(|result| result.expect("all are ready")).collect()
}

/// Polls a future until `enough` is ready, then drops it. Panics if it was ready first.
pub(crate) async fn give_up_once<T>(future: impl Future<Output = T>, enough: impl Future) {
    let (mut future, mut enough) = (pin!(future), pin!(enough));
    poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending(), "there was nothing left to give up");
        enough.as_mut().poll(cx).map(drop)
    })
    .await;
}

/// Waits until a server that was started as a program accepts connections; `false` when it has ended instead. Such a
/// program tells nobody when it is ready.
pub(crate) fn listens(server: &mut Child, addr: SocketAddr) -> bool {
    let began = Instant::now();
    while began.elapsed() < BOUND {
        if server.try_wait().expect("it is our child").is_some() {
            return false;
        }
        if TcpStream::connect(addr).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the server on {addr} neither listens nor ends");
}
