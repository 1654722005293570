//! Cookies on their way between jar, request and response.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use client::{Cookie, CookieJar, Jar, Response};
use http::Method;
use http::header::HeaderValue;
use origin::{Reply, Router};
use url::Url;

use super::redirect::client_of_all_names;
use crate::support::recording::Recording;
use crate::support::{fetch, on_sockets, request};

/// Keeps what each host has set last, and a log of its calls.
#[derive(Default)]
struct SimpleJar {
    by_host: Mutex<BTreeMap<String, Vec<Cookie>>>,
    log: Mutex<Vec<String>>,
}

impl SimpleJar {
    fn log(&self, line: String) {
        self.log.lock().expect("a push cannot fail half-way").push(line);
    }
}

fn pairs(cookies: &[Cookie]) -> Vec<(&str, &str)> {
    let mut pairs: Vec<_> = cookies.iter().map(|cookie| (&*cookie.name, &*cookie.value)).collect();
    pairs.sort_unstable();
    pairs
}

impl CookieJar for SimpleJar {
    fn set_cookies(&self, url: &Url, cookies: &[Cookie]) {
        self.log(format!("set {url} {:?}", pairs(cookies)));
        let host = url.authority().to_owned();
        self.by_host.lock().expect("an insertion cannot fail half-way").insert(host, cookies.to_vec());
    }

    fn cookies(&self, url: &Url) -> Vec<Cookie> {
        self.log(format!("get {url}"));
        let by_host = self.by_host.lock().expect("an insertion cannot fail half-way");
        by_host.get(url.authority()).cloned().unwrap_or_default()
    }
}

/// Go: TestHostMismatchCookies
#[test]
fn a_host_of_the_callers_own_is_whom_cookies_are_for() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().with("/", |request| {
            let names =
                request.header("Cookie").unwrap_or_default().split("; ").filter_map(|pair| pair.split_once('='));
            names.fold(Reply::empty(), |reply, (name, _)| reply.header("Set-Cookie", format!("{name}=by the server")))
        }));
        let jar = Arc::new(SimpleJar::default());
        let client = stage.client().with_jar(Arc::clone(&jar) as Arc<dyn CookieJar>);
        let by_url: Url = origin.url("/").parse().unwrap();
        let by_host: Url = "http://cookies.example.test/".parse().unwrap();
        jar.set_cookies(&by_url, &[Cookie::new("First", "by the client")]);
        jar.set_cookies(&by_host, &[Cookie::new("Second", "by the client")]);
        let mut get = request(Method::GET, by_url.as_str());
        get.host = Some("cookies.example.test".to_owned());
        drop(client.do_request(get).await.unwrap());
        assert_eq!(pairs(&jar.cookies(&by_url)), [("First", "by the client")]);
        assert_eq!(pairs(&jar.cookies(&by_host)), [("Second", "by the server")]);
    });
}

/// Go: TestClientSendsCookieFromJar
#[test]
fn whatever_way_a_request_is_made_the_jars_cookies_go_with_it() {
    on_sockets(async |stage| {
        let (client, recording) = Recording::client(stage, |_| Ok(Response::new(200)));
        let url = "http://dummy.test/";
        let jar = Arc::new(SimpleJar::default());
        jar.set_cookies(&url.parse().unwrap(), &[Cookie::new("Chip", "tasty"), Cookie::new("First", "Hit")]);
        let client = client.with_jar(jar);
        let text = HeaderValue::from_static("text/plain");
        drop(client.get(url).await.unwrap());
        drop(client.head(url).await.unwrap());
        drop(client.post(url, text, "body").await.unwrap());
        drop(client.post_form(url, [("a", "b")]).await.unwrap());
        drop(client.do_request(request(Method::GET, url)).await.unwrap());
        drop(client.do_request(request(Method::POST, url)).await.unwrap());
        let asked = recording.asked();
        assert_eq!(asked.len(), 6);
        for asked in asked {
            assert_eq!(asked.field("cookie"), "Chip=tasty; First=Hit", "{}", asked.line());
        }
    });
}

