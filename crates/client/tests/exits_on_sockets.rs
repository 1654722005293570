//! Exits that need real sockets, threads or more than one runtime: a runtime is shut down in the middle, a client is
//! shared by two of them, a body changes its thread. The others are taken on the stepper (its tests `exits`).

use std::any::Any;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::time::Duration;

use client::{Client, Config, Request, RequestBody, Response, Transport};
use http::Method;
use httptrace::{
    BoxFuture, BoxIo, Census, Counts, Event, Exit, Recorder, Runtime as Seam, TaskName, Timer, TokioRuntime,
};
use origin::{Plan, Reply, Script, TcpOrigin};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};

use crate::support::{BOUND, fetch, on_sockets, request, within};

const FIVE_OF_13: &str = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nabcde";
const NO_RUNTIME: &str = "http: no runtime to dial on";
const RUNTIME_GONE: &str = "http: the runtime of the connection was shut down";

/// The two kinds of runtime that tokio has.
const KINDS: [fn() -> Runtime; 2] = [one_thread, two_threads];

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn two_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// A client with a pool of its own and room for one connection to a host, and what it tells.
struct Shared {
    client: Client,
    seam: Arc<HangingDials>,
    recorder: Arc<Recorder>,
}

impl Shared {
    fn new() -> Self {
        Self::with(|config| config.max_conns_per_host = Some(1))
    }

    fn with(set: impl FnOnce(&mut Config)) -> Self {
        let seam = Arc::new(HangingDials { tokio: TokioRuntime::new(), hang: AtomicBool::new(false) });
        let rt = Arc::clone(&seam) as Arc<dyn Seam>;
        let recorder = Recorder::new(Arc::clone(&rt));
        let mut config = Config { trace: recorder.trace(), ..Config::default_transport(rt) };
        set(&mut config);
        Shared { client: Client::new(Transport::new(config)), seam, recorder }
    }

    fn counts(&self) -> Counts {
        self.seam.census().counts()
    }

    fn closed(&self) -> Vec<String> {
        let reason = |record: httptrace::Record| match record.event {
            Event::ConnClosed { reason } => Some(reason),
            _ => None,
        };
        self.recorder.records().into_iter().filter_map(reason).collect()
    }

    /// Nothing is left of the runtime that was shut down, and the transport serves the next one.
    fn is_as_new(&self, origin: &TcpOrigin, state: impl std::fmt::Debug) {
        assert_eq!(self.counts(), Counts::default(), "{state:?}");
        let census = self.client.transport().pool_census();
        assert_eq!((census.idle, census.waiting, census.conns), (0, 0, 0), "{state:?}");
        self.seam.hang.store(false, Ordering::Relaxed);
        let next = one_thread();
        next.block_on(async {
            let body = within("a request on a new runtime", fetch(&self.client, &origin.url("/kept"))).await;
            assert_eq!(body.len(), 13, "{state:?}");
            assert_eq!(self.client.transport().pool_census().idle, 1, "{state:?}");
        });
        drop(next);
        assert_eq!(self.counts(), Counts::default(), "{state:?}");
        assert_eq!(self.client.transport().pool_census().idle, 0, "{state:?}: it has left with its runtime");
        one_thread().block_on(within("the connections to end", origin.until(|stats| stats.open == 0)));
    }
}

/// Tokio, with dials that never end as long as one wants.
struct HangingDials {
    tokio: Arc<TokioRuntime>,
    hang: AtomicBool,
}

impl Seam for HangingDials {
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>) {
        self.tokio.spawn(name, task);
    }

    fn timer(&self, deadline: Duration) -> Pin<Box<dyn Timer>> {
        self.tokio.timer(deadline)
    }

    fn now(&self) -> Duration {
        self.tokio.now()
    }

    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.tokio.lookup(host)
    }

    fn connect(&self, addr: SocketAddr, keep_alive: Option<Duration>) -> BoxFuture<'_, io::Result<BoxIo>> {
        match self.hang.load(Ordering::Relaxed) {
            true => Box::pin(std::future::pending()),
            false => self.tokio.connect(addr, keep_alive),
        }
    }

    fn census(&self) -> &Arc<Census> {
        self.tokio.census()
    }
}

// A runtime is shut down in the middle.

