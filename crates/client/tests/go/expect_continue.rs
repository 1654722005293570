//! `Expect: 100-continue`: a body that waits for the server's word.

use std::time::Duration;

use client::RequestBody;
use http::Method;
use http::header::{EXPECT, HeaderValue};
use httptrace::Exit;
use origin::{Reply, Script};

use super::streams::Uses;
use crate::support::{BOUND, Stage, fetch, on_sockets, request};

const BODY: &str = "request body";

/// A PUT whose body waits, and no timer ends that wait before the test is over.
async fn put(stage: &Stage, script: Script) -> (client::Response, std::sync::Arc<origin::Stats>) {
    let origin = stage.origin(script);
    let client = stage.client_with(|config| config.expect_continue_timeout = 2 * BOUND);
    let mut put = request(Method::PUT, &origin.url("/"));
    put.header.insert(EXPECT, HeaderValue::from_static("100-continue"));
    put.body = BODY.into();
    let response = client.do_request(put).await.unwrap();
    client.close_idle_connections();
    stage.tasks_become(1).await;
    let stats = origin.until(|stats| stats.open == 0).await;
    origin.assert_ok();
    (response, stats)
}

/// Go: TestTransportExpect100ContinueSent
#[test]
fn after_a_100_the_body_is_sent() {
    on_sockets(async |stage| {
        let script = Script::new()
            .await_head()
            .expect_waiting("")
            .send("HTTP/1.1 100 Continue\r\n\r\n")
            .await_body()
            .expect_body(BODY)
            .send("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n")
            .hold();
        let (response, stats) = put(stage, script).await;
        assert_eq!(response.status, 200);
        assert!(stats.conns[0].waiting.is_empty(), "nothing but the body was sent");
        stage.exit(Exit::ContinueGot100).await;
    });
}

/// Go: TestTransportExpect100Continue200ResponseNoConnClose
#[test]
fn after_a_final_status_the_body_is_sent_all_the_same_if_the_connection_stays() {
    on_sockets(async |stage| {
        let script = Script::new()
            .await_head()
            .send("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n")
            .await_body()
            .expect_body(BODY)
            .hold();
        let (response, stats) = put(stage, script).await;
        assert_eq!(response.status, 200);
        assert!(stats.conns[0].requests[0].is_whole(), "{stats}");
        stage.exit(Exit::ContinueFinalStatus).await;
    });
}

/// The connection is given up for them, but not in the middle of its own request.
#[test]
fn bytes_that_nobody_asked_for_do_not_keep_a_body_from_being_sent() {
    on_sockets(async |stage| {
        let script = Script::new()
            .await_head()
            .send("HTTP/1.1 204 No Content\r\n\r\nunasked")
            .await_body()
            .expect_body(BODY)
            .hold();
        let (response, stats) = put(stage, script).await;
        assert_eq!(response.status, 204);
        assert!(stats.conns[0].requests[0].is_whole(), "{stats}");
        stage.exit(Exit::NoBodyClosed).await;
    });
}

/// Go: TestTransportExpect100Continue200ResponseWithConnClose
#[test]
fn after_a_final_status_that_ends_the_connection_the_body_is_not_sent() {
    on_sockets(async |stage| {
        let script = Script::new()
            .await_head()
            .send("HTTP/1.1 200\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .await_eof();
        let (response, stats) = put(stage, script).await;
        assert_eq!(response.status, 200);
        let request = &stats.conns[0].requests[0];
        assert_eq!(stats.conns[0].received as usize, request.head().len(), "only the head has come");
        stage.exit(Exit::ContinueFinalStatus).await;
    });
}

/// Go: TestConcurrentReadWriteReqBody
#[test]
fn a_post_that_waits_is_read_and_answered() {
    on_sockets(async |stage| {
        let script = Script::new()
            .await_head()
            .send("HTTP/1.1 100 Continue\r\n\r\n")
            .await_body()
            .expect_body("some request body")
            .reply(Reply::body("some response body"));
        let origin = stage.origin(script.answer(Reply::empty()).hold());
        let client = stage.client();
        let mut post = request(Method::POST, &origin.url("/"));
        post.header.insert(EXPECT, HeaderValue::from_static("100-continue"));
        post.body = "some request body".into();
        let mut response = client.do_request(post).await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap(), "some response body");
        origin.assert_ok();
        fetch(&client, &origin.url("/")).await;
        assert_eq!(origin.stats().accepted, 1);
    });
}

async fn looks_at_a_body_that_waits(stage: &Stage, method: Method) -> usize {
    let denied = Reply::empty().status(401).connection_close();
    let origin = stage.origin(Script::new().await_head().reply(denied));
    let client = stage.client_with(|config| config.expect_continue_timeout = Duration::from_secs(10));
    let uses = Uses::default();
    let mut asked = request(method, &origin.url("/"));
    asked.header.insert(EXPECT, HeaderValue::from_static("100-continue"));
    asked.body = RequestBody::reader(uses.of(&b"never"[..]), None);
    assert_eq!(client.do_request(asked).await.unwrap().status, 401);
    stage.tasks_become(1).await;
    assert_eq!(uses.drops(), 1);
    uses.reads()
}

/// Go: TestNoSniffExpectRequestBody
#[test]
fn a_body_that_waits_is_not_looked_at() {
    on_sockets(async |stage| assert_eq!(looks_at_a_body_that_waits(stage, Method::POST).await, 0));
}

/// Whether there is one decides what the head says. Go's test has no GET; its client does the same.
#[test]
fn the_body_of_a_get_that_waits_is_looked_at_once() {
    on_sockets(async |stage| assert_eq!(looks_at_a_body_that_waits(stage, Method::GET).await, 1));
}
