//! The providers: each takes one message and says what became of it, and what to do next when it refused.

use std::time::Duration;

use crate::config::{Config, ProviderConfig};
use crate::domain::words::{Channel, Reason};
use crate::error::{Error, Result};

pub mod file;

pub use crate::domain::message::Outgoing;

/// A provider's word that it took a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// Its id of the message.
    pub provider_id: Option<String>,
    /// Its code (an HTTP status, an SMTP reply).
    pub code: Option<String>,
    /// Its words.
    pub text: Option<String>,
}

/// What to do after a provider did not take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It said no for good: the message fails with this reason.
    Never(Reason),
    /// The address is gone for good: the message fails, and a device of this address is forgotten.
    Gone(Reason),
    /// It said no for now: try again, not before so long from now when it said so.
    Later(Option<Duration>),
    /// Nothing was sent (no connection): try again; ten of these in a row close the channel.
    NotSent,
    /// Nobody's turn: bad credentials, provider down, our payload is wrong. The channel closes for this run.
    Stop,
    /// The request may have arrived; nobody can tell.
    Unknown,
}

/// A message that was not taken: what to do next, and the provider's own code and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What to do.
    pub next: Next,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words, or ours where it said nothing; never a secret.
    pub text: String,
}

impl Refusal {
    /// A refusal with its words.
    pub fn new(next: Next, text: impl Into<String>) -> Self {
        Self {
            next,
            code: None,
            text: text.into(),
        }
    }

    /// The same refusal, with the provider's code.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}

/// How much a provider may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests at the same time.
    pub workers: usize,
    /// Requests begun in a minute; 0 means no limit.
    pub rate_per_minute: u32,
}

/// A communication channel or a template, as a WhatsApp provider lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The provider's id (or name, where that is what sends go by).
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its state in the provider's words.
    pub status: Option<String>,
    /// A template's text, with its placeholders.
    pub text: Option<String>,
}

/// What can be looked up at a WhatsApp provider.
pub trait Catalogue {
    /// The communication channels.
    fn channels(&self) -> Result<Vec<Listed>>;
    /// The templates of one channel.
    fn templates(&self, channel: &str) -> Result<Vec<Listed>>;
}

/// One provider of one channel. It is called from several threads at once.
pub trait Provider: Send + Sync {
    /// Its name in the configuration: `fcm`, `file`…
    fn name(&self) -> &'static str;

    /// How much it may be asked for.
    fn limits(&self) -> Limits;

    /// Gets ready for a batch: fetches a token, reads a daily limit. A refusal here closes the channel for this run.
    fn open(&self) -> std::result::Result<(), Refusal> {
        Ok(())
    }

    /// Delivers one message. Blocks until the provider answered or the outcome is known.
    fn send(&self, message: &Outgoing) -> std::result::Result<Receipt, Refusal>;

    /// Asks the provider whether it would take a message, without delivering it; none when it cannot tell.
    fn validate(&self, _message: &Outgoing) -> Option<std::result::Result<Receipt, Refusal>> {
        None
    }

    /// Checks credentials with a harmless call; the answer says what was found.
    fn check(&self) -> Result<String>;

    /// Ends a batch: closes connections politely.
    fn close(&self) {}

    /// Cuts every request that is still waiting (a second signal, or the grace period is over).
    fn interrupt(&self) {}

    /// What can be looked up at it, for whatsapp.
    fn catalogue(&self) -> Option<&dyn Catalogue> {
        None
    }
}

/// The configured provider of a channel.
pub fn connect(channel: Channel, config: &Config) -> Result<Box<dyn Provider>> {
    let settings = config.channel(channel);
    let limits = Limits {
        workers: settings.workers,
        rate_per_minute: settings.rate_per_minute,
    };
    match &settings.provider {
        ProviderConfig::File { path } => Ok(Box::new(file::FileProvider::new(path, limits)?)),
        other => Err(Error::unacceptable(format!(
            "the provider `{}` is not there yet",
            other.name()
        ))),
    }
}
