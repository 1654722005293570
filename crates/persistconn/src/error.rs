//! What can go wrong on one connection, in Go's words.

use std::error;
use std::fmt;
use std::io;
use std::sync::Arc;

use httptrace::go_text::go_io_text;

use crate::context::Cause;

/// An I/O error, kept as its kind and its text so that it can be cloned and compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IoError {
    /// What the operating system called it.
    pub kind: io::ErrorKind,
    text: Arc<str>,
}

impl IoError {
    /// Keeps `error`, its text prefixed by the operation as Go does: `read tcp …: connection reset by peer`.
    pub fn new(op: &str, error: &io::Error) -> Self {
        IoError { kind: error.kind(), text: format!("{op}: {}", go_io_text(error)).into() }
    }

    /// Keeps `error` with its text as it is.
    pub fn bare(error: &io::Error) -> Self {
        IoError { kind: error.kind(), text: go_io_text(error).into() }
    }

    /// The same error as a call of this name gives it on.
    pub(crate) fn given_on_by(&self, call: &str) -> Self {
        IoError { kind: self.kind, text: format!("{call}: {self}").into() }
    }

    /// Go: `io.ErrUnexpectedEOF`
    pub(crate) fn unexpected_eof() -> Self {
        IoError { kind: io::ErrorKind::UnexpectedEof, text: "unexpected EOF".into() }
    }
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An error of the user's own, as a function of theirs gave it. Two are equal when a person could not tell them apart.
#[derive(Clone)]
pub struct UserError(Arc<dyn error::Error + Send + Sync>);

impl UserError {
    /// Keeps `error`, so that it can be cloned and compared.
    pub fn new(error: Box<dyn error::Error + Send + Sync>) -> Self {
        UserError(error.into())
    }

    /// What the function gave.
    pub fn get_ref(&self) -> &(dyn error::Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserError({self})")
    }
}

impl PartialEq for UserError {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl error::Error for UserError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// Why the pool did not take a connection back. The texts and names are Go's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum PutIdleError {
    /// DisableKeepAlives is set, or MaxIdleConnsPerHost is negative.
    #[error("http: putIdleConn: keep alives disabled")]
    KeepAlivesDisabled,
    /// The connection is closed already.
    #[error("http: putIdleConn: connection is in bad state")]
    ConnBroken,
    /// CloseIdleConnections was called and no request has asked for a connection since.
    #[error("http: putIdleConn: CloseIdleConnections was called")]
    CloseIdle,
    /// As many idle connections as MaxIdleConnsPerHost allows are there for this key.
    #[error("http: putIdleConn: too many idle connections for host")]
    TooManyIdleHost,
    /// The transport is gone. Go's transport is never collected while it has connections.
    #[error("http: putIdleConn: the Transport was dropped")]
    TransportDropped,
}

impl PutIdleError {
    /// The name of the variable in Go's transport.go.
    pub fn go_name(self) -> Option<&'static str> {
        match self {
            PutIdleError::KeepAlivesDisabled => Some("errKeepAlivesDisabled"),
            PutIdleError::ConnBroken => Some("errConnBroken"),
            PutIdleError::CloseIdle => Some("errCloseIdle"),
            PutIdleError::TooManyIdleHost => Some("errTooManyIdleHost"),
            PutIdleError::TransportDropped => None,
        }
    }
}

