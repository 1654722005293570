//! The hooks of a request: which are called, in which order, and with what.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{self, Poll};
use std::time::Duration;

use client::{ClientTrace, Context, Request, RequestBody};
use http::header::{ACCEPT_ENCODING, EXPECT, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use httptrace::{Event, Exit, Runtime, TaskName};
use origin::{Plan, Reply, Router, Script};
use tokio::io::{AsyncRead, ReadBuf};

use super::headers::AllNames;
use crate::support::{BOUND, Stage, all, fetch, on_sockets, request, within};

/// What hooks were told, a line each.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, line: String) {
        self.0.lock().expect("a push cannot fail half-way").push(line);
    }

    /// All of them, and begins anew.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("nothing that can panic runs under this lock"))
    }

    /// Without the header fields.
    fn take_steps(&self) -> Vec<String> {
        let mut notes = self.take();
        notes.retain(|line| !line.starts_with("WroteHeaderField"));
        notes
    }

    /// All sixteen hooks.
    fn hooks(&self) -> ClientTrace {
        let note = |name: &'static str| {
            let notes = self.clone();
            move || notes.add(name.to_owned())
        };
        let told = |name: &'static str| {
            let notes = self.clone();
            move |what: String| notes.add(format!("{name} {what}"))
        };
        let (get, got, put, interim) = (told("GetConn"), told("GotConn"), told("PutIdleConn"), told("Got1xxResponse"));
        let (dns_start, dns_done) = (told("DNSStart"), told("DNSDone"));
        let (connect_start, connect_done) = (told("ConnectStart"), told("ConnectDone"));
        let (secured, field, wrote) = (told("TLSHandshakeDone"), told("WroteHeaderField"), told("WroteRequest"));
        ClientTrace::new()
            .get_conn(move |host_port| get(host_port.to_owned()))
            .got_conn(move |info| {
                let idle = if info.was_idle { "idle" } else { "not idle" };
                assert!(info.was_idle || info.idle_time == Duration::ZERO);
                let peer = info.remote_addr.map_or("nowhere".to_owned(), |addr| addr.to_string());
                assert_eq!(info.local_addr.is_some(), info.remote_addr.is_some());
                got(format!("{} to {peer}, reused: {}, {idle}", info.conn.0, info.reused));
            })
            .put_idle_conn(move |error| put(result(error)))
            .got_first_response_byte(note("GotFirstResponseByte"))
            .got_100_continue(note("Got100Continue"))
            .got_1xx_response(move |code, header| {
                interim(format!("{code} with {} fields", header.len()));
                Ok(())
            })
            .dns_start(move |info| dns_start(info.host.to_owned()))
            .dns_done(move |info| dns_done(format!("{:?} {} {}", info.addrs, result(info.error), info.coalesced)))
            .connect_start(move |network, addr| connect_start(format!("{network} {addr}")))
            .connect_done(move |network, addr, error| connect_done(format!("{network} {addr} {}", result(error))))
            .tls_handshake_start(note("TLSHandshakeStart"))
            .tls_handshake_done(move |agreed| match agreed {
                Ok(state) => secured(format!("{} with {}", state.version_name(), state.server_name)),
                Err(error) => secured(result(Some(error))),
            })
            .wrote_header_field(move |name, values| field(format!("{name}: {values:?}")))
            .wrote_headers(note("WroteHeaders"))
            .wait_100_continue(note("Wait100Continue"))
            .wrote_request(move |info| wrote(result(info.error)))
    }

    /// The request with all of them.
    fn on(&self, mut request: Request) -> Request {
        request.context = request.context.with_client_trace(self.hooks());
        request
    }

    fn get(&self, url: &str) -> Request {
        self.on(request(Method::GET, url))
    }
}

fn result(error: Option<&str>) -> String {
    error.map_or("ok".to_owned(), |error| format!("failed: {error}"))
}

/// How often a line begins like this.
fn times(notes: &[String], start: &str) -> usize {
    notes.iter().filter(|line| line.starts_with(start)).count()
}

fn hello() -> Router {
    Router::new().at("/", Reply::body("some body"))
}

