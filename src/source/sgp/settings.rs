//! What stands under `[sync.sgp]`, and its reader.

use std::path::{Path, PathBuf};

use crate::settings::{Secret, base_url, ca_file, required, secret, timeout};
use crate::toml_table::Section;
use crate::wire::url::Url;

/// Its key under `[sync]`, which is also the source's name.
pub const NAME: &str = "sgp";

/// An SGP's web service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SgpSettings {
    /// The server's address.
    pub base_url: Url,
    /// The integration's name, case and all.
    pub app: String,
    /// Its token.
    pub token: Secret,
    /// Titles asked for at a time; SGP gives at most 250.
    pub page_size: i64,
    /// Titles due since so many days.
    pub days_back: i64,
    /// Titles due within so many days.
    pub days_ahead: i64,
    /// Questions about contracts that are asked at once.
    pub workers: usize,
    /// Seconds to wait for one answer.
    pub timeout_seconds: i64,
    /// Authorities to trust besides the usual ones (PEM).
    pub ca_file: Option<PathBuf>,
}

/// Reads `[sync.sgp]`.
pub fn read(
    section: Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<SgpSettings> {
    let url = base_url(&section, "base_url", None, warnings);
    let app = required(
        &section,
        "app",
        "write the integration's name as SGP shows it",
    );
    let token = secret(&section, "token", base);
    let page_size = section.number("page_size", 1..=250).unwrap_or(250);
    let days_back = section.number("days_back", 0..=3660).unwrap_or(365);
    let days_ahead = section.number("days_ahead", 0..=3660).unwrap_or(120);
    let workers = section.number("workers", 1..=16).unwrap_or(4);
    let timeout_seconds = timeout(&section, 60);
    let ca_file = ca_file(&section, base);
    section.finish();
    Some(SgpSettings {
        base_url: url?,
        app: app?,
        token: token?,
        page_size,
        days_back,
        days_ahead,
        workers: usize::try_from(workers).unwrap_or(1),
        timeout_seconds,
        ca_file,
    })
}
