//! A request given up by its caller.

use std::sync::Arc;
use std::time::Duration;

use client::{CancelToken, Cause, Client, Context, Reason, Request, RequestBody};
use http::Method;
use httptrace::{Event, Exit, Step};
use origin::{Reply, Router, Script, TcpOrigin};
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;

use super::streams::{Uses, client_dialling};
use crate::support::{Stage, on_sockets, open_becomes, read_until_error, request, within};

/// Go's three ways to cancel.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Go: `Transport.CancelRequest`.
    Transport,
    /// Go: `Request.Cancel`.
    Request,
    /// Go: the request's context.
    Context,
}

impl Way {
    const ALL: [Way; 3] = [Way::Transport, Way::Request, Way::Context];

    /// Prepares the request; what is returned cancels it.
    fn arm(self, request: &mut Request) -> Box<dyn Fn()> {
        match self {
            Way::Transport => {
                let token = request.cancel_token();
                Box::new(move || token.cancel())
            }
            Way::Request => {
                let token = CancelToken::new();
                request.cancel = Some(token.clone());
                Box::new(move || token.cancel())
            }
            Way::Context => {
                let (context, cancel) = Context::background().with_cancel();
                request.context = context;
                Box::new(move || cancel.cancel())
            }
        }
    }

    fn text(self) -> &'static str {
        match self {
            Way::Transport | Way::Request => "net/http: request canceled",
            Way::Context => "context canceled",
        }
    }

    fn text_while_waiting(self) -> &'static str {
        match self {
            Way::Transport | Way::Request => "net/http: request canceled while waiting for connection",
            Way::Context => "context canceled",
        }
    }
}

/// The request and its connection have left nothing: Go's test counts the requests that its transport still knows.
async fn nothing_is_left(stage: &Stage, client: &Client, origin: &TcpOrigin) {
    stage.tasks_become(1).await;
    open_becomes(origin, 0).await;
    assert_eq!(client.transport().pool_census(), Default::default());
}

/// Go: TestTransportCancelRequest
/// Go: TestTransportCancelRequestWithBody
#[test]
fn a_cancel_after_the_head_fails_the_next_read_of_the_body() {
    for way in Way::ALL {
        for (method, body) in [(Method::GET, ""), (Method::POST, "withbody")] {
            on_sockets(async |stage| {
                let wire = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n";
                let origin = stage.origin(Script::new().await_request().send(wire).hold());
                let client = stage.client();
                let mut asked = request(method, &origin.url("/"));
                asked.body = body.into();
                let cancel = way.arm(&mut asked);
                let mut response = client.do_request(asked).await.unwrap();
                let mut hello = [0; 5];
                response.body.read_exact(&mut hello).await.unwrap();
                assert_eq!(&hello, b"Hello");
                cancel();
                assert_eq!(read_until_error(&mut response).await, (Vec::new(), way.text().into()), "{way:?}");
                response.body.close().await;
                nothing_is_left(stage, &client, &origin).await;
            });
        }
    }
}

/// Go: TestTransportCancelRequestInDo
/// Go: TestTransportCancelRequestWithBodyInDo
#[test]
fn a_cancel_before_the_head_returns_the_request() {
    for way in Way::ALL {
        for body in [&b""[..], b"\0"] {
            on_sockets(async |stage| {
                let origin = stage.origin(Script::new().await_request().reached("asked").hold());
                let client = stage.client();
                let mut get = request(Method::GET, &origin.url("/"));
                get.body = body.into();
                let cancel = way.arm(&mut get);
                let (result, ()) = tokio::join!(client.do_request(get), async {
                    origin.reached("asked").await;
                    cancel();
                });
                let text = format!("Get {:?}: {}", origin.url("/"), way.text());
                assert_eq!(result.expect_err("no answer").to_string(), text, "{way:?}");
                nothing_is_left(stage, &client, &origin).await;
            });
        }
    }
}

/// Go: TestTransportCancelRequestBeforeResponseHeaders
#[test]
fn a_cancel_before_the_first_byte_of_an_answer_has_its_own_text_and_no_others() {
    for way in Way::ALL {
        on_sockets(async |stage| {
            let origin = stage.origin(Script::new().await_bytes(3).expect_waiting("GET").reached("verb").hold());
            let client = stage.client();
            let mut get = request(Method::GET, &origin.url("/"));
            let cancel = way.arm(&mut get);
            let (result, ()) = tokio::join!(client.transport().round_trip(get), async {
                origin.reached("verb").await;
                cancel();
            });
            assert_eq!(result.expect_err("no answer").to_string(), way.text(), "{way:?}");
            origin.assert_ok();
            nothing_is_left(stage, &client, &origin).await;
        });
    }
}

