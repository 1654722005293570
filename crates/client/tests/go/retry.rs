//! Sending once more what met a dying connection.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use client::{Client, GetBody, Request, RequestBody};
use http::Method;
use http::header::HeaderValue;
use httptrace::{Actor, ConnId, Event, Listener, Step, Trace};
use origin::{Plan, Reply, Router, Script};
use persistconn::{
    CloseReason, ConnConfig, ConnHandle, ConnShared, EncodedHead, Error, ExtraFields, IdlePool, Refused,
};
use tokio::net::TcpListener;
use transport::retry::should_retry_request;

use super::streams::{Piece, Pieces, Puppet, Tap, Uses, client_dialling, client_of, connect, tapped};
use crate::support::{Stage, fetch, on_sockets, request};

// A whole retry, as the events of dial, write and handler tell it.

/// What happened, line by line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn line(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Notes when one request asks for a connection twice.
struct Retries {
    log: Log,
    asked: AtomicUsize,
    /// Who else wants to know.
    stage: Trace,
}

impl Listener for Retries {
    fn event(&self, actor: Actor, conn: Option<ConnId>, event: Event) {
        match &event {
            Event::Call { step: Step::RoundTrip } => self.asked.store(0, Ordering::SeqCst),
            Event::GetConn { .. } if self.asked.fetch_add(1, Ordering::SeqCst) > 0 => self.log.line("Retried."),
            _ => {}
        }
        self.stage.emit(actor, conn, || event);
    }
}

/// How the second write fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Failure {
    /// Before one byte is out.
    NothingWritten,
    /// It does not, but the server ends the connection at its first byte. (Go's test returns
    /// `errServerClosedIdle` from a write of one byte.)
    SomeWritten,
}

/// Logs the writes, and fails the second one.
struct SecondFails {
    log: Log,
    failure: Failure,
    writes: AtomicUsize,
}

impl Tap for SecondFails {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.writes.fetch_add(1, Ordering::SeqCst) != 1 {
            self.log.line(format!("Write({:?})", String::from_utf8_lossy(bytes)));
            return Ok(bytes.len());
        }
        self.log.line("intentional write failure");
        match self.failure {
            Failure::NothingWritten => Err(io::Error::other("second write fails")),
            Failure::SomeWritten => Ok(bytes.len()),
        }
    }
}

fn client_that_logs(stage: &Stage, log: &Log, failure: Failure) -> Client {
    let tap = Arc::new(SecondFails { log: log.clone(), failure, writes: AtomicUsize::new(0) });
    let retries = Arc::new(Retries { log: log.clone(), asked: AtomicUsize::new(0), stage: stage.trace() });
    let dials = log.clone();
    let connect = move |rt: Arc<dyn httptrace::Runtime>, addr: String| {
        dials.line("Dial");
        let tap = Arc::clone(&tap);
        async move { tapped(connect(&*rt, &addr).await?, tap) }
    };
    client_dialling(stage, |config| config.trace = Trace::to(retries), connect)
}

/// Go: TestRetryRequestsOnError
#[test]
fn a_request_whose_write_fails_is_sent_again_on_a_new_connection() {
    for (name, failure, method, body) in [
        ("idempotent, no body, some written", Failure::SomeWritten, Method::GET, ""),
        ("idempotent, a body that can be had again, some written", Failure::SomeWritten, Method::GET, "foo\n"),
        ("nothing written, no body", Failure::NothingWritten, Method::DELETE, ""),
        ("nothing written, a body that can be had again", Failure::NothingWritten, Method::POST, "foo\n"),
    ] {
        on_sockets(async |stage| {
            let log = Log::default();
            let handler = log.clone();
            let answer = Script::new().respond(move |_| {
                handler.line("Handler");
                Reply::empty().header("X-Status", "ok")
            });
            let first = match failure {
                Failure::SomeWritten => {
                    let handler = log.clone();
                    Script::new()
                        .respond(move |_| {
                            handler.line("Handler");
                            Reply::empty()
                        })
                        .await_bytes(1)
                        .close()
                }
                Failure::NothingWritten => answer.clone().hold(),
            };
            let origin = stage.origin(Plan::new().conn(first).rest(Script::new().forever(answer)));
            let client = client_that_logs(stage, &log, failure);
            for _ in 0..3 {
                let mut asked = request(method.clone(), &origin.url("/"));
                asked.body = body.into();
                assert_eq!(
                    client.do_request(asked).await.unwrap_or_else(|error| panic!("{name}: {error}")).status,
                    200
                );
            }
            let length = if body.is_empty() { "" } else { "Content-Length: 4\r\n" };
            let text = format!(
                "{method} / HTTP/1.1\r\nHost: {}\r\nUser-Agent: Go-http-client/1.1\r\n{length}Accept-Encoding: gzip\r\n\r\n{body}",
                origin.addr()
            );
            let write = format!("Write({text:?})");
            let wanted = [
                "Dial",
                &write,
                "Handler",
                "intentional write failure",
                "Retried.",
                "Dial",
                &write,
                "Handler",
                &write,
                "Handler",
            ];
            assert_eq!(log.lines(), wanted, "{name}");
        });
    }
}

