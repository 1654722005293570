//! Many connections: which one a request gets, which ones are kept, and what ends them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use client::{Client, Context, DialFn, Request};
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Method};
use httptrace::tokio_rt::CountedSeam;
use httptrace::{BoxFuture, BoxIo, Census, Event, Exit, Runtime, TaskName, Timer};
use origin::{End, Plan, Reply, Router, Script, TcpOrigin, pattern};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

use crate::support::{BOUND, Stage, all, fetch, give_up_once, on_sockets, open_becomes, request, within};

const CLOSE_IDLE: &str = "http: putIdleConn: CloseIdleConnections was called";
const TOO_MANY_IDLE_HOST: &str = "http: putIdleConn: too many idle connections for host";
const TRANSPORT_DROPPED: &str = "http: putIdleConn: the Transport was dropped";

fn small() -> Router {
    Router::new().at("/", Reply::bytes(13)).at("/empty", Reply::empty())
}

fn idle(client: &Client) -> usize {
    client.transport().pool_census().idle
}

/// Takes this many connections at once.
async fn parallel(client: &Client, url: &str, count: usize) -> Vec<client::Response> {
    let responses = all((0..count).map(|_| client.get(url))).await;
    responses.into_iter().collect::<Result<_, _>>().expect("responses")
}

/// A runtime whose dials wait for a permit each.
struct SlowDials {
    seam: Arc<CountedSeam>,
    permits: Semaphore,
    waiting: AtomicUsize,
}

impl SlowDials {
    fn new(stage: &Stage) -> Arc<Self> {
        let seam = Arc::clone(stage.seam());
        Arc::new(SlowDials { seam, permits: Semaphore::new(0), waiting: AtomicUsize::new(0) })
    }

    fn client(self: &Arc<Self>, stage: &Stage, max_conns_per_host: Option<usize>) -> Client {
        stage.client_with(|config| {
            config.rt = Arc::clone(self) as Arc<dyn Runtime>;
            config.max_conns_per_host = max_conns_per_host;
        })
    }

    /// Lets one dial go on.
    fn allow_one(&self) {
        self.permits.add_permits(1);
    }

    /// How many dials were begun so far.
    fn begun(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

impl Runtime for SlowDials {
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>) {
        self.seam.spawn(name, task);
    }

    fn timer(&self, deadline: Duration) -> std::pin::Pin<Box<dyn Timer>> {
        self.seam.timer(deadline)
    }

    fn now(&self) -> Duration {
        self.seam.now()
    }

    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.seam.lookup(host)
    }

    fn connect(&self, addr: SocketAddr, keep_alive: Option<Duration>) -> BoxFuture<'_, io::Result<BoxIo>> {
        Box::pin(async move {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            self.permits.acquire().await.expect("never closed").forget();
            self.seam.connect(addr, keep_alive).await
        })
    }

    fn census(&self) -> &Arc<Census> {
        self.seam.census()
    }
}

/// Waits until so many requests have asked for a connection. They ask and stand in line in one go.
async fn asked(stage: &Stage, count: usize) {
    stage.nth(count, |event| matches!(event, Event::GetConn { .. })).await;
}

// Which connection a request gets.

#[test]
fn the_most_recently_used_connection_comes_first() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let client = stage.client();
        let mut responses = parallel(&client, &origin.url("/"), 2).await;
        assert_eq!(stage.got_conns().len(), 2);
        let (first, second) = (stage.got_conns()[0], stage.got_conns()[1]);
        // The second one comes back last.
        for response in &mut responses {
            response.body.read_all().await.unwrap();
        }
        let held = parallel(&client, &origin.url("/"), 2).await;
        assert_eq!(stage.got_conns()[2..], [second, first]);
        drop(held);
        assert_eq!(origin.stats().accepted, 2);
    });
}

/// Go: TestTransportPoolConnCannotReuseConnectionInUse
#[test]
fn a_connection_in_use_is_nobody_elses() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let client = stage.client();
        let first = client.get(&origin.url("/")).await.unwrap();
        let second = client.get(&origin.url("/")).await.unwrap();
        assert_eq!((origin.stats().accepted, stage.settled().await), (2, 5));
        drop((first, second));
    });
}

