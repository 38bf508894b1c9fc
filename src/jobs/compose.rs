//! Composing: one errand to one recipient becomes the messages that go out, or the one that says why not.
//!
//! Whoever is told and by whichever journey: the text comes from [`Composer::text`], the addresses from
//! [`Composer::reach`], and both can be asked again of the same rows when a message's turn comes.

use chrono::{DateTime, Days, Utc};

use super::blocked::blocking_list;
use super::draft::{Draft, Key, Wording, key_of};
use crate::clock::{Now, start_of};
use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::message::{Fate, NewMessage};
use crate::domain::place::Place;
use crate::domain::policy::Policy;
use crate::domain::recipient::{
    Address, Contact, Errand, Reach, Recipient, in_incident, no_longer_theirs, reach, reach_staff,
    reach_unknown,
};
use crate::domain::template::{Company, Facts, Rendered, Variable};
use crate::domain::words::{Channel, Purpose, Reason};
use crate::error::Result;
use crate::store::{Connection, block_list, book, incident, message, opt_out};

/// Whom a message is to reach, and how.
#[derive(Debug, Clone, Copy)]
pub struct Aim<'a> {
    /// Who.
    pub recipient: Recipient<'a>,
    /// How it travels.
    pub channel: Channel,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The day until which the contract wants no collection notices.
    pub hold_until: Option<chrono::NaiveDate>,
    /// Of a push that was made already: the one device it goes to.
    pub device: Option<&'a str>,
    /// It gives a notice that the law asks for.
    pub is_notice: bool,
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
    /// The digest of the configuration, which messages remember.
    pub digest: &'a str,
    /// No list of numbers and no open incident keeps anybody back: it was found so, and is not asked for each.
    nobody_kept_back: bool,
}

impl<'a> Composer<'a> {
    /// The composer of a configuration and an instant.
    pub fn new(config: &'a Config, now: Now) -> Self {
        Self {
            policy: &config.policy,
            company: &config.company,
            now,
            digest: &config.digest,
            nobody_kept_back: false,
        }
    }

    /// The same for many messages of one transaction: whether a list of numbers or an open incident can keep
    /// anybody back is asked once.
    pub fn of_many(connection: &Connection, config: &'a Config, now: Now) -> Result<Self> {
        Ok(Self {
            nobody_kept_back: !block_list::any(connection)? && !incident::any_open(connection)?,
            ..Self::new(config, now)
        })
    }

    /// The same at another instant.
    #[must_use]
    pub const fn at(self, now: Now) -> Self {
        Self { now, ..self }
    }

    /// The day and the configuration that messages are made under.
    pub fn made_under(&self) -> String {
        format!("{}/{}", self.now.today, self.digest)
    }

    /// Where a draft's channel can reach its recipient.
    pub fn reach(&self, connection: &Connection, draft: &Draft<'_>) -> Result<Reach> {
        let aim = Aim {
            recipient: draft.recipient,
            channel: draft.wording.channel(),
            purpose: draft.wording.purpose(),
            hold_until: draft.hold_until,
            device: None,
            is_notice: draft.outside_caps,
        };
        self.look_up(connection, &aim)
    }

    /// The addresses that no list of numbers forbids; when none is left, which list does.
    fn not_blocked(&self, connection: &Connection, aim: &Aim<'_>, reached: Reach) -> Result<Reach> {
        let Reach::To(addresses) = reached else {
            return Ok(reached);
        };
        let mut free = Vec::new();
        let mut forbidden = None;
        for address in addresses {
            let errand = (aim.channel, aim.purpose, aim.is_notice);
            let by = blocking_list(
                connection,
                self.policy,
                errand,
                &address.text,
                self.now.today,
            )?;
            match by {
                Some(list) => forbidden = Some((address.text, list)),
                None => free.push(address),
            }
        }
        Ok(match forbidden.filter(|_| free.is_empty()) {
            Some((address, list)) => Reach::Not {
                reason: Reason::BlockedList,
                address: Some(address),
                detail: Some(format!("list `{list}`")),
            },
            None => Reach::To(free),
        })
    }

