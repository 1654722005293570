//! Which request still holds a connection, and the line that made it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use client::{Client, EarlyClose, Held, LeakCheck, Redirect, Response};
use http::{HeaderValue, Method};
use httptrace::{Event, Runtime};
use origin::{Reply, Router, Script};

use crate::support::{Stage, on_sockets, request};

/// No line holds anything.
const NONE: [u32; 0] = [];

fn routes() -> Router {
    Router::new()
        .at("/", Reply::bytes(100_000))
        .at("/empty", Reply::empty())
        .at("/away", Reply::bytes(100_000).status(302).header("Location", "/"))
}

fn watch(stage: &Stage) -> (Client, Arc<LeakCheck>) {
    let mut config = stage.config();
    config.early_close = EarlyClose::Kill;
    LeakCheck::watch(config)
}

/// The lines that hold a connection once things have settled. There is one for each connection that is alive and not
/// idle.
async fn lines(stage: &Stage, client: &Client, leaks: &LeakCheck) -> Vec<u32> {
    stage.settled().await;
    let held = leaks.held();
    assert!(held.iter().all(|held| held.from.file().ends_with("leak_check.rs")), "{held:?}");
    let alive = stage.seam().census().counts().read_loop;
    assert_eq!(held.len(), alive - client.transport().pool_census().idle, "{held:?}");
    held.iter().map(|held| held.from.line()).collect()
}

async fn read(mut response: Response) {
    response.body.read_all().await.expect("a whole body");
}

#[test]
fn a_body_that_is_kept_unread_is_told_with_the_line_of_its_request() {
    on_sockets(async |stage| {
        let origin = stage.origin(routes());
        let (client, leaks) = watch(stage);
        let url = origin.url("/");
        let (first, one) = (client.get(&url).await.unwrap(), line!());
        let (second, two) =
            (client.post(&url, HeaderValue::from_static("text/plain"), "hello").await.unwrap(), line!());
        let (third, three) = (client.post_form(&url, [("a", "b")]).await.unwrap(), line!());
        let (fourth, four) = (client.do_request(request(Method::GET, &url)).await.unwrap(), line!());
        assert_eq!(lines(stage, &client, &leaks).await, [one, two, three, four]);
        drop(second);
        read(third).await;
        assert_eq!(lines(stage, &client, &leaks).await, [one, four]);
        drop((first, fourth));
        assert_eq!(lines(stage, &client, &leaks).await, NONE);
    });
}

#[test]
fn what_was_forgotten_for_good_is_told_too() {
    on_sockets(async |stage| {
        let origin = stage.origin(routes());
        let (client, leaks) = watch(stage);
        let (response, line) = (client.get(&origin.url("/")).await.unwrap(), line!());
        std::mem::forget(response);
        stage.forgot_a_body();
        assert_eq!(lines(stage, &client, &leaks).await, [line]);
        client.close_idle_connections();
        assert_eq!(lines(stage, &client, &leaks).await, [line]);
    });
}

#[test]
fn whoever_reads_closes_drops_or_gets_no_body_is_not_told() {
    on_sockets(async |stage| {
        let origin = stage.origin(routes());
        let (client, leaks) = watch(stage);
        let mut kept = Vec::new();
        for _ in 0..3 {
            let mut response = client.get(&origin.url("/")).await.unwrap();
            response.body.read_all().await.unwrap();
            kept.push(response);
            let mut response = client.get(&origin.url("/")).await.unwrap();
            response.body.close().await;
            kept.push(response);
            drop(client.get(&origin.url("/")).await.unwrap());
            kept.push(client.head(&origin.url("/")).await.unwrap());
            kept.push(client.get(&origin.url("/empty")).await.unwrap());
        }
        assert_eq!(lines(stage, &client, &leaks).await, NONE);
        leaks.assert_none();
    });
}

#[test]
fn a_connection_that_is_used_again_belongs_to_the_later_request() {
    on_sockets(async |stage| {
        let origin = stage.origin(routes());
        let (client, leaks) = watch(stage);
        read(client.get(&origin.url("/")).await.unwrap()).await;
        let (kept, line) = (client.get(&origin.url("/")).await.unwrap(), line!());
        assert_eq!(origin.stats().accepted, 1);
        assert_eq!(lines(stage, &client, &leaks).await, [line]);
        drop(kept);
    });
}

