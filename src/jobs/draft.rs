//! What a journey wants to tell somebody, before it is composed: in what words, under what key, about what.

use chrono::{DateTime, Utc};

use super::rows::About;
use crate::domain::recipient::{Address, Recipient};
use crate::domain::template::{Facts, Rendered, Template, Variable, fill_text};
use crate::domain::words::{Channel, Kind, Origin, Purpose};

/// In what words a message is written.
#[derive(Debug, Clone, Copy)]
pub enum Wording<'a> {
    /// A template's.
    Template(&'a Template),
    /// A topic's own, for those it alerts.
    Alert {
        /// How they are told.
        channel: Channel,
        /// The subject of an e-mail, on one line.
        subject: &'a str,
        /// The text, with variables.
        text: &'a str,
    },
}

impl Wording<'_> {
    /// How they travel.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Template(template) => template.channel,
            Self::Alert { channel, .. } => *channel,
        }
    }

    /// Why they are sent: alerts are part of the service.
    pub const fn purpose(&self) -> Purpose {
        match self {
            Self::Template(template) => template.purpose,
            Self::Alert { .. } => Purpose::Service,
        }
    }

    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Template(template) => template.kind,
            Self::Alert { .. } => Kind::Support,
        }
    }

    pub(super) const fn template(&self) -> Option<&Template> {
        match self {
            Self::Template(template) => Some(template),
            Self::Alert { .. } => None,
        }
    }

    /// The text with its values, or the first variable that has none.
    pub(super) fn render(&self, facts: &Facts<'_>) -> Result<Rendered, Variable> {
        match self {
            Self::Template(template) => template.render(facts),
            Self::Alert {
                channel,
                subject,
                text,
            } => Ok(Rendered {
                title: channel.has_title().then(|| (*subject).to_owned()),
                body: fill_text(text, facts)?,
                ..Rendered::default()
            }),
        }
    }
}

/// What a message's key is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// The address follows after a slash: one message an address.
    PerAddress(String),
    /// As it stands: one message. Of a push the address follows all the same: it goes to each device.
    Whole(String),
}

/// What a journey wants to tell somebody.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// The words.
    pub wording: Wording<'a>,
    /// Who it is for.
    pub recipient: Recipient<'a>,
    /// Where the variables' values come from.
    pub facts: Facts<'a>,
    /// The words as they are sent, where they were made already.
    pub text: Option<Rendered>,
    /// The key, or its start.
    pub key: Key,
    /// Which journey.
    pub origin: Origin,
    /// What within it.
    pub event: String,
    /// The rows it is about besides its recipient.
    pub about: About,
    /// The day until which the contract wants no collection notices; none for a closing.
    pub hold_until: Option<chrono::NaiveDate>,
    /// Contact hours of its own, in place of the purpose's: the instant before which it must not go.
    pub not_before: Option<Option<DateTime<Utc>>>,
    /// Of no use from this instant on; the configured expiry when none.
    pub expires_at: Option<DateTime<Utc>>,
    /// The bulk send it belongs to.
    pub batch_id: Option<i64>,
    /// Only while its invoice is owing.
    pub while_owing: bool,
    /// No cap holds it back.
    pub outside_caps: bool,
}

impl<'a> Draft<'a> {
    /// A draft about nothing but its recipient, by the purpose's own hours and the configured expiry.
    pub const fn new(
        wording: Wording<'a>,
        recipient: Recipient<'a>,
        facts: Facts<'a>,
        origin: Origin,
    ) -> Self {
        Self {
            wording,
            recipient,
            facts,
            text: None,
            key: Key::Whole(String::new()),
            origin,
            event: String::new(),
            about: About::NOTHING,
            hold_until: None,
            not_before: None,
            expires_at: None,
            batch_id: None,
            while_owing: false,
            outside_caps: false,
        }
    }
}

/// A draft's key for one address; and how many characters of it stand before the slash and the address.
pub(super) fn key_of(draft: &Draft<'_>, address: Option<&Address>) -> (String, Option<usize>) {
    let start = match &draft.key {
        Key::Whole(key) if !draft.wording.channel().goes_to_devices() => {
            return (key.clone(), None);
        }
        Key::Whole(start) | Key::PerAddress(start) => start,
    };
    let text = address.map_or("-", |address| &address.text);
    (format!("{start}/{text}"), Some(start.chars().count()))
}
