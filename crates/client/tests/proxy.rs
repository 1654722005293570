//! HTTP proxies: what they are asked, byte by byte; who may share a connection to them; and that nobody else is shown
//! the password.

use std::error::Error as _;
use std::fmt;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::pin::Pin;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{
    Client, Config, Context, GetProxyConnectHeader, OnProxyConnectResponse, Proxy, ProxyRules, ProxyVariables,
    Transport,
};
use http::header::{ACCEPT_ENCODING, HeaderValue, PROXY_AUTHORIZATION};
use http::{HeaderMap, Method};
use httptrace::{BoxFuture, BoxIo, Event, Runtime, TaskName, Timer};
use url::Url;

use crate::support::proxy::{Manner, TestProxy};
use crate::support::{Stage, fetch, give_up_once, on_sockets, request, within};

/// Answers http requests itself, and refuses every CONNECT.
const HTTP: Manner = Manner::Http { upstream: None };

fn url(text: &str) -> Url {
    text.parse().expect("a URL")
}

/// A client that goes through this proxy.
fn through(stage: &Stage, proxy: &str) -> Client {
    stage.client_with(|config| config.proxy = Proxy::Url(url(proxy)))
}

async fn error_of(client: &Client, url: &str) -> client::Error {
    client.get(url).await.map(|response| response.status).expect_err("no response")
}

/// What the error says behind the method and the URL.
async fn fault_of(client: &Client, url: &str) -> String {
    error_of(client, url).await.reason.to_string()
}

fn keys(client: &Client) -> Vec<String> {
    client.transport().idle_keys().into_iter().map(|(key, _count)| key.to_string()).collect()
}

fn dials(stage: &Stage) -> usize {
    stage.count(|event| matches!(event, Event::TaskStarted { name: TaskName::Dial }))
}

// The environment.

#[test]
fn the_environment_leads_where_go_goes() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/data/proxies.toml");
    let data: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
    let rules = ProxyRules::new(&ProxyVariables::from_lookup(|name| match name {
        "HTTP_PROXY" => Some("http://proxy.test:3128".to_owned()),
        "NO_PROXY" => Some("example.com, .inside.test, 10.0.0.0/8, other.test:8080".to_owned()),
        _ => None,
    }));
    let asked = data["environment"].as_table().unwrap();
    assert!(asked.len() > 10);
    for (target, went) in asked {
        let proxied = rules.proxy_for(&url(target)).unwrap().is_some();
        assert_eq!(if proxied { "through the proxy" } else { "straight" }, went.as_str().unwrap(), "{target}");
    }
}

// http targets.

#[test]
fn a_proxy_is_asked_for_the_whole_url_of_an_http_target() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(HTTP);
        let client = through(stage, &proxy.url());
        let mut get = request(Method::GET, "http://user@example.test:8080/a?b=c#d");
        get.header.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        get.header.insert("x-mine", HeaderValue::from_static("1"));
        get.header.insert(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        let mut response = client.do_request(get).await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap(), "http://example.test:8080/a?b=c");
        let head = "GET http://example.test:8080/a?b=c HTTP/1.1\r\nHost: example.test:8080\r\n\
                    User-Agent: Go-http-client/1.1\r\nAccept-Encoding: identity\r\nAuthorization: Bearer x\r\n\
                    X-Mine: 1\r\n\r\n";
        assert_eq!(proxy.asked(), [head]);
        let wanted = Event::GetConn { host_port: proxy.addr().to_string() };
        assert_eq!(stage.count(|event| *event == wanted), 1, "the proxy is whom a connection is wanted to");
    });
}

#[test]
fn all_http_targets_share_the_connections_to_their_proxy() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(HTTP);
        let client = through(stage, &proxy.url());
        for target in ["http://one.test/", "http://two.test:81/", "http://[2001:db8::1]/"] {
            assert_eq!(fetch(&client, target).await, target);
        }
        assert_eq!((dials(stage), stage.got_conns()), (1, vec![1, 1, 1]));
        assert_eq!(keys(&client), [format!("{}/|http|", proxy.url())]);
        let wanted = Event::GetConn { host_port: proxy.addr().to_string() };
        assert_eq!(stage.count(|event| *event == wanted), 3, "also where an idle connection is found");
    });
}

