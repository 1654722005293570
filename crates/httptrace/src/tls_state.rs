//! What two ends of a TLS connection have agreed on.

use std::fmt;

/// What was agreed in the handshake, and who the server has shown itself to be. Plain data: it names no library.
///
/// Go twin: crypto/tls type ConnectionState
#[doc(alias = "ConnectionState")]
#[derive(Clone, PartialEq, Eq)]
pub struct TlsState {
    /// The protocol version as it stands on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3.
    pub version: u16,
    /// The cipher suite by its number in IANA's registry.
    pub cipher_suite: u16,
    /// The server's certificate and those it sent along, each as DER; the server's own is the first.
    pub peer_certificates: Vec<Vec<u8>>,
    /// The protocol that the server chose by ALPN (RFC 7301), if it chose one.
    pub negotiated_protocol: Option<String>,
    /// An earlier session was taken up again, without a new look at certificates.
    pub did_resume: bool,
    /// The name that the server was asked to be.
    pub server_name: String,
}

impl TlsState {
    /// The version by name: `TLS 1.3`. Go: `tls.VersionName`.
    #[doc(alias = "VersionName")]
    pub fn version_name(&self) -> String {
        match self.version {
            0x0303 => "TLS 1.2".to_owned(),
            0x0304 => "TLS 1.3".to_owned(),
            other => format!("0x{other:04X}"),
        }
    }
}

impl fmt::Debug for TlsState {
    /// Without the certificates: a page of numbers helps nobody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsState")
            .field("version", &self.version_name())
            .field("cipher_suite", &format_args!("0x{:04x}", self.cipher_suite))
            .field("negotiated_protocol", &self.negotiated_protocol)
            .field("did_resume", &self.did_resume)
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}
