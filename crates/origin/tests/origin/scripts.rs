//! What each step of a script does to a client on a real socket.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use origin::{End, Plan, Reply, Script, pattern};

use crate::start;
use crate::support::Client;

const HEAD_OF_3: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";

#[tokio::test]
async fn sends_unsolicited_bytes_without_waiting_for_a_request() {
    let origin = start(Script::new().send("HTTP/1.1 408 Request Timeout\r\n\r\n").close());
    let mut client = Client::to(&origin).await;
    assert_eq!(client.rest().await.unwrap(), "HTTP/1.1 408 Request Timeout\r\n\r\n");
    let stats = origin.until(|stats| stats.open == 0).await;
    assert_eq!((stats.requests, stats.conns[0].sent), (0, 32));
    assert_eq!(stats.conns[0].end, Some(End::Closed));
}

#[tokio::test]
async fn a_gate_holds_the_script_back_until_the_test_opens_it() {
    let script = Script::new().await_request().pieces([HEAD_OF_3, "ab"]).await_gate("last").send("c").hold();
    let origin = start(script);
    let mut client = Client::to(&origin).await;
    client.get("/").await;
    client.want(&format!("{HEAD_OF_3}ab")).await;
    let stats = origin.reached("last").await;
    assert_eq!(stats.conns[0].sent, HEAD_OF_3.len() as u64 + 2);
    origin.open_gate("last");
    client.want("c").await;
}

#[tokio::test]
async fn an_open_gate_lets_later_connections_pass() {
    let origin = start(Script::new().await_gate("go").send("x"));
    origin.open_gate("go");
    for _ in 0..2 {
        assert_eq!(Client::to(&origin).await.rest().await.unwrap(), "x");
    }
}

#[tokio::test]
async fn a_pause_lets_at_least_its_time_pass() {
    let pause = Duration::from_millis(30);
    let origin = start(Script::new().send("a").pause(pause).send("b"));
    let begin = Instant::now();
    assert_eq!(Client::to(&origin).await.rest().await.unwrap(), "ab");
    assert!(begin.elapsed() >= pause);
}

#[tokio::test]
async fn after_a_half_close_the_client_reads_eof_and_can_still_write() {
    let script = Script::new().await_request().half_close().await_request().expect_line("GET /late HTTP/1.1").hold();
    let origin = start(script);
    let mut client = Client::to(&origin).await;
    client.get("/").await;
    assert_eq!(client.rest().await.unwrap(), "");
    client.get("/late").await;
    origin.until(|stats| stats.requests == 2).await;
    drop(client);
    let stats = origin.until(|stats| stats.open == 0).await;
    assert_eq!(stats.conns[0].end, Some(End::PeerClosed));
    origin.assert_ok();
}

#[tokio::test]
async fn a_reset_is_seen_as_econnreset() {
    let origin = start(Script::new().await_request().reset());
    let mut client = Client::to(&origin).await;
    client.get("/").await;
    assert_eq!(client.rest().await.expect_err("no clean end").kind(), ErrorKind::ConnectionReset);
    let stats = origin.until(|stats| stats.open == 0).await;
    assert_eq!(stats.conns[0].end, Some(End::Reset));
}

#[tokio::test]
async fn a_reset_by_the_client_is_told_from_a_close() {
    let origin = start(Script::new().hold());
    let client = Client::to(&origin).await.into_inner();
    origin.until(|stats| stats.open == 1).await;
    let client = client.into_std().expect("an open socket");
    let socket = socket2::SockRef::from(&client);
    socket.set_linger(Some(Duration::ZERO)).expect("an open socket");
    drop(client);
    let stats = origin.until(|stats| stats.open == 0).await;
    assert_eq!(stats.conns[0].end, Some(End::PeerReset));
}

#[tokio::test]
async fn hold_is_silent_until_the_client_closes() {
    let origin = start(Script::new().hold());
    let mut client = Client::to(&origin).await;
    client.send("anything").await;
    let stats = origin.until(|stats| stats.conns.first().is_some_and(|conn| conn.waiting == "anything")).await;
    assert_eq!((stats.open, stats.conns[0].sent), (1, 0));
    drop(client);
    let stats = origin.until(|stats| stats.open == 0).await;
    assert_eq!((stats.conns[0].received, stats.conns[0].end), (8, Some(End::PeerClosed)));
}