    /// The message of a draft to an address of another than its recipient, whatever hours and caps say; or
    /// the first variable that has no value.
    pub fn to_address(&self, draft: &Draft<'_>, address: Address) -> Result<NewMessage, Variable> {
        let rendered = self.text(&draft.wording, &draft.facts)?;
        let message = self.message(draft, Some(address), &rendered, Fate::Queued, None);
        let key = match &draft.key {
            // Of a push too: the address stands in no key that is nobody's.
            Key::Whole(key) => key.clone(),
            Key::PerAddress(_) => message.key,
        };
        Ok(NewMessage {
            key,
            key_start: None,
            due_on: None,
            invoices: Vec::new(),
            ..message
        })
    }

    /// Where somebody is reached, as the book has it now.
    pub fn look_up(&self, connection: &Connection, aim: &Aim<'_>) -> Result<Reach> {
        let client = match aim.recipient {
            Recipient::Client(client) => client,
            Recipient::UnknownClient(id) => return Ok(reach_unknown(id)),
            Recipient::Staff(person) => return Ok(reach_staff(person, aim.channel)),
        };
        let by_client = self.policy.push_by_client;
        let (devices, had_device) = match (aim.channel.goes_to_devices(), aim.device) {
            (true, device) if by_client => {
                if device.is_some_and(|device| device != client.id.to_string()) {
                    return Ok(no_longer_theirs());
                }
                (Vec::new(), false)
            }
            (true, None) => book::devices(connection, client.id)?,
            (true, Some(address)) => match book::device(connection, address)? {
                Some((owner, _)) if owner != client.id => return Ok(no_longer_theirs()),
                Some((_, Some(device))) => (vec![device], false),
                Some((_, None)) | None => (Vec::new(), true),
            },
            (false, _) => (Vec::new(), false),
        };
        let opt_outs = opt_out::of_client(connection, client.id)?;
        let reached = reach(
            &Contact {
                client,
                devices: &devices,
                had_device,
                opt_outs: &opt_outs,
            },
            &Errand {
                channel: aim.channel,
                purpose: aim.purpose,
                numbers: &self.policy.numbers,
                push_by_client: by_client,
                hold_until: aim.hold_until,
                today: self.now.today,
            },
        );
        if self.nobody_kept_back {
            return Ok(reached);
        }
        let reached = self.not_blocked(connection, aim, reached)?;
        let Reach::To(_) = &reached else {
            return Ok(reached);
        };
        Ok(
            match incident::keeps_from(connection, client.id, aim.purpose)? {
                Some(name) => in_incident(&name),
                None => reached,
            },
        )
    }

    /// Where a client is, and the contract of this id; nowhere in particular while no place differs.
    pub fn place(
        &self,
        connection: &Connection,
        client: &Client,
        contract_id: Option<i64>,
    ) -> Result<Place> {
        if self.policy.places.is_empty() {
            return Ok(Place::default());
        }
        let contract = match contract_id {
            Some(id) => book::contract(connection, id)?,
            None => None,
        };
        Ok(Place::of(client, contract.as_ref()))
    }

    /// The instant before which a draft's messages must not go.
    fn not_before(
        &self,
        connection: &Connection,
        draft: &Draft<'_>,
    ) -> Result<Option<DateTime<Utc>>> {
        if let Some(own) = draft.not_before {
            return Ok(own);
        }
        let place = match draft.recipient {
            Recipient::Client(client) => self.place(connection, client, draft.about.contract_id)?,
            Recipient::UnknownClient(_) | Recipient::Staff(_) => Place::default(),
        };
        let purpose = draft.wording.purpose();
        Ok(self.policy.not_before_at(purpose, &place, self.now))
    }