// What is repeated, and what is not.

fn reader(text: &'static str) -> RequestBody {
    RequestBody::reader(text.as_bytes(), Some(text.len() as u64))
}

/// On a connection that has worked before and that the server ends without an answer.
///
/// Go: TestTransportRequestReplayable
#[test]
fn a_request_is_repeated_if_doing_it_twice_does_no_harm_and_its_body_can_be_had_again() {
    let keyed = |request: &mut Request, name: &'static str| {
        request.header.insert(name, HeaderValue::from_static("x"));
    };
    type Fill<'a> = &'a dyn Fn(&mut Request);
    let cases: [(&str, Method, Fill<'_>, bool); 14] = [
        ("GET", Method::GET, &|_| {}, true),
        ("GET that says it has no body", Method::GET, &|r| r.body = RequestBody::Empty, true),
        ("GET with a body", Method::GET, &|r| r.body = reader("once"), false),
        ("POST", Method::POST, &|_| {}, false),
        ("POST with an Idempotency-Key", Method::POST, &|r| keyed(r, "idempotency-key"), true),
        ("POST with an X-Idempotency-Key", Method::POST, &|r| keyed(r, "x-idempotency-key"), true),
        (
            "POST with a key and a body",
            Method::POST,
            &|r| {
                keyed(r, "idempotency-key");
                r.body = reader("once");
            },
            false,
        ),
        // What was measured with Go beside its table.
        ("HEAD", Method::HEAD, &|_| {}, true),
        ("OPTIONS", Method::OPTIONS, &|_| {}, true),
        ("TRACE", Method::TRACE, &|_| {}, true),
        ("PUT", Method::PUT, &|_| {}, false),
        ("DELETE", Method::DELETE, &|_| {}, false),
        (
            "GET with a body that can be had again",
            Method::GET,
            &|r| {
                r.body = reader("again");
                r.get_body = Some(GetBody::new(|| Ok(reader("again"))));
            },
            true,
        ),
        (
            "POST with a key and a body that can be had again",
            Method::POST,
            &|r| {
                keyed(r, "idempotency-key");
                r.body = reader("again");
                r.get_body = Some(GetBody::new(|| Ok(reader("again"))));
            },
            true,
        ),
    ];
    for (name, method, fill, repeated) in cases {
        on_sockets(async |stage| {
            let dying = Script::new().answer(Reply::empty()).await_request().close();
            let origin = stage.origin(Plan::new().conn(dying).rest(Script::new().answer(Reply::empty()).hold()));
            let client = stage.client();
            drop(client.get(&origin.url("/")).await.unwrap());
            let mut asked = request(method, &origin.url("/"));
            fill(&mut asked);
            match client.do_request(asked).await {
                Ok(response) => {
                    assert!(repeated, "{name}");
                    assert_eq!(response.status, 200, "{name}");
                    let stats = origin.stats();
                    let sent = [&stats.conns[0].requests[1], &stats.conns[1].requests[0]];
                    assert_eq!(sent[0].raw(), sent[1].raw(), "{name}: the same bytes, body included");
                }
                Err(error) => {
                    assert!(!repeated, "{name}");
                    assert_eq!(error.reason.to_string(), "EOF", "{name}");
                    assert_eq!(origin.stats().accepted, 1, "{name}");
                    stage.tasks_become(1).await;
                }
            }
        });
    }
}

