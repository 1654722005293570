//! write_loop, between the head and the body of a request with `Expect: 100-continue`.

use std::time::Duration;

use http::HeaderValue;
use http::header::EXPECT;
use httptrace::{Actor, Event, Exit};
use origin::{Reply, Script};
use transport::Request;

use crate::case::{Case, Fate, NOBODY, ONE_CONN, run};
use crate::stage::{Stage, ask, post};

const PATIENCE: Duration = Duration::from_secs(1);
const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

pub(crate) const CASES: &[Case] = &[
    Case {
        exit: Exit::ContinueGot100,
        name: "the server says 100, then has the body",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| {
            let script = Script::new().await_head().expect_waiting("").send(CONTINUE).await_body().expect_body("body");
            let saw = expecting(stage, script.reply(Reply::bytes(13)).hold());
            assert_eq!(stage.count(|event| matches!(event, Event::Got100Continue)), 1);
            saw
        },
        sees: "200, 13 bytes at 0ns",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::ContinueFinalStatus,
        name: "a final status: the body is sent all the same, and the connection is kept",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| {
            let refused = Reply::bytes(13).status(417);
            expecting(stage, Script::new().await_head().reply(refused).await_body().expect_body("body").hold())
        },
        sees: "417, 13 bytes at 0ns",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::ContinueFinalStatus,
        name: "a final status that ends the connection: the body is not sent",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| {
            let refused = "HTTP/1.1 417 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
            let server = stage.serve(Script::new().await_head().send(refused).await_body().reached("body").hold());
            let transport = stage.transport(|config| config.expect_continue_timeout = PATIENCE);
            let saw = stage.ask(&transport, request());
            stage.settle();
            assert_eq!(server.stats().reached("body"), 0);
            saw
        },
        sees: "417, 2 bytes",
        conn: Fate::Closed("http: persistConn.readLoop exiting"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::ContinueTimeout,
        name: "the server says nothing: the body is sent after a while",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| expecting(stage, Script::new().answer(Reply::bytes(13)).expect_body("body").hold()),
        sees: "200, 13 bytes at 1s",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::ContinueClosed,
        name: "the server hangs up",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| expecting(stage, Script::new().await_head().close()),
        sees: "EOF at 0ns",
        conn: Fate::Closed("EOF"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::ContinueClosed,
        name: "the caller gives up",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| {
            let server = stage.serve(Script::new().await_head().await_body().reached("body").hold());
            let transport = stage.transport(|config| config.expect_continue_timeout = PATIENCE);
            let mut request = request();
            let token = request.cancel_token();
            let caller = stage.start(ask(transport, request));
            stage.stall();
            token.cancel();
            stage.settle();
            assert_eq!(server.stats().reached("body"), 0);
            caller.take().expect("it was cancelled")
        },
        sees: "net/http: request canceled",
        conn: Fate::Closed("net/http: request canceled"),
        idle: 0,
        left: NOBODY,
    },
];

#[test]
fn each_end_of_the_wait_for_100() {
    run(CASES);
}

/// POST of four bytes that asks the server first.
fn request() -> Request {
    let mut post = post("body");
    post.header.insert(EXPECT, HeaderValue::from_static("100-continue"));
    post
}

/// What the caller sees, and when.
fn expecting(stage: &Stage, script: Script) -> String {
    stage.serve(script);
    let transport = stage.transport(|config| config.expect_continue_timeout = PATIENCE);
    let saw = stage.ask(&transport, request());
    format!("{saw} at {:?}", stage.stepper.now())
}
