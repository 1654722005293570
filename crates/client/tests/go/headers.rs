//! What may stand in a request's head, and how it is written.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Reason, RequestTrailers};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use httptrace::{BoxFuture, BoxIo, Census, Event, Runtime, TaskName, Timer};
use origin::{Reply, Router, TcpOrigin};

use crate::support::{on_sockets, request};

fn head(origin: &TcpOrigin) -> String {
    let stats = origin.stats();
    stats.conns.last().and_then(|conn| conn.requests.last()).expect("a request").head().into_owned()
}

/// Go: TestTransportEmptyMethod
#[test]
fn the_empty_method_is_written_get() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let get = client::new_request("", &origin.url("/")).unwrap();
        drop(stage.client().do_request(get).await.unwrap());
        assert!(head(&origin).starts_with("GET / HTTP/1.1\r\n"));
    });
}

/// What Go refuses when it sends cannot be made here.
///
/// Go: TestValidateClientRequestTrailers
#[test]
fn a_trailer_cannot_hold_the_end_of_a_line() {
    assert!(HeaderValue::from_bytes(b"x\r\nX-Another-One").is_err());
    assert!(HeaderName::from_bytes(b"\r\nTrx").is_err());
    let fine = RequestTrailers::new([HeaderName::from_static("trx")], HeaderMap::new);
    assert_eq!(format!("{fine:?}"), r#"RequestTrailers(["trx"])"#);
}

/// Go: TestTransportRejectsInvalidHeaders
#[test]
fn names_and_values_that_are_none_fail_before_anybody_dials() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let client = stage.client_with(|config| config.disable_keep_alives = true);
        let tests: [(&str, &str, bool); 9] = [
            ("Foo", "capital-key", true),
            ("Foo", "foo\0bar", false),
            ("Foo", "two\nlines", false),
            ("bogus\nkey", "v", false),
            ("A space", "v", false),
            ("\u{438}\u{43c}\u{44f}", "v", false),
            ("name", "\u{432}\u{430}\u{43b}\u{44e}", true),
            ("", "v", false),
            ("k", "", true),
        ];
        for (name, value, fine) in tests {
            let dials = stage.count(|event| matches!(event, Event::ConnectStart { .. }));
            let field = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()));
            let (Ok(name), Ok(value)) = field else {
                assert!(!fine, "{name:?} {value:?}");
                continue;
            };
            let mut get = request(Method::GET, &origin.url("/"));
            get.header.insert(name, value.clone());
            drop(client.do_request(get).await.unwrap());
            assert!(fine);
            assert_eq!(stage.count(|event| matches!(event, Event::ConnectStart { .. })), dials + 1);
            let stats = origin.stats();
            let raw = stats.conns.last().expect("a connection").requests[0].raw().clone();
            let line = [b": ", value.as_bytes(), b"\r\n"].concat();
            assert!(raw.windows(line.len()).any(|window| window == line), "{value:?}");
        }
    });
}

/// Go's table has names and values that cannot be made here: those with the end of a line, and those without values.
///
/// Go: TestHeaderWrite
#[test]
fn fields_are_written_sorted_without_those_that_are_written_elsewhere() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let mut get = request(Method::GET, &origin.url("/"));
        get.header.insert("user-agent", HeaderValue::from_static(""));
        for number in (1..=9).rev() {
            for half in ["a", "b"] {
                let name = HeaderName::try_from(format!("k{number}")).unwrap();
                get.header.append(name, HeaderValue::try_from(format!("{number}{half}")).unwrap());
            }
        }
        for (name, value) in [
            ("content-length", "0"),
            ("content-length", "1"),
            ("host", "elsewhere"),
            ("trailer", "x"),
            ("transfer-encoding", "x"),
            ("blank", ""),
            ("blank", ""),
        ] {
            get.header.append(name, HeaderValue::from_static(value));
        }
        drop(stage.client().do_request(get).await.unwrap());
        let numbers: String = (1..=9).map(|n| format!("K{n}: {n}a\r\nK{n}: {n}b\r\n")).collect();
        let wanted = format!("GET / HTTP/1.1\r\nHost: {}\r\nBlank: \r\nBlank: \r\n{numbers}\r\n", origin.addr());
        assert_eq!(head(&origin).replace("Accept-Encoding: gzip\r\n", ""), wanted);
        for bad in ["1\r\nBar: 2", "1\n"] {
            assert!(HeaderValue::from_str(bad).is_err());
            assert!(HeaderName::try_from(bad).is_err());
        }
    });
}

/// There is no header that is none: an empty one takes fields, and so does its copy.
///
/// Go: TestNilHeaderClone
/// Go: TestCloneOrMakeHeader
#[test]
fn a_request_has_a_header_from_the_start_and_so_has_its_copy() {
    let mut first = request(Method::GET, "http://example.test/");
    assert_eq!(first.header, HeaderMap::new());
    let mut copy = first.try_clone().expect("a body that is none can be had again");
    assert_eq!(copy.header, HeaderMap::new());
    copy.header.insert("foo", HeaderValue::from_static("bar"));
    assert!(first.header.is_empty(), "the copy is another one");
    first.header.insert("foo", HeaderValue::from_static("bar"));
    assert_eq!(first.try_clone().expect("as above").header, copy.header);
}

