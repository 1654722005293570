//! The canned replies and the router, as a client on a real socket reads them.

use std::time::Duration;

use origin::{End, EndMark, Reply, Router, Script};

use crate::start;
use crate::support::Client;

const MISSING: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n404 page not found\n";

#[tokio::test]
async fn a_router_answers_by_path_and_keeps_the_connection() {
    let router = Router::new().at("/small", Reply::bytes(3)).at("/chunked", Reply::chunked(4, 3));
    let origin = start(router);
    let mut client = Client::to(&origin).await;
    client.get("/small?query").await;
    client.want("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc").await;
    client.get("http://elsewhere/chunked").await;
    client.want("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n").await;
    client.get("/nowhere").await;
    client.want(MISSING).await;
    assert_eq!((origin.stats().accepted, origin.stats().open), (1, 1));
}

#[tokio::test]
async fn what_has_no_path_of_its_own_gets_the_routers_other_reply() {
    let origin = start(Router::new().at("/small", Reply::bytes(3)).otherwise(Reply::bytes(1)));
    let mut client = Client::to(&origin).await;
    client.get("/small").await;
    client.want("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc").await;
    client.get("/nowhere").await;
    client.want("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na").await;
}

#[tokio::test]
async fn a_head_request_gets_the_head_only() {
    let origin = start(Router::new().at("/", Reply::bytes(3)));
    let mut client = Client::to(&origin).await;
    for _ in 0..2 {
        client.send("HEAD / HTTP/1.1\r\n\r\n").await;
        client.want("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n").await;
    }
    client.get("/").await;
    client.want("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc").await;
}

#[tokio::test]
async fn a_request_that_says_close_or_speaks_http_1_0_is_the_last() {
    let origin = start(Router::new().at("/", Reply::bytes(1)));
    for request in ["GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
        let mut client = Client::to(&origin).await;
        client.send(request).await;
        assert_eq!(client.rest().await.unwrap(), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    }
    origin.until(|stats| stats.ended(End::Closed) == 2).await;
}

#[tokio::test]
async fn a_reply_that_ends_the_connection_does() {
    let router = Router::new()
        .at("/close", Reply::bytes(1).connection_close())
        .at("/until-close", Reply::close_delimited(2))
        .at("/old", Reply::bytes(1).http10());
    let origin = start(router);
    for (path, reply) in [
        ("/close", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na"),
        ("/until-close", "HTTP/1.1 200 OK\r\n\r\nab"),
        ("/old", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na"),
    ] {
        let mut client = Client::to(&origin).await;
        client.get(path).await;
        assert_eq!(client.rest().await.unwrap(), reply);
    }
}

#[tokio::test]
async fn the_last_piece_can_wait_for_a_gate() {
    let reply = Reply::chunked(1, 1).end_mark(EndMark::Later).pausing(Duration::from_millis(1)).gate_before_last("end");
    let origin = start(Router::new().at("/", reply));
    let mut client = Client::to(&origin).await;
    client.get("/").await;
    client.want("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n").await;
    let stats = origin.reached("end").await;
    assert_eq!(stats.reached("end"), 1);
    origin.open_gate("end");
    client.want("0\r\n\r\n").await;
}

#[tokio::test]
async fn a_reply_can_be_made_from_the_request() {
    let origin = start(Router::new().with("/echo", |request| Reply::body(request.body())));
    let mut client = Client::to(&origin).await;
    client.send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").await;
    client.want("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
}

#[tokio::test]
async fn a_router_asks_for_a_body_that_waits_to_be_asked_for() {
    let origin = start(Router::new().with("/", |request| Reply::body(request.body())));
    let mut client = Client::to(&origin).await;
    client.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n").await;
    client.want("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.send("hi").await;
    client.want("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
}

#[tokio::test]
async fn a_path_can_run_a_script_and_the_router_goes_on_after_it() {
    let router = Router::new()
        .script("/odd", Script::new().send("HTTP/1.1 200 OK\r\n").send("Content-Length: 0\r\n\r\n"))
        .script("/cut", Script::new().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").close());
    let origin = start(router);
    let mut client = Client::to(&origin).await;
    client.get("/odd").await;
    client.want("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    client.get("/cut").await;
    assert_eq!(client.rest().await.unwrap(), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
}
