//! The exits that Go does not have: the future is dropped, wherever it is; and tasks are dropped with their runtime.

use std::time::Duration;

use httptrace::{Actor, ClientTrace, Exit};
use origin::{Plan, Reply, Script};
use stepper::{Dialling, Join, Stepper, drop_after};
use transport::{Request, Transport};

use crate::body::FIVE_OF_13;
use crate::stage::{Stage, ask, get, post, post_from, read, request};

const SEEDS: u64 = 20;
const ADDR: &str = "origin-1.test:80";
const CANCELED: &str = "net/http: request canceled";
const RUNTIME_GONE: &str = "http: the runtime of the connection was shut down";

fn kept() -> Script {
    Script::new().forever(Script::new().answer(Reply::bytes(13)))
}

/// A transport with one place, so that a place that is lost is missed.
fn one_place(stage: &Stage) -> Transport {
    stage.transport(|config| {
        config.max_conns_per_host = Some(1);
        config.expect_continue_timeout = Duration::from_secs(1);
        config.response_header_timeout = Some(Duration::from_secs(60));
        config.idle_conn_timeout = Some(Duration::from_secs(90));
        config.dial_timeout = Some(Duration::from_secs(30));
    })
}

/// Nobody asks for anything any more: no task but those of idle connections is there, nobody stands in a line, no place
/// is taken by nobody. And the place that there is can be had.
#[track_caller]
fn nothing_is_left(stage: Stage, transport: Transport) {
    stage.settle();
    let census = transport.pool_census();
    let tasks = stage.tasks();
    assert_eq!((tasks.read_loop, tasks.write_loop, tasks.dial), (census.idle, census.idle, 0), "{}", stage.story());
    assert_eq!((census.waiting, census.conns), (0, census.idle), "{}", stage.story());
    stage.check_origins();
    stage.stepper.set_dialling(ADDR, Dialling::Connects);
    assert_eq!(stage.ask(&transport, get()), "200, 13 bytes", "{}", stage.story());
    drop(transport);
    stage.settle();
    assert_eq!((stage.idle(), stage.tasks().total()), (1, 2));
    stage.end();
}

// Dropped after every number of polls.

/// A request, on an origin and in a state of its own.
struct Scene {
    name: &'static str,
    origin: fn() -> Plan,
    /// Done before the request is made.
    before: fn(&Stage, &Transport),
    request: fn() -> Request,
    sees: &'static str,
}

/// The first connection does what `first` says; all later ones answer.
fn first(first: Script) -> Plan {
    Plan::new().conn(first).rest(kept())
}

fn expecting() -> Request {
    let mut post = post("body");
    post.header.insert(http::header::EXPECT, http::HeaderValue::from_static("100-continue"));
    post
}

const SCENES: &[Scene] = &[
    Scene {
        name: "a new connection",
        origin: || first(kept()),
        before: |_, _| {},
        request: get,
        sees: "200, 13 bytes",
    },
    Scene {
        name: "an idle connection",
        origin: || first(kept()),
        before: |stage, transport| drop(stage.ask(transport, get())),
        request: get,
        sees: "200, 13 bytes",
    },
    Scene {
        name: "a connection that somebody gives back",
        origin: || first(kept()),
        before: |stage, transport| {
            let response = stage.run(transport.round_trip(get())).expect("a response");
            let seam = stage.stepper.seam();
            // Read a little later, while the request waits in line.
            drop(stage.start(async move {
                httptrace::Runtime::timer(&*seam, httptrace::Runtime::now(&*seam) + Duration::from_millis(5)).await;
                read(response).await
            }));
        },
        request: get,
        sees: "200, 13 bytes",
    },
    Scene {
        name: "no body",
        origin: || first(kept()),
        before: |_, _| {},
        request: || request(http::Method::HEAD),
        sees: "200, 0 bytes",
    },
    Scene {
        name: "a connection that dies under the request, and a second attempt",
        origin: || first(Script::new().answer(Reply::bytes(13)).await_request().close()),
        before: |stage, transport| drop(stage.ask(transport, get())),
        request: get,
        sees: "200, 13 bytes",
    },
    Scene {
        name: "a body that is written little by little",
        origin: || first(kept()),
        before: |stage, _| stage.stepper.set_buffer(5),
        request: || post("many times five bytes"),
        sees: "200, 13 bytes",
    },
    Scene {
        name: "a body that waits for 100",
        origin: || {
            let polite = Script::new().await_head().send("HTTP/1.1 100 Continue\r\n\r\n").await_body();
            first(polite.reply(Reply::bytes(13)).forever(kept()))
        },
        before: |_, _| {},
        request: expecting,
        sees: "200, 13 bytes",
    },
    Scene {
        name: "a body that waits for a word that does not come",
        origin: || first(kept()),
        before: |_, _| {},
        request: expecting,
        sees: "200, 13 bytes",
    },
    Scene {
        name: "interim responses, and a head that drips in",
        origin: || {
            let slow = Reply::bytes(13).interim(103, &[]).interim(103, &[]).cut_every(7);
            first(Script::new().answer(slow.pausing(Duration::from_millis(1))).forever(kept()))
        },
        before: |_, _| {},
        request: || {
            let mut get = get();
            get.context = get.context.with_client_trace(ClientTrace::new().got_1xx_response(|_, _| Ok(())));
            get
        },
        sees: "200, 13 bytes",
    },
    Scene {
        name: "a body that drips in",
        origin: || {
            let slow = Reply::chunked(13, 3).chunk_by_chunk().pausing(Duration::from_millis(1));
            first(Script::new().answer(slow).forever(kept()))
        },
        before: |_, _| {},
        request: get,
        sees: "200, 13 bytes",
    },
];

