//! Dialling: whoever does it, and what becomes of what was dialled.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use client::{Client, Context, DialFn};
use http::Method;
use httptrace::{Event, Exit};
use origin::{Reply, Router, Script};
use tokio::sync::Semaphore;

use super::streams::connect;
use crate::support::{Stage, fetch, on_sockets, request};

fn small() -> Router {
    Router::new().at("/", Reply::bytes(13))
}

/// A dialler whose dials wait for a permit each.
#[derive(Clone)]
struct Dials {
    permits: Arc<Semaphore>,
    begun: Arc<AtomicUsize>,
}

impl Dials {
    fn new() -> Self {
        Dials { permits: Arc::new(Semaphore::new(0)), begun: Arc::default() }
    }

    fn by(&self, stage: &Stage) -> DialFn {
        let (dials, rt) = (self.clone(), stage.runtime());
        DialFn::new(move |_context, addr| {
            let (dials, rt) = (dials.clone(), Arc::clone(&rt));
            async move {
                dials.begun.fetch_add(1, Ordering::SeqCst);
                dials.permits.acquire().await.expect("never closed").forget();
                connect(&*rt, &addr).await
            }
        })
    }

    /// Lets one dial go on.
    fn finish_one(&self) {
        self.permits.add_permits(1);
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

/// GET, and given up when its dial has begun.
async fn give_up_during_the_dial(stage: &Stage, client: &Client, url: &str, dials: &Dials) {
    let (context, cancel) = Context::background().with_cancel();
    let mut get = request(Method::GET, url);
    get.context = context;
    let begun = dials.begun();
    let (response, ()) = tokio::join!(client.do_request(get), async {
        stage.nth(begun + 1, |event| matches!(event, Event::TaskStarted { name: httptrace::TaskName::Dial })).await;
        while dials.begun() == begun {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    response.expect_err("it was given up");
}

/// What a user's own dialler finds in the context of the request.
#[derive(PartialEq, Debug)]
struct SomeValue(&'static str);

/// Go: TestTransportDialContext
#[test]
fn a_dialler_is_told_the_values_of_the_requests_context() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let rt = stage.runtime();
        let client = stage.client_with(|config| {
            config.dial_context = Some(DialFn::new(move |context, addr| {
                let rt = Arc::clone(&rt);
                let found = context.value() == Some(&SomeValue("some-value"));
                async move { if found { connect(&*rt, &addr).await } else { Err(io::Error::other("no value")) } }
            }));
        });
        let mut get = request(Method::GET, &origin.url("/"));
        get.context = Context::background().with_value(SomeValue("some-value"));
        drop(client.do_request(get).await.unwrap());
        assert_eq!(origin.stats().requests, 1);
    });
}

/// Go: TestTransportPoolCancelRequestWithDisableKeepAlives
#[test]
fn without_keep_alives_a_dial_that_comes_too_late_is_of_no_use_to_anybody() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let dials = Dials::new();
        let client = stage.client_with(|config| {
            config.disable_keep_alives = true;
            config.dial_context = Some(dials.by(stage));
        });
        give_up_during_the_dial(stage, &client, &origin.url("/"), &dials).await;
        dials.finish_one();
        stage.tasks_become(1).await;
        assert_eq!(stage.count(|event| matches!(event, Event::Exit { id: Exit::DialPooled })), 0);

        dials.finish_one();
        fetch(&client, &origin.url("/")).await;
        assert_eq!((stage.got_conns(), dials.begun(), origin.stats().accepted), (vec![2], 2, 2));
    });
}

/// Go: TestTransportPoolConnectionBroken
#[test]
fn a_connection_that_broke_is_not_used_again() {
    on_sockets(async |stage| {
        let breaks = Script::new().await_request().send("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhalf").reset();
        let origin = stage.origin(breaks);
        let client = stage.client();
        for conn in [1, 2] {
            let mut response = client.get(&origin.url("/")).await.unwrap();
            response.body.read_all().await.expect_err("it breaks in the middle");
            assert_eq!(stage.got_conns().last(), Some(&conn));
            assert_eq!(client.transport().pool_census().idle, 0);
        }
        assert_eq!(origin.stats().accepted, 2);
    });
}

/// Go: TestTransportPersistConnLeakNeverIdle
#[test]
fn a_connection_that_broke_before_it_was_idle_is_freed() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_request().close());
        let client = stage.client();
        for attempt in 1..=3 {
            let mut post = request(Method::POST, &origin.url("/"));
            post.body = "Hello".into();
            client.do_request(post).await.expect_err("a broken connection");
            stage.nth(attempt, |event| matches!(event, Event::ConnFreed)).await;
        }
    });
}

/// Go: TestTransportIdleConnRacesRequest
#[test]
fn an_idle_timeout_of_a_connection_that_was_never_used_fails_no_request() {
    for _ in 0..20 {
        on_sockets(async |stage| {
            let origin = stage.origin(small());
            let dials = Dials::new();
            let timeout = Duration::from_millis(1);
            let client = stage.client_with(|config| {
                config.idle_conn_timeout = Some(timeout);
                config.dial_context = Some(dials.by(stage));
            });
            give_up_during_the_dial(stage, &client, &origin.url("/"), &dials).await;
            dials.finish_one();
            stage.exit(Exit::DialPooled).await;
            // At the very moment of the timeout.
            stage.runtime().timer(stage.runtime().now() + timeout).await;
            dials.finish_one();
            fetch(&client, &origin.url("/")).await;
        });
    }
}
