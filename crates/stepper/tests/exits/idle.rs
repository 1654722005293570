//! read_loop, while nobody expects anything of the connection; and requests that race its end.

use std::time::Duration;

use httptrace::{Actor, Event, Exit};
use origin::{Plan, Reply, Script, Server};
use transport::{Request, Transport};

use crate::case::{Case, Fate, NOBODY, ONE_CONN, run};
use crate::get_conn::gives_up_while_it_dials;
use crate::stage::{Stage, ask, get, post, read};

const IDLE_TIME: Duration = Duration::from_secs(90);
const SERVER_CLOSED: &str = "http: server closed idle connection";

pub(crate) const CASES: &[Case] = &[
    Case {
        exit: Exit::IdleServerClosed,
        name: "the server closes",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| after_an_answer(stage, Script::new().close()),
        sees: "200, 13 bytes",
        conn: Fate::Closed(SERVER_CLOSED),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::IdleServerClosed,
        name: "the server closes its write side only",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| after_an_answer(stage, Script::new().half_close().hold()),
        sees: "200, 13 bytes",
        conn: Fate::Closed(SERVER_CLOSED),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::IdleReadError,
        name: "the server resets",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| after_an_answer(stage, Script::new().reset()),
        sees: "200, 13 bytes",
        conn: Fate::Closed(
            "readLoopPeekFailLocked: read tcp 127.0.0.1:40000->127.0.0.1:80: read: connection reset by peer",
        ),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::Idle408,
        name: "a 408 is an end without a word",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let saw = after_an_answer(stage, Script::new().reply(Reply::empty().status(408)).hold());
            assert_eq!(unsolicited(stage), [] as [&str; 0], "nothing is said about it");
            saw
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed(SERVER_CLOSED),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::IdleUnsolicited,
        name: "an answer that nobody had asked for",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let saw = after_an_answer(stage, Script::new().reply(Reply::empty()).hold());
            assert_eq!(unsolicited(stage), ["HTTP/1.1 200"]);
            saw
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("readLoopPeekFailLocked: %!w(<nil>)"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::IdleTimeout,
        name: "its time has passed, and not a moment less",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|config| config.idle_conn_timeout = Some(IDLE_TIME));
            let saw = stage.ask(&transport, get());
            stage.pause(IDLE_TIME - Duration::from_nanos(1));
            assert_eq!((stage.closed(1), stage.idle()), (None, 1), "a moment before");
            stage.pause(Duration::from_nanos(1));
            saw
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: idle connection timeout"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::IdleTimeout,
        name: "its time counts from the last return",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|config| config.idle_conn_timeout = Some(IDLE_TIME));
            let first = stage.ask(&transport, get());
            stage.pause(IDLE_TIME / 2);
            assert_eq!(stage.ask(&transport, get()), first);
            stage.pause(IDLE_TIME - Duration::from_nanos(1));
            assert_eq!((stage.closed(1), stage.idle()), (None, 1), "a moment before");
            stage.pause(Duration::from_nanos(1));
            first
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: idle connection timeout"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::IdleTimeout,
        name: "a connection that its dial left in the pool",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|config| config.idle_conn_timeout = Some(IDLE_TIME));
            let saw = dialled_for_nobody(stage, &transport);
            stage.pause(IDLE_TIME - Duration::from_nanos(1));
            assert_eq!((stage.closed(1), stage.idle()), (None, 1), "a moment before");
            stage.pause(Duration::from_nanos(1));
            saw
        },
        sees: "gave up",
        conn: Fate::Closed("http: idle connection timeout"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::IdleClosed,
        name: "close_idle_connections",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|_| {});
            let saw = stage.ask(&transport, get());
            transport.close_idle_connections();
            saw
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: CloseIdleConnections called"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::IdleClosed,
        name: "the oldest makes room for a newer one",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            stage.serve(kept());
            let transport = stage.transport(|config| config.max_idle_conns = Some(1));
            let saw = stage.ask(&transport, get());
            let other = Request::new(http::Method::GET, "http://origin-2.test/".parse().expect("a plain URL"));
            assert_eq!(stage.ask(&transport, other), saw);
            assert_eq!(&*transport.idle_keys()[0].0, "|http|origin-2.test:80");
            saw
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: putIdleConn: too many idle connections"),
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::IdleClosed,
        name: "the transport is dropped",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|_| {});
            let saw = stage.ask(&transport, get());
            drop(transport);
            stage.drop_transport();
            saw
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: connection handle dropped"),
        idle: 0,
        left: NOBODY,
    },
    // The pool refuses, for each of its reasons.
    Case {
        exit: Exit::BodyEofClosed,
        name: "the pool refuses: keep alives disabled",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|config| config.disable_keep_alives = true);
            let saw = stage.ask(&transport, get());
            assert_eq!(put_errors(stage), [] as [Option<String>; 0], "as in Go the hook is not told");
            saw
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: putIdleConn: keep alives disabled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyEofClosed,
        name: "the pool refuses: no place for idle connections at all",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|config| config.max_idle_conns_per_host = None);
            stage.ask(&transport, get())
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: putIdleConn: keep alives disabled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyEofClosed,
        name: "the pool refuses: the connection is broken",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|_| {});
            let response = stage.run(transport.round_trip(get())).expect("a response");
            stage.stall();
            let reading = stage.start(read(response));
            // The body is read to its end and the connection is closed before read_loop looks.
            stage.run_all_but(&["read_loop"]);
            stage.drop_task("write_loop");
            stage.stall();
            assert_eq!(put_errors(stage), [Some("http: putIdleConn: connection is in bad state".to_owned())]);
            reading.take().expect("the end of the body")
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: the runtime of the connection was shut down"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyEofClosed,
        name: "the pool refuses: idle connections were closed meanwhile",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|_| {});
            let response = stage.run(transport.round_trip(get())).expect("a response");
            transport.close_idle_connections();
            assert_eq!(stage.closed(1), None, "a connection in use is not idle");
            stage.run(read(response))
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: putIdleConn: CloseIdleConnections was called"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyEofClosed,
        name: "the pool refuses: too many idle connections of this host",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|config| config.max_idle_conns_per_host = Some(1));
            let first = stage.run(transport.round_trip(get())).expect("a response");
            assert_eq!(stage.ask(&transport, get()), "200, 13 bytes");
            stage.run(read(first))
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: putIdleConn: too many idle connections for host"),
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::BodyEofClosed,
        name: "there is no pool any more",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|_| {});
            let response = stage.run(transport.round_trip(get())).expect("a response");
            drop(transport);
            stage.drop_transport();
            stage.run(read(response))
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: putIdleConn: the Transport was dropped"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::IdleClosed,
        name: "the pool refuses a connection that was dialled for nobody",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|config| config.max_idle_conns_per_host = None);
            dialled_for_nobody(stage, &transport)
        },
        sees: "gave up",
        conn: Fate::Closed("http: putIdleConn: keep alives disabled"),
        idle: 0,
        left: NOBODY,
    },
];

