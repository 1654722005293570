//! What a request can fail with.

use persistconn::{Cause, IoError};

/// Why a request got no response.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Error {
    /// It failed on its connection.
    #[error(transparent)]
    Conn(#[from] persistconn::Error),
    /// No connection could be opened: `dial tcp 127.0.0.1:1: connect: connection refused`.
    #[error("{0}")]
    Dial(IoError),
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
    /// Whether a time limit ended the request. Go: `net.Error.Timeout`.
    pub fn is_timeout(&self) -> bool {
        match self {
            Error::Conn(error) => error.is_timeout(),
            Error::Dial(error) => error.kind == std::io::ErrorKind::TimedOut,
            Error::Canceled(cause) => matches!(cause, Cause::DeadlineExceeded),
            Error::UnsupportedScheme(_)
            | Error::NoHost
            | Error::CanceledWaiting
            | Error::CannotRewind
            | Error::Rewind(_)
            | Error::RuntimeGone => false,
        }
    }
}
