//! The client over real sockets: a counted runtime on this side, a scripted origin on the other.

mod chain;
#[cfg(feature = "gzip")]
mod compression;
mod conveniences;
mod errors;
mod exits_on_sockets;
mod hostile;
mod journey;
mod leak_check;
mod nginx;
mod pool;
#[cfg(feature = "tls")]
mod proxy;
#[cfg(all(feature = "socks", feature = "tls"))]
mod real_proxies;
mod redirects;
mod soak;
#[cfg(all(feature = "socks", feature = "tls"))]
mod socks;
mod splitting;
mod support;
#[cfg(feature = "tls")]
mod tls;
