//! write_loop; and read_loop's question whether the request was written.

use std::time::Duration;

use httptrace::{Actor, Exit};
use origin::{Reply, Script};
use tokio::io::AsyncWriteExt;
use transport::RequestBody;

use crate::case::{Case, Fate, NOBODY, ONE_CONN, run};
use crate::stage::{Fails, Stage, ask, get, post, post_from, read};

const EXITING: &str = "http: persistConn.readLoop exiting";
/// How long the end of a response waits for the end of the write. Go: `maxWriteWaitBeforeConnReuse`.
const WRITE_WAIT: Duration = Duration::from_millis(50);

pub(crate) const CASES: &[Case] = &[
    Case {
        exit: Exit::Written,
        name: "a request without a body",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| answered(stage, get(), ""),
        sees: "200, 13 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::Written,
        name: "a request with a body, through a peer that takes little at a time",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| {
            stage.stepper.set_buffer(7);
            answered(stage, post("seven bytes at a time"), "seven bytes at a time")
        },
        sees: "200, 13 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::WriteError,
        name: "the server resets while the body is written",
        by: (Actor::WriteLoop, Some(1)),
        drive: reset_under_the_write,
        sees: "net/http: HTTP/1.x transport connection broken: \
               write tcp 127.0.0.1:40000->127.0.0.1:80: write: connection reset by peer",
        conn: Fate::Closed("write error: write tcp 127.0.0.1:40000->127.0.0.1:80: write: connection reset by peer"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::WriteError,
        name: "the server resets while a body of known length is written",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| reset_under_the_write_of(stage, Some(100)),
        sees: "net/http: HTTP/1.x transport connection broken: readfrom tcp 127.0.0.1:40000->127.0.0.1:80: \
               write tcp 127.0.0.1:40000->127.0.0.1:80: write: connection reset by peer",
        conn: Fate::Closed(
            "write error: readfrom tcp 127.0.0.1:40000->127.0.0.1:80: \
             write tcp 127.0.0.1:40000->127.0.0.1:80: write: connection reset by peer",
        ),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RequestBodyError,
        name: "the source fails",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| unanswered(stage, RequestBody::reader(Fails(b"some"), None)),
        sees: "no more ink",
        conn: Fate::Closed("write error: no more ink"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RequestBodyError,
        name: "the source fails before the length that it said",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| unanswered(stage, RequestBody::reader(Fails(b"some"), Some(5))),
        // Go's connection reads such a body itself, and says so.
        sees: "readfrom tcp 127.0.0.1:40000->127.0.0.1:80: no more ink",
        conn: Fate::Closed("write error: readfrom tcp 127.0.0.1:40000->127.0.0.1:80: no more ink"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RequestBodyError,
        name: "the source fails behind the length that it said",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| unanswered(stage, RequestBody::reader(Fails(b"some"), Some(4))),
        sees: "no more ink",
        conn: Fate::Closed("write error: no more ink"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RequestBodyError,
        name: "the source is shorter than it said",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| unanswered(stage, RequestBody::reader(&b"some"[..], Some(5))),
        sees: "net/http: HTTP/1.x transport connection broken: http: ContentLength=5 with Body length 4",
        conn: Fate::Closed("write error: http: ContentLength=5 with Body length 4"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::RequestBodyError,
        name: "the source is longer than it said",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| unanswered(stage, RequestBody::reader(&b"something"[..], Some(5))),
        sees: "net/http: HTTP/1.x transport connection broken: http: ContentLength=5 with Body length 9",
        conn: Fate::Closed("write error: http: ContentLength=5 with Body length 9"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::WriteLoopClosed,
        name: "while it waits for a request",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| {
            let saw = answered(stage, get(), "");
            stage.drop_transport();
            saw
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("http: connection handle dropped"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::WriteLoopClosed,
        name: "while the source of the body is silent",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().await_head().hold());
            let transport = stage.transport(|_| {});
            let (mut post, writer) = post_from(None);
            let token = post.cancel_token();
            let caller = stage.start(ask(transport, post));
            stage.stall();
            token.cancel();
            stage.stall();
            // Its other end is still there: nothing but the close has ended the wait.
            drop(writer);
            caller.take().expect("it does not wait for the source")
        },
        sees: "net/http: request canceled",
        conn: Fate::Closed("net/http: request canceled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::WriteLoopClosed,
        name: "while the server takes nothing",
        by: (Actor::WriteLoop, Some(1)),
        drive: |stage| {
            stage.stepper.set_buffer(16);
            let server = stage.serve(Script::new().await_gate("given up").hold());
            let transport = stage.transport(|_| {});
            let mut post = post("more than fits into sixteen bytes");
            let token = post.cancel_token();
            let caller = stage.start(ask(transport, post));
            stage.stall();
            token.cancel();
            stage.stall();
            server.open_gate("given up");
            caller.take().expect("it does not wait for the server")
        },
        sees: "net/http: request canceled",
        conn: Fate::Closed("net/http: request canceled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::WroteAtOnce,
        name: "the usual case",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| answered(stage, get(), ""),
        sees: "200, 13 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::WroteInTime,
        name: "the write ends after 49 ms",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| early_answer(stage, WRITE_WAIT - Duration::from_millis(1)),
        sees: "200, 13 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::NotWritten,
        name: "the write ends after 51 ms",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| early_answer(stage, WRITE_WAIT + Duration::from_millis(1)),
        sees: "200, 13 bytes",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::NotWritten,
        name: "the source has failed before the end of the response is read",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            // The answer is there when the write fails: all of it lies in the reader already.
            stage.serve(Script::new().await_head().reply(Reply::bytes(13)).hold());
            let transport = stage.transport(|_| {});
            let (post, mut writer) = post_from(Some(4));
            let response = stage.run(transport.round_trip(post)).expect("an early answer");
            let reading = stage.start(read(response));
            stage.run_all_but(&["read_loop"]);
            assert!(stage.is_ready("read_loop"), "the body was read to its end");
            let more = stage.start(async move { writer.write_all(b"too much").await });
            stage.run_all_but(&["read_loop"]);
            more.take().expect("there is room").expect("the source is open");
            stage.stall();
            reading.take().expect("the end of the body")
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed("write error: http: ContentLength=4 with Body length 8"),
        idle: 0,
        left: NOBODY,
    },
];

#[test]
fn each_way_out_of_the_write_loop_and_of_the_wait_for_it() {
    run(CASES);
}

/// A request whose body arrives as it was sent, and is answered.
fn answered(stage: &Stage, request: transport::Request, body: &'static str) -> String {
    stage.serve(Script::new().await_request().expect_body(body).reply(Reply::bytes(13)).hold());
    let transport = stage.transport(|_| {});
    stage.ask(&transport, request)
}

/// A request whose body ends it.
fn unanswered(stage: &Stage, body: RequestBody) -> String {
    stage.serve(Script::new().await_head().hold());
    let transport = stage.transport(|_| {});
    stage.ask(&transport, post(body))
}

/// The write meets the reset before the read does.
pub(crate) fn reset_under_the_write(stage: &Stage) -> String {
    reset_under_the_write_of(stage, None)
}

fn reset_under_the_write_of(stage: &Stage, length: Option<u64>) -> String {
    let server = stage.serve(Script::new().await_head().await_gate("head").reset());
    let transport = stage.transport(|_| {});
    let (post, mut writer) = post_from(length);
    let caller = stage.start(ask(transport, post));
    stage.stall();
    server.open_gate("head");
    stage.run_all_but(&["read_loop"]);
    assert!(stage.is_ready("read_loop"), "it has not noticed yet");
    // Not by `run`: that would let read_loop run too.
    let more = stage.start(async move { writer.write_all(b"more").await });
    stage.run_all_but(&["read_loop"]);
    more.take().expect("there is room").expect("the source is open");
    assert_eq!(stage.took(Exit::WriteError), [(Actor::WriteLoop, Some(1))]);
    stage.stall();
    caller.take().expect("it is done")
}

/// The server answers as soon as it has the head; the body of the request ends `late`, counted from then.
fn early_answer(stage: &Stage, late: Duration) -> String {
    stage.serve(Script::new().await_head().reply(Reply::bytes(13)).await_body().hold());
    let transport = stage.transport(|_| {});
    let (post, writer) = post_from(None);
    let began = stage.stepper.now();
    let caller = stage.start(ask(transport, post));
    stage.stall();
    assert!(!caller.is_over(), "the end of the response waits for the end of the write");
    stage.pause(late.min(WRITE_WAIT));
    stage.stall();
    assert_eq!(caller.is_over(), late >= WRITE_WAIT, "but not longer than that");
    stage.pause(late - (stage.stepper.now() - began));
    drop(writer);
    stage.stall();
    caller.take().expect("it is done")
}
