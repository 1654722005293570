//! The reader's journey: who has it when, and what becomes of the connection when it does not come back as one hopes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use client::{CancelToken, Cause, Client, Context, EarlyClose, Request, RequestBody, Response};
use http::Method;
use httptrace::{Counted, Event, Exit};
use origin::{EndMark, Reply, Router, Script, TcpOrigin, pattern};
use tokio::io::AsyncReadExt;

use crate::support::{Stage, all, fetch, give_up_once, on_sockets, open_becomes, read_until_error, request, within};

/// The most that is drained after an early close, in bytes.
const LIMIT: usize = 262_144;

/// A head that promises 100 bytes, and ten of them, in one piece.
const TEN_OF_100: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789";

/// Answers each request with ten bytes of a hundred, and then waits for the client to leave.
fn ten_of_100() -> Script {
    Script::new().await_request().send(TEN_OF_100).hold()
}

async fn all_closed(origin: &TcpOrigin) {
    within("the origin's connections to end", origin.until(|stats| stats.accepted > 0 && stats.open == 0)).await;
}

// The end of a body is seen only after the pool was asked.

/// Go: TestTransportReadToEndReusesConn
/// Go: TestTransportPoolConnReusePriorConnection
#[test]
fn requests_one_after_the_other_that_read_to_the_end_share_one_connection() {
    for reply in [
        Reply::bytes(1),
        Reply::bytes(100_000),
        Reply::chunked(100_000, 4096),
        Reply::chunked(5, 1).chunk_by_chunk(),
        Reply::chunked(5, 5).end_mark(EndMark::Later),
        Reply::chunked(5, 5).trailer("X-Sum", "1"),
    ] {
        on_sockets(async |stage| {
            let origin = stage.origin(Router::new().at("/", reply));
            let client = stage.client();
            for _ in 0..20 {
                fetch(&client, &origin.url("/")).await;
                assert_eq!(client.transport().pool_census().idle, 1, "the connection is back before the end is seen");
                let mut response = client.get(&origin.url("/")).await.unwrap();
                response.body.read_to_end(&mut Vec::new()).await.unwrap();
                assert_eq!(client.transport().pool_census().idle, 1, "the connection is back before the end is seen");
            }
            assert_eq!(origin.stats().accepted, 1);
            assert_eq!(stage.settled().await, 3);
        });
    }
}

#[test]
fn reading_exactly_the_declared_length_gives_the_connection_back() {
    for size in [1, 13, 511, 512, 513, 4096, 100_000] {
        on_sockets(async |stage| {
            let origin = stage.origin(Router::new().at("/", Reply::bytes(size)));
            let client = stage.client();
            let mut kept = Vec::new();
            for _ in 0..20 {
                let mut response = client.get(&origin.url("/")).await.unwrap();
                let mut body = vec![0; size];
                response.body.read_exact(&mut body).await.unwrap();
                assert_eq!(body, pattern(size));
                assert_eq!(client.transport().pool_census().idle, 1, "{size} bytes");
                kept.push(response);
            }
            assert_eq!(origin.stats().accepted, 1, "{size} bytes");
        });
    }
}

#[test]
fn reading_exactly_the_chunks_is_enough_when_the_end_mark_came_with_them() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::chunked(1000, 100)));
        let client = stage.client();
        let mut kept = Vec::new();
        for _ in 0..20 {
            let mut response = client.get(&origin.url("/")).await.unwrap();
            response.body.read_exact(&mut [0; 1000]).await.unwrap();
            kept.push(response);
        }
        assert_eq!(origin.stats().accepted, 1);
    });
}

#[test]
fn reading_exactly_the_chunks_is_not_enough_when_the_end_mark_comes_later() {
    on_sockets(async |stage| {
        let late = Reply::chunked(1000, 100).end_mark(EndMark::Later).gate_before_last("end");
        let origin = stage.origin(Router::new().at("/", late));
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        response.body.read_exact(&mut [0; 1000]).await.unwrap();
        assert_eq!((client.transport().pool_census().idle, stage.settled().await), (0, 3));
        origin.open_gate("end");
        assert_eq!(response.body.read(&mut [0; 1]).await.unwrap(), 0);
        assert_eq!(client.transport().pool_census().idle, 1);
    });
}

