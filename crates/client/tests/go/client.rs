//! The client's own doings: what it makes of a text, and of a user in a URL.

use client::{Client, Request, Response};
use http::Method;
use origin::{EndMark, Reply, Router};
use tokio::io::AsyncReadExt;

use crate::support::recording::{Asked, Recording};
use crate::support::{Stage, on_sockets, request};

/// Go: TestClient
#[test]
fn a_body_never_reads_nothing_before_its_end_and_nothing_but_its_end_after() {
    on_sockets(async |stage| {
        let reply = Reply::chunked(5000, 700).chunk_by_chunk().end_mark(EndMark::Later).header("Robots", "none");
        let origin = stage.origin(Router::new().at("/", reply));
        let mut response = stage.client().get(&origin.url("/")).await.unwrap();
        assert_eq!((response.status, &response.header["robots"]), (200, &"none".parse().unwrap()));
        let mut all = Vec::new();
        let mut buffer = [0; 512];
        loop {
            match response.body.read(&mut buffer).await.unwrap() {
                0 => break,
                n => all.extend_from_slice(&buffer[..n]),
            }
        }
        assert_eq!(all, origin::pattern(5000), "no read before the end gave nothing");
        for _again in 0..2 {
            assert_eq!(response.body.read(&mut buffer).await.unwrap(), 0);
            assert_eq!(response.body.read_all().await.unwrap(), "");
        }
    });
}

/// Go: TestGetRequestFormat
#[test]
fn get_makes_a_request_of_its_method_and_url() {
    on_sockets(async |stage| {
        let (client, recording) = Recording::client(stage, |_| Ok(Response::new(200)));
        drop(client.get("http://dummy.test/").await.unwrap());
        let Asked { header, body, host, .. } = recording.last();
        assert_eq!(recording.last().line(), "GET http://dummy.test/");
        assert_eq!((header.len(), body.unwrap().len(), host), (0, 0, None));
    });
}

fn recording(stage: &Stage) -> (Client, std::sync::Arc<Recording>) {
    Recording::client(stage, |_| Ok(Response::new(200)))
}

/// Go: TestEmptyPasswordAuth
#[test]
fn a_user_without_a_password_has_an_empty_one() {
    on_sockets(async |stage| {
        let (client, recording) = recording(stage);
        drop(client.get("http://gopher@dummy.test/").await.unwrap());
        assert_eq!(recording.last().field("authorization"), "Basic Z29waGVyOg==", "gopher:");
    });
}

/// Go: TestBasicAuth
#[test]
fn the_user_of_a_url_is_told_to_the_server_without_escapes() {
    on_sockets(async |stage| {
        let (client, recording) = recording(stage);
        drop(client.get("http://My%20User:My%20Pass@dummy.test/").await.unwrap());
        assert_eq!(recording.last().line(), "GET http://My%20User:My%20Pass@dummy.test/");
        let mut same = request(Method::GET, "http://dummy.test/");
        same.header = recording.last().header;
        assert_eq!(same.basic_auth(), Some(("My User".to_owned(), "My Pass".to_owned())));
        assert_eq!(recording.last().field("authorization"), "Basic TXkgVXNlcjpNeSBQYXNz");
    });
}

/// Go: TestBasicAuthHeadersPreserved
#[test]
fn who_says_who_asks_is_not_contradicted_by_the_url() {
    on_sockets(async |stage| {
        let (client, recording) = recording(stage);
        let mut get = request(Method::GET, "http://My%20User@dummy.test/");
        get.set_basic_auth("My User", "My Pass");
        drop(client.do_request(get).await.unwrap());
        assert_eq!(recording.last().field("authorization"), "Basic TXkgVXNlcjpNeSBQYXNz");
        assert_eq!(recording.last().url.as_str(), "http://My%20User@dummy.test/");
    });
}

/// A request of Go's has a field that only its server side uses, and that is an error to set on this side. Here no such
/// field can be set: a request is taken apart into all that it has, and a field more would not compile.
///
/// Go: TestClientErrorWithRequestURI
#[test]
fn a_request_has_no_uri_beside_its_url() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/path", Reply::bytes(13)));
        let get = request(Method::GET, &origin.url("/path?query"));
        let Request { method, url, header, host, body, close, context, cancel, get_body, trailers } = get;
        let get = Request { method, url, header, host, body, close, context, cancel, get_body, trailers };
        drop(stage.client().do_request(get).await.unwrap());
        assert_eq!(origin.stats().conns[0].requests[0].line(), "GET /path?query HTTP/1.1");
    });
}
