//! read_loop, from the first byte of a response to its delivery.

use std::sync::{Arc, Mutex};

use http::Method;
use httptrace::{Actor, ClientTrace, Event, Exit, TaskName};
use origin::{Reply, Script};
use stepper::Join;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transport::{CancelToken, Context, Response};

use crate::case::{Case, Fate, NOBODY, ONE_CONN, run};
use crate::stage::{Stage, ask, get, read, request};

const EXITING: &str = "http: persistConn.readLoop exiting";

pub(crate) const CASES: &[Case] = &[
    Case {
        exit: Exit::HeadNoByte,
        name: "the server hangs up without a word",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| answered(stage, Script::new().await_request().close()),
        sees: "EOF",
        conn: Fate::Closed("EOF"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::HeadNoByte,
        name: "the server resets without a word",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| answered(stage, Script::new().await_request().reset()),
        sees: "read tcp 127.0.0.1:40000->127.0.0.1:80: read: connection reset by peer",
        conn: Fate::Closed("read tcp 127.0.0.1:40000->127.0.0.1:80: read: connection reset by peer"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::HeadMalformed,
        name: "no status line",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| answered(stage, Script::new().await_request().send("garbage\r\n\r\n").hold()),
        sees: r#"net/http: HTTP/1.x transport connection broken: malformed HTTP response "garbage""#,
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::HeadMalformed,
        name: "the head breaks off",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| answered(stage, Script::new().await_request().send("HTTP/1.1 200 OK\r\nA: b").close()),
        sees: "net/http: HTTP/1.x transport connection broken: unexpected EOF",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::HeadMalformed,
        name: "the caller's own 1xx hook ends it",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().answer(Reply::bytes(13).interim(103, &[])).hold());
            let transport = stage.transport(|_| {});
            let mut get = get();
            let hooks = ClientTrace::new().got_1xx_response(|status, _| Err(format!("no {status} for me").into()));
            get.context = get.context.with_client_trace(hooks);
            stage.ask(&transport, get)
        },
        sees: "net/http: HTTP/1.x transport connection broken: no 103 for me",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::HeadTooLarge,
        name: "one byte more than allowed",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            stage.serve(Script::new().await_request().send(head).hold());
            let transport = stage.transport(|config| config.max_response_header_bytes = head.len() as u64 - 1);
            stage.ask(&transport, get())
        },
        sees: "net/http: HTTP/1.x transport connection broken: \
               net/http: server response headers exceeded 37 bytes; aborted",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::HeadCallerGone,
        name: "the caller is gone when its 1xx hook returns, and the head had come together with the 1xx",
        by: (Actor::ReadLoop, Some(1)),
        drive: gives_up_in_its_hook,
        sees: "gave up",
        conn: Fate::Closed("net/http: request canceled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::NoBodyKept,
        name: "HEAD",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| no_body(stage, Method::HEAD, Reply::bytes(13), "pool, then caller"),
        sees: "200, 0 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::NoBodyKept,
        name: "204",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| no_body(stage, Method::GET, Reply::bodyless(204), "pool, then caller"),
        sees: "204, 0 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::NoBodyKept,
        name: "a length of 0",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| no_body(stage, Method::GET, Reply::empty(), "pool, then caller"),
        sees: "200, 0 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::NoBodyClosed,
        name: "the server says close",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| no_body(stage, Method::GET, Reply::empty().header("Connection", "close"), "caller"),
        sees: "200, 0 bytes",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::NoBodyClosed,
        name: "the caller wants it closed",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().answer(Reply::empty()).hold());
            let transport = stage.transport(|_| {});
            let mut get = get();
            get.close = true;
            stage.ask(&transport, get)
        },
        sees: "200, 0 bytes",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::NoBodyClosed,
        name: "the pool refuses",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().answer(Reply::empty()).hold());
            let transport = stage.transport(|config| config.max_idle_conns_per_host = Some(0));
            stage.ask(&transport, get())
        },
        sees: "200, 0 bytes",
        conn: Fate::Closed("http: putIdleConn: too many idle connections for host"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::SwitchedProtocols,
        name: "101: the caller has the stream, with what had come with the head",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello";
            stage.serve(
                Script::new().await_request().send(switched).await_bytes(4).expect_waiting("ping").send("pong").hold(),
            );
            let transport = stage.transport(|_| {});
            talks_on(stage, stage.run(transport.round_trip(get())).expect("a response"))
        },
        sees: "101, hello, pong",
        conn: Fate::GivenAway,
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::SwitchedProtocols,
        name: "CONNECT: the caller has the stream",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let tunnel = "HTTP/1.1 200 OK\r\n\r\nhello";
            stage.serve(
                Script::new().await_head().send(tunnel).await_bytes(4).expect_waiting("ping").send("pong").hold(),
            );
            let transport = stage.transport(|_| {});
            talks_on(stage, stage.run(transport.round_trip(request(Method::CONNECT))).expect("a response"))
        },
        sees: "200, hello, pong",
        conn: Fate::GivenAway,
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::HeadConnClosed,
        name: "a cancel while nothing has come",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| cancelled_at(stage, Script::new().await_request().await_gate("sent").hold()),
        sees: "net/http: request canceled",
        conn: Fate::Closed("net/http: request canceled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::HeadConnClosed,
        name: "a cancel in the middle of the head",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            cancelled_at(stage, Script::new().await_request().send("HTTP/1.1 200 OK\r\nA:").await_gate("sent").hold())
        },
        sees: "net/http: request canceled",
        conn: Fate::Closed("net/http: request canceled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::HeadConnClosed,
        name: "a context that ends while nothing has come",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let server = stage.serve(Script::new().await_request().await_gate("sent").hold());
            let transport = stage.transport(|_| {});
            let (context, cancel) = Context::background().with_cancel();
            let mut get = get();
            get.context = context;
            let caller = stage.start(ask(transport, get));
            stage.stall();
            cancel.cancel();
            stage.stall();
            server.open_gate("sent");
            caller.take().expect("it does not wait for the server")
        },
        sees: "context canceled",
        conn: Fate::Closed("context canceled"),
        idle: 0,
        left: NOBODY,
    },
];

