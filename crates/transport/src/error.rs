//! What a request can fail with.

use std::sync::Arc;

pub use persistconn::UserError;
use persistconn::{Cause, IoError};

use crate::tls_error::TlsError;

/// Why a request got no response.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Error {
    /// It failed on its connection.
    #[error(transparent)]
    Conn(#[from] persistconn::Error),
    /// No connection could be opened: `dial tcp 127.0.0.1:1: connect: connection refused`.
    #[error("{0}")]
    Dial(IoError),
    /// A connection could be opened, but not secured.
    #[error("{0}")]
    Tls(TlsError),
    /// The request was for https, and the server answers in plain HTTP. Go: `ErrSchemeMismatch`.
    #[doc(alias = "ErrSchemeMismatch")]
    #[error("http: server gave HTTP response to HTTPS client")]
    SchemeMismatch,
    /// The proxy could not be reached, or TLS with it failed. Go: `net.OpError` with the operation `proxyconnect`.
    #[doc(alias = "proxyconnect")]
    #[error("proxyconnect tcp: {0}")]
    ProxyConnect(#[source] Box<Error>),
    /// The proxy was asked for a way to the target and did not give one. The text is the reason that it gave.
    #[error("{reason}")]
    ProxyRefused {
        /// The status of its answer.
        status: u16,
        /// What stood behind the status.
        reason: Arc<str>,
    },
    /// The proxy was asked for a way to the target and did not answer within a minute. Go: the context's error.
    #[error("context deadline exceeded")]
    ProxyTimeout,
    /// A SOCKS proxy gave no way to the target.
    #[error("socks connect tcp {proxy}->{target}: {fault}")]
    Socks {
        /// `ip:port` of the proxy.
        proxy: String,
        /// `host:port` of the target.
        target: String,
        /// Why.
        fault: SocksFault,
    },
    /// A function of the user's own did not want it: the one that names proxies, or those around a CONNECT.
    #[error("{0}")]
    ProxyFunc(#[source] UserError),
    /// `HTTP_PROXY` is set in a program that answers a request under CGI.
    #[error("refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy")]
    ProxyInCgi,
    /// What is configured as a proxy cannot be one.
    #[error("{0}")]
    BadProxy(Arc<str>),
    /// The URL's scheme is none that this transport speaks.
    #[error("unsupported protocol scheme {0:?}")]
    UnsupportedScheme(String),
    /// The URL names no host.
    #[error("http: no Host in request URL")]
    NoHost,
    /// The request was given up before a connection was there.
    #[error("{0}")]
    Canceled(Cause),
    /// The request's own cancel token fired before a connection was there. Go: `errRequestCanceledConn`.
    #[error("net/http: request canceled while waiting for connection")]
    CanceledWaiting,
    /// The request would have been sent again, but its body cannot be had again.
    #[error("net/http: cannot rewind body after connection loss")]
    CannotRewind,
    /// The request would have been sent again, but making its body again failed.
    #[error("{0}")]
    Rewind(IoError),
    /// The task that was to open the connection was dropped with its runtime, or there was none to run it.
    /// Go has no such case.
    #[error("http: no runtime to dial on")]
    RuntimeGone,
}

impl Error {
    /// Why the request was given up, if that is what happened.
    pub fn cause(&self) -> Option<&Cause> {
        let (Error::Canceled(cause) | Error::Conn(persistconn::Error::Canceled(cause))) = self else { return None };
        Some(cause)
    }

    /// Whether a time limit ended the request. Go: `net.Error.Timeout`.
    pub fn is_timeout(&self) -> bool {
        match self {
            Error::Conn(error) => error.is_timeout(),
            Error::Dial(error) => error.kind == std::io::ErrorKind::TimedOut,
            Error::Tls(error) => error.is_timeout(),
            Error::ProxyConnect(error) => error.is_timeout(),
            Error::ProxyTimeout => true,
            Error::Socks { fault, .. } => fault.is_timeout(),
            Error::Canceled(cause) => cause.is_timeout(),
            Error::SchemeMismatch
            | Error::ProxyRefused { .. }
            | Error::ProxyFunc(_)
            | Error::ProxyInCgi
            | Error::BadProxy(_)
            | Error::UnsupportedScheme(_)
            | Error::NoHost
            | Error::CanceledWaiting
            | Error::CannotRewind
            | Error::Rewind(_)
            | Error::RuntimeGone => false,
        }
    }
}

/// What a SOCKS proxy did wrong, in Go's words where they can be had.
///
/// Differs from Go: a number that the proxy sent is not told where the library keeps it to itself.
///
/// Go twin: the errors of golang.org/x/net/internal/socks
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SocksFault {
    /// The socket failed.
    #[error("{0}")]
    Io(IoError),
    /// It ended the stream. Go says `unexpected EOF` when that was in the middle of an answer.
    #[error("EOF")]
    Eof,
    /// It did not answer within a minute. Go waits for ever.
    #[error("i/o timeout")]
    Timeout,
    /// It does not speak version 5. Go tells the number.
    #[error("unexpected protocol version")]
    Version,
    /// It wants to be shown something else than what there is.
    #[error("no acceptable authentication methods")]
    NoAcceptableMethods,
    /// It has chosen a method that was not offered, or its reply is a number without a name. Go tells the number.
    #[error("unsupported authentication method or unknown error")]
    Unknown,
    /// User or password cannot be sent: a user has 1 to 255 bytes, and so has a password.
    ///
    /// Differs from Go: an empty password is refused, which Go sends since 1.27.
    #[error("invalid username/password")]
    Credentials,
    /// It does not know them.
    #[error("username/password authentication failed")]
    AuthenticationFailed,
    /// The name of the target is longer than 255 bytes.
    #[error("FQDN too long")]
    NameTooLong,
    /// Its reply: the way to the target cannot be had.
    #[error("unknown error {0}")]
    Reply(SocksReply),
    /// Its reply is malformed.
    #[error("{0}")]
    Malformed(&'static str),
}

impl SocksFault {
    fn is_timeout(&self) -> bool {
        match self {
            SocksFault::Timeout => true,
            SocksFault::Io(error) => error.kind == std::io::ErrorKind::TimedOut,
            SocksFault::Eof
            | SocksFault::Version
            | SocksFault::NoAcceptableMethods
            | SocksFault::Unknown
            | SocksFault::Credentials
            | SocksFault::AuthenticationFailed
            | SocksFault::NameTooLong
            | SocksFault::Reply(_)
            | SocksFault::Malformed(_) => false,
        }
    }
}

/// Why a SOCKS proxy could not connect (RFC 1928 section 6).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SocksReply {
    /// 1
    #[error("general SOCKS server failure")]
    GeneralFailure,
    /// 2
    #[error("connection not allowed by ruleset")]
    NotAllowed,
    /// 3
    #[error("network unreachable")]
    NetworkUnreachable,
    /// 4
    #[error("host unreachable")]
    HostUnreachable,
    /// 5
    #[error("connection refused")]
    ConnectionRefused,
    /// 6
    #[error("TTL expired")]
    TtlExpired,
    /// 7
    #[error("command not supported")]
    CommandNotSupported,
    /// 8
    #[error("address type not supported")]
    AddressTypeNotSupported,
}
