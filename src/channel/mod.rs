//! The providers: each takes one message and says what became of it, and what to do next when it refused.
//!
//! A provider is one file, or one folder, that owns everything about it: its settings and their reader,
//! its limits and secrets, and what `regua doctor` asks. A provider more is its file and one line of the
//! list of providers here.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::Now;
use crate::domain::receipt::Receipt;
use crate::domain::words::{Channel, Word as _};
use crate::error::Result;
pub use crate::settings::Ask;
use crate::settings::Secret;
use crate::toml_table::Section;

mod answer;
mod fcm;
mod file;
mod folder;
mod http;
mod meta;
mod opa;
pub mod receipts;
mod smtp;
mod twilio;

pub use crate::domain::message::Outgoing;
use crate::domain::message::tag;
pub use answer::{AboutWhom, Accepted, Next, Refusal};
use answer::{CONTENT, Meaning, RECIPIENT, UNSAID, US, by_status, lost, world};
pub use http::{KnownGateway, known_gateways};
pub use smtp::bounce;

/// Every provider, in the order in which a remedy names those of a channel.
const PROVIDERS: &[Offer] = &[
    fcm::OFFER,
    opa::OFFER,
    meta::OFFER,
    http::OFFER,
    twilio::OFFER,
    smtp::OFFER,
    folder::OFFER,
    file::OFFER,
];

/// A provider as a configuration may choose it.
struct Offer {
    /// Its name in the configuration.
    name: &'static str,
    /// The channels it delivers.
    channels: &'static [Channel],
    /// What its section cannot do without, for whoever writes one.
    asks: &'static [Ask],
    /// How much it is asked for unless the configuration says otherwise.
    usual: Limits,
    /// Reads its settings; none when they are not acceptable, of which the section has been told.
    read: fn(&mut Given<'_, '_, '_>) -> Option<Arc<dyn ProviderSettings>>,
}

/// A channel's section of the configuration, as the reader of a provider's settings gets it.
pub struct Given<'g, 's, 'a> {
    /// The channel.
    pub channel: Channel,
    /// Its section.
    pub section: &'g Section<'s, 'a>,
    /// The folder that paths start from.
    pub base: &'g Path,
    /// What is acceptable but unwise goes here.
    pub warnings: &'g mut Vec<String>,
}

/// What a provider is configured with, read and acceptable.
pub trait ProviderSettings: fmt::Debug + Send + Sync {
    /// Its secrets, by key.
    fn secrets(&self) -> Vec<(String, &Secret)> {
        Vec::new()
    }

    /// Files that hold more than one secret, by key: only their owner should be able to read them.
    fn private_files(&self) -> Vec<(&'static str, &Path)> {
        Vec::new()
    }

    /// Files that it writes what it delivers into: they hold names, addresses and texts.
    fn written_files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Whether the texts of templates are kept at the provider, rather than given by hand.
    fn keeps_templates(&self) -> bool {
        false
    }

    /// Whether a push is addressed by the client's id, and no device has to be in the book.
    fn by_client(&self) -> bool {
        false
    }

    /// How long to wait between two requests, where they must come one at a time.
    fn pause(&self) -> Option<Pause> {
        None
    }

    /// Whether a WhatsApp text names its variables itself, as texts of other channels do.
    fn names_variables(&self) -> bool {
        false
    }

    /// The request that a message would make, without a secret; none where that is no one request.
    ///
    /// # Errors
    /// When what is no secret cannot be read.
    fn shown_request(&self, _message: &Outgoing) -> Result<Option<ShownRequest>> {
        Ok(None)
    }

    /// What an answer with this status and body would mean; none where no rules say so.
    fn judged(&self, _status: u16, _body: &[u8]) -> Option<Judged> {
        None
    }

