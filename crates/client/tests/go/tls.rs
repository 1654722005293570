//! TLS: who is believed, under which name, and within which time.

use std::sync::Arc;
use std::time::Duration;

use client::{Context, DialFn, Roots, TlsClient, TlsSettings};
use http::Method;
use httptrace::Event;
use origin::tls::Authority;
use origin::{End, Reply, Router, Script};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{fetch, on_sockets, request};

fn hello() -> Router {
    Router::new().at("/", Reply::body("Hello"))
}

/// Go: TestTransportTLSHandshakeTimeout
#[test]
fn a_handshake_has_a_time_limit_of_its_own() {
    on_sockets(async |stage| {
        let silent = stage.origin(Script::new().hold());
        let client = stage.client_with(|config| config.tls_handshake_timeout = Some(Duration::from_millis(250)));
        let error = client.get(&format!("https://{}/", silent.addr())).await.unwrap_err();
        assert!(error.is_timeout());
        assert!(error.to_string().contains("handshake timeout"), "{error}");
    });
}

/// What a user's own dialler finds in the context of the request.
#[derive(PartialEq, Debug)]
struct SomeValue(&'static str);

/// Go: TestTransportDialTLSContext
#[test]
fn a_dialler_for_tls_is_told_the_values_of_the_requests_context() {
    on_sockets(async |stage| {
        let authority = Authority::new("the tests' own");
        let origin = stage.tls_origin(hello(), &authority.issue(["127.0.0.1"]));
        let roots = Roots::Only(vec![authority.root()]);
        let tls = Arc::new(TlsClient::new(TlsSettings { roots, ..TlsSettings::default() }));
        let (rt, addr) = (stage.runtime(), origin.addr());
        let client = stage.client_with(|config| {
            config.dial_tls_context = Some(DialFn::new(move |context, _addr| {
                assert_eq!(context.value(), Some(&SomeValue("some-value")));
                let (rt, tls) = (Arc::clone(&rt), Arc::clone(&tls));
                async move {
                    let io = rt.connect(addr, None).await?;
                    tls.handshake(io, "127.0.0.1").await.map_err(std::io::Error::other)
                }
            }));
        });
        let mut get = request(Method::GET, &origin.url("/"));
        get.context = Context::background().with_value(SomeValue("some-value"));
        assert_eq!(client.do_request(get).await.unwrap().status, 200);
        assert_eq!(origin.stats().requests, 1);
    });
}

/// Go: TestClientInsecureTransport
#[test]
fn only_who_asks_for_it_believes_a_server_that_nobody_vouches_for() {
    on_sockets(async |stage| {
        let origin = stage.tls_origin(hello(), &Authority::new("unknown").issue(["127.0.0.1"]));
        for insecure in [true, false] {
            let client = stage.client_with(|config| config.tls.dangerous_accept_any_certificate = insecure);
            let mut get = request(Method::GET, &origin.url("/"));
            get.close = true;
            assert_eq!(client.do_request(get).await.is_ok(), insecure);
        }
        // The server learns of it too.
        origin.until(|stats| stats.ended(End::Failed(std::io::ErrorKind::InvalidData)) == 1).await;
    });
}

/// Go: TestClientWithCorrectTLSServerName
#[test]
fn the_server_is_told_the_name_of_the_settings() {
    on_sockets(async |stage| {
        let authority = Authority::new("the tests' own");
        let acceptor = authority.issue(["example.com"]).acceptor().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let client = stage.client_trusting(&authority, |config| {
            config.tls.server_name = Some("example.com".to_owned());
        });
        let server = async {
            let mut stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
            let named = stream.get_ref().1.server_name().map(str::to_owned);
            let mut head = [0; 4];
            stream.read_exact(&mut head).await.unwrap();
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            stream.flush().await.unwrap();
            (named, stream)
        };
        let (response, (named, _open)) = tokio::join!(client.get(&url), server);
        assert_eq!((response.unwrap().status, named.as_deref()), (204, Some("example.com")));
    });
}

/// Go: TestClientWithIncorrectTLSServerName
#[test]
fn a_wrong_name_in_the_settings_is_told_with_both_names() {
    on_sockets(async |stage| {
        let authority = Authority::new("the tests' own");
        let origin = stage.tls_origin(hello(), &authority.issue(["127.0.0.1", "example.com"]));
        let client = stage.client_trusting(&authority, |config| config.tls.server_name = Some("badserver".to_owned()));
        let error = client.get(&origin.url("/")).await.unwrap_err().to_string();
        assert!(error.contains("127.0.0.1") && error.contains("badserver"), "{error}");
        // The server learns of it too.
        origin.until(|stats| stats.ended(End::Failed(std::io::ErrorKind::InvalidData)) == 1).await;
    });
}

/// Go: TestTransportUsesTLSConfigServerName
#[test]
fn the_name_of_the_settings_wins_over_the_host_of_the_url() {
    on_sockets(async |stage| {
        let authority = Authority::new("the tests' own");
        let origin = stage.tls_origin(hello(), &authority.issue(["example.com"]));
        let (rt, addr) = (stage.runtime(), origin.addr());
        let client = stage.client_trusting(&authority, |config| {
            config.tls.server_name = Some("example.com".to_owned());
            config.dial_context = Some(DialFn::new(move |_context, _addr| {
                let rt = Arc::clone(&rt);
                async move { rt.connect(addr, None).await }
            }));
        });
        assert_eq!(fetch(&client, "https://some-other-host.tld/").await, "Hello");
    });
}

/// Go: TestHTTPSClientDetectsHTTPServer
#[test]
fn a_plain_server_at_an_https_url_is_named_for_what_it_is() {
    on_sockets(async |stage| {
        let plain = Script::new().await_bytes(1).send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").close();
        let origin = stage.origin(plain);
        let error = stage.client().get(&format!("https://{}/", origin.addr())).await.unwrap_err().to_string();
        assert!(error.contains("HTTP response to HTTPS client"), "{error}");
    });
}

#[test]
fn a_handshake_is_told_at_its_beginning_and_its_end() {
    on_sockets(async |stage| {
        let authority = Authority::new("the tests' own");
        let origin = stage.tls_origin(hello(), &authority.issue(["127.0.0.1"]));
        fetch(&stage.client_trusting(&authority, |_| {}), &origin.url("/")).await;
        let told: Vec<Event> = stage.seen().into_iter().map(|seen| seen.event).collect();
        let at = |wanted: &Event| told.iter().position(|event| event == wanted);
        let (begun, done) = (at(&Event::TlsHandshakeStart), at(&Event::TlsHandshakeDone { error: None }));
        assert!(begun.is_some() && begun < done, "{told:?}");
    });
}
