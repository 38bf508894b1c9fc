//! A message as it travels to the hosts: all that its request, and the judging of its answer, need.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::clock::Now;
use crate::domain::message::{Lot, Outgoing};
use crate::domain::template::Look;
use crate::domain::words::{AddressKind, Channel, Origin, Purpose, Word};
use crate::error::{Error, Result};
use crate::store::queue::DueMessage;

/// What travels; absent values are left out.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    key: String,
    purpose: String,
    event: String,
    origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contract_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invoice_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticket_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    staff_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address_kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    html: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider_channel: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider_template: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    variables: Vec<String>,
    look: Look,
    retries: u32,
    created_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_ms: Option<i64>,
}

impl Payload {
    /// What travels of a message.
    pub fn of(message: &DueMessage) -> Self {
        let outgoing = &message.outgoing;
        Self {
            key: outgoing.key.clone(),
            purpose: outgoing.purpose.as_str().to_owned(),
            event: outgoing.event.clone(),
            origin: message.origin.as_str().to_owned(),
            template: message.template.clone(),
            client_id: outgoing.client_id,
            contract_id: outgoing.contract_id,
            invoice_id: outgoing.invoice_id,
            ticket_id: outgoing.ticket_id,
            staff_id: message.staff_id,
            name: outgoing.name.clone(),
            address_kind: outgoing.address_kind.map(|kind| kind.as_str().to_owned()),
            title: outgoing.title.clone(),
            body: outgoing.body.clone(),
            html: outgoing.html.clone(),
            provider_channel: outgoing.provider_channel.clone(),
            provider_template: outgoing.provider_template.clone(),
            variables: outgoing.variables.clone(),
            look: outgoing.look.clone(),
            retries: message.retries,
            created_ms: message.created_at.timestamp_millis(),
            expires_ms: message.expires_at.map(|at| at.timestamp_millis()),
        }
    }

    /// The message that travelled, as a host has it in hand; `now` is the planner's.
    pub fn message(self, about: About, channel: Channel, now: Now) -> Result<DueMessage> {
        let expires_at = self.expires_ms.map(instant).transpose()?;
        let outgoing = Outgoing {
            id: about.id,
            key: self.key,
            channel,
            purpose: word::<Purpose>(&self.purpose)?,
            template: self.template.clone(),
            event: self.event,
            client_id: self.client_id,
            contract_id: self.contract_id,
            invoice_id: self.invoice_id,
            ticket_id: self.ticket_id,
            address: about.address,
            name: self.name,
            address_kind: self
                .address_kind
                .as_deref()
                .map(word::<AddressKind>)
                .transpose()?,
            title: self.title,
            body: self.body,
            html: self.html,
            provider_channel: self.provider_channel,
            provider_template: self.provider_template,
            variables: self.variables,
            look: self.look,
            time_to_live: expires_at
                .and_then(|end| (end - now.at).to_std().ok())
                .filter(|left| *left > Duration::ZERO),
            at: now.at.with_timezone(&now.zone),
        };
        Ok(DueMessage {
            outgoing,
            attempt: about.attempt,
            retries: self.retries,
            lot: Lot::written(about.lot),
            template: self.template,
            origin: word::<Origin>(&self.origin)?,
            staff_id: self.staff_id,
            case_id: None,
            created_at: instant(self.created_ms)?,
            tried_last: about.tried_last,
            expires_at,
            while_owing: false,
            seen: String::new(),
        })
    }
}

/// What stands beside a payload.
pub(super) struct About {
    /// The row's id.
    pub id: i64,
    /// Which try it is.
    pub attempt: u32,
    /// Its lot.
    pub lot: String,
    /// Where it goes.
    pub address: String,
    /// Whether it comes after all others.
    pub tried_last: bool,
}

/// A word that travelled.
pub(super) fn word<W: Word>(text: &str) -> Result<W> {
    W::parse(text).ok_or_else(|| {
        Error::world("the shared queue holds a word of another version of regua")
            .because(text.to_owned())
            .hint("use the same regua on every host")
    })
}

/// An instant that travelled.
pub(super) fn instant(millis: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_millis(millis)
        .ok_or_else(|| Error::world("the shared queue holds an instant that is none"))
}
