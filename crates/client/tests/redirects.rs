//! Redirects by a server that means harm, or is clumsy: who gets to know what, and what becomes of connections.

use std::sync::Arc;
use std::time::Duration;

use client::{Context, GetBody, Jar, Reason, Redirect, RequestBody, Response};
use http::header::{COOKIE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use origin::{Reply, Router, Script};

use crate::support::recording::{Asked, Recording, redirect};
use crate::support::{Stage, on_sockets, request};

/// What must not reach a host that it was not meant for.
const SECRETS: [&str; 6] =
    ["authorization", "cookie", "cookie2", "proxy-authenticate", "proxy-authorization", "www-authenticate"];

/// Sends secrets to the first URL, which leads on to the others in turn; says of each request whether all of them were
/// there or none.
async fn who_gets_the_secrets(stage: &Stage, urls: &[&str]) -> Vec<bool> {
    let places: Vec<String> = urls[1..].iter().map(|url| (*url).to_owned()).collect();
    let visits = std::sync::atomic::AtomicUsize::new(0);
    let (client, recording) = Recording::client(stage, move |_| {
        let visit = visits.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(places.get(visit).map_or_else(|| Response::new(200), |place| redirect(302, place)))
    });
    let mut get = request(Method::GET, urls[0]);
    for name in SECRETS {
        get.header.insert(HeaderName::from_static(name), HeaderValue::from_static("k=secret"));
    }
    get.header.insert("x-plain", HeaderValue::from_static("for all"));
    drop(client.do_request(get).await.unwrap());
    let asked = recording.asked();
    assert_eq!(asked.len(), urls.len());
    let all_or_none = |asked: &Asked| {
        assert_eq!(asked.field("x-plain"), "for all");
        let found = SECRETS.iter().filter(|name| asked.field(name) == "k=secret").count();
        assert!(found == 0 || found == SECRETS.len(), "{}: {:?}", asked.line(), asked.header);
        found > 0
    };
    asked.iter().map(all_or_none).collect()
}

#[test]
fn no_credential_crosses_hosts() {
    on_sockets(async |stage| {
        for (urls, gets) in [
            (&["http://a.test/", "http://b.test/"][..], &[true, false][..]),
            (&["http://a.test/", "http://a.test:8080/"], &[true, true]),
            (&["http://a.test/", "https://a.test/"], &[true, true]),
            (&["https://a.test/", "http://a.test/"], &[true, true]),
            (&["http://a.test/", "http://sub.a.test/"], &[true, true]),
            (&["http://sub.a.test/", "http://a.test/"], &[true, false]),
            (&["http://a.test/", "http://nota.test/"], &[true, false]),
            (&["http://a.test/", "http://a.test.evil.test/"], &[true, false]),
            (&["http://a.test/", "http://a.test@evil.test/"], &[true, false]),
            (&["http://a.test/", "//evil.test/"], &[true, false]),
            (&["http://127.0.0.1/", "http://localhost/"], &[true, false]),
            (&["http://[::1]/", "http://[::2]/"], &[true, false]),
            (&["http://a.test/", "http://b.test/", "http://a.test/", "/x"], &[true, false, false, false]),
            (&["http://a.test/", "http://sub.a.test/", "http://a.test/"], &[true, true, true]),
        ] {
            assert_eq!(who_gets_the_secrets(stage, urls).await, gets, "{urls:?}");
        }
    });
}

#[test]
fn the_user_of_a_url_is_told_to_the_hosts_that_its_relative_redirects_stay_on() {
    on_sockets(async |stage| {
        for (place, told) in
            [("/x", "Basic dTpw"), ("http://a.test/", ""), ("http://b.test/", ""), ("///b.test/", "Basic dTpw")]
        {
            let (client, recording) = Recording::client(stage, move |asked| {
                Ok(if asked.url.path() == "/first" { redirect(302, place) } else { Response::new(200) })
            });
            drop(client.get("http://u:p@a.test/first").await.unwrap());
            assert_eq!(recording.last().field("authorization"), told, "{place}");
            assert_eq!(recording.last().field("referer"), "http://a.test/first");
        }
    });
}

#[test]
fn a_jar_gives_each_host_its_own() {
    on_sockets(async |stage| {
        let (client, recording) = Recording::client(stage, |asked| {
            let mut response = match asked.url.host_str() {
                Some("a.test") if asked.url.path() == "/" => redirect(302, "http://b.test/"),
                Some("b.test") => redirect(302, "http://a.test/back"),
                _ => Response::new(200),
            };
            let set = format!("{}=1", asked.url.host_str().unwrap_or_default());
            response.header.insert("set-cookie", set.parse().expect("no control characters"));
            Ok(response)
        });
        let client = client.with_jar(Arc::new(Jar::new(stage.runtime())));
        drop(client.get("http://a.test/").await.unwrap());
        drop(client.get("http://a.test/").await.unwrap());
        let sent: Vec<String> = recording.asked().iter().map(|asked| asked.field("cookie").to_owned()).collect();
        assert_eq!(sent, ["", "", "a.test=1", "a.test=1", "b.test=1", "a.test=1"]);
    });
}

#[test]
fn what_is_said_about_a_body_goes_when_the_body_goes() {
    on_sockets(async |stage| {
        let about = ["content-encoding", "content-language", "content-location", "content-type"];
        for (statuses, kept) in [(&[302][..], false), (&[307], true), (&[308, 303, 307], false)] {
            let mut rest = statuses.to_vec();
            rest.reverse();
            let rest = std::sync::Mutex::new(rest);
            let (client, recording) = Recording::client(stage, move |_| {
                let next = rest.lock().expect("a pop cannot fail").pop();
                Ok(next.map_or_else(|| Response::new(200), |status| redirect(status, "/")))
            });
            let mut post = request(Method::POST, "http://a.test/");
            post.body = "hello".into();
            for name in about {
                post.header.insert(name, HeaderValue::from_static("x"));
            }
            drop(client.do_request(post).await.unwrap());
            let last = recording.last();
            assert!(about.iter().all(|name| last.header.contains_key(*name) == kept), "{statuses:?}");
            assert_eq!(last.method, if kept { Method::POST } else { Method::GET }, "{statuses:?}");
            assert_eq!((last.body.unwrap(), last.host), (if kept { "hello" } else { "" }.into(), None), "{statuses:?}");
        }
    });
}

#[test]
fn a_redirect_that_cannot_be_followed_says_why_and_leaves_nothing() {
    on_sockets(async |stage| {
        for (location, text) in [
            (
                "http://[::1",
                "Get \"URL\": failed to parse Location header \"http://[::1\": parse \"http://[::1\": missing ']' in host",
            ),
            (
                "/%zz",
                "Get \"URL\": failed to parse Location header \"/%zz\": parse \"/%zz\": invalid URL escape \"%zz\"",
            ),
            ("mailto:x", "Get \"mailto:x\": unsupported protocol scheme \"mailto\""),
            ("http:foo", "Get \"http:foo\": http: no Host in request URL"),
            ("http://127.0.0.1:1/", "Get \"http://127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: connection refused"),
        ] {
            let origin =
                stage.origin(Router::new().at("/", Reply::body("moved").status(302).header("Location", location)));
            let error = stage.client().get(&origin.url("/")).await.expect_err(location);
            assert_eq!(error.to_string(), text.replace("\"URL\"", &format!("{:?}", origin.url("/"))));
            assert_eq!(error.stopped_at, None);
            stage.tasks_become(1).await;
        }
    });
}

#[test]
fn a_short_redirect_leaves_its_connection_to_the_next_hop_and_a_long_one_does_not_wait() {
    on_sockets(async |stage| {
        let moved = |body: Reply| body.status(302).header("Location", "/there");
        for (body, connections) in
            [(Reply::bytes(0), 1), (Reply::bytes(2048), 1), (Reply::chunked(1000, 100), 1), (Reply::bytes(10 << 20), 2)]
        {
            let origin = stage.origin(Router::new().at("/", moved(body)).at("/there", Reply::empty()));
            let response = stage.client().get(&origin.url("/")).await.unwrap();
            assert_eq!(response.status, 200);
            assert_eq!(origin.stats().accepted, connections);
        }
    });
}

#[test]
fn an_endless_redirect_is_not_read_to_its_end() {
    on_sockets(async |stage| {
        let head = "HTTP/1.1 302 Found\r\nLocation: /there\r\nTransfer-Encoding: chunked\r\n\r\n";
        let endless = Script::new().send(head).forever(Script::new().send("3\r\nabc\r\n"));
        let origin = stage.origin(Router::new().script("/", endless).at("/there", Reply::empty()));
        assert_eq!(stage.client().get(&origin.url("/")).await.unwrap().status, 200);
        assert_eq!(origin.stats().accepted, 2);
    });
}

#[test]
fn the_hook_may_alter_the_request_and_sees_all_before_it() {
    on_sockets(async |stage| {
        let (client, recording) = Recording::client(stage, |asked| {
            Ok(if asked.url.path() == "/end" { Response::new(200) } else { redirect(307, "/end") })
        });
        let client = client.with_check_redirect(|hop| {
            assert_eq!(hop.via.len(), 1);
            assert_eq!((hop.via[0].url.path(), &hop.via[0].method), ("/", &Method::POST));
            assert_eq!(hop.response.url.as_ref().expect("known").path(), "/");
            hop.request.header.insert("x-hop", HeaderValue::from_static("mine"));
            hop.request.body = "other".into();
            Ok(Redirect::Follow)
        });
        drop(client.post("http://a.test/", HeaderValue::from_static("text/plain"), "body").await.unwrap());
        let last = recording.last();
        assert_eq!((last.field("x-hop"), last.body.clone().unwrap()), ("mine", "other".into()));
    });
}

#[test]
fn a_body_that_cannot_be_made_again_after_all_is_the_error() {
    on_sockets(async |stage| {
        let (client, _recording) = Recording::client(stage, |_| Ok(redirect(307, "/again")));
        let mut post = request(Method::POST, "http://a.test/");
        post.body = RequestBody::reader(&b"x"[..], None);
        post.get_body = Some(GetBody::new(|| Err(std::io::Error::other("the file is gone"))));
        let error = client.do_request(post).await.expect_err("no body");
        assert_eq!(error.to_string(), r#"Post "http://a.test/": the file is gone"#);
    });
}

#[test]
fn an_earlier_deadline_of_the_callers_own_keeps_its_words() {
    on_sockets(async |stage| {
        let origin = stage.origin(Script::new().await_request().await_eof());
        let mut get = request(Method::GET, &origin.url("/"));
        get.context = Context::background().with_timeout(&stage.runtime(), Duration::from_millis(5));
        let client = stage.client().with_timeout(Duration::from_secs(3600));
        let error = client.do_request(get).await.expect_err("no head comes");
        assert_eq!(error.to_string(), format!("Get {:?}: context deadline exceeded", origin.url("/")));
        assert!(error.is_timeout());
    });
}

#[test]
fn one_limit_holds_for_all_hops_and_zero_is_none() {
    on_sockets(async |stage| {
        let (client, recording) = Recording::client(stage, |asked| {
            Ok(if asked.url.path() == "/end" { Response::new(200) } else { redirect(302, "/end") })
        });
        drop(client.clone().with_timeout(Duration::from_secs(60)).get("http://a.test/").await.unwrap());
        let deadlines: Vec<_> = recording.asked().iter().map(|asked| asked.deadline).collect();
        assert!(deadlines[0].is_some() && deadlines[0] == deadlines[1], "{deadlines:?}");
        drop(client.with_timeout(Duration::ZERO).get("http://a.test/").await.unwrap());
        assert_eq!(recording.last().deadline, None);
    });
}

#[test]
fn a_server_that_leads_in_circles_is_left_when_the_time_is_over() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().with("/", |_| Reply::redirect(302, "/")));
        let client =
            stage.client().with_check_redirect(|_| Ok(Redirect::Follow)).with_timeout(Duration::from_millis(100));
        let error = client.get(&origin.url("/")).await.expect_err("it never ends");
        assert_eq!(error.reason, Reason::ClientTimeout);
        assert!(origin.stats().requests > 10);
    });
}