/// Go: TestTransportIdleCacheKeys
#[test]
fn two_ports_are_two_keys_and_each_has_its_own_connections() {
    on_sockets(async |stage| {
        let origins = [stage.origin(small()), stage.origin(small())];
        let client = stage.client();
        assert_eq!(client.transport().idle_keys(), []);
        for _ in 0..3 {
            for origin in &origins {
                fetch(&client, &origin.url("/")).await;
            }
        }
        let mut keys = origins.each_ref().map(|origin| (format!("|http|{}", origin.addr()).into(), 1));
        keys.sort();
        assert_eq!(client.transport().idle_keys(), keys);
        assert_eq!(origins.each_ref().map(|origin| origin.stats().accepted), [1, 1]);
        assert_eq!(stage.settled().await, 5);
        client.close_idle_connections();
        assert_eq!(client.transport().idle_keys(), []);
        stage.tasks_become(1).await;
    });
}

/// Go: TestTransportSocketLateBinding
/// Go: TestTransportPoolConnConnectionBecomesAvailableDuringDial
#[test]
fn a_waiting_request_takes_a_connection_that_comes_back_and_its_own_dial_ends_in_the_pool() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let dials = SlowDials::new(stage);
        let client = dials.client(stage, None);
        dials.allow_one();
        let mut first = client.get(&origin.url("/")).await.unwrap();
        let url = origin.url("/empty");
        let (second, ()) = tokio::join!(client.get(&url), async {
            asked(stage, 2).await;
            first.body.read_all().await.unwrap();
        });
        drop(second.unwrap());
        assert_eq!((stage.got_conns(), dials.begun()), (vec![1, 1], 2));
        assert_eq!(
            (stage.count(|event| matches!(event, Event::Exit { id: Exit::LateBinding })), idle(&client)),
            (1, 1)
        );

        dials.allow_one();
        stage.exit(Exit::DialPooled).await;
        assert_eq!((idle(&client), stage.settled().await), (2, 5));
        // Most recently used: the one whose dial was lost.
        fetch(&client, &origin.url("/")).await;
        assert_eq!((stage.got_conns(), dials.begun()), (vec![1, 1, 2], 2));
        assert_eq!(origin.stats().accepted, 2);
    });
}

#[test]
fn a_request_given_up_while_it_dials_leaves_its_connection_to_the_next_one() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let dials = SlowDials::new(stage);
        let client = dials.client(stage, None);
        let url = origin.url("/");
        give_up_once(client.get(&url), stage.nth(1, |event| matches!(event, Event::ConnectStart { .. }))).await;
        assert_eq!(client.transport().pool_census().waiting, 0, "no line keeps it");
        dials.allow_one();
        stage.exit(Exit::DialPooled).await;
        fetch(&client, &url).await;
        assert_eq!((dials.begun(), origin.stats().accepted), (1, 1));
    });
}

/// Go: TestTransportCancelRequestInDial
#[test]
fn a_cancel_during_the_dial_returns_at_once() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let dials = SlowDials::new(stage);
        let client = dials.client(stage, None);
        let (context, cancel) = Context::background().with_cancel();
        let token = client::CancelToken::new();
        let mut first = request(Method::GET, &origin.url("/"));
        first.context = context;
        let mut second = request(Method::GET, &origin.url("/"));
        second.cancel = Some(token.clone());
        let (first, second, ()) = tokio::join!(client.do_request(first), client.do_request(second), async {
            stage.nth(2, |event| matches!(event, Event::ConnectStart { .. })).await;
            for _twice in 0..2 {
                cancel.cancel();
                token.cancel();
            }
        });
        let get = format!("Get {:?}", origin.url("/"));
        assert_eq!(first.unwrap_err().to_string(), format!("{get}: context canceled"));
        let waiting = "net/http: request canceled while waiting for connection";
        assert_eq!(second.unwrap_err().to_string(), format!("{get}: {waiting}"));
        assert_eq!(client.transport().pool_census().waiting, 0);
        // The dials go on for whoever comes next.
        dials.allow_one();
        dials.allow_one();
        stage.nth(2, |event| matches!(event, Event::Exit { id: Exit::DialPooled })).await;
        assert_eq!((idle(&client), stage.settled().await), (2, 5));
    });
}