/// Two of Go's ten rows are about HTTP/2.
///
/// Go: TestTransportShouldRetryRequest
#[test]
fn the_rule_for_a_second_attempt_is_gos() {
    let nothing_written = || Error::NothingWritten(Box::new(Error::Eof));
    let read_failed = || Error::ReadFromServer(Box::new(Error::Eof));
    let dummy = |method| request(method, "http://fake.tld/");
    let (get, post) = (dummy(Method::GET), dummy(Method::POST));
    let missing_host = Error::InvalidRequest("http: no Host in request URL".into());
    for (row, reused, request, body_again, error, wanted) in [
        (0, false, &post, true, nothing_written(), false),
        (1, true, &post, true, nothing_written(), true),
        (4, true, &post, true, missing_host, false),
        (5, true, &post, true, read_failed(), false),
        (6, true, &get, true, read_failed(), true),
        (7, true, &get, true, Error::ServerClosedIdle, true),
        (8, true, &post, true, nothing_written(), true),
        (9, true, &post, false, nothing_written(), false),
    ] {
        assert_eq!(should_retry_request(reused, request, body_again, &error), wanted, "row {row}");
    }
}

/// Go: TestTransportBodyReadError
#[test]
fn a_body_whose_source_fails_is_read_once_let_go_once_and_not_sent_again() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/ping", Reply::empty()).at("/", Reply::empty()));
        let client = stage.client();
        fetch(&client, &origin.url("/ping")).await;
        let uses = Uses::default();
        let mut post = request(Method::POST, &origin.url("/"));
        let source = Pieces::new([Piece::Fault("some body read error")]);
        post.body = RequestBody::reader(uses.of(source), None);
        let error = client.transport().round_trip(post).await.expect_err("no whole body");
        assert_eq!(error.to_string(), "some body read error");
        stage.tasks_become(1).await;
        assert_eq!((uses.reads(), uses.drops()), (1, 1));
        assert_eq!(origin.stats().accepted, 1);
    });
}

/// Go: TestTransportReturnsPeekError
#[test]
fn an_error_of_the_stream_before_the_first_byte_of_an_answer_is_returned_as_it_is() {
    on_sockets(async |stage| {
        let client = client_of(stage, || Puppet::new([Err(io::Error::other("specific error value"))]));
        let get = request(Method::GET, "http://fake.tld/");
        let error = client.transport().round_trip(get).await.expect_err("no answer");
        assert_eq!(error.to_string(), "specific error value");
        stage.tasks_become(1).await;
    });
}

/// Takes no connection.
struct NoPool;

impl IdlePool for NoPool {
    fn try_put_idle_conn(&self, conn: ConnHandle, _now: Duration) -> Result<(), Refused> {
        Err(Refused { conn, reason: persistconn::PutIdleError::KeepAlivesDisabled })
    }

    fn remove_idle_conn(&self, _: &ConnShared) -> Option<ConnHandle> {
        None
    }
}

/// Both orders: the loops have noticed the end before the request, or they have not.
///
/// Go: TestTransportPersistConnReadLoopEOF
#[test]
fn a_server_that_closes_a_fresh_connection_gives_an_error_that_allows_a_retry() {
    for noticed in [false, true] {
        on_sockets(async |stage| {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap().to_string();
            let rt = stage.runtime();
            let (io, accepted) = tokio::join!(connect(&*rt, &addr), listener.accept());
            let mut config = ConnConfig::new(Arc::clone(&rt));
            config.trace = stage.trace();
            let pool: Weak<dyn IdlePool> = Weak::<NoPool>::new();
            let key = format!("|http|{addr}").into();
            let handle = persistconn::start(io.unwrap(), ConnId(1), key, Arc::new(config), pool, None);
            let shared = Arc::clone(handle.shared());
            drop(accepted.unwrap());
            if noticed {
                stage.tasks_become(1).await;
            }
            let mut get = request(Method::GET, &format!("http://{addr}/"));
            let head = EncodedHead::new(&get, ExtraFields::default()).unwrap();
            let error = persistconn::round_trip(handle, &mut get, head).await.expect_err("no answer");
            let allowed = |error: &Error| {
                matches!(error, Error::NothingWritten(_) | Error::ReadFromServer(_) | Error::ServerClosedIdle)
            };
            assert!(allowed(&error), "{error:?}");
            let closed = shared.closed().expect("the connection is closed");
            assert!(
                matches!(closed, CloseReason::ServerClosedIdle | CloseReason::ReadFromServer(_)),
                "the connection says {closed:?}"
            );
            stage.tasks_become(1).await;
        });
    }
}
