//! TLS 1.2 and 1.3 by rustls, with a certificate and a key from files that may be replaced at any time.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// A certificate with its key, as files have them now.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pair: Arc<Pair>,
    config: Arc<ServerConfig>,
}

#[derive(Debug)]
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Pair {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Tls {
    /// Reads the files: a chain of certificates, the server's first, and the key of that one, both PEM.
    ///
    /// **Errors**: what is wrong with which file.
    pub(crate) fn open(certificate: &Path, key: &Path) -> Result<Self, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let current = RwLock::new(Arc::new(read(&provider, certificate, key)?));
        let pair = Pair { certificate: certificate.to_owned(), key: key.to_owned(), provider, current };
        let pair = Arc::new(pair);
        let builder = ServerConfig::builder_with_provider(pair.provider.clone());
        let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(pair.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { pair, config: Arc::new(config) })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }

    /// Reads the files again whenever they change, until told to stop. Files that do not fit change nothing: the certificate
    /// in use stays, and the log says so.
    pub(crate) async fn follow(self, mut stopping: watch::Receiver<bool>) {
        let stamps = |pair: &Pair| [stamp(&pair.certificate), stamp(&pair.key)];
        let mut known = stamps(&self.pair);
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                stopped = stopping.wait_for(|stop| *stop) => {
                    drop(stopped);
                    return;
                }
            }
            let now = stamps(&self.pair);
            if now == known {
                continue;
            }
            known = now;
            match read(&self.pair.provider, &self.pair.certificate, &self.pair.key) {
                Ok(pair) => {
                    *self.pair.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
                    tracing::info!("a new certificate is in use");
                }
                Err(what) => tracing::error!(what, "the certificate in use stays"),
            }
        }
    }
}

/// When a file was changed, and how long it is.
fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

fn read(provider: &CryptoProvider, certificate: &Path, key: &Path) -> Result<CertifiedKey, String> {
    let at = |path: &Path, what: String| format!("{}: {what}", path.display());
    let chain = fs::read(certificate).map_err(|error| at(certificate, error.to_string()))?;
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let chain = chain.map_err(|error| at(certificate, format!("no PEM: {error}")))?;
    if chain.is_empty() {
        return Err(at(certificate, "it holds no certificate".into()));
    }
    let secret = fs::read(key).map_err(|error| at(key, error.to_string()))?;
    let secret = PrivateKeyDer::from_pem_slice(&secret).map_err(|error| at(key, format!("no private key: {error}")))?;
    CertifiedKey::from_der(chain, secret, provider).map_err(|error| at(key, format!("it does not fit: {error}")))
}