#[test]
fn each_way_out_of_a_response_head() {
    run(CASES);
}

/// One GET of an origin that does this.
fn answered(stage: &Stage, script: Script) -> String {
    stage.serve(script);
    let transport = stage.transport(|_| {});
    stage.ask(&transport, get())
}

/// A response without a body: looks at the order in which pool and caller are told.
fn no_body(stage: &Stage, method: Method, reply: Reply, order: &str) -> String {
    stage.serve(Script::new().await_request().step(reply_only(reply)).hold());
    let transport = stage.transport(|_| {});
    let saw = stage.ask(&transport, request(method));
    let told: Vec<_> = stage
        .records()
        .into_iter()
        .filter_map(|record| match record.event {
            Event::PutIdleConn { error: None } => Some("pool"),
            Event::Exit { id: Exit::GotResponse | Exit::ClosedButResponse } => Some("caller"),
            _ => None,
        })
        .collect();
    assert_eq!(told.join(", then "), order);
    saw
}

/// The head of a reply, and nothing that closes the connection after it.
fn reply_only(reply: Reply) -> origin::Step {
    let wire = reply.to_bytes();
    let head = wire.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
    origin::Step::Send(wire.slice(..head))
}

/// Uses the stream that the response brings, and keeps it open.
fn talks_on(stage: &Stage, response: Response) -> String {
    stage.settle();
    assert_eq!(stage.count(|event| matches!(event, Event::TaskEnded { name: TaskName::ReadLoop })), 1);
    assert_eq!(stage.count(|event| matches!(event, Event::TaskEnded { name: TaskName::WriteLoop })), 1);
    let status = response.status;
    let mut upgraded = response.upgraded.expect("the stream");
    let said = stage.run(async {
        let (mut hello, mut pong) = ([0; 5], [0; 4]);
        upgraded.read_exact(&mut hello).await.expect("what came with the head");
        upgraded.write_all(b"ping").await.expect("it is open");
        upgraded.read_exact(&mut pong).await.expect("an answer");
        [hello.to_vec(), pong.to_vec()].map(|said| String::from_utf8(said).expect("text"))
    });
    stage.keep(upgraded);
    format!("{status}, {}, {}", said[0], said[1])
}

/// Fires the request's own token when the origin has come to its gate.
fn cancelled_at(stage: &Stage, script: Script) -> String {
    let server = stage.serve(script);
    let transport = stage.transport(|_| {});
    let mut get = get();
    let token: CancelToken = get.cancel_token();
    let caller = stage.start(ask(transport, get));
    stage.stall();
    assert_eq!(server.stats().reached("sent"), 1);
    token.cancel();
    stage.stall();
    server.open_gate("sent");
    caller.take().expect("it does not wait for the server")
}

/// The hook is called by read_loop; there the caller drops its request.
fn gives_up_in_its_hook(stage: &Stage) -> String {
    let both = Reply::bytes(13).interim(103, &[]).to_bytes();
    stage.serve(Script::new().await_request().send(both).hold());
    let transport = stage.transport(|_| {});
    let caller: Arc<Mutex<Option<Join<String>>>> = Arc::default();
    let mut get = get();
    let gives_up = Arc::clone(&caller);
    let hooks = ClientTrace::new().got_1xx_response(move |_, _| {
        let caller = gives_up.lock().expect("nobody panics here").take().expect("the hook is called once");
        assert!(caller.abort());
        Ok(())
    });
    get.context = get.context.with_client_trace(hooks);
    *caller.lock().expect("nobody panics here") = Some(stage.start(async move {
        let response = transport.round_trip(get).await.expect("a response");
        read(response).await
    }));
    stage.settle();
    assert!(caller.lock().expect("nobody panics here").is_none(), "the hook was called");
    assert_eq!(stage.took(Exit::RoundTripDropped), [(Actor::Caller, Some(1))]);
    "gave up".to_owned()
}