/// One number of polls; says whether the request was done by then.
fn dropped_after(polls: usize, scene: &Scene, stepper: Stepper) -> bool {
    let stage = Stage::new(stepper);
    stage.serve((scene.origin)());
    let transport = one_place(&stage);
    (scene.before)(&stage, &transport);
    let saw = stage.run(drop_after(polls, ask(transport.clone(), (scene.request)())));
    if let Some(saw) = &saw {
        assert_eq!(saw, scene.sees, "{}", stage.story());
    }
    // Whoever is still sending or waiting comes to an end.
    stage.settle();
    stage.pause(Duration::from_secs(1));
    nothing_is_left(stage, transport);
    saw.is_some()
}

#[test]
fn a_request_dropped_after_any_number_of_polls_leaves_nothing_and_its_place_is_free() {
    for scene in SCENES {
        for seed in 0..SEEDS {
            let mut polls = 0;
            while !dropped_after(polls, scene, Stepper::seeded(seed)) {
                polls += 1;
                assert!(polls < 100, "{}, seed {seed}: it never ends", scene.name);
            }
            assert!(polls > 1, "{}, seed {seed}: there was nothing to drop", scene.name);
        }
    }
}

// Dropped, or bereft of its runtime, in each state by name.

/// Where a request is.
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

/// Brings a request there. The other value is what must live while the request does.
fn bring_to(at: At, stage: &Stage, transport: &Transport) -> (Join<String>, Box<dyn std::any::Any>) {
    let script = match at {
        At::QueuedForAPlace | At::Dialling => kept(),
        At::Writing => Script::new().await_head().hold(),
        At::Waiting => Script::new().await_request().hold(),
        At::ReadingTheHead => Script::new().await_request().send("HTTP/1.1 200 OK\r\nContent-").hold(),
        At::ReadingTheBody => Script::new().await_request().send(FIVE_OF_13).hold(),
    };
    stage.serve(first(script));
    let (request, alive): (Request, Box<dyn std::any::Any>) = match at {
        At::QueuedForAPlace => {
            (get(), Box::new(stage.run(transport.round_trip(get())).expect("a response that holds the one place")))
        }
        At::Dialling => {
            stage.stepper.set_dialling(ADDR, Dialling::Hangs);
            (get(), Box::new(()))
        }
        At::Writing => {
            let (post, writer) = post_from(None);
            (post, Box::new(writer))
        }
        At::Waiting | At::ReadingTheHead | At::ReadingTheBody => (get(), Box::new(())),
    };
    let caller = stage.start(ask(transport.clone(), request));
    stage.stall();
    assert!(!caller.is_over(), "{at:?}: it is there");
    (caller, alive)
}

fn with_every_state(test: impl Fn(At, Stage)) {
    for at in STATES {
        test(at, Stage::new(Stepper::by_hand()));
        for seed in 0..SEEDS {
            test(at, Stage::new(Stepper::seeded(seed)));
        }
    }
}