/// Where a request is at that moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    QueuedForAPlace,
    Dialling,
    Writing,
    Waiting,
    ReadingTheHead,
    ReadingTheBody,
}

const STATES: [At; 6] =
    [At::QueuedForAPlace, At::Dialling, At::Writing, At::Waiting, At::ReadingTheHead, At::ReadingTheBody];

fn origin() -> TcpOrigin {
    let routes = origin::Router::new()
        .at("/kept", Reply::bytes(13))
        .script("/waiting", Script::new().reached("waiting").hold())
        .script("/head", Script::new().send("HTTP/1.1 200 OK\r\nContent-").reached("head").hold())
        .script("/body", Script::new().send(FIVE_OF_13).hold());
    TcpOrigin::start(routes).expect("a free port of loopback")
}

/// What a request sees: its status and body, and the error that ended it.
async fn ask(client: Client, request: Request) -> String {
    match client.do_request(request).await {
        Ok(response) => read(response).await,
        Err(error) => error.reason.to_string(),
    }
}

async fn read(mut response: Response) -> String {
    let mut bytes = Vec::new();
    match response.body.read_to_end(&mut bytes).await {
        Ok(_) => format!("{}, {} bytes", response.status, bytes.len()),
        Err(error) => format!("{}, {} bytes, then {error}", response.status, bytes.len()),
    }
}

/// Begins a request that will stop at this state, and waits until it is there. Runs on the runtime that dies.
async fn bring_to(
    at: At,
    shared: &Shared,
    origin: &TcpOrigin,
) -> (Pin<Box<dyn Future<Output = String> + Send>>, Box<dyn Any>) {
    let get = |path: &str| request(Method::GET, &origin.url(path));
    let mut alive: Box<dyn Any> = Box::new(());
    let asked = match at {
        At::QueuedForAPlace => {
            let holds = shared.client.get(&origin.url("/body")).await.expect("a response that holds the one place");
            alive = Box::new(holds);
            get("/kept")
        }
        At::Dialling => {
            shared.seam.hang.store(true, Ordering::Relaxed);
            get("/kept")
        }
        At::Writing => {
            let (source, mut writer) = tokio::io::duplex(64);
            writer.write_all(b"the first piece").await.expect("room");
            alive = Box::new(writer);
            let mut post = request(Method::POST, &origin.url("/kept"));
            post.body = RequestBody::reader(source, None);
            post
        }
        At::Waiting => get("/waiting"),
        At::ReadingTheHead => get("/head"),
        At::ReadingTheBody => get("/body"),
    };
    let mut caller: Pin<Box<dyn Future<Output = String> + Send>> = Box::pin(ask(shared.client.clone(), asked));
    let there = async {
        match at {
            At::QueuedForAPlace => until(|| shared.client.transport().pool_census().waiting > 0).await,
            At::Dialling => until(|| shared.counts().dial == 1).await,
            At::Writing => drop(origin.until(|stats| stats.conns.iter().any(|conn| conn.received > 100)).await),
            At::Waiting => drop(origin.reached("waiting").await),
            At::ReadingTheHead => drop(origin.reached("head").await),
            At::ReadingTheBody => until(|| took(&shared.recorder, Exit::GotResponse)).await,
        }
    };
    let mut there = pin!(there);
    poll_fn(|cx| {
        assert!(caller.as_mut().poll(cx).is_pending(), "{at:?}: it ends before it is there");
        there.as_mut().poll(cx)
    })
    .await;
    (caller, alive)
}

fn took(recorder: &Recorder, exit: Exit) -> bool {
    recorder.records().iter().any(|record| matches!(record.event, Event::Exit { id } if id == exit))
}

