//! read_loop, while the caller has the reader.

use std::time::Duration;

use httptrace::{Actor, Exit, Runtime};
use origin::{EndMark, Reply, Script};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transport::{Context, EarlyClose, Response};

use crate::case::{Case, Fate, NOBODY, ONE_CONN, run};
use crate::stage::{Stage, ask, get, post_from, read};

const EXITING: &str = "http: persistConn.readLoop exiting";
/// The most that is drained, in bytes.
const LIMIT: usize = 256 << 10;
/// A head that promises 13 bytes, and five of them, in one piece.
pub(crate) const FIVE_OF_13: &str = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nabcde";

pub(crate) const CASES: &[Case] = &[
    Case {
        exit: Exit::BodyEofKept,
        name: "a declared length, and the pool is asked before the end is seen",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| read_and_look(stage, Reply::bytes(13)),
        sees: "200, 13 bytes; then 1 is idle",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::BodyEofKept,
        name: "chunks with a late end, and the pool is asked before the end is seen",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| read_and_look(stage, Reply::chunked(1000, 100).end_mark(EndMark::Later)),
        sees: "200, 1000 bytes; then 1 is idle",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::BodyEofKept,
        name: "it goes to a request that waits for it",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().forever(Script::new().answer(Reply::bytes(13))));
            let transport = stage.transport(|config| config.max_conns_per_host = Some(1));
            let first = stage.run(transport.round_trip(get())).expect("a response");
            let waiting = stage.start(ask(transport, get()));
            stage.stall();
            assert_eq!(stage.run(read(first)), "200, 13 bytes");
            stage.settle();
            assert_eq!(stage.took(Exit::BodyEofKept).len(), 2);
            waiting.take().expect("it was served")
        },
        sees: "200, 13 bytes",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::BodyEofClosed,
        name: "the server says close",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(
                Script::new()
                    .await_request()
                    .send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi")
                    .hold(),
            );
            let transport = stage.transport(|_| {});
            stage.ask(&transport, get())
        },
        sees: "200, 2 bytes",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyEofClosed,
        name: "the body ends with the connection",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().answer(Reply::close_delimited(1000)));
            let transport = stage.transport(|_| {});
            stage.ask(&transport, get())
        },
        sees: "200, 1000 bytes",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyEofClosed,
        name: "the caller wants it closed",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().answer(Reply::bytes(13)).hold());
            let transport = stage.transport(|_| {});
            let mut get = get();
            get.close = true;
            stage.ask(&transport, get)
        },
        sees: "200, 13 bytes",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyClosedEarlyDrained,
        name: "closed unread",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| closed_early(stage, Reply::bytes(LIMIT), EarlyClose::default(), Close::Waits),
        sees: "closed",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::BodyClosedEarlyDrained,
        name: "dropped unread, and the rest comes after 49 ms",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let late = Reply::bytes(1000).in_pieces(999).pausing(Duration::from_micros(24_500));
            closed_early(stage, late, EarlyClose::default(), Close::Drops)
        },
        sees: "closed",
        conn: Fate::Open,
        idle: 1,
        left: ONE_CONN,
    },
    Case {
        exit: Exit::BodyClosedEarlyClosed,
        name: "the policy is to kill",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| closed_early(stage, Reply::bytes(13), EarlyClose::Kill, Close::Waits),
        sees: "closed",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyClosedEarlyClosed,
        name: "it declares a byte more than is drained",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| closed_early(stage, Reply::bytes(LIMIT + 1), EarlyClose::default(), Close::Waits),
        sees: "closed",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyClosedEarlyClosed,
        name: "it has a byte more than is drained, and does not declare it",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| closed_early(stage, Reply::chunked(LIMIT + 1, 4096), EarlyClose::default(), Close::Drops),
        sees: "closed",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyClosedEarlyClosed,
        name: "the rest comes after 51 ms",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let late = Reply::bytes(1000).in_pieces(999).pausing(Duration::from_micros(25_500));
            closed_early(stage, late, EarlyClose::default(), Close::Drops)
        },
        sees: "closed",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyClosedEarlyClosed,
        name: "the server says close",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            closed_early(stage, Reply::bytes(13).header("Connection", "close"), EarlyClose::default(), Close::Waits)
        },
        sees: "closed",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyReadError,
        name: "the body breaks off",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            stage.serve(Script::new().await_request().send(FIVE_OF_13).close());
            let transport = stage.transport(|_| {});
            stage.ask(&transport, get())
        },
        sees: "200, 5 bytes, then unexpected EOF",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyReadError,
        name: "a reset in the body",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let server = stage.serve(Script::new().await_request().send(FIVE_OF_13).await_gate("read").reset());
            let transport = stage.transport(|_| {});
            let mut response = stage.run(transport.round_trip(get())).expect("a response");
            let first = stage.run(response.body.piece()).expect("five bytes").expect("five bytes");
            server.open_gate("read");
            format!("{} bytes, then {}", first.len(), stage.run(read(response)))
        },
        sees: "5 bytes, then 200, 0 bytes, \
               then read tcp 127.0.0.1:40000->127.0.0.1:80: read: connection reset by peer",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyReadError,
        name: "a chunk that is none",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzzz\r\n";
            stage.serve(Script::new().await_request().send(chunks).hold());
            let transport = stage.transport(|_| {});
            stage.ask(&transport, get())
        },
        sees: "200, 3 bytes, then invalid byte in chunk length",
        conn: Fate::Closed(EXITING),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyLegacyCancel,
        name: "nobody polls the body",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let mut get = get();
            let token = get.cancel_token();
            let response = five_of_13(stage, get);
            token.cancel();
            unpolled(stage, response, "net/http: request canceled")
        },
        sees: "200, 5 bytes, then net/http: request canceled",
        conn: Fate::Closed("net/http: request canceled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyLegacyCancel,
        name: "a read waits",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let mut get = get();
            let token = get.cancel_token();
            let reading = stage.start(read(five_of_13(stage, get)));
            stage.stall();
            token.cancel();
            stage.stall();
            reading.take().expect("it is woken")
        },
        sees: "200, 5 bytes, then net/http: request canceled",
        conn: Fate::Closed("net/http: request canceled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyContextCanceled,
        name: "nobody polls the body",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let (context, cancel) = Context::background().with_cancel();
            let mut get = get();
            get.context = context;
            let response = five_of_13(stage, get);
            cancel.cancel();
            unpolled(stage, response, "context canceled")
        },
        sees: "200, 5 bytes, then context canceled",
        conn: Fate::Closed("context canceled"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyContextCanceled,
        name: "a read waits, and the cause is the caller's own",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let (context, cancel) = Context::background().with_cancel();
            let mut get = get();
            get.context = context;
            let reading = stage.start(read(five_of_13(stage, get)));
            stage.stall();
            let enough = Box::<dyn std::error::Error + Send + Sync>::from("enough of it");
            cancel.cancel_with(transport::Cause::Custom(enough.into()));
            stage.stall();
            reading.take().expect("it is woken")
        },
        sees: "200, 5 bytes, then enough of it",
        conn: Fate::Closed("enough of it"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyDeadlineExceeded,
        name: "nobody polls the body",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let rt: std::sync::Arc<dyn Runtime> = stage.stepper.seam();
            let mut get = get();
            get.context = Context::background().with_timeout(&rt, Duration::from_secs(30));
            let response = five_of_13(stage, get);
            stage.pause(Duration::from_secs(30) - Duration::from_nanos(1));
            stage.stall();
            assert_eq!(stage.closed(1), None, "a moment before");
            stage.pause(Duration::from_nanos(1));
            unpolled(stage, response, "context deadline exceeded")
        },
        sees: "200, 5 bytes, then context deadline exceeded",
        conn: Fate::Closed("context deadline exceeded"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyConnClosed,
        name: "the rest of the request cannot be written",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let early = Script::new().await_head().send(FIVE_OF_13).await_gate("answered").reset();
            let server = stage.serve(early);
            let transport = stage.transport(|_| {});
            let (post, mut writer) = post_from(None);
            let response = stage.run(transport.round_trip(post)).expect("an early answer");
            server.open_gate("answered");
            stage.stall();
            assert_eq!(stage.closed(1), None, "nobody looks at the socket");
            stage.run(writer.write_all(b"more")).expect("room");
            stage.stall();
            assert_eq!(stage.took(Exit::WriteError), [(Actor::WriteLoop, Some(1))]);
            stage.run(read(response))
        },
        // Differs from Go: `read tcp …: use of closed network connection`, which does not say why.
        sees: "200, 5 bytes, \
               then write error: write tcp 127.0.0.1:40000->127.0.0.1:80: write: connection reset by peer",
        conn: Fate::Closed("write error: write tcp 127.0.0.1:40000->127.0.0.1:80: write: connection reset by peer"),
        idle: 0,
        left: NOBODY,
    },
    Case {
        exit: Exit::BodyConnClosed,
        name: "the other loop is dropped with half of a runtime",
        by: (Actor::ReadLoop, Some(1)),
        drive: |stage| {
            let response = five_of_13(stage, get());
            stage.drop_task("write_loop");
            stage.stall();
            stage.run(read(response))
        },
        sees: "200, 5 bytes, then http: the runtime of the connection was shut down",
        conn: Fate::Closed("http: the runtime of the connection was shut down"),
        idle: 0,
        left: NOBODY,
    },
];

