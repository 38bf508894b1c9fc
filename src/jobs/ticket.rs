//! Ticket events: who hears is decided, and the event is written down together with its messages.

use std::collections::{BTreeMap, HashMap};

use crate::clock::{Clock, Now};
use crate::config::Config;
use crate::domain::message::NewMessage;
use crate::domain::recipient::Recipient;
use crate::domain::template::{Facts, Need, Template, one_line};
use crate::domain::ticket::event::{Event, Happening, Staff, Ticket, Topic};
use crate::domain::ticket::{
    listening::Armed,
    notice::{Hearing, Notice, Person, Untold, Words},
    recipients::{House, recipients},
};
use crate::domain::words::{Channel, Origin, Reason, Status};
use crate::error::{Error, Flaw, Result, not_in_the_book};
use crate::jobs::compose::{Composer, Draft, Key, Wording};
use crate::jobs::rows::{About, Rows};
use crate::source::event::Events;
use crate::store::{Connection, Store, book, message, template, ticket, trigger};

/// Channels that ticket messages go by, in the order they are delivered.
pub const CHANNELS: [Channel; 2] = [Channel::Email, Channel::Sms];

/// Flaws of bad lines that a run remembers; every one of them is told as it comes.
const MOST_PROBLEMS: usize = 1_000;

/// What the book holds of those who may hear.
#[derive(Debug, Default)]
struct Known {
    triggers: Vec<Armed>,
    templates: HashMap<String, Template>,
    staff: Vec<Staff>,
    topics: Vec<Topic>,
}

impl Known {
    fn gather(connection: &Connection) -> Result<Self> {
        let templates: HashMap<String, Template> = template::list(connection)?
            .into_iter()
            .map(|template| (template.name.clone(), template))
            .collect();
        let triggers = trigger::list(connection)?
            .into_iter()
            .map(|trigger| Armed::new(trigger, |name| templates.get(name)))
            .collect();
        Ok(Self {
            triggers,
            templates,
            staff: ticket::staff(connection)?,
            topics: ticket::topics(connection)?,
        })
    }

    fn house(&self) -> House<'_> {
        House {
            triggers: &self.triggers,
            staff: &self.staff,
            topics: &self.topics,
        }
    }

    fn person(&self, id: i64) -> Result<&Staff> {
        self.staff
            .iter()
            .find(|person| person.id == id)
            .ok_or_else(|| not_in_the_book("staff", id))
    }
}

/// One message that an event caused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: i64,
    /// Who hears, in whose words, from which list.
    pub notice: Notice,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its id was known: nothing was done.
    pub known: bool,
    /// The messages, in order.
    pub made: Vec<Made>,
    /// Who does not hear, and why.
    pub left_out: Vec<Untold>,
}

/// Takes events, one transaction each.
pub struct Desk<'a> {
    config: &'a Config,
    clock: &'a Clock,
    /// What the book held, and the state of the database it was read in.
    known: Option<(i64, Known)>,
}

impl<'a> Desk<'a> {
    /// A desk of this run.
    pub const fn new(config: &'a Config, clock: &'a Clock) -> Self {
        Self {
            config,
            clock,
            known: None,
        }
    }

    /// Takes one event: the ticket, the event and its messages in one transaction.
    pub fn take(&mut self, store: &mut Store, event: &Event) -> Result<Taken> {
        let now = self.clock.now();
        store.write(|transaction| self.take_in(transaction, event, now))
    }

    /// The same within a transaction of the caller's.
    pub fn take_in(&mut self, connection: &Connection, event: &Event, now: Now) -> Result<Taken> {
        if ticket::event_known(connection, &event.id)? {
            return Ok(Taken {
                known: true,
                made: Vec::new(),
                left_out: Vec::new(),
            });
        }
        let state = ticket::others_wrote(connection)?;
        if self.known.as_ref().is_none_or(|(seen, _)| *seen != state) {
            self.known = Some((state, Known::gather(connection)?));
        }
        let fresh = Known::default();
        let known = self.known.as_ref().map_or(&fresh, |(_, known)| known);
        let case = Case::gather(connection, known, event)?;
        let hearing = case.hearing();
        let kept = event.kept(case.before.as_ref(), &known.topics, case.late);
        ticket::save(connection, &kept)?;
        ticket::keep_event(connection, event, now.at)?;
        let mut made = Vec::new();
        for notice in hearing.notices {
            let message = case.message(connection, self.config, now, &notice)?;
            if let message::Inserted::New(id) = message::insert(connection, &message)? {
                made.push(Made { id, notice });
            }
        }
        Ok(Taken {
            known: false,
            made,
            left_out: hearing.left_out,
        })
    }
}

