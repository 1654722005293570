//! Who is not to be proxied: the value of `NO_PROXY`.
//!
//! Entries stand between commas; capitals and white space around them do not count. An entry is
//!
//! - `*`: nobody is to be proxied
//! - `192.0.2.0/24`, `2001:db8::/32`: the addresses of a network
//! - `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80`: one address, at any port or at one
//! - `example.com`, `example.com:80`: this host and those below it
//! - `.example.com`, `*.example.com`: those below it only
//!
//! An entry that is none of these is passed over.
//!
//! Go twin: golang.org/x/net/http/httpproxy (*config).init and (*config).useProxy

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// The list, read. No name is ever looked up for it.
#[derive(Clone, Debug, Default)]
pub struct NoProxy {
    everybody: bool,
    networks: Vec<IpNet>,
    addresses: Vec<Address>,
    domains: Vec<Domain>,
}

#[derive(Clone, Debug)]
struct Address {
    ip: IpAddr,
    port: Port,
}

#[derive(Clone, Debug)]
struct Domain {
    /// With a dot in front.
    suffix: String,
    /// The host itself is meant too.
    and_itself: bool,
    port: Port,
}

/// A port as it was written: what is no number is the port of nobody. Empty: any.
#[derive(Clone, Debug)]
struct Port(String);

impl Port {
    fn is(&self, port: u16) -> bool {
        self.0.is_empty() || self.0 == port.to_string()
    }
}

impl NoProxy {
    /// Reads a list. There is nothing that it refuses.
    pub fn new(list: &str) -> Self {
        let mut read = NoProxy::default();
        for entry in list.split(',') {
            read.add(&entry.trim().to_lowercase());
        }
        read
    }

    fn add(&mut self, entry: &str) {
        if entry == "*" {
            self.everybody = true;
            return;
        }
        if let Ok(network) = entry.parse::<IpNet>() {
            self.networks.push(canonical(network));
            return;
        }
        let (host, port) = split_host_port(entry).unwrap_or((entry, ""));
        let port = Port(port.to_owned());
        if let Ok(ip) = host.parse::<IpAddr>() {
            self.addresses.push(Address { ip: ip.to_canonical(), port });
            return;
        }
        let domain = if host.starts_with("*.") { &host[1..] } else { host };
        let below = domain.strip_prefix('.');
        let name = below.unwrap_or(domain);
        if !domain.is_empty() {
            self.domains.push(Domain { suffix: format!(".{}", idna_ascii(name)), and_itself: below.is_none(), port });
        }
    }

    /// Whether `target` is not to be proxied: it is on the list, or it is this machine.
    pub fn covers(&self, target: &Url) -> bool {
        // ANCHOR: covers
        let port = target.port_or_known_default().unwrap_or(0);
        match target.host() {
            // A target without a host has no connection anyway.
            None => true,
            Some(Host::Domain(host)) => host == "localhost" || self.everybody || self.covers_name(host, port),
            Some(Host::Ipv4(ip)) => self.covers_address(ip.into(), port),
            Some(Host::Ipv6(ip)) => self.covers_address(IpAddr::from(ip).to_canonical(), port),
        }
        // ANCHOR_END: covers
    }

    fn covers_name(&self, host: &str, port: u16) -> bool {
        self.domains.iter().any(|Domain { suffix, and_itself, port: wanted }| {
            wanted.is(port) && (host.ends_with(&**suffix) || *and_itself && host == &suffix[1..])
        })
    }

    fn covers_address(&self, ip: IpAddr, port: u16) -> bool {
        ip.is_loopback()
            || self.everybody
            || self.networks.iter().any(|network| network.contains(&ip))
            || self.addresses.iter().any(|wanted| wanted.ip == ip && wanted.port.is(port))
    }
}

/// An IPv4 network that was written inside of IPv6 is one of IPv4, as its addresses are.
fn canonical(network: IpNet) -> IpNet {
    /// How many bits stand before the IPv4 address in an IPv6 address.
    const BEFORE_IPV4: u8 = 96;
    let IpNet::V6(v6) = network else { return network };
    let ipv4 = Ipv6Addr::to_ipv4_mapped(&v6.addr()).zip(v6.prefix_len().checked_sub(BEFORE_IPV4));
    ipv4.and_then(|(ip, bits): (Ipv4Addr, u8)| IpNet::new(ip.into(), bits).ok()).unwrap_or(network)
}

