//! The environment's rules, as Go answered.

use lab_proxies_straight::straight;

const LIST: &str = "example.com, .inside.test,other.test:8080";

#[test]
fn this_machine_goes_straight() {
    for host in ["localhost", "127.0.0.1", "127.0.0.2", "::1"] {
        assert!(straight("", host, 80), "this machine is never proxied: {host}");
    }
    assert!(!straight("", "my.localhost", 80), "only the name itself");
    assert!(!straight("", "128.0.0.1", 80));
}

#[test]
fn an_entry_is_a_host_and_those_below_it() {
    assert!(straight(LIST, "example.com", 80));
    assert!(straight(LIST, "www.example.com", 443));
    assert!(!straight(LIST, "notexample.com", 80), "notexample.com belongs to somebody else");
    assert!(!straight(LIST, "a.test", 80));
}

#[test]
fn a_dot_in_front_leaves_the_host_itself_out() {
    assert!(straight(LIST, "db.inside.test", 80));
    assert!(!straight(LIST, "inside.test", 80));
}

#[test]
fn a_port_narrows_an_entry() {
    assert!(straight(LIST, "other.test", 8080));
    assert!(!straight(LIST, "other.test", 80), "another port is another server");
}

#[test]
fn an_empty_list_names_nobody() {
    assert!(!straight("", "a.test", 80));
    assert!(!straight(",, ", "a.test", 80));
}