    /// The words as they are sent, or the first variable that has no value.
    pub fn text(&self, wording: &Wording<'_>, facts: &Facts<'_>) -> Result<Rendered, Variable> {
        let rendered = wording.render(facts)?;
        Ok(self.policy.as_sent(wording.channel(), rendered))
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
        planned: u64,
    ) -> Result<Vec<NewMessage>> {
        let addresses = match self.reach(connection, draft)? {
            Reach::To(addresses) => addresses,
            Reach::Not {
                reason,
                address,
                detail,
            } => {
                let rendered = draft.wording.render(&draft.facts).unwrap_or_default();
                let address = address.map(|text| Address { text, kind: None });
                let fate = Fate::Skipped(reason, detail);
                return Ok(vec![self.message(draft, address, &rendered, fate, None)]);
            }
        };
        let text = match &draft.text {
            Some(text) => Ok(text.clone()),
            None => self.text(&draft.wording, &draft.facts),
        };
        let (rendered, fate) = match text {
            Err(variable) => {
                let detail = format!("#{}# has no value", variable.name());
                let fate = Fate::Skipped(Reason::MissingValue, Some(detail));
                (Rendered::default(), fate)
            }
            Ok(rendered) if self.capped(connection, draft, planned)? => {
                (rendered, Fate::Skipped(Reason::Capped, None))
            }
            Ok(rendered) => (rendered, Fate::Queued),
        };
        // What does not go is kept once, under the first address.
        let most = if fate == Fate::Queued {
            addresses.len()
        } else {
            1
        };
        let not_before = if fate == Fate::Queued {
            self.not_before(connection, draft)?
        } else {
            None
        };
        Ok(addresses
            .into_iter()
            .take(most)
            .map(|address| self.message(draft, Some(address), &rendered, fate.clone(), not_before))
            .collect())
    }

    /// Whether a client has had all the messages of this purpose that the caps allow.
    fn capped(&self, connection: &Connection, draft: &Draft<'_>, planned: u64) -> Result<bool> {
        let purpose = draft.wording.purpose();
        let (Some(client_id), Some((most, since))) =
            (draft.recipient.client_id(), self.cap(purpose))
        else {
            return Ok(false);
        };
        if draft.outside_caps {
            return Ok(false);
        }
        let had = message::recent(connection, client_id, purpose, since)?;
        Ok(had + planned >= most)
    }

    /// How many messages of a purpose a client may have, counted from which instant on.
    pub fn cap(&self, purpose: Purpose) -> Option<(u64, DateTime<Utc>)> {
        let cap = (*self.policy.caps.get(purpose))?;
        let today = self.now.today;
        let back = Days::new(cap.days.unsigned_abs().saturating_sub(1));
        let first = today.checked_sub_days(back).unwrap_or(today);
        Some((cap.messages.unsigned_abs(), start_of(self.now.zone, first)))
    }

    fn message(
        &self,
        draft: &Draft<'_>,
        address: Option<Address>,
        rendered: &Rendered,
        fate: Fate,
        not_before: Option<DateTime<Utc>>,
    ) -> NewMessage {
        let template = draft.wording.template();
        let (key, key_start) = key_of(draft, address.as_ref());
        NewMessage {
            key,
            channel: draft.wording.channel(),
            purpose: draft.wording.purpose(),
            kind: draft.wording.kind(),
            template: template.map(|template| template.name.clone()),
            origin: draft.origin,
            event: draft.event.clone(),
            client_id: draft.recipient.client_id(),
            staff_id: draft.recipient.staff_id(),
            contract_id: draft.about.contract_id,
            invoice_id: draft.about.invoice_id,
            case_id: draft.about.case_id,
            login_id: draft.about.login_id,
            ticket_id: draft.about.ticket_id,
            address_kind: address.as_ref().and_then(|address| address.kind),
            address: address.map(|address| address.text),
            title: rendered.title.clone(),
            body: (!rendered.body.is_empty()).then(|| rendered.body.clone()),
            html: rendered.html.clone(),
            provider_channel: template.and_then(|template| template.provider_channel.clone()),
            provider_template: template.and_then(|template| template.provider_template.clone()),
            variables: rendered.variables.clone(),
            created_at: self.now.at,
            not_before,
            expires_at: draft
                .expires_at
                .or_else(|| Some(self.policy.expires_at(self.now))),
            batch_id: draft.batch_id,
            while_owing: draft.while_owing,
            invoices: draft
                .facts
                .invoices
                .iter()
                .map(|invoice| invoice.id)
                .collect(),
            due_on: draft.facts.invoice.map(|invoice| invoice.due_on),
            said: draft.facts.ticket.cloned(),
            key_start,
            made_under: self.made_under(),
            fate,
        }
    }
}