// Limits.

/// Go: TestTransportMaxPerHostIdleConns
/// Go: TestTransportPoolClosesConnsPastMaxIdleConnsPerHost
#[test]
fn three_at_once_leave_two_idle_connections_and_the_third_is_refused() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let client = stage.client();
        let mut responses = parallel(&client, &origin.url("/"), 3).await;
        assert_eq!(stage.settled().await, 7);
        for response in &mut responses {
            response.body.read_all().await.unwrap();
        }
        assert_eq!(stage.pool_answers(), [None, None, Some(TOO_MANY_IDLE_HOST.into())]);
        assert_eq!(idle(&client), 2);
        stage.tasks_become(5).await;
        open_becomes(&origin, 2).await;
        drop(parallel(&client, &origin.url("/"), 2).await);
        assert_eq!(origin.stats().accepted, 3, "the two that were kept serve the next two");
    });
}

#[test]
fn max_idle_conns_closes_the_oldest_of_all_hosts() {
    on_sockets(async |stage| {
        let origins = [stage.origin(small()), stage.origin(small()), stage.origin(small())];
        let client = stage.client_with(|config| config.max_idle_conns = Some(2));
        for origin in &origins {
            fetch(&client, &origin.url("/")).await;
        }
        assert_eq!(stage.pool_answers(), [None, None, None], "the newcomer is always taken");
        let reason = "http: putIdleConn: too many idle connections";
        assert_eq!(stage.count(|event| matches!(event, Event::RemoveIdleConn { reason: r } if r == reason)), 1);
        stage.tasks_become(5).await;
        open_becomes(&origins[0], 0).await;
        assert_eq!(origins.each_ref().map(|origin| origin.stats().open), [0, 1, 1]);
        // Use makes a connection young again.
        fetch(&client, &origins[1].url("/")).await;
        fetch(&client, &origins[0].url("/")).await;
        open_becomes(&origins[2], 0).await;
        assert_eq!(origins.each_ref().map(|origin| origin.stats().open), [1, 1, 0]);
    });
}

#[test]
fn without_a_place_for_idle_connections_none_is_kept() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let client = stage.client_with(|config| config.max_idle_conns_per_host = None);
        for _ in 0..2 {
            fetch(&client, &origin.url("/")).await;
        }
        assert_eq!((origin.stats().accepted, idle(&client)), (2, 0));
        stage.tasks_become(1).await;
    });
}

#[test]
fn an_idle_connection_is_closed_after_its_time_and_not_before() {
    on_sockets(async |stage| {
        let timeout = Duration::from_millis(50);
        let origin = stage.origin(small());
        let client = stage.client_with(|config| config.idle_conn_timeout = Some(timeout));
        fetch(&client, &origin.url("/")).await;
        let put = stage.nth(1, |event| matches!(event, Event::PutIdleConn { error: None })).await;
        let exit = stage.exit(Exit::IdleTimeout).await;
        assert!(exit.at - put.at >= timeout, "closed after {:?}", exit.at - put.at);
        let reason = "http: idle connection timeout";
        assert_eq!(stage.count(|event| matches!(event, Event::ConnClosed { reason: r } if r == reason)), 1);
        assert_eq!(idle(&client), 0);
        stage.tasks_become(1).await;
        open_becomes(&origin, 0).await;
        fetch(&client, &origin.url("/")).await;
        assert_eq!(origin.stats().accepted, 2);
    });
}

#[test]
fn a_connection_in_use_has_no_idle_timeout() {
    on_sockets(async |stage| {
        let timeout = Duration::from_millis(20);
        let origin = stage.origin(Router::new().at("/", Reply::bytes(10).in_pieces(5).gate_before_last("rest")));
        let client = stage.client_with(|config| config.idle_conn_timeout = Some(timeout));
        let mut response = client.get(&origin.url("/")).await.unwrap();
        stage.runtime().timer(stage.runtime().now() + 3 * timeout).await;
        origin.open_gate("rest");
        assert_eq!(response.body.read_all().await.unwrap(), pattern(10));
        stage.exit(Exit::IdleTimeout).await;
    });
}