/// The name as it stands in a request; what is no name stays as it is.
fn idna_ascii(name: &str) -> String {
    match Host::parse(name) {
        Ok(Host::Domain(ascii)) if !name.is_ascii() => ascii,
        Ok(_) | Err(_) => name.to_owned(),
    }
}

/// Go: net.SplitHostPort
fn split_host_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match inside {
        Some(inside) => inside,
        None if host.contains(':') => return None,
        None => host,
    };
    let stray = |part: &str| part.contains(['[', ']']);
    (!stray(host) && !stray(port)).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a request to `target` (`host`, `host:port`) is spared the proxy.
    fn covers(list: &str, target: &str) -> bool {
        NoProxy::new(list).covers(&Url::parse(&format!("http://{target}/")).unwrap())
    }

    #[test]
    fn this_machine_is_never_proxied() {
        for target in
            ["localhost", "localhost:8080", "127.0.0.1", "127.0.0.2:80", "[::1]", "[::1]:80", "[::ffff:127.0.0.1]"]
        {
            assert!(covers("", target), "{target}");
        }
        for target in ["local.localhost", "example.com", "128.0.0.1", "[::2]"] {
            assert!(!covers("", target), "{target}");
        }
    }

    #[test]
    fn a_host_covers_itself_and_those_below_it() {
        let list = "foobar.com, .barbaz.net , *.Example.ORG";
        for target in
            ["foobar.com", "www.foobar.com", "foobar.com:80", "FOOBAR.com", "foo.barbaz.net", "a.b.example.org"]
        {
            assert!(covers(list, target), "{target}");
        }
        for target in ["www.foofoobar.com", "barbaz.net", "example.org", "foobar.com.evil.tld", "bar.com"] {
            assert!(!covers(list, target), "{target}");
        }
    }

    #[test]
    fn a_port_narrows_an_entry() {
        assert!(covers("foo.bar:8080", "foo.bar:8080") && covers("foo.bar:80", "www.foo.bar"));
        assert!(!covers("foo.bar:8080", "foo.bar") && !covers("foo.bar:http", "foo.bar"));
        assert!(covers("foo.bar:", "foo.bar:8080"));
        assert!(covers("192.0.2.1:80", "192.0.2.1") && !covers("192.0.2.1:81", "192.0.2.1"));
        assert!(covers("[2001:db8::1]:80", "[2001:db8::1]") && !covers("[2001:db8::1]:81", "[2001:db8::1]"));
    }

    #[test]
    fn addresses_and_networks() {
        let list = "192.0.2.1, 10.0.0.0/8, 2001:db8::52:0:1, 2001:db8:cafe::/48, ::ffff:198.51.100.0/120";
        for target in
            ["192.0.2.1", "10.1.2.3", "[2001:db8::52:0:1]", "[2001:db8:cafe::1]", "[::ffff:192.0.2.1]", "198.51.100.7"]
        {
            assert!(covers(list, target), "{target}");
        }
        for target in ["192.0.2.2", "11.1.2.3", "[2001:db8::52:0:2]", "[2001:db8:caff::1]", "198.51.101.7"] {
            assert!(!covers(list, target), "{target}");
        }
        assert!(covers("10.1.2.3/8", "10.9.9.9"), "what is not the network's does not count");
        assert!(!covers("2.1", "192.0.2.1"), "an address has no hosts below it");
        assert!(!covers("[2001:db8::1]", "[2001:db8::1]"), "brackets are for a port that follows, as in Go");
    }

    #[test]
    fn a_star_covers_everybody() {
        assert!(covers("a, *, b", "example.com") && covers("*", "192.0.2.1") && !covers("*x", "example.com"));
    }

    #[test]
    fn names_beyond_ascii_are_compared_as_they_are_sent() {
        assert!(covers("bücher.example", "xn--bcher-kva.example") && covers(".BÜCHER.example", "a.bücher.example"));
        assert!(!covers("bücher.example", "bucher.example"));
    }

    #[test]
    fn entries_that_mean_nothing_are_passed_over() {
        for list in ["", ",,", " , ", ":80", ":", "10.0.0.0/33", "[", "a b", "[x]:80", "%"] {
            assert!(!covers(list, "example.com") && !covers(list, "10.0.0.1"), "{list:?}");
        }
        assert!(covers(":80,,example.com", "example.com"));
    }
}