#[test]
fn a_connection_that_the_proxy_has_closed_is_replaced() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(Manner::SaysAndLeaves("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
        let client = through(stage, &proxy.url());
        for _ in 0..3 {
            assert_eq!(fetch(&client, "http://example.test/").await, "hi");
        }
        assert!(proxy.asked().len() >= 3);
    });
}

#[test]
fn a_redirect_asks_the_proxy_of_its_new_target() {
    on_sockets(async |stage| {
        let first = TestProxy::start(Manner::Says(
            "HTTP/1.1 302 Found\r\nLocation: http://second.test/there\r\nContent-Length: 0\r\n\r\n",
        ));
        let second = TestProxy::start(HTTP);
        let (to_first, to_second) = (url(&first.url_for("one:secret@")), url(&second.url()));
        let client = stage.client_with(|config| {
            config.proxy = Proxy::func(move |request| {
                let is_first = request.url.host_str() == Some("first.test");
                Ok(Some(if is_first { to_first.clone() } else { to_second.clone() }))
            });
        });
        assert_eq!(fetch(&client, "http://first.test/here").await, "http://second.test/there");
        assert!(first.asked()[0].contains("Proxy-Authorization: Basic "), "{:?}", first.asked());
        assert!(!second.asked()[0].contains("Authorization"), "{:?}", second.asked());
    });
}

#[test]
fn user_and_password_become_a_field_beside_the_callers_own() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(HTTP);
        let client = through(stage, &proxy.url_for("u:p@"));
        let mut get = request(Method::GET, "http://example.test/");
        get.header.insert(PROXY_AUTHORIZATION, HeaderValue::from_static("mine"));
        client.do_request(get).await.unwrap().body.read_all().await.unwrap();
        let head = &proxy.asked()[0];
        let fields: Vec<&str> = head.lines().filter(|line| line.starts_with("Proxy-")).collect();
        assert_eq!(fields, ["Proxy-Authorization: mine", "Proxy-Authorization: Basic dTpw"]);
    });
}

#[test]
fn users_and_passwords_never_share_a_connection() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(HTTP);
        let users = ["", "one@", "one:secret1@", "one:secret2@", "two:secret1@"];
        let addresses: Vec<Url> = users.iter().map(|user| url(&proxy.url_for(user))).collect();
        let client = stage.client_with(|config| {
            // By the number in the path.
            config.proxy = Proxy::func(move |request| Ok(Some(addresses[request.url.path().len() - 1].clone())));
        });
        let target = |number: usize| format!("http://example.test/{}", "x".repeat(number));
        for _twice in 0..2 {
            for number in 0..users.len() {
                fetch(&client, &target(number)).await;
            }
        }
        assert_eq!(dials(stage), users.len(), "each has one of its own, and finds it again");
        let shown: Vec<String> = users.iter().map(|_| String::new()).chain(keys(&client)).collect();
        assert_eq!(keys(&client).len(), users.len());
        assert!(!shown.concat().contains("secret"), "{shown:?}");
        let heads = proxy.asked();
        let authorization = |head: &String| head.lines().find(|line| line.starts_with("Proxy-")).map(str::to_owned);
        let said: Vec<_> = heads.iter().map(authorization).collect();
        assert_eq!(said[..users.len()], said[users.len()..]);
        assert_eq!(said[0], None);
    });
}

#[test]
fn a_host_field_that_is_none_does_not_reach_a_proxy() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(HTTP);
        let client = through(stage, &proxy.url());
        let mut get = request(Method::GET, "http://example.test/");
        get.host = Some("a\r\nX-Split: 1".into());
        let error = client.do_request(get).await.expect_err("no response");
        assert_eq!(error.reason.to_string(), "http: invalid Host header");
        assert_eq!((dials(stage), proxy.asked()), (0, vec![]));
    });
}

// Which proxy.

