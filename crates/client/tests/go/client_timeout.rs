//! The time limit of a whole exchange.

use std::time::Duration;

use client::{Cause, Reason, Response};
use origin::{Reply, Router, Script};

use crate::support::recording::Recording;
use crate::support::{fetch, on_sockets, open_becomes};

/// The head of a long body, and no more of it than a word.
fn never_ending() -> Script {
    Script::new().send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nHello").await_eof()
}

/// Go: TestClientTimeout
#[test]
fn the_limit_cuts_a_body_that_came_after_a_redirect() {
    on_sockets(async |stage| {
        let plan = Router::new().at("/", Reply::redirect(302, "/slow")).script("/slow", never_ending());
        let origin = stage.origin(plan);
        // Long enough to see the head; on a machine that is slower than that, twice as long.
        let mut limit = Duration::from_millis(50);
        let mut response = loop {
            match stage.client().with_timeout(limit).get(&origin.url("/")).await {
                Ok(response) => break response,
                Err(error) => assert_eq!(error.reason, Reason::ClientTimeout),
            }
            limit *= 2;
        };
        let error = response.body.read_all().await.expect_err("95 bytes never come");
        assert!(error.is_timeout());
        assert_eq!(error, persistconn::Error::Canceled(Cause::ClientTimeout));
        let text = "context deadline exceeded (Client.Timeout or context cancellation while reading body)";
        assert_eq!(error.to_string(), text);
        assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::TimedOut);
        // The reason is told once. What comes then is told with the time, too.
        let again = response.body.read_all().await.expect_err("the connection is closed");
        let text = "use of closed network connection (Client.Timeout or context cancellation while reading body)";
        assert!(again.to_string().ends_with(text), "{again}");
        assert!(again.is_timeout());
        stage.tasks_become(1).await;
    });
}

#[test]
fn a_read_that_fails_says_that_the_limit_has_passed_only_once_it_has() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::body("body")));
        let text = "http: read on closed response body";
        let patient = stage.client().with_timeout(Duration::from_secs(3600));
        let mut response = patient.get(&origin.url("/")).await.expect("a head");
        response.body.close().await;
        let error = response.body.read_all().await.expect_err("it is closed");
        assert_eq!((error.to_string().as_str(), error.is_timeout()), (text, false));

        let mut limit = Duration::from_millis(50);
        let mut response = loop {
            match stage.client().with_timeout(limit).get(&origin.url("/")).await {
                Ok(response) => break response,
                Err(error) => assert_eq!(error.reason, Reason::ClientTimeout),
            }
            limit *= 2;
        };
        response.body.close().await;
        // A time has to pass here, so one is waited for.
        tokio::time::sleep(limit).await;
        let error = response.body.read_all().await.expect_err("it is closed");
        let behind = format!("{text} (Client.Timeout or context cancellation while reading body)");
        assert_eq!((error.to_string(), error.is_timeout()), (behind, true));
    });
}

/// Go: TestClientTimeout_Headers
#[test]
fn the_limit_ends_the_wait_for_a_head_in_words_of_its_own() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_request().await_eof());
        let limited = stage.client().with_timeout(Duration::from_millis(5));
        let error = limited.get(&origin.url("/")).await.expect_err("no head comes");
        let text = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
        assert_eq!(error.to_string(), format!("Get {:?}: {text}", origin.url("/")));
        assert_eq!(error.reason, Reason::ClientTimeout);
        assert!(error.is_timeout());
    });
}

/// Go: TestClientTimeoutDoesNotExpire
#[test]
fn a_limit_that_is_not_reached_is_not_noticed() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::body("body")));
        let client = stage.client().with_timeout(Duration::from_secs(3600));
        assert_eq!(fetch(&client, &origin.url("/")).await, "body");
        let mut unread = client.get(&origin.url("/")).await.unwrap();
        unread.body.close().await;
        assert_eq!(origin.stats().accepted, 1, "nor by the connection");
    });
}

/// Go: TestClientTimeoutKillsConn_BeforeHeaders
#[test]
fn a_connection_whose_head_came_too_late_is_closed() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_head().reached("asked").await_eof().reached("left"));
        let mut limit = Duration::from_millis(20);
        while origin.stats().reached("asked") == 0 {
            let error = stage.client().with_timeout(limit).get(&origin.url("/")).await.expect_err("no head comes");
            assert_eq!(error.reason, Reason::ClientTimeout);
            limit *= 2;
        }
        origin.until(|stats| stats.reached("left") > 0).await;
        open_becomes(&origin, 0).await;
        stage.tasks_become(1).await;
    });
}

/// Go: TestClientPropagatesTimeoutToContext
#[test]
fn the_limit_is_the_deadline_of_the_requests_context() {
    on_sockets(async |stage| {
        let (client, recording) = Recording::client(stage, |_| Ok(Response::new(200)));
        drop(client.get("http://dummy.test/").await.unwrap());
        assert_eq!(recording.last().deadline, None);
        let before = stage.runtime().now();
        drop(client.with_timeout(Duration::from_secs(5)).get("http://dummy.test/").await.unwrap());
        let deadline = recording.last().deadline.expect("there is one now");
        let range = before + Duration::from_secs(5)..=stage.runtime().now() + Duration::from_secs(5);
        assert!(range.contains(&deadline), "{deadline:?} is not in {range:?}");
    });
}
