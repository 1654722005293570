//! SOCKS5 proxies: what they are asked, and what is said of their refusals.

use client::{Client, Proxy};
use origin::{Reply, Router};
use url::Url;

use crate::support::proxy::{Manner, TestProxy};
use crate::support::{Stage, fetch, on_sockets};

fn small() -> Router {
    Router::new().at("/", Reply::bytes(13))
}

/// A client that goes through this proxy, as this user.
fn through(stage: &Stage, proxy: &TestProxy, user: &str) -> Client {
    let url: Url = format!("socks5://{user}{}", proxy.addr()).parse().expect("a URL");
    stage.client_with(|config| config.proxy = Proxy::Url(url))
}

async fn fault_of(client: &Client, url: &str) -> String {
    client.get(url).await.map(|response| response.status).expect_err("no response").reason.to_string()
}

fn keys(client: &Client) -> Vec<String> {
    client.transport().idle_keys().into_iter().map(|(key, _count)| key.to_string()).collect()
}

#[test]
fn the_proxy_looks_the_name_up_and_the_target_sees_an_ordinary_request() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let proxy = TestProxy::start(Manner::Socks { upstream: origin.addr(), login: None });
        let client = through(stage, &proxy, "");
        // Nobody here could look that up.
        assert_eq!(fetch(&client, "http://far.invalid:8080/").await.len(), 13);
        assert_eq!(fetch(&client, "http://far.invalid:8080/").await.len(), 13);
        assert_eq!(proxy.asked(), ["version 5, methods [0]", "[5, 1, 0] name far.invalid port 8080"]);
        let request = &origin.stats().conns[0].requests[0];
        assert_eq!((request.line(), request.header("host")), ("GET / HTTP/1.1", Some("far.invalid:8080")));

        fetch(&client, "http://192.0.2.1/").await;
        fetch(&client, "http://[2001:db8::1]:81/").await;
        assert_eq!(proxy.asked()[3], "[5, 1, 0] 192.0.2.1 port 80");
        assert_eq!(proxy.asked()[5], "[5, 1, 0] 2001:db8::1 port 81");
        let key = |target: &str| format!("socks5://{}|http|{target}", proxy.addr());
        assert_eq!(keys(&client), [key("192.0.2.1:80"), key("[2001:db8::1]:81"), key("far.invalid:8080")]);
    });
}

#[test]
fn user_and_password_are_shown_to_the_proxy_that_asks_for_them() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let proxy = TestProxy::start(Manner::Socks { upstream: origin.addr(), login: Some(("me", "s3:cret")) });
        let client = through(stage, &proxy, "me:s3%3Acret@");
        assert_eq!(fetch(&client, "http://far.invalid/").await.len(), 13);
        let asked = proxy.asked();
        assert_eq!(asked[..2], ["version 5, methods [0, 2]", r#"login 1: "me" "s3:cret""#]);
        assert_eq!(keys(&client), [format!("socks5://me:***1@{}|http|far.invalid:80", proxy.addr())]);
        assert!(!origin.stats().conns[0].requests[0].head().contains("Authorization"));

        let refused = format!("socks connect tcp {}->far.invalid:80: ", proxy.addr());
        let wrong = through(stage, &proxy, "me:wrong@");
        assert_eq!(
            fault_of(&wrong, "http://far.invalid/").await,
            format!("{refused}username/password authentication failed")
        );
        let unnamed = through(stage, &proxy, "");
        assert_eq!(
            fault_of(&unnamed, "http://far.invalid/").await,
            format!("{refused}no acceptable authentication methods")
        );
        // Differs from Go, which sends an empty password since 1.27.
        let without = through(stage, &proxy, "me@");
        assert_eq!(fault_of(&without, "http://far.invalid/").await, format!("{refused}invalid username/password"));
        let long = through(stage, &proxy, &format!("{}:x@", "u".repeat(256)));
        assert_eq!(fault_of(&long, "http://far.invalid/").await, format!("{refused}invalid username/password"));
    });
}

#[test]
fn the_proxys_refusals_read_like_go() {
    on_sockets(async |stage| {
        for (choice, reply, text) in [
            (&[5, 0][..], &[5, 1, 0, 1][..], "unknown error general SOCKS server failure"),
            (&[5, 0], &[5, 2, 0, 1], "unknown error connection not allowed by ruleset"),
            (&[5, 0], &[5, 3, 0, 1], "unknown error network unreachable"),
            (&[5, 0], &[5, 4, 0, 1], "unknown error host unreachable"),
            (&[5, 0], &[5, 5, 0, 1], "unknown error connection refused"),
            (&[5, 0], &[5, 6, 0, 1], "unknown error TTL expired"),
            (&[5, 0], &[5, 7, 0, 1], "unknown error command not supported"),
            (&[5, 0], &[5, 8, 0, 1], "unknown error address type not supported"),
            (&[5, 0], &[5, 0, 1, 1], "non-zero reserved field"),
            (&[5, 255], &[], "no acceptable authentication methods"),
            (&[5, 0], &[5], "EOF"),
            (&[], &[], "EOF"),
            // Differs from Go in these: it tells the number.
            (&[4, 0], &[], "unexpected protocol version"),
            (&[5, 0], &[4, 0, 0, 1], "unexpected protocol version"),
            (&[5, 0], &[5, 9, 0, 1], "unsupported authentication method or unknown error"),
            (&[5, 0], &[5, 0, 0, 7], "unknown address type"),
        ] {
            let proxy = TestProxy::start(Manner::SocksSays { choice, reply });
            let client = through(stage, &proxy, "");
            let fault = fault_of(&client, "http://far.invalid/").await;
            assert_eq!(
                fault,
                format!("socks connect tcp {}->far.invalid:80: {text}", proxy.addr()),
                "{choice:?} {reply:?}"
            );
            assert_eq!(stage.settled().await, 1, "nothing is left of it");
        }
    });
}

#[test]
fn a_name_that_is_too_long_for_the_protocol_is_refused() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let proxy = TestProxy::start(Manner::Socks { upstream: origin.addr(), login: None });
        let name = vec!["a".repeat(60); 5].join(".");
        let fault = fault_of(&through(stage, &proxy, ""), &format!("http://{name}/")).await;
        assert_eq!(fault, format!("socks connect tcp {}->{name}:80: FQDN too long", proxy.addr()));
        assert_eq!(origin.stats().accepted, 0);
    });
}
#[test]
fn an_https_target_has_its_tls_through_the_proxy() {
    on_sockets(async |stage| {
        let authority = origin::tls::Authority::new("the tests' own");
        let origin = stage.tls_origin(small(), &authority.issue(["far.invalid"]));
        let proxy = TestProxy::start(Manner::Socks { upstream: origin.addr(), login: Some(("me", "s3cret")) });
        let url: Url = format!("socks5h://me:s3cret@{}", proxy.addr()).parse().unwrap();
        let client = stage.client_trusting(&authority, |config| config.proxy = Proxy::Url(url));
        let mut response = client.get("https://far.invalid/").await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap().len(), 13);
        assert_eq!(response.tls.unwrap().server_name, "far.invalid");
        assert_eq!(proxy.asked()[2], "[5, 1, 0] name far.invalid port 443");
    });
}
