//! Interim responses.

use std::sync::{Arc, Mutex};

use client::{ClientTrace, Request};
use http::header::{CONTENT_LENGTH, LINK, TRANSFER_ENCODING};
use http::{HeaderMap, Method};
use origin::{Reply, Script};

use crate::support::{on_sockets, request};

/// What a hook was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(u16, HeaderMap)>>>);

impl Told {
    /// The request with a hook that notes what it is told.
    fn by(&self, mut request: Request) -> Request {
        let told = Arc::clone(&self.0);
        let hooks = ClientTrace::new().got_1xx_response(move |status, header| {
            told.lock().unwrap().push((status, header.clone()));
            Ok(())
        });
        request.context = request.context.with_client_trace(hooks);
        request
    }

    fn all(&self) -> Vec<(u16, HeaderMap)> {
        self.0.lock().unwrap().clone()
    }
}

fn fields(header: &HeaderMap) -> Vec<(&str, &str)> {
    header.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect()
}

/// Go: TestTransportReading100Continue
#[test]
fn a_100_that_nobody_waits_for_is_skipped_on_each_of_several_requests() {
    on_sockets(async |stage| {
        let answer = Script::new().respond(|request| {
            let id = request.header("Request-Id").unwrap_or("none").to_owned();
            let body = format!("answer to {}", String::from_utf8_lossy(&request.body()));
            Reply::body(body).header("Echo-Request-Id", id).interim(100, &[("Date", "Thu, 28 Feb 2013 17:55:41 GMT")])
        });
        let origin = stage.origin(Script::new().forever(answer));
        let client = stage.client();
        for number in 1..=5 {
            let mut post = request(Method::POST, &origin.url("/"));
            let id = format!("REQ-ID-{number}");
            post.header.insert("request-id", id.parse().unwrap());
            post.body = format!("request body {number}").into();
            let mut response = client.do_request(post).await.unwrap();
            assert_eq!((response.status, response.header["echo-request-id"].to_str().unwrap()), (200, &*id));
            assert!(!response.header.contains_key("date"), "that was the other head");
            assert_eq!(response.body.read_all().await.unwrap(), format!("answer to request body {number}"));
        }
        assert_eq!(origin.stats().accepted, 1);
    });
}

/// Go: TestTransportIgnore1xxResponses
#[test]
fn an_unknown_interim_response_goes_to_the_hook_and_the_final_one_to_the_caller() {
    on_sockets(async |stage| {
        let wire = "HTTP/1.1 123 OneTwoThree\r\nFoo: bar\r\n\r\n\
                    HTTP/1.1 200 OK\r\nBar: baz\r\nContent-Length: 5\r\n\r\nHello";
        let origin = stage.origin(Script::new().await_request().send(wire).close());
        let client = stage.client_with(|config| config.disable_keep_alives = true);
        let told = Told::default();
        let mut response = client.do_request(told.by(request(Method::GET, &origin.url("/")))).await.unwrap();
        let told = told.all();
        assert_eq!(
            told.iter().map(|(status, header)| (*status, fields(header))).collect::<Vec<_>>(),
            [(123, vec![("foo", "bar")])]
        );
        assert_eq!((response.status, response.reason()), (200, "OK"));
        assert_eq!(fields(&response.header), [("bar", "baz"), ("content-length", "5")]);
        assert_eq!(response.body.read_all().await.unwrap(), "Hello");
        stage.tasks_become(1).await;
    });
}

/// Go: TestTransportLimits1xxResponses
#[test]
fn interim_responses_that_nobody_looks_at_share_the_limit_of_one_head() {
    let interim = format!("HTTP/1.1 123 \r\nX-Header: {}\r\n\r\n", "a".repeat(100));
    let wire = format!("{}HTTP/1.1 204 No Content\r\n\r\n", interim.repeat(10));
    for looked_at in [false, true] {
        on_sockets(async |stage| {
            let origin = stage.origin(Script::new().await_request().send(wire.clone()).hold());
            let client = stage.client_with(|config| {
                config.disable_keep_alives = true;
                config.max_response_header_bytes = 1000;
            });
            let told = Told::default();
            let get = request(Method::GET, &origin.url("/"));
            match client.do_request(if looked_at { told.by(get) } else { get }).await {
                Ok(response) => {
                    assert!(looked_at, "too many for one head");
                    assert_eq!((response.status, told.all().len()), (204, 10));
                }
                Err(error) => {
                    assert!(!looked_at, "whoever looks at them answers for their number: {error}");
                    assert!(error.to_string().contains("response headers exceeded 1000 bytes"), "{error}");
                }
            }
            stage.tasks_become(1).await;
        });
    }
}

/// Go: TestEarlyHintsRequest
#[test]
fn early_hints_reach_the_hook_as_they_come_without_framing_fields() {
    on_sockets(async |stage| {
        let [style, script, foo] = [
            "</style.css>; rel=preload; as=style",
            "</script.js>; rel=preload; as=script",
            "</foo.js>; rel=preload; as=script",
        ];
        let hints = |links: &[&str]| links.iter().map(|link| format!("Link: {link}\r\n")).collect::<String>();
        let first = format!("HTTP/1.1 103 Early Hints\r\n{}\r\n", hints(&[style, script]));
        let second = format!("HTTP/1.1 103 Early Hints\r\n{}\r\n", hints(&[style, script, foo]));
        let last = format!("HTTP/1.1 200 OK\r\nContent-Length: 123\r\n{}\r\nHello", hints(&[style, script, foo]));
        let wire = Script::new().await_request().send(first).await_gate("hinted").send(second).send(last);
        let origin = stage.origin(wire.close());
        let client = stage.client();
        let told = Told::default();
        let get = told.by(request(Method::GET, &origin.url("/")));
        let (response, ()) = tokio::join!(client.do_request(get), async {
            stage.nth(1, |event| matches!(event, httptrace::Event::Got1xxResponse { code: 103 })).await;
            assert_eq!(told.all().len(), 1, "the first hint is told before the second is sent");
            origin.open_gate("hinted");
        });
        let mut response = response.unwrap();
        let links = |header: &HeaderMap| -> Vec<String> {
            header.get_all(LINK).iter().map(|link| link.to_str().unwrap().to_owned()).collect()
        };
        let told = told.all();
        assert_eq!(told.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [103, 103]);
        assert_eq!(links(&told[0].1), [style, script]);
        assert_eq!(links(&told[1].1), [style, script, foo]);
        for (_, header) in &told {
            assert!(!header.contains_key(CONTENT_LENGTH) && !header.contains_key(TRANSFER_ENCODING));
        }
        assert_eq!(links(&response.header), [style, script, foo]);
        assert_eq!(response.header[CONTENT_LENGTH], "123");
        let mut body = Vec::new();
        let cut = tokio::io::AsyncReadExt::read_to_end(&mut response.body, &mut body).await;
        assert_eq!((&*body, cut.unwrap_err().to_string()), (&b"Hello"[..], "unexpected EOF".to_owned()));
        stage.tasks_become(1).await;
    });
}
