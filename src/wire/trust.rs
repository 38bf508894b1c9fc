//! Whom a server's certificate may come from: the usual authorities, and one of the provider's own.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::error::{Error, Result};

/// What TLS is set up with.
pub type Trust = Arc<ClientConfig>;

/// What TLS is set up with: the usual authorities, and those in `ca_file` (PEM) besides.
///
/// # Errors
/// When the file cannot be read or holds no certificate.
pub fn trust(ca_file: Option<&Path>) -> Result<Trust> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = ca_file {
        add(&mut roots, path)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::world("TLS cannot be set up").because(error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<()> {
    let pem = std::fs::read(path).map_err(|error| {
        Error::unacceptable(format!("the ca_file {} cannot be read", path.display()))
            .because(error)
            .hint("write the path of the authority's certificate (PEM)")
    })?;
    let bad = || {
        Error::unacceptable(format!(
            "the ca_file {} is not a certificate (PEM)",
            path.display()
        ))
        .hint("it begins with -----BEGIN CERTIFICATE-----; several may follow one another")
    };
    let mut any = false;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| bad())?;
        roots.add(certificate).map_err(|_| bad())?;
        any = true;
    }
    if any { Ok(()) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_must_be_there_and_be_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        let told = trust(Some(&path)).expect_err("no file").to_string();
        assert!(told.contains("cannot be read"), "{told}");
        for text in [
            "",
            "nothing",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            std::fs::write(&path, text).expect("written");
            let told = trust(Some(&path)).expect_err("no certificate").to_string();
            assert!(told.contains("is not a certificate"), "{told}");
        }
        assert!(trust(None).is_ok());
    }
}