#[test]
fn requests_beyond_max_conns_per_host_are_served_first_come_first_served() {
    on_sockets(async |stage| {
        let routes = (0..8).fold(Router::new(), |router, n| router.at(format!("/{n}"), Reply::bytes(13)));
        let origin = stage.origin(routes);
        let client = stage.client_with(|config| config.max_conns_per_host = Some(1));
        let urls: Vec<_> = (0..8).map(|n| origin.url(&format!("/{n}"))).collect();
        all(urls.iter().map(|url| fetch(&client, url))).await;
        let stats = origin.stats();
        let paths: Vec<_> = stats.conns[0].requests.iter().map(|request| request.path()).collect();
        assert_eq!(paths, ["/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7"]);
        assert_eq!((stats.accepted, stage.settled().await), (1, 3));
        let census = client.transport().pool_census();
        assert_eq!((census.conns, census.waiting, census.idle), (1, 0, 1));
    });
}

#[test]
fn a_place_that_becomes_free_goes_to_the_next_in_line() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(13).connection_close()));
        let client = stage.client_with(|config| config.max_conns_per_host = Some(2));
        let url = origin.url("/");
        all((0..10).map(|_| fetch(&client, &url))).await;
        let stats = origin.until(|stats| stats.open == 0).await;
        assert_eq!((stats.accepted, stats.most_open <= 2), (10, true), "{stats}");
        stage.tasks_become(1).await;
        assert_eq!(client.transport().pool_census(), Default::default());
    });
}

/// Go: TestTransportMaxConnsPerHostIncludeDialInProgress
#[test]
fn a_dial_under_way_counts_as_a_connection() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let dials = SlowDials::new(stage);
        let client = dials.client(stage, Some(1));
        let url = origin.url("/");
        let ((), ()) = tokio::join!(async { drop(all((0..2).map(|_| fetch(&client, &url))).await) }, async {
            asked(stage, 2).await;
            stage.nth(1, |event| matches!(event, Event::ConnectStart { .. })).await;
            assert_eq!(dials.begun(), 1);
            dials.allow_one();
        });
        assert_eq!((dials.begun(), origin.stats().accepted), (1, 1));
    });
}

/// Go: TestTransportMaxConnsPerHostDialCancellation
#[test]
fn a_request_that_leaves_the_line_loses_nobodys_place() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let client = stage.client_with(|config| config.max_conns_per_host = Some(1));
        let url = origin.url("/");
        let mut busy = client.get(&url).await.unwrap();
        let (context, cancel) = Context::background().with_cancel();
        let mut queued = request(Method::GET, &url);
        queued.context = context;
        let (error, ()) = tokio::join!(client.do_request(queued), async {
            asked(stage, 2).await;
            cancel.cancel();
        });
        assert_eq!(error.unwrap_err().to_string(), format!("Get {url:?}: context canceled"));
        give_up_once(client.get(&url), asked(stage, 3)).await;
        assert_eq!((client.transport().pool_census().waiting, client.transport().pool_census().conns), (0, 1));
        busy.body.read_all().await.unwrap();
        fetch(&client, &url).await;
        assert_eq!(origin.stats().accepted, 1);
    });
}

#[test]
fn a_dial_that_fails_gives_its_place_back() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let (url, addr) = (origin.url("/"), origin.addr());
        drop(origin);
        let client = stage.client_with(|config| config.max_conns_per_host = Some(1));
        for result in all((0..3).map(|_| client.get(&url))).await {
            let text = result.expect_err("nobody listens").to_string();
            assert_eq!(text, format!("Get {url:?}: dial tcp {addr}: connect: connection refused"));
        }
        stage.tasks_become(1).await;
        assert_eq!(client.transport().pool_census(), Default::default());
    });
}

// What ends an idle connection.

