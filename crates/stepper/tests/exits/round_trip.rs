//! The caller, from the moment it has a connection until it has a response.

use std::sync::Arc;
use std::time::Duration;

use httptrace::{Actor, Exit, Runtime};
use origin::{Reply, Script, Server};
use stepper::{Join, Stepper};
use tokio::io::AsyncWriteExt;
use transport::{Context, Request};

use crate::body::FIVE_OF_13;
use crate::case::{Case, Fate, NOBODY, ONE_CONN, run};
use crate::stage::{Stage, ask, get, post, post_from};
use crate::write_loop::reset_under_the_write;

const HEADER_TIME: Duration = Duration::from_secs(1);
const CANCELED: &str = "net/http: request canceled";
const HEADER_TIMEOUT: &str = "net/http: timeout awaiting response headers";
const RUNTIME_GONE: &str = "http: the runtime of the connection was shut down";

pub(crate) const CASES: &[Case] = &[
    Case {
        exit: Exit::GotResponse,
        name: "the usual case",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().answer(Reply::bytes(13)).hold());
            let transport = stage.transport(|_| {});
            stage.ask(&transport, get())
        },
        sees: "200, 13 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::RoundTripWriteError,
        name: "the server resets while the body is written",
        by: (Actor::Caller, Some(1)),
        drive: reset_under_the_write,
        sees: "net/http: HTTP/1.x transport connection broken: \
               write tcp 127.0.0.1:40000->127.0.0.1:80: write: connection reset by peer",
        conn: Fate::Closed("write error: write tcp 127.0.0.1:40000->127.0.0.1:80: write: connection reset by peer"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RoundTripWriteError,
        name: "the source of the body fails before an answer",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().await_head().hold());
            let transport = stage.transport(|_| {});
            let (post, writer) = post_from(Some(4));
            drop(writer);
            stage.ask(&transport, post)
        },
        sees: "net/http: HTTP/1.x transport connection broken: http: ContentLength=4 with Body length 0",
        conn: Fate::Closed("write error: http: ContentLength=4 with Body length 0"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::HeaderTimeout,
        name: "its time begins when the body is written",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().await_request().hold());
            let transport = stage.transport(|config| config.response_header_timeout = Some(HEADER_TIME));
            let (post, mut writer) = post_from(None);
            let caller = stage.start(ask(transport, post));
            for _ in 0..3 {
                stage.pause(HEADER_TIME);
                stage.run(writer.write_all(b"more")).expect("room");
            }
            drop(writer);
            stage.stall();
            stage.pause(HEADER_TIME - Duration::from_nanos(1));
            stage.stall();
            assert!(!caller.is_over(), "a moment before");
            stage.pause(Duration::from_nanos(1));
            stage.stall();
            caller.take().expect("its time has passed")
        },
        sees: HEADER_TIMEOUT,
        conn: Fate::Closed(HEADER_TIMEOUT),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::HeaderTimeout,
        name: "half of a head is not a head",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().await_request().send("HTTP/1.1 200 OK\r\nA").hold());
            let transport = stage.transport(|config| config.response_header_timeout = Some(HEADER_TIME));
            let saw = stage.ask(&transport, get());
            assert_eq!(stage.stepper.now(), HEADER_TIME);
            saw
        },
        sees: HEADER_TIMEOUT,
        conn: Fate::Closed(HEADER_TIMEOUT),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RoundTripClosed,
        name: "the server hangs up without a word",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().await_request().close());
            let transport = stage.transport(|_| {});
            stage.ask(&transport, get())
        },
        sees: "EOF",
        conn: Fate::Closed("EOF"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RoundTripClosed,
        name: "read_loop is dropped with its runtime",
        by: (Actor::Caller, Some(1)),
        drive: |stage| loses_a_loop(stage, "read_loop"),
        sees: "net/http: HTTP/1.x transport connection broken: http: the runtime of the connection was shut down",
        conn: Fate::Closed(RUNTIME_GONE),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RoundTripClosed,
        name: "write_loop is dropped with its runtime",
        by: (Actor::Caller, Some(1)),
        drive: |stage| loses_a_loop(stage, "write_loop"),
        sees: "net/http: HTTP/1.x transport connection broken: http: the runtime of the connection was shut down",
        conn: Fate::Closed(RUNTIME_GONE),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::ClosedButResponse,
        name: "a response without a body that ends the connection",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().answer(Reply::empty().connection_close()));
            let transport = stage.transport(|_| {});
            let response = stage.start(ask(transport, get()));
            stage.run_all_but(&["caller"]);
            while !stage.is_ready("caller") || stage.closed(1).is_none() {
                stage.poll("caller");
                stage.run_all_but(&["caller"]);
            }
            stage.stall();
            response.take().expect("it came before the end")
        },
        sees: "200, 0 bytes",
        conn: Fate::Closed("http: persistConn.readLoop exiting"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::ClosedButResponse,
        name: "the response was there when the connection broke",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            let (caller, _server) = delivered(stage, get());
            stage.drop_task("write_loop");
            stage.run_all_but(&["caller"]);
            stage.stall();
            caller.take().expect("the response wins")
        },
        sees: "200, 5 bytes, then http: the runtime of the connection was shut down",
        conn: Fate::Closed(RUNTIME_GONE),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RoundTripContext,
        name: "cancelled while nothing has come",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().await_request().hold());
            let transport = stage.transport(|_| {});
            let (context, cancel) = Context::background().with_cancel();
            let mut get = get();
            get.context = context;
            let caller = stage.start(ask(transport, get));
            stage.stall();
            cancel.cancel();
            stage.stall();
            caller.take().expect("it was cancelled")
        },
        sees: "context canceled",
        conn: Fate::Closed("context canceled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RoundTripContext,
        name: "its deadline passes",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().await_request().hold());
            let transport = stage.transport(|_| {});
            let rt: Arc<dyn Runtime> = stage.stepper.seam();
            let mut get = get();
            get.context = Context::background().with_timeout(&rt, HEADER_TIME);
            let saw = stage.ask(&transport, get);
            assert_eq!(stage.stepper.now(), HEADER_TIME);
            saw
        },
        sees: "context deadline exceeded",
        conn: Fate::Closed("context deadline exceeded"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::ContextButResponse,
        name: "the response was there when the context ended; its body is the context's",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            let (context, cancel) = Context::background().with_cancel();
            let mut get = get();
            get.context = context;
            let (caller, _server) = delivered(stage, get);
            cancel.cancel();
            stage.stall();
            caller.take().expect("the response wins")
        },
        sees: "200, 5 bytes, then context canceled",
        conn: Fate::Closed("context canceled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RoundTripContext,
        name: "a response without a body is not there before the end of the write",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().await_head().reply(Reply::empty()).hold());
            let transport = stage.transport(|_| {});
            let (context, cancel) = Context::background().with_cancel();
            let (mut post, writer) = post_from(None);
            post.context = context;
            let caller = stage.start(ask(transport, post));
            stage.stall();
            assert!(!caller.is_over(), "a response without a body waits for the end of the write");
            cancel.cancel();
            stage.stall();
            drop(writer);
            caller.take().expect("it was cancelled")
        },
        sees: "context canceled",
        conn: Fate::Closed("context canceled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RoundTripLegacyCancel,
        name: "while nothing has come",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().await_request().hold());
            let transport = stage.transport(|_| {});
            let mut get = get();
            let token = get.cancel_token();
            let caller = stage.start(ask(transport, get));
            stage.stall();
            token.cancel();
            stage.stall();
            caller.take().expect("it was cancelled")
        },
        sees: CANCELED,
        conn: Fate::Closed(CANCELED),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RoundTripDropped,
        name: "while nothing has come",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().await_request().hold());
            let transport = stage.transport(|_| {});
            let caller = stage.start(ask(transport, get()));
            stage.stall();
            assert!(caller.abort());
            "nothing: it is gone".to_owned()
        },
        sees: "nothing: it is gone",
        conn: Fate::Closed(CANCELED),
        idle: 0,
        left: NOBODY,
    },
];