/// A POST whose body waits for the server's word, to a name that is looked up.
fn waiting_post(url: &str) -> Request {
    let mut post = request(Method::POST, url);
    for value in ["bar", "baz"] {
        post.header.append(HeaderName::from_static("x-foo-multiple-vals"), HeaderValue::from_static(value));
    }
    post.header.insert(EXPECT, HeaderValue::from_static("100-continue"));
    post.body = "some body".into();
    post
}

/// A server that waits with its answer until it has the body, which it asks for.
fn asks_for_the_body() -> Script {
    Script::new()
        .await_head()
        .send("HTTP/1.1 100 Continue\r\n\r\n")
        .await_body()
        .expect_body("some body")
        .reply(Reply::body("some body"))
        .forever(Script::new().answer(Reply::empty()))
}

/// A client for which every name is this machine.
fn client_with_names(stage: &Stage) -> client::Client {
    stage.client_with(|config| config.rt = Arc::new(AllNames::new(stage.runtime())) as Arc<dyn Runtime>)
}

/// Go asserts each line without an order; here the order is part of the promise.
///
/// Go: TestTransportEventTrace
#[cfg(feature = "gzip")]
#[test]
fn a_post_that_waits_calls_each_hook_once_in_order_and_a_second_request_asks_again() {
    on_sockets(async |stage| {
        let origin = stage.origin(asks_for_the_body());
        let addr = origin.addr();
        let host_port = format!("dns-is-faked.golang:{}", addr.port());
        let client = client_with_names(stage);
        let notes = Notes::default();
        let post = notes.on(waiting_post(&format!("http://{host_port}/")));
        let mut response = client.do_request(post).await.unwrap();
        assert_eq!((response.status, &response.body.read_all().await.unwrap()[..]), (200, &b"some body"[..]));
        let expected = [
            format!("GetConn {host_port}"),
            "DNSStart dns-is-faked.golang".to_owned(),
            format!("DNSDone {:?} ok false", [IpAddr::V4(Ipv4Addr::LOCALHOST)]),
            format!("ConnectStart tcp {addr}"),
            format!("ConnectDone tcp {addr} ok"),
            format!("GotConn 1 to {addr}, reused: false, not idle"),
            format!("WroteHeaderField Host: [{host_port:?}]"),
            r#"WroteHeaderField User-Agent: ["Go-http-client/1.1"]"#.to_owned(),
            r#"WroteHeaderField Content-Length: ["9"]"#.to_owned(),
            r#"WroteHeaderField Expect: ["100-continue"]"#.to_owned(),
            r#"WroteHeaderField X-Foo-Multiple-Vals: ["bar", "baz"]"#.to_owned(),
            r#"WroteHeaderField Accept-Encoding: ["gzip"]"#.to_owned(),
            "WroteHeaders".to_owned(),
            "Wait100Continue".to_owned(),
            "GotFirstResponseByte".to_owned(),
            "Got100Continue".to_owned(),
            "Got1xxResponse 100 with 0 fields".to_owned(),
            "WroteRequest ok".to_owned(),
            "PutIdleConn ok".to_owned(),
        ];
        assert_eq!(notes.take(), expected);

        assert_eq!(client.do_request(notes.get(&format!("http://{host_port}/"))).await.unwrap().status, 200);
        let again = notes.take_steps();
        assert_eq!(again[..2], [expected[0].clone(), format!("GotConn 1 to {addr}, reused: true, idle")]);
        assert_eq!(again[2..], ["WroteHeaders", "WroteRequest ok", "GotFirstResponseByte", "PutIdleConn ok"]);
        origin.assert_ok();
    });
}

/// Go: TestTransportEventTrace_NoHooks
#[test]
fn a_set_without_hooks_does_no_harm() {
    on_sockets(async |stage| {
        let origin = stage.origin(asks_for_the_body());
        let mut post = waiting_post(&format!("http://dns-is-faked.golang:{}/", origin.addr().port()));
        post.context = Context::background().with_client_trace(ClientTrace::new());
        let mut response = client_with_names(stage).do_request(post).await.unwrap();
        assert_eq!((response.status, &response.body.read_all().await.unwrap()[..]), (200, &b"some body"[..]));
        origin.assert_ok();
    });
}

