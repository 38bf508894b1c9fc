//! The key file that Google gives, and the signed requests made with it.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// What Google's own programs write as the audience, wherever the key file sends the request.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
/// What a token is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";

/// The key file that Google gives.
pub(super) struct ServiceAccount {
    pub(super) project_id: String,
    key_id: Option<String>,
    email: String,
    pub(super) token_uri: String,
    key: RsaKeyPair,
}

impl ServiceAccount {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read or is not a service account's.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bad = |what: String| {
            Error::unacceptable(what)
                .at(format!("in {}", path.display()))
                .hint("a new key: Firebase console, project settings, service accounts")
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::unacceptable(format!("the key file {} cannot be read", path.display()))
                .because(error)
        })?;
        let json: Value =
            serde_json::from_str(&text).map_err(|_| bad("the key file is not JSON".to_owned()))?;
        let field = |name: &str| {
            json[name]
                .as_str()
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        let required =
            |name: &str| field(name).ok_or_else(|| bad(format!("the key file has no {name}")));
        if field("type").as_deref() != Some("service_account") {
            return Err(bad(
                "the key file is not one of a service account".to_owned()
            ));
        }
        let pem = required("private_key")?;
        let unusable = || bad("the private_key is not a usable RSA key (PKCS#8, PEM)".to_owned());
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| unusable())?;
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| unusable())?;
        Ok(Self {
            project_id: required("project_id")?,
            key_id: field("private_key_id"),
            email: required("client_email")?,
            token_uri: field("token_uri").unwrap_or_else(|| AUDIENCE.to_owned()),
            key,
        })
    }

    /// A signed request for a token (RFC 7523), good for an hour from `now`.
    pub(super) fn assertion(&self, now: DateTime<Utc>) -> Option<String> {
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(id) = &self.key_id {
            header["kid"] = Value::String(id.clone());
        }
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": AUDIENCE,
            "iat": now.timestamp(),
            "exp": now.timestamp() + 3600,
        });
        let unsigned = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                unsigned.as_bytes(),
                &mut signature,
            )
            .ok()?;
        Some(format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