/// Go: TestTransportCloseIdleConnsThenReturn
/// Go: TestTransportIdleConnCrash
#[test]
fn after_close_idle_connections_none_is_taken_back_until_somebody_asks_for_one() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let client = stage.client();
        let mut responses = parallel(&client, &origin.url("/"), 3).await;
        responses.pop().unwrap().body.read_all().await.unwrap();
        assert_eq!(idle(&client), 1);

        client.close_idle_connections();
        assert_eq!(idle(&client), 0);
        stage.tasks_become(5).await;
        open_becomes(&origin, 2).await;

        // A body that is being read is not touched; its connection is closed at its end.
        assert_eq!(responses.pop().unwrap().body.read_all().await.unwrap(), pattern(13));
        assert_eq!(stage.pool_answers(), [None, Some(CLOSE_IDLE.into())]);
        stage.tasks_become(3).await;

        // Somebody asks (and dials): from now on connections are kept again.
        let mut asking = client.get(&origin.url("/")).await.unwrap();
        asking.body.read_all().await.unwrap();
        responses.pop().unwrap().body.read_all().await.unwrap();
        assert_eq!(stage.pool_answers()[2..], [None, None]);
        assert_eq!((idle(&client), stage.settled().await), (2, 5));
    });
}

#[test]
fn close_idle_connections_does_not_free_bodies_that_nobody_reads() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let client = stage.client();
        let responses = parallel(&client, &origin.url("/"), 6).await;
        client.close_idle_connections();
        assert_eq!((stage.settled().await, origin.stats().open), (13, 6));
        drop(responses);
        stage.tasks_become(1).await;
        open_becomes(&origin, 0).await;
    });
}

/// One way for a server to end an idle connection, and what is seen of it here.
struct Death {
    name: &'static str,
    script: Script,
    exit: Exit,
    reason: &'static str,
}

fn deaths() -> Vec<Death> {
    let served = || Script::new().answer(Reply::bytes(13)).await_gate("now");
    let timeout = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
    let idle = "http: server closed idle connection";
    let unsolicited = "readLoopPeekFailLocked: %!w(<nil>)";
    vec![
        Death { name: "closed", script: served().close(), exit: Exit::IdleServerClosed, reason: idle },
        Death { name: "half-closed", script: served().half_close().hold(), exit: Exit::IdleServerClosed, reason: idle },
        Death { name: "408", script: served().send(timeout).close(), exit: Exit::Idle408, reason: idle },
        Death { name: "408 and open", script: served().send(timeout).hold(), exit: Exit::Idle408, reason: idle },
        Death { name: "bytes", script: served().send("hi").hold(), exit: Exit::IdleUnsolicited, reason: unsolicited },
        Death {
            name: "a whole response",
            script: served().reply(Reply::bytes(5)).hold(),
            exit: Exit::IdleUnsolicited,
            reason: unsolicited,
        },
        Death { name: "reset", script: served().reset(), exit: Exit::IdleReadError, reason: "" },
    ]
}

/// Go: TestTransportRemovesDeadIdleConnections
/// Go: TestTransportRemovesConnsAfterBroken
#[test]
fn a_dead_idle_connection_leaves_the_pool_at_once_and_without_a_request() {
    for Death { name, script, exit, reason } in deaths() {
        on_sockets(async |stage| {
            let origin = stage.origin(Plan::new().conn(script).rest(Script::new().route(small())));
            let client = stage.client_with(|config| {
                config.max_conns_per_host = Some(1);
                config.max_idle_conns_per_host = Some(1);
                config.max_idle_conns = Some(1);
            });
            fetch(&client, &origin.url("/")).await;
            assert_eq!((idle(&client), stage.settled().await), (1, 3), "{name}");
            origin.open_gate("now");
            stage.exit(exit).await;
            assert_eq!(idle(&client), 0, "{name}");
            stage.tasks_become(1).await;
            let addrs = format!("tcp {}->{}", origin.stats().conns[0].peer.unwrap(), origin.addr());
            let reset = format!("readLoopPeekFailLocked: read {addrs}: read: connection reset by peer");
            let reason = if reason.is_empty() { &reset } else { reason };
            let removed = |event: &Event| matches!(event, Event::RemoveIdleConn { reason: r } if r == reason);
            assert_eq!(stage.count(removed), 1, "{name}: {:#?}", stage.seen());
            let told = stage.count(|event| matches!(event, Event::Unsolicited { .. }));
            assert_eq!(told, usize::from(exit == Exit::IdleUnsolicited), "{name}");
            open_becomes(&origin, 0).await;
            fetch(&client, &origin.url("/")).await;
            assert_eq!(origin.stats().accepted, 2, "{name}");
        });
    }
}

