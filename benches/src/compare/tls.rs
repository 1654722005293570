//! The one certificate of the comparison, and a rustls that trusts it and nothing else.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::compare::fault::Fault;

/// The server's side, for 127.0.0.1, with a new key each time; the certificate is written to `dir`.
pub(crate) fn acceptor(dir: &Path) -> Result<(TlsAcceptor, PathBuf), Fault> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(Fault::request)?;
    let path = dir.join("certificate.pem");
    std::fs::write(&path, cert.pem())?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key))
        .map_err(Fault::request)?;
    Ok((TlsAcceptor::from(Arc::new(config)), path))
}

/// The certificate that the server has written.
pub(crate) fn certificate(path: &str) -> Result<CertificateDer<'static>, Fault> {
    CertificateDer::from_pem_file(path).map_err(Fault::request)
}

/// The same rustls for every client that takes one: ring, TLS 1.2 and 1.3, no ALPN. Without a path it trusts nobody.
pub(crate) fn client_config(path: Option<&str>) -> Result<ClientConfig, Fault> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = path {
        roots.add(certificate(path)?).map_err(Fault::request)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(Fault::request)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
