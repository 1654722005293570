//! https: whom the client believes, what it says when it does not, and that everything else is as without TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use client::{
    Client, ClientCertificate, Context, DialFn, EarlyClose, Roots, TlsClient, TlsSettings, TlsVersion, Transport,
};
use http::Method;
use httptrace::{BoxIo, Event};
use origin::tls::{Authority, Identity};
use origin::{End, Plan, Reply, Router, Script, TcpOrigin, pattern};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::support::{Stage, all, fetch, on_sockets, open_becomes, read_until_error, request, within};

/// A day, in seconds.
const DAY: Duration = Duration::from_secs(86_400);

fn small() -> Router {
    Router::new().at("/", Reply::bytes(13)).at("/large", Reply::bytes(1 << 20))
}

fn authority() -> Authority {
    Authority::new("the tests' own")
}

/// A dialler that reaches `addr` whatever it is asked for.
fn always_to(stage: &Stage, addr: SocketAddr) -> DialFn {
    let rt = stage.runtime();
    DialFn::new(move |_context, _addr| {
        let rt = Arc::clone(&rt);
        async move { rt.connect(addr, None).await }
    })
}

async fn error_of(client: &Client, url: &str) -> client::Error {
    client.get(url).await.map(|response| response.status).expect_err("no response")
}

/// What the error says behind the method and the URL.
async fn fault_of(client: &Client, url: &str) -> String {
    error_of(client, url).await.reason.to_string()
}

fn handshakes(stage: &Stage) -> (usize, usize) {
    let begun = stage.count(|event| matches!(event, Event::TlsHandshakeStart));
    (begun, stage.count(|event| matches!(event, Event::TlsHandshakeDone { .. })))
}

// Who is believed.

#[test]
fn a_server_that_a_trusted_root_vouches_for_is_believed_and_the_response_says_who_it_is() {
    on_sockets(async |stage| {
        let authority = authority();
        let identity = authority.intermediate("between").issue(["127.0.0.1"]).protocols(["h2", "http/1.1"]);
        assert_eq!(identity.chain().len(), 2, "without the root");
        let origin = stage.tls_origin(small(), &identity);
        let client = stage.client_trusting(&authority, |_| {});

        let mut response = client.get(&origin.url("/")).await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap(), pattern(13));
        let tls = response.tls.expect("it came by TLS");
        assert_eq!((tls.version, &*tls.version_name()), (0x0304, "TLS 1.3"));
        assert_eq!((tls.negotiated_protocol.as_deref(), &*tls.server_name), (Some("http/1.1"), "127.0.0.1"));
        assert_eq!(tls.peer_certificates, identity.chain().iter().map(|der| der.to_vec()).collect::<Vec<_>>());
        assert!(tls.cipher_suite != 0 && !tls.did_resume);

        let mut again = client.get(&origin.url("/")).await.unwrap();
        again.body.read_all().await.unwrap();
        assert!(Arc::ptr_eq(&tls, &again.tls.unwrap()), "one connection, one handshake");
        assert_eq!((origin.stats().accepted, handshakes(stage)), (1, (1, 1)));
        assert_eq!(client.transport().idle_keys()[0].0.as_ref(), format!("|https|{}", origin.addr()));
        assert_eq!(stage.settled().await, 3, "two tasks, as without TLS");
    });
}

#[test]
fn a_plain_response_says_nothing_of_tls() {
    on_sockets(async |stage| {
        let origin = stage.origin(small());
        let response = stage.client().get(&origin.url("/")).await.unwrap();
        assert_eq!((response.tls, handshakes(stage)), (None, (0, 0)));
    });
}

