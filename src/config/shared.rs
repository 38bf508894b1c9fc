//! `[queue.shared]`: the queue that several hosts deliver over PostgreSQL.

use std::path::{Path, PathBuf};

use crate::settings::{Secret, ca_file, secret};
use crate::toml_table::Section;

/// Where the shared queue is, and how long what is known of it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedConfig {
    /// PostgreSQL's address, with its password.
    pub url: Secret,
    /// How old the planner's look at the queue may be before nothing of it leaves, in seconds.
    pub stale_seconds: i64,
    /// How long a host holds what it has in hand without a word, in seconds.
    pub lease_seconds: i64,
    /// The host's name; the machine's own where none is given.
    pub host: Option<String>,
    /// Authorities to trust besides the usual ones (PEM).
    pub ca_file: Option<PathBuf>,
}

/// Reads `[queue.shared]`, where it stands.
pub(super) fn read(queue: &Section<'_, '_>, base: &Path) -> Option<SharedConfig> {
    let section = queue.section("shared")?;
    if !cfg!(feature = "postgres") {
        section.wrong(
            "url",
            "asks for PostgreSQL, which this build of regua does not have",
            "leave [queue.shared] out, or install the Debian package, or build with `cargo build --release --features postgres`",
        );
    }
    let url = secret(&section, "url", base);
    let shared = SharedConfig {
        stale_seconds: section.number("stale_seconds", 1..=86_400).unwrap_or(180),
        lease_seconds: section.number("lease_seconds", 5..=3600).unwrap_or(30),
        host: section.filled("host"),
        ca_file: ca_file(&section, base),
        url: url?,
    };
    section.finish();
    Some(shared)
}
