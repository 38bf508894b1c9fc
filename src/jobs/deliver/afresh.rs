//! Afresh: a message whose turn has come is judged and written again by what the book says now.
//!
//! Every reason that could have held it back when it was made is asked again, its address is looked up
//! again, and its text is rendered again: it leaves true, or not at all. Only what an event said of its
//! ticket stays as it was said.

use chrono::{DateTime, Utc};

use super::arrived::Arrived;
use super::lawful;
use super::overtaken::overtaken;
use super::spoken::{Against, Spoken, gone};
use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::ladder::Move;
use crate::domain::message::Outgoing;
use crate::domain::notice::NoticeDates;
use crate::domain::policy::Policy;
use crate::domain::recipient::{Reach, Recipient};
use crate::domain::template::{Facts, Need, Rendered, Template};
use crate::domain::ticket::event::Staff;
use crate::domain::words::{Origin, Purpose, Reason};
use crate::error::Result;
use crate::jobs::compose::{Aim, Composer};
use crate::jobs::draft::Wording;
use crate::jobs::rows::{About, Rows};
use crate::jobs::ticket::{filled_up, left_empty, subject};
use crate::store::queue::{self, DueMessage, MadeOf};
use crate::store::{Connection, book, notice, template, ticket};

/// What is to become of a message whose turn has come.
pub(super) enum Verdict {
    /// It goes, as it is written now.
    Goes(Box<DueMessage>),
    /// It is not to go, for this reason and in these words.
    Not(Reason, Option<String>),
    /// It waits for this instant.
    Waits(DateTime<Utc>),
}

/// Looks at messages whose turn has come.
pub(super) struct Desk<'a> {
    pub connection: &'a Connection,
    pub policy: &'a Policy,
    pub composer: Composer<'a>,
    /// Birthdays are those of active clients alone.
    pub active_only: bool,
}

/// One message being looked at again.
struct Look<'a> {
    desk: &'a Desk<'a>,
    message: &'a DueMessage,
    made_of: MadeOf,
    /// Its template as it is now; none where there is none by that name and channel any more.
    template: Option<Template>,
    /// The move of the ladder that it tells of.
    step: Option<Move>,
    client: Option<Client>,
    staff: Option<Staff>,
    /// Rows that it was made without and that are there by now.
    arrived: Arrived,
}

impl<'a> Desk<'a> {
    pub fn new(
        connection: &'a Connection,
        config: &'a Config,
        now: crate::clock::Now,
    ) -> Result<Self> {
        Ok(Self {
            connection,
            policy: &config.policy,
            composer: Composer::of_many(connection, config, now)?,
            active_only: config.birthday.active_only,
        })
    }

    /// A message of today about which nothing has changed since: only what hangs on the clock, on
    /// other messages and on the device is asked.
    pub fn glance(&self, message: DueMessage) -> Result<Verdict> {
        if let Some(verdict) = of_test(&message) {
            return Ok(verdict);
        }
        let mut against = self.expired(&message);
        if against.is_none() {
            against = self.overtaken(&message)?;
        }
        if against.is_none() {
            against = self.capped(&message)?;
        }
        if against.is_none() {
            against = self.device_lost(&message)?;
        }
        Ok(match against {
            Some((reason, detail)) => Verdict::Not(reason, detail),
            None => Verdict::Goes(Box::new(message)),
        })
    }

    /// A message of another day, or about which something may have changed: everything is asked again,
    /// in the order of the table of reasons, and it is written again.
    pub fn look(&self, mut message: DueMessage) -> Result<Verdict> {
        if let Some(verdict) = of_test(&message) {
            return Ok(verdict);
        }
        if let Some((reason, detail)) = self.overtaken(&message)? {
            return Ok(Verdict::Not(reason, detail));
        }
        let look = Look::gather(self, &message)?;
        let purpose = look.purpose();
        let (address, about, rendered, spoken) = match look.all()? {
            Ok(found) => found,
            Err((reason, detail)) => return Ok(Verdict::Not(reason, detail)),
        };
        let (template, arrived, made_of) = (look.template, look.arrived, look.made_of);
        let written_id = message.outgoing.id;
        let purpose_changed = purpose != message.outgoing.purpose;
        message.outgoing.purpose = purpose;
        if let Some((reason, detail)) = self.capped(&message)?.or_else(|| self.expired(&message)) {
            return Ok(Verdict::Not(reason, detail));
        }
        if arrived.is_some() {
            let written = &mut message.outgoing;
            if !arrived.take_in(self.connection, template.as_ref(), &made_of, written)? {
                let detail = "another message of the same kind went, or waits, for the same person";
                return Ok(Verdict::Not(Reason::Duplicate, Some(detail.to_owned())));
            }
        }
        let mut written = message.outgoing.clone();
        if let Some(address) = address {
            written.address = address;
        }
        written.contract_id = about.contract_id;
        if let Some(rendered) = rendered {
            write(&mut written, rendered, template.as_ref());
        }
        if written != message.outgoing || purpose_changed {
            queue::rewrite(self.connection, &written)?;
            message.outgoing = written;
        }
        queue::speaks_only_for(self.connection, written_id, &spoken)?;
        let has_own_hours = message.origin == Origin::Birthday;
        if purpose_changed
            && !has_own_hours
            && let Some(until) = self.hours_wait(&message)?
        {
            return Ok(Verdict::Waits(until));
        }
        Ok(Verdict::Goes(Box::new(message)))
    }

