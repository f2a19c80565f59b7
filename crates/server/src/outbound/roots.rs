//! By whom hosts outside are known: the authorities of this machine, and those that the operator adds.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Trouble;

/// The settings of TLS; the files are read off the threads that answer.
pub(super) async fn config(ca: Option<PathBuf>) -> Result<Arc<ClientConfig>, Trouble> {
    let made = tokio::task::spawn_blocking(move || make(ca)).await;
    made.unwrap_or_else(|error| Err(Trouble::failed(error.to_string(), "读取证书时出错")))
}

fn make(ca: Option<PathBuf>) -> Result<Arc<ClientConfig>, Trouble> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca {
        let unread = |what: String| {
            Trouble::failed(
                format!("--outbound-ca {}: {what}", path.display()),
                format!("--outbound-ca {}：{what}", path.display()),
            )
        };
        let pem = std::fs::read(&path).map_err(|error| unread(error.to_string()))?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| unread(error.to_string()))?;
            roots.add(certificate).map_err(|error| unread(error.to_string()))?;
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Trouble::failed(error.to_string(), format!("TLS 不可用：{error}")))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
