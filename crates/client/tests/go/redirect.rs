//! Redirects.

use std::sync::{Arc, Mutex};

use client::{BoxError, Cause, Client, GetBody, Redirect, Request, RequestBody, Response, RoundTripper};
use http::header::{LOCATION, REFERER};
use http::{HeaderValue, Method};
use httptrace::BoxFuture;
use origin::{Reply, Router, TcpOrigin};
use transport::Transport;

use super::streams::{client_dialling, connect};
use crate::support::{Stage, on_sockets, request};

/// Requests as an origin has seen them.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn line(&self, line: impl Into<String>) {
        self.0.lock().expect("a push cannot fail half-way").push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("a push cannot fail half-way").clone()
    }
}

/// Whatever name is asked for, `origin` is who answers.
pub(crate) fn client_of_all_names(stage: &Stage, origin: &TcpOrigin) -> Client {
    let addr = origin.addr().to_string();
    client_dialling(
        stage,
        |_| {},
        move |rt, _name| {
            let addr = addr.clone();
            async move { connect(&*rt, &addr).await }
        },
    )
}

/// Leads from `/?n=0` on to `/?n=15`, and tells of a wrong Referer.
fn fifteen_hops(wrong: Log) -> Router {
    Router::new().with("/", move |request| {
        let n: u32 = request.target().rsplit_once("n=").map_or(0, |(_, n)| n.parse().expect("a number"));
        let host = request.header("Host").expect("a host");
        let from = match n {
            0 => None,
            1 => Some(format!("http://{host}/")),
            _ => Some(format!("http://{host}/?n={}", n - 1)),
        };
        if request.header("Referer") != from.as_deref() {
            wrong.line(request.head());
        }
        if n < 15 { Reply::redirect(307, format!("/?n={}", n + 1)) } else { Reply::body("arrived") }
    })
}

/// Go: TestClientRedirects
#[test]
fn ten_requests_are_made_at_most_unless_a_hook_says_otherwise() {
    on_sockets(async |stage| {
        let wrong = Log::default();
        let origin = stage.origin(fifteen_hops(wrong.clone()));
        let (client, url) = (stage.client(), origin.url("/"));
        let stopped = |result: Result<Response, client::Error>| result.expect_err("there are 15").to_string();
        let text = r#"Get "/?n=10": stopped after 10 redirects"#;
        assert_eq!(stopped(client.get(&url).await), text);
        assert_eq!(origin.stats().requests, 10);
        assert_eq!(stopped(client.head(&url).await), r#"Head "/?n=10": stopped after 10 redirects"#);
        assert_eq!(stopped(client.do_request(request(Method::GET, &url)).await), text);
        assert_eq!(stopped(client.do_request(client::new_request("", &url).unwrap()).await), text);
        assert_eq!(wrong.lines(), [""; 0], "each Referer is the URL before");

        let via = Log::default();
        let kept = via.clone();
        let token = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&token);
        let all = client.clone().with_check_redirect(move |hop| {
            kept.line(format!("{} via {}", hop.request.url.query().unwrap_or_default(), hop.via.len()));
            *seen.lock().expect("nothing fails here") = hop.request.cancel.clone();
            Ok(Redirect::Follow)
        });
        let mut response = all.get(&url).await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap(), "arrived");
        assert_eq!(response.url.unwrap().query(), Some("n=15"));
        let hops: Vec<String> = (1..=15).map(|n| format!("n={n} via {n}")).collect();
        assert_eq!(via.lines(), hops);

        let mut cancellable = request(Method::HEAD, &url);
        let cancel = cancellable.cancel_token();
        drop(all.do_request(cancellable).await.unwrap());
        let of_last_hop = token.lock().expect("nothing fails here").take().expect("the hop has one");
        cancel.cancel();
        assert!(of_last_hop.is_cancelled(), "it is the same token");

        let none = client.with_check_redirect(|_hop| Err("no redirects allowed".into()));
        let error = none.get(&url).await.expect_err("the hook says no");
        assert_eq!(error.to_string(), r#"Get "/?n=1": no redirects allowed"#);
        assert!(
            matches!(&error.reason, client::Reason::CheckRedirect(why) if why.to_string() == "no redirects allowed")
        );
        let at = error.stopped_at.expect("the response is there");
        assert_eq!((at.status, &at.header[LOCATION], at.url.as_str()), (307, &"/?n=1".parse().unwrap(), &*url));
    });
}