#[test]
fn a_function_chooses_the_proxy_of_each_request_or_none_or_fails_it() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(HTTP);
        let origin = stage.origin(origin::Router::new().at("/", origin::Reply::body("straight")));
        let address = url(&proxy.url());
        let client = stage.client_with(|config| {
            config.proxy = Proxy::func(move |request| match request.url.host_str() {
                Some("example.test") => Ok(Some(address.clone())),
                Some("refused.test") => Err("no proxy for you".into()),
                _ => Ok(None),
            });
        });
        assert_eq!(fetch(&client, "http://example.test/").await, "http://example.test/");
        assert_eq!(fetch(&client, &origin.url("/")).await, "straight");
        assert_eq!(
            error_of(&client, "http://refused.test/").await.to_string(),
            r#"Get "http://refused.test/": no proxy for you"#
        );
        assert_eq!(keys(&client).len(), 2);
        assert!(origin.stats().conns[0].requests[0].line().starts_with("GET / "));
    });
}

#[test]
fn what_cannot_be_a_proxy_fails_the_request() {
    on_sockets(async |stage| {
        let client = through(stage, "ftp://127.0.0.1:1");
        assert_eq!(fault_of(&client, "http://example.test/").await, r#"unsupported proxy scheme "ftp""#);
        assert_eq!(dials(stage), 0);
    });
}

#[test]
fn an_environment_names_the_proxy_and_who_goes_without() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(HTTP);
        let origin = stage.origin(origin::Router::new().at("/", origin::Reply::body("straight")));
        let variables = ProxyVariables { http_proxy: proxy.addr().to_string(), ..ProxyVariables::default() };
        let client = stage.client_with(|config| config.proxy = ProxyRules::new(&variables).into());
        assert_eq!(fetch(&client, "http://example.test/").await, "http://example.test/");
        assert_eq!(fetch(&client, &origin.url("/")).await, "straight", "loopback is never proxied");

        let cgi = ProxyVariables { cgi: true, ..variables };
        let client = stage.client_with(|config| config.proxy = ProxyRules::new(&cgi).into());
        let refused = "refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy";
        assert_eq!(fault_of(&client, "http://example.test/").await, refused);
    });
}

/// Set for the process that the test below starts: what to fetch.
const FETCH: &str = "TEST_FETCH_THROUGH_THE_PROXY_OF_THE_ENVIRONMENT";

#[test]
fn the_default_client_asks_the_environment_of_its_process() {
    if let Ok(target) = std::env::var(FETCH) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let body = runtime.block_on(async {
            let mut response = client::get(&target).await.map_err(|error| error.to_string())?;
            response.body.read_all().await.map_err(|error| error.to_string())
        });
        // Not by `println!`, which the harness may keep to itself.
        write!(std::io::stdout(), "[[{body:?}]]").unwrap();
        return;
    }
    let proxy = TestProxy::start(HTTP);
    let run = |target: &str, variables: &[(&str, &str)]| {
        let mut this = Command::new(std::env::current_exe().unwrap());
        this.args(["--exact", "proxy::the_default_client_asks_the_environment_of_its_process", "--nocapture"]);
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUEST_METHOD"] {
            this.env_remove(name).env_remove(name.to_lowercase());
        }
        let output = this.env(FETCH, target).envs(variables.iter().copied()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split("[[").nth(1).and_then(|rest| rest.split("]]").next()).unwrap_or(&text).to_owned()
    };
    let address = proxy.addr().to_string();
    assert_eq!(run("http://a.test/", &[("http_proxy", &address)]), r#"Ok(b"http://a.test/")"#);
    assert_eq!(run("http://b.test/", &[("HTTP_PROXY", &address), ("http_proxy", "x")]), r#"Ok(b"http://b.test/")"#);
    let spared = run("http://127.0.0.1:1/", &[("HTTP_PROXY", &address)]);
    assert!(spared.contains("dial tcp 127.0.0.1:1: "), "{spared}");
    let cgi = run("http://c.test/", &[("HTTP_PROXY", &address), ("REQUEST_METHOD", "GET")]);
    assert!(cgi.contains("refusing to use HTTP_PROXY value in CGI environment"), "{cgi}");
    assert_eq!(proxy.asked().len(), 2);
}

// The way there.

#[test]
fn a_proxy_that_cannot_be_reached_is_named_as_such() {
    on_sockets(async |stage| {
        let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        for scheme in ["http", "socks5"] {
            let client = through(stage, &format!("{scheme}://{nobody}"));
            let error = error_of(&client, "http://example.test/").await;
            let text = format!("proxyconnect tcp: dial tcp {nobody}: connect: connection refused");
            assert_eq!(error.reason.to_string(), text);
            assert!(!error.is_timeout());
        }
    });
}

#[test]
fn an_address_of_a_proxy_cannot_carry_a_request() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(HTTP);
        // Escapes in user and password come out of base64 only.
        let client = through(stage, &proxy.url_for("a%0d%0aX-Split:%0d%0a1@"));
        fetch(&client, "http://example.test/").await;
        let head = &proxy.asked()[0];
        assert!(!head.contains("X-Split"), "{head}");
        assert_eq!(head.matches("\r\n\r\n").count(), 1);
        assert!(head.contains("Proxy-Authorization: Basic YQ0KWC1TcGxpdDoNCjE=\r\n"), "{head}");

        for address in
            ["http://h\r\nX: y/", "http://a b", "http://h/\r\n\r\nGET / HTTP/1.1", "h:80\r\n", "socks5://h\n"]
        {
            let variables = ProxyVariables { http_proxy: address.into(), ..ProxyVariables::default() };
            assert!(ProxyRules::new(&variables).name_no_proxy(), "{address:?}");
        }
    });
}