/// Go: TestTransportIssue10457
#[test]
fn a_server_that_closes_right_after_a_response_without_a_body_leaves_no_task() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().answer(Reply::empty()).close());
        let client = stage.client();
        let response = client.get(&origin.url("/")).await.unwrap();
        stage.tasks_become(1).await;
        drop(response);
    });
}

#[test]
fn dropping_the_last_transport_closes_the_idle_connections() {
    on_sockets(async |stage| {
        let origins = [stage.origin(small()), stage.origin(small())];
        let client = stage.client();
        for origin in &origins {
            fetch(&client, &origin.url("/")).await;
        }
        let clone = client.clone();
        drop(client);
        assert_eq!((stage.settled().await, idle(&clone)), (5, 2), "a clone keeps them");
        drop(clone);
        stage.tasks_become(1).await;
        for origin in &origins {
            open_becomes(origin, 0).await;
        }
    });
}

#[test]
fn a_body_outlives_its_transport_and_its_connection_ends_with_it() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        drop(client);
        assert_eq!(stage.settled().await, 3);
        assert_eq!(response.body.read_all().await.unwrap(), pattern(13));
        assert_eq!(stage.pool_answers(), [Some(TRANSPORT_DROPPED.into())]);
        stage.tasks_become(1).await;
        open_becomes(&origin, 0).await;
    });
}

/// Go: TestTransportKeepAlives
/// Go: TestTransportConnectionCloseOnRequestDisableKeepAlive
/// Go: TestTransportPoolDisableKeepAlives
#[test]
fn without_keep_alives_each_request_has_a_connection_of_its_own_and_says_so() {
    for (disabled, connections) in [(false, 1), (true, 2)] {
        on_sockets(async |stage| {
            let origin = stage.origin(small());
            let client = stage.client_with(|config| config.disable_keep_alives = disabled);
            for _ in 0..2 {
                fetch(&client, &origin.url("/")).await;
            }
            let stats = origin.stats();
            assert_eq!(stats.accepted, connections);
            let says = stats.conns[0].requests[0].header("Connection").map(str::to_owned);
            assert_eq!(says.as_deref(), disabled.then_some("close"));
            if disabled {
                assert_eq!(stage.pool_answers(), [], "the pool is not even asked");
                assert_eq!(idle(&client), 0);
                stage.tasks_become(1).await;
            }
        });
    }
}

#[test]
fn without_keep_alives_the_server_is_told_unless_the_caller_has_told_it() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let client = stage.client_with(|config| config.disable_keep_alives = true);
        for (connection, upgrade, on_the_wire) in [
            ("keep-alive", None, vec!["keep-alive", "close"]),
            ("x, Close", None, vec!["x, Close"]),
            ("upgrade", None, vec!["upgrade", "close"]),
            ("Upgrade", Some("foo"), vec!["Upgrade"]),
        ] {
            let mut get = get(&origin.url("/"));
            get.header.insert(CONNECTION, HeaderValue::from_static(connection));
            if let Some(upgrade) = upgrade {
                get.header.insert(UPGRADE, HeaderValue::from_static(upgrade));
            }
            client.do_request(get).await.unwrap().body.read_all().await.unwrap();
            let stats = origin.stats();
            let raw = stats.conns.last().expect("a connection").requests[0].raw().clone();
            let lines = String::from_utf8(raw.to_vec()).unwrap();
            let said: Vec<&str> = lines.lines().filter_map(|line| line.strip_prefix("Connection: ")).collect();
            assert_eq!(said, on_the_wire);
        }
    });
}

// Retry.

/// Answers once; then the second request meets a connection that ends without an answer.
fn answers_once(end: Script) -> Plan {
    let dying = end.steps().iter().cloned().fold(Script::new().answer(Reply::bytes(13)).await_request(), Script::step);
    Plan::new().conn(dying).rest(Script::new().route(small()))
}

