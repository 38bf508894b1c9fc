//! A message: from its decision, under a key, to what became of it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::template::Look;
use super::ticket::event::TicketFacts;
use super::words::{AddressKind, AttemptOutcome, Channel, Kind, Origin, Purpose, Reason, Status};
use crate::clock::Now;

/// A short name for a message, made from its key (43 characters): the same message has the same,
/// so that a resend replaces instead of repeating.
pub fn tag(key: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

/// A UUID made from a message's key: always the same for it. It has the form of version 4 (RFC 9562),
/// which is what gateways look for, though nothing in it is random.
pub fn uuid(key: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest.as_ref()[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// What is decided about a message when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It goes into the queue.
    Queued,
    /// It is recorded and does not go.
    Skipped(Reason, Option<String>),
}

/// A message about to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The decision it stands for; one message a key, ever.
    pub key: String,
    /// How it travels.
    pub channel: Channel,
    /// Why it is sent.
    pub purpose: Purpose,
    /// What its template is about.
    pub kind: Kind,
    /// Its template's name; none for words of a topic's own.
    pub template: Option<String>,
    /// Which journey made it.
    pub origin: Origin,
    /// What within that journey: `reminder:5`, `stage:notice`, a trigger's name, the batch.
    pub event: String,
    /// The client it is about.
    pub client_id: Option<i64>,
    /// The member of staff it goes to.
    pub staff_id: Option<i64>,
    /// The contract it is about.
    pub contract_id: Option<i64>,
    /// The invoice it is about.
    pub invoice_id: Option<i64>,
    /// The collection case it is about: it goes only while that is open.
    pub case_id: Option<i64>,
    /// The login it is about.
    pub login_id: Option<i64>,
    /// The ticket it is about.
    pub ticket_id: Option<i64>,
    /// Where it goes.
    pub address: Option<String>,
    /// For push, which kind of address that is.
    pub address_kind: Option<AddressKind>,
    /// Title or subject.
    pub title: Option<String>,
    /// Text.
    pub body: Option<String>,
    /// E-mail's HTML part.
    pub html: Option<String>,
    /// Whatsapp: the provider's channel id.
    pub provider_channel: Option<String>,
    /// Whatsapp: the provider's template id.
    pub provider_template: Option<String>,
    /// Whatsapp: the values, in order.
    pub variables: Vec<String>,
    /// Whether it goes.
    pub fate: Fate,
    /// When it was decided.
    pub created_at: DateTime<Utc>,
    /// Not before this instant.
    pub not_before: Option<DateTime<Utc>>,
    /// Of no use from this instant on.
    pub expires_at: Option<DateTime<Utc>>,
    /// The bulk send it belongs to.
    pub batch_id: Option<i64>,
    /// Only while its invoice is owing: looked at again when its turn comes.
    pub while_owing: bool,
    /// The invoices it speaks for, in order, where they are not just its own one.
    pub invoices: Vec<i64>,
    /// Its invoice's printed due date.
    pub due_on: Option<NaiveDate>,
    /// What an event said of its ticket.
    pub said: Option<TicketFacts>,
    /// So many characters of the key stand before the slash and the address.
    pub key_start: Option<usize>,
    /// The day and the configuration it was made under.
    pub made_under: String,
}

/// A message on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The message's id.
    pub id: i64,
    /// Its key; tags, collapse ids and Message-IDs are made from it.
    pub key: String,
    /// How it travels.
    pub channel: Channel,
    /// Why it is sent.
    pub purpose: Purpose,
    /// Its template's name; none for words of a topic's own.
    pub template: Option<String>,
    /// What within its journey it is for.
    pub event: String,
    /// The client it is about.
    pub client_id: Option<i64>,
    /// The contract it is about.
    pub contract_id: Option<i64>,
    /// The invoice it is about.
    pub invoice_id: Option<i64>,
    /// The ticket it is about.
    pub ticket_id: Option<i64>,
    /// Device address, E.164 number or e-mail.
    pub address: String,
    /// Whose address it is, where that is said: in e-mails.
    pub name: Option<String>,
    /// For push, which kind of address it is.
    pub address_kind: Option<AddressKind>,
    /// Title or subject.
    pub title: Option<String>,
    /// Text.
    pub body: String,
    /// E-mail's HTML part.
    pub html: Option<String>,
    /// Whatsapp: the provider's channel id.
    pub provider_channel: Option<String>,
    /// Whatsapp: the provider's template id.
    pub provider_template: Option<String>,
    /// Whatsapp: the values, in order.
    pub variables: Vec<String>,
    /// Push: how it is shown, where its template says so.
    pub look: Look,
    /// Of no use after so much time from now, when the message has an end.
    pub time_to_live: Option<Duration>,
    /// The instant of the claim, seen in the provider's zone.
    pub at: DateTime<Tz>,
}

