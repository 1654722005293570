use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use super::*;
use crate::request::Request;
use crate::response::Response;

fn header(name: HeaderName, lines: impl IntoIterator<Item = impl AsRef<[u8]>>) -> HeaderMap {
    let value = |line: &[u8]| HeaderValue::from_bytes(line).expect("no control characters");
    lines.into_iter().map(|line| (name.clone(), value(line.as_ref()))).collect()
}

fn request(lines: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Request {
    let mut request = Request::new(Method::GET, Url::parse("http://example.test/").expect("a URL"));
    request.header = header(COOKIE, lines);
    request
}

fn response(lines: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Response {
    let mut response = Response::new(200);
    response.header = header(SET_COOKIE, lines);
    response
}

fn quoted(name: &str, value: &str) -> Cookie {
    Cookie { quoted: true, ..Cookie::new(name, value) }
}

/// Go: TestAddCookie
#[test]
fn cookies_that_are_added_stand_in_one_field() {
    let plain = |name| Cookie::new(name, "v$");
    for (cookies, field) in [
        (vec![], None),
        (vec![plain("one")], Some("one=v$")),
        (vec![plain("one"), plain("two"), plain("three")], Some("one=v$; two=v$; three=v$")),
        (vec![quoted("one", "in quotes"), quoted("two", "a,b")], Some(r#"one="in quotes"; two="a,b""#)),
        (vec![Cookie::new("a\r\nb", "c;\r\nd\\\"\u{e9}")], Some("a--b=cd")),
    ] {
        let mut request = request([""; 0]);
        for cookie in &cookies {
            request.add_cookie(cookie).expect("it can stand in a header");
        }
        let found = request.header.get(COOKIE).map(|value| value.to_str().expect("text"));
        assert_eq!(found, field);
        assert!(request.header.len() <= 1);
    }
}

#[test]
fn a_cookie_that_cannot_stand_in_a_header_is_refused_and_changes_nothing() {
    let mut request = request(["a=1"]);
    let error = request.add_cookie(&Cookie::new("b\0", "2")).expect_err("a control character");
    assert_eq!(error.to_string(), r#"net/http: invalid header field value for "Cookie""#);
    assert_eq!(request.header[COOKIE], "a=1");
}

/// All that a line of `Set-Cookie` can be read as; the text itself is added.
fn lines_and_cookies() -> Vec<(&'static str, Cookie)> {
    let site = |same_site| Cookie { same_site: Some(same_site), ..Cookie::new("s", "foo") };
    let mut table = vec![
        ("Name-1=v$1", Cookie::new("Name-1", "v$1")),
        (
            "ID=99=Yx; expires=Wed, 23-Nov-2011 01:05:03 GMT; path=/; domain=.example.test; HttpOnly",
            Cookie {
                path: "/".into(),
                domain: ".example.test".into(),
                http_only: true,
                expires: Some(1_322_010_303),
                raw_expires: "Wed, 23-Nov-2011 01:05:03 GMT".into(),
                ..Cookie::new("ID", "99=Yx")
            },
        ),
        (
            ".AUTH=7E3; Expires=Wed, 07 Mar 2012 14:25:06 UTC; SECURE; Max-Age=30; Partitioned",
            Cookie {
                expires: Some(1_331_130_306),
                raw_expires: "Wed, 07 Mar 2012 14:25:06 UTC".into(),
                secure: true,
                max_age: Some(Duration::from_secs(30)),
                partitioned: true,
                ..Cookie::new(".AUTH", "7E3")
            },
        ),
        ("s=foo; SameSite", site(SameSite::Default)),
        ("s=foo; SameSite=invalid", site(SameSite::Default)),
        ("s=foo; SameSite=Lax", site(SameSite::Lax)),
        ("s=foo; samesite=STRICT", site(SameSite::Strict)),
        ("s=foo; SameSite=None", site(SameSite::None)),
        ("blank=a z", Cookie::new("blank", "a z")),
        ("blank=\" z\"", quoted("blank", " z")),
        ("blank=\" \"", quoted("blank", " ")),
        ("comma=a,", Cookie::new("comma", "a,")),
        ("comma=\",\"", quoted("comma", ",")),
        ("blank-before =\",\"", quoted("blank-before", ",")),
        ("quotes=\"in quotes\"", quoted("quotes", "in quotes")),
        ("empty=", Cookie::new("empty", "")),
        ("gone=; max-age=0", Cookie { max_age: Some(Duration::ZERO), ..Cookie::new("gone", "") }),
        ("gone=; max-age=-7;;", Cookie { max_age: Some(Duration::ZERO), ..Cookie::new("gone", "") }),
        (
            "odd=1; max-age=07; max-age=\"3\"; expires=soon; what; Path=/a\u{e9}",
            Cookie {
                raw_expires: "soon".into(),
                unparsed: ["max-age=07", "max-age=\"3\"", "expires=soon", "what", "Path=/a\u{e9}"]
                    .map(str::to_owned)
                    .into(),
                ..Cookie::new("odd", "1")
            },
        ),
    ];
    for (line, cookie) in &mut table {
        cookie.raw = (*line).to_owned();
    }
    table
}

/// Go: TestParseSetCookie
#[test]
fn a_line_that_sets_a_cookie_is_read_as_in_go() {
    for (line, cookie) in lines_and_cookies() {
        assert_eq!(Cookie::parse_set_cookie(line), Ok(cookie), "{line}");
    }
    for (line, fault) in [
        ("", "http: blank cookie"),
        (" \t", "http: blank cookie"),
        ("no equal", "http: '=' not found in cookie"),
        ("; a=1", "http: '=' not found in cookie"),
        ("=v", "http: invalid cookie name"),
        ("a b=v", "http: invalid cookie name"),
        ("k=\\", "http: invalid cookie value"),
        ("k=\"", "http: invalid cookie value"),
        ("k=\u{e9}", "http: invalid cookie value"),
    ] {
        assert_eq!(Cookie::parse_set_cookie(line).expect_err(line).to_string(), fault, "{line}");
    }
}

/// Go: TestReadSetCookies
#[test]
fn a_response_has_the_cookies_that_can_be_read_up_to_a_number() {
    let table = lines_and_cookies();
    for (line, cookie) in &table {
        let response = response([line]);
        for _twice in 0..2 {
            assert_eq!(response.cookies(), std::slice::from_ref(cookie), "reading alters nothing");
        }
    }
    let all = response(table.iter().map(|(line, _)| *line).chain(["not one", "=v"]));
    assert_eq!(all.cookies(), table.into_iter().map(|(_, cookie)| cookie).collect::<Vec<_>>());
    assert_eq!(response([""; 0]).cookies(), []);
    assert_eq!(response(vec!["a="; COOKIE_MAX_NUM]).cookies().len(), COOKIE_MAX_NUM);
    assert_eq!(response(vec!["a="; COOKIE_MAX_NUM + 1]).cookies(), [], "of too many, none is read");
    assert_eq!(response([b"a=\xff".as_slice(), b"b=1; path=\xff"]).cookies()[0].name, "b");
}

/// Go: TestReadCookies
#[test]
fn a_request_has_the_cookies_that_can_be_read_up_to_a_number() {
    let (one, two) = (Cookie::new("one", "v$1"), Cookie::new("two", "v2"));
    for (lines, cookies) in [
        (vec!["one=v$1", "two=v2"], vec![one.clone(), two.clone()]),
        (vec!["one=v$1; two=v2"], vec![one.clone(), two.clone()]),
        (vec![r#"one="v$1"; two="v2""#], vec![quoted("one", "v$1"), quoted("two", "v2")]),
        (vec!["one =v$1;; two=v2;"], vec![one.clone(), two.clone()]),
        (vec!["a b=1; =2; one=v$1; c=\\"], vec![one.clone()]),
        (vec!["bare"], vec![Cookie::new("bare", "")]),
        (vec![""], vec![]),
    ] {
        let request = request(&lines);
        for _twice in 0..2 {
            assert_eq!(request.cookies(), cookies, "{lines:?}");
        }
        let named: Vec<Cookie> = cookies.into_iter().filter(|cookie| cookie.name == "two").collect();
        assert_eq!(request.cookies_named("two"), named);
        assert_eq!(request.cookie("two").ok(), named.first().cloned());
    }
    let absent = request(["one=1"]).cookie("two").expect_err("it is not there");
    assert_eq!(absent.to_string(), "http: named cookie not present");
    assert_eq!(request([["a="; COOKIE_MAX_NUM].join(";")]).cookies().len(), COOKIE_MAX_NUM);
    assert_eq!(request([["a="; COOKIE_MAX_NUM + 1].join(";")]).cookies(), [], "in one field");
    assert_eq!(request(["a="; COOKIE_MAX_NUM + 1]).cookies(), [], "in many fields");
}

#[test]
fn a_field_of_cookies_is_read_strictly_where_that_is_asked_for() {
    assert_eq!(Cookie::parse_cookie("a=1;b=\"2\""), Ok(vec![Cookie::new("a", "1"), quoted("b", "2")]));
    for (line, fault) in [
        ("", CookieError::Blank),
        ("a=1;", CookieError::EqualNotFound),
        ("a", CookieError::EqualNotFound),
        ("=1", CookieError::InvalidName),
        ("a =1", CookieError::InvalidName),
        ("a=\\", CookieError::InvalidValue),
    ] {
        assert_eq!(Cookie::parse_cookie(line), Err(fault), "{line}");
    }
    assert_eq!(Cookie::parse_cookie(&["a="; COOKIE_MAX_NUM + 1].join(";")), Err(CookieError::TooMany));
}

/// Go: TestSetCookieDoubleQuotes
#[test]
fn quotes_belong_to_the_value_and_not_to_an_attribute() {
    let read = |line| {
        let cookie = response([line]).cookies().remove(0);
        (cookie.value, cookie.max_age.map(|age| age.as_secs()))
    };
    assert_eq!(read("a=none; max-age=30"), ("none".to_owned(), Some(30)));
    assert_eq!(read("a=\"value\"; max-age=31"), ("value".to_owned(), Some(31)));
    assert_eq!(read("a=attribute; max-age=\"32\""), ("attribute".to_owned(), None));
    assert_eq!(read("a=\"both\"; max-age=\"33\""), ("both".to_owned(), None));
}

/// Go: TestCookieSanitizeValue
#[test]
fn a_value_is_written_without_what_must_not_stand_there_and_in_quotes_where_it_has_blanks_or_commas() {
    for (value, quoted, written) in [
        ("foo", false, "foo"),
        ("foo;bar", false, "foobar"),
        (r"foo\bar", false, "foobar"),
        ("foo\"bar", false, "foobar"),
        ("\0\x7e\x7f\u{80}", false, "\x7e"),
        ("quotes", true, "\"quotes\""),
        ("\"quotes\"", true, "\"quotes\""),
        ("a z", false, "\"a z\""),
        (" z", false, "\" z\""),
        ("a,", false, "\"a,\""),
        ("", true, "\"\""),
    ] {
        assert_eq!(Cookie { quoted, ..Cookie::new("a", value) }.pair(), format!("a={written}"));
    }
}

/// Go: TestCookieSanitizePath
#[test]
fn a_path_is_written_without_what_must_not_stand_there() {
    for (path, written) in
        [("/path", "/path"), ("/with a blank/", "/with a blank/"), ("/no;semi\0colons;/", "/nosemicolons/")]
    {
        assert_eq!(Cookie { path: path.into(), ..Cookie::new("a", "1") }.to_string(), format!("a=1; Path={written}"));
    }
}

#[test]
fn a_cookie_is_written_as_a_server_writes_it() {
    let cookie = Cookie {
        path: "/restricted/".into(),
        domain: ".example.test".into(),
        expires: Some(1_257_894_000),
        max_age: Some(Duration::from_secs(3600)),
        http_only: true,
        secure: true,
        same_site: Some(SameSite::Lax),
        partitioned: true,
        ..Cookie::new("cookie-9", "i3e")
    };
    let text = "cookie-9=i3e; Path=/restricted/; Domain=example.test; Expires=Tue, 10 Nov 2009 23:00:00 GMT; \
                Max-Age=3600; HttpOnly; Secure; SameSite=Lax; Partitioned";
    assert_eq!(cookie.to_string(), text);
    assert_eq!(Cookie { domain: "a b".into(), ..Cookie::new("a", "1") }.to_string(), "a=1", "no domain");
    assert_eq!(Cookie::new("a b", "1").to_string(), "");
}

#[test]
fn the_first_fault_of_a_cookie_is_named() {
    let fault = |cookie: Cookie| cookie.valid().map_or_else(|error| error.to_string(), |()| String::new());
    let cookie = || Cookie::new("a", "1");
    let early = -12_000_000_000;
    assert_eq!(fault(cookie()), "");
    assert_eq!(fault(Cookie::new("", "")), "http: invalid Cookie.Name");
    assert_eq!(fault(Cookie::new("a", "foo\"bar")), "http: invalid byte '\"' in Cookie.Value");
    assert_eq!(fault(Cookie { path: "/a;b".into(), ..cookie() }), "http: invalid byte ';' in Cookie.Path");
    assert_eq!(fault(Cookie { domain: "a.test:80".into(), ..cookie() }), "http: invalid Cookie.Domain");
    assert_eq!(fault(Cookie { expires: Some(early), ..cookie() }), "http: invalid Cookie.Expires");
    let partitioned = Cookie { partitioned: true, ..cookie() };
    assert_eq!(fault(partitioned.clone()), "http: partitioned cookies must be set with Secure");
    assert_eq!(fault(Cookie { secure: true, ..partitioned }), "");
}

#[test]
fn a_domain_is_a_host_name_or_an_address() {
    for name in ["a.test", ".a.test", "a.test.", "127.0.0.1", "x--y.test", "1a"] {
        assert!(is_cookie_domain(name), "{name}");
    }
    for name in ["", ".", "..a", "a..b", "-a.test", "a-.test", "a_b", "1.2", "::1", "a b", "\u{e9}.test"] {
        assert!(!is_cookie_domain(name), "{name}");
    }
    assert!(is_cookie_domain(&"a".repeat(63)) && !is_cookie_domain(&"a".repeat(64)));
}