/// What is known when one event is decided.
struct Case<'a> {
    known: &'a Known,
    event: &'a Event,
    /// The ticket as the book had it.
    before: Option<Ticket>,
    /// The ticket as the event sees it.
    ticket: Ticket,
    /// A later event of the ticket was told already.
    late: bool,
    /// The ticket in words, and its client.
    rows: Rows,
}

impl<'a> Case<'a> {
    fn gather(connection: &Connection, known: &'a Known, event: &'a Event) -> Result<Self> {
        let before = ticket::find(connection, event.ticket_id)?;
        let late = ticket::later_event(connection, event.ticket_id, event.at)?;
        let ticket = event.shown(before.as_ref(), &known.topics, late);
        let client = match ticket.client_id {
            Some(id) => book::client(connection, id)?,
            None => None,
        };
        let opening = match event.happening {
            Happening::Opened { .. } => None,
            _ => ticket::opening_text(connection, event.ticket_id)?,
        };
        let facts = event.facts(
            before.as_ref(),
            &known.staff,
            &known.topics,
            opening.as_deref(),
        );
        Ok(Self {
            known,
            event,
            before,
            ticket,
            late,
            rows: Rows {
                client,
                ticket: Some(facts),
                ..Rows::default()
            },
        })
    }

    fn hearing(&self) -> Hearing {
        recipients(
            self.event,
            self.before.as_ref(),
            &self.ticket,
            &self.known.house(),
        )
    }

    /// The message of one notice: e-mail and sms go to one address, so there is one.
    fn message(
        &self,
        connection: &Connection,
        config: &Config,
        now: Now,
        notice: &Notice,
    ) -> Result<NewMessage> {
        let subject = self.subject();
        let wording = self.wording(notice, &subject)?;
        let overdue = match (&self.rows.client, &wording) {
            (Some(client), Wording::Template(template))
                if template.needs().contains(&Need::Overdue) =>
            {
                Some(book::overdue(connection, client.id, now.today)?)
            }
            _ => None,
        };
        let recipient = match notice.person {
            Person::Client(id) => Recipient::client(id, self.rows.client.as_ref()),
            Person::Staff(id) => Recipient::Staff(self.known.person(id)?),
        };
        let composer = Composer {
            policy: &config.policy,
            company: &config.company,
            now,
        };
        let facts = Facts {
            overdue,
            ..self.rows.facts(now, composer.company)
        };
        let draft = Draft {
            key: Key::Whole(notice.key(&self.event.id)),
            event: notice.event(),
            about: About {
                ticket_id: Some(self.ticket.id),
                ..About::NOTHING
            },
            ..Draft::new(wording, recipient, facts, Origin::Ticket)
        };
        composer
            .compose(connection, &draft)?
            .pop()
            .ok_or_else(|| Error::world("a notice came to no message"))
    }

    /// In what words a notice is written.
    fn wording<'w>(&'w self, notice: &'w Notice, subject: &'w str) -> Result<Wording<'w>> {
        match &notice.words {
            Words::Template { template, .. } => {
                let known = self.known.templates.get(template).ok_or_else(|| {
                    Error::unacceptable(format!("there is no template `{template}`"))
                })?;
                Ok(Wording::Template(known))
            }
            Words::Alert(topic) => {
                let topic = self.known.topics.iter().find(|known| known.id == *topic);
                let text = topic.and_then(|topic| topic.alert_text.as_deref());
                Ok(Wording::Alert {
                    channel: notice.channel,
                    subject,
                    text: text.unwrap_or_default(),
                })
            }
        }
    }

    /// What an alert by e-mail has as its subject: the ticket's title.
    fn subject(&self) -> String {
        match &self.ticket.title {
            Some(title) => one_line(title),
            None => format!("Atendimento {}", self.ticket.id),
        }
    }
}

/// An id for an event that came without one of its own.
pub fn new_event_id(connection: &Connection) -> Result<String> {
    loop {
        let id = format!("by-hand-{}", ticket::next_event_number(connection)?);
        if !ticket::event_known(connection, &id)? {
            return Ok(id);
        }
    }
}