/// Why a connection was closed. The first reason given stays.
///
/// Go twin: transport.go, field `persistConn.closed` and the errors it may hold.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum CloseReason {
    /// read_loop left for no reason of its own. Go: `errReadLoopExiting`.
    #[error("http: persistConn.readLoop exiting")]
    ReadLoopExiting,
    /// The server closed the connection while it was idle. Go: `errServerClosedIdle`.
    #[error("http: server closed idle connection")]
    ServerClosedIdle,
    /// The connection was idle for too long. Go: `errIdleConnTimeout`.
    #[error("http: idle connection timeout")]
    IdleConnTimeout,
    /// CloseIdleConnections was called. Go: `errCloseIdleConns`.
    #[error("http: CloseIdleConnections called")]
    CloseIdleConns,
    /// The oldest idle connection made room for a newer one. Go: `errTooManyIdle`.
    #[error("http: putIdleConn: too many idle connections")]
    TooManyIdle,
    /// The pool did not take it back.
    #[error(transparent)]
    Refused(#[from] PutIdleError),
    /// The request on it was cancelled. Go: `errRequestCanceled`, with `canceledErr` beside it.
    #[error("{0}")]
    Canceled(Cause),
    /// No response head came in time. Go: `errTimeout`.
    #[error("net/http: timeout awaiting response headers")]
    HeaderTimeout,
    /// Writing the request failed.
    #[error("write error: {0}")]
    WriteError(Box<Error>),
    /// Reading failed while nothing was expected, or something came that nobody had asked for.
    /// Go: `readLoopPeekFailLocked`.
    #[error("readLoopPeekFailLocked: {0}")]
    PeekFailed(IoError),
    /// Bytes came on an idle connection that nobody had asked for. (Go formats an error here that is none.)
    #[error("readLoopPeekFailLocked: %!w(<nil>)")]
    Unsolicited,
    /// The socket failed or ended before the first byte of a response.
    #[error("{0}")]
    ReadFromServer(Box<Error>),
    /// The caller owns the socket now; it was given away and not closed. Go: `errCallerOwnsConn`.
    #[error("read loop ending; caller owns writable underlying conn")]
    CallerOwnsConn,
    /// Whoever held the right to send on it let go of it. Go has no such case.
    #[error("http: connection handle dropped")]
    HandleDropped,
    /// The tasks of the connection were dropped with their runtime. Go has no such case.
    #[error("http: the runtime of the connection was shut down")]
    RuntimeGone,
}

impl CloseReason {
    /// The name of the variable in Go's transport.go, where there is one.
    pub fn go_name(&self) -> Option<&'static str> {
        match self {
            CloseReason::ReadLoopExiting => Some("errReadLoopExiting"),
            CloseReason::ServerClosedIdle => Some("errServerClosedIdle"),
            CloseReason::IdleConnTimeout => Some("errIdleConnTimeout"),
            CloseReason::CloseIdleConns => Some("errCloseIdleConns"),
            CloseReason::TooManyIdle => Some("errTooManyIdle"),
            CloseReason::Refused(refused) => refused.go_name(),
            CloseReason::Canceled(_) => Some("errRequestCanceled"),
            CloseReason::HeaderTimeout => Some("errTimeout"),
            CloseReason::CallerOwnsConn => Some("errCallerOwnsConn"),
            CloseReason::ReadFromServer(_) => Some("transportReadFromServerError"),
            CloseReason::WriteError(_)
            | CloseReason::PeekFailed(_)
            | CloseReason::Unsolicited
            | CloseReason::HandleDropped
            | CloseReason::RuntimeGone => None,
        }
    }
}

