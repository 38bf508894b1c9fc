//! What any section of the configuration may hold: secrets, addresses of services, times to wait.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::toml_table::Section;
use crate::wire::url::{self, Url};

/// Something that a section cannot do without, for whoever writes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Its key.
    pub key: Cow<'static, str>,
    /// What to write there.
    pub what: Cow<'static, str>,
    /// Whether it is a password or token: `env:NAME`, `file:PATH`, or itself.
    pub secret: bool,
}

impl Ask {
    /// Something that everybody may read.
    pub const fn plain(key: &'static str, what: &'static str) -> Self {
        Self {
            key: Cow::Borrowed(key),
            what: Cow::Borrowed(what),
            secret: false,
        }
    }

    /// A password or token.
    pub const fn secret(key: &'static str, what: &'static str) -> Self {
        Self {
            key: Cow::Borrowed(key),
            what: Cow::Borrowed(what),
            secret: true,
        }
    }
}

/// A password or token: written in the file, or taken from the environment or another file when
/// it is needed. It prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    written: String,
    base: PathBuf,
}

impl Secret {
    /// A secret as it is written; `base` is the folder that the path of `file:PATH` starts from.
    pub fn new(written: String, base: &Path) -> Self {
        Self {
            written,
            base: base.to_owned(),
        }
    }

    /// Whether the secret itself stands in the configuration file.
    pub fn is_literal(&self) -> bool {
        !self.written.starts_with("env:") && !self.written.starts_with("file:")
    }

    /// The file it comes from, if from one.
    pub fn file(&self) -> Option<PathBuf> {
        Some(self.base.join(self.written.strip_prefix("file:")?))
    }

    /// The secret itself, without surrounding white space.
    pub fn reveal(&self) -> Result<String> {
        let text = if let Some(name) = self.written.strip_prefix("env:") {
            std::env::var(name).map_err(|_| {
                Error::unacceptable(format!("the environment variable {name} is not set")).hint(
                    format!("export {name}=… before running regua, or use file:PATH"),
                )
            })?
        } else if let Some(path) = self.file() {
            std::fs::read_to_string(&path).map_err(|error| {
                Error::unacceptable(format!("the secret in {} cannot be read", path.display()))
                    .because(error)
            })?
        } else {
            self.written.clone()
        };
        Ok(text.trim().to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Seconds to wait for an answer (`timeout_seconds`, 1 to 600); `usual` where nothing is written.
pub fn timeout(section: &Section<'_, '_>, usual: i64) -> i64 {
    section.number("timeout_seconds", 1..=600).unwrap_or(usual)
}

/// A text that cannot be done without; `why` says what to write.
pub fn required(section: &Section<'_, '_>, key: &'static str, why: &str) -> Option<String> {
    if !section.has(key) {
        section.wrong(key, "is missing", why);
        return None;
    }
    section.filled(key)
}

/// A secret that cannot be done without.
pub fn secret(section: &Section<'_, '_>, key: &'static str, base: &Path) -> Option<Secret> {
    required(
        section,
        key,
        "write env:NAME, file:PATH or the secret itself",
    )
    .map(|written| Secret::new(written, base))
}

/// The authorities that a service's certificate may come from besides the usual ones (`ca_file`, PEM).
pub fn ca_file(section: &Section<'_, '_>, base: &Path) -> Option<PathBuf> {
    section.filled("ca_file").map(|path| base.join(path))
}

/// The address that a service's paths are appended to, without a slash at its end; what is unwise about
/// it goes to `warnings`.
pub fn base_url(
    section: &Section<'_, '_>,
    key: &'static str,
    default: Option<&str>,
    warnings: &mut Vec<String>,
) -> Option<Url> {
    let url = match default {
        Some(default) => section.filled(key).unwrap_or_else(|| default.to_owned()),
        None => required(section, key, "write the address, https://…")?,
    };
    let url = whole_url(section, key, url, warnings)?;
    Some(Url::new(url.as_str().trim_end_matches('/')))
}

/// An address of a service: https, or http on this machine (elsewhere with a warning).
pub fn whole_url(
    section: &Section<'_, '_>,
    key: &'static str,
    url: String,
    warnings: &mut Vec<String>,
) -> Option<Url> {
    if let Some(fault) = url::fault(&url) {
        section.wrong(
            key,
            format!("found `{}`, which {fault}", url::shown(&url)),
            "write an address such as https://host/path",
        );
        return None;
    }
    let host = url::host(&url);
    let loopback = ["127.", "localhost", "[::1]"]
        .iter()
        .any(|start| host.starts_with(start));
    if url.starts_with("http://") && !loopback {
        warnings.push(format!(
            "{}: http://{host} is not encrypted; anyone on the way reads it",
            section.full(key)
        ));
    }
    Some(Url::new(url))
}