/// Go: TestClientRedirectsContext
#[test]
fn a_redirect_has_the_context_of_the_first_request() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().with("/", |_| Reply::redirect(307, "/")));
        let (context, cancel) = client::Context::background().with_cancel();
        let client = stage.client().with_check_redirect(move |hop| {
            cancel.cancel();
            match hop.request.context.cause() {
                Some(_) => Ok(Redirect::Follow),
                None => Err("the context lives on".into()),
            }
        });
        let mut get = request(Method::GET, &origin.url("/"));
        get.context = context;
        let error = client.do_request(get).await.expect_err("it was cancelled");
        assert_eq!(error.reason, client::Reason::Transport(transport::Error::Canceled(Cause::Canceled)));
        assert_eq!(origin.stats().requests, 1);
    });
}

/// Answers `?code=301&next=302,308` with 301 and sends on to `?code=302&next=308`, and so on; the last one leads to `/`.
fn as_the_query_says(log: Log) -> Router {
    Router::new().with("/", move |request| {
        let body = String::from_utf8(request.body()).expect("text");
        let length =
            request.header("Content-Length").filter(|_| body.is_empty()).map_or(String::new(), |n| format!(" {n}"));
        log.line(format!("{} {} {body}{length}", request.method(), request.target()).trim_end());
        let query = request.target().split_once('?').map_or("", |(_, query)| query);
        let mut code = 200;
        let mut location = format!("http://{}", request.header("Host").expect("a host"));
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "code" => code = value.parse().expect("a status"),
                _ => {
                    let (first, rest) = value.split_once(',').unwrap_or((value, ""));
                    location += &format!("?code={first}");
                    if !rest.is_empty() {
                        location += &format!("&next={rest}");
                    }
                }
            }
        }
        let reply = Reply::empty().status(code);
        if code / 100 == 3 { reply.header("Location", location) } else { reply }
    })
}