#[test]
fn a_caller_that_gives_up_in_the_middle_of_a_chain_leaves_nothing() {
    on_sockets(async |stage| {
        let origin = stage.origin(
            Router::new()
                .at("/", Reply::redirect(302, "/slow"))
                .script("/slow", Script::new().reached("slow").await_eof()),
        );
        let client = stage.client();
        let (url, there) = (origin.url("/"), origin.until(|stats| stats.reached("slow") == 1));
        crate::support::give_up_once(client.get(&url), there).await;
        stage.tasks_become(1).await;
        crate::support::open_becomes(&origin, 0).await;
    });
}

#[test]
fn a_cookie_header_that_loses_its_last_cookie_is_empty_as_in_go() {
    on_sockets(async |stage| {
        let (client, recording) = Recording::client(stage, |asked| {
            let mut response = if asked.url.path() == "/" { redirect(302, "/end") } else { Response::new(200) };
            response.header.insert("set-cookie", HeaderValue::from_static("a=; max-age=0"));
            Ok(response)
        });
        let mut get = request(Method::GET, "http://a.test/");
        get.header = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("a=1"))]);
        drop(client.with_jar(Arc::new(Jar::new(stage.runtime()))).do_request(get).await.unwrap());
        assert_eq!(recording.last().header[COOKIE], "");
    });
}
