//! The headers of every request to a gateway, credentials among them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::pattern::Pattern;
use super::settings::HttpSettings;
use crate::error::Result;

/// Headers, and the texts in them that must never be shown.
pub(super) struct Headers {
    /// Names and values.
    pub(super) list: Vec<(String, Pattern)>,
    /// The body's type, where a header gives it.
    pub(super) content_type: Option<String>,
    /// What must never be shown.
    pub(super) hidden: Vec<String>,
}

impl Headers {
    /// The headers that the configuration gives.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub(super) fn given(settings: &HttpSettings) -> Result<Self> {
        let mut headers = Self {
            list: Vec::new(),
            content_type: None,
            hidden: Vec::new(),
        };
        for (name, secret) in &settings.headers {
            let value = secret.reveal()?;
            if name.eq_ignore_ascii_case("content-type") {
                headers.content_type = Some(value);
                continue;
            }
            // A secret from elsewhere is taken as it stands, number signs and all.
            let pattern = if secret.is_literal() {
                Pattern::of(&value)
            } else {
                Pattern::plain(value.clone())
            };
            if !secret.is_literal() || may_be_secret(name) {
                let last = value.rsplit(' ').next().unwrap_or_default();
                headers.hidden.push(last.to_owned());
                headers.hidden.push(value);
            }
            headers.list.push((name.clone(), pattern));
        }
        Ok(headers)
    }

    /// Adds the token, in the header that is named, or in the usual one unless it is `placed` elsewhere.
    pub(super) fn add_token(&mut self, settings: &HttpSettings, token: &str, placed: bool) {
        self.hidden.push(token.to_owned());
        let usual = (!placed).then_some("Authorization");
        let name = settings.credentials.token_header.as_deref().or(usual);
        if let Some(name) = name.filter(|_| !token.is_empty()) {
            let value = format!("{}{token}", settings.credentials.token_prefix);
            self.list.push((name.to_owned(), Pattern::plain(value)));
        }
    }

    /// Adds a user and password as HTTP's basic authentication, unless they are `placed` elsewhere or
    /// something else authorizes already.
    pub(super) fn add_user(&mut self, username: &str, password: &str, placed: bool) {
        self.hidden.push(password.to_owned());
        let authorized = self
            .list
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if !authorized && !username.is_empty() && !placed {
            let pair = STANDARD.encode(format!("{username}:{password}"));
            self.hidden.push(pair.clone());
            let value = Pattern::plain(format!("Basic {pair}"));
            self.list.push(("Authorization".to_owned(), value));
        }
    }
}

/// Whether a header's value is better not shown.
fn may_be_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "token", "key", "secret", "pass", "cookie"]
        .iter()
        .any(|part| name.contains(part))
}