#[test]
fn no_proxys_password_is_shown_anywhere() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(HTTP);
        let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let mut shown = String::new();
        let mut show = |what: &dyn fmt::Debug| shown.push_str(&format!("{what:?}\n"));
        for scheme in ["http", "https", "socks5"] {
            let address = url(&format!("{scheme}://me:s3cret@{nobody}"));
            let choice = Proxy::Url(address);
            show(&choice);
            let client = stage.client_with(|config| config.proxy = choice);
            for target in ["http://example.test/", "https://example.test/"] {
                if let Err(error) = client.get(target).await {
                    show(&error);
                    show(&error.to_string());
                    show(&error.source().map(ToString::to_string));
                }
            }
            show(&client);
        }
        let client = through(stage, &proxy.url_for("me:s3cret@"));
        fetch(&client, "http://example.test/").await;
        show(&client.get("https://example.test/").await.err());
        show(&client);
        show(&keys(&client));
        show(&stage.seen());
        let base64 = "bWU6czNjcmV0";
        assert!(proxy.asked()[0].contains(base64), "the proxy itself is shown it");
        for secret in ["s3cret", base64] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("me:***@"), "{shown}");
    });
}

// CONNECT.

/// An https target that no proxy here has a way to.
const FAR: &str = "https://far.test/";
mod connect {
    use origin::tls::Authority;
    use origin::{Reply, Router};

    use super::*;

    fn authority() -> Authority {
        Authority::new("the tests' own")
    }

    fn small() -> Router {
        Router::new().at("/", Reply::bytes(13)).at("/other", Reply::bytes(17))
    }

    #[test]
    fn an_https_target_is_reached_through_a_tunnel_with_tls_to_its_end() {
        on_sockets(async |stage| {
            let authority = authority();
            let origin = stage.tls_origin(small(), &authority.issue(["one.test", "two.test"]));
            let proxy = TestProxy::start(Manner::Http { upstream: Some(origin.addr()) });
            let client = stage.client_trusting(&authority, |config| {
                config.proxy = Proxy::Url(url(&proxy.url_for("u:p@")));
                config.proxy_connect_header.insert("x-mine", HeaderValue::from_static("1"));
            });
            let mut response = client.get("https://one.test/").await.unwrap();
            assert_eq!(response.body.read_all().await.unwrap().len(), 13);
            assert_eq!(response.tls.unwrap().server_name, "one.test");
            assert_eq!(fetch(&client, "https://one.test:443/other").await.len(), 17);
            let head = "CONNECT one.test:443 HTTP/1.1\r\nHost: one.test:443\r\nUser-Agent: Go-http-client/1.1\r\n\
                        Proxy-Authorization: Basic dTpw\r\nX-Mine: 1\r\n\r\n";
            assert_eq!(proxy.asked(), [head], "one tunnel for both requests");
            assert_eq!(keys(&client), [format!("http://u:***1@{}/|https|one.test:443", proxy.addr())]);

            fetch(&client, "https://two.test:444/").await;
            assert!(proxy.asked()[1].starts_with("CONNECT two.test:444 HTTP/1.1\r\nHost: two.test:444\r\n"));
            let stats = origin.stats();
            assert_eq!((stats.accepted, stats.requests), (2, 3));
            for request in stats.conns.iter().flat_map(|conn| &conn.requests) {
                assert!(!request.head().contains("Proxy-") && !request.head().contains("X-Mine"), "{}", request.head());
                assert!(request.line().starts_with("GET /"), "{}", request.line());
            }
        });
    }

