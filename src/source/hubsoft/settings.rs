//! What stands under `[sync.hubsoft]`, and its reader.

use std::path::{Path, PathBuf};

use crate::settings::{Ask, Secret, base_url, ca_file, required, secret, timeout};
use crate::toml_table::Section;
use crate::wire::url::Url;

/// Its key under `[sync]`, which is also the source's name.
pub const NAME: &str = "hubsoft";

/// What its section cannot do without.
pub const ASKS: &[Ask] = &[
    Ask::plain(
        "base_url",
        "the address of the API, such as https://api.example.hubsoft.com.br",
    ),
    Ask::plain("client_id", "the id of the integration"),
    Ask::secret("client_secret", "its secret"),
    Ask::plain("username", "the user of the API"),
    Ask::secret("password", "its password"),
];

/// A Hubsoft's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubsoftSettings {
    /// The server's address.
    pub base_url: Url,
    /// The number of the integration that was set up in Hubsoft.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// The user of the integration.
    pub username: String,
    /// That user's password.
    pub password: Secret,
    /// Rows asked for at a time; Hubsoft gives at most 500.
    pub page_size: i64,
    /// Invoices due since so many days.
    pub days_back: i64,
    /// Invoices due within so many days.
    pub days_ahead: i64,
    /// Asks for Pix codes with the invoices.
    pub pix: bool,
    /// Seconds to wait for one answer.
    pub timeout_seconds: i64,
    /// Authorities to trust besides the usual ones (PEM).
    pub ca_file: Option<PathBuf>,
}

/// Reads `[sync.hubsoft]`.
pub fn read(
    section: Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<HubsoftSettings> {
    let url = base_url(&section, "base_url", None, warnings);
    let client_id = match section.text_if("client_id") {
        Some(id) => Some(id),
        None => section
            .has("client_id")
            .then(|| section.number("client_id", 1..=i64::MAX))
            .flatten()
            .map(|id| id.to_string()),
    };
    if client_id.is_none() && !section.has("client_id") {
        section.wrong("client_id", "is missing", "write the integration's number");
    }
    let client_secret = secret(&section, "client_secret", base);
    let username = required(&section, "username", "write the integration's user");
    let password = secret(&section, "password", base);
    let page_size = section.number("page_size", 1..=500).unwrap_or(500);
    let days_back = section.number("days_back", 0..=3660).unwrap_or(365);
    let days_ahead = section.number("days_ahead", 0..=3660).unwrap_or(120);
    let pix = section.flag("pix").unwrap_or(false);
    let timeout_seconds = timeout(&section, 120);
    let ca_file = ca_file(&section, base);
    section.finish();
    Some(HubsoftSettings {
        base_url: url?,
        client_id: client_id?,
        client_secret: client_secret?,
        username: username?,
        password: password?,
        page_size,
        days_back,
        days_ahead,
        pix,
        timeout_seconds,
        ca_file,
    })
}
