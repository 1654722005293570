//! Who decides on the protocol, and what follows for the count.

use lab_tls_agree::{NoApplicationProtocol, agree, left};

#[test]
fn what_both_speak_is_spoken() {
    assert_eq!(agree(&["http/1.1"], &["h2", "http/1.1"]), Ok(Some("http/1.1")));
    assert_eq!(agree(&["h2", "http/1.1"], &["http/1.1"]), Ok(Some("http/1.1")));
}

#[test]
fn the_server_decides() {
    let why = "the server's own order counts, not the client's";
    assert_eq!(agree(&["http/1.1", "h2"], &["h2", "http/1.1"]), Ok(Some("h2")), "{why}");
    assert_eq!(agree(&["h2", "http/1.1"], &["http/1.1", "h2"]), Ok(Some("http/1.1")), "{why}");
}

#[test]
fn nothing_in_common_ends_the_handshake() {
    assert_eq!(agree(&["http/1.1"], &["h2"]), Err(NoApplicationProtocol), "nothing in common is an alert");
}

#[test]
fn who_takes_no_part_is_not_refused() {
    assert_eq!(agree(&[], &["h2", "http/1.1"]), Ok(None), "silence is no refusal");
    assert_eq!(agree(&["h2", "http/1.1"], &[]), Ok(None), "silence is no refusal");
}

#[test]
fn the_count_follows_the_protocol() {
    assert_eq!(left(Some("h2")), 2, "one goroutine reads an HTTP/2 connection");
    assert_eq!(left(Some("http/1.1")), 3, "an HTTP/1.1 connection has two loops");
    assert_eq!(left(None), 3, "without ALPN it is HTTP/1.1");
}
