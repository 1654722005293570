//! The tables of Go's cookiejar: from whom, what is set, what the jar then holds, and what it gives for which URL.

use std::time::Duration;

use transport::Response;

use super::domain::Refused;
use super::*;

/// Knows `co.uk`, and that every last label is a suffix. Of two names it tells nonsense.
struct Suffixes;

impl PublicSuffixList for Suffixes {
    fn public_suffix(&self, domain: &str) -> String {
        match domain {
            "www.buggy.psl" => "xy",
            "www2.buggy.psl" => "com",
            _ if domain == "co.uk" || domain.ends_with(".co.uk") => "co.uk",
            _ => domain.rsplit('.').next().unwrap_or_default(),
        }
        .to_owned()
    }
}

/// No test here looks at this clock.
fn jar() -> Jar {
    let rt = httptrace::TokioRuntime::new();
    Jar::new(rt).with_public_suffixes(Arc::new(Suffixes))
}

/// The first of January 2013, noon.
fn noon() -> Duration {
    Duration::from_secs(1_357_041_600)
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

/// One step of a story: who sets what, what the jar holds after a second, and what is sent where, a second apart each.
struct Step<'a> {
    from: &'a str,
    set: &'a [&'a str],
    holds: &'a str,
    sent: &'a [(&'a str, &'a str)],
}

impl Step<'_> {
    fn on(&self, jar: &Jar) {
        let a_second = Duration::from_millis(1001);
        let mut now = noon();
        let mut response = Response::new(200);
        for line in self.set {
            let line = line.parse().expect("no control characters");
            response.header.append(http::header::SET_COOKIE, line);
        }
        let cookies = response.cookies();
        assert_eq!(cookies.len(), self.set.len(), "each line sets one: {:?}", self.set);
        jar.set_cookies_at(&url(self.from), &cookies, now);
        now += a_second;
        assert_eq!(holds(jar, now), self.holds, "after {:?} from {}", self.set, self.from);
        for (to, wanted) in self.sent {
            now += a_second;
            let sent: Vec<String> = jar.cookies_at(&url(to), now).iter().map(ToString::to_string).collect();
            assert_eq!(sent.join(" "), *wanted, "to {to} after {:?} from {}", self.set, self.from);
        }
    }
}

/// All that has not ended, sorted.
fn holds(jar: &Jar, now: Duration) -> String {
    let entries = jar.entries.lock().expect("no test fails under the lock");
    let live = entries.by_key.values().flatten().filter(|(_, entry)| entry.expires.is_none_or(|at| at > now));
    let text = |(id, entry): (&Id, &Entry)| Cookie { quoted: entry.quoted, ..Cookie::new(&*id.name, &*entry.value) };
    let mut all: Vec<String> = live.map(|found| text(found).to_string()).collect();
    all.sort();
    all.join(" ")
}