    #[test]
    fn a_proxy_that_wants_tls_itself_gets_it_and_the_target_gets_its_own_inside() {
        on_sockets(async |stage| {
            let authority = authority();
            let origin = stage.tls_origin(small(), &authority.issue(["far.test"]));
            let proxy =
                TestProxy::start_tls(Manner::Http { upstream: Some(origin.addr()) }, &authority.issue(["127.0.0.1"]));
            let client = stage.client_trusting(&authority, |config| config.proxy = Proxy::Url(url(&proxy.url())));
            assert_eq!(fetch(&client, "http://near.test/").await, "http://near.test/");
            assert_eq!(fetch(&client, FAR).await.len(), 13);
            assert_eq!(fetch(&client, FAR).await.len(), 13);
            assert_eq!(proxy.asked().len(), 2);
            let handshakes = stage.count(|event| matches!(event, Event::TlsHandshakeDone { error: None }));
            assert_eq!(handshakes, 3, "one for the http target, two for the https target");
            let proxy = format!("https://{}/", proxy.addr());
            assert_eq!(keys(&client), [format!("{proxy}|https|far.test:443"), format!("{proxy}|http|")]);
        });
    }

    #[test]
    fn a_proxy_under_a_wrong_name_is_not_shown_the_request() {
        on_sockets(async |stage| {
            let authority = authority();
            let proxy = TestProxy::start_tls(HTTP, &authority.issue(["other.test"]));
            let client =
                stage.client_trusting(&authority, |config| config.proxy = Proxy::Url(url(&proxy.url_for("u:p@"))));
            let refused = "proxyconnect tcp: tls: failed to verify certificate: x509: cannot validate certificate for \
                           127.0.0.1 because it doesn't contain any IP SANs";
            assert_eq!(fault_of(&client, "http://near.test/").await, refused);
            assert_eq!(proxy.asked(), Vec::<String>::new());
        });
    }