/// Gives way until something holds that this runtime brings about.
async fn until(mut holds: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < BOUND, "it never holds");
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_request_whose_connection_was_on_a_runtime_that_is_shut_down_gets_an_error_and_the_next_one_an_answer() {
    for kind in KINDS {
        for at in STATES {
            let (shared, origin) = (Shared::new(), origin());
            let home = kind();
            let (caller, alive) = home.block_on(within("the state", bring_to(at, &shared, &origin)));
            drop(home);
            let saw = one_thread().block_on(within("the request's end", caller));
            let broken = format!("net/http: HTTP/1.x transport connection broken: {RUNTIME_GONE}");
            match at {
                At::QueuedForAPlace => {
                    assert_eq!(saw, "200, 13 bytes", "the place is free, and its own runtime is there")
                }
                At::Dialling => assert_eq!(saw, NO_RUNTIME),
                At::Writing | At::Waiting | At::ReadingTheHead => assert_eq!(saw, broken, "{at:?}"),
                At::ReadingTheBody => assert_eq!(saw, format!("200, 5 bytes, then {RUNTIME_GONE}")),
            }
            if at != At::Dialling {
                assert_eq!(shared.closed()[0], RUNTIME_GONE, "{at:?}");
            }
            drop(alive);
            shared.is_as_new(&origin, at);
        }
    }
}

#[test]
fn a_runtime_that_is_shut_down_with_its_requests_leaves_nothing() {
    for kind in KINDS {
        for at in STATES {
            let (shared, origin) = (Shared::new(), origin());
            let home = kind();
            let (caller, alive) = home.block_on(within("the state", bring_to(at, &shared, &origin)));
            // On the runtime, as any task of the caller's.
            let caller = home.spawn(caller);
            drop(home);
            let gone = one_thread().block_on(within("the request's end", caller));
            match gone {
                Err(gone) => assert!(gone.is_cancelled(), "{at:?}: {gone}"),
                // Of two threads one may still run the request when the other drops its connection.
                Ok(saw) => assert!([RUNTIME_GONE, NO_RUNTIME].iter().any(|text| saw.ends_with(text)), "{at:?}: {saw}"),
            }
            drop(alive);
            shared.is_as_new(&origin, at);
        }
    }
}

/// Each of them would hand its place to the next one, and none of them can dial any more.
#[test]
fn a_runtime_that_is_shut_down_with_a_long_line_of_requests_leaves_nothing() {
    for kind in KINDS {
        let (shared, origin) = (Shared::new(), origin());
        let home = kind();
        home.block_on(within("the line", async {
            let holds = shared.client.get(&origin.url("/body")).await.expect("a response that holds the one place");
            for _ in 0..5_000 {
                tokio::spawn(ask(shared.client.clone(), request(Method::GET, &origin.url("/kept"))));
            }
            until(|| shared.client.transport().pool_census().waiting >= 5_000).await;
            // Its connection ends with the runtime.
            tokio::spawn(async move {
                let _holds = holds;
                std::future::pending::<()>().await;
            });
        }));
        drop(home);
        shared.is_as_new(&origin, "a line");
    }
}

#[test]
fn idle_connections_leave_the_pool_with_their_runtime() {
    for kind in KINDS {
        let (shared, origin) = (Shared::new(), origin());
        let home = kind();
        home.block_on(within("a request", fetch(&shared.client, &origin.url("/kept"))));
        assert_eq!(shared.client.transport().pool_census().idle, 1);
        drop(home);
        assert_eq!(shared.closed(), [RUNTIME_GONE]);
        shared.is_as_new(&origin, "idle");
    }
}

// A client shared by two runtimes that are both alive.

#[test]
fn a_connection_serves_whoever_asks_as_long_as_its_own_runtime_runs() {
    let (shared, origin) = (Shared::new(), origin());
    let (home, guest) = (two_threads(), one_thread());
    home.block_on(within("a request", fetch(&shared.client, &origin.url("/kept"))));
    for _ in 0..20 {
        let body = guest.block_on(within("a request of the guest's", fetch(&shared.client, &origin.url("/kept"))));
        assert_eq!(body.len(), 13);
        home.block_on(within("a request", fetch(&shared.client, &origin.url("/kept"))));
    }
    assert_eq!(origin.stats().accepted, 1);
    drop(guest);
    home.block_on(within("a request", fetch(&shared.client, &origin.url("/kept"))));
    assert_eq!(origin.stats().accepted, 1, "it is not the guest's");
    drop(home);
    shared.is_as_new(&origin, "two runtimes");
}