fn each_on_its_own(steps: &[Step<'_>]) {
    steps.iter().for_each(|step| step.on(&jar()));
}

fn one_after_the_other(steps: &[Step<'_>]) {
    let jar = jar();
    steps.iter().for_each(|step| step.on(&jar));
}

/// Go: TestHasDotSuffix
#[test]
fn a_dot_suffix_is_what_stands_behind_a_dot() {
    let texts = ["", ".", "..", "x", "x.", ".x", ".x.", "com", "m", "foo.com", "o.com", "xfoo.com", "foo.org", "org"];
    for text in texts {
        for suffix in texts {
            assert_eq!(has_dot_suffix(text, suffix), text.ends_with(&format!(".{suffix}")), "{text:?} {suffix:?}");
        }
    }
}

/// Go: TestJarKey
#[test]
fn cookies_are_kept_by_the_name_that_somebody_can_have() {
    for (host, key) in [
        ("foo.www.example.com", "example.com"),
        ("www.example.com", "example.com"),
        ("example.com", "example.com"),
        ("com", "com"),
        ("foo.www.bbc.co.uk", "bbc.co.uk"),
        ("bbc.co.uk", "bbc.co.uk"),
        ("co.uk", "co.uk"),
        ("uk", "uk"),
        ("192.168.0.5", "192.168.0.5"),
        ("::1", "::1"),
        ("www.buggy.psl", "www.buggy.psl"),
        ("www2.buggy.psl", "buggy.psl"),
        ("", ""),
        (".", "."),
        ("..", "."),
        (".net", ".net"),
        ("a.", "a."),
        ("b.a.", "a."),
        ("weird.stuff..", "."),
    ] {
        assert_eq!(jar_key(host, Some(&Suffixes)), key, "{host:?}");
    }
}

/// Go: TestJarKeyNilPSL
#[test]
fn without_a_list_cookies_are_kept_by_the_last_two_labels() {
    for (host, key) in [
        ("foo.www.example.com", "example.com"),
        ("example.com", "example.com"),
        ("com", "com"),
        ("foo.www.bbc.co.uk", "co.uk"),
        ("co.uk", "co.uk"),
        ("192.168.0.5", "192.168.0.5"),
        ("", ""),
        (".", "."),
        ("..", ".."),
        (".net", ".net"),
        ("a.", "a."),
        ("b.a.", "a."),
        ("weird.stuff..", "stuff.."),
    ] {
        assert_eq!(jar_key(host, None), key, "{host:?}");
    }
}

/// Go: TestDefaultPath
#[test]
fn a_cookie_without_a_path_belongs_to_the_directory() {
    for (path, directory) in [
        ("/", "/"),
        ("/abc", "/"),
        ("/abc/", "/abc"),
        ("/abc/xyz", "/abc"),
        ("/a/b/c.html", "/a/b"),
        ("", "/"),
        ("strange", "/"),
        ("strange/a", "/"),
        ("//", "/"),
        ("/a//b", "/a/"),
        ("/a/../b", "/a/.."),
    ] {
        assert_eq!(default_path(path), directory, "{path:?}");
    }
}

/// Go: TestDomainAndType
#[test]
fn a_host_may_set_cookies_for_itself_and_for_those_above_it() {
    let scope = |domain: &str, host_only| Ok(Scope { domain: domain.to_owned(), host_only });
    let (illegal, malformed) = (Err(Refused::Illegal), Err(Refused::Malformed));
    for (host, attribute, wanted) in [
        ("www.example.com", "", scope("www.example.com", true)),
        ("127.0.0.1", "", scope("127.0.0.1", true)),
        ("2001:4860:0:2001::68", "", scope("2001:4860:0:2001::68", true)),
        ("www.example.com", "example.com", scope("example.com", false)),
        ("www.example.com", ".example.com", scope("example.com", false)),
        ("www.example.com", "www.EXAMPLE.com", scope("www.example.com", false)),
        ("www.example.com", ".www.example.com", scope("www.example.com", false)),
        ("bar.co.uk", "bar.co.uk", scope("bar.co.uk", false)),
        ("foo.bar.co.uk", ".bar.co.uk", scope("bar.co.uk", false)),
        ("127.0.0.1", "127.0.0.1", scope("127.0.0.1", true)),
        ("2001:4860:0:2001::68", "2001:4860:0:2001::68", scope("2001:4860:0:2001::68", true)),
        ("www.example.com", ".", malformed.clone()),
        ("www.example.com", "..", malformed.clone()),
        ("www.example.com", "example.com.", malformed.clone()),
        ("www.example.com", "\u{e9}.com", malformed),
        ("www.example.com", "other.com", illegal.clone()),
        ("www.example.com", "ww.example.com", illegal.clone()),
        ("www.example.com", "com", illegal.clone()),
        ("foo.bar.co.uk", ".co.uk", illegal.clone()),
        ("127.www.0.0.1", "127.0.0.1", illegal.clone()),
        ("127.0.0.1", "0.0.1", illegal),
        ("com", "", scope("com", true)),
        ("com", ".com", scope("com", true)),
        ("co.uk", "co.uk", scope("co.uk", true)),
    ] {
        assert_eq!(domain_and_type(host, attribute, Some(&Suffixes)), wanted, "{host} {attribute}");
    }
    assert_eq!(domain_and_type("foo.bar.co.uk", "co.uk", None), scope("co.uk", false), "who knows no suffixes");
}

/// Go: TestBasics
#[test]
fn cookies_go_to_the_host_the_scheme_and_the_path_that_they_are_for_in_gos_order() {
    let local = |host: &'static str| format!("http://{host}:8910/");
    for host in ["localhost", "example.LOCALHOST", "[::1]", "127.0.0.1"] {
        let (http, https) = (local(host), local(host).replace("http", "https"));
        Step { from: &http, set: &["A=a; secure"], holds: "A=a", sent: &[(&http, "A=a"), (&https, "A=a")] }.on(&jar());
    }
    let everywhere_below = [
        ("http://www.host.test/", ""),
        ("http://www.host.test/some", ""),
        ("http://www.host.test/some/path", "A=a"),
        ("http://www.host.test/some/paths", ""),
        ("http://www.host.test/some/path/foo/", "A=a"),
    ];
    each_on_its_own(&[
        Step {
            from: "http://www.host.test/",
            set: &["A=a"],
            holds: "A=a",
            sent: &[
                ("http://www.host.test", "A=a"),
                ("http://www.host.test/some/path", "A=a"),
                ("https://www.host.test/", "A=a"),
                ("http://www.host.test:1234/", "A=a"),
                ("ftp://www.host.test/", ""),
                ("http://www.other.test", ""),
                ("http://sibling.host.test", ""),
                ("http://deep.www.host.test", ""),
            ],
        },
        Step {
            from: "http://www.host.test:8080/",
            set: &["A=a; secure"],
            holds: "A=a",
            sent: &[("http://www.host.test/", ""), ("https://www.host.test/some/path", "A=a")],
        },
        Step {
            from: "http://notlocalhost/",
            set: &["A=a; secure"],
            holds: "A=a",
            sent: &[("http://notlocalhost/", ""), ("https://notlocalhost/", "A=a")],
        },
        Step { from: "http://www.host.test/", set: &["A=a; path=/some/path"], holds: "A=a", sent: &everywhere_below },
        Step { from: "http://www.host.test/some/path/", set: &["A=a"], holds: "A=a", sent: &everywhere_below },
        Step { from: "http://www.host.test/some/path/x.html", set: &["A=a"], holds: "A=a", sent: &everywhere_below },
        Step {
            from: "http://www.host.test/",
            set: &[
                "A=a; path=/foo/bar",
                "X=x; path=/foo/bar",
                "Y=y; path=/foo/bar/baz/qux",
                "B=b; path=/foo/bar/baz/qux",
                "C=c; path=/foo/bar/baz",
                "D=d; path=/foo",
            ],
            holds: "A=a B=b C=c D=d X=x Y=y",
            sent: &[
                ("http://www.host.test/foo/bar/baz/qux", "Y=y B=b C=c A=a X=x D=d"),
                ("http://www.host.test/foo/bar/baz/", "C=c A=a X=x D=d"),
                ("http://www.host.test/foo/bar", "A=a X=x D=d"),
            ],
        },
        Step {
            from: "http://www.host.test/",
            set: &[
                "A=1; path=/",
                "A=2; path=/path",
                "A=3; path=/quux",
                "A=4; path=/path/foo",
                "A=5; domain=.host.test; path=/path",
                "A=6; domain=.host.test; path=/quux",
                "A=7; domain=.host.test; path=/path/foo",
            ],
            holds: "A=1 A=2 A=3 A=4 A=5 A=6 A=7",
            sent: &[
                ("http://www.host.test/path", "A=2 A=5 A=1"),
                ("http://www.host.test/path/foo", "A=4 A=7 A=2 A=5 A=1"),
            ],
        },
        Step {
            from: "http://www.bbc.co.uk",
            set: &["a=1", "b=2; domain=co.uk"],
            holds: "a=1",
            sent: &[("http://www.bbc.co.uk", "a=1")],
        },
        Step {
            from: "http://192.168.0.10",
            set: &["a=1; domain=192.168.0.10", "b=2; domain=172.31.9.9", "c=3; domain=.192.168.0.10", "d=4"],
            holds: "a=1 d=4",
            sent: &[
                ("http://192.168.0.10", "a=1 d=4"),
                ("http://172.31.9.9", ""),
                ("http://fancy.192.168.0.10.test", ""),
            ],
        },
        Step {
            from: "http://www.host.test/",
            set: &[r#"a="in quotes""#, r#"b="with,commas""#, "c= ,"],
            holds: r#"a="in quotes" b="with,commas" c=" ,""#,
            sent: &[("http://www.host.test", r#"a="in quotes" b="with,commas" c=" ,""#)],
        },
    ]);
    // A zone cannot make an address look like a host below another: there is no URL with one.
    assert!(Url::parse("https://[::1%25.example.com]:80/").is_err());
}

/// Go: TestUpdateAndDelete
#[test]
fn a_cookie_is_replaced_and_deleted_by_whoever_may_set_it() {
    let (host, other) = ("http://www.host.test", "http://www.other.test");
    let past = "expires=Tue, 01 Jan 2013 11:59:50 GMT";
    let future = "expires=Tue, 01 Jan 2013 12:00:10 GMT";
    one_after_the_other(&[
        Step {
            from: host,
            set: &["a=1", "b=2; secure", "c=3; httponly", "d=4; secure; httponly"],
            holds: "a=1 b=2 c=3 d=4",
            sent: &[(host, "a=1 c=3"), ("https://www.host.test", "a=1 b=2 c=3 d=4")],
        },
        Step {
            from: host,
            set: &["a=w", "b=x; secure", "c=y; httponly", "d=z; secure; httponly"],
            holds: "a=w b=x c=y d=z",
            sent: &[(host, "a=w c=y"), ("https://www.host.test", "a=w b=x c=y d=z")],
        },
        Step {
            from: host,
            set: &["b=xx", "d=zz; httponly"],
            holds: "a=w b=xx c=y d=zz",
            sent: &[(host, "a=w b=xx c=y d=zz")],
        },
        Step {
            from: host,
            set: &[
                "a=1; max-Age=-1",
                &format!("b=2; {past}"),
                &format!("c=2; max-age=-1; {past}"),
                &format!("d=4; max-age=-1; {future}"),
            ],
            holds: "",
            sent: &[(host, "")],
        },
        Step {
            from: host,
            set: &["A=1", "A=2; path=/foo", "A=3; domain=.host.test", "A=4; path=/foo; domain=.host.test"],
            holds: "A=1 A=2 A=3 A=4",
            sent: &[("http://www.host.test/foo", "A=2 A=4 A=1 A=3")],
        },
        Step {
            from: other,
            set: &["A=6", "A=7; path=/foo", "A=8; domain=.other.test", "A=9; path=/foo; domain=.other.test"],
            holds: "A=1 A=2 A=3 A=4 A=6 A=7 A=8 A=9",
            sent: &[("http://www.other.test/foo", "A=7 A=9 A=6 A=8")],
        },
        Step {
            from: other,
            set: &["A=; path=/foo; max-age=-1"],
            holds: "A=1 A=2 A=3 A=4 A=6 A=8 A=9",
            sent: &[("http://www.other.test/foo", "A=9 A=6 A=8")],
        },
        Step {
            from: host,
            set: &["A=; path=/foo; domain=host.test; max-age=-1"],
            holds: "A=1 A=2 A=3 A=6 A=8 A=9",
            sent: &[("http://www.host.test/foo", "A=2 A=1 A=3")],
        },
        Step {
            from: host,
            set: &["A=; domain=other.test; max-age=-1", "A=; path=/foo; domain=other.test; max-age=-1"],
            holds: "A=1 A=2 A=3 A=6 A=8 A=9",
            sent: &[("http://www.other.test/foo", "A=9 A=6 A=8")],
        },
        Step {
            from: other,
            set: &[
                "A=; domain=other.test; max-age=-1",
                "A=; path=/foo; domain=other.test; max-age=-1",
                "A=; max-age=-1",
            ],
            holds: "A=1 A=2 A=3",
            sent: &[("http://www.host.test/foo", "A=2 A=1 A=3"), ("http://www.other.test/foo", "")],
        },
    ]);
}

/// Go: TestExpiration
#[test]
fn a_cookie_ends_at_its_second() {
    let host = "http://www.host.test";
    Step {
        from: host,
        set: &[
            "a=1",
            "b=2; max-age=3",
            "c=3; expires=Tue, 01 Jan 2013 12:00:03 GMT",
            "d=4; max-age=5",
            "e=5; expires=Tue, 01 Jan 2013 12:00:05 GMT",
            "f=6; max-age=100",
            "g=7; max-age=9223372036854775807",
        ],
        holds: "a=1 b=2 c=3 d=4 e=5 f=6 g=7",
        sent: &[
            (host, "a=1 b=2 c=3 d=4 e=5 f=6 g=7"), // 2.002 seconds after they were set
            (host, "a=1 d=4 e=5 f=6 g=7"),
            (host, "a=1 d=4 e=5 f=6 g=7"),
            (host, "a=1 f=6 g=7"),
            (host, "a=1 f=6 g=7"),
        ],
    }
    .on(&jar());
}

/// Go: TestChromiumBasics
#[test]
fn odd_domains_addresses_and_paths_are_treated_as_browsers_treat_them() {
    let www = "http://www.google.test";
    each_on_its_own(&[
        Step {
            from: www,
            set: &["a=1; domain=.www.google.test.", "b=2; domain=.www.google.test.."],
            holds: "",
            sent: &[(www, "")],
        },
        Step {
            from: "http://a.b.c.d.test",
            set: &[
                "a=1; domain=.a.b.c.d.test",
                "b=2; domain=.b.c.d.test",
                "c=3; domain=.c.d.test",
                "d=4; domain=.d.test",
                "X=bcd; domain=.b.c.d.test",
                "X=cd; domain=.c.d.test",
            ],
            holds: "X=bcd X=cd a=1 b=2 c=3 d=4",
            sent: &[
                ("http://b.c.d.test", "b=2 c=3 d=4 X=bcd X=cd"),
                ("http://c.d.test", "c=3 d=4 X=cd"),
                ("http://d.test", "d=4"),
            ],
        },
        Step {
            from: "http://foo.bar.test",
            set: &[
                "a=1; domain=.yo.foo.bar.test",
                "b=2; domain=.foo.test",
                "d=4; domain=.foo.bar.test.net",
                "e=5; domain=ar.test",
                "f=6; domain=.",
                "g=7; domain=/",
                "h=8; domain=http://foo.bar.test",
                "i=9; domain=..foo.bar.test",
                "k=11; domain=.foo.bar.test?blah",
                "l=12; domain=.foo.bar.test/blah",
                "m=12; domain=.foo.bar.test:80",
                "o=15; domain=.foo.bar.test#sup",
            ],
            holds: "",
            sent: &[("http://foo.bar.test", "")],
        },
        Step {
            from: "http://manage.hosted.front.test",
            set: &["a=1; domain=front.test"],
            holds: "a=1",
            sent: &[("http://www.front.test", "a=1"), ("http://elsefront.test", "")],
        },
        Step {
            from: www,
            set: &["a=1; domain=.GOOGLE.TEST", "b=2; domain=.www.gOOgLE.tesT"],
            holds: "a=1 b=2",
            sent: &[(www, "a=1 b=2"), ("http://sub.www.google.test", "a=1 b=2")],
        },
        Step {
            from: "http://1.2.3.4/foo",
            set: &[
                "a=1; path=/",
                "b=2; domain=1.2.3.4",
                "c=3; domain=.3.4",
                "d=4; domain=1.2.3.3",
                "e=5; domain=.1.2.3.4",
            ],
            holds: "a=1 b=2",
            sent: &[("http://1.2.3.4/foo", "a=1 b=2")],
        },
        Step {
            from: "http://com./index.html",
            set: &["a=1"],
            holds: "a=1",
            sent: &[("http://com./index.html", "a=1"), ("http://no-cookies.com./index.html", "")],
        },
        Step {
            from: "http://a.b",
            set: &["a=1; domain=.b", "b=2; domain=b"],
            holds: "",
            sent: &[("http://bar.foo", "")],
        },
        Step {
            from: "http://google.co.uk",
            set: &["a=1; domain=.co.uk", "b=2; domain=.uk"],
            holds: "",
            sent: &[("http://google.co.uk", ""), ("http://else.uk", "")],
        },
        Step {
            from: "http://www.google.izzle",
            set: &["a=1; path=/wee"],
            holds: "a=1",
            sent: &[
                ("http://www.google.izzle/wee", "a=1"),
                ("http://www.google.izzle/wee/war/more", "a=1"),
                ("http://www.google.izzle/weehee", ""),
                ("http://www.google.izzle/", ""),
            ],
        },
    ]);
}

/// Go: TestChromiumDeletion
#[test]
fn a_cookie_of_the_session_or_of_its_own_time_is_deleted_by_either_attribute() {
    let www = "http://www.google.test";
    let mut steps = Vec::new();
    for kept in ["a=1", "a=1; max-age=3600"] {
        for deleted in ["a=1; max-age=-1", "a=1; expires=Tue, 01 Jan 2013 11:59:50 GMT"] {
            steps.push((kept, "a=1"));
            steps.push((deleted, ""));
        }
    }
    let jar = jar();
    for (set, left) in steps {
        Step { from: www, set: &[set], holds: left, sent: &[(www, left)] }.on(&jar);
    }
    assert_eq!(format!("{jar:?}"), "Jar(0 cookies)");
}

/// Go: TestDomainHandling
#[test]
fn a_cookie_of_a_host_is_for_that_host_and_one_of_a_domain_for_all_below() {
    let all = |host: &str, domain: &str| {
        let hosts = ["www.HOST", "HOST", "bar.HOST", "foo.www.HOST"].map(|of| of.replace("HOST", host));
        (hosts, domain.to_owned())
    };
    for (spelling, ascii) in [("host.test", "host.test"), ("b\u{fc}cher.test", "xn--bcher-kva.test")] {
        for asks in [spelling, ascii] {
            let (hosts, domain) = all(asks, ascii);
            let urls = hosts.map(|host| format!("http://{host}"));
            let from = format!("http://www.{spelling}");
            let of_host = [(&*urls[0], "a=1"), (&*urls[1], ""), (&*urls[2], ""), (&*urls[3], ""), ("http://test", "")];
            Step { from: &from, set: &["a=1"], holds: "a=1", sent: &of_host }.on(&jar());
            for dot in ["", "."] {
                let set = format!("a=1; domain={dot}{domain}");
                let of_domain = [&*urls[0], &*urls[1], &*urls[2], &*urls[3]].map(|url| (url, "a=1"));
                Step { from: &from, set: &[&set], holds: "a=1", sent: &of_domain }.on(&jar());
                Step { from: &from, set: &[&set], holds: "a=1", sent: &[("http://other.test", "")] }.on(&jar());
            }
        }
    }
    each_on_its_own(&[
        Step {
            from: "http://com",
            set: &["a=1; domain=com"],
            holds: "a=1",
            sent: &[("http://com", "a=1"), ("http://any.com", ""), ("http://any.test", "")],
        },
        Step {
            from: "http://com",
            set: &["a=1"],
            holds: "a=1",
            sent: &[("http://com", "a=1"), ("http://any.com", "")],
        },
        Step {
            from: "http://co.uk",
            set: &["a=1"],
            holds: "a=1",
            sent: &[("http://co.uk", "a=1"), ("http://uk", ""), ("http://some.co.uk", "")],
        },
        Step {
            from: "http://some.co.uk",
            set: &["a=1; domain=co.uk"],
            holds: "",
            sent: &[("http://co.uk", ""), ("http://some.co.uk", ""), ("http://any.uk", "")],
        },
    ]);
}

/// The `url` crate has the algorithm. What it gives for the samples of RFC 3492 section 7.1 must be what Go gives.
///
/// Go: TestPunycode
#[test]
fn names_beyond_ascii_are_written_as_rfc_3492_says() {
    for (label, encoded) in [
        ("b\u{fc}cher", "bcher-kva"),
        ("\u{fc}", "tda"),
        ("\u{fc}\u{fd}", "tdac"),
        ("hello\u{4e16}\u{754c}", "hello-ck1hg65u"),
        (
            "\u{644}\u{64a}\u{647}\u{645}\u{627}\u{628}\u{62a}\u{643}\u{644}\u{645}\u{648}\u{634}\u{639}\u{631}\u{628}\u{64a}\u{61f}",
            "egbpdaj6bu4bxfgehfvwxn",
        ),
        ("\u{4ed6}\u{4eec}\u{4e3a}\u{4ec0}\u{4e48}\u{4e0d}\u{8bf4}\u{4e2d}\u{6587}", "ihqwcrb4cv8a8dqg056pqjye"),
        ("\u{4ed6}\u{5011}\u{7232}\u{4ec0}\u{9ebd}\u{4e0d}\u{8aaa}\u{4e2d}\u{6587}", "ihqwctvzc91f659drss3x8bo0yb"),
        ("pro\u{10d}prost\u{11b}nemluv\u{ed}\u{10d}esky", "proprostnemluvesky-uyb24dma41a"),
        (
            "\u{5dc}\u{5de}\u{5d4}\u{5d4}\u{5dd}\u{5e4}\u{5e9}\u{5d5}\u{5d8}\u{5dc}\u{5d0}\u{5de}\u{5d3}\u{5d1}\u{5e8}\u{5d9}\u{5dd}\u{5e2}\u{5d1}\u{5e8}\u{5d9}\u{5ea}",
            "4dbcagdahymbxekheh6e0a7fei0b",
        ),
        (
            "\u{306a}\u{305c}\u{307f}\u{3093}\u{306a}\u{65e5}\u{672c}\u{8a9e}\u{3092}\u{8a71}\u{3057}\u{3066}\u{304f}\u{308c}\u{306a}\u{3044}\u{306e}\u{304b}",
            "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa",
        ),
        (
            "\u{43f}\u{43e}\u{447}\u{435}\u{43c}\u{443}\u{436}\u{435}\u{43e}\u{43d}\u{438}\u{43d}\u{435}\u{433}\u{43e}\u{432}\u{43e}\u{440}\u{44f}\u{442}\u{43f}\u{43e}\u{440}\u{443}\u{441}\u{441}\u{43a}\u{438}",
            "b1abfaaepdrnnbgefbadotcwatmq2g4l",
        ),
        ("porqu\u{e9}nopuedensimplementehablarenespa\u{f1}ol", "porqunopuedensimplementehablarenespaol-fmd56a"),
        ("3\u{5e74}b\u{7d44}\u{91d1}\u{516b}\u{5148}\u{751f}", "3b-ww4c5e180e575a65lsy2b"),
        (
            "hello-another-way-\u{305d}\u{308c}\u{305e}\u{308c}\u{306e}\u{5834}\u{6240}",
            "hello-another-way--fc4qua05auwb3674vfr0b",
        ),
        ("\u{30d1}\u{30d5}\u{30a3}\u{30fc}de\u{30eb}\u{30f3}\u{30d0}", "de-jg4avhby1noc0d"),
        ("\u{305d}\u{306e}\u{30b9}\u{30d4}\u{30fc}\u{30c9}\u{3067}", "d9juau41awczczp"),
    ] {
        let host = Url::parse(&format!("http://{label}.test/")).ok().and_then(|url| url.host_str().map(str::to_owned));
        assert_eq!(host, Some(format!("xn--{encoded}.test")), "{label}");
    }
}
