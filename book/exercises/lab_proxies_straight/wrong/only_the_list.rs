//! Who is not proxied.

/// Whether a request to `host` and `port` goes straight, past the proxy.
///
/// `no_proxy` is the value of `NO_PROXY`: entries between commas, with or without blanks around them. An entry is a name,
/// or a name with a dot before it, either with or without `:port`. All names are in lower case.
pub fn straight(no_proxy: &str, host: &str, port: u16) -> bool {
    no_proxy.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let (name, wanted) = entry.rsplit_once(':').unwrap_or((entry, ""));
        if !wanted.is_empty() && wanted != port.to_string() {
            return false;
        }
        match name.strip_prefix('.') {
            Some(_) => host.ends_with(name),
            None => host == name || host.ends_with(&format!(".{name}")),
        }
    })
}
