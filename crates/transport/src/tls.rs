//! TLS over any stream.
//!
//! The work is done by rustls, with ring for the arithmetic. What is decided here is what Go decides: whom to trust, which
//! versions and protocols to offer, how long it may take, and how a fault is worded.
//!
//! # Layout
//!
//! - this file: the settings, and the handshake
//! - `stream`: a secured stream, which says goodbye when it is dropped
//! - `words`: Go's wording of rustls' verdicts
//! - `any_certificate`: a verifier that asks for none
//!
//! Go twin: transport.go (*persistConn).addTLS, crypto/tls

mod any_certificate;
mod stream;
mod words;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use httptrace::{BoxIo, Runtime, TlsState, select};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion, version};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use self::any_certificate::AnyCertificate;
use self::stream::{Peeked, TlsIo};
use crate::tls_error::TlsError;

/// The one protocol that is offered by ALPN (RFC 7301).
///
/// Differs from Go: `DefaultTransport` offers `h2` too. This house speaks HTTP/1.1 only, and a server that insists on more
/// is to say so in the handshake.
const ALPN: &[u8] = b"http/1.1";

static ONLY_TLS_13: &[&SupportedProtocolVersion] = &[&version::TLS13];

/// Whom to trust and who to be.
///
/// The default trusts the roots of the system, shows no certificate, offers TLS 1.2 and 1.3, and starts each connection
/// anew.
///
/// Go twin: crypto/tls type Config, as far as an HTTP/1.1 client uses it
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// Whose certificates are trusted. Go: `RootCAs`.
    #[doc(alias = "RootCAs")]
    pub roots: Roots,
    /// What this side shows to a server that asks. Go: `Certificates`.
    #[doc(alias = "Certificates")]
    pub client_certificate: Option<ClientCertificate>,
    /// The name that every server must show, in place of the host of the URL. Go: `ServerName`.
    #[doc(alias = "ServerName")]
    pub server_name: Option<String>,
    /// The oldest version that is spoken. Go: `MinVersion`.
    #[doc(alias = "MinVersion")]
    pub min_version: TlsVersion,
    /// How many sessions are remembered, to be taken up again. Zero, the default as in Go: none.
    /// Go: `ClientSessionCache`.
    #[doc(alias = "ClientSessionCache")]
    pub session_cache: usize,
    /// Takes whatever certificate the server shows: anybody on the way can read and change everything. For tests.
    /// Go: `InsecureSkipVerify`.
    #[doc(alias = "InsecureSkipVerify")]
    pub dangerous_accept_any_certificate: bool,
}

/// Whose certificates are trusted.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// The operating system's. On Linux those are files, which `SSL_CERT_FILE` and `SSL_CERT_DIR` can name.
    #[default]
    System,
    /// These, and no others.
    Only(Vec<CertificateDer<'static>>),
    /// The operating system's, and these.
    SystemAnd(Vec<CertificateDer<'static>>),
}

/// A certificate of this side's own, and its key.
///
/// Go twin: crypto/tls type Certificate
#[derive(Clone)]
pub struct ClientCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
}

impl ClientCertificate {
    /// `chain` begins with this side's own certificate; `key` belongs to that.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        ClientCertificate { chain, key: Arc::new(key) }
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({} certificates, and a key)", self.chain.len())
    }
}

/// A version of TLS. Older ones are not spoken at all; Go speaks them when asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// Secures streams under one set of settings.
///
/// The roots are read with the first handshake, not before: a transport that speaks plain HTTP never pays for them.
pub struct TlsClient {
    settings: TlsSettings,
    config: OnceLock<Result<Arc<ClientConfig>, TlsError>>,
}

impl TlsClient {
    /// A client that has not read its roots yet.
    pub fn new(settings: TlsSettings) -> Self {
        TlsClient { settings, config: OnceLock::new() }
    }