#[test]
fn bytes_beyond_the_body_end_the_connection_and_are_nobodys_answer() {
    on_sockets(async |stage| {
        let wire = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcdeHTTP/1.1 500 Never asked\r\n\r\n";
        let origin = stage.origin(Script::new().await_request().send(wire).hold());
        let client = stage.client();
        assert_eq!(fetch(&client, &origin.url("/")).await, "abcde");
        let told = |event: &Event| matches!(event, Event::Unsolicited { starts_with } if starts_with == "HTTP/1.1 500");
        stage.nth(1, told).await;
        stage.tasks_become(1).await;
        assert_eq!(fetch(&client, &origin.url("/")).await, "abcde");
        assert_eq!(origin.stats().accepted, 2);
    });
}

/// Go: TestTransportReuseConnEmptyResponseBody
#[test]
fn a_hundred_responses_without_a_body_share_one_connection() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let client = stage.client();
        let mut kept = Vec::new();
        for _ in 0..100 {
            kept.push(client.get(&origin.url("/")).await.unwrap());
        }
        assert_eq!((origin.stats().accepted, stage.settled().await), (1, 3));
    });
}

// Early close.

/// Go: TestTransportNotReadToEndConnectionReuse
#[test]
fn an_early_close_drains_a_short_rest_in_the_background_and_kills_a_long_one() {
    on_sockets(async |stage| {
        let routes = Router::new()
            .at("/200k", Reply::bytes(200 << 10))
            .at("/500k", Reply::bytes(500 << 10))
            .at("/late", Reply::bytes(1000).in_pieces(500).gate_before_last("rest"));
        let origin = stage.origin(routes);
        let client = stage.patient_client();
        let (context, cancel) = Context::background().with_cancel();
        for _ in 0..3 {
            let mut get = request(Method::GET, &origin.url("/200k"));
            get.context = context.clone();
            let mut response = client.do_request(get).await.unwrap();
            response.body.close().await;
            let error = response.body.read_all().await.unwrap_err();
            assert_eq!(error.to_string(), "http: read on closed response body");
            stage.settled().await;
        }
        cancel.cancel();
        assert_eq!((origin.stats().accepted, stage.settled().await), (1, 3), "a cancel that comes late does no harm");

        client.head(&origin.url("/500k")).await.unwrap().body.close().await;
        assert_eq!((origin.stats().accepted, stage.settled().await), (1, 3), "a HEAD has nothing to drain");

        client.get(&origin.url("/late")).await.unwrap().body.close().await;
        drop(client.head(&origin.url("/200k")).await.unwrap());
        assert_eq!(origin.stats().accepted, 2, "the first connection still drains");
        origin.open_gate("rest");
        assert_eq!(stage.settled().await, 5, "now it is idle too");

        client.get(&origin.url("/500k")).await.unwrap().body.close().await;
        stage.tasks_become(3).await;
        open_becomes(&origin, 1).await;
        assert_eq!(origin.stats().accepted, 2);
    });
}

/// Makes two requests whose bodies are closed or dropped unread; says how many connections that took.
async fn connections_for_two(stage: &Stage, client: &Client, origin: &TcpOrigin, drop_it: bool) -> usize {
    for _ in 0..2 {
        let mut response = client.get(&origin.url("/")).await.unwrap();
        if !drop_it {
            response.body.close().await;
        }
        drop(response);
        stage.settled().await;
    }
    origin.stats().accepted
}

#[test]
fn the_drain_ends_exactly_at_its_limit() {
    for (reply, drained) in [
        (Reply::bytes(LIMIT), true),
        (Reply::bytes(LIMIT + 1), false),
        (Reply::chunked(LIMIT, 4096), true),
        (Reply::chunked(LIMIT + 1, 4096), false),
        (Reply::chunked(LIMIT, 1 << 20), true),
        (Reply::chunked(LIMIT + 1, 1 << 20), false),
    ] {
        for drop_it in [false, true] {
            on_sockets(async |stage| {
                let origin = stage.origin(Router::new().at("/", reply.clone()));
                let client = stage.patient_client();
                let connections = connections_for_two(stage, &client, &origin, drop_it).await;
                assert_eq!(connections, if drained { 1 } else { 2 }, "dropped: {drop_it}, {:?}", stage.seen());
                stage.tasks_become(if drained { 3 } else { 1 }).await;
            });
        }
    }
}

#[test]
fn the_drain_goes_by_the_declared_length_and_not_by_what_is_left() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(300_000)));
        let client = stage.patient_client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        response.body.read_exact(&mut vec![0; 100_000]).await.unwrap();
        response.body.close().await;
        stage.tasks_become(1).await;
        all_closed(&origin).await;
    });
}

