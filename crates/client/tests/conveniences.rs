//! What Go's response has not and people ask for, and round trippers of one's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use client::{BoxError, Foreign, Reason, Request, Response, RoundTripper, StoppedAt};
use http::HeaderValue;
use httptrace::BoxFuture;
use origin::{Reply, Router};

use crate::support::recording::{Recording, redirect};
use crate::support::{fetch, on_sockets};

#[test]
fn a_body_can_be_had_as_bytes_and_as_text() {
    on_sockets(async |stage| {
        let origin = stage
            .origin(Router::new().at("/utf8", Reply::body("gr\u{fc}n")).at("/latin1", Reply::body(&b"gr\xfcn"[..])));
        let client = stage.client();
        assert_eq!(client.get(&origin.url("/utf8")).await.unwrap().bytes().await.unwrap(), "gr\u{fc}n");
        assert_eq!(client.get(&origin.url("/utf8")).await.unwrap().text().await.unwrap(), "gr\u{fc}n");
        assert_eq!(client.get(&origin.url("/latin1")).await.unwrap().text().await.unwrap(), "gr\u{fffd}n");
    });
}

#[cfg(feature = "json")]
#[test]
fn a_body_can_be_had_as_a_value() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/good", Reply::body("[1, 2]")).at("/bad", Reply::body("[1,")));
        let client = stage.client();
        let list: Vec<u8> = client.get(&origin.url("/good")).await.unwrap().json().await.unwrap();
        assert_eq!(list, [1, 2]);
        let error = client.get(&origin.url("/bad")).await.unwrap().json::<Vec<u8>>().await.expect_err("cut short");
        assert_eq!(error.to_string(), "EOF while parsing a value at line 1 column 3");
    });
}

#[cfg(feature = "stream")]
#[test]
fn a_body_is_a_stream_that_ends_after_an_error() {
    use futures_core::Stream;
    use std::future::poll_fn;
    use std::pin::Pin;

    on_sockets(async |stage| {
        let half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
        let cut = origin::Script::new().await_request().send(half).close();
        let cut = stage.origin(cut);
        let whole = stage.origin(Router::new().at("/", Reply::bytes(5000)));
        for (origin, length, faults) in [(&whole, 5000, 0), (&cut, 4, 1)] {
            let mut body = stage.client().get(&origin.url("/")).await.unwrap().body;
            let (mut bytes, mut errors) = (0, 0);
            while let Some(piece) = poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await {
                match piece {
                    Ok(piece) => bytes += piece.len(),
                    Err(error) => {
                        assert_eq!(error.to_string(), "unexpected EOF");
                        errors += 1;
                    }
                }
            }
            assert_eq!((bytes, errors), (length, faults));
        }
    });
}

/// Counts what goes through it.
struct Counting<T>(T, AtomicUsize, AtomicUsize);

impl<T: RoundTripper> RoundTripper for Counting<T> {
    fn round_trip<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response, BoxError>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.round_trip(request)
    }

    fn close_idle_connections(&self) {
        self.2.fetch_add(1, Ordering::SeqCst);
        self.0.close_idle_connections();
    }
}

#[test]
fn a_round_tripper_can_stand_around_the_transport() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::redirect(302, "/there")).at("/there", Reply::body("x")));
        let client = stage.client();
        let counting = Arc::new(Counting(client.transport().clone(), AtomicUsize::new(0), AtomicUsize::new(0)));
        let client = client.with_round_tripper(Arc::clone(&counting) as Arc<dyn RoundTripper>);
        assert_eq!(fetch(&client, &origin.url("/")).await, "x");
        assert_eq!((counting.1.load(Ordering::SeqCst), client.transport().pool_census().idle), (2, 1));
        client.close_idle_connections();
        assert_eq!((counting.2.load(Ordering::SeqCst), client.transport().pool_census().idle), (1, 0));
        let error = client.get("http://127.0.0.1:1/").await.expect_err("nobody is there");
        assert!(
            matches!(error.reason, Reason::Transport(transport::Error::Dial(_))),
            "an error of the transport's stays one"
        );
    });
}

#[test]
fn an_error_of_a_round_trippers_own_is_given_on() {
    on_sockets(async |stage| {
        for (kind, timeout) in [(std::io::ErrorKind::TimedOut, true), (std::io::ErrorKind::Other, false)] {
            let (client, _recording) =
                Recording::client(stage, move |_| Err(std::io::Error::new(kind, "no luck").into()));
            let error = client.get("http://u:secret@a.test/").await.expect_err("no luck");
            assert_eq!(error.to_string(), r#"Get "http://u:***@a.test/": no luck"#);
            assert_eq!(error.is_timeout(), timeout);
            let Reason::RoundTripper(why) = &error.reason else { panic!("{error:?}") };
            let get = Foreign::get(why).downcast_ref::<std::io::Error>().expect("it is still what it was");
            assert_eq!(get.kind(), kind);
            let source = std::error::Error::source(&error).expect("the reason");
            assert_eq!(source.to_string(), "no luck");
        }
    });
}

#[test]
fn a_hook_that_says_no_leaves_the_head_of_the_redirect() {
    on_sockets(async |stage| {
        let (client, _recording) = Recording::client(stage, |_| Ok(redirect(301, "http://u:secret@b.test/")));
        let error =
            client.with_check_redirect(|_| Err("not there".into())).get("http://a.test/").await.expect_err("no");
        assert_eq!(error.to_string(), r#"Get "http://u:***@b.test/": not there"#);
        let StoppedAt { status, url, header, .. } = &**error.stopped_at.as_ref().expect("it is there");
        assert_eq!((*status, url.as_str()), (301, "http://a.test/"));
        assert_eq!(header["location"], "http://u:secret@b.test/");
    });
}

#[test]
fn the_functions_of_the_package_use_one_client() {
    let origin = origin::TcpOrigin::start(Router::new().with("/", |request| Reply::body(request.body()))).unwrap();
    let url = origin.url("/");
    let counted = httptrace::Counted::new().expect("a runtime");
    counted.block_on(async {
        // Bodies are read to their ends, so that each request finds the connection of the one before.
        assert_eq!(client::get(&url).await.unwrap().bytes().await.unwrap(), "");
        assert_eq!(client::head(&url).await.unwrap().bytes().await.unwrap(), "");
        let text = HeaderValue::from_static("text/plain");
        assert_eq!(client::post(&url, text, "hi").await.unwrap().bytes().await.unwrap(), "hi");
        assert_eq!(client::post_form(&url, [("a", "b c")]).await.unwrap().bytes().await.unwrap(), "a=b+c");
        client::default_client().close_idle_connections();
    });
    assert_eq!((origin.stats().requests, origin.stats().accepted), (4, 1));
}

/// What can be moved to another thread.
fn movable<T: Send>(value: T) -> T {
    value
}

#[test]
fn a_request_with_all_its_redirects_can_be_moved_to_another_thread() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::redirect(302, "/there")).at("/there", Reply::body("x")));
        let url = origin.url("/");
        let mut response = movable(stage.client().get(&url)).await.unwrap();
        assert_eq!(movable(response.text()).await.unwrap(), "x");
    });
}