/// What a request on one connection can fail with.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Error {
    /// The peer ended the stream where a response was due. Go: `io.EOF`.
    #[error("EOF")]
    Eof,
    /// The peer ended the stream in the middle of something. Go: `io.ErrUnexpectedEOF`.
    #[error("unexpected EOF")]
    UnexpectedEof,
    /// The socket failed.
    #[error("{0}")]
    Io(IoError),
    /// The request was given up.
    #[error("{0}")]
    Canceled(Cause),
    /// The server closed the connection before this request reached it. Go: `errServerClosedIdle`.
    #[error("http: server closed idle connection")]
    ServerClosedIdle,
    /// The socket failed or ended before the first byte of the response. Go: `transportReadFromServerError`.
    #[error("{0}")]
    ReadFromServer(Box<Error>),
    /// The request failed before one byte of it was on the wire: it may be sent again. Go: `nothingWrittenError`.
    #[error("{0}")]
    NothingWritten(Box<Error>),
    /// The connection broke under the request.
    #[error("net/http: HTTP/1.x transport connection broken: {0}")]
    Broken(#[source] Box<Error>),
    /// The connection was closed for this reason.
    #[error("{0}")]
    Closed(Box<CloseReason>),
    /// No response head came in time. Go: `errTimeout`.
    #[error("net/http: timeout awaiting response headers")]
    HeaderTimeout,
    /// The response cannot be read as HTTP/1. The text says what and where.
    #[error("{0}")]
    Malformed(Arc<str>),
    /// The request's hook for interim responses did not want one.
    #[error("{0}")]
    Hook(#[source] UserError),
    /// The response head is longer than MaxResponseHeaderBytes.
    #[error("net/http: server response headers exceeded {limit} bytes; aborted")]
    HeaderTooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The request cannot be written as it is. The text says what and where.
    #[error("{0}")]
    InvalidRequest(Arc<str>),
    /// The source of the request's body failed. Go: `requestBodyReadError`.
    #[error("{0}")]
    RequestBody(IoError),
    /// The body was used after it was closed.
    #[error(transparent)]
    Body(#[from] body_signal::Error),
    /// A read of the body failed after the client's time was over, whatever it failed with. Go: transport.go type timeoutError
    #[doc(alias = "timeoutError")]
    #[error("{0} (Client.Timeout or context cancellation while reading body)")]
    AfterClientTimeout(#[source] Box<Error>),
    /// The body came as gzip, which the transport had asked for, and cannot be decompressed.
    #[error(transparent)]
    Gzip(#[from] GzipError),
}

/// What is wrong with a compressed body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GzipError {
    /// It does not begin, or does not go on, as gzip does. Go: `gzip.ErrHeader`.
    #[error("gzip: invalid header")]
    Header,
    /// It is not what was compressed. Go: `gzip.ErrChecksum`.
    #[error("gzip: invalid checksum")]
    Checksum,
    /// The compressed data is none. Go: `flate.CorruptInputError`.
    #[error("flate: corrupt input")]
    Corrupt,
}

impl Error {
    /// A response that cannot be read: `what` in Go's words.
    pub(crate) fn malformed(what: impl Into<Arc<str>>) -> Self {
        Error::Malformed(what.into())
    }

    /// Whether a time limit ended the request. Go: `net.Error.Timeout`.
    pub fn is_timeout(&self) -> bool {
        match self {
            Error::HeaderTimeout | Error::AfterClientTimeout(_) => true,
            Error::Canceled(cause) => cause.is_timeout(),
            Error::Io(error) | Error::RequestBody(error) => error.kind == io::ErrorKind::TimedOut,
            Error::ReadFromServer(inner) | Error::NothingWritten(inner) | Error::Broken(inner) => inner.is_timeout(),
            Error::Eof
            | Error::UnexpectedEof
            | Error::ServerClosedIdle
            | Error::Closed(_)
            | Error::Malformed(_)
            | Error::Hook(_)
            | Error::HeaderTooLarge { .. }
            | Error::InvalidRequest(_)
            | Error::Body(_)
            | Error::Gzip(_) => false,
        }
    }

    /// The kind that fits best where only an `io::Error` can be given.
    fn io_kind(&self) -> io::ErrorKind {
        match self {
            Error::Eof | Error::UnexpectedEof => io::ErrorKind::UnexpectedEof,
            Error::Io(error) | Error::RequestBody(error) => error.kind,
            Error::HeaderTimeout | Error::AfterClientTimeout(_) => io::ErrorKind::TimedOut,
            Error::Canceled(cause) if cause.is_timeout() => io::ErrorKind::TimedOut,
            Error::Malformed(_) | Error::HeaderTooLarge { .. } | Error::Gzip(_) => io::ErrorKind::InvalidData,
            Error::InvalidRequest(_) => io::ErrorKind::InvalidInput,
            Error::ReadFromServer(inner) | Error::NothingWritten(inner) | Error::Broken(inner) => inner.io_kind(),
            Error::Canceled(_) | Error::ServerClosedIdle | Error::Closed(_) | Error::Hook(_) | Error::Body(_) => {
                io::ErrorKind::Other
            }
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        io::Error::new(error.io_kind(), error)
    }
}