    fn overtaken(&self, message: &DueMessage) -> Result<Option<Against>> {
        let zone = self.composer.now.zone;
        overtaken(self.connection, message, zone, self.active_only)
    }

    /// The next opening of the hours of a message's place and purpose; none while they are open.
    pub fn hours_wait(&self, message: &DueMessage) -> Result<Option<DateTime<Utc>>> {
        lawful::hours_wait(self.connection, self.policy, &self.composer, message)
    }

    /// Whether a message's time has run out.
    pub fn is_over(&self, message: &DueMessage) -> bool {
        let end = message.expires_at;
        end.is_some_and(|end| end <= self.composer.now.at)
    }

    fn expired(&self, message: &DueMessage) -> Option<Against> {
        self.is_over(message).then_some((Reason::Expired, None))
    }

    fn capped(&self, message: &DueMessage) -> Result<Option<Against>> {
        let outgoing = &message.outgoing;
        let (Some(client), None, Some((most, since))) = (
            outgoing.client_id,
            message.staff_id,
            self.composer.cap(outgoing.purpose),
        ) else {
            return Ok(None);
        };
        if notice::kind_of(self.connection, outgoing.id)?.is_some() {
            // What the law asks for is not held back by a cap.
            return Ok(None);
        }
        let had = queue::others(self.connection, message, client, since)?;
        Ok((had >= most).then_some((Reason::Capped, None)))
    }

    /// Whether a push's device was given up, or changed hands, in this very run.
    fn device_lost(&self, message: &DueMessage) -> Result<Option<Against>> {
        let outgoing = &message.outgoing;
        if !outgoing.channel.goes_to_devices() || self.policy.push_by_client {
            return Ok(None);
        }
        Ok(match book::device(self.connection, &outgoing.address)? {
            Some((owner, _)) if Some(owner) != outgoing.client_id => {
                Some((Reason::NoContact, Some("no longer theirs".to_owned())))
            }
            Some((_, Some(_))) => None,
            Some((_, None)) | None => Some((Reason::AppNotInstalled, None)),
        })
    }
}

/// A test goes by itself or not at all: by the queue it would be written to the client whose facts it has.
fn of_test(message: &DueMessage) -> Option<Verdict> {
    (message.origin == Origin::Test).then(|| {
        let detail = "a test is not tried again".to_owned();
        Verdict::Not(Reason::Expired, Some(detail))
    })
}

/// Writes a text and the provider's names for it into a message.
fn write(outgoing: &mut Outgoing, rendered: Rendered, template: Option<&Template>) {
    outgoing.title = rendered.title;
    outgoing.body = rendered.body;
    outgoing.html = rendered.html;
    outgoing.variables = rendered.variables;
    if let Some(template) = template {
        outgoing
            .provider_channel
            .clone_from(&template.provider_channel);
        outgoing
            .provider_template
            .clone_from(&template.provider_template);
    }
}

/// What is found when nothing stands against a message: its address where it has another one than a
/// device, the rows it is about, its text where it can be rendered again, the invoices that this speaks for
/// where they are several.
type Found = (Option<String>, About, Option<Rendered>, Vec<i64>);