#[test]
fn a_rest_that_comes_within_the_drains_time_saves_the_connection() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(10).in_pieces(5).gate_before_last("rest")));
        let client = stage.patient_client();
        client.get(&origin.url("/")).await.unwrap().body.close().await;
        assert_eq!(client.transport().pool_census().idle, 0, "close does not wait for the drain");
        origin.open_gate("rest");
        stage.exit(Exit::BodyClosedEarlyDrained).await;
        assert_eq!((client.transport().pool_census().idle, stage.settled().await), (1, 3));
    });
}

#[test]
fn a_rest_that_takes_longer_than_50_ms_costs_the_connection() {
    assert_eq!(EarlyClose::default(), EarlyClose::Drain { bytes: 262_144, time: Duration::from_millis(50) });
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(10).in_pieces(5).gate_before_last("never")));
        let client = stage.client();
        client.get(&origin.url("/")).await.unwrap().body.close().await;
        let ack = stage.nth(1, |event| matches!(event, Event::Sent { what, .. } if what == "ack")).await;
        let exit = stage.exit(Exit::BodyClosedEarlyClosed).await;
        assert!(exit.at - ack.at >= Duration::from_millis(50), "{:?} is too soon", exit.at - ack.at);
        stage.tasks_become(1).await;
        origin.open_gate("never");
        all_closed(&origin).await;
    });
}

#[test]
fn a_rest_that_breaks_off_during_the_drain_costs_the_connection_and_nobody_is_told() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_request().send(TEN_OF_100).await_gate("closed").close());
        let client = stage.patient_client();
        client.get(&origin.url("/")).await.unwrap().body.close().await;
        origin.open_gate("closed");
        stage.exit(Exit::BodyClosedEarlyClosed).await;
        stage.tasks_become(1).await;
    });
}

#[test]
fn a_server_that_ends_the_connection_is_not_drained() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(1000).connection_close()));
        let client = stage.patient_client();
        client.get(&origin.url("/")).await.unwrap().body.close().await;
        stage.tasks_become(1).await;
        assert_eq!(stage.count(|event| matches!(event, Event::Exit { id: Exit::BodyClosedEarlyClosed })), 1);
    });
}

#[test]
fn with_kill_an_early_close_ends_the_connection_however_short_the_rest() {
    for drop_it in [false, true] {
        on_sockets(async |stage| {
            let origin = stage.origin(Router::new().at("/", Reply::bytes(13)));
            let client = stage.client_with(|config| config.early_close = EarlyClose::Kill);
            assert_eq!(connections_for_two(stage, &client, &origin, drop_it).await, 2);
            stage.tasks_become(1).await;
            all_closed(&origin).await;
        });
    }
}

#[test]
fn with_kill_close_returns_when_the_connection_is_closed() {
    on_sockets(async |stage| {
        let origin = stage.origin(ten_of_100());
        let client = stage.client_with(|config| config.early_close = EarlyClose::Kill);
        client.get(&origin.url("/")).await.unwrap().body.close().await;
        assert_eq!(stage.count(|event| matches!(event, Event::ConnClosed { .. })), 1);
        all_closed(&origin).await;
    });
}

// Drop is an early close that does not wait.

#[test]
fn an_unread_body_can_be_dropped_on_a_thread_without_a_runtime() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(13)));
        let client = stage.patient_client();
        for _ in 0..5 {
            let response = client.get(&origin.url("/")).await.unwrap();
            std::thread::spawn(move || drop(response)).join().expect("no panic");
            stage.settled().await;
        }
        assert_eq!((origin.stats().accepted, stage.settled().await), (1, 3));
    });
}

fn unread_body_of_a_runtime_that_is_gone() -> (Response, TcpOrigin) {
    let counted = Counted::new().unwrap();
    let origin = TcpOrigin::start(ten_of_100()).unwrap();
    let config = client::Config::default_transport(counted.seam());
    let client = Client::new(client::Transport::new(config));
    let response = counted.block_on(client.get(&origin.url("/"))).unwrap();
    (response, origin)
}

/// Waits without the runtime of the client, which is gone.
fn closed_at_the_origin(origin: &TcpOrigin) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(all_closed(origin));
}