/// Go: TestJarCalls
#[test]
fn the_jar_is_asked_before_each_request_and_told_of_each_response_that_sets_cookies() {
    on_sockets(async |stage| {
        let set = |reply: Reply, name: &str| reply.header("Set-Cookie", format!("name{name}=val{name}"));
        let second = "http://second.test/secondpath";
        let origin = stage.origin(
            Router::new()
                .at("/", set(Reply::redirect(302, second), ""))
                .at("/secondpath", set(Reply::empty(), "secondpath"))
                .at("/nosetcookie", Reply::empty()),
        );
        let jar = Arc::new(SimpleJar::default());
        let client = client_of_all_names(stage, &origin).with_jar(Arc::clone(&jar) as Arc<dyn CookieJar>);
        fetch(&client, "http://first.test/").await;
        fetch(&client, "http://first.test/nosetcookie").await;
        let wanted = [
            "get http://first.test/",
            r#"set http://first.test/ [("name", "val")]"#,
            "get http://second.test/secondpath",
            r#"set http://second.test/secondpath [("namesecondpath", "valsecondpath")]"#,
            "get http://first.test/nosetcookie",
        ];
        assert_eq!(*jar.log.lock().unwrap(), wanted);
    });
}

/// Go: TestClientAltersCookiesOnRedirect
#[test]
fn a_cookie_set_by_hand_gives_way_to_what_the_server_sets_on_the_way() {
    on_sockets(async |stage| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let origin = stage.origin(Router::new().with("/", move |request| {
            let mut cookies: Vec<&str> = request.header("Cookie").unwrap_or_default().split("; ").collect();
            cookies.sort_unstable();
            log.lock().expect("a push cannot fail half-way").push(cookies.join(" "));
            let set: &[&str] = match cookies.iter().find_map(|pair| pair.strip_prefix("Cycle=")) {
                Some("0") => &["Cycle=1; Path=/", "Cookie2=; Path=/; Max-Age=0"],
                Some("1") => &["Cycle=2; Path=/", "Cookie3=New3; Path=/", "Cookie4=New4; Path=/"],
                Some("2") => &["Cycle=3; Path=/", "Cookie5=New5; Path=/"],
                _ => return Reply::empty(),
            };
            set.iter().fold(Reply::redirect(302, "/"), |reply, line| reply.header("Set-Cookie", *line))
        }));
        let url = origin.url("/");
        let jar = Arc::new(Jar::new(stage.runtime()));
        jar.set_cookies(&url.parse().unwrap(), &[Cookie::new("Cookie4", "Old4"), Cookie::new("Cycle", "0")]);
        let mut get = request(Method::GET, &url);
        for (name, value) in [
            ("Cookie1", "Old1a"),
            ("Cookie1", "Old1b"),
            ("Cookie2", "Old2"),
            ("Cookie3", "Old3a"),
            ("Cookie3", "Old3b"),
        ] {
            get.add_cookie(&Cookie::new(name, value)).unwrap();
        }
        drop(stage.client().with_jar(jar).do_request(get).await.unwrap());
        let wanted = [
            "Cookie1=Old1a Cookie1=Old1b Cookie2=Old2 Cookie3=Old3a Cookie3=Old3b Cookie4=Old4 Cycle=0",
            "Cookie1=Old1a Cookie1=Old1b Cookie3=Old3a Cookie3=Old3b Cookie4=Old4 Cycle=1",
            "Cookie1=Old1a Cookie1=Old1b Cookie3=New3 Cookie4=New4 Cycle=2",
            "Cookie1=Old1a Cookie1=Old1b Cookie3=New3 Cookie4=New4 Cookie5=New5 Cycle=3",
        ];
        assert_eq!(*seen.lock().unwrap(), wanted);
    });
}