impl<'a> Look<'a> {
    fn gather(desk: &'a Desk<'a>, message: &'a DueMessage) -> Result<Self> {
        let connection = desk.connection;
        let outgoing = &message.outgoing;
        let found = match &message.template {
            Some(name) => template::find(connection, name)?,
            None => None,
        };
        let template = found.filter(|template| template.channel == outgoing.channel);
        let made_of = queue::made_of(connection, outgoing.id)?;
        Ok(Self {
            desk,
            message,
            arrived: Arrived::of(connection, message, &made_of, template.as_ref())?,
            made_of,
            template,
            step: (message.origin == Origin::Collection)
                .then(|| Move::parse(&outgoing.event, false))
                .flatten(),
            client: match outgoing.client_id {
                Some(id) => book::client(connection, id)?,
                None => None,
            },
            staff: match message.staff_id {
                Some(id) => ticket::person(connection, id)?,
                None => None,
            },
        })
    }

    fn purpose(&self) -> Purpose {
        if self.message.origin == Origin::Incident {
            // An outage is told for the service's sake, whatever became of its template.
            return Purpose::Service;
        }
        let template = self.template.as_ref();
        template.map_or(self.message.outgoing.purpose, |template| template.purpose)
    }

    /// Asks everything but the caps and the clock.
    fn all(&self) -> Result<Result<Found, Against>> {
        let (about, invoices, against_invoices) = Spoken {
            connection: self.desk.connection,
            policy: self.desk.policy,
            today: self.desk.composer.now.today,
            message: self.message,
            made_of: &self.made_of,
            step: self.step,
            client: self.client.as_ref(),
            arrived: self.arrived,
        }
        .speaks_of()?;
        let mut needs = self
            .template
            .as_ref()
            .map(Template::needs)
            .unwrap_or_default();
        needs.extend([Need::Contract, Need::Login]);
        let today = self.desk.composer.now.today;
        let client_id = self.speaks_of_client()?;
        let mut rows = Rows::gather(self.desk.connection, client_id, about, &needs, today)?;
        rows.invoice = invoices.first().cloned();
        if !self.made_of.invoices.is_empty() {
            rows.invoices = invoices;
        }
        rows.ticket.clone_from(&self.made_of.said);
        if self.message.origin == Origin::Incident {
            rows.keep_those_of(client_id);
        }
        rows.notice = self.notice(&rows)?;
        let address = match self.address(&rows)? {
            Ok(address) => address,
            Err(against) => return Ok(Err(against)),
        };
        if let Some(against) = against_invoices
            .or_else(|| self.not_there(&rows))
            .or_else(|| self.not_theirs(&rows))
        {
            return Ok(Err(against));
        }
        let spoken = rows.invoices.iter().map(|invoice| invoice.id).collect();
        let text = self.text(&rows)?;
        Ok(text.map(|rendered| (address, about, rendered, spoken)))
    }

    /// Whom it speaks of: whom it goes to; to a member of staff, the client whose ticket it is, as its event said.
    fn speaks_of_client(&self) -> Result<Option<i64>> {
        let outgoing = &self.message.outgoing;
        match (outgoing.client_id, outgoing.ticket_id, &self.made_of.said) {
            (None, Some(ticket_id), Some(said)) => match said.client_id {
                None => {
                    let ticket = ticket::find(self.desk.connection, ticket_id)?;
                    Ok(ticket.and_then(|ticket| ticket.client_id))
                }
                client_id => Ok(client_id),
            },
            (client_id, _, _) => Ok(client_id),
        }
    }

    /// What the notice that it gives, or the recorded one, allows; none where its text says nothing of it.
    fn notice(&self, rows: &Rows) -> Result<Option<NoticeDates>> {
        let speaks = self.template.as_ref();
        let speaks = speaks.is_some_and(Template::speaks_of_a_notice);
        match (&rows.invoice, &self.client) {
            (Some(invoice), Some(client)) if speaks => {
                let (connection, composer) = (self.desk.connection, &self.desk.composer);
                let message = self.message.outgoing.id;
                lawful::allowed(
                    connection,
                    self.desk.policy,
                    composer,
                    message,
                    client,
                    invoice,
                )
            }
            _ => Ok(None),
        }
    }

