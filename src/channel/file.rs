//! The `file` provider: each delivered message is one JSON line in a file.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::{Accepted, Given, Limits, Next, Offer, Outgoing, Provider, ProviderSettings, Refusal};
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, Result};
use crate::private_file;

/// A file, for every channel: what a channel has unless the configuration says otherwise.
pub(super) const OFFER: Offer = Offer {
    name: "file",
    channels: Channel::ALL,
    asks: &[],
    usual: Limits {
        workers: 8,
        rate_per_minute: 0,
    },
    read,
};

/// Where the lines go.
#[derive(Debug)]
struct FileSettings {
    path: PathBuf,
}

/// The file of a channel that names none, in the configuration's folder.
pub(super) fn beside(channel: Channel, base: &Path) -> Arc<dyn ProviderSettings> {
    Arc::new(FileSettings {
        path: base.join(format!("{channel}.jsonl")),
    })
}

/// Reads where the lines go.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of every provider's reader"
)]
fn read(given: &mut Given<'_, '_, '_>) -> Option<Arc<dyn ProviderSettings>> {
    Some(match given.section.filled("path") {
        Some(path) => Arc::new(FileSettings {
            path: given.base.join(path),
        }),
        None => beside(given.channel, given.base),
    })
}

impl ProviderSettings for FileSettings {
    fn connect(&self, _workers: usize) -> Result<Box<dyn Provider>> {
        Ok(Box::new(FileProvider::new(&self.path)?))
    }

    fn written_files(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }
}

/// Appends messages to a file.
struct FileProvider {
    path: PathBuf,
    file: Mutex<File>,
}

/// The line of one message.
#[derive(Serialize)]
struct Line<'a> {
    at: String,
    key: &'a str,
    channel: Channel,
    address: &'a str,
    title: Option<&'a str>,
    body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
    #[serde(flatten)]
    whatsapp: Option<Whatsapp<'a>>,
}

#[derive(Serialize)]
struct Whatsapp<'a> {
    provider_channel: Option<&'a str>,
    provider_template: Option<&'a str>,
    variables: &'a [String],
}

impl FileProvider {
    /// Opens the file, making it when it does not exist.
    fn new(path: &Path) -> Result<Self> {
        let file = private_file::append(path).map_err(|error| {
            Error::world(format!("messages cannot be written to {}", path.display())).because(error)
        })?;
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
        })
    }
}

impl Provider for FileProvider {
    fn name(&self) -> &'static str {
        OFFER.name
    }

    fn in_order(&self) -> bool {
        true
    }

    fn send(&self, message: &Outgoing) -> Result<Accepted, Refusal> {
        let line = Line {
            at: crate::clock::iso(message.at.to_utc(), message.at.timezone()),
            key: &message.key,
            channel: message.channel,
            address: &message.address,
            title: message.title.as_deref(),
            body: &message.body,
            html: message.html.as_deref(),
            whatsapp: (message.channel == Channel::Whatsapp).then_some(Whatsapp {
                provider_channel: message.provider_channel.as_deref(),
                provider_template: message.provider_template.as_deref(),
                variables: &message.variables,
            }),
        };
        let failed = |error: std::io::Error| {
            Refusal::new(Next::Stop, format!("{}: {error}", self.path.display()))
        };
        let mut bytes = serde_json::to_vec(&line).map_err(|error| failed(error.into()))?;
        bytes.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let before = file.metadata().map_err(failed)?.len();
        if let Err(error) = file.write_all(&bytes) {
            // Half a line is no message: take it back, so that the next try stands alone.
            let _ = file.set_len(before);
            return Err(failed(error));
        }
        Ok(Accepted {
            provider_id: None,
            code: None,
            text: Some("written".to_owned()),
        })
    }

    fn check(&self) -> Result<String> {
        Ok(format!("writes to {}", self.path.display()))
    }
}