    #[test]
    fn a_proxy_that_speaks_plain_http_where_tls_is_expected_is_named_as_such() {
        on_sockets(async |stage| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let addr = listener.local_addr().unwrap();
            let plain = std::thread::spawn(move || {
                let (mut io, _client) = listener.accept().unwrap();
                io.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
            });
            let client = through(stage, &format!("https://{addr}"));
            let fault = fault_of(&client, FAR).await;
            assert_eq!(fault, "proxyconnect tcp: tls: first record does not look like a TLS handshake");
            plain.join().unwrap();
        });
    }

    #[test]
    fn a_target_that_the_proxy_leads_to_must_be_who_it_should_be() {
        on_sockets(async |stage| {
            let authority = authority();
            let origin = stage.tls_origin(small(), &authority.issue(["one.test"]));
            let proxy = TestProxy::start(Manner::Http { upstream: Some(origin.addr()) });
            let client = stage.client_trusting(&authority, |config| config.proxy = Proxy::Url(url(&proxy.url())));
            let refused = "tls: failed to verify certificate: x509: certificate is valid for one.test, not far.test";
            assert_eq!(fault_of(&client, FAR).await, refused);
            assert_eq!(origin.stats().requests, 0);
        });
    }

    #[test]
    fn the_answer_of_the_proxy_decides_and_its_words_are_the_error() {
        on_sockets(async |stage| {
            for (answer, text) in [
                ("HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nnever", "Forbidden"),
                ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "Proxy Authentication Required"),
                ("HTTP/1.1 503 A  B\r\n\r\n", "A  B"),
                ("HTTP/1.1 201 Created\r\n\r\n", "Created"),
                ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "Continue"),
                ("HTTP/1.1 400\r\n\r\n", "unknown status code"),
                ("garbage\r\n", r#"malformed HTTP response "garbage""#),
                ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", r#"bad Content-Length "x""#),
                ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", r#"malformed MIME header: missing colon: "no colon""#),
            ] {
                let proxy = TestProxy::start(Manner::Says(answer));
                let client = through(stage, &proxy.url());
                assert_eq!(error_of(&client, FAR).await.to_string(), format!("Get \"{FAR}\": {text}"));
                assert_eq!(stage.settled().await, 1, "nothing is left of it");
            }
            for (answer, text) in [
                ("", "unexpected EOF"),
                ("HTTP/1.1 200 OK\r\n", "unexpected EOF"),
                ("HTTP", r#"malformed HTTP response "HTTP""#),
            ] {
                let proxy = TestProxy::start(Manner::SaysAndLeaves(answer));
                assert_eq!(fault_of(&through(stage, &proxy.url()), FAR).await, text, "{answer:?}");
            }
        });
    }

    #[test]
    fn a_first_line_without_end_is_given_up_at_the_limit() {
        on_sockets(async |stage| {
            let proxy = TestProxy::start(Manner::Endless("HTTP/1.1 200 never ends "));
            let client = through(stage, &proxy.url());
            // The usual limit: 10 MiB.
            assert_eq!(fault_of(&client, FAR).await, "unexpected EOF");
            stage.tasks_become(1).await;
        });
    }

    #[test]
    fn the_header_of_a_connect_may_be_made_for_each_connection() {
        on_sockets(async |stage| {
            let proxy = TestProxy::start(HTTP);
            let address = url(&proxy.url_for("u:p@"));
            let expected = address.clone();
            let get = GetProxyConnectHeader::new(move |proxy, target| {
                assert_eq!((proxy, &*target), (expected.clone(), "far.test:443"));
                async move {
                    tokio::task::yield_now().await;
                    Ok(HeaderMap::from_iter([("x-token".parse()?, HeaderValue::from_static("7"))]))
                }
            });
            let client = stage.client_with(|config| {
                config.proxy = Proxy::Url(address);
                config.proxy_connect_header.insert("x-ignored", HeaderValue::from_static("1"));
                config.get_proxy_connect_header = Some(get);
            });
            assert_eq!(fault_of(&client, FAR).await, "Forbidden");
            let head = &proxy.asked()[0];
            assert!(head.contains("X-Token: 7\r\n") && head.contains("Proxy-Authorization: Basic dTpw\r\n"), "{head}");
            assert!(!head.contains("X-Ignored"), "{head}");

            let fails = GetProxyConnectHeader::new(|_proxy, _target| async { Err("no token".into()) });
            let client = stage.client_with(|config| {
                config.proxy = Proxy::Url(url(&proxy.url()));
                config.get_proxy_connect_header = Some(fails);
            });
            assert_eq!(fault_of(&client, FAR).await, "no token");
            assert_eq!(proxy.asked().len(), 1);
        });
    }

    #[test]
    fn the_answer_to_a_connect_may_be_looked_at_and_refused() {
        on_sockets(async |stage| {
            let authority = authority();
            let origin = stage.tls_origin(small(), &authority.issue(["far.test"]));
            let proxy = TestProxy::start(Manner::Http { upstream: Some(origin.addr()) });
            let seen = Arc::new(Mutex::new(Vec::new()));
            let kept = Arc::clone(&seen);
            let look = OnProxyConnectResponse::new(move |answer| {
                let token = answer.request_header.get("x-token").is_some();
                let reason = String::from_utf8(answer.reason.to_vec())?;
                let mut kept = kept.lock().unwrap();
                kept.push((answer.target.to_owned(), answer.status, reason, answer.header.len(), token));
                if kept.len() == 1 { Err("not this one".into()) } else { Ok(()) }
            });
            let client = stage.client_trusting(&authority, |config| {
                config.proxy = Proxy::Url(url(&proxy.url()));
                config.proxy_connect_header.insert("x-token", HeaderValue::from_static("7"));
                config.on_proxy_connect_response = Some(look);
            });
            assert_eq!(fault_of(&client, FAR).await, "not this one");
            assert_eq!(fetch(&client, FAR).await.len(), 13);
            let shown = ("far.test:443".to_owned(), 200, "Connection established".to_owned(), 0, true);
            assert_eq!(*seen.lock().unwrap(), [shown.clone(), shown]);
            assert_eq!(origin.stats().requests, 1);
        });
    }

    #[test]
    fn a_request_that_is_cancelled_while_the_proxy_is_silent_ends_at_once_and_its_dial_with_the_idle_connections() {
        on_sockets(async |stage| {
            let proxy = TestProxy::start(Manner::Says(""));
            let client = through(stage, &proxy.url());
            let (context, cancel) = Context::background().with_cancel();
            let mut get = request(Method::GET, FAR);
            get.context = context;
            let (result, ()) = tokio::join!(client.do_request(get), async {
                proxy.was_asked(1).await;
                cancel.cancel();
            });
            let error = result.map(|response| response.status).expect_err("no response");
            assert_eq!(error.to_string(), format!("Get \"{FAR}\": context canceled"));
            // As in Go, the dial goes on for whoever comes next, and is given up when idle connections are.
            let ended = |event: &Event| matches!(event, Event::TaskEnded { name: TaskName::Dial });
            assert_eq!((dials(stage), stage.count(ended)), (1, 0));
            client.close_idle_connections();
            stage.tasks_become(1).await;

            give_up_once(client.get(FAR), proxy.was_asked(2)).await;
            client.close_idle_connections();
            stage.tasks_become(1).await;
        });
    }
}

