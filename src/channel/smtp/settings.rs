//! What a mail server is configured with, and its reader.

use std::path::PathBuf;
use std::sync::Arc;

use super::SmtpProvider;
use crate::channel::{Given, Provider, ProviderSettings};
use crate::error::Result;
use crate::settings::{Secret, required, secret, timeout};
use crate::toml_table::Section;

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    /// TLS from the first byte (port 465).
    Implicit,
    /// STARTTLS, required (port 587).
    Starttls,
    /// None, for a relay on this machine.
    None,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SmtpSettings {
    /// Its name.
    pub(super) host: String,
    /// Its port.
    pub(super) port: u16,
    /// How the connection is protected.
    pub(super) tls: Tls,
    /// The user, if it wants one.
    pub(super) username: Option<String>,
    /// The password.
    pub(super) password: Option<Secret>,
    /// The sender: `Name <address>`.
    pub(super) from: String,
    /// Where answers go, if not to the sender.
    pub(super) reply_to: Option<String>,
    /// Where marketing can be unsubscribed: an https address; `#client_id#` and `#address#` may stand in it.
    pub(super) unsubscribe_url: Option<String>,
    /// How we greet the server; the sender's domain unless set.
    pub(super) helo: Option<String>,
    /// Seconds to wait for a connection and for each answer but the last.
    pub(super) timeout_seconds: i64,
    /// Seconds to wait for the answer to a whole message (RFC 5321 asks for ten minutes).
    pub(super) answer_seconds: i64,
    /// Messages before a connection is renewed.
    pub(super) messages_per_connection: i64,
    /// A certificate authority to trust besides the usual ones (PEM).
    pub(super) ca_file: Option<PathBuf>,
}

/// Reads the server's settings.
pub(super) fn read(given: &mut Given<'_, '_, '_>) -> Option<Arc<dyn ProviderSettings>> {
    let (section, base) = (given.section, given.base);
    let host = read_host(section);
    let from = required(section, "from", "write Name <address@example.com>");
    let tls = read_tls(section);
    let port = section.number("port", 1..=65535).unwrap_or(match tls {
        Tls::Implicit => 465,
        Tls::Starttls => 587,
        Tls::None => 25,
    });
    let username = section.filled("username");
    let password = username
        .is_some()
        .then(|| secret(section, "password", base))
        .flatten();
    if username.is_none() && section.filled("password").is_some() {
        section.wrong(
            "password",
            "stands without a username",
            "write username = \"…\" beside it, or leave both out",
        );
    }
    let unsubscribe_url = read_unsubscribe_url(section);
    if let (Tls::None, Some(host)) = (tls, &host)
        && !["127.", "localhost", "::1"]
            .iter()
            .any(|start| host.starts_with(start))
    {
        given.warnings.push(format!(
            "{}: tls = \"none\" sends everything to {host} in the clear",
            section.full("tls")
        ));
    }
    let settings = SmtpSettings {
        port: u16::try_from(port).unwrap_or(465),
        tls,
        username,
        password,
        reply_to: section.filled("reply_to"),
        unsubscribe_url,
        helo: section.filled("helo"),
        timeout_seconds: timeout(section, 30),
        answer_seconds: section.number("answer_seconds", 1..=3600).unwrap_or(600),
        messages_per_connection: section
            .number("messages_per_connection", 1..=1_000_000)
            .unwrap_or(100),
        ca_file: section.filled("ca_file").map(|path| base.join(path)),
        host: host?,
        from: from?,
    };
    Some(Arc::new(settings))
}

fn read_host(section: &Section<'_, '_>) -> Option<String> {
    let host = required(section, "host", "write the mail server's name")?;
    // A whole address may hold a password, and the host is named in many a message.
    if host.contains(['@', '/']) {
        section.wrong(
            "host",
            "is more than the name of a host",
            "write the mail server's name alone; username and password have keys of their own",
        );
        return None;
    }
    Some(host)
}

fn read_tls(section: &Section<'_, '_>) -> Tls {
    match section.filled("tls").as_deref() {
        None | Some("implicit") => Tls::Implicit,
        Some("starttls") => Tls::Starttls,
        Some("none") => Tls::None,
        Some(other) => {
            section.wrong(
                "tls",
                format!("found `{other}`"),
                "write implicit, starttls or none",
            );
            Tls::Implicit
        }
    }
}

fn read_unsubscribe_url(section: &Section<'_, '_>) -> Option<String> {
    let url = section.filled("unsubscribe_url")?;
    if !url.starts_with("https://") || url.contains(char::is_whitespace) {
        section.wrong(
            "unsubscribe_url",
            "is not an https address",
            "write https://…, which must need no login (RFC 8058)",
        );
    }
    Some(url)
}

impl ProviderSettings for SmtpSettings {
    fn secrets(&self) -> Vec<(String, &Secret)> {
        self.password
            .iter()
            .map(|secret| ("password".to_owned(), secret))
            .collect()
    }

    fn connect(&self, _workers: usize) -> Result<Box<dyn Provider>> {
        Ok(Box::new(SmtpProvider::new(self)?))
    }
}