#[test]
fn each_way_out_of_a_round_trip() {
    run(CASES);
}

/// The response lies ready, with five of its 13 bytes, and the caller has not looked.
fn delivered(stage: &Stage, request: Request) -> (Join<String>, Arc<Server>) {
    let server = stage.serve(Script::new().await_request().await_gate("asked").send(FIVE_OF_13).hold());
    let transport = stage.transport(|_| {});
    let caller = stage.start(ask(transport, request));
    stage.stall();
    server.open_gate("asked");
    stage.run_all_but(&["caller"]);
    assert!(stage.is_ready("caller"), "the response is there");
    (caller, server)
}

/// One of the two loops is dropped while the response is awaited.
fn loses_a_loop(stage: &Stage, name: &str) -> String {
    stage.serve(Script::new().await_request().hold());
    let transport = stage.transport(|_| {});
    let caller = stage.start(ask(transport, get()));
    stage.stall();
    stage.drop_task(name);
    stage.stall();
    caller.take().expect("it does not hang")
}

// Two things at the same instant.

/// What the caller sees, and which exits of round_trip it took.
fn outcome(stage: Stage, caller: Join<String>) -> (String, Vec<Exit>) {
    stage.settle();
    let saw = caller.take().expect("it is done");
    let exits = [
        Exit::GotResponse,
        Exit::RoundTripWriteError,
        Exit::HeaderTimeout,
        Exit::RoundTripClosed,
        Exit::ClosedButResponse,
        Exit::RoundTripContext,
        Exit::ContextButResponse,
        Exit::RoundTripLegacyCancel,
        Exit::RoundTripDropped,
    ];
    let took = exits.into_iter().filter(|&exit| !stage.took(exit).is_empty()).collect();
    stage.check_origins();
    stage.end();
    (saw, took)
}