/// Go: TestTransportEventTraceRealDNS
#[test]
fn a_name_that_nobody_has_is_looked_up_and_no_address_is_tried() {
    on_sockets(async |stage| {
        let notes = Notes::default();
        let get = notes.get("http://dns-should-not-resolve.invalid:80/");
        within("the lookup", stage.client().do_request(get)).await.expect_err("nobody has this name (RFC 6761)");
        let expected = [
            "GetConn dns-should-not-resolve.invalid:80",
            "DNSStart dns-should-not-resolve.invalid",
            "DNSDone [] failed: lookup dns-should-not-resolve.invalid: no such host false",
        ];
        assert_eq!(notes.take(), expected);
    });
}

/// Go: TestTLSHandshakeTrace
#[cfg(feature = "tls")]
#[test]
fn a_handshake_is_told_between_dial_and_connection_with_what_it_has_agreed_on() {
    on_sockets(async |stage| {
        let authority = origin::tls::Authority::new("the tests' own");
        let origin = stage.tls_origin(hello(), &authority.issue(["127.0.0.1"]));
        let client = stage.client_trusting(&authority, |_| {});
        let (notes, addr) = (Notes::default(), origin.addr());
        let mut response = client.do_request(notes.get(&origin.url("/"))).await.unwrap();
        response.body.read_all().await.unwrap();
        let expected = [
            format!("GetConn {addr}"),
            format!("ConnectStart tcp {addr}"),
            format!("ConnectDone tcp {addr} ok"),
            "TLSHandshakeStart".to_owned(),
            "TLSHandshakeDone TLS 1.3 with 127.0.0.1".to_owned(),
            format!("GotConn 1 to {addr}, reused: false, not idle"),
            "WroteHeaders".to_owned(),
            "WroteRequest ok".to_owned(),
            "GotFirstResponseByte".to_owned(),
            "PutIdleConn ok".to_owned(),
        ];
        assert_eq!(notes.take_steps(), expected);
    });
}

#[cfg(feature = "tls")]
#[test]
fn a_handshake_that_fails_is_told_with_the_reason_and_gives_no_connection() {
    on_sockets(async |stage| {
        let authority = origin::tls::Authority::new("nobody that is trusted");
        let origin = stage.tls_origin(hello(), &authority.issue(["127.0.0.1"]));
        let other = origin::tls::Authority::new("the tests' own");
        let notes = Notes::default();
        let failed = stage.client_trusting(&other, |_| {}).do_request(notes.get(&origin.url("/"))).await;
        let error = failed.expect_err("the server is unknown").to_string();
        let told = notes.take();
        assert_eq!(told[3], "TLSHandshakeStart");
        let reason = told[4].strip_prefix("TLSHandshakeDone failed: ").expect("it has failed");
        assert!(error.ends_with(reason) && reason.contains("x509"), "{error}: {reason}");
        assert_eq!(told.len(), 5, "{told:?}");
    });
}

#[test]
fn a_dial_that_is_refused_is_told_with_the_reason_and_gives_no_connection() {
    on_sockets(async |stage| {
        let addr = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
        let notes = Notes::default();
        stage.client().do_request(notes.get(&format!("http://{addr}/"))).await.expect_err("nobody listens there");
        let expected = [
            format!("GetConn {addr}"),
            format!("ConnectStart tcp {addr}"),
            format!("ConnectDone tcp {addr} failed: dial tcp {addr}: connect: connection refused"),
        ];
        assert_eq!(notes.take(), expected);
    });
}

#[test]
fn a_request_that_is_sent_again_is_told_once_for_each_connection() {
    on_sockets(async |stage| {
        let dies = Script::new().answer(Reply::bytes(13)).await_request().close();
        let origin =
            stage.origin(Plan::new().conn(dies).rest(Script::new().forever(Script::new().answer(Reply::bytes(13)))));
        let client = stage.client();
        fetch(&client, &origin.url("/")).await;
        let (notes, addr) = (Notes::default(), origin.addr());
        client.do_request(notes.get(&origin.url("/"))).await.unwrap().body.read_all().await.unwrap();
        let expected = [
            format!("GetConn {addr}"),
            format!("GotConn 1 to {addr}, reused: true, idle"),
            "WroteHeaders".to_owned(),
            "WroteRequest ok".to_owned(),
            format!("GetConn {addr}"),
            format!("ConnectStart tcp {addr}"),
            format!("ConnectDone tcp {addr} ok"),
            format!("GotConn 2 to {addr}, reused: false, not idle"),
            "WroteHeaders".to_owned(),
            "WroteRequest ok".to_owned(),
            "GotFirstResponseByte".to_owned(),
            "PutIdleConn ok".to_owned(),
        ];
        assert_eq!(notes.take_steps(), expected);
    });
}

