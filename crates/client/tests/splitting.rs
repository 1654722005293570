//! No input of a client can end the line, the head or the request that it stands in.

use client::{Cookie, CookieJar, RequestTrailers};
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use origin::{Reply, Router, TcpOrigin};
use url::Url;

use crate::support::{Stage, on_sockets, request};

/// What would begin a field, a second request, or a body of one's own.
const EVIL: [&str; 6] =
    ["\r\nX-Evil: 1", "\nX-Evil: 1", "\rX-Evil: 1", " HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET /evil", "\0", "\t\r\n\r\n"];

fn echo(stage: &Stage) -> TcpOrigin {
    stage.origin(Router::new().at("/", Reply::empty()))
}

/// The origin has seen requests of this form and nothing else: one start line, and a head without what was smuggled.
fn saw_nothing_evil(origin: &TcpOrigin, what: &str) {
    let stats = origin.stats();
    for request in stats.conns.iter().flat_map(|conn| &conn.requests) {
        let head = request.head();
        assert!(!head.to_ascii_lowercase().contains("\nx-evil"), "{what}: {head}");
        assert_eq!(request.line().matches(" HTTP/1.1").count(), 1, "{what}: {head}");
        assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']), "{what}: {head:?}");
        assert!(!request.target().starts_with("/evil"), "{what}: {head}");
    }
}

#[test]
fn a_url_cannot_end_the_request_line() {
    on_sockets(async |stage| {
        let origin = echo(stage);
        let client = stage.client();
        let plain = origin.url("/");
        for evil in EVIL {
            for url in [
                format!("{plain}{evil}"),
                format!("{plain}?{evil}"),
                format!("{plain}#{evil}"),
                plain.replace("http://", &format!("http://user{evil}@")),
                plain.replace("http://", &format!("http://u:p{evil}@")),
                plain.replace(":", &format!("{evil}:")),
                plain.replacen("127.0.0.1", &format!("127.0.0.1{evil}"), 1),
            ] {
                let error = client.get(&url).await.expect_err("a control character");
                assert!(error.to_string().ends_with("net/url: invalid control character in URL"), "{error}");
            }
            // A `Url` that was made otherwise has no such characters any more.
            let mut url: Url = plain.parse().unwrap();
            url.set_path(evil);
            url.set_query(Some(evil));
            url.set_username(evil).unwrap();
            let mut response = client.do_request(client::Request::new(Method::GET, url)).await.unwrap();
            response.body.read_all().await.unwrap();
            saw_nothing_evil(&origin, evil);
        }
        assert_eq!(origin.stats().requests, EVIL.len());
    });
}

#[test]
fn a_method_cannot_end_the_request_line() {
    for evil in EVIL {
        let method = format!("GET{evil}");
        assert!(Method::from_bytes(method.as_bytes()).is_err());
        let error = client::new_request(&method, "http://a.test/").expect_err("no token").to_string();
        assert!(error.starts_with("net/http: invalid method "), "{error}");
    }
}

#[test]
fn a_header_or_a_trailer_cannot_end_its_line() {
    for evil in EVIL {
        assert!(HeaderName::from_bytes(format!("X{evil}").as_bytes()).is_err(), "{evil:?}");
        assert!(HeaderValue::from_bytes(format!("x{evil}").as_bytes()).is_err(), "{evil:?}");
    }
    assert!(HeaderName::from_bytes(b"X: 1").is_err());
    let names = [HeaderName::from_static("x-sum")];
    assert!(format!("{:?}", RequestTrailers::new(names, HeaderMap::new)).contains("x-sum"));
}

#[test]
fn a_host_that_is_none_is_sent_empty() {
    on_sockets(async |stage| {
        let origin = echo(stage);
        let client = stage.client();
        for evil in EVIL {
            let mut get = request(Method::GET, &origin.url("/"));
            get.host = Some(format!("a.test{evil}"));
            drop(client.do_request(get).await.unwrap());
            saw_nothing_evil(&origin, evil);
        }
        let stats = origin.stats();
        assert!(stats.conns.iter().flat_map(|conn| &conn.requests).all(|request| request.header("Host") == Some("")));
    });
}

/// Gives whoever asks one cookie.
struct OneCookie(Cookie);

impl CookieJar for OneCookie {
    fn set_cookies(&self, _url: &Url, _cookies: &[Cookie]) {}

    fn cookies(&self, _url: &Url) -> Vec<Cookie> {
        vec![self.0.clone()]
    }
}

#[test]
fn a_cookie_cannot_end_its_line() {
    on_sockets(async |stage| {
        let origin = echo(stage);
        for evil in EVIL {
            for cookie in [Cookie::new(format!("a{evil}"), "b"), Cookie::new("a", format!("b{evil}"))] {
                let mut get = request(Method::GET, &origin.url("/"));
                // What cannot be made harmless is refused.
                let harmless = get.add_cookie(&cookie).is_ok();
                if harmless {
                    drop(stage.client().do_request(get).await.unwrap());
                }
                let client = stage.client().with_jar(std::sync::Arc::new(OneCookie(cookie)));
                let answer = client.get(&origin.url("/")).await;
                assert_eq!(answer.is_ok(), harmless, "{evil:?}");
                saw_nothing_evil(&origin, evil);
            }
        }
        assert!(origin.stats().requests > EVIL.len(), "most were harmless");
    });
}

#[test]
fn a_user_and_a_password_cannot_end_their_line() {
    for evil in EVIL {
        let mut get = request(Method::GET, "http://a.test/");
        get.set_basic_auth(evil, evil);
        let value = get.header["authorization"].to_str().expect("base64");
        assert!(value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{value}");
        get.set_basic_auth("user", evil);
        assert_eq!(get.basic_auth(), Some(("user".to_owned(), evil.to_owned())));
    }
}

#[test]
fn the_values_of_a_form_cannot_leave_their_places() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().with("/", |request| Reply::body(request.body())));
        let client = stage.client();
        for evil in EVIL.into_iter().chain(["&admin=1", "=", "a+b %2B", "*~-._\u{e9}"]) {
            let mut response = client.post_form(&origin.url("/"), [(evil, "1"), ("2", evil)]).await.unwrap();
            let body = response.text().await.unwrap();
            assert!(body.bytes().all(|byte| byte.is_ascii_graphic()), "{body}");
            let pairs: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).collect();
            assert_eq!(pairs, [(evil.into(), "1".into()), ("2".into(), evil.into())]);
            saw_nothing_evil(&origin, evil);
        }
        let mut gos = client.post_form(&origin.url("/"), [("a b", "*~-._\u{e9}+&=")]).await.unwrap();
        assert_eq!(gos.text().await.unwrap(), "a+b=%2A~-._%C3%A9%2B%26%3D");
        let stats = origin.stats();
        let last = stats.conns[0].requests.last().expect("a request");
        assert_eq!(last.header("Content-Type"), Some("application/x-www-form-urlencoded"));
    });
}