#[test]
fn a_server_that_no_trusted_root_vouches_for_is_refused() {
    on_sockets(async |stage| {
        let origin = stage.tls_origin(small(), &authority().issue(["127.0.0.1"]));
        for roots in [Roots::Only(vec![Authority::new("another").root()]), Roots::Only(Vec::new())] {
            let client = stage.client_with(|config| config.tls.roots = roots.clone());
            let error = error_of(&client, &origin.url("/")).await;
            assert_eq!(
                error.to_string(),
                format!(
                    "Get \"{}\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
                    origin.url("/")
                )
            );
            assert!(!error.is_timeout());
        }
        // A root of the same name, that is another one.
        let client = stage.client_trusting(&authority(), |_| {});
        let refused = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
        let fault = fault_of(&client, &origin.url("/")).await;
        assert_eq!(fault, format!("{refused} (possibly because of a bad signature)"));
        // The roots of the system, whatever they are here, do not vouch for it either.
        let fault = fault_of(&stage.client(), &origin.url("/")).await;
        assert!(fault.starts_with("tls: failed to verify certificate: x509: "), "{fault}");
        let told = stage.nth(2, |event| matches!(event, Event::TlsHandshakeDone { .. })).await.event;
        let Event::TlsHandshakeDone { error: Some(error) } = told else { panic!("{told:?}") };
        assert!(error.ends_with("unknown authority"), "{error}");
    });
}

#[test]
fn a_server_under_another_name_is_refused_with_the_names_that_it_has() {
    on_sockets(async |stage| {
        let authority = authority();
        let origin = stage.tls_origin(small(), &authority.issue(["a.test", "*.b.test"]));
        let client = stage.client_trusting(&authority, |config| {
            config.dial_context = Some(always_to(stage, origin.addr()));
        });
        let refused = "tls: failed to verify certificate: x509: ";
        assert_eq!(
            fault_of(&client, "https://c.test/").await,
            format!("{refused}certificate is valid for a.test, *.b.test, not c.test")
        );
        assert_eq!(
            fault_of(&client, &origin.url("/")).await,
            format!("{refused}cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs")
        );
        let by_address = stage.tls_origin(small(), &authority.issue(["127.0.0.2", "::1"]));
        assert_eq!(
            fault_of(&stage.client_trusting(&authority, |_| {}), &by_address.url("/")).await,
            format!("{refused}certificate is valid for 127.0.0.2, ::1, not 127.0.0.1")
        );
        assert_eq!(fetch(&client, "https://a.test/").await.len(), 13);
        assert_eq!(fetch(&client, "https://x.b.test/").await.len(), 13);
    });
}

#[test]
fn a_server_is_asked_for_the_name_of_the_settings_before_that_of_the_url() {
    on_sockets(async |stage| {
        let authority = authority();
        let origin = stage.tls_origin(small(), &authority.issue(["a.test"]));
        let client = stage.client_trusting(&authority, |config| config.tls.server_name = Some("a.test".to_owned()));
        let response = client.get(&origin.url("/")).await.unwrap();
        assert_eq!(response.tls.unwrap().server_name, "a.test");
    });
}

#[test]
fn a_certificate_out_of_its_time_is_refused() {
    on_sockets(async |stage| {
        let (authority, now) = (authority(), SystemTime::now());
        for (from, until, word) in [(now - 2 * DAY, now - DAY, "after"), (now + DAY, now + 2 * DAY, "before")] {
            let origin = stage.tls_origin(small(), &authority.issue_for(["127.0.0.1"], from, until));
            let fault = fault_of(&stage.client_trusting(&authority, |_| {}), &origin.url("/")).await;
            let refused =
                "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time ";
            assert!(fault.starts_with(refused) && fault.contains(&format!("Z is {word} ")), "{fault}");
        }
    });
}

#[test]
fn who_says_the_dangerous_word_believes_everybody() {
    on_sockets(async |stage| {
        let then = SystemTime::now() - 2 * DAY;
        let origin = stage.tls_origin(small(), &authority().issue_for(["a.test"], then, then + DAY));
        let client = stage.client_with(|config| config.tls.dangerous_accept_any_certificate = true);
        let response = client.get(&origin.url("/")).await.unwrap();
        assert_eq!(response.tls.unwrap().peer_certificates.len(), 1, "it is shown all the same");
    });
}

#[test]
fn a_server_that_asks_for_a_certificate_gets_the_one_of_the_settings() {
    on_sockets(async |stage| {
        let (servers, clients) = (authority(), Authority::new("the clients'"));
        let origin = stage.tls_origin(small(), &servers.issue(["127.0.0.1"]).only_clients_of(&clients));
        let with = |identity: Option<Identity>| {
            stage.client_trusting(&servers, |config| {
                config.tls.client_certificate =
                    identity.map(|identity| ClientCertificate::new(identity.chain(), identity.key()));
            })
        };
        assert_eq!(fetch(&with(Some(clients.issue_client("a client"))), &origin.url("/")).await.len(), 13);
        assert_eq!(fault_of(&with(None), &origin.url("/")).await, "remote error: tls: certificate required");
        assert_eq!(
            fault_of(&with(Some(servers.issue_client("of another authority"))), &origin.url("/")).await,
            "remote error: tls: unknown certificate authority"
        );
    });
}