#[test]
fn each_hop_of_a_redirect_is_told() {
    on_sockets(async |stage| {
        let origin = stage.origin(hello().at("/from", Reply::redirect(302, "/")));
        let notes = Notes::default();
        let client = stage.client();
        let mut response = client.do_request(notes.get(&origin.url("/from"))).await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap(), "some body");
        let told = notes.take();
        for hook in ["GetConn", "GotConn", "WroteRequest ok", "GotFirstResponseByte", "PutIdleConn ok"] {
            assert_eq!(times(&told, hook), 2, "{hook}: {told:?}");
        }
    });
}

/// A source of bytes that has none.
struct Burns;

impl AsyncRead for Burns {
    fn poll_read(self: Pin<&mut Self>, _: &mut task::Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("the disk is on fire")))
    }
}

#[test]
fn a_body_that_fails_is_told_when_the_head_was_written() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_head().await_eof());
        let notes = Notes::default();
        let mut post = request(Method::POST, &origin.url("/"));
        post.body = RequestBody::reader(Burns, Some(5));
        stage.client().do_request(notes.on(post)).await.expect_err("the body is not there");
        let told = notes.take_steps();
        assert_eq!((told.len(), told[4].as_str()), (6, "WroteHeaders"), "{told:?}");
        // It is the connection that reads a body of known length.
        let (call, error) = told[5].split_once(": the").expect("the body's own error");
        assert!(call.starts_with("WroteRequest failed: readfrom tcp 127.0.0.1:"), "{told:?}");
        assert_eq!(error, " disk is on fire");
    });
}

#[test]
fn a_connection_that_the_pool_refuses_is_told_with_the_reason() {
    on_sockets(async |stage| {
        let origin = stage.origin(hello());
        let client = stage.client_with(|config| config.max_idle_conns_per_host = Some(1));
        let notes = Notes::default();
        let two = all([0, 1].map(|_| client.do_request(notes.get(&origin.url("/"))))).await;
        for response in two {
            response.unwrap().body.read_all().await.unwrap();
        }
        let told = notes.take();
        assert_eq!(times(&told, "PutIdleConn ok"), 1, "{told:?}");
        let refused = "PutIdleConn failed: http: putIdleConn: too many idle connections for host";
        assert_eq!(told.last().unwrap(), refused);
    });
}

#[test]
fn where_connections_are_not_kept_the_pool_is_not_told_of() {
    on_sockets(async |stage| {
        let origin = stage.origin(hello());
        let client = stage.client_with(|config| config.disable_keep_alives = true);
        let notes = Notes::default();
        client.do_request(notes.get(&origin.url("/"))).await.unwrap().body.read_all().await.unwrap();
        let told = notes.take();
        assert_eq!((times(&told, "PutIdleConn"), told.last().unwrap().as_str()), (0, "GotFirstResponseByte"));
    });
}

#[test]
fn the_return_to_the_pool_is_told_before_the_end_of_a_body_and_after_an_early_close() {
    on_sockets(async |stage| {
        let held = Script::new().await_request().send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
        let origin = stage.origin(held.await_gate("rest").send("cd").answer(Reply::bytes(13)).hold());
        let client = stage.patient_client();
        let notes = Notes::default();
        let mut response = client.do_request(notes.get(&origin.url("/"))).await.unwrap();
        response.body.close().await;
        assert_eq!(times(&notes.take(), "PutIdleConn"), 0, "the close has returned, the rest is still to be drained");
        origin.open_gate("rest");
        stage.nth(1, |event| matches!(event, Event::PutIdleConn { .. })).await;
        assert_eq!(notes.take(), ["PutIdleConn ok"]);

        let mut response = client.do_request(notes.get(&origin.url("/"))).await.unwrap();
        assert_eq!(times(&notes.take(), "PutIdleConn"), 0, "the body is still to be read");
        response.body.read_all().await.unwrap();
        assert_eq!(notes.take(), ["PutIdleConn ok"]);
    });
}

/// An error that a test knows again.
#[derive(Debug)]
struct Enough(u16);

impl fmt::Display for Enough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no {} for me", self.0)
    }
}

