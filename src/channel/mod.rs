//! The providers: each takes one message and says what became of it, and what to do next when it refused.

use std::time::Duration;

use base64::Engine;

use crate::config::{Config, ProviderConfig};
use crate::domain::words::{Channel, Reason};
use crate::error::{Error, Result};
use crate::http::{Answer, Cover, Failure, shortened};

pub mod fcm;
pub mod file;
pub mod http;
pub mod meta;
pub mod opa;
pub mod smtp;
pub mod twilio;

/// The provider that the configuration chose for a channel, with its secrets read.
///
/// # Errors
/// When a secret or a key file cannot be read, or is not what it should be.
pub fn connect(channel: Channel, config: &Config) -> Result<Box<dyn Provider>> {
    let settings = config.channel(channel);
    let limits = Limits {
        workers: settings.workers,
        rate_per_minute: settings.rate_per_minute,
    };
    Ok(match &settings.provider {
        ProviderConfig::File { path } => Box::new(file::FileProvider::new(path, limits)?),
        ProviderConfig::Http(settings) => Box::new(http::HttpProvider::new(settings, limits)?),
        ProviderConfig::Fcm(settings) => Box::new(fcm::FcmProvider::new(settings, limits)?),
        ProviderConfig::Opa(settings) => Box::new(opa::OpaProvider::new(settings, limits)?),
        ProviderConfig::Meta(settings) => Box::new(meta::MetaProvider::new(settings, limits)?),
        ProviderConfig::Twilio(settings) => {
            Box::new(twilio::TwilioProvider::new(settings, limits)?)
        }
        ProviderConfig::Smtp(settings) => Box::new(smtp::SmtpProvider::new(settings, limits)?),
    })
}

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

impl Receipt {
    /// The same receipt without a secret, whatever the provider threw back, and of a length to keep.
    fn covered(self, cover: &Cover) -> Self {
        let clean = |told: Option<String>| told.map(|told| cover.cover(shortened(&told, 500)));
        Self {
            provider_id: clean(self.provider_id),
            code: clean(self.code),
            text: clean(self.text),
        }
    }
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
    /// What we wrote is wrong, for whomever it was: messages of the same template and batch wait for the
    /// next run, the rest of the channel goes on.
    StopBatch,
    /// Nobody's turn: bad credentials, provider down. The channel closes for this run.
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
    fn open(&self) -> Result<(), Refusal> {
        Ok(())
    }

    /// Delivers one message. Blocks until the provider answered or the outcome is known.
    fn send(&self, message: &Outgoing) -> Result<Receipt, Refusal>;

    /// Asks the provider whether it would take a message, without delivering it; none when it cannot tell.
    fn validate(&self, _message: &Outgoing) -> Option<Result<Receipt, Refusal>> {
        None
    }

    /// How many different people may be written to in 24 hours; 0 means no limit of ours to keep.
    fn daily_recipients(&self) -> i64 {
        0
    }

    /// Told before a batch who was written to in the last 24 hours, when `daily_recipients` asks.
    fn remember(&self, _addresses: Vec<String>) {}

    /// Checks credentials with a harmless call; the answer says what was found.
    fn check(&self) -> Result<String>;

    /// Whether messages must reach it one after the other, in the order they were claimed.
    fn in_order(&self) -> bool {
        false
    }

    /// Ends a batch: closes connections politely.
    fn close(&self) {}

    /// Cuts every request that is still waiting (a second signal, or the grace period is over).
    fn interrupt(&self) {}

    /// What can be looked up at it, for whatsapp.
    fn catalogue(&self) -> Option<&dyn Catalogue> {
        None
    }
}

/// What to do when no answer came.
fn lost(failure: Failure) -> Refusal {
    match failure {
        Failure::NotSent(text) => Refusal::new(Next::NotSent, text),
        Failure::Unknown(text) => Refusal::new(Next::Unknown, text),
    }
}

/// What an answer means by its status alone, when nothing in it says more: a success that does not
/// look like one may have been one; a redirect means a wrong address, and is never followed.
fn by_status(answer: &Answer, text: impl Into<String>) -> Refusal {
    let text = text.into();
    let refusal = match answer.status {
        300..=399 => Refusal::new(
            Next::Stop,
            format!(
                "it redirects to {}; check the configured address",
                answer
                    .location
                    .as_deref()
                    .map_or("another address", crate::http::host)
            ),
        ),
        401 | 403 | 407 => Refusal::new(Next::Stop, text),
        408 | 425 | 429 | 500..=599 => Refusal::new(Next::Later(answer.retry_after), text),
        400..=499 => Refusal::new(Next::Never(Reason::Refused), text),
        _ => Refusal::new(Next::Unknown, text),
    };
    refusal.code(answer.status.to_string())
}

/// A short name for a message, made from its key (43 characters): the same message has the same,
/// so that a resend replaces instead of repeating.
fn tag(key: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest)
}

/// A refusal of a harmless call, as an error for a person.
fn world(provider: &str, refusal: Refusal) -> Error {
    let code = refusal
        .code
        .map_or_else(String::new, |code| format!(" ({code})"));
    Error::world(format!("{provider} refused{code}: {}", refusal.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_fits_where_providers_put_it_and_follows_the_key() {
        assert_eq!(tag("send/cut/2026-11-21/7/abc").len(), 43);
        assert_eq!(tag("a"), tag("a"));
        assert_ne!(tag("a"), tag("b"));
    }

    #[test]
    fn a_status_alone_decides_as_section_6_says() {
        let answered = |status| {
            let answer = Answer {
                status,
                retry_after: Some(Duration::from_secs(7)),
                content_type: None,
                location: Some("https://login.example.com/x?token=1".to_owned()),
                body: Vec::new(),
            };
            by_status(&answer, "words")
        };
        let later = Next::Later(Some(Duration::from_secs(7)));
        for (status, next) in [
            (200, Next::Unknown),
            (301, Next::Stop),
            (400, Next::Never(Reason::Refused)),
            (401, Next::Stop),
            (404, Next::Never(Reason::Refused)),
            (429, later),
            (503, later),
        ] {
            assert_eq!(answered(status).next, next, "{status}");
        }
        assert_eq!(
            answered(301).text,
            "it redirects to login.example.com; check the configured address"
        );
    }
}