/// Go: TestSetBasicAuth
#[test]
fn a_user_and_a_password_are_written_in_base64() {
    let mut get = request(Method::GET, "http://example.test/");
    assert_eq!(get.basic_auth(), None);
    get.set_basic_auth("Aladdin", "open sesame");
    assert_eq!(get.header["authorization"], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_eq!(get.basic_auth(), Some(("Aladdin".to_owned(), "open sesame".to_owned())));
    assert!(!format!("{get:?}").contains("QWxh"), "and not shown");
}

/// (An address with a zone cannot be had in a URL here.)
///
/// Go: TestNewRequestHost
#[test]
fn the_host_is_the_urls_without_a_port_that_is_empty() {
    on_sockets(async |stage| {
        let origin = stage.origin(
            Router::new().with("/", |request| Reply::body(request.header("Host").expect("there is one").to_owned())),
        );
        let client = super::redirect::client_of_all_names(stage, &origin);
        for (url, host) in [
            ("http://www.example.test/", "www.example.test"),
            ("http://www.example.test:8080/", "www.example.test:8080"),
            ("http://192.168.0.1/", "192.168.0.1"),
            ("http://192.168.0.1:8080/", "192.168.0.1:8080"),
            ("http://192.168.0.1:/", "192.168.0.1"),
            ("http://[fe80::1]/", "[fe80::1]"),
            ("http://[fe80::1]:8080/", "[fe80::1]:8080"),
        ] {
            let mut response = client.do_request(client::new_request("GET", url).unwrap()).await.unwrap();
            assert_eq!(response.text().await.unwrap(), host);
        }
    });
}

/// Go: TestRequestInvalidMethod
#[test]
fn a_method_is_a_token() {
    let error = client::new_request("bad method", "http://foo.test/").expect_err("a blank");
    assert_eq!(error.to_string(), r#"net/http: invalid method "bad method""#);
    assert_eq!(error.reason, Reason::InvalidMethod("bad method".to_owned()));
    assert!(Method::from_bytes(b"bad method").is_err(), "nor can one be put into a request");
    assert_eq!(client::new_request("", "http://foo.test/").unwrap().method, Method::GET);
}

/// Go: TestRequestBadHostHeader
#[test]
fn a_host_that_is_none_is_sent_empty() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/after", Reply::empty()));
        let mut get = request(Method::GET, &origin.url("/after"));
        get.host = Some("foo.test\nnewline".to_owned());
        drop(stage.client().do_request(get).await.unwrap());
        assert!(head(&origin).starts_with("GET /after HTTP/1.1\r\nHost: \r\nUser-Agent: Go-http-client/1.1\r\n"));
    });
}

/// Go writes blanks in place of the ends of lines. Here such a value cannot be made.
///
/// Go: TestRequestBadUserAgent
#[test]
fn a_user_agent_cannot_carry_another_field() {
    assert!(HeaderValue::from_str("evil\r\nX-Evil: evil").is_err());
    assert!(HeaderValue::from_bytes(b"evil\nX-Evil: evil").is_err());
}

/// Go: TestNoPanicOnRoundTripWithBasicAuth
#[test]
fn the_user_of_a_url_is_told_also_where_there_are_no_other_fields() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let url = origin.url("/").replace("http://", "http://foo:bar@");
        let response = stage.client().do_request(request(Method::GET, &url)).await.unwrap();
        assert_eq!(response.url.unwrap().as_str(), url);
        assert!(head(&origin).contains("\r\nAuthorization: Basic Zm9vOmJhcg==\r\n"));
    });
}

/// A runtime on which every name is this machine's, and which keeps the names.
pub(super) struct AllNames {
    rt: Arc<dyn Runtime>,
    asked: Mutex<Vec<String>>,
}

impl AllNames {
    pub(super) fn new(rt: Arc<dyn Runtime>) -> Self {
        AllNames { rt, asked: Mutex::default() }
    }
}

impl Runtime for AllNames {
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>) {
        self.rt.spawn(name, task);
    }

    fn timer(&self, deadline: Duration) -> Pin<Box<dyn Timer>> {
        self.rt.timer(deadline)
    }

    fn now(&self) -> Duration {
        self.rt.now()
    }

    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.asked.lock().expect("a push cannot fail half-way").push(host.to_owned());
        Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]) })
    }

    fn connect(&self, addr: SocketAddr, keep_alive: Option<Duration>) -> BoxFuture<'_, io::Result<BoxIo>> {
        self.rt.connect(addr, keep_alive)
    }

    fn census(&self) -> &Arc<Census> {
        self.rt.census()
    }
}

/// Go: TestTransportIDNA
#[test]
fn a_name_beyond_ascii_is_written_in_ascii_wherever_it_is_told() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty()));
        let names = Arc::new(AllNames::new(stage.runtime()));
        let client = stage.client_with(|config| config.rt = Arc::clone(&names) as Arc<dyn Runtime>);
        let (name, port) = ("xn--c1ae0ajs.xn--c1aw", origin.addr().port());
        let url = format!("http://\u{433}\u{43e}\u{444}\u{435}\u{440}.\u{433}\u{43e}:{port}/");
        assert_eq!(client.get(&url).await.unwrap().status, 200);
        assert!(head(&origin).contains(&format!("\r\nHost: {name}:{port}\r\n")));
        assert_eq!(*names.asked.lock().unwrap(), [name]);
        let wanted = format!("{name}:{port}");
        stage.nth(1, |event| matches!(event, Event::GetConn { host_port } if *host_port == wanted)).await;
        stage.nth(1, |event| matches!(event, Event::DnsStart { host } if host == name)).await;
    });
}