#[test]
fn each_way_out_of_an_idle_connection() {
    run(CASES);
}

/// Answers every request with 13 bytes.
fn kept() -> Script {
    Script::new().forever(Script::new().answer(Reply::bytes(13)))
}

/// One request is answered; then the origin does `end` on the idle connection.
fn after_an_answer(stage: &Stage, end: Script) -> String {
    let server = serve_once(stage, end);
    let transport = stage.transport(|_| {});
    let saw = stage.ask(&transport, get());
    stage.settle();
    assert_eq!((stage.closed(1), stage.idle()), (None, 1), "it lies in the pool");
    server.open_gate("end");
    stage.settle();
    saw
}

/// The first connection answers once and does `end` at the gate of that name; all others answer for ever.
fn serve_once(stage: &Stage, end: Script) -> std::sync::Arc<Server> {
    let once = Script::new().answer(Reply::bytes(13)).await_gate("end");
    let once = end.steps().iter().cloned().fold(once, Script::step);
    stage.serve(Plan::new().conn(once).rest(kept()))
}

/// A request is given up while its connection is being dialled.
fn dialled_for_nobody(stage: &Stage, transport: &Transport) -> String {
    gives_up_while_it_dials(stage, transport);
    stage.settle();
    assert_eq!(stage.opened(), 1);
    "gave up".to_owned()
}

