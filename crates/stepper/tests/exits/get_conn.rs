//! The caller, until it has a connection.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use httptrace::{Actor, Exit, Runtime};
use origin::{Reply, Script};
use stepper::Dialling;
use transport::{Context, PoolCensus, Transport};

use crate::case::{Case, Fate, NOBODY, ONE_CONN, run};
use crate::stage::{Stage, ask, get, read};

const ADDR: &str = "origin-1.test:80";

pub(crate) const CASES: &[Case] = &[
    Case {
        exit: Exit::IdleHit,
        name: "the connection of the request before",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|_| {});
            let first = stage.ask(&transport, get());
            assert_eq!(stage.ask(&transport, get()), first);
            assert_eq!(stage.opened(), 1);
            first
        },
        sees: "200, 13 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::LateBinding,
        name: "a connection comes back while the dial is under way",
        by: (Actor::Caller, Some(1)),
        drive: late_binding,
        sees: "200, 13 bytes",
        conn: Fate::Open,
        idle: 2,
        left: (2, 2, 0),
    },
    Case {
        exit: Exit::Dialled,
        name: "nothing is idle",
        by: (Actor::Caller, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|_| {});
            stage.ask(&transport, get())
        },
        sees: "200, 13 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::DialPooled,
        name: "its request took a connection that came back",
        by: (Actor::Dial, Some(2)),
        drive: late_binding,
        sees: "200, 13 bytes",
        conn: Fate::Open,
        idle: 2,
        left: (2, 2, 0),
    },
    Case {
        exit: Exit::DialPooled,
        name: "its request was given up, and the next one uses it",
        by: (Actor::Dial, Some(1)),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|_| {});
            gives_up_while_it_dials(stage, &transport);
            stage.settle();
            assert_eq!((stage.opened(), stage.idle()), (1, 1));
            let saw = stage.ask(&transport, get());
            assert_eq!((stage.opened(), stage.took(Exit::IdleHit)), (1, vec![(Actor::Caller, Some(1))]));
            saw
        },
        sees: "200, 13 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::GetConnCanceled,
        name: "the context ends during the dial",
        by: (Actor::Caller, None),
        drive: |stage| {
            stage.stepper.set_dial_latency(Duration::from_secs(5));
            stage.serve(kept());
            let transport = stage.transport(|_| {});
            let rt: Arc<dyn Runtime> = stage.stepper.seam();
            let mut get = get();
            get.context = Context::background().with_timeout(&rt, Duration::from_secs(1));
            let saw = stage.ask(&transport, get);
            assert_eq!(stage.stepper.now(), Duration::from_secs(1), "it does not wait for the dial");
            saw
        },
        // The dial goes on, and its connection is there for the next request.
        sees: "context deadline exceeded",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::GetConnCanceled,
        name: "the token fires during the dial",
        by: (Actor::Caller, None),
        drive: |stage| {
            stage.stepper.set_dialling(ADDR, Dialling::Hangs);
            let transport = stage.transport(|config| config.dial_timeout = Some(Duration::from_secs(30)));
            let mut get = get();
            let token = get.cancel_token();
            let caller = stage.start(ask(transport, get));
            stage.stall();
            token.cancel();
            stage.stall();
            caller.take().expect("it does not wait for the dial")
        },
        sees: "net/http: request canceled while waiting for connection",
        conn: Fate::None,
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::GetConnCanceled,
        name: "the context ends while it waits in line for a place",
        by: (Actor::Caller, None),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|config| config.max_conns_per_host = Some(1));
            let first = stage.run(transport.round_trip(get())).expect("a response");
            let (context, cancel) = Context::background().with_cancel();
            let mut second = get();
            second.context = context;
            let caller = stage.start(ask(transport.clone(), second));
            stage.stall();
            cancel.cancel();
            stage.stall();
            assert_eq!(transport.pool_census().waiting, 0, "no line keeps it");
            assert_eq!(stage.run(read(first)), "200, 13 bytes");
            caller.take().expect("it does not wait for the place")
        },
        sees: "context canceled",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::GetConnDropped,
        name: "during the dial",
        by: (Actor::Caller, None),
        drive: |stage| {
            stage.serve(kept());
            let transport = stage.transport(|_| {});
            gives_up_while_it_dials(stage, &transport);
            "nothing: it is gone".to_owned()
        },
        sees: "nothing: it is gone",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::DialFailed,
        name: "refused",
        by: (Actor::Caller, None),
        drive: |stage| {
            let transport = stage.transport(|config| config.max_conns_per_host = Some(1));
            let refused = "dial tcp 127.0.0.1:80: connect: connection refused";
            assert_eq!(stage.ask(&transport, get()), refused);
            // Its place is free again.
            assert_eq!(transport.pool_census(), PoolCensus::default());
            stage.ask(&transport, get())
        },
        sees: "dial tcp 127.0.0.1:80: connect: connection refused",
        conn: Fate::None,
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::DialFailed,
        name: "its time has passed",
        by: (Actor::Caller, None),
        drive: |stage| {
            stage.stepper.set_dialling(ADDR, Dialling::Hangs);
            let transport = stage.transport(|config| config.dial_timeout = Some(Duration::from_secs(30)));
            let saw = stage.ask(&transport, get());
            assert_eq!(stage.stepper.now(), Duration::from_secs(30));
            saw
        },
        sees: "dial tcp 127.0.0.1:80: i/o timeout",
        conn: Fate::None,
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::DialFailed,
        name: "the next in line dials on the place that it leaves",
        by: (Actor::Caller, None),
        drive: |stage| {
            stage.serve(kept());
            let no_route = Dialling::Fails(ErrorKind::HostUnreachable, "no route to host".into());
            stage.stepper.set_dialling(ADDR, no_route);
            stage.stepper.set_dial_latency(Duration::from_secs(1));
            let transport = stage.transport(|config| config.max_conns_per_host = Some(1));
            let first = stage.start(ask(transport.clone(), get()));
            while transport.pool_census().conns == 0 {
                stage.stall();
            }
            let second = stage.start(ask(transport.clone(), get()));
            stage.stall();
            stage.pause(Duration::from_secs(1));
            stage.stall();
            assert!(first.is_over() && !second.is_over());
            stage.stepper.set_dialling(ADDR, Dialling::Connects);
            stage.pause(Duration::from_secs(1));
            stage.settle();
            format!("{}; {}", first.take().expect("it failed"), second.take().expect("it was answered"))
        },
        sees: "dial tcp 127.0.0.1:80: connect: no route to host; 200, 13 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::DialFailed,
        name: "the task that dials is dropped with its runtime",
        by: (Actor::Caller, None),
        drive: |stage| {
            stage.stepper.set_dialling(ADDR, Dialling::Hangs);
            let transport = stage.transport(|config| config.max_conns_per_host = Some(1));
            let caller = stage.start(ask(transport.clone(), get()));
            stage.stall();
            stage.drop_task("dial");
            stage.stall();
            assert_eq!(transport.pool_census(), PoolCensus::default());
            caller.take().expect("it does not hang")
        },
        sees: "http: no runtime to dial on",
        conn: Fate::None,
        idle: 0,
        left: NOBODY,
    },
];

