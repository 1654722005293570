//! Time limits below the client: those of a socket, and that of a response's head.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use client::RequestBody;
use http::Method;
use httptrace::Event;
use origin::{Reply, Router, Script, pattern};

use super::streams::{Tap, client_tapped};
use crate::support::{fetch, on_sockets, open_becomes, read_until_error, request, within};

/// A deadline on the socket, which passes when the test says so. Go: `net.Conn.SetDeadline`.
#[derive(Default)]
struct Deadline(AtomicBool);

impl Deadline {
    fn passes(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        match self.0.load(Ordering::SeqCst) {
            true => Err(io::Error::new(io::ErrorKind::TimedOut, "i/o timeout")),
            false => Ok(()),
        }
    }
}

impl Tap for Deadline {
    fn read(&self) -> io::Result<()> {
        self.check()
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.check().map(|()| bytes.len())
    }
}

/// Sends for as long as somebody reads.
fn endless() -> Script {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [b"8000\r\n", &pattern(0x8000)[..], b"\r\n"].concat();
    Script::new().send(head).forever(Script::new().send(chunk))
}

/// Go: TestIssue4191_InfiniteGetTimeout
#[test]
fn a_deadline_on_the_socket_interrupts_an_endless_body() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().script("/get", endless()));
        let deadline = Arc::new(Deadline::default());
        let client = client_tapped(stage, &deadline);
        let mut response = client.get(&origin.url("/get")).await.unwrap();
        let piece = response.body.piece().await.expect("more").unwrap();
        assert!(!piece.is_empty());
        deadline.passes();
        let (_rest, error) = within("the error", read_until_error(&mut response)).await;
        assert!(error.ends_with("i/o timeout"), "{error}");
        stage.tasks_become(1).await;
        open_becomes(&origin, 0).await;
    });
}

/// Go: TestIssue4191_InfiniteGetToPutTimeout
#[test]
fn an_endless_body_that_is_piped_into_a_put_ends_with_the_deadline_of_the_sockets() {
    on_sockets(async |stage| {
        let put = Script::new().await_head().await_body();
        let origin = stage.origin(Router::new().script("/get", endless()));
        let sink = stage.origin(put);
        let deadline = Arc::new(Deadline::default());
        let client = client_tapped(stage, &deadline);
        for _run in 0..5 {
            deadline.0.store(false, Ordering::SeqCst);
            let already = sink.stats().conns.iter().map(|conn| conn.received).sum::<u64>();
            let source = client.get(&origin.url("/get")).await.unwrap();
            let mut put = request(Method::PUT, &sink.url("/put"));
            put.body = RequestBody::reader(source.body, None);
            let (result, ()) = tokio::join!(within("the PUT", client.do_request(put)), async {
                let received = |stats: &origin::Stats| stats.conns.iter().map(|conn| conn.received).sum::<u64>();
                sink.until(|stats| received(stats) > already + 100_000).await;
                deadline.passes();
            });
            let error = result.expect_err("there is no end that could be answered");
            assert!(error.to_string().ends_with("i/o timeout"), "{error}");
            stage.tasks_become(1).await;
        }
        open_becomes(&origin, 0).await;
        open_becomes(&sink, 0).await;
    });
}

/// Go: TestTransportResponseHeaderTimeout
#[test]
fn a_head_that_does_not_come_in_time_is_a_timeout_and_those_before_and_after_it_come() {
    on_sockets(async |stage| {
        let slow = Script::new().reached("slow").await_gate("never");
        let origin = stage.origin(Router::new().at("/fast", Reply::empty()).script("/slow", slow));
        // Long enough for a fast answer on a busy machine.
        let limit = Duration::from_secs(1);
        let client = stage.client_with(|config| config.response_header_timeout = Some(limit));
        fetch(&client, &origin.url("/fast")).await;
        let error = client.get(&origin.url("/slow")).await.expect_err("no head");
        let text = format!("Get {:?}: net/http: timeout awaiting response headers", origin.url("/slow"));
        assert_eq!(error.to_string(), text);
        assert!(error.is_timeout());
        assert_eq!(origin.stats().reached("slow"), 1, "the handler was there");
        fetch(&client, &origin.url("/fast")).await;
        assert_eq!(stage.count(|event| matches!(event, Event::ConnectStart { .. })), 2);
        origin.open_gate("never");
    });
}