    /// Secures `io`, to whoever can show a certificate for `host`, or for the name of the settings. The result tells what was
    /// agreed on as [`httptrace::Io::tls_state`]. There is no limit of time.
    ///
    /// # Errors
    ///
    /// See [`TlsError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes `io`.
    #[doc(alias = "HandshakeContext")]
    pub async fn handshake(&self, io: BoxIo, host: &str) -> Result<BoxIo, TlsError> {
        let name = self.settings.server_name.as_deref().unwrap_or(host);
        let server = ServerName::try_from(name.to_owned())
            .map_err(|_| TlsError::Other(format!("tls: {name} is no name that a server can have").into()))?;
        let config = self.config.get_or_init(|| client_config(&self.settings)).clone()?;
        let addrs = io.addrs();
        match TlsConnector::from(config).connect(server, Peeked::new(io)).into_fallible().await {
            Ok(stream) => {
                let state = Arc::new(state(stream.get_ref().1, name));
                Ok(Box::new(TlsIo::new(stream, state)))
            }
            Err((error, peeked)) => Err(words::handshake_error(&error, &peeked, name, addrs)),
        }
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A handshake that must be over in time.
///
/// # Errors
///
/// Its own, or [`TlsError::HandshakeTimeout`].
pub(crate) async fn within(
    rt: &dyn Runtime,
    limit: Option<Duration>,
    handshake: impl Future<Output = Result<BoxIo, TlsError>>,
) -> Result<BoxIo, TlsError> {
    let Some(limit) = limit else { return handshake.await };
    // ANCHOR: within
    // - handshake: the peer. Dropping it closes the stream.
    // - timer: the clock. Cancel-safe: a time does not come back.
    select! {
        secured = handshake => secured,
        () = rt.timer(rt.now() + limit) => Err(TlsError::HandshakeTimeout),
    }
    // ANCHOR_END: within
}

fn client_config(settings: &TlsSettings) -> Result<Arc<ClientConfig>, TlsError> {
    let unusable = |error: rustls::Error| TlsError::Other(format!("tls: {error}").into());
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions(settings.min_version))
        .map_err(unusable)?
        // Dangerous in name only, as long as the settings do not say the dangerous word.
        .dangerous()
        .with_custom_certificate_verifier(verifier(settings, provider)?);
    let mut config = match &settings.client_certificate {
        None => builder.with_no_client_auth(),
        Some(own) => builder.with_client_auth_cert(own.chain.clone(), own.key.clone_key()).map_err(unusable)?,
    };
    // ANCHOR: offer
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = match settings.session_cache {
        0 => Resumption::disabled(),
        sessions => Resumption::in_memory_sessions(sessions),
    };
    // ANCHOR_END: offer
    Ok(Arc::new(config))
}

fn versions(min: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    match min {
        TlsVersion::Tls12 => rustls::DEFAULT_VERSIONS,
        TlsVersion::Tls13 => ONLY_TLS_13,
    }
}

fn verifier(
    settings: &TlsSettings,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn rustls::client::danger::ServerCertVerifier>, TlsError> {
    if settings.dangerous_accept_any_certificate {
        return Ok(Arc::new(AnyCertificate::new(provider)));
    }
    let no_roots = |error: &dyn fmt::Display| TlsError::Certificate(format!("x509: no roots to trust: {error}").into());
    Ok(match &settings.roots {
        Roots::System => Arc::new(Verifier::new(provider).map_err(|error| no_roots(&error))?),
        Roots::SystemAnd(more) => {
            Arc::new(Verifier::new_with_extra_roots(more.clone(), provider).map_err(|error| no_roots(&error))?)
        }
        Roots::Only(roots) => {
            let mut store = RootCertStore::empty();
            for root in roots {
                store.add(root.clone()).map_err(|error| no_roots(&error))?;
            }
            if store.is_empty() {
                // rustls refuses to begin without roots; to Go an empty pool is one that knows nobody.
                return Err(TlsError::Certificate(words::UNKNOWN_AUTHORITY.into()));
            }
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider);
            verifier.build().map_err(|error| no_roots(&error))?
        }
    })
}

/// What the handshake has agreed on, as plain data.
fn state(connection: &ClientConnection, name: &str) -> TlsState {
    TlsState {
        version: connection.protocol_version().map_or(0, u16::from),
        cipher_suite: connection.negotiated_cipher_suite().map_or(0, |suite| suite.suite().into()),
        peer_certificates: connection
            .peer_certificates()
            .map(|chain| chain.iter().map(|certificate| certificate.to_vec()).collect())
            .unwrap_or_default(),
        negotiated_protocol: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        did_resume: connection.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
        server_name: name.to_owned(),
    }
}