    /// What is unwise about it, for `regua doctor`: each with what to do.
    fn doubts(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Whether a run that died left something that the next has to end, messages or none.
    fn is_unfinished(&self) -> bool {
        false
    }

    /// What tells it from another gateway that a configuration may name in its place; none where a provider
    /// is always the same.
    fn gateway(&self) -> Option<String> {
        None
    }

    /// Whether it can be asked later what became of a message.
    fn can_be_asked(&self) -> bool {
        false
    }

    /// The provider itself, with its secrets read, for so many workers.
    ///
    /// # Errors
    /// When a secret or a key file cannot be read, or is not what it should be.
    fn connect(&self, workers: usize) -> Result<Box<dyn Provider>>;
}

/// A way to deliver a channel, for whoever writes its section.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The provider, or the preset of a gateway.
    pub name: &'static str,
    /// The preset's provider, where it is one.
    pub preset_of: Option<&'static str>,
    /// What the section cannot do without.
    pub asks: Vec<Ask>,
}

/// The ways to deliver a channel that a few words describe; the last writes into a file or folder.
pub fn choices(channel: Channel) -> Vec<Choice> {
    let mut choices = Vec::new();
    for offer in PROVIDERS
        .iter()
        .filter(|offer| offer.channels.contains(&channel))
    {
        if offer.name != http::OFFER.name {
            choices.push(Choice {
                name: offer.name,
                preset_of: None,
                asks: offer.asks.to_vec(),
            });
            continue;
        }
        let presets = known_gateways();
        let fits = presets
            .into_iter()
            .filter(|preset| preset.channel == channel.as_str());
        choices.extend(fits.map(|preset| {
            Choice {
                name: preset.name,
                preset_of: Some(offer.name),
                asks: preset
                    .needs
                    .into_iter()
                    .map(|(key, what)| {
                        // The key stands before what it is for.
                        let plain = what
                            .split_once(" = ")
                            .map_or(what.as_str(), |(_, what)| what);
                        Ask {
                            secret: ["token", "password"].contains(&key.as_str())
                                || key.ends_with("_key")
                                || key.ends_with("_token")
                                || key.ends_with("_secret"),
                            what: plain.to_owned().into(),
                            key: key.into(),
                        }
                    })
                    .collect(),
            }
        }));
    }
    choices
}

/// A pause between two requests: some time between the two, another each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// At least so many seconds.
    pub least_seconds: u64,
    /// At most so many seconds.
    pub most_seconds: u64,
}

/// A request as it would be made, without a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRequest {
    /// The verb.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body's type, and the body.
    pub body: Option<(String, String)>,
}

/// What an answer would mean, and which rule said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What it means.
    pub outcome: Result<Accepted, Refusal>,
    /// What said so: a rule with its place, a key, or what the status means anyway.
    pub by: String,
}

/// How much a provider may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests at the same time.
    pub workers: usize,
    /// Requests begun in a minute; 0 means no limit.
    pub rate_per_minute: u32,
}

pub use crate::http::proxies_in_use;

/// A channel's provider, and how hard it may be worked.
#[derive(Debug, Clone)]
pub struct ChannelSettings {
    /// The provider's name in the configuration.
    pub name: &'static str,
    /// What the provider is configured with.
    pub provider: Arc<dyn ProviderSettings>,
    /// How much it may be asked for.
    pub limits: Limits,
}

impl ChannelSettings {
    /// A channel that the configuration does not mention: its messages go to a file, letters to a folder.
    pub fn unmentioned(channel: Channel, base: &Path) -> Self {
        let (offer, provider) = usual(channel, base);
        Self {
            name: offer.name,
            provider,
            limits: offer.usual,
        }
    }

    /// Reads a channel's section: the provider it chose with its settings, and its limits. What is wrong
    /// is told to the section.
    pub fn read(given: &mut Given<'_, '_, '_>) -> Self {
        let section = given.section;
        let offered = || {
            PROVIDERS
                .iter()
                .filter(|offer| offer.channels.contains(&given.channel))
        };
        let name = section.filled("provider");
        let (usual, unmentioned) = usual(given.channel, given.base);
        let name = name.as_deref().unwrap_or(usual.name);
        let chosen = offered().find(|offer| offer.name == name);
        if chosen.is_none() {
            let names: Vec<&str> = offered().map(|offer| offer.name).collect();
            section.wrong(
                "provider",
                format!("found `{name}`"),
                format!("write one of: {}", names.join(", ")),
            );
        }
        let offer = chosen.unwrap_or(usual);
        let provider = (offer.read)(given).unwrap_or(unmentioned);
        let workers = section.number("workers", 1..=512);
        if provider.pause().is_some() && workers.is_some_and(|workers| workers > 1) {
            section.wrong(
                "workers",
                "stands beside pause_seconds, with which requests go one at a time",
                "leave it out",
            );
        }
        let alone = provider.pause().map(|_| 1);
        let rate = section.number("rate_per_minute", 0..=10_000_000);
        Self {
            name: offer.name,
            provider,
            limits: Limits {
                workers: alone
                    .or(workers.and_then(|workers| usize::try_from(workers).ok()))
                    .unwrap_or(offer.usual.workers),
                rate_per_minute: rate
                    .and_then(|rate| u32::try_from(rate).ok())
                    .unwrap_or(offer.usual.rate_per_minute),
            },
        }
    }