/// The messages that a fault of ours in one spoils together: those of one template, in the provider's
/// name for it too, and of one batch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lot(String);

impl Lot {
    /// A lot as it was written down.
    pub const fn written(text: String) -> Self {
        Self(text)
    }

    /// As it is written down.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl NewMessage {
    /// The lot it is of.
    pub fn lot(&self) -> Lot {
        let parts = (
            &self.template,
            self.batch_id,
            &self.provider_channel,
            &self.provider_template,
        );
        // Texts and a number: nothing that JSON lacks.
        Lot(serde_json::to_string(&parts).unwrap_or_default())
    }

    /// The message as it would go out now, before it has an id.
    pub fn outgoing(&self, now: Now) -> Outgoing {
        Outgoing {
            id: 0,
            key: self.key.clone(),
            channel: self.channel,
            purpose: self.purpose,
            template: self.template.clone(),
            event: self.event.clone(),
            client_id: self.client_id,
            contract_id: self.contract_id,
            invoice_id: self.invoice_id,
            ticket_id: self.ticket_id,
            address: self.address.clone().unwrap_or_default(),
            name: None,
            address_kind: self.address_kind,
            title: self.title.clone(),
            body: self.body.clone().unwrap_or_default(),
            html: self.html.clone(),
            provider_channel: self.provider_channel.clone(),
            provider_template: self.provider_template.clone(),
            variables: self.variables.clone(),
            look: Look::default(),
            time_to_live: self.expires_at.and_then(|end| (end - now.at).to_std().ok()),
            at: now.at.with_timezone(&now.zone),
        }
    }
}

/// A message as the history shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are the history's columns, explained in the README"
)]
pub struct Message {
    pub id: i64,
    pub key: String,
    pub channel: Channel,
    pub purpose: Purpose,
    pub kind: Kind,
    pub template: Option<String>,
    pub origin: Origin,
    pub event: String,
    pub client_id: Option<i64>,
    pub staff_id: Option<i64>,
    pub contract_id: Option<i64>,
    pub invoice_id: Option<i64>,
    pub login_id: Option<i64>,
    pub ticket_id: Option<i64>,
    pub address: Option<String>,
    pub title: Option<String>,
    pub body: Option<String>,
    pub status: Status,
    pub reason: Option<Reason>,
    pub detail: Option<String>,
    pub created_at: DateTime<Utc>,
    pub not_before: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
    pub attempts: i64,
    pub provider_id: Option<String>,
    pub batch_id: Option<i64>,
    pub planned: Option<Planned>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub read_at: Option<DateTime<Utc>>,
    pub failed_at: Option<DateTime<Utc>>,
}

/// What a message was planned to say, and to whom, before it was written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Where it was to go.
    pub address: Option<String>,
    /// Title or subject.
    pub title: Option<String>,
    /// Text.
    pub body: Option<String>,
    /// When it was planned.
    pub at: DateTime<Utc>,
}

/// One try at delivering a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which try, from 1.
    pub number: i64,
    /// When its answer came, or its end was known.
    pub at: DateTime<Utc>,
    /// The provider's name.
    pub provider: String,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words.
    pub text: Option<String>,
    /// The provider's id of the message.
    pub provider_id: Option<String>,
    /// Where it went, where its message goes elsewhere now.
    pub address: Option<String>,
    /// The title it carried, where its message was written anew since.
    pub title: Option<String>,
    /// The text it carried, where its message was written anew since.
    pub body: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_follows_the_key_and_has_the_form_of_one() {
        let made = uuid("send/cut/2026-11-21/7/x");
        assert_eq!(made, uuid("send/cut/2026-11-21/7/x"));
        assert_ne!(made, uuid("send/cut/2026-11-21/8/x"));
        let parts: Vec<usize> = made.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert!(made[14..].starts_with('4') && "89ab".contains(&made[19..20]));
    }
}
