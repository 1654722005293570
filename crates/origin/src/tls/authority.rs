//! Who says that a server is who it is.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{Goodbye, Identity, Manners, Pem};

/// A certificate authority of a test's own, with a new key. Nobody trusts it who does not know its
/// [`root`](Authority::root).
pub struct Authority {
    root: CertificateDer<'static>,
    root_pem: String,
    /// From this authority's own certificate up to, and without, the root.
    chain: Vec<(CertificateDer<'static>, String)>,
    issuer: Arc<Issuer<'static, KeyPair>>,
}

/// What a certificate is good for.
#[derive(Clone, Copy)]
enum Purpose {
    Server,
    Client,
}

const NEVER_FAILS: &str = "names and keys of a test are well-formed";

impl Authority {
    /// A root.
    pub fn new(name: &str) -> Self {
        let (params, key) = authority(name);
        let root = params.self_signed(&key).expect(NEVER_FAILS);
        Authority {
            root: root.der().clone(),
            root_pem: root.pem(),
            chain: Vec::new(),
            issuer: Arc::new(Issuer::new(params, key)),
        }
    }

    /// An authority that this one vouches for. What it issues comes with its certificate.
    #[must_use]
    pub fn intermediate(&self, name: &str) -> Self {
        let (params, key) = authority(name);
        let own = params.signed_by(&key, &self.issuer).expect(NEVER_FAILS);
        let mut chain = vec![(own.der().clone(), own.pem())];
        chain.extend_from_slice(&self.chain);
        Authority {
            root: self.root.clone(),
            root_pem: self.root_pem.clone(),
            chain,
            issuer: Arc::new(Issuer::new(params, key)),
        }
    }

    /// The certificate to trust.
    pub fn root(&self) -> CertificateDer<'static> {
        self.root.clone()
    }

    /// The same as a file wants it.
    pub fn root_pem(&self) -> String {
        self.root_pem.clone()
    }

    /// A server's certificate for these names and addresses, good for a hundred years.
    pub fn issue<const N: usize>(&self, names: [&str; N]) -> Identity {
        self.sign(params(names, Purpose::Server))
    }

    /// The same, good in this time only.
    pub fn issue_for<const N: usize>(&self, names: [&str; N], from: SystemTime, until: SystemTime) -> Identity {
        let mut params = params(names, Purpose::Server);
        params.not_before = from.into();
        params.not_after = until.into();
        self.sign(params)
    }

    /// A client's certificate.
    pub fn issue_client(&self, name: &str) -> Identity {
        self.sign(params([name], Purpose::Client))
    }

    fn sign(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().expect(NEVER_FAILS);
        let own = params.signed_by(&key, &self.issuer).expect(NEVER_FAILS);
        let mut chain = vec![own.der().clone()];
        let mut chain_pem = own.pem();
        for (above, pem) in &self.chain {
            chain.push(above.clone());
            chain_pem.push_str(pem);
        }
        Identity {
            chain,
            key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            pem: Pem { chain: chain_pem, key: key.serialize_pem() },
            manners: Manners { alpn: Vec::new(), clients_of: None, only_tls_12: false, goodbye: Goodbye::Said },
        }
    }
}

fn authority(name: &str) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    (params, KeyPair::generate().expect(NEVER_FAILS))
}

fn params<const N: usize>(names: [&str; N], purpose: Purpose) -> CertificateParams {
    let mut params = CertificateParams::new(names.map(str::to_owned)).expect(NEVER_FAILS);
    params.extended_key_usages = vec![match purpose {
        Purpose::Server => ExtendedKeyUsagePurpose::ServerAuth,
        Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    params
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({} below the root)", self.chain.len())
    }
}