#[test]
fn a_response_and_the_header_timeout_at_the_same_instant_are_a_response() {
    let stage = Stage::new(Stepper::by_hand());
    stage.serve(Script::new().await_request().pause(HEADER_TIME).send(FIVE_OF_13).hold());
    let transport = stage.transport(|config| config.response_header_timeout = Some(HEADER_TIME));
    let caller = stage.start(ask(transport, get()));
    stage.stall();
    stage.stepper.advance();
    assert!(stage.is_ready("caller") && stage.is_ready("origin"), "{:?}", stage.stepper.ready());
    stage.run_all_but(&["caller"]);
    stage.poll("caller");
    assert_eq!(stage.took(Exit::GotResponse), [(Actor::Caller, Some(1))]);
    // Five bytes are all that come: the caller waits on, until it is dropped.
    assert!(caller.abort());
    stage.settle();
    assert_eq!(stage.took(Exit::HeaderTimeout), []);
    stage.end();
}

#[test]
fn the_header_timeout_ends_with_the_head() {
    let stage = Stage::new(Stepper::by_hand());
    let slow = Reply::bytes(13).in_pieces(4).pausing(HEADER_TIME - Duration::from_millis(1));
    stage.serve(Script::new().answer(slow).hold());
    let transport = stage.transport(|config| config.response_header_timeout = Some(HEADER_TIME));
    let caller = stage.start(ask(transport, get()));
    stage.pause(10 * HEADER_TIME);
    assert_eq!(outcome(stage, caller), ("200, 13 bytes".into(), vec![Exit::GotResponse]));
}

/// An early response and the failing write, both before the caller looks.
#[test]
fn an_early_response_wins_over_the_write_error_of_the_same_instant() {
    let stage = Stage::new(Stepper::by_hand());
    let server = stage.serve(Script::new().await_head().await_gate("head").send(FIVE_OF_13).await_gate("sent").reset());
    let transport = stage.transport(|_| {});
    let (post, mut writer) = post_from(None);
    let caller = stage.start(ask(transport, post));
    stage.stall();
    server.open_gate("head");
    stage.run_all_but(&["caller"]);
    server.open_gate("sent");
    stage.run_all_but(&["caller"]);
    let more = stage.start(async move { writer.write_all(b"more").await });
    stage.stepper.step(more.id());
    stage.run_all_but(&["caller"]);
    assert_eq!(stage.took(Exit::WriteError), [(Actor::WriteLoop, Some(1))]);
    let (saw, took) = outcome(stage, caller);
    assert!(saw.starts_with("200, 5 bytes, then write error: "), "{saw}");
    assert_eq!(took, [Exit::ClosedButResponse]);
}

#[test]
fn a_response_wins_over_the_token_of_the_same_instant() {
    let stage = Stage::new(Stepper::by_hand());
    let mut get = get();
    let token = get.cancel_token();
    let (caller, _server) = delivered(&stage, get);
    token.cancel();
    let (saw, took) = outcome(stage, caller);
    assert_eq!((&*saw, &took[..]), ("200, 5 bytes, then net/http: request canceled", &[Exit::ContextButResponse][..]));
}

#[test]
fn the_token_ends_all_requests_that_carry_it_and_no_other() {
    let stage = Stage::new(Stepper::by_hand());
    stage.serve(Script::new().await_request().hold());
    let transport = stage.transport(|_| {});
    let mut first = get();
    let token = first.cancel_token();
    let mut second = get();
    second.cancel = Some(token.clone());
    let callers = [first, second, get()].map(|request| stage.start(ask(transport.clone(), request)));
    stage.stall();
    token.cancel();
    stage.stall();
    let saw = [callers[0].take(), callers[1].take(), callers[2].take()];
    assert_eq!(saw, [Some(CANCELED.to_owned()), Some(CANCELED.to_owned()), None]);
    assert_eq!(stage.tasks().total(), 2, "the third waits on");
    assert!(callers[2].abort());
    stage.end();
}

#[test]
fn a_request_that_is_given_up_before_it_begins_asks_for_nothing() {
    let stage = Stage::new(Stepper::by_hand());
    let transport = stage.transport(|_| {});
    let mut cancelled = get();
    cancelled.cancel_token().cancel();
    assert_eq!(stage.ask(&transport, cancelled), "net/http: request canceled while waiting for connection");
    let (context, cancel) = Context::background().with_cancel();
    cancel.cancel();
    let mut ended = post("once");
    ended.context = context;
    assert_eq!(stage.ask(&transport, ended), "context canceled");
    assert_eq!(stage.opened(), 0);
    stage.end();
}
