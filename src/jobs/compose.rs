//! Composing: one errand to one client becomes the messages that go out, or the one that says why not.

use crate::store::Connection;
use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::clock::{Now, start_of};
use crate::domain::client::Client;
use crate::domain::message::{Fate, NewMessage};
use crate::domain::policy::Policy;
use crate::domain::recipient::{Address, Contact, Errand, Reach, reach};
use crate::domain::template::{Company, Facts, Rendered, Template};
use crate::domain::words::{Channel, Origin, Reason};
use crate::error::Result;
use crate::store::{book, message, opt_out};

/// What a journey wants to tell a client.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// The words.
    pub template: &'a Template,
    /// Who it is for; with everything else the words may need.
    pub client: &'a Client,
    /// Where the variables' values come from; its client must be the same.
    pub facts: Facts<'a>,
    /// The start of each message's key; the address follows after a slash.
    pub key: String,
    /// Which journey.
    pub origin: Origin,
    /// What within it.
    pub event: String,
    /// The contract it is about.
    pub contract_id: Option<i64>,
    /// The invoice it is about.
    pub invoice_id: Option<i64>,
    /// The collection case it is about.
    pub case_id: Option<i64>,
    /// The login it is about.
    pub login_id: Option<i64>,
    /// The ticket it is about.
    pub ticket_id: Option<i64>,
    /// The day until which the contract wants no collection notices; none for a closing.
    pub hold_until: Option<NaiveDate>,
    /// Contact hours of its own, in place of the purpose's: the instant before which it must not go.
    pub not_before: Option<Option<DateTime<Utc>>>,
    /// Of no use from this instant on; the configured expiry when none.
    pub expires_at: Option<DateTime<Utc>>,
    /// The bulk send it belongs to.
    pub batch_id: Option<i64>,
    /// Only while its invoice is owing.
    pub while_owing: bool,
}

/// Makes messages by the contact policy.
#[derive(Debug, Clone, Copy)]
pub struct Composer<'a> {
    /// Contact hours, caps, numbers.
    pub policy: &'a Policy,
    /// The provider.
    pub company: &'a Company,
    /// The instant of the decision.
    pub now: Now,
}

impl Composer<'_> {
    /// Where a draft's channel can reach its client.
    pub fn reach(&self, connection: &Connection, draft: &Draft<'_>) -> Result<Reach> {
        let (devices, had_device) = match draft.template.channel {
            Channel::Push => book::devices(connection, draft.client.id)?,
            _ => (Vec::new(), false),
        };
        let opt_outs = opt_out::of_client(connection, draft.client.id)?;
        Ok(reach(
            &Contact {
                client: draft.client,
                devices: &devices,
                had_device,
                opt_outs: &opt_outs,
            },
            &Errand {
                channel: draft.template.channel,
                purpose: draft.template.purpose,
                whatsapp_numbers: &self.policy.whatsapp_numbers,
                hold_until: draft.hold_until,
                today: self.now.today,
            },
        ))
    }

    /// The messages of a draft: one for each address, or one that is skipped with its reason.
    pub fn compose(&self, connection: &Connection, draft: &Draft<'_>) -> Result<Vec<NewMessage>> {
        self.compose_after(connection, draft, 0)
    }

    /// The same in a plan that writes nothing and has so many messages for this client already:
    /// the caps count them too.
    pub fn compose_after(
        &self,
        connection: &Connection,
        draft: &Draft<'_>,
        planned: i64,
    ) -> Result<Vec<NewMessage>> {
        let addresses = match self.reach(connection, draft)? {
            Reach::To(addresses) => addresses,
            Reach::Not {
                reason,
                address,
                detail,
            } => {
                let rendered = draft.template.render(&draft.facts).unwrap_or_default();
                let address = address.map(|text| Address { text, kind: None });
                return Ok(vec![self.message(
                    draft,
                    address,
                    &rendered,
                    Fate::Skipped(reason, detail),
                )]);
            }
        };
        let rendered = match draft.template.render(&draft.facts) {
            Ok(rendered) => self.policy.as_sent(draft.template.channel, rendered),
            Err(variable) => {
                let fate = Fate::Skipped(
                    Reason::MissingValue,
                    Some(format!("#{}# has no value", variable.name())),
                );
                let first = addresses.into_iter().next();
                return Ok(vec![self.message(draft, first, &Rendered::default(), fate)]);
            }
        };
        let fate = if self.capped(connection, draft, planned)? {
            Fate::Skipped(Reason::Capped, None)
        } else {
            Fate::Queued
        };
        if fate != Fate::Queued {
            let first = addresses.into_iter().next();
            return Ok(vec![self.message(draft, first, &rendered, fate)]);
        }
        Ok(addresses
            .into_iter()
            .map(|address| self.message(draft, Some(address), &rendered, Fate::Queued))
            .collect())
    }

    /// Whether the client has had all the messages of this purpose that the caps allow.
    fn capped(&self, connection: &Connection, draft: &Draft<'_>, planned: i64) -> Result<bool> {
        let Some(cap) = self.policy.caps.get(draft.template.purpose) else {
            return Ok(false);
        };
        let back = Days::new(cap.days.unsigned_abs().saturating_sub(1));
        let first = self
            .now
            .today
            .checked_sub_days(back)
            .unwrap_or(self.now.today);
        let since = start_of(self.now.zone, first);
        let had = message::recent(connection, draft.client.id, draft.template.purpose, since)?;
        Ok(had + planned >= cap.messages)
    }

    fn message(
        &self,
        draft: &Draft<'_>,
        address: Option<Address>,
        rendered: &Rendered,
        fate: Fate,
    ) -> NewMessage {
        let template = draft.template;
        let queued = fate == Fate::Queued;
        let text = address
            .as_ref()
            .map_or("-", |address| address.text.as_str());
        NewMessage {
            key: format!("{}/{text}", draft.key),
            channel: template.channel,
            purpose: template.purpose,
            kind: template.kind,
            template: Some(template.name.clone()),
            origin: draft.origin,
            event: draft.event.clone(),
            client_id: Some(draft.client.id),
            staff_id: None,
            contract_id: draft.contract_id,
            invoice_id: draft.invoice_id,
            case_id: draft.case_id,
            login_id: draft.login_id,
            ticket_id: draft.ticket_id,
            address_kind: address.as_ref().and_then(|address| address.kind),
            address: address.map(|address| address.text),
            title: rendered.title.clone(),
            body: (!rendered.body.is_empty()).then(|| rendered.body.clone()),
            html: rendered.html.clone(),
            provider_channel: template.provider_channel.clone(),
            provider_template: template.provider_template.clone(),
            variables: rendered.variables.clone(),
            created_at: self.now.at,
            not_before: if queued {
                draft
                    .not_before
                    .unwrap_or_else(|| self.policy.not_before(template.purpose, self.now))
            } else {
                None
            },
            expires_at: queued.then(|| {
                draft
                    .expires_at
                    .unwrap_or_else(|| self.policy.expires_at(self.now))
            }),
            batch_id: draft.batch_id,
            while_owing: draft.while_owing,
            fate,
        }
    }
}
