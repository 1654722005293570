//! The key and the list, as the chapter has them.

use ch10_pool_key_and_lru::{Ask, Conn, IdleList, Key, Put, Scheme, key};

const PLAIN: Ask<'_> = Ask { proxy: None, scheme: Scheme::Http, host: "a.test", port: None, path: "/" };
const SECURED: Ask<'_> = Ask { scheme: Scheme::Https, ..PLAIN };
const PROXY: Option<&str> = Some("http://proxy.test:3128");
const PROXIED: Ask<'_> = Ask { proxy: PROXY, ..PLAIN };
const TUNNELLED: Ask<'_> = Ask { proxy: PROXY, ..SECURED };

fn share(one: Ask<'_>, other: Ask<'_>, why: &str) {
    assert_eq!(key(&one), key(&other), "these may share a connection, {why}: {one:?} and {other:?}");
}

fn differ(one: Ask<'_>, other: Ask<'_>, why: &str) {
    assert_ne!(key(&one), key(&other), "these may not share a connection, {why}: {one:?} and {other:?}");
}

#[test]
fn the_path_does_not_matter() {
    share(PLAIN, Ask { path: "/elsewhere", ..PLAIN }, "since the path is said anew with each request");
    share(TUNNELLED, Ask { path: "/elsewhere", ..TUNNELLED }, "since the path is said anew with each request");
}

#[test]
fn the_case_of_the_host_does_not_matter() {
    share(PLAIN, Ask { host: "A.Test", ..PLAIN }, "since a name is the same in capitals");
}

#[test]
fn a_default_port_is_the_same_said_or_not() {
    share(PLAIN, Ask { port: Some(80), ..PLAIN }, "since 80 is http's own port");
    share(SECURED, Ask { port: Some(443), ..SECURED }, "since 443 is https's own port");
    share(TUNNELLED, Ask { port: Some(443), ..TUNNELLED }, "since 443 is https's own port");
}

#[test]
fn another_host_port_or_scheme_is_another_connection() {
    differ(PLAIN, Ask { host: "b.test", ..PLAIN }, "since they lead to two hosts");
    differ(PLAIN, Ask { port: Some(8080), ..PLAIN }, "and the same domain is not enough: the ports are two");
    differ(PLAIN, Ask { port: Some(443), ..PLAIN }, "and the same domain is not enough: the ports are two");
    differ(
        Ask { port: Some(8080), ..PLAIN },
        Ask { port: Some(8080), ..SECURED },
        "and the same domain is not enough: one of them speaks TLS",
    );
}

#[test]
fn another_proxy_is_another_connection() {
    let elsewhere = Some("http://other-proxy.test:3128");
    differ(PLAIN, PROXIED, "since one of them leads to the proxy");
    differ(SECURED, TUNNELLED, "since one of them leads through the proxy");
    differ(PROXIED, Ask { proxy: elsewhere, ..PROXIED }, "since they lead to two proxies");
    differ(TUNNELLED, Ask { proxy: elsewhere, ..TUNNELLED }, "since they lead to two proxies");
}

#[test]
fn plain_http_through_a_proxy_is_the_same_connection_for_all_servers() {
    let why = "since a proxy sends plain requests on to whichever server they name";
    share(PROXIED, Ask { host: "b.test", ..PROXIED }, why);
    share(PROXIED, Ask { port: Some(8080), ..PROXIED }, why);
}

#[test]
fn a_tunnel_leads_to_one_server() {
    differ(TUNNELLED, Ask { host: "b.test", ..TUNNELLED }, "since a tunnel leads to one server");
    differ(TUNNELLED, Ask { port: Some(8443), ..TUNNELLED }, "since a tunnel leads to one server");
    differ(PROXIED, TUNNELLED, "since one of them is a tunnel");
}

fn host(name: &str) -> Key {
    key(&Ask { host: name, ..PLAIN })
}

const KEPT: Put = Put::Kept { evicted: None };

#[test]
fn what_was_put_can_be_taken_once() {
    let mut list = IdleList::new(2, 3);
    assert_eq!(list.put(host("a"), Conn(1)), KEPT);
    assert_eq!(list.take(&host("b")), None, "a connection was given out for a key that is not its own");
    assert_eq!(list.take(&host("a")), Some(Conn(1)));
    assert_eq!(list.take(&host("a")), None);
}

#[test]
fn the_one_that_was_used_last_goes_first() {
    let mut list = IdleList::new(2, 3);
    assert_eq!(list.put(host("a"), Conn(1)), KEPT);
    assert_eq!(list.put(host("a"), Conn(2)), KEPT);
    assert_eq!(list.take(&host("a")), Some(Conn(2)), "the one that was used last goes first");
    assert_eq!(list.take(&host("a")), Some(Conn(1)));
}

#[test]
fn a_third_of_one_host_is_refused() {
    let mut list = IdleList::new(2, 3);
    assert_eq!(list.put(host("a"), Conn(1)), KEPT);
    assert_eq!(list.put(host("a"), Conn(2)), KEPT);
    let third = list.put(host("a"), Conn(3));
    assert_eq!(third, Put::Refused(Conn(3)), "a third connection of one key is refused, and nobody makes room for it");
    assert_eq!(list.put(host("b"), Conn(4)), KEPT, "another key has places of its own");
    assert_eq!(
        list.take(&host("a")),
        Some(Conn(2)),
        "what was refused is not in the list, and what was there still is"
    );
    assert_eq!(list.put(host("a"), Conn(5)), KEPT, "a place that was taken out is free again");
}

#[test]
fn the_one_that_has_been_idle_longest_makes_room() {
    let mut list = IdleList::new(2, 3);
    for (name, number) in [("a", 1), ("b", 2), ("c", 3)] {
        assert_eq!(list.put(host(name), Conn(number)), KEPT);
    }
    let fourth = list.put(host("d"), Conn(4));
    assert_eq!(fourth, Put::Kept { evicted: Some(Conn(1)) }, "the one that has been idle longest makes room");
    assert_eq!(list.take(&host("a")), None, "what was evicted is not in the list");
    assert_eq!(list.take(&host("d")), Some(Conn(4)));
}

#[test]
fn a_connection_that_was_used_again_is_young_again() {
    let mut list = IdleList::new(2, 3);
    for (name, number) in [("a", 1), ("b", 2), ("c", 3)] {
        assert_eq!(list.put(host(name), Conn(number)), KEPT);
    }
    let again = list.take(&host("a")).expect("it was put there");
    assert_eq!(list.put(host("a"), again), KEPT);
    let fourth = list.put(host("d"), Conn(4));
    let why = "the one that has been idle longest makes room, and the first was used a moment ago";
    assert_eq!(fourth, Put::Kept { evicted: Some(Conn(2)) }, "{why}");
}

#[test]
fn a_refused_connection_evicts_nobody() {
    let mut list = IdleList::new(2, 3);
    for (name, number) in [("b", 1), ("a", 2), ("a", 3)] {
        assert_eq!(list.put(host(name), Conn(number)), KEPT);
    }
    assert_eq!(list.put(host("a"), Conn(4)), Put::Refused(Conn(4)), "a third connection of one key is refused");
    assert_eq!(list.take(&host("b")), Some(Conn(1)), "what was refused has evicted another");
}