// What is agreed on.

#[test]
fn tls_1_2_is_spoken_unless_the_settings_ask_for_more() {
    on_sockets(async |stage| {
        let authority = authority();
        let origin = stage.tls_origin(small(), &authority.issue(["127.0.0.1"]).only_tls_12());
        let response = stage.client_trusting(&authority, |_| {}).get(&origin.url("/")).await.unwrap();
        assert_eq!(response.tls.unwrap().version_name(), "TLS 1.2");
        let strict = stage.client_trusting(&authority, |config| config.tls.min_version = TlsVersion::Tls13);
        assert_eq!(fault_of(&strict, &origin.url("/")).await, "remote error: tls: protocol version not supported");
    });
}

#[test]
fn a_server_that_insists_on_another_protocol_says_so_in_the_handshake() {
    on_sockets(async |stage| {
        let authority = authority();
        let origin = stage.tls_origin(small(), &authority.issue(["127.0.0.1"]).protocols(["h2"]));
        let client = stage.client_trusting(&authority, |_| {});
        assert_eq!(fault_of(&client, &origin.url("/")).await, "remote error: tls: no application protocol");
    });
}

#[test]
fn a_session_is_taken_up_again_only_if_the_settings_remember_any() {
    on_sockets(async |stage| {
        let authority = authority();
        let origin = stage.tls_origin(small(), &authority.issue(["127.0.0.1"]));
        for (sessions, resumed) in [(0, [false, false]), (8, [false, true])] {
            let client = stage.client_trusting(&authority, |config| {
                config.tls.session_cache = sessions;
                config.disable_keep_alives = true;
            });
            for resumed in resumed {
                let mut response = client.get(&origin.url("/")).await.unwrap();
                // The server's tickets come with the response.
                response.body.read_all().await.unwrap();
                assert_eq!(response.tls.unwrap().did_resume, resumed, "{sessions} sessions");
            }
        }
    });
}

// Handshakes that fail.

#[test]
fn a_handshake_that_takes_too_long_is_given_up() {
    on_sockets(async |stage| {
        let silent = stage.origin(Script::new().hold());
        let client = stage.client_with(|config| config.tls_handshake_timeout = Some(Duration::from_millis(10)));
        let url = format!("https://{}/", silent.addr());
        let error = error_of(&client, &url).await;
        assert_eq!(error.to_string(), format!("Get \"{url}\": net/http: TLS handshake timeout"));
        assert!(error.is_timeout());
        assert_eq!(handshakes(stage), (1, 1));
        open_becomes(&silent, 0).await;
        stage.tasks_become(1).await;
    });
}

#[test]
fn gos_default_gives_a_handshake_ten_seconds_and_a_zero_transport_all_the_time() {
    on_sockets(async |stage| {
        assert_eq!(stage.config().tls_handshake_timeout, Some(Duration::from_secs(10)));
        assert_eq!(client::Config::zero(stage.runtime()).tls_handshake_timeout, None);
    });
}

#[test]
fn a_server_that_speaks_no_tls_is_named_for_what_it_is() {
    on_sockets(async |stage| {
        for (says, fault) in [
            ("HTTP/1.1 400 Bad Request\r\n\r\n", "http: server gave HTTP response to HTTPS client"),
            ("220 mail.test ESMTP\r\n", "tls: first record does not look like a TLS handshake"),
            ("", "EOF"),
        ] {
            let plain = stage.origin(Script::new().await_bytes(1).send(says).half_close().hold());
            assert_eq!(fault_of(&stage.client(), &format!("https://{}/", plain.addr())).await, fault, "{says:?}");
        }
        let resets = stage.origin(Script::new().await_bytes(1).reset());
        let fault = fault_of(&stage.client(), &format!("https://{}/", resets.addr())).await;
        assert!(fault.starts_with("read tcp 127.0.0.1:"), "{fault}");
        assert!(fault.ends_with(&format!("->{}: read: connection reset by peer", resets.addr())), "{fault}");
    });
}