/// Go: TestTransportCancelRequestInDial
#[test]
fn a_cancel_during_the_dial_returns_at_once_and_a_second_one_does_no_harm() {
    for way in Way::ALL {
        on_sockets(async |stage| {
            let unblock = Arc::new(Semaphore::new(0));
            let blocked = Arc::clone(&unblock);
            let client = client_dialling(
                stage,
                |_| {},
                move |_rt, _addr| {
                    let blocked = Arc::clone(&blocked);
                    async move {
                        blocked.acquire_owned().await.expect("never closed").forget();
                        Err(std::io::Error::other("nope"))
                    }
                },
            );
            let mut get = request(Method::GET, "http://something.no-network.tld/");
            let cancel = way.arm(&mut get);
            let (result, ()) = tokio::join!(client.do_request(get), async {
                stage.nth(1, |event| matches!(event, Event::Call { step: Step::DialConn })).await;
                cancel();
                cancel();
            });
            let text = format!("Get \"http://something.no-network.tld/\": {}", way.text_while_waiting());
            assert_eq!(result.expect_err("no connection").to_string(), text, "{way:?}");
            assert_eq!(stage.runtime().census().counts().dial, 1, "the dial still waits");
            unblock.add_permits(1);
            stage.tasks_become(1).await;
        });
    }
}

/// (A transport cannot cancel what has not begun: Go has no third way here.)
///
/// Go: TestTransportCancelRequestBeforeDo
#[test]
fn a_request_that_was_cancelled_before_it_began_fails_with_the_right_error() {
    for way in [Way::Request, Way::Context] {
        on_sockets(async |stage| {
            let origin = stage.origin(Router::new().at("/", Reply::empty()));
            let client = stage.client();
            let mut get = request(Method::GET, &origin.url("/"));
            way.arm(&mut get)();
            let text = format!("Get {:?}: {}", origin.url("/"), way.text_while_waiting());
            assert_eq!(client.do_request(get).await.expect_err("cancelled").to_string(), text, "{way:?}");
            assert_eq!(origin.stats().accepted, 0);
        });
    }
}

/// Go: TestClientDoCanceledVsTimeout
#[test]
fn a_deadline_that_has_passed_is_a_timeout_and_a_cancel_is_none() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::body("Hello, World!")));
        let client = stage.client();
        let late = Context::background().with_timeout(&stage.runtime(), Duration::ZERO);
        let (cancelled, cancel) = Context::background().with_cancel();
        cancel.cancel();
        for (context, cause, timeout) in [(late, Cause::DeadlineExceeded, true), (cancelled, Cause::Canceled, false)] {
            let mut get = request(Method::GET, &origin.url("/"));
            get.context = context;
            let error = client.do_request(get).await.expect_err("given up");
            assert_eq!(error.is_timeout(), timeout, "{error}");
            assert_eq!(error.reason, Reason::Transport(transport::Error::Canceled(cause)));
        }
    });
}

/// In Go the write loop could still look at a request that its caller had back already. Here the caller gives request
/// and body away for good. What is left to see is that each body is let go once, whoever wins.
///
/// Go: TestErrorWriteLoopRace
#[test]
fn a_thousand_deadlines_in_the_middle_of_a_request_leave_no_body_behind() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().answer(Reply::bodyless(204).connection_close()));
        let client = stage.client();
        let mut outcomes = [0, 0];
        let mut all = Vec::new();
        for round in 0..1000 {
            let uses = Uses::default();
            let mut post = request(Method::POST, &origin.url("/"));
            post.body = RequestBody::reader(uses.of(tokio::io::repeat(b'x').take(10_000)), Some(10_000));
            // From "passed already" to "long enough", in steps that no two machines place alike.
            let delay = Duration::from_micros(round % 50 * 20);
            post.context = Context::background().with_timeout(&stage.runtime(), delay);
            match within("a request", client.transport().round_trip(post)).await {
                Ok(response) => assert_eq!(response.status, 204),
                Err(error) => assert_eq!(error.to_string(), "context deadline exceeded"),
            }
            outcomes[usize::from(uses.reads() > 0)] += 1;
            all.push(uses);
        }
        // The dial of a request that was given up goes on, and its connection waits in the pool for the next one.
        client.close_idle_connections();
        stage.tasks_become(1).await;
        assert!(all.iter().all(|uses| uses.drops() == 1));
        assert!(outcomes[0] > 0, "some end before their body is looked at: {outcomes:?}");
        assert_eq!(client.transport().pool_census(), Default::default());
        assert_eq!(stage.count(|event| matches!(event, Event::Exit { id: Exit::RoundTripDropped })), 0);
    });
}