#[tokio::test]
async fn answers_early_and_reads_the_body_later() {
    let script = Script::new().await_head().reply(Reply::empty()).await_body().expect_body("body").reached("in").hold();
    let origin = start(script);
    let mut client = Client::to(&origin).await;
    client.send("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n").await;
    client.want("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    assert!(!origin.stats().conns[0].requests[0].is_whole());
    client.send("body").await;
    let stats = origin.reached("in").await;
    assert!(stats.conns[0].requests[0].is_whole());
    origin.assert_ok();
}

#[tokio::test]
async fn await_bytes_acts_in_the_middle_of_a_body() {
    let script = Script::new().await_head().await_bytes(3).expect_waiting("abc").reset();
    let origin = start(script);
    let mut client = Client::to(&origin).await;
    client.send("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab").await;
    origin.until(|stats| stats.requests == 1).await;
    assert_eq!(origin.stats().open, 1);
    client.send("c").await;
    assert_eq!(client.rest().await.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
    origin.until(|stats| stats.ended(End::Reset) == 1).await;
    origin.assert_ok();
}

#[tokio::test]
async fn await_eof_goes_on_when_the_client_has_half_closed() {
    let origin = start(Script::new().await_eof().send("bye"));
    let mut client = Client::to(&origin).await;
    client.send("half a requ").await;
    client.half_close().await;
    assert_eq!(client.rest().await.unwrap(), "bye");
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_script_where_it_waits() {
    let origin = start(Script::new().await_request().reached("never").send("x"));
    let mut client = Client::to(&origin).await;
    client.send("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbo").await;
    drop(client);
    let stats = origin.until(|stats| stats.accepted == 1 && stats.open == 0).await;
    assert_eq!((stats.conns[0].end, stats.reached("never")), (Some(End::PeerClosed), 0));
    let request = &stats.conns[0].requests[0];
    assert_eq!((request.is_whole(), request.body()), (false, b"bo".to_vec()));
}

#[tokio::test]
async fn answers_k_requests_and_then_does_something_else() {
    let script = Script::new().times(3, Script::new().answer(Reply::bytes(3))).await_request().send("nonsense");
    let origin = start(script);
    let mut client = Client::to(&origin).await;
    for _ in 0..3 {
        client.get("/").await;
        client.want(&format!("{HEAD_OF_3}abc")).await;
    }
    client.get("/").await;
    assert_eq!(client.rest().await.unwrap(), "nonsense");
}

#[tokio::test]
async fn forever_answers_until_the_client_leaves() {
    let origin = start(Script::new().forever(Script::new().answer(Reply::bytes(3))));
    let mut client = Client::to(&origin).await;
    for _ in 0..10 {
        client.get("/").await;
        client.want(&format!("{HEAD_OF_3}abc")).await;
    }
    drop(client);
    let stats = origin.until(|stats| stats.open == 0).await;
    assert_eq!((stats.requests, stats.conns[0].end), (10, Some(End::PeerClosed)));
}

#[tokio::test]
async fn each_connection_gets_its_own_script_and_an_unplanned_one_is_a_failure() {
    let origin = start(Plan::new().conn(Script::new().send("1")).conn(Script::new().send("2")));
    let mut got = Vec::new();
    for _ in 0..3 {
        got.push(Client::to(&origin).await.rest().await.unwrap());
    }
    assert_eq!(got, ["1", "2", ""]);
    let stats = origin.until(|stats| stats.open == 0).await;
    assert_eq!(stats.failures, ["connection 3, request 0: the plan has no script for this connection"]);
}

#[tokio::test]
async fn failed_checks_are_kept_as_text_and_the_script_goes_on() {
    let script = Script::new()
        .await_request()
        .expect_line("GET /b HTTP/1.1")
        .expect_header("Host", "h")
        .expect_header("Accept", "*/*")
        .expect_no_header("Host")
        .expect_body("x")
        .expect_that("it is a POST", |request| request.method() == "POST")
        .reply(Reply::bytes(3))
        .hold();
    let origin = start(script);
    let mut client = Client::to(&origin).await;
    client.get("/a").await;
    client.want(&format!("{HEAD_OF_3}abc")).await;
    let expected = [
        r#"connection 1, request 1: expected that the request line is "GET /b HTTP/1.1"; got "GET /a HTTP/1.1""#,
        r#"connection 1, request 1: expected that header Accept is "*/*"; got absent"#,
        r#"connection 1, request 1: expected that header Host is absent; got "h""#,
        r#"connection 1, request 1: expected that the body is "x"; got """#,
        r#"connection 1, request 1: expected that it is a POST; got "GET /a HTTP/1.1\r\nHost: h\r\n\r\n""#,
    ];
    assert_eq!(origin.stats().failures, expected);
    let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| origin.assert_ok())).expect_err("a panic");
    assert!(told.downcast::<String>().expect("a text").contains("header Accept"));
}

#[tokio::test]
async fn a_chunked_body_is_read_to_its_end_and_kept_raw() {
    let origin = start(Script::new().await_request().expect_body("abcde").answer(Reply::bytes(3)).hold());
    let mut client = Client::to(&origin).await;
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send(format!("{head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /next HTTP/1.1\r\n\r\n")).await;
    client.want(&format!("{HEAD_OF_3}abc")).await;
    let stats = origin.stats();
    assert_eq!(stats.conns[0].requests[0].raw(), &format!("{head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
    assert_eq!(stats.conns[0].requests[1].path(), "/next");
    origin.assert_ok();
}

#[tokio::test]
async fn a_malformed_body_is_a_failure_and_closes() {
    let origin = start(Script::new().await_request().reached("never"));
    let mut client = Client::to(&origin).await;
    client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").await;
    assert_eq!(client.rest().await.unwrap(), "");
    assert_eq!(origin.stats().failures, [r#"connection 1, request 1: a bad chunk size: "zz""#]);
}

#[tokio::test]
async fn no_more_is_kept_than_the_plan_says_but_all_is_counted() {
    let script = Script::new().forever(Script::new().answer(Reply::bytes(3)));
    let origin = start(Plan::from(script).keep_requests(1).keep_body(10));
    let mut client = Client::to(&origin).await;
    let head = "POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n";
    for _ in 0..2 {
        client.send(head).await;
        client.send(pattern(100_000)).await;
        client.want(&format!("{HEAD_OF_3}abc")).await;
    }
    let stats = origin.stats();
    let conn = &stats.conns[0];
    assert_eq!((conn.seen, conn.requests.len()), (2, 1));
    assert_eq!(conn.requests[0].body(), b"abcdefghij");
    assert_eq!(conn.requests[0].size(), head.len() as u64 + 100_000);
    assert_eq!(conn.received, 2 * conn.requests[0].size());
}

#[tokio::test]
async fn a_check_that_panics_is_a_failure_and_not_a_hang() {
    let origin = start(Script::new().await_request().expect_that("", |_request| panic!("on purpose")));
    let mut client = Client::to(&origin).await;
    client.get("/").await;
    assert_eq!(client.rest().await.unwrap(), "");
    let stats = origin.until(|stats| stats.open == 0).await;
    assert_eq!(stats.failures, ["connection 1: the script panicked"]);
}