#[test]
fn a_handshake_that_fails_leaves_its_place_to_the_next_request() {
    on_sockets(async |stage| {
        let authority = authority();
        let plan = Plan::new().conn(Script::new().reset()).rest(Script::new().route(small()));
        let origin = stage.tls_origin(plan, &authority.issue(["127.0.0.1"]));
        let client = stage.client_trusting(&authority, |config| config.max_conns_per_host = Some(1));
        let url = origin.url("/");
        let (first, second) = tokio::join!(client.get(&url), client.get(&url));
        assert!(first.is_err());
        assert_eq!(second.unwrap().status, 200);
        assert_eq!(client.transport().pool_census().conns, 1);
    });
}

#[test]
fn a_request_given_up_in_the_handshake_leaves_nothing_once_that_is_over() {
    on_sockets(async |stage| {
        let silent = stage.origin(Script::new().hold());
        let client = stage.client_with(|config| config.tls_handshake_timeout = None);
        let (context, cancel) = Context::background().with_cancel();
        let mut request = request(Method::GET, &format!("https://{}/", silent.addr()));
        request.context = context;
        let (response, ()) = tokio::join!(client.do_request(request), async {
            silent.until(|stats| stats.conns.first().is_some_and(|conn| conn.received > 0)).await;
            cancel.cancel();
        });
        assert!(response.unwrap_err().to_string().ends_with("context canceled"));
        assert_eq!(handshakes(stage), (1, 0), "the dial goes on, for the next request");
        client.close_idle_connections();
        stage.tasks_become(1).await;
        let told = stage.nth(1, |event| matches!(event, Event::TlsHandshakeDone { .. })).await.event;
        assert_eq!(told, Event::TlsHandshakeDone { error: Some("operation was canceled".to_owned()) });
    });
}

// After the handshake all is as without TLS.

#[test]
fn large_bodies_go_both_ways_unchanged() {
    on_sockets(async |stage| {
        let authority = authority();
        let echo = Plan::new()
            .keep_body(2 << 20)
            .rest(Script::new().forever(Script::new().respond(|request| Reply::body(request.body()))));
        let origin = stage.tls_origin(echo, &authority.issue(["127.0.0.1"]));
        let client = stage.client_trusting(&authority, |_| {});
        for _ in 0..2 {
            let mut post = request(Method::POST, &origin.url("/"));
            post.body = pattern(1 << 20).into();
            let mut response = client.do_request(post).await.unwrap();
            assert!(response.body.read_all().await.unwrap() == pattern(1 << 20));
        }
        assert_eq!(origin.stats().accepted, 1);
    });
}

#[test]
fn many_requests_share_a_few_connections() {
    on_sockets(async |stage| {
        let authority = authority();
        let origin = stage.tls_origin(small(), &authority.issue(["127.0.0.1"]));
        let client = stage.client_trusting(&authority, |config| {
            config.max_conns_per_host = Some(4);
            config.max_idle_conns_per_host = Some(4);
        });
        let (small, large) = (origin.url("/"), origin.url("/large"));
        for _ in 0..5 {
            let sizes = all((0..8).map(|i| fetch(&client, if i % 2 == 0 { &small } else { &large }))).await;
            assert!(sizes.iter().enumerate().all(|(i, body)| body.len() == if i % 2 == 0 { 13 } else { 1 << 20 }));
        }
        assert!(origin.stats().accepted <= 4, "{}", origin.stats());
        client.close_idle_connections();
        stage.tasks_become(1).await;
    });
}