impl Error for Enough {}

#[test]
fn an_interim_response_that_its_hook_does_not_want_ends_the_request_for_that_reason() {
    on_sockets(async |stage| {
        let origin =
            stage.origin(Script::new().answer(Reply::body("never").interim(103, &[("Link", "</a>")])).await_eof());
        let hooks = ClientTrace::new().got_1xx_response(|code, header: &HeaderMap| {
            assert_eq!(header["link"], "</a>");
            Err(Enough(code).into())
        });
        let mut get = request(Method::GET, &origin.url("/"));
        get.context = get.context.with_client_trace(hooks);
        let error = stage.client().do_request(get).await.expect_err("it was not wanted");
        assert!(error.to_string().ends_with("no 103 for me"), "{error}");
        let mut source: &(dyn Error + 'static) = &error;
        while !source.is::<Enough>() {
            source = source.source().expect("the hook's own error is among the sources");
        }
        stage.exit(Exit::HeadMalformed).await;
        stage.tasks_become(1).await;
    });
}

#[test]
fn a_100_that_comes_twice_is_a_word_once() {
    on_sockets(async |stage| {
        let twice = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\nA: b\r\n\r\n";
        let script = Script::new().await_head().send(twice).await_body().reply(Reply::empty());
        let origin = stage.origin(script.hold());
        let client = stage.client_with(|config| config.expect_continue_timeout = 2 * BOUND);
        let notes = Notes::default();
        drop(client.do_request(notes.on(waiting_post(&origin.url("/")))).await.unwrap());
        let told = notes.take();
        assert_eq!((times(&told, "Got100Continue"), times(&told, "Got1xxResponse 100")), (1, 2), "{told:?}");
        client.close_idle_connections();
    });
}

#[test]
fn a_dial_is_told_to_the_request_that_began_it_also_when_another_gets_the_connection() {
    on_sockets(async |stage| {
        let origin = stage.origin(hello());
        let names = Arc::new(AllNames::new(stage.runtime()));
        let client = stage.client_with(|config| config.rt = names as Arc<dyn Runtime>);
        let (first, second) = (Notes::default(), Notes::default());
        let url = format!("http://a-name.test:{}/", origin.addr().port());
        let (context, cancel) = Context::background().with_cancel();
        let mut given_up = request(Method::GET, &url);
        given_up.context = context;
        let (response, ()) = tokio::join!(client.do_request(first.on(given_up)), async {
            stage.nth(1, |event| matches!(event, Event::TaskStarted { name: TaskName::Dial })).await;
            cancel.cancel();
        });
        response.expect_err("it was given up");
        stage.exit(Exit::DialPooled).await;
        let told = first.take();
        assert_eq!(told.last().unwrap(), &format!("ConnectDone tcp {} ok", origin.addr()));
        client.do_request(second.get(&url)).await.unwrap().body.read_all().await.unwrap();
        let told = second.take_steps();
        assert_eq!(told[1], format!("GotConn 1 to {}, reused: true, idle", origin.addr()));
        assert_eq!(times(&told, "Connect") + times(&first.take(), ""), 0);
    });
}

#[test]
fn hooks_of_a_context_are_called_before_those_of_the_context_it_was_made_of() {
    on_sockets(async |stage| {
        let origin = stage.origin(hello());
        let notes = Notes::default();
        let says = |what: &'static str| {
            let [got, wrote] = [notes.clone(), notes.clone()];
            ClientTrace::new()
                .got_conn(move |_| got.add(format!("{what} GotConn")))
                .wrote_headers(move || wrote.add(format!("{what} WroteHeaders")))
        };
        let context = Context::background().with_client_trace(says("old"));
        // A child in between changes nothing.
        let (context, _cancel) = context.with_cancel();
        let put = notes.clone();
        let newest = says("new").put_idle_conn(move |error| put.add(format!("new PutIdleConn {error:?}")));
        let mut get = request(Method::GET, &origin.url("/"));
        get.context = context.with_client_trace(newest);
        get.header.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        stage.client().do_request(get).await.unwrap().body.read_all().await.unwrap();
        let expected = ["new GotConn", "old GotConn", "new WroteHeaders", "old WroteHeaders", "new PutIdleConn None"];
        assert_eq!(notes.take(), expected);
    });
}
