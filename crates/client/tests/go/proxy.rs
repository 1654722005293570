//! Proxies, as Go's own tests ask for them.
use client::{Client, DialFn, GetProxyConnectHeader, Proxy, ProxyRules, ProxyVariables};
use http::Method;
use http::header::{HeaderMap, HeaderValue, USER_AGENT};
use origin::tls::Authority;
use origin::{Reply, Router};
use url::Url;

use crate::support::proxy::{Manner, TestProxy};
use crate::support::{fetch, on_sockets, request};

/// Answers http requests itself, and refuses every CONNECT.
const HTTP: Manner = Manner::Http { upstream: None };

fn url(text: &str) -> Url {
    text.parse().expect("a URL")
}

/// Go: TestTransportProxy
#[test]
fn a_site_with_and_without_tls_is_reached_through_a_proxy_with_and_without_tls() {
    for (site_tls, proxy_tls) in [(false, false), (false, true), (true, false), (true, true)] {
        on_sockets(async |stage| {
            let authority = Authority::new("the tests' own");
            let identity = authority.issue(["127.0.0.1"]);
            let routes = Router::new().at("/", Reply::empty());
            let site = if site_tls { stage.tls_origin(routes, &identity) } else { stage.origin(routes) };
            let manner = Manner::Http { upstream: Some(site.addr()) };
            let proxy = if proxy_tls { TestProxy::start_tls(manner, &identity) } else { TestProxy::start(manner) };
            let client = stage.client_trusting(&authority, |config| config.proxy = Proxy::Url(url(&proxy.url())));
            let response = client.do_request(request(Method::HEAD, &site.url("/"))).await.unwrap();
            assert_eq!(response.status, 200);

            let asked = proxy.asked()[0].lines().next().unwrap().to_owned();
            if site_tls {
                assert_eq!(asked, format!("CONNECT {} HTTP/1.1", site.addr()));
                assert_eq!(site.stats().conns[0].requests[0].line(), "HEAD / HTTP/1.1");
            } else {
                assert_eq!(asked, format!("HEAD {} HTTP/1.1", site.url("/")));
                assert_eq!(site.stats().accepted, 0, "the proxy has answered for it");
            }
        });
    }
}

/// Go: TestProxyWithInfiniteHeader
#[test]
fn an_answer_to_connect_that_never_ends_is_cut_at_the_limit_for_heads() {
    on_sockets(async |stage| {
        for endless in ["infinite stream of bytes", "HTTP/1.1 200 OK\r\nA: b", "HTTP/1.1 200 OK\r\n", "\n"] {
            let proxy = TestProxy::start(Manner::Endless(endless));
            let client = stage.client_with(|config| {
                config.proxy = Proxy::Url(url(&proxy.url()));
                config.max_response_header_bytes = 1024;
            });
            client.get("https://golang.fake.tld/").await.map(|response| response.status).expect_err("no response");
            assert_eq!(stage.settled().await, 1, "{endless:?}");
        }
    });
}

/// Go: TestTransportDialPreservesNetOpProxyError
#[test]
fn an_error_of_dialling_a_proxy_says_so_and_holds_the_dialers_own() {
    on_sockets(async |stage| {
        let client = stage.client_with(|config| {
            config.proxy = Proxy::Url(url("http://proxy.fake.tld/"));
            config.dial_context =
                Some(DialFn::new(|_context, _addr| async { Err(std::io::Error::other("some dial error")) }));
        });
        let error = client.get("http://fake.tld/").await.map(|response| response.status).expect_err("no response");
        assert_eq!(error.to_string(), r#"Get "http://fake.tld/": proxyconnect tcp: some dial error"#);
        let client::Reason::Transport(transport::Error::ProxyConnect(inner)) = &error.reason else {
            panic!("{error:?}");
        };
        assert!(matches!(&**inner, transport::Error::Dial(dial) if dial.to_string() == "some dial error"));
    });
}

/// Go: TestTransportProxyDialDoesNotMutateProxyConnectHeader
#[test]
fn a_password_is_not_written_into_the_settings() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(HTTP);
        let with_password = url(&proxy.url_for("aladdin:opensesame@"));
        let without = url(&proxy.url());
        let client = stage.client_with(|config| {
            config.proxy_connect_header.insert("x-mine", HeaderValue::from_static("1"));
            config.proxy = Proxy::func(move |request| {
                let secret = request.url.host_str() == Some("secret.tld");
                Ok(Some(if secret { with_password.clone() } else { without.clone() }))
            });
        });
        for host in ["secret.tld", "golang.fake.tld"] {
            client.get(&format!("https://{host}/")).await.map(|response| response.status).expect_err("no response");
        }
        let heads = proxy.asked();
        assert!(heads.iter().all(|head| head.contains("X-Mine: 1\r\n")), "{heads:?}");
        assert!(heads[0].contains("Proxy-Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l\r\n"), "{heads:?}");
        assert!(!heads[1].contains("Proxy-Authorization"), "the next CONNECT has the settings' header only: {heads:?}");
    });
}