#[test]
fn each_way_out_of_a_body() {
    run(CASES);
}

/// Reads to the end and looks into the pool at once.
fn read_and_look(stage: &Stage, reply: Reply) -> String {
    stage.serve(Script::new().answer(reply).hold());
    let transport = stage.transport(|_| {});
    let pool = transport.clone();
    stage.run(async {
        let saw = ask(transport, get()).await;
        format!("{saw}; then {} is idle", pool.pool_census().idle)
    })
}

enum Close {
    /// `close().await`
    Waits,
    /// Dropped.
    Drops,
}

fn closed_early(stage: &Stage, reply: Reply, early_close: EarlyClose, how: Close) -> String {
    stage.serve(Script::new().answer(reply).hold());
    let transport = stage.transport(|config| config.early_close = early_close);
    stage.run(async {
        let mut response = transport.round_trip(get()).await.expect("a response");
        match how {
            Close::Waits => {
                response.body.close().await;
                let error = response.body.read(&mut [0; 1]).await.expect_err("it is closed");
                assert_eq!(error.to_string(), "http: read on closed response body");
            }
            Close::Drops => drop(response),
        }
    });
    stage.settle();
    // An origin that is still sending has to come to its end.
    stage.pause(Duration::from_millis(10));
    "closed".to_owned()
}

/// Gets a response of which five of 13 bytes have come.
fn five_of_13(stage: &Stage, request: transport::Request) -> Response {
    stage.serve(Script::new().await_request().send(FIVE_OF_13).hold());
    let transport = stage.transport(|_| {});
    stage.run(transport.round_trip(request)).expect("a response")
}

/// The request was given up: its connection ends though nobody polls its body. Then the body is read.
fn unpolled(stage: &Stage, response: Response, reason: &str) -> String {
    stage.stall();
    assert_eq!(stage.closed(1).as_deref(), Some(reason), "at once, and with nobody reading");
    assert_eq!(stage.tasks().total(), 0);
    stage.run(read(response))
}