#[test]
fn each_way_to_a_connection_and_each_way_without_one() {
    run(CASES);
}

fn kept() -> Script {
    Script::new().forever(Script::new().answer(Reply::bytes(13)))
}

/// A request is dropped while its connection is being dialled.
pub(crate) fn gives_up_while_it_dials(stage: &Stage, transport: &Transport) {
    stage.stepper.set_dial_latency(Duration::from_secs(5));
    let caller = stage.start(ask(transport.clone(), get()));
    stage.stall();
    assert_eq!(stage.tasks().dial, 1);
    assert!(caller.abort());
}

/// The second request dials, and takes the connection that the first one gives back.
fn late_binding(stage: &Stage) -> String {
    stage.serve(kept());
    let transport = stage.transport(|_| {});
    let first = stage.run(transport.round_trip(get())).expect("a response");
    stage.stepper.set_dial_latency(Duration::from_secs(5));
    let second = stage.start(ask(transport, get()));
    stage.stall();
    assert_eq!(stage.run(read(first)), "200, 13 bytes");
    stage.stall();
    second.take().expect("it does not wait for its dial")
}

#[test]
fn a_connection_that_was_delivered_to_a_request_that_is_dropped_goes_to_the_pool() {
    let stage = Stage::new(stepper::Stepper::by_hand());
    stage.serve(kept());
    let transport = stage.transport(|config| config.idle_conn_timeout = Some(Duration::from_secs(90)));
    let caller = stage.start(ask(transport, get()));
    stage.poll("caller");
    stage.run_all_but(&["caller"]);
    assert!(stage.is_ready("caller"), "its connection is there");
    assert!(caller.abort());
    stage.settle();
    assert_eq!(stage.took(Exit::GetConnDropped), [(Actor::Caller, None)]);
    assert_eq!((stage.opened(), stage.idle(), stage.closed(1)), (1, 1, None));
    // There it has its time, as any other.
    stage.pause(Duration::from_secs(90));
    stage.settle();
    assert_eq!(stage.closed(1).as_deref(), Some("http: idle connection timeout"));
    stage.end();
}
