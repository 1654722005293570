//! What can go wrong in a TLS handshake.

use std::sync::Arc;

use persistconn::IoError;

/// Why a TLS handshake failed. The texts are Go's where Go has one.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum TlsError {
    /// It took longer than `TLSHandshakeTimeout`. Go: `tlsHandshakeTimeoutError`.
    #[error("net/http: TLS handshake timeout")]
    HandshakeTimeout,
    /// The peer does not speak TLS. Go: `tls.RecordHeaderError`.
    #[error("tls: first record does not look like a TLS handshake")]
    NotTls {
        /// The first bytes that came instead. `HTTP/` tells what it speaks.
        header: [u8; 5],
    },
    /// The server is not who it should be. Go: `tls.CertificateVerificationError`.
    #[error("tls: failed to verify certificate: {0}")]
    Certificate(Arc<str>),
    /// The peer has refused, and said why. Go: `tls.AlertError`.
    #[error("remote error: tls: {0}")]
    Alert(Arc<str>),
    /// The peer ended the stream in the middle of the handshake. Go: `io.EOF`.
    #[error("EOF")]
    Eof,
    /// The socket failed.
    #[error("{0}")]
    Io(IoError),
    /// Settings that no handshake can be made with, or a peer that breaks the rules.
    #[error("{0}")]
    Other(Arc<str>),
}

impl TlsError {
    /// The peer answered in plain HTTP.
    pub fn is_plain_http(&self) -> bool {
        matches!(self, TlsError::NotTls { header: [b'H', b'T', b'T', b'P', b'/'] })
    }

    /// Whether a time limit ended the handshake.
    pub fn is_timeout(&self) -> bool {
        match self {
            TlsError::HandshakeTimeout => true,
            TlsError::Io(error) => error.kind == std::io::ErrorKind::TimedOut,
            TlsError::NotTls { .. }
            | TlsError::Certificate(_)
            | TlsError::Alert(_)
            | TlsError::Eof
            | TlsError::Other(_) => false,
        }
    }
}