#[test]
fn an_unread_body_can_be_dropped_after_its_runtime() {
    let (response, origin) = unread_body_of_a_runtime_that_is_gone();
    closed_at_the_origin(&origin);
    std::thread::spawn(move || drop(response)).join().expect("no panic");
}

#[test]
fn a_body_whose_runtime_is_gone_gives_what_it_has_and_says_so() {
    let (mut response, origin) = unread_body_of_a_runtime_that_is_gone();
    closed_at_the_origin(&origin);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (bytes, error) = runtime.block_on(within("the error", read_until_error(&mut response)));
    assert_eq!(bytes, b"0123456789");
    assert_eq!(error, "http: the runtime of the connection was shut down");
    runtime.block_on(within("close", response.body.close()));
}

#[test]
fn a_forgotten_body_keeps_its_two_tasks_and_its_connection() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(13)));
        let client = stage.client();
        std::mem::forget(client.get(&origin.url("/")).await.unwrap());
        stage.forgot_a_body();
        assert_eq!(stage.settled().await, 3);
        client.close_idle_connections();
        fetch(&client, &origin.url("/")).await;
        assert_eq!((origin.stats().accepted, stage.settled().await), (2, 5));
        drop(client);
        stage.tasks_become(3).await;
        open_becomes(&origin, 1).await;
    });
}

#[test]
fn a_server_that_leaves_does_not_free_a_body_that_nobody_reads() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_request().send(TEN_OF_100).close());
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        all_closed(&origin).await;
        assert_eq!(stage.settled().await, 3);
        assert_eq!(read_until_error(&mut response).await, (b"0123456789".to_vec(), "unexpected EOF".into()));
    });
}

// Cancel.

/// One of the ways to end a request before its time.
#[derive(Clone, Copy, Debug)]
enum Way {
    Context,
    CustomCause,
    Legacy,
    Deadline,
}

impl Way {
    const ALL: [Way; 4] = [Way::Context, Way::CustomCause, Way::Legacy, Way::Deadline];

    /// Makes the request endable; what is returned ends it. A deadline ends it by itself, after `limit`.
    fn arm(self, stage: &Stage, request: &mut Request, limit: Duration) -> Box<dyn FnOnce()> {
        match self {
            Way::Context | Way::CustomCause => {
                let (context, cancel) = Context::background().with_cancel();
                request.context = context;
                let cause = match self {
                    Way::CustomCause => Cause::Custom(Arc::new(io::Error::other("the user went home"))),
                    _ => Cause::Canceled,
                };
                Box::new(move || cancel.cancel_with(cause))
            }
            Way::Legacy => {
                let token = CancelToken::new();
                request.cancel = Some(token.clone());
                Box::new(move || token.cancel())
            }
            Way::Deadline => {
                request.context = Context::background().with_timeout(&stage.runtime(), limit);
                Box::new(|| {})
            }
        }
    }

    fn text(self) -> &'static str {
        match self {
            Way::Context => "context canceled",
            Way::CustomCause => "the user went home",
            Way::Legacy => "net/http: request canceled",
            Way::Deadline => "context deadline exceeded",
        }
    }

    fn body_exit(self) -> Exit {
        match self {
            Way::Context | Way::CustomCause => Exit::BodyContextCanceled,
            Way::Legacy => Exit::BodyLegacyCancel,
            Way::Deadline => Exit::BodyDeadlineExceeded,
        }
    }
}

/// A deadline that a response from loopback meets, on most days.
const SOON: Duration = Duration::from_millis(50);

/// Sends a POST that can be ended; returns its response and what ends it. On a busy machine a deadline may be over
/// before the response is there; then the next one is later.
async fn endable(
    stage: &Stage,
    client: &Client,
    url: &str,
    way: Way,
    body: &'static str,
) -> (Response, Box<dyn FnOnce()>) {
    let mut limit = SOON;
    loop {
        let mut post = request(Method::POST, url);
        post.body = body.into();
        let cancel = way.arm(stage, &mut post, limit);
        match client.do_request(post).await {
            Ok(response) => return (response, cancel),
            Err(error) => assert!(error.is_timeout(), "{error}"),
        }
        limit *= 2;
    }
}