fn get(url: &str) -> Request {
    request(Method::GET, url)
}

fn post(url: &str) -> Request {
    let mut post = request(Method::POST, url);
    post.body = "once".into();
    post
}

fn keyed_post(url: &str) -> Request {
    let mut post = post(url);
    post.header.insert("idempotency-key", HeaderValue::from_static("7"));
    post
}

fn delete(url: &str) -> Request {
    request(Method::DELETE, url)
}

/// Go: TestTransportServerClosingUnexpectedly
#[test]
fn a_request_that_may_be_repeated_is_repeated_when_its_connection_ends_unanswered() {
    for end in [Script::new().close(), Script::new().half_close().hold(), Script::new().reset()] {
        for make in [get, keyed_post] {
            on_sockets(async |stage| {
                let origin = stage.origin(answers_once(end.clone()));
                let client = stage.client();
                fetch(&client, &origin.url("/")).await;
                let mut response = client.do_request(make(&origin.url("/"))).await.unwrap();
                assert_eq!(response.body.read_all().await.unwrap(), pattern(13));
                let stats = origin.stats();
                assert_eq!((stats.accepted, stats.requests), (2, 3));
                let seen = [&stats.conns[0].requests[1], &stats.conns[1].requests[0]];
                assert_eq!(seen[0].raw(), seen[1].raw(), "the same bytes, body included");
            });
        }
    }
}

#[test]
fn a_request_that_may_do_harm_twice_is_not_repeated() {
    for (end, reset) in
        [(Script::new().close(), false), (Script::new().half_close().hold(), false), (Script::new().reset(), true)]
    {
        for make in [post, delete] {
            on_sockets(async |stage| {
                let origin = stage.origin(answers_once(end.clone()));
                let client = stage.client();
                fetch(&client, &origin.url("/")).await;
                let error = client.do_request(make(&origin.url("/"))).await.expect_err("no answer");
                let peer = origin.stats().conns[0].peer.expect("TCP has addresses");
                let why = match reset {
                    true => format!("read tcp {peer}->{}: read: connection reset by peer", origin.addr()),
                    false => "EOF".to_owned(),
                };
                assert_eq!(error.to_string(), format!("{} {:?}: {why}", error.op, origin.url("/")));
                assert_eq!(origin.stats().requests, 2);
                stage.tasks_become(1).await;
                fetch(&client, &origin.url("/")).await;
            });
        }
    }
}

#[test]
fn a_fresh_connection_gives_no_second_chance() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_request().close());
        let client = stage.client();
        let error = client.get(&origin.url("/")).await.expect_err("no answer");
        assert_eq!(error.to_string(), format!("Get {:?}: EOF", origin.url("/")));
        assert_eq!(origin.stats().accepted, 1);
    });
}

/// Waits without giving the runtime a turn: nobody there learns of it before the next request.
fn unnoticed(origin: &TcpOrigin, end: End) {
    let began = Instant::now();
    while origin.stats().ended(end) == 0 {
        assert!(began.elapsed() < BOUND, "the origin has {}", origin.stats());
        std::thread::yield_now();
    }
}

#[test]
fn a_request_that_meets_a_connection_closed_a_moment_ago_is_repeated_if_it_may_be() {
    for make in [get, keyed_post, post] {
        on_sockets(async |stage| {
            let dying = Script::new().answer(Reply::bytes(13)).await_gate("now").close();
            let origin = stage.origin(Plan::new().conn(dying).rest(Script::new().route(small())));
            let client = stage.client();
            fetch(&client, &origin.url("/")).await;
            stage.settled().await;
            origin.open_gate("now");
            unnoticed(&origin, End::Closed);
            assert_eq!(idle(&client), 1, "nobody has noticed yet");
            let result = client.do_request(make(&origin.url("/"))).await;
            let peer = origin.stats().conns[0].peer.expect("TCP has addresses");
            match result {
                Ok(mut response) => {
                    assert_eq!(response.body.read_all().await.unwrap(), pattern(13));
                    assert_eq!((origin.stats().accepted, origin.stats().requests), (2, 2));
                }
                Err(error) => {
                    assert_eq!(error.op, "Post", "{error}");
                    // The kernel's answer to the request may come before the end of the connection is read.
                    let reset = format!("read tcp {peer}->{}: read: connection reset by peer", origin.addr());
                    let texts = ["EOF", "http: server closed idle connection", &reset];
                    assert!(texts.contains(&&*error.reason.to_string()), "{error}");
                    assert_eq!(origin.stats().requests, 1);
                    stage.tasks_become(1).await;
                }
            }
        });
    }
}