    /// The provider, with its secrets read.
    ///
    /// # Errors
    /// When a secret or a key file cannot be read, or is not what it should be.
    pub fn connect(&self) -> Result<Box<dyn Provider>> {
        self.provider.connect(self.limits.workers)
    }
}

/// The provider of a channel that the configuration does not mention.
fn usual(channel: Channel, base: &Path) -> (&'static Offer, Arc<dyn ProviderSettings>) {
    if folder::OFFER.channels.contains(&channel) {
        (&folder::OFFER, folder::beside(base))
    } else {
        (&file::OFFER, file::beside(channel, base))
    }
}

/// A communication channel or a template, as a WhatsApp provider lists it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatalogueEntry {
    /// The provider's id (or name, where that is what sends go by).
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its state in the provider's words.
    pub status: Option<String>,
    /// A template's text, with its placeholders.
    pub text: Option<String>,
    /// A template's language, where one name may stand in several.
    pub language: Option<String>,
    /// What a template has that no message of ours can fill.
    pub unfillable: Option<String>,
}

/// What can be looked up at a WhatsApp provider.
pub trait Catalogue {
    /// The communication channels.
    fn channels(&self) -> Result<Vec<CatalogueEntry>>;
    /// The language that is meant where a template's name stands in several.
    fn language(&self) -> Option<&str> {
        None
    }
    /// The templates of one channel.
    fn templates(&self, channel: &str) -> Result<Vec<CatalogueEntry>>;
}

/// What a provider says about numbers before anybody writes to them.
pub trait NumberCheck {
    /// How many numbers it may be asked about in one request.
    fn at_once(&self) -> usize;

    /// Whether each of these numbers exists there, in their order.
    ///
    /// # Errors
    /// When it does not say.
    fn exist(&self, numbers: &[String]) -> Result<Vec<bool>, Refusal>;
}

/// One provider of one channel. It is called from several threads at once.
pub trait Provider: Send + Sync {
    /// Who its ids are from: its name in the configuration (`fcm`, `file`), or its preset's.
    fn name(&self) -> &'static str;

    /// Gets ready for a batch: fetches a token, reads a daily limit. A refusal here closes the channel for this run.
    fn open(&self) -> Result<(), Refusal> {
        Ok(())
    }

    /// Delivers one message. Blocks until the provider answered or the outcome is known.
    fn send(&self, message: &Outgoing) -> Result<Accepted, Refusal>;

    /// Asks the provider whether it would take a message, without delivering it; none when it cannot tell.
    fn validate(&self, _message: &Outgoing) -> Option<Result<Accepted, Refusal>> {
        None
    }

    /// Asks what became of a message that it took, by its own id of it: what it knows by now, which may be
    /// nothing.
    fn ask(&self, _provider_id: &str, _now: Now) -> Result<Vec<Receipt>, Refusal> {
        Ok(Vec::new())
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

    /// Who knows which numbers exist, where that must be asked before sending.
    fn numbers(&self) -> Option<&dyn NumberCheck> {
        None
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
    fn every_channel_has_a_provider_and_no_name_stands_twice() {
        for channel in Channel::ALL {
            let names: Vec<&str> = PROVIDERS
                .iter()
                .filter(|offer| offer.channels.contains(channel))
                .map(|offer| offer.name)
                .collect();
            assert!(names.contains(&"file"), "{channel}: {names:?}");
        }
        for (at, offer) in PROVIDERS.iter().enumerate() {
            assert!(PROVIDERS[..at].iter().all(|other| other.name != offer.name));
        }
    }
}
