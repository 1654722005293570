//! Who is not proxied.

/// Whether a request to `host` and `port` goes straight, past the proxy.
///
/// `no_proxy` is the value of `NO_PROXY`: entries between commas, with or without blanks around them. An entry is a name,
/// or a name with a dot before it, either with or without `:port`. All names are in lower case.
pub fn straight(no_proxy: &str, host: &str, port: u16) -> bool {
    let _ = (no_proxy, host, port);
    todo!("who comes before the list, and what does an entry mean?")
}