fn unsolicited(stage: &Stage) -> Vec<String> {
    let said = |record: httptrace::Record| match record.event {
        Event::Unsolicited { starts_with } => Some(starts_with),
        _ => None,
    };
    stage.records().into_iter().filter_map(said).collect()
}

/// What the pool said at each return that Go's hook `PutIdleConn` is told of.
fn put_errors(stage: &Stage) -> Vec<Option<String>> {
    let said = |record: httptrace::Record| match record.event {
        Event::PutIdleConn { error } => Some(error),
        _ => None,
    };
    stage.records().into_iter().filter_map(said).collect()
}

// The timer and a request at the same instant.

/// Lets a connection become idle, and a request and the idle timer be ready at the same instant.
fn timer_against_request() -> (Stage, stepper::Join<String>) {
    let stage = Stage::new(stepper::Stepper::by_hand());
    stage.serve(kept());
    let transport = stage.transport(|config| config.idle_conn_timeout = Some(IDLE_TIME));
    stage.ask(&transport, get());
    let (seam, at) = (stage.stepper.seam(), stage.stepper.now() + IDLE_TIME);
    let caller = stage.start(async move {
        httptrace::Runtime::timer(&*seam, at).await;
        ask(transport, get()).await
    });
    stage.stall();
    stage.stepper.advance();
    assert_eq!(stage.stepper.now(), at);
    assert!(stage.is_ready("read_loop") && stage.is_ready("caller"), "{:?}", stage.stepper.ready());
    (stage, caller)
}

#[test]
fn the_idle_timer_before_a_request_of_the_same_instant_costs_a_dial() {
    let (stage, caller) = timer_against_request();
    stage.poll("read_loop");
    stage.settle();
    assert_eq!(caller.take().as_deref(), Some("200, 13 bytes"));
    assert_eq!(stage.closed(1).as_deref(), Some("http: idle connection timeout"));
    assert_eq!((stage.opened(), stage.idle(), stage.tasks().total()), (2, 1, 2));
    stage.end();
}

#[test]
fn a_request_before_the_idle_timer_of_the_same_instant_has_the_connection_and_the_timer_starts_anew() {
    let (stage, caller) = timer_against_request();
    stage.poll("caller");
    stage.poll("read_loop");
    stage.settle();
    assert_eq!(caller.take().as_deref(), Some("200, 13 bytes"));
    assert_eq!((stage.closed(1), stage.opened(), stage.idle()), (None, 1, 1));
    stage.pause(IDLE_TIME - Duration::from_nanos(1));
    assert_eq!(stage.closed(1), None, "a moment before the time counted from the second return");
    stage.pause(Duration::from_nanos(1));
    stage.settle();
    assert_eq!(stage.closed(1).as_deref(), Some("http: idle connection timeout"));
    stage.end();
}

// A request that races the end of its connection.

/// A connection lies in the pool and its end has come, but nobody has looked yet; then the request takes it.
/// `first` is polled before the others.
fn raced(end: Script, request: Request, first: &str) -> (Stage, String) {
    let stage = Stage::new(stepper::Stepper::by_hand());
    let server = serve_once(&stage, end);
    let transport = stage.transport(|_| {});
    stage.ask(&transport, get());
    stage.settle();
    server.open_gate("end");
    stage.run_all_but(&["read_loop"]);
    assert!(stage.is_ready("read_loop"), "it has not noticed yet");
    let caller = stage.start(ask(transport, request));
    stage.poll("caller");
    assert_eq!(stage.took(Exit::IdleHit), [(Actor::Caller, Some(1))]);
    stage.poll(first);
    stage.settle();
    let saw = caller.take().expect("it is done");
    (stage, saw)
}