/// Go: TestTransportCancelRequestInDo
/// Go: TestTransportCancelRequestWithBodyInDo
/// Go: TestTransportCancelRequestBeforeResponseHeaders
#[test]
fn a_cancel_before_the_head_ends_the_request_and_its_connection() {
    for (way, body) in Way::ALL.into_iter().flat_map(|way| [(way, ""), (way, "hello")]) {
        on_sockets(async |stage| {
            let origin = stage.origin(Script::new().await_request().reached("asked").hold());
            let client = stage.client();
            let mut limit = SOON;
            while origin.stats().requests == 0 {
                let mut post = request(Method::POST, &origin.url("/"));
                post.body = body.into();
                let cancel = way.arm(stage, &mut post, limit);
                let (response, ()) = tokio::join!(client.do_request(post), async {
                    if !matches!(way, Way::Deadline) {
                        origin.reached("asked").await;
                        cancel();
                    }
                });
                let error = response.expect_err("there was no answer");
                assert_eq!(error.to_string(), format!("Post {:?}: {}", origin.url("/"), way.text()));
                assert_eq!(error.is_timeout(), matches!(way, Way::Deadline), "{way:?}");
                stage.settled().await;
                // A busy machine may be late even for the dial.
                limit *= 2;
            }
            client.close_idle_connections();
            all_closed(&origin).await;
            stage.tasks_become(1).await;
        });
    }
}

/// Go: TestTransportCancelRequest
/// Go: TestTransportCancelRequestWithBody
#[test]
fn a_cancel_wakes_whoever_reads_the_body() {
    for (way, body) in Way::ALL.into_iter().flat_map(|way| [(way, ""), (way, "hello")]) {
        on_sockets(async |stage| {
            let origin = stage.origin(ten_of_100());
            let client = stage.client();
            let (mut response, cancel) = endable(stage, &client, &origin.url("/"), way, body).await;
            response.body.read_exact(&mut [0; 10]).await.unwrap();
            let ((rest, error), ()) = tokio::join!(read_until_error(&mut response), async {
                stage.settled().await;
                cancel();
            });
            assert_eq!((rest.len(), &*error), (0, way.text()));
            let again = response.body.read_all().await.unwrap_err().to_string();
            let of_the_socket = again.starts_with("read tcp ") && again.ends_with(": use of closed network connection");
            assert!(of_the_socket, "the reason is told once: {again}");
            client.close_idle_connections();
            all_closed(&origin).await;
            stage.tasks_become(1).await;
        });
    }
}

#[test]
fn a_cancel_closes_the_connection_though_nobody_polls_the_body() {
    for way in Way::ALL {
        on_sockets(async |stage| {
            let origin = stage.origin(ten_of_100());
            let client = stage.client();
            let (mut response, cancel) = endable(stage, &client, &origin.url("/"), way, "").await;
            cancel();
            stage.exit(way.body_exit()).await;
            client.close_idle_connections();
            all_closed(&origin).await;
            stage.tasks_become(1).await;
            // What has come before is still the caller's.
            assert_eq!(read_until_error(&mut response).await, (b"0123456789".to_vec(), way.text().into()), "{way:?}");
        });
    }
}

/// Go: TestTransportCancelRequestBeforeDo
/// Go: TestTransportCheckContextDoneEarly
#[test]
fn a_request_that_was_cancelled_before_asks_for_nothing() {
    for way in [Way::Context, Way::CustomCause, Way::Legacy] {
        on_sockets(async |stage| {
            let origin = stage.origin(Router::new().at("/", Reply::empty()));
            let client = stage.client();
            let mut get = request(Method::GET, &origin.url("/"));
            way.arm(stage, &mut get, SOON)();
            let error = client.do_request(get).await.expect_err("cancelled");
            let text = match way {
                // Go notices it only where it would wait.
                Way::Legacy => "net/http: request canceled while waiting for connection",
                _ => way.text(),
            };
            assert_eq!(error.to_string(), format!("Get {:?}: {text}", origin.url("/")));
            assert_eq!((stage.settled().await, origin.stats().accepted), (1, 0));
            assert_eq!(stage.count(|event| matches!(event, Event::GetConn { .. })), 0);
        });
    }
}

#[test]
fn one_cancel_ends_all_requests_that_carry_it() {
    on_sockets(async |stage| {
        let origin = stage.origin(ten_of_100());
        let client = stage.client();
        let (context, cancel) = Context::background().with_cancel();
        let responses = all((0..6).map(|_| {
            let mut get = request(Method::GET, &origin.url("/"));
            get.context = context.with_cancel().0;
            client.do_request(get)
        }));
        let mut responses = responses.await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(stage.settled().await, 13);
        cancel.cancel();
        all_closed(&origin).await;
        stage.tasks_become(1).await;
        for response in &mut responses {
            assert_eq!(read_until_error(response).await, (b"0123456789".to_vec(), "context canceled".into()));
        }
    });
}