/// A clock on which a minute is over at once, and that keeps how long it was asked to wait.
struct Hasty {
    rt: Arc<dyn Runtime>,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Runtime for Hasty {
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>) {
        self.rt.spawn(name, task);
    }

    fn timer(&self, deadline: Duration) -> Pin<Box<dyn Timer>> {
        let wait = deadline.saturating_sub(self.now());
        // What is left of a minute when it is looked at.
        let minute = wait > Duration::from_secs(55) && wait <= Duration::from_secs(60);
        if minute {
            self.waits.lock().unwrap().push(wait);
        }
        self.rt.timer(if minute { self.now() } else { deadline })
    }

    fn now(&self) -> Duration {
        self.rt.now()
    }

    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, std::io::Result<Vec<std::net::IpAddr>>> {
        self.rt.lookup(host)
    }

    fn connect(
        &self,
        addr: std::net::SocketAddr,
        keep_alive: Option<Duration>,
    ) -> BoxFuture<'_, std::io::Result<BoxIo>> {
        self.rt.connect(addr, keep_alive)
    }

    fn census(&self) -> &Arc<httptrace::Census> {
        self.rt.census()
    }
}

/// A client that waits for a proxy on that clock.
fn hasty(stage: &Stage, proxy: &str) -> (Client, Arc<Mutex<Vec<Duration>>>) {
    let waits = Arc::default();
    let rt = Arc::new(Hasty { rt: stage.runtime(), waits: Arc::clone(&waits) });
    let config = Config {
        trace: stage.trace(),
        proxy: Proxy::Url(url(proxy)),
        idle_conn_timeout: None,
        ..Config::default_transport(rt)
    };
    (Client::new(Transport::new(config)), waits)
}
#[test]
fn a_proxy_that_does_not_answer_a_connect_is_given_up_after_a_minute() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(Manner::Says(""));
        let (client, waits) = hasty(stage, &proxy.url());
        let error =
            within("the minute", client.get(FAR)).await.map(|response| response.status).expect_err("no response");
        assert_eq!(error.to_string(), format!("Get \"{FAR}\": context deadline exceeded"));
        assert!(error.is_timeout());
        assert_eq!(waits.lock().unwrap().len(), 1);
        stage.tasks_become(1).await;
    });
}
#[test]
fn a_socks_proxy_that_is_silent_is_given_up_after_a_minute() {
    on_sockets(async |stage| {
        // Ten bytes of a greeting that never ends.
        let silent = TestProxy::start(Manner::Says(""));
        let (client, waits) = hasty(stage, &format!("socks5://{}", silent.addr()));
        let target = "http://far.test/";
        let error = within("the minute", client.get(target)).await.map(|r| r.status).expect_err("no response");
        let text = format!("socks connect tcp {}->far.test:80: i/o timeout", silent.addr());
        assert_eq!(error.reason.to_string(), text);
        assert!(error.is_timeout());
        assert_eq!(waits.lock().unwrap().len(), 1);
        stage.tasks_become(1).await;
    });
}