async fn log_of(stage: &Stage, method: &Method, cases: &[(&str, u16, &'static str)]) -> Vec<String> {
    let log = Log::default();
    let origin = stage.origin(as_the_query_says(log.clone()));
    let client = stage.client();
    for &(suffix, status, body) in cases {
        let mut request = request(method.clone(), &origin.url(suffix));
        request.body = body.into();
        assert_eq!(client.do_request(request).await.unwrap().status, status, "{method} {suffix}");
    }
    log.lines()
}

/// Go: TestPostRedirects
#[test]
fn a_post_becomes_a_get_or_is_sent_again_as_the_statuses_say() {
    on_sockets(async |stage| {
        let cases = [
            ("/", 200, "first"),
            ("/?code=301&next=302", 200, "c301"),
            ("/?code=302&next=302", 200, "c302"),
            ("/?code=303&next=301", 200, "c303"),
            ("/?code=304", 304, "c304"),
            ("/?code=305", 305, "c305"),
            ("/?code=307&next=303,308,302", 200, "c307"),
            ("/?code=308&next=302,301", 200, "c308"),
            ("/?code=404", 404, "c404"),
        ];
        let wanted = [
            "POST / first",
            "POST /?code=301&next=302 c301",
            "GET /?code=302",
            "GET /",
            "POST /?code=302&next=302 c302",
            "GET /?code=302",
            "GET /",
            "POST /?code=303&next=301 c303",
            "GET /?code=301",
            "GET /",
            "POST /?code=304 c304",
            "POST /?code=305 c305",
            "POST /?code=307&next=303,308,302 c307",
            "POST /?code=303&next=308,302 c307",
            "GET /?code=308&next=302",
            "GET /?code=302",
            "GET /",
            "POST /?code=308&next=302,301 c308",
            "POST /?code=302&next=301 c308",
            "GET /?code=301",
            "GET /",
            "POST /?code=404 c404",
        ];
        assert_eq!(log_of(stage, &Method::POST, &cases).await, wanted);
    });
}

/// Go: TestDeleteRedirects
#[test]
fn a_delete_becomes_a_get_or_is_sent_again_as_the_statuses_say() {
    on_sockets(async |stage| {
        let cases = [
            ("/", 200, "first"),
            ("/?code=301&next=302,308", 200, "c301"),
            ("/?code=302&next=302", 200, "c302"),
            ("/?code=303", 200, "c303"),
            ("/?code=307&next=301,308,303,302,304", 304, "c307"),
            ("/?code=308&next=307", 200, "c308"),
            ("/?code=404", 404, "c404"),
        ];
        let wanted = [
            "DELETE / first",
            "DELETE /?code=301&next=302,308 c301",
            "GET /?code=302&next=308",
            "GET /?code=308",
            "GET /",
            "DELETE /?code=302&next=302 c302",
            "GET /?code=302",
            "GET /",
            "DELETE /?code=303 c303",
            "GET /",
            "DELETE /?code=307&next=301,308,303,302,304 c307",
            "DELETE /?code=301&next=308,303,302,304 c307",
            "GET /?code=308&next=303,302,304",
            "GET /?code=303&next=302,304",
            "GET /?code=302&next=304",
            "GET /?code=304",
            "DELETE /?code=308&next=307 c308",
            "DELETE /?code=307 c308",
            "DELETE / c308",
            "DELETE /?code=404 c404",
        ];
        assert_eq!(log_of(stage, &Method::DELETE, &cases).await, wanted);
    });
}

/// Go: TestClientRedirectUseResponse
#[test]
fn a_hook_may_give_the_redirect_itself_to_the_caller() {
    on_sockets(async |stage| {
        let hello = Reply::body("Hello, world.").status(302).header("Location", "/other");
        let origin = stage.origin(Router::new().at("/", hello).at("/other", Reply::body("wrong")));
        let client = stage.client().with_check_redirect(|hop| {
            assert_eq!((hop.response.status, hop.request.url.path()), (302, "/other"), "what led here can be seen");
            Ok(Redirect::UseLastResponse)
        });
        let mut response = client.get(&origin.url("/")).await.unwrap();
        assert_eq!(response.status, 302);
        assert_eq!(response.body.read_all().await.unwrap(), "Hello, world.");
        assert_eq!(origin.stats().requests, 1);
    });
}

/// Go: TestClientRedirectNoLocation
#[test]
fn a_redirect_that_leads_nowhere_is_the_answer() {
    on_sockets(async |stage| {
        for status in [301, 308] {
            let origin = stage.origin(Router::new().at("/", Reply::empty().status(status).header("Foo", "Bar")));
            let response = stage.client().get(&origin.url("/")).await.unwrap();
            assert_eq!((response.status, &response.header["foo"]), (status, &"Bar".parse().unwrap()));
        }
    });
}

/// Go: TestClientRedirect308NoGetBody
#[test]
fn a_body_that_cannot_be_had_again_is_not_sent_elsewhere() {
    on_sockets(async |stage| {
        let nowhere = "https://localhost:1234/";
        let origin = stage.origin(Router::new().at("/", Reply::redirect(308, nowhere)));
        let mut post = request(Method::POST, &origin.url("/"));
        post.body = RequestBody::reader(&b"some body"[..], Some(9));
        let response = stage.client().do_request(post).await.unwrap();
        assert_eq!((response.status, &response.header[LOCATION]), (308, &nowhere.parse().unwrap()));
    });
}

/// Go: TestClientCopyHeadersOnRedirect
#[test]
fn the_callers_fields_go_to_another_port_of_the_same_host() {
    on_sockets(async |stage| {
        let second = stage.origin(Router::new().at("/", Reply::empty()));
        let first = stage.origin(Router::new().at("/", Reply::redirect(302, second.url("/"))));
        let fields = [
            ("authorization", "secret password"),
            ("cookie", "foo=bar"),
            ("user-agent", "some-agent/1.2"),
            ("x-foo", "foo-val"),
        ];
        let mut get = request(Method::GET, &first.url("/"));
        for (name, value) in fields {
            get.header.insert(name, HeaderValue::from_static(value));
        }
        let mut wanted = get.header.clone();
        wanted.insert(REFERER, first.url("/").parse().unwrap());
        let client = stage.client().with_check_redirect(move |hop| {
            assert_eq!(hop.request.header, wanted, "the hook sees what will be sent");
            Ok(Redirect::Follow)
        });
        assert_eq!(client.do_request(get).await.unwrap().status, 200);
        let stats = second.stats();
        let seen = &stats.conns[0].requests[0];
        for (name, value) in fields.into_iter().chain([("referer", &*first.url("/"))]) {
            assert_eq!(seen.header(name), Some(value), "{}", seen.head());
        }
    });
}

/// Go: TestClientStripHeadersOnRepeatedRedirect
#[test]
fn what_was_withheld_from_another_host_does_not_come_back_with_the_first_one() {
    on_sockets(async |stage| {
        let log = Log::default();
        let seen = log.clone();
        let origin = stage.origin(Router::new().with("/", move |request| {
            let host = request.header("Host").expect("a host").to_owned();
            let secrets = ["Cookie", "Authorization", "Proxy-Authorization"].map(|name| request.header(name));
            seen.line(format!("{host} {}", secrets.into_iter().flatten().count()));
            let visits = seen.lines().len();
            match (&*host, visits) {
                ("a.example.test", 1) => Reply::redirect(302, "http://b.example.test/"),
                ("b.example.test", 2) => Reply::redirect(302, "http://b.example.test/?again"),
                ("b.example.test", 3) => Reply::redirect(302, "http://a.example.test/?again"),
                _ => Reply::empty(),
            }
        }));
        let mut get = request(Method::GET, "http://a.example.test/");
        for name in ["cookie", "authorization", "proxy-authorization"] {
            get.header.insert(name, HeaderValue::from_static("foo=secret"));
        }
        let response = client_of_all_names(stage, &origin).do_request(get).await.unwrap();
        assert_eq!(response.url.unwrap().as_str(), "http://a.example.test/?again");
        assert_eq!(log.lines(), ["a.example.test 3", "b.example.test 0", "b.example.test 0", "a.example.test 0"]);
    });
}

/// Go: TestClientCopyHostOnRedirect
#[test]
fn a_host_of_the_callers_own_is_kept_for_relative_redirects_only() {
    on_sockets(async |stage| {
        let virtual_host = stage.origin(Router::new());
        let name = virtual_host.addr().to_string();
        let by_name = name.clone();
        let origin = stage.origin(
            Router::new()
                .with("/", |_| Reply::redirect(302, "/hop"))
                .with("/hop", |request| {
                    // The origin's own address can be told from the Referer.
                    let referer = request.header("Referer").expect("there is one");
                    Reply::redirect(302, format!("{}final", referer))
                })
                .at("/final", Reply::body("arrived")),
        );
        let mut get = request(Method::GET, &origin.url("/"));
        get.host = Some(by_name);
        let mut response = stage.client().do_request(get).await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap(), "arrived");
        let own = origin.addr().to_string();
        let stats = origin.stats();
        let seen = stats.conns.iter().flat_map(|conn| &conn.requests);
        let seen: Vec<_> = seen.map(|request| (request.path(), request.header("Host").expect("a host"))).collect();
        assert_eq!(seen, [("/", &*name), ("/hop", &*name), ("/final", &*own)]);
        assert_eq!(virtual_host.stats().requests, 0);
    });
}

/// Looks whether each request has a body that can be made again.
struct WantsGetBody(Transport, Log);

impl RoundTripper for WantsGetBody {
    fn round_trip<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response, BoxError>> {
        self.1.line(format!("{} {}", request.url.path(), request.get_body.is_some()));
        RoundTripper::round_trip(&self.0, request)
    }
}

/// Go: TestRedirectGetBody
#[test]
fn a_request_that_is_sent_again_can_be_sent_once_more() {
    on_sockets(async |stage| {
        let origin = stage.origin(
            Router::new()
                .with("/first", |request| match &*request.body() {
                    b"hello" => Reply::redirect(307, "/second"),
                    _ => Reply::empty().status(400),
                })
                .with("/second", |request| Reply::body([b"world of ", &*request.body()].concat())),
        );
        let log = Log::default();
        let client = stage.client();
        let tripper = Arc::new(WantsGetBody(client.transport().clone(), log.clone()));
        let mut post = request(Method::POST, &origin.url("/first"));
        post.body = RequestBody::reader(&b"hello"[..], Some(5));
        post.get_body = Some(GetBody::new(|| Ok(RequestBody::reader(&b"hello"[..], Some(5)))));
        let mut response = client.with_round_tripper(tripper).do_request(post).await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap(), "world of hello");
        assert_eq!(log.lines(), ["/first true", "/second true"]);
    });
}

/// Go: TestRequestRedirect
#[test]
fn a_response_says_which_url_it_answers() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::redirect(303, "/foo/")).at("/foo/", Reply::body("foo")));
        let response = stage.client().get(&origin.url("/")).await.unwrap();
        assert_eq!((response.status, response.url.unwrap().as_str()), (200, &*origin.url("/foo/")));
    });
}