#[test]
fn a_stream_that_ends_in_the_middle_of_a_record_is_cut_and_one_without_a_goodbye_is_not() {
    on_sockets(async |stage| {
        let authority = authority();
        let polite = authority.issue(["127.0.0.1"]);
        let curt = authority.issue(["127.0.0.1"]).without_goodbye();
        let cut = authority.issue(["127.0.0.1"]).cut_short();
        for (identity, whole) in [(polite, true), (curt, true), (cut, false)] {
            let routes = Router::new()
                .at("/until-close", Reply::close_delimited(1000))
                .script("/half", Script::new().send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").close());
            let origin = stage.tls_origin(routes, &identity);
            let client = stage.client_trusting(&authority, |_| {});
            let mut response = client.get(&origin.url("/until-close")).await.unwrap();
            assert_eq!(response.content_length, None, "its end is the stream's");
            if whole {
                assert_eq!(response.body.read_all().await.unwrap().len(), 1000);
            } else {
                let (bytes, error) = read_until_error(&mut response).await;
                assert_eq!((bytes.len(), &*error), (1000, "unexpected EOF"));
            }
            // A length that was promised tells of every cut.
            let mut response = client.get(&origin.url("/half")).await.unwrap();
            let (bytes, error) = read_until_error(&mut response).await;
            assert_eq!((&*bytes, &*error), (&b"half"[..], "unexpected EOF"));
        }
    });
}

#[test]
fn a_kept_connection_that_is_cut_is_found_out_and_replaced() {
    on_sockets(async |stage| {
        let authority = authority();
        let one = Script::new().answer(Reply::bytes(13)).await_gate("cut").close();
        let plan = Plan::new().conn(one).rest(Script::new().route(small()));
        let origin = stage.tls_origin(plan, &authority.issue(["127.0.0.1"]).cut_short());
        let client = stage.client_trusting(&authority, |_| {});
        fetch(&client, &origin.url("/")).await;
        origin.open_gate("cut");
        let closed = stage.nth(1, |event| matches!(event, Event::ConnClosed { .. })).await.event;
        assert_eq!(closed, Event::ConnClosed { reason: "readLoopPeekFailLocked: unexpected EOF".to_owned() });
        assert_eq!(fetch(&client, &origin.url("/")).await.len(), 13);
        assert_eq!(origin.stats().accepted, 2);
    });
}

#[test]
fn no_answer_but_an_end_is_told_as_gos_two_ends_of_a_stream() {
    on_sockets(async |stage| {
        let authority = authority();
        let hangs_up = || Script::new().await_request().close();
        let polite = stage.tls_origin(hangs_up(), &authority.issue(["127.0.0.1"]));
        let curt = stage.tls_origin(hangs_up(), &authority.issue(["127.0.0.1"]).without_goodbye());
        let cut = stage.tls_origin(hangs_up(), &authority.issue(["127.0.0.1"]).cut_short());
        let client = stage.client_trusting(&authority, |_| {});
        assert_eq!(fault_of(&client, &polite.url("/")).await, "EOF");
        assert_eq!(fault_of(&client, &curt.url("/")).await, "EOF");
        assert_eq!(fault_of(&client, &cut.url("/")).await, "unexpected EOF");
    });
}

#[test]
fn who_closes_a_connection_says_goodbye() {
    on_sockets(async |stage| {
        let authority = authority();
        let acceptor = authority.issue(["127.0.0.1"]).acceptor().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let client = stage.client_trusting(&authority, |_| {});
        let server = async {
            let mut stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
            let mut bytes = Vec::new();
            // A stream that is cut would end in an error.
            stream.read_to_end(&mut bytes).await.map(|_| bytes.starts_with(b"GET / HTTP/1.1\r\n"))
        };
        let (context, cancel) = Context::background().with_cancel();
        let mut get = request(Method::GET, &url);
        get.context = context;
        let (response, ended, ()) = tokio::join!(client.do_request(get), server, async {
            stage.nth(1, |event| matches!(event, Event::WroteRequest { .. })).await;
            cancel.cancel();
        });
        response.unwrap_err();
        assert!(ended.unwrap());
    });
}

/// The body is in the caller's hands, and nobody polls it.
#[test]
fn a_cancel_ends_the_connection_at_once_over_tls_and_over_a_custom_dialler() {
    on_sockets(async |stage| {
        let authority = authority();
        let half = || Script::new().await_request().send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").hold();
        let (secure, plain) = (stage.tls_origin(half(), &authority.issue(["127.0.0.1"])), stage.origin(half()));
        let dials = Arc::new(AtomicUsize::new(0));
        let client = stage.client_trusting(&authority, |config| {
            config.early_close = EarlyClose::Kill;
            let (rt, dials) = (stage.runtime(), Arc::clone(&dials));
            config.dial_context = Some(DialFn::new(move |_context, addr| {
                dials.fetch_add(1, Ordering::Relaxed);
                let rt = Arc::clone(&rt);
                async move { rt.connect(addr.parse().expect("an address"), None).await }
            }));
        });
        for origin in [&secure, &plain] {
            let (context, cancel) = Context::background().with_cancel();
            let mut get = request(Method::GET, &origin.url("/"));
            get.context = context;
            let mut response = client.do_request(get).await.unwrap();
            cancel.cancel();
            open_becomes(origin, 0).await;
            stage.tasks_become(1).await;
            let (bytes, error) = read_until_error(&mut response).await;
            assert_eq!(error, "context canceled");
            assert!(b"half".starts_with(&bytes[..]), "{bytes:?}");
            assert_eq!(origin.stats().ended(End::PeerClosed), 1, "{}", origin.stats());
        }
        assert_eq!(dials.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn a_connection_that_leaves_http_stays_secure() {
    on_sockets(async |stage| {
        use tokio::io::AsyncWriteExt;
        let authority = authority();
        let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello";
        let script =
            Script::new().await_request().send(switch).await_bytes(4).expect_waiting("ping").send("pong").close();
        let origin = stage.tls_origin(script, &authority.issue(["127.0.0.1"]));
        let client = stage.client_trusting(&authority, |_| {});
        let mut get = request(Method::GET, &origin.url("/"));
        get.header.insert("connection", "upgrade".parse().unwrap());
        get.header.insert("upgrade", "echo".parse().unwrap());
        let response = client.do_request(get).await.unwrap();
        assert!(response.tls.is_some());
        let mut io = response.upgraded.expect("the server agreed");
        io.write_all(b"ping").await.unwrap();
        io.flush().await.unwrap();
        let mut all = String::new();
        io.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "hellopong");
        origin.assert_ok();
    });
}

// Dialling in the user's own way.

#[test]
fn a_dialler_for_tls_serves_https_and_only_that() {
    on_sockets(async |stage| {
        let authority = authority();
        let (secure, plain) = (stage.tls_origin(small(), &authority.issue(["a.test"])), stage.origin(small()));
        let settings = TlsSettings { roots: Roots::Only(vec![authority.root()]), ..TlsSettings::default() };
        let tls = Arc::new(TlsClient::new(settings));
        let (rt, addr) = (stage.runtime(), secure.addr());
        let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
        let client = stage.client_with(|config| {
            // It trusts nobody, and has no time: neither is used.
            config.tls.roots = Roots::Only(Vec::new());
            config.tls_handshake_timeout = Some(Duration::ZERO);
            let asked = Arc::clone(&asked);
            config.dial_tls_context = Some(DialFn::new(move |_context, wanted| {
                asked.lock().unwrap().push(wanted);
                let (rt, tls) = (Arc::clone(&rt), Arc::clone(&tls));
                async move { tls.handshake(rt.connect(addr, None).await?, "a.test").await.map_err(io::Error::other) }
            }));
        });
        let response = client.get("https://anything.test/").await.unwrap();
        assert_eq!(response.tls.unwrap().server_name, "a.test");
        assert_eq!(fetch(&client, &plain.url("/")).await.len(), 13);
        assert_eq!((asked.lock().unwrap().join(" "), handshakes(stage)), ("anything.test:443".to_owned(), (1, 1)));
    });
}

#[test]
fn an_error_of_a_dialler_is_shown_as_it_is() {
    on_sockets(async |stage| {
        let fails = || Some(DialFn::new(|_context, _addr| async { Err::<BoxIo, _>(io::Error::other("no such luck")) }));
        let client = stage.client_with(|config| {
            config.dial_context = fails();
            config.dial_tls_context = fails();
        });
        for url in ["http://a.test/", "https://a.test/"] {
            assert_eq!(error_of(&client, url).await.to_string(), format!("Get \"{url}\": no such luck"));
        }
    });
}

// Where it is built in.

#[test]
fn a_request_over_tls_is_the_same_for_a_bare_transport() {
    on_sockets(async |stage| {
        let authority = authority();
        let origin: TcpOrigin = stage.tls_origin(small(), &authority.issue(["127.0.0.1"]));
        let mut config = stage.config();
        config.tls.roots = Roots::Only(vec![authority.root()]);
        let transport = Transport::new(config);
        let sent = within("a response", transport.round_trip(request(Method::GET, &origin.url("/"))));
        let mut response = sent.await.unwrap();
        assert_eq!(response.body.read_all().await.unwrap().len(), 13);
        assert!(response.tls.is_some());
    });
}