/// One case of Go's table: the values of the variables, the URL, and what is said of it.
struct Case {
    http: &'static str,
    https: &'static str,
    no: &'static str,
    method: &'static str,
    target: &'static str,
    wanted: Result<Option<&'static str>, &'static str>,
}

const TARGET: &str = "http://example.com";

/// Go writes a URL as it was given; here it ends in a slash where the scheme is one that has paths.
fn cases() -> Vec<Case> {
    let case = |http, wanted| Case { http, https: "", no: "", method: "", target: TARGET, wanted: Ok(wanted) };
    let no = |no, target, wanted| Case { no, target, ..case("proxy", wanted) };
    vec![
        case("127.0.0.1:8080", Some("http://127.0.0.1:8080/")),
        case("cache.corp.example.com:1234", Some("http://cache.corp.example.com:1234/")),
        case("cache.corp.example.com", Some("http://cache.corp.example.com/")),
        case("https://cache.corp.example.com", Some("https://cache.corp.example.com/")),
        case("http://127.0.0.1:8080", Some("http://127.0.0.1:8080/")),
        case("https://127.0.0.1:8080", Some("https://127.0.0.1:8080/")),
        case("socks5://127.0.0.1", Some("socks5://127.0.0.1")),
        case("socks5h://127.0.0.1", Some("socks5h://127.0.0.1")),
        Case {
            https: "secure.proxy.tld",
            target: "http://insecure.tld/",
            ..case("http.proxy.tld", Some("http://http.proxy.tld/"))
        },
        Case {
            https: "secure.proxy.tld",
            target: "https://secure.tld/",
            ..case("http.proxy.tld", Some("http://secure.proxy.tld/"))
        },
        Case {
            https: "https://secure.proxy.tld",
            target: "https://secure.tld/",
            ..case("http.proxy.tld", Some("https://secure.proxy.tld/"))
        },
        Case {
            method: "POST",
            wanted: Err("refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy"),
            ..case("http://10.1.2.3:8080", None)
        },
        case("", None),
        no("example.com", "http://example.com/", None),
        no(".example.com", "http://example.com/", Some("http://proxy/")),
        no("ample.com", "http://example.com/", Some("http://proxy/")),
        no("example.com", "http://foo.example.com/", None),
        no(".foo.com", "http://example.com/", Some("http://proxy/")),
    ]
}