#[test]
fn requests_at_the_same_time_are_told_apart() {
    on_sockets(async |stage| {
        let origin = stage.origin(routes());
        let (client, leaks) = watch(stage);
        for _ in 0..5 {
            let url = origin.url("/");
            let (a, a_line) = (client.get(&url), line!());
            let (b, b_line) = (client.get(&url), line!());
            let (first, second) = tokio::join!(a, b);
            let (first, second) = (first.unwrap(), second.unwrap());
            let mut both = lines(stage, &client, &leaks).await;
            both.sort_unstable();
            assert_eq!(both, [a_line, b_line]);
            drop(first);
            assert_eq!(lines(stage, &client, &leaks).await, [b_line]);
            drop(second);
            assert_eq!(lines(stage, &client, &leaks).await, NONE);
        }
    });
}

#[test]
fn a_redirect_is_told_with_the_line_of_the_first_request() {
    on_sockets(async |stage| {
        let origin = stage.origin(routes());
        let (client, leaks) = watch(stage);
        let (kept, line) = (client.get(&origin.url("/away")).await.unwrap(), line!());
        assert_eq!((kept.status, lines(stage, &client, &leaks).await), (200, vec![line]));
        drop(kept);
        let stays = client.clone().with_check_redirect(|_| Ok(Redirect::UseLastResponse));
        let (kept, line) = (stays.get(&origin.url("/away")).await.unwrap(), line!());
        assert_eq!((kept.status, lines(stage, &client, &leaks).await), (302, vec![line]));
        drop(kept);
        assert_eq!(lines(stage, &client, &leaks).await, NONE);
    });
}

#[test]
fn a_second_try_holds_the_second_connection_only() {
    on_sockets(async |stage| {
        // Each connection answers once, and hangs up when it is asked again.
        let origin = stage.origin(Script::new().answer(Reply::bytes(13)).await_request().close());
        let (client, leaks) = watch(stage);
        read(client.get(&origin.url("/")).await.unwrap()).await;
        let (kept, line) = (client.get(&origin.url("/")).await.unwrap(), line!());
        assert_eq!(origin.stats().accepted, 2);
        assert_eq!(lines(stage, &client, &leaks).await, [line]);
        read(kept).await;
        assert_eq!(lines(stage, &client, &leaks).await, NONE);
    });
}

#[test]
fn a_request_that_fails_holds_nothing() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_request().send("no HTTP\r\n\r\n").hold());
        let (client, leaks) = watch(stage);
        client.get(&origin.url("/")).await.expect_err("no answer");
        assert_eq!(lines(stage, &client, &leaks).await, NONE);
    });
}

/// What a program's own helper would be.
#[track_caller]
fn fetch<'a>(client: &'a Client, url: &'a str) -> impl Future<Output = Result<Response, client::Error>> + 'a {
    client.get(url)
}

#[test]
fn a_helper_that_tracks_its_caller_is_passed_over() {
    on_sockets(async |stage| {
        let origin = stage.origin(routes());
        let (client, leaks) = watch(stage);
        let url = origin.url("/");
        let (kept, line) = (fetch(&client, &url).await.unwrap(), line!());
        assert_eq!(lines(stage, &client, &leaks).await, [line]);
        drop(kept);
    });
}

#[test]
fn the_check_fails_with_a_line_for_each_and_without_secrets() {
    on_sockets(async |stage| {
        let origin = stage.origin(routes());
        let (client, leaks) = watch(stage);
        let url = origin.url("/?token=secret").replace("http://", "http://user:secret@");
        let (kept, line) = (client.get(&url).await.unwrap(), line!());
        stage.settled().await;
        let panic = catch_unwind(AssertUnwindSafe(|| leaks.assert_none())).expect_err("a connection is held");
        let text = panic.downcast_ref::<String>().expect("a text");
        assert!(text.starts_with("these requests still hold a connection:\n"), "{text}");
        assert!(text.contains(&format!("leak_check.rs:{line}:")), "{text}");
        assert!(text.ends_with(&format!(": GET {} holds connection 1", origin.url("/"))), "{text}");
        drop(kept);
    });
}

#[test]
fn whoever_listened_before_still_hears_all() {
    on_sockets(async |stage| {
        let origin = stage.origin(routes());
        let (client, leaks) = watch(stage);
        read(client.get(&origin.url("/")).await.unwrap()).await;
        assert_eq!(stage.count(|event| matches!(event, Event::PutIdleConn { error: None })), 1);
        assert_eq!(leaks.held(), Vec::<Held>::new());
    });
}

#[test]
fn the_line_is_that_of_the_call_and_not_of_the_await() {
    on_sockets(async |stage| {
        let origin = stage.origin(routes());
        let (client, leaks) = watch(stage);
        let url = origin.url("/");
        let (asked, line) = (client.get(&url), line!());
        let kept = asked.await.unwrap();
        assert_eq!(lines(stage, &client, &leaks).await, [line]);
        drop(kept);
    });
}