#[test]
fn a_request_dropped_in_each_state_leaves_by_the_exit_of_that_state() {
    with_every_state(|at, stage| {
        let transport = one_place(&stage);
        let (caller, alive) = bring_to(at, &stage, &transport);
        assert!(caller.abort());
        stage.stall();
        let (exit, by) = match at {
            At::QueuedForAPlace | At::Dialling => (Exit::GetConnDropped, (Actor::Caller, None)),
            At::Writing | At::Waiting | At::ReadingTheHead => (Exit::RoundTripDropped, (Actor::Caller, Some(1))),
            At::ReadingTheBody => {
                // Eight bytes are missing: they may come in time.
                assert_eq!(stage.closed(1), None);
                stage.pause(Duration::from_millis(50));
                stage.stall();
                (Exit::BodyClosedEarlyClosed, (Actor::ReadLoop, Some(1)))
            }
        };
        assert_eq!(stage.took(exit), [by], "{at:?}");
        let closed = stage.closed(1);
        match at {
            At::QueuedForAPlace | At::Dialling => assert_eq!(closed, None, "{at:?}"),
            At::Writing | At::Waiting | At::ReadingTheHead => assert_eq!(closed.as_deref(), Some(CANCELED), "{at:?}"),
            At::ReadingTheBody => assert_eq!(closed.as_deref(), Some("http: persistConn.readLoop exiting")),
        }
        // The response that held the place is dropped: its short body is drained. A dial goes on until its time is over.
        drop(alive);
        if at == At::Dialling {
            assert_eq!(stage.tasks().dial, 1, "as in Go the dial is not the request's");
        }
        nothing_is_left(stage, transport);
    });
}

/// Both orders in which a runtime may drop the two loops.
const ORDERS: [[&str; 2]; 2] = [["read_loop", "write_loop"], ["write_loop", "read_loop"]];

#[test]
fn a_request_whose_tasks_are_dropped_in_the_middle_gets_an_error_and_the_next_one_an_answer() {
    for order in ORDERS {
        with_every_state(|at, stage| {
            let transport = one_place(&stage);
            let (caller, alive) = bring_to(at, &stage, &transport);
            match at {
                At::Dialling => stage.drop_task("dial"),
                _ => order.iter().for_each(|name| stage.drop_task(name)),
            }
            stage.stall();
            let saw = caller.take().unwrap_or_else(|| panic!("{at:?}: it hangs\n{}", stage.story()));
            let broken = format!("net/http: HTTP/1.x transport connection broken: {RUNTIME_GONE}");
            match at {
                At::QueuedForAPlace => assert_eq!(saw, "200, 13 bytes", "the place is free"),
                At::Dialling => assert_eq!(saw, "http: no runtime to dial on"),
                At::Writing | At::Waiting | At::ReadingTheHead => assert_eq!(saw, broken, "{at:?}"),
                At::ReadingTheBody => assert_eq!(saw, format!("200, 5 bytes, then {RUNTIME_GONE}")),
            }
            if at != At::Dialling {
                assert_eq!(stage.closed(1).as_deref(), Some(RUNTIME_GONE), "{at:?}");
            }
            drop(alive);
            nothing_is_left(stage, transport);
        });
    }
}

#[test]
fn one_loop_that_is_dropped_takes_the_connection_with_it() {
    for lost in ["read_loop", "write_loop"] {
        with_every_state(|at, stage| {
            if matches!(at, At::QueuedForAPlace | At::Dialling) {
                return stage.end();
            }
            let transport = one_place(&stage);
            let (caller, alive) = bring_to(at, &stage, &transport);
            stage.drop_task(lost);
            stage.stall();
            let saw = caller.take().unwrap_or_else(|| panic!("{at:?}: it hangs\n{}", stage.story()));
            assert!(saw.ends_with(RUNTIME_GONE), "{at:?}: {saw}");
            assert_eq!(stage.tasks().total(), 0, "{at:?}: the other loop is gone too");
            drop(alive);
            nothing_is_left(stage, transport);
        });
    }
}

#[test]
fn an_idle_connection_whose_tasks_are_dropped_leaves_the_pool_at_once() {
    for order in ORDERS {
        let stage = Stage::new(Stepper::by_hand());
        stage.serve(kept());
        let transport = one_place(&stage);
        stage.ask(&transport, get());
        assert_eq!(stage.idle(), 1);
        order.iter().for_each(|name| stage.drop_task(name));
        assert_eq!((stage.idle(), transport.pool_census().conns), (0, 0));
        assert_eq!(stage.closed(1).as_deref(), Some(RUNTIME_GONE));
        stage.stall();
        nothing_is_left(stage, transport);
    }
}