/// After the race one connection is in the pool, which is not the one that ended.
fn clean(stage: Stage, connections: usize) {
    assert!(stage.closed(1).is_some());
    assert_eq!(
        (stage.opened(), stage.idle(), stage.tasks().total()),
        (connections, connections - 1, 2 * (connections - 1))
    );
    stage.check_origins();
    stage.end();
}

fn ends() -> [Script; 3] {
    [Script::new().close(), Script::new().half_close().hold(), Script::new().reset()]
}

#[test]
fn a_get_that_races_the_end_of_its_connection_is_sent_again_on_a_new_one() {
    for end in ends() {
        for first in ["read_loop", "write_loop"] {
            let (stage, saw) = raced(end.clone(), get(), first);
            assert_eq!(saw, "200, 13 bytes");
            clean(stage, 2);
        }
    }
}

#[test]
fn a_post_that_was_written_fails_when_its_connection_ends() {
    // Its write side is closed and it reads on: the request can be written.
    let (stage, saw) = raced(Script::new().half_close().hold(), post("once"), "write_loop");
    assert_eq!(saw, "EOF");
    assert_eq!(stage.closed(1).as_deref(), Some("EOF"));
    clean(stage, 1);
}

#[test]
fn a_post_of_which_nothing_was_written_is_sent_again() {
    for end in [Script::new().close(), Script::new().reset()] {
        for first in ["read_loop", "write_loop"] {
            let (stage, saw) = raced(end.clone(), post("once"), first);
            assert_eq!(saw, "200, 13 bytes");
            clean(stage, 2);
        }
    }
    let (stage, saw) = raced(Script::new().half_close().hold(), post("once"), "read_loop");
    assert_eq!(saw, "200, 13 bytes");
    clean(stage, 2);
}

/// A connection that was given to a waiting request ends before that has looked.
fn handed_over_and_closed(request: Request, end: Script) -> (Stage, String) {
    let stage = Stage::new(stepper::Stepper::by_hand());
    let server = serve_once(&stage, end);
    let transport = stage.transport(|config| config.max_conns_per_host = Some(1));
    let first = stage.run(transport.round_trip(get())).expect("a response");
    let caller = stage.start(ask(transport, request));
    stage.stall();
    let reading = stage.start(read(first));
    // The body is read, and its connection goes to the one who waits.
    stage.stepper.step(reading.id());
    stage.poll("read_loop");
    assert!(stage.is_ready("caller"));
    server.open_gate("end");
    stage.run_all_but(&["caller"]);
    assert_eq!(stage.took(Exit::LateBinding), [], "it has not looked yet");
    stage.settle();
    assert_eq!(reading.take().as_deref(), Some("200, 13 bytes"));
    let saw = caller.take().expect("it is done");
    (stage, saw)
}

#[test]
fn a_get_that_is_given_a_connection_that_has_ended_is_sent_again() {
    for end in ends() {
        let (stage, saw) = handed_over_and_closed(get(), end);
        assert_eq!(saw, "200, 13 bytes");
        clean(stage, 2);
    }
}

/// As in Go it is not decorated, and a POST is not repeated after it.
#[test]
fn a_post_that_is_given_a_connection_that_the_server_has_closed_fails_with_gos_text() {
    for end in [Script::new().close(), Script::new().half_close().hold()] {
        let (stage, saw) = handed_over_and_closed(post("once"), end);
        assert_eq!(saw, SERVER_CLOSED);
        clean(stage, 1);
    }
}