#[test]
fn requests_of_two_runtimes_at_once_are_all_answered_and_one_runtime_may_leave() {
    let shared = Shared::with(|config| {
        config.max_conns_per_host = Some(3);
        config.max_idle_conns_per_host = Some(3);
    });
    let origin = origin();
    let (home, other) = (two_threads(), two_threads());
    let url = origin.url("/kept");
    let run = |runtime: &Runtime, requests: usize| -> Vec<_> {
        let ask = |_| {
            let (client, url) = (shared.client.clone(), url.clone());
            runtime.spawn(async move {
                for _ in 0..requests {
                    assert_eq!(fetch(&client, &url).await.len(), 13);
                }
            })
        };
        (0..4).map(ask).collect()
    };
    let wait = |callers: Vec<tokio::task::JoinHandle<()>>| {
        one_thread().block_on(within("the requests", async {
            for caller in callers {
                caller.await.expect("no panic, and not dropped");
            }
        }));
    };
    let (here, there) = (run(&home, 50), run(&other, 50));
    wait(here);
    wait(there);
    assert_eq!(origin.stats().requests, 400);
    assert!(origin.stats().most_open <= 3, "{}", origin.stats());
    drop(home);
    wait(run(&other, 50));
    let census = shared.client.transport().pool_census();
    assert_eq!(2 * census.idle, shared.counts().total(), "only those of the other runtime are left");
    drop(other);
    shared.is_as_new(&origin, "two runtimes at once");
}

/// A current_thread runtime runs its tasks only while somebody blocks on it. A connection that was opened there stays in
/// the pool, and a request that gets it waits until its runtime is driven again: nobody else can write or read for it.
/// Nothing but the caller's own context or token ends such a wait (the header timeout counts from the end of the write).
#[test]
fn a_connection_whose_runtime_is_not_driven_keeps_its_request_waiting_until_it_is() {
    let (shared, origin) = (Shared::new(), origin());
    let (home, guest) = (one_thread(), two_threads());
    home.block_on(within("a request", fetch(&shared.client, &origin.url("/kept"))));
    let asked = request(Method::GET, &origin.url("/kept"));
    let caller = guest.spawn(ask(shared.client.clone(), asked));
    guest.block_on(within("the request", until(|| took(&shared.recorder, Exit::IdleHit))));
    assert_eq!(origin.stats().requests, 1, "nobody writes it");
    assert!(!caller.is_finished());
    let saw = home.block_on(within("the answer", caller)).expect("no panic");
    assert_eq!(saw, "200, 13 bytes");
    assert_eq!(origin.stats().accepted, 1);
}

#[test]
fn a_request_that_waits_for_a_runtime_that_is_not_driven_can_be_given_up() {
    let shared = Shared::with(|_| {});
    let origin = origin();
    let (home, guest) = (one_thread(), two_threads());
    home.block_on(within("a request", fetch(&shared.client, &origin.url("/kept"))));
    let mut asked = request(Method::GET, &origin.url("/kept"));
    let token = asked.cancel_token();
    let caller = guest.spawn(ask(shared.client.clone(), asked));
    guest.block_on(within("the request", until(|| took(&shared.recorder, Exit::IdleHit))));
    token.cancel();
    let saw = guest.block_on(within("the cancelled request", caller)).expect("no panic");
    assert_eq!(saw, "net/http: request canceled");
    guest.block_on(within("the connection's end", origin.until(|stats| stats.open == 0)));
    let body = guest.block_on(within("a second request", fetch(&shared.client, &origin.url("/kept"))));
    assert_eq!((body.len(), origin.stats().accepted), (13, 2), "it got a connection of its own");
    // What is left of the first connection goes with its runtime, or when that is driven again.
    assert_eq!(shared.counts(), Counts { read_loop: 2, write_loop: 2, dial: 0 });
    home.block_on(within("its loops", shared.seam.census().until(|counts| counts.total() == 2)));
    drop(guest);
    shared.is_as_new(&origin, "given up");
}

// Without a runtime.

#[test]
fn a_request_without_a_runtime_to_dial_on_is_an_error_and_no_panic() {
    let (shared, origin) = (Shared::new(), origin());
    let saw = block_on(ask(shared.client.clone(), request(Method::GET, &origin.url("/kept"))));
    assert_eq!(saw, NO_RUNTIME);
    shared.is_as_new(&origin, "no runtime");
}