    /// Where it goes now: an address that is looked up anew, or none of a push, which keeps its device.
    fn address(&self, rows: &Rows) -> Result<Result<Option<String>, Against>> {
        let outgoing = &self.message.outgoing;
        let recipient = match (self.message.staff_id, outgoing.client_id) {
            (Some(id), _) => match &self.staff {
                Some(person) if person.active => Recipient::Staff(person),
                _ => {
                    let detail = format!("staff {id} is no longer active");
                    return Ok(Err((Reason::NoContact, Some(detail))));
                }
            },
            (None, Some(id)) => Recipient::client(id, self.client.as_ref()),
            (None, None) => return Ok(Ok(None)),
        };
        let push = outgoing.channel.goes_to_devices();
        // What keeps the ladder from telling is asked with its invoices.
        let contract = rows.contract.as_ref().filter(|_| self.step.is_none());
        let aim = Aim {
            recipient,
            channel: outgoing.channel,
            purpose: self.purpose(),
            hold_until: contract.and_then(|contract| contract.notice_hold_until),
            device: push.then_some(outgoing.address.as_str()),
            is_notice: notice::kind_of(self.desk.connection, outgoing.id)?.is_some(),
        };
        let reached = self.desk.composer.look_up(self.desk.connection, &aim)?;
        Ok(match reached {
            Reach::To(_) if push => Ok(None),
            Reach::To(addresses) => Ok(addresses.into_iter().next().map(|address| address.text)),
            Reach::Not { reason, detail, .. } => Err((reason, detail)),
        })
    }

    /// What stands against it when a row it speaks of is gone. The ladder goes on without the contract.
    fn not_there(&self, rows: &Rows) -> Option<Against> {
        let contract = rows.contract.as_ref().filter(|_| self.step.is_none());
        let contract = contract.map(|c| ("contract", c.id, c.absent_since));
        let login = rows.login.as_ref().map(|l| ("login", l.id, l.absent_since));
        [contract, login]
            .into_iter()
            .flatten()
            .find_map(|(what, id, since)| Some(gone(what, id, since?)))
    }

    /// What stands against it when a row it speaks of is another client's now.
    fn not_theirs(&self, rows: &Rows) -> Option<Against> {
        let client = self.message.outgoing.client_id?;
        let contract = rows
            .contract
            .as_ref()
            .map(|c| ("contract", c.id, c.client_id));
        let login = rows.login.as_ref().map(|l| ("login", l.id, l.client_id));
        let (what, id, owner) = [contract, login]
            .into_iter()
            .flatten()
            .find(|(_, _, owner)| *owner != client)?;
        let detail = format!("{what} {id} is client {owner}'s now");
        Some((Reason::Settled, Some(detail)))
    }

    /// Its text as it is now; none where nothing is left to render it from, and the text it has stays.
    fn text(&self, rows: &Rows) -> Result<Result<Option<Rendered>, Against>> {
        let outgoing = &self.message.outgoing;
        let told = self.message.origin == Origin::Ticket;
        if told && rows.ticket.is_none() {
            return Ok(Ok(None));
        }
        let topic = self.alerts()?;
        let subject = rows.ticket.as_ref().map_or_else(String::new, |ticket| {
            subject(ticket.title.as_deref(), ticket.id)
        });
        let wording = match (&self.template, &topic) {
            (Some(template), _) => Wording::Template(template),
            (None, Some(text)) => Wording::Alert {
                channel: outgoing.channel,
                subject: &subject,
                text,
            },
            (None, None) if outgoing.body.is_empty() => {
                let name = self.message.template.as_deref().unwrap_or_default();
                let detail = format!("there is no template `{name}` any more");
                return Ok(Err((Reason::MissingValue, Some(detail))));
            }
            (None, None) => return Ok(Ok(None)),
        };
        let composer = &self.desk.composer;
        let facts = rows.facts(composer.now, composer.company);
        // Nobody is left untold of a ticket for want of a word.
        let forgiven = if told {
            left_empty(composer, &wording, &facts)
        } else {
            Vec::new()
        };
        let facts = Facts {
            forgiven: &forgiven,
            ..facts
        };
        Ok(match composer.text(&wording, &facts) {
            Ok(rendered) if forgiven.is_empty() => Ok(Some(rendered)),
            Ok(rendered) => Ok(Some(filled_up(rendered, &subject))),
            Err(variable) => {
                let detail = format!("#{}# has no value", variable.name());
                Err((Reason::MissingValue, Some(detail)))
            }
        })
    }

    /// The words of the topic that alerts by it, as they are now.
    fn alerts(&self) -> Result<Option<String>> {
        let Some(id) = self
            .message
            .outgoing
            .event
            .strip_prefix("alert:")
            .and_then(|id| id.parse::<i64>().ok())
            .filter(|_| self.message.template.is_none())
        else {
            return Ok(None);
        };
        let topics = ticket::topics(self.desk.connection)?;
        let topic = topics.into_iter().find(|topic| topic.id == id);
        Ok(topic.and_then(|topic| topic.alert_text))
    }
}
