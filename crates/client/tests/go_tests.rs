//! What Go's own tests ask of an HTTP/1 client, asked of this one. Each test names its twin; `go_rows.rs` keeps the list.

#[expect(dead_code, reason = "the stage serves several test programs, each of which uses a part of it")]
mod support;

mod go {
    mod body;
    mod cancel;
    mod client;
    mod client_timeout;
    #[cfg(feature = "gzip")]
    mod compression;
    mod cookies;
    mod dial;
    mod expect_continue;
    mod framing;
    mod headers;
    mod limits;
    mod one_xx;
    #[cfg(feature = "tls")]
    mod proxy;
    mod redirect;
    mod retry;
    mod streams;
    mod texts;
    mod timeouts;
    #[cfg(feature = "tls")]
    mod tls;
    mod trace;
    mod upgrade;
}