#[test]
fn a_cancel_after_the_end_was_read_does_no_harm() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(13)).at("/empty", Reply::empty()));
        let client = stage.client();
        for path in ["/", "/empty", "/"] {
            for way in [Way::Context, Way::Legacy] {
                let mut get = request(Method::GET, &origin.url(path));
                let cancel = way.arm(stage, &mut get, SOON);
                let mut response = client.do_request(get).await.unwrap();
                response.body.read_all().await.unwrap();
                cancel();
                assert_eq!(stage.settled().await, 3, "{path}, {way:?}");
                assert_eq!(response.body.read_all().await.unwrap(), "", "the end stays the end");
            }
        }
        assert_eq!(origin.stats().accepted, 1);
    });
}

#[test]
fn dropping_the_request_while_it_waits_for_its_answer_ends_its_connection() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_request().reached("asked").hold());
        let client = stage.client();
        let url = origin.url("/");
        give_up_once(client.get(&url), origin.reached("asked")).await;
        all_closed(&origin).await;
        stage.tasks_become(1).await;
        assert_eq!(stage.count(|event| matches!(event, Event::Exit { id: Exit::RoundTripDropped })), 1);
    });
}

#[test]
fn dropping_a_read_in_the_middle_loses_nothing() {
    on_sockets(async |stage| {
        let script = Script::new().await_request().send(TEN_OF_100).await_gate("rest").send(pattern(90)).hold();
        let origin = stage.origin(script);
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        let mut read = response.body.piece().await.unwrap().unwrap().to_vec();
        give_up_once(response.body.piece(), origin.reached("rest")).await;
        origin.open_gate("rest");
        read.extend_from_slice(&response.body.read_all().await.unwrap());
        assert_eq!(read, [b"0123456789", &pattern(90)[..]].concat());
        assert_eq!((client.transport().pool_census().idle, stage.settled().await), (1, 3));
    });
}

#[test]
fn a_body_can_be_read_on_another_thread_with_another_runtime() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(100_000).in_pieces(1000)));
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        let (done, finished) = tokio::sync::oneshot::channel();
        let reader = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let body = runtime.block_on(within("the body", response.body.read_all()));
            let _test_has_failed = done.send(body);
        });
        let body = within("the other thread", finished).await.unwrap();
        assert_eq!(body.unwrap(), pattern(100_000));
        reader.join().unwrap();
        assert_eq!((client.transport().pool_census().idle, stage.settled().await), (1, 3));
    });
}

/// Go: TestTransportNoReuseAfterEarlyResponse
#[test]
fn an_answer_that_comes_before_the_request_is_written_is_returned_and_costs_the_connection() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_head().reply(Reply::bytes(13)).hold());
        let client = stage.client();
        let (source, body) = tokio::io::duplex(64);
        let mut post = request(Method::POST, &origin.url("/"));
        post.body = RequestBody::reader(body, Some(100));
        let mut response = client.do_request(post).await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap(), pattern(13));
        stage.exit(Exit::NotWritten).await;
        assert_eq!(client.transport().pool_census().idle, 0);
        // The source is still open: no task waits for it.
        stage.tasks_become(1).await;
        all_closed(&origin).await;
        drop(source);
    });
}

/// Go: TestTransportResponseHeaderTimeout
#[test]
fn a_head_that_does_not_come_in_time_is_a_timeout() {
    on_sockets(async |stage| {
        let slow = Script::new().await_gate("never");
        let origin = stage.origin(Router::new().at("/fast", Reply::bytes(13)).script("/slow", slow));
        let limit = Duration::from_secs(1);
        let client = stage.client_with(|config| config.response_header_timeout = Some(limit));
        fetch(&client, &origin.url("/fast")).await;
        let began = stage.runtime().now();
        let error = client.get(&origin.url("/slow")).await.expect_err("nothing comes");
        assert!(stage.runtime().now() - began >= limit);
        let text = "net/http: timeout awaiting response headers";
        assert_eq!(error.to_string(), format!("Get {:?}: {text}", origin.url("/slow")));
        assert!(error.is_timeout());
        stage.tasks_become(1).await;
        fetch(&client, &origin.url("/fast")).await;
        origin.open_gate("never");
    });
}