/// Who would hear of an event, told without writing anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// The ticket as the event sees it.
    pub ticket: Ticket,
    /// Who hears, in order, each with the message they would have.
    pub heard: Vec<(Notice, NewMessage)>,
    /// Who does not, and why.
    pub left_out: Vec<Untold>,
}

/// Decides about an event and writes nothing.
pub fn rehearse(
    connection: &Connection,
    config: &Config,
    now: Now,
    event: &Event,
) -> Result<Rehearsal> {
    let known = Known::gather(connection)?;
    let case = Case::gather(connection, &known, event)?;
    let hearing = case.hearing();
    let mut heard = Vec::new();
    for notice in hearing.notices {
        let message = case.message(connection, config, now, &notice)?;
        heard.push((notice, message));
    }
    Ok(Rehearsal {
        heard,
        left_out: hearing.left_out,
        ticket: case.ticket,
    })
}

/// The names of people, as lists of who hears show them.
#[derive(Debug, Default)]
pub struct PeopleNames {
    staff: HashMap<i64, String>,
    clients: HashMap<i64, Option<String>>,
}

impl PeopleNames {
    /// Reads the names of all staff.
    pub fn gather(connection: &Connection) -> Result<Self> {
        Ok(Self {
            staff: ticket::staff(connection)?
                .into_iter()
                .map(|person| (person.id, person.name))
                .collect(),
            clients: HashMap::new(),
        })
    }

    /// The name of a person, if the book has it.
    pub fn of(&mut self, connection: &Connection, person: Person) -> Result<Option<String>> {
        match person {
            Person::Staff(id) => Ok(self.staff.get(&id).cloned()),
            Person::Client(id) => {
                if let Some(name) = self.clients.get(&id) {
                    return Ok(name.clone());
                }
                let name = book::client(connection, id)?.map(|client| client.name);
                self.clients.insert(id, name.clone());
                Ok(name)
            }
        }
    }
}

/// What a file of events came to, delivery not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intake {
    /// Events taken.
    pub taken: u64,
    /// Events passed over because their id was known.
    pub known: u64,
    /// The problems of bad lines, as far as they are remembered.
    pub flaws: Vec<Flaw>,
    /// Bad lines.
    pub bad: u64,
    /// The messages made, in order.
    pub messages: Vec<i64>,
    /// People left out.
    pub left_out: u64,
    /// `--strict` ended it at a bad line.
    pub broken_off: bool,
}

/// How a file of events is taken.
pub struct EventReading<'a> {
    /// Ends at the first bad line.
    pub strict: bool,
    /// Hears of every bad line at once.
    pub bad_line: &'a mut dyn FnMut(&[Flaw]),
    /// Hears how many events went by.
    pub progress: &'a mut dyn FnMut(u64),
}

/// Takes every event of a file, each in a transaction of its own.
pub fn take_all(
    store: &mut Store,
    desk: &mut Desk<'_>,
    events: &mut Events,
    manner: &mut EventReading<'_>,
) -> Result<Intake> {
    let mut run = Intake::default();
    loop {
        let Some(line) = events.next_line()? else {
            break;
        };
        match line.event {
            Ok(event) => {
                let taken = desk.take(store, &event)?;
                if taken.known {
                    run.known += 1;
                } else {
                    run.taken += 1;
                    run.messages.extend(taken.made.iter().map(|made| made.id));
                    run.left_out += taken.left_out.len() as u64;
                }
            }
            Err(problems) => {
                run.bad += 1;
                (manner.bad_line)(&problems);
                if run.flaws.len() < MOST_PROBLEMS {
                    run.flaws.extend(problems);
                }
                if manner.strict {
                    run.broken_off = true;
                    break;
                }
            }
        }
        (manner.progress)(run.taken + run.known + run.bad);
    }
    Ok(run)
}

/// What messages have become: how many in each state, and why those that were not sent were not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageStates {
    /// Messages in each state.
    pub states: BTreeMap<Status, u64>,
    /// Messages not sent, by reason.
    pub reasons: BTreeMap<Reason, u64>,
}

/// Looks at messages by their ids.
pub fn standing(connection: &Connection, ids: &[i64]) -> Result<MessageStates> {
    let mut standing = MessageStates::default();
    for id in ids {
        if let Some((status, reason)) = ticket::message_state(connection, *id)? {
            *standing.states.entry(status).or_default() += 1;
            if let Some(reason) = reason {
                *standing.reasons.entry(reason).or_default() += 1;
            }
        }
    }
    Ok(standing)
}
