//! A server that speaks TLS, and the certificates for it.
//!
//! ```
//! use origin::tls::Authority;
//! use origin::{Reply, Router, TcpOrigin};
//!
//! # fn main() -> std::io::Result<()> {
//! let authority = Authority::new("a test's own");
//! let identity = authority.issue(["127.0.0.1", "origin.test"]);
//! let origin = TcpOrigin::start_tls(Router::new().at("/", Reply::bytes(13)), &identity)?;
//! assert!(origin.url("/").starts_with("https://127.0.0.1:"));
//! // A client that trusts `authority.root()` gets 13 bytes.
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! - this file: who a server is, and how it behaves in and after the handshake
//! - `authority`: who says so
//! - `peer`: an accepted connection under TLS

mod authority;
mod peer;

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::TlsAcceptor;

pub use self::authority::Authority;
pub(crate) use self::peer::TlsPeer;

static ONLY_TLS_12: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];

/// A certificate with its key, and the manners of a server that shows it.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    pem: Pem,
    manners: Manners,
}

/// The same as files want it.
struct Pem {
    chain: String,
    key: String,
}

/// How a server behaves beyond its certificate.
#[derive(Clone)]
struct Manners {
    alpn: Vec<Vec<u8>>,
    clients_of: Option<CertificateDer<'static>>,
    only_tls_12: bool,
    goodbye: Goodbye,
}

/// How a connection ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// With `close_notify`.
    Said,
    /// Without, after a whole record.
    Unsaid,
    /// In the middle of a record.
    Cut,
}

impl Identity {
    /// The certificate and those that lead from it to the root, which is left out.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }

    /// The key of the certificate.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }

    /// The chain as a file.
    pub fn chain_pem(&self) -> &str {
        &self.pem.chain
    }

    /// The key as a file.
    pub fn key_pem(&self) -> &str {
        &self.pem.key
    }

    /// Speaks these protocols (ALPN, RFC 7301), and refuses a client that offers others only. Without a call it takes no
    /// notice of what is offered.
    #[must_use]
    pub fn protocols<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.manners.alpn = names.map(|name| name.as_bytes().to_vec()).into();
        self
    }

    /// Serves nobody who does not show a certificate of this authority.
    #[must_use]
    pub fn only_clients_of(mut self, authority: &Authority) -> Self {
        self.manners.clients_of = Some(authority.root());
        self
    }

    /// Speaks nothing newer than TLS 1.2.
    #[must_use]
    pub fn only_tls_12(mut self) -> Self {
        self.manners.only_tls_12 = true;
        self
    }

    /// Ends its connections without the goodbye of TLS (`close_notify`), as many servers do.
    #[must_use]
    pub fn without_goodbye(mut self) -> Self {
        self.manners.goodbye = Goodbye::Unsaid;
        self
    }

    /// Ends its connections in the middle of a record, as if somebody had cut the wire.
    #[must_use]
    pub fn cut_short(mut self) -> Self {
        self.manners.goodbye = Goodbye::Cut;
        self
    }

    pub(crate) fn goodbye(&self) -> Goodbye {
        self.manners.goodbye
    }

    /// For whoever accepts connections himself.
    ///
    /// # Errors
    ///
    /// When certificate and key do not fit together.
    pub fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(if self.manners.only_tls_12 { ONLY_TLS_12 } else { rustls::DEFAULT_VERSIONS })
            .map_err(io::Error::other)?;
        let builder = match &self.manners.clients_of {
            None => builder.with_no_client_auth(),
            Some(root) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(root.clone()).map_err(io::Error::other)?;
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().map_err(io::Error::other)?)
            }
        };
        let mut config = builder.with_single_cert(self.chain(), self.key()).map_err(io::Error::other)?;
        config.alpn_protocols = self.manners.alpn.clone();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl fmt::Debug for Identity {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} certificates, and a key)", self.chain.len())
    }
}