#[test]
fn a_request_without_a_runtime_can_use_a_connection_that_has_one() {
    let (shared, origin) = (Shared::new(), origin());
    let home = two_threads();
    home.block_on(within("a request", fetch(&shared.client, &origin.url("/kept"))));
    let saw = block_on(ask(shared.client.clone(), request(Method::GET, &origin.url("/kept"))));
    assert_eq!((&*saw, origin.stats().accepted), ("200, 13 bytes", 1));
    drop(home);
    shared.is_as_new(&origin, "no runtime, but a connection");
}

/// The smallest executor: polls when it is woken, and has neither timers nor sockets nor tasks.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Thread(std::thread::Thread);
    impl Wake for Thread {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Thread(std::thread::current())));
    let began = std::time::Instant::now();
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
            return value;
        }
        assert!(began.elapsed() < BOUND, "it hangs");
        std::thread::park_timeout(BOUND);
    }
}

// A body changes its task, its thread and its runtime.

#[test]
fn a_body_that_waits_can_be_sent_to_another_thread_and_read_there() {
    for kind in KINDS {
        on_sockets(async |stage| {
            let script = Script::new().await_request().send(FIVE_OF_13).await_gate("moved").send("fghijklm").hold();
            let origin = stage.origin(script);
            let client = stage.client();
            let mut response = client.get(&origin.url("/")).await.unwrap();
            let mut five = [0; 5];
            response.body.read_exact(&mut five).await.unwrap();
            // Here a read waits: its waker is this task's.
            poll_fn(|cx| {
                assert!(response.body.poll_piece(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            let reader = std::thread::spawn(move || {
                let runtime = kind();
                runtime.block_on(async {
                    let mut reading = pin!(within("the rest", response.body.read_all()));
                    poll_fn(|cx| {
                        assert!(reading.as_mut().poll(cx).is_pending());
                        Poll::Ready(())
                    })
                    .await;
                    origin.open_gate("moved");
                    let rest = reading.await.unwrap();
                    (rest, origin)
                })
            });
            // The connection's own runtime has to run meanwhile: the last bytes wait for the pool's answer.
            within("the body's end", stage.exit(Exit::BodyEofKept)).await;
            let (rest, origin) = reader.join().expect("no panic");
            assert_eq!((&five[..], &rest[..]), (&b"abcde"[..], &b"fghijklm"[..]));
            assert_eq!(client.transport().pool_census().idle, 1);
            drop(origin);
        });
    }
}

#[test]
fn a_body_that_waits_can_be_dropped_on_a_thread_without_a_runtime() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_request().send(FIVE_OF_13).hold());
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        response.body.read_exact(&mut [0; 5]).await.unwrap();
        poll_fn(|cx| {
            assert!(response.body.poll_piece(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        std::thread::spawn(move || drop(response)).join().expect("no panic");
        stage.exit(Exit::BodyClosedEarlyClosed).await;
        stage.tasks_become(1).await;
        within("the connection's end", origin.until(|stats| stats.open == 0)).await;
    });
}

// A reset by the kernel takes the exits that the stepper's takes.

#[test]
fn a_reset_is_a_read_error_of_an_idle_connection_and_no_first_byte_of_a_busy_one() {
    on_sockets(async |stage| {
        let once = Script::new().answer(Reply::bytes(13)).await_gate("idle").reset();
        let origin = stage.origin(Plan::new().conn(once).rest(Script::new().await_request().reset()));
        let client = stage.client();
        fetch(&client, &origin.url("/")).await;
        stage.settled().await;
        let peer = origin.stats().conns[0].peer.expect("TCP has addresses");
        origin.open_gate("idle");
        let seen = stage.exit(Exit::IdleReadError).await;
        assert_eq!(seen.conn.map(|conn| conn.0), Some(1));
        stage.tasks_become(1).await;
        let reset = format!("read tcp {peer}->{}: read: connection reset by peer", origin.addr());
        let closed = stage.nth(1, |event| matches!(event, Event::ConnClosed { .. })).await;
        assert_eq!(closed.event, Event::ConnClosed { reason: format!("readLoopPeekFailLocked: {reset}") });

        let error = client.get(&origin.url("/")).await.expect_err("no answer");
        stage.exit(Exit::HeadNoByte).await;
        let peer = origin.stats().conns[1].peer.expect("TCP has addresses");
        let reset = format!("read tcp {peer}->{}: read: connection reset by peer", origin.addr());
        assert_eq!(error.reason.to_string(), reset);
        stage.tasks_become(1).await;
    });
}
