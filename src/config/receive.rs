//! `[receive]`: what requests of providers must show, and which answers of people mean that they want no more.

use std::path::Path;

use crate::domain::receipt::StopWords;
use crate::domain::words::Purpose;
use crate::settings::{Secret, whole_url};
use crate::toml_table::Section;

/// A secret path that is shorter, in characters, may be guessed.
const SHORT_PATH: usize = 16;

/// How reports come in from outside, and what answers mean.
#[derive(Debug, Clone, Default)]
pub struct ReceiveConfig {
    /// The secret part of the address.
    pub path_token: Option<Secret>,
    /// What Meta shows when the address is made known to it.
    pub meta_verify_token: Option<Secret>,
    /// The secret of Meta's app, by which its requests are signed.
    pub meta_app_secret: Option<Secret>,
    /// The auth token of the Twilio account, by which its requests are signed.
    pub twilio_auth_token: Option<Secret>,
    /// Where the world finds us, without the path: Twilio signs it too.
    pub public_url: Option<String>,
    /// Words by which people stop, and for what.
    pub stops: StopWords,
    /// Stop words count in requests that nobody signed.
    pub stop_unsigned: bool,
}

impl ReceiveConfig {
    /// Its secrets, by key.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &Secret)> {
        [
            ("path_token", &self.path_token),
            ("meta_verify_token", &self.meta_verify_token),
            ("meta_app_secret", &self.meta_app_secret),
            ("twilio_auth_token", &self.twilio_auth_token),
        ]
        .into_iter()
        .filter_map(|(key, secret)| Some((key, secret.as_ref()?)))
    }
}

/// Refuses a secret path that cannot stand in an address, and warns of a short one.
fn look_at_path(section: &Section<'_, '_>, warnings: &mut Vec<String>) {
    let Some(written) = section.filled("path_token") else {
        return;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    if !written.chars().all(plain) {
        section.wrong(
            "path_token",
            "holds more than letters, digits and -_.~",
            "write at least 16 characters that nobody guesses: openssl rand -hex 16",
        );
    } else if written.len() < SHORT_PATH {
        warnings.push(
            "receive.path_token: whoever guesses it can report what never happened, write at least 16 characters: openssl rand -hex 16"
                .to_owned(),
        );
    }
}

/// Reads `[receive]`.
pub(super) fn read(
    top: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> ReceiveConfig {
    let Some(section) = top.section("receive") else {
        return ReceiveConfig::default();
    };
    let secret = |key| {
        section
            .filled(key)
            .map(|written| Secret::new(written, base))
    };
    let path_token = secret("path_token");
    if path_token.as_ref().is_some_and(Secret::is_literal) {
        look_at_path(&section, warnings);
    }
    let public_url = section
        .filled("public_url")
        .and_then(|url| whole_url(&section, "public_url", url, warnings))
        .map(|url| url.as_str().trim_end_matches('/').to_owned());
    let purposes: Option<Vec<Purpose>> = section.words("stop_purposes");
    let stops = match section.texts("stop_words") {
        Some(words) => {
            if words.iter().any(|word| word.trim().is_empty()) {
                section.wrong("stop_words", "holds an empty word", "leave it out");
            }
            StopWords::new(&words, vec![Purpose::Marketing])
        }
        None => StopWords::default(),
    };
    let receive = ReceiveConfig {
        path_token,
        meta_verify_token: secret("meta_verify_token"),
        meta_app_secret: secret("meta_app_secret"),
        twilio_auth_token: secret("twilio_auth_token"),
        public_url,
        stops: match purposes {
            Some(purposes) => stops.with_purposes(purposes),
            None => stops,
        },
        stop_unsigned: section.flag("stop_unsigned").unwrap_or(false),
    };
    section.finish();
    receive
}