fn check_environment(names: [&str; 3]) {
    for (number, case) in cases().into_iter().enumerate() {
        let values =
            [(names[0], case.http), (names[1], case.https), (names[2], case.no), ("REQUEST_METHOD", case.method)];
        let variables = ProxyVariables::from_lookup(|name| {
            values.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        let rules = ProxyRules::new(&variables);
        let said = rules.proxy_for(&url(case.target)).map(|proxy| proxy.map(Url::as_str));
        assert_eq!(said.map_err(|error| error.to_string()), case.wanted.map_err(str::to_owned), "case {number}");
    }
}

/// Go: TestProxyFromEnvironment
#[test]
fn the_environment_names_proxies_as_gos_table_says() {
    check_environment(["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]);
}

/// Go: TestProxyFromEnvironmentLowerCase
#[test]
fn the_environment_may_name_them_in_small_letters() {
    check_environment(["http_proxy", "https_proxy", "no_proxy"]);
}

/// Go: TestRoundTripReturnsProxyError
#[test]
fn an_error_of_the_function_that_names_proxies_is_the_requests() {
    on_sockets(async |stage| {
        let client = stage.client_with(|config| config.proxy = Proxy::func(|_request| Err("errorMessage".into())));
        let get = request(Method::GET, "http://example.com");
        let error = client.transport().round_trip(get).await.map(|response| response.status).expect_err("no response");
        assert_eq!(error.to_string(), "errorMessage");
    });
}
async fn head_of_connect(client: &Client, proxy: &TestProxy) -> String {
    client.get("https://dummy.tld/").await.map(|response| response.status).expect_err("no response");
    proxy.asked().remove(0)
}
fn fields(agent: &'static str, other: &'static str) -> HeaderMap {
    let mut header = HeaderMap::new();
    header.insert(USER_AGENT, HeaderValue::from_static(agent));
    header.insert("other", HeaderValue::from_static(other));
    header
}

/// Go: TestTransportProxyConnectHeader
#[test]
fn the_fields_of_the_settings_are_sent_with_a_connect() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(Manner::SaysAndLeaves(""));
        let client = stage.client_with(|config| {
            config.proxy = Proxy::Url(url(&proxy.url()));
            config.proxy_connect_header = fields("foo", "bar");
        });
        let head = head_of_connect(&client, &proxy).await;
        assert!(
            head.starts_with("CONNECT dummy.tld:443 ") && head.contains("User-Agent: foo\r\nOther: bar\r\n"),
            "{head}"
        );
    });
}

/// Go: TestTransportProxyGetConnectHeader
#[test]
fn the_fields_that_a_function_makes_go_before_those_of_the_settings() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(Manner::SaysAndLeaves(""));
        let client = stage.client_with(|config| {
            config.proxy = Proxy::Url(url(&proxy.url()));
            config.proxy_connect_header = fields("foo", "bar");
            config.get_proxy_connect_header =
                Some(GetProxyConnectHeader::new(|_proxy, _target| async { Ok(fields("foo2", "bar2")) }));
        });
        let head = head_of_connect(&client, &proxy).await;
        assert!(
            head.starts_with("CONNECT dummy.tld:443 ") && head.contains("User-Agent: foo2\r\nOther: bar2\r\n"),
            "{head}"
        );
        assert!(!head.contains("foo\r\n") && !head.contains("bar\r\n"), "{head}");
    });
}

/// Go: TestMissingStatusNoPanic
#[test]
fn an_answer_to_connect_without_words_is_an_unknown_status_code() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(Manner::Says(
            "HTTP/1.1 400\r\nDate: Wed, 30 Aug 2017 19:09:27 GMT\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Length: 10\r\nLast-Modified: Wed, 30 Aug 2017 19:02:02 GMT\r\nVary: Accept-Encoding\r\n\r\nAloha Olaa",
        ));
        let client = stage.client_with(|config| config.proxy = Proxy::Url(url(&proxy.url())));
        let error = client.get("https://golang.org/").await.map(|response| response.status).expect_err("no response");
        assert_eq!(error.reason.to_string(), "unknown status code");
    });
}

/// Go: TestProxyAuthHeader
#[test]
fn user_and_password_of_a_proxy_may_have_special_characters() {
    on_sockets(async |stage| {
        let proxy = TestProxy::start(HTTP);
        let mut address = url(&proxy.url());
        address.set_username("u").unwrap();
        address.set_password(Some("@/?!")).unwrap();
        let client = stage.client_with(|config| config.proxy = Proxy::Url(address));
        assert_eq!(fetch(&client, "http://_/").await, "http://_/");
        // "u:@/?!" in base64.
        assert!(proxy.asked()[0].contains("Proxy-Authorization: Basic dTpALz8h\r\n"), "{:?}", proxy.asked());
    });
}
