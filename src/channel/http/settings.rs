//! How the configuration describes a gateway, and its reader.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::HttpProvider;
use super::pattern::{PLACEHOLDERS, words_between_signs};
use super::preset::{self, Preset};
use super::verdict::Verdict;
use crate::channel::{Given, Provider, ProviderSettings};
use crate::error::Result;
use crate::http::Method;
use crate::settings::{Secret, base_url, ca_file, required, secret, timeout, whole_url};
use crate::toml_table::Section;
use crate::wire::url::Url;

/// A gateway described by its requests and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpSettings {
    /// GET, POST or PUT.
    pub(super) method: Method,
    /// Where; may hold `#address#` and the like, escaped for a URL.
    pub(super) url: Url,
    /// Headers; their values may be secrets.
    pub(super) headers: BTreeMap<String, Secret>,
    /// What we are known by.
    pub(super) credentials: Credentials,
    /// Who it comes from: `#sender#`.
    pub(super) sender: Option<String>,
    /// What the body is.
    pub(super) content_type: ContentType,
    /// The body, with `#address#`, `#title#`, `#body#`, `#key#` where they go.
    pub(super) body: Option<String>,
    /// How answers are read.
    pub(super) verdict: Verdict,
    /// A harmless address that answers only to good credentials.
    pub(super) check_url: Option<Url>,
    /// Seconds to wait for an answer.
    pub(super) timeout_seconds: i64,
    /// Authorities to trust besides the usual ones (PEM).
    pub(super) ca_file: Option<PathBuf>,
}

/// What a gateway knows us by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    /// A user for HTTP's basic authentication, or for `#username#`.
    pub(super) username: Option<String>,
    /// Its password, also `#password#`.
    pub(super) password: Option<Secret>,
    /// A token, also `#token#`.
    pub(super) token: Option<Secret>,
    /// The header the token goes in; none sends it only where `#token#` stands.
    pub(super) token_header: Option<String>,
    /// What stands before the token in that header.
    pub(super) token_prefix: String,
}

/// What a body is, which decides how its values are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentType {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `text/plain`.
    Plain,
}

/// Reads how the gateway is described.
pub(super) fn read(given: &mut Given<'_, '_, '_>) -> Option<Arc<dyn ProviderSettings>> {
    let section = given.section;
    let chosen = preset::read(section);
    let is_preset = chosen.is_some();
    let preset = chosen.unwrap_or_default();
    let url = if is_preset {
        base_url(
            section,
            "base_url",
            preset.base_url.as_deref(),
            given.warnings,
        )
        .map(|base_url| Url::new(format!("{}{}", base_url.as_str(), preset.path)))
    } else {
        required(section, "url", "write the gateway's address, https://…")
            .and_then(|url| whole_url(section, "url", url, given.warnings))
    };
    let settings = HttpSettings {
        method: read_method(section),
        headers: section
            .section("headers")
            .map_or_else(BTreeMap::new, |table| {
                table
                    .pairs()
                    .into_iter()
                    .map(|(name, value)| (name, Secret::new(value, given.base)))
                    .collect()
            }),
        content_type: read_content_type(section),
        credentials: read_credentials(given, is_preset, &preset),
        sender: if is_preset {
            required(section, "sender", "write the sender the gateway gave you")
        } else {
            section.filled("sender")
        },
        body: section.text("body").or_else(|| preset.body.clone()),
        verdict: Verdict::read(section, &preset),
        check_url: section
            .filled("check_url")
            .and_then(|url| whole_url(section, "check_url", url, given.warnings)),
        timeout_seconds: timeout(section, 20),
        ca_file: ca_file(section, given.base),
        url: url.unwrap_or_default(),
    };
    check_placeholders(section, &settings);
    (!settings.url.as_str().is_empty()).then(|| -> Arc<dyn ProviderSettings> { Arc::new(settings) })
}

fn read_method(section: &Section<'_, '_>) -> Method {
    match section.filled("method").as_deref() {
        None | Some("POST") => Method::Post,
        Some("GET") => Method::Get,
        Some("PUT") => Method::Put,
        Some(other) => {
            section.wrong(
                "method",
                format!("found `{other}`"),
                "write GET, POST or PUT",
            );
            Method::Post
        }
    }
}

fn read_content_type(section: &Section<'_, '_>) -> ContentType {
    match section.filled("content_type").as_deref() {
        None | Some("application/json") => ContentType::Json,
        Some("application/x-www-form-urlencoded") => ContentType::Form,
        Some("text/plain") => ContentType::Plain,
        Some(other) => {
            section.wrong(
                "content_type",
                format!("found `{other}`"),
                "write application/json, application/x-www-form-urlencoded or text/plain",
            );
            ContentType::Json
        }
    }
}

/// With a preset a token is needed: the preset says where it goes.
fn read_credentials(given: &Given<'_, '_, '_>, is_preset: bool, preset: &Preset) -> Credentials {
    let (section, base) = (given.section, given.base);
    let password = section
        .filled("password")
        .map(|written| Secret::new(written, base));
    let token = if is_preset {
        secret(section, "token", base)
    } else {
        section
            .filled("token")
            .map(|written| Secret::new(written, base))
    };
    Credentials {
        username: section.filled("username"),
        password,
        token,
        token_header: section
            .filled("token_header")
            .or_else(|| preset.token_header.clone()),
        token_prefix: section
            .text("token_prefix")
            .or_else(|| preset.token_prefix.clone())
            .unwrap_or_else(|| "Bearer ".to_owned()),
    }
}

/// Every word between number signs must be one that gets a value.
fn check_placeholders(section: &Section<'_, '_>, settings: &HttpSettings) {
    let credentials = &settings.credentials;
    let wanting = [
        ("sender", settings.sender.is_none()),
        ("username", credentials.username.is_none()),
        ("password", credentials.password.is_none()),
        ("token", credentials.token.is_none()),
    ];
    let texts = [
        ("url", Some(settings.url.as_str())),
        ("body", settings.body.as_deref()),
    ];
    for (key, text) in texts {
        let Some(text) = text else { continue };
        for word in words_between_signs(text) {
            if !PLACEHOLDERS.contains(&word) {
                section.wrong(
                    key,
                    format!("#{word}# has no value"),
                    format!("write one of: {}", PLACEHOLDERS.join(", ")),
                );
            }
        }
        for (name, absent) in wanting {
            if absent && text.contains(&format!("#{name}#")) {
                section.wrong(
                    key,
                    format!("#{name}# has no value"),
                    format!("give {name} too"),
                );
            }
        }
    }
}

impl ProviderSettings for HttpSettings {
    fn secrets(&self) -> Vec<(String, &Secret)> {
        let named = |name: &str, secret| (name.to_owned(), secret);
        let headers = self.headers.iter();
        headers
            .map(|(name, secret)| (format!("headers.{name}"), secret))
            .chain(self.credentials.token.iter().map(|s| named("token", s)))
            .chain(
                self.credentials
                    .password
                    .iter()
                    .map(|s| named("password", s)),
            )
            .collect()
    }

    fn doubts(&self) -> Vec<(String, String)> {
        if !self.verdict.is_by_status_alone() {
            return Vec::new();
        }
        vec![(
            "the gateway is judged by the status of its answers alone: one that answers 200 with an error in its text counts as sent".to_owned(),
            "say where its answer tells: id_pointer, or result_pointer with result_accepted".to_owned(),
        )]
    }

    fn connect(&self, workers: usize) -> Result<Box<dyn Provider>> {
        Ok(Box::new(HttpProvider::new(self, workers)?))
    }
}
