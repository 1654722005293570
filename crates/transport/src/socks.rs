//! Asking a SOCKS5 proxy for a way to the target (RFC 1928, RFC 1929).
//!
//! The protocol is tokio-socks'; here its verdicts get Go's words.
//!
//! Go twin: golang.org/x/net/internal/socks

use std::time::Duration;

use httptrace::{BoxIo, Runtime, select};
use persistconn::IoError;
use tokio_socks::tcp::Socks5Stream;

use crate::error::{Error, SocksFault, SocksReply};
use crate::key::host_of;
use crate::proxy::Hop;

/// How long a proxy may take over all of it.
///
/// Differs from Go: there is such a limit, the one that CONNECT has. Go waits as long as the proxy is silent, and the
/// dial holds a place among those of its host meanwhile.
const PROXY_TIME: Duration = Duration::from_secs(60);

/// Asks `proxy`, which is at the other end of `io`, for a way to `target`, which is `host:port`. A name is looked up
/// by the proxy, and by nobody here.
///
/// # Errors
///
/// [`Error::Socks`]
///
/// # Cancel safety
///
/// Dropping the future closes `io`.
///
/// Go: socks_bundle.go (*socksDialer).DialWithConn
#[doc(alias = "DialWithConn")]
pub(crate) async fn connect(rt: &dyn Runtime, io: BoxIo, proxy: &Hop, target: &str) -> Result<BoxIo, Error> {
    let addr = io.addrs().map_or_else(|| proxy.addr().to_owned(), |(_here, proxy)| proxy.to_string());
    // - talk: the proxy. Dropping it closes the stream.
    // - timer: the clock. Cancel-safe: a time does not come back.
    let talked = select! {
        talked = talk(io, proxy, target) => talked,
        () = rt.timer(rt.now() + PROXY_TIME) => Err(SocksFault::Timeout),
    };
    talked.map_err(|fault| Error::Socks { proxy: addr, target: target.to_owned(), fault })
}

async fn talk(io: BoxIo, proxy: &Hop, target: &str) -> Result<BoxIo, SocksFault> {
    let peers = io.addrs();
    let port = target.rsplit_once(':').and_then(|(_host, port)| port.parse().ok());
    let to = (host_of(target), port.ok_or(SocksFault::Malformed("port number out of range"))?);
    let stream = match proxy.credentials() {
        Some((user, password)) => Socks5Stream::connect_with_password_and_socket(io, to, &user, &password).await,
        None => Socks5Stream::connect_with_socket(io, to).await,
    };
    stream.map(Socks5Stream::into_inner).map_err(|error| fault(error, peers))
}

type Peers = Option<(std::net::SocketAddr, std::net::SocketAddr)>;

fn fault(error: tokio_socks::Error, peers: Peers) -> SocksFault {
    use tokio_socks::Error as E;
    let reply = SocksFault::Reply;
    match error {
        E::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => SocksFault::Eof,
        E::Io(error) => SocksFault::Io(match peers {
            Some((here, proxy)) => IoError::new(&format!("read tcp {here}->{proxy}: read"), &error),
            None => IoError::bare(&error),
        }),
        E::InvalidResponseVersion => SocksFault::Version,
        // Differs from Go: a proxy that asks for a password where there is none is left. Go goes on, to be refused
        // then.
        E::NoAcceptableAuthMethods | E::AuthorizationRequired => SocksFault::NoAcceptableMethods,
        // The library says the same of a method that was not offered and of a reply without a name.
        E::UnknownAuthMethod | E::UnknownError => SocksFault::Unknown,
        E::GeneralSocksServerFailure => reply(SocksReply::GeneralFailure),
        E::ConnectionNotAllowedByRuleset => reply(SocksReply::NotAllowed),
        E::NetworkUnreachable => reply(SocksReply::NetworkUnreachable),
        E::HostUnreachable => reply(SocksReply::HostUnreachable),
        E::ConnectionRefused => reply(SocksReply::ConnectionRefused),
        E::TtlExpired => reply(SocksReply::TtlExpired),
        E::CommandNotSupported => reply(SocksReply::CommandNotSupported),
        E::AddressTypeNotSupported => reply(SocksReply::AddressTypeNotSupported),
        E::InvalidReservedByte => SocksFault::Malformed("non-zero reserved field"),
        E::UnknownAddressType => SocksFault::Malformed("unknown address type"),
        E::InvalidAuthValues(_) => SocksFault::Credentials,
        E::PasswordAuthFailure(_) => SocksFault::AuthenticationFailed,
        // Of the target only its length is looked at; what else stands here is the name that the proxy says it has
        // bound.
        E::InvalidTargetAddress("overlong domain") => SocksFault::NameTooLong,
        E::InvalidTargetAddress(_) => SocksFault::Malformed("unknown address type"),
        E::ParseError(never) => match never {},
        // Of other ways to use the library.
        E::ProxyServerUnreachable | E::IdentdAuthFailure | E::InvalidUserIdAuthFailure => SocksFault::Unknown,
    }
}