/// Go: TestStressSurpriseServerCloses
#[test]
fn five_hundred_requests_to_a_server_that_hangs_up_after_each_reply_all_return() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().answer(Reply::bytes(13)).close());
        let client = stage.client();
        let url = origin.url("/");
        let mut answered = 0;
        for round in all((0..5).map(|_| async {
            let mut answered = 0;
            for _ in 0..100 {
                answered += usize::from(within("a request", client.get(&url)).await.is_ok());
            }
            answered
        }))
        .await
        {
            answered += round;
        }
        assert_eq!(answered, 500, "a GET is repeated until it meets a fresh connection");
        client.close_idle_connections();
        stage.tasks_become(1).await;
    });
}

/// Go: TestTransportConcurrency
#[test]
fn five_hundred_requests_from_32_callers_each_get_their_own_answer() {
    on_sockets(async |stage| {
        let router = Router::new().with("/", |request| Reply::body(request.target().to_owned()));
        let origin = stage.origin(router);
        let client = stage.client();
        let next = AtomicUsize::new(0);
        let caller = async || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= 500 {
                    return;
                }
                let target = format!("/?number={number}");
                assert_eq!(fetch(&client, &origin.url(&target)).await, target);
            }
        };
        all((0..32).map(|_| caller())).await;
        assert_eq!(origin.stats().requests, 500);
        client.close_idle_connections();
        stage.tasks_become(1).await;
    });
}

// Where a connection leads to.

#[test]
fn a_name_is_looked_up_and_its_addresses_are_tried_until_one_answers() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        // It may have an address on which nobody listens, too.
        let body = fetch(&stage.client(), &format!("http://localhost:{}/", origin.addr().port())).await;
        assert_eq!(body.len(), 13);
        assert_eq!(stage.count(|event| *event == Event::DnsStart { host: "localhost".to_owned() }), 1);
        let ip = origin.addr().ip();
        let found = |event: &Event| matches!(event, Event::DnsDone { addrs, error: None } if addrs.contains(&ip));
        assert_eq!(stage.count(found), 1);
        let connected = Event::ConnectDone { addr: origin.addr().to_string(), error: None };
        assert_eq!(stage.count(|event| *event == connected), 1);
    });
}

#[test]
fn a_name_that_nobody_has_fails_in_gos_words() {
    on_sockets(async |stage| {
        let error = stage.client().get("http://nobody.invalid/").await.unwrap_err().to_string();
        assert_eq!(error, "Get \"http://nobody.invalid/\": dial tcp: lookup nobody.invalid: no such host");
    });
}

#[cfg(unix)]
#[test]
fn a_dialler_of_ones_own_can_lead_to_another_kind_of_socket() {
    on_sockets(async |stage| {
        let home = tempfile::TempDir::new().expect("a directory");
        let path = home.path().join("socket");
        let listener = tokio::net::UnixListener::bind(&path).expect("a free path");
        let client = stage.client_with(|config| {
            config.dial_context = Some(DialFn::new(move |_context, addr| {
                assert_eq!(addr, "any.test:80");
                let path = path.clone();
                async move { Ok(Box::new(tokio::net::UnixStream::connect(path).await?) as BoxIo) }
            }));
        });
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut head = [0; 16];
            stream.read_exact(&mut head).await.expect("a request");
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await.expect("it is read");
            assert!(head.starts_with(b"GET / HTTP/1.1"));
            stream
        };
        let (body, _open) = tokio::join!(fetch(&client, "http://any.test/"), server);
        assert_eq!(body, "hi");
    });
}
